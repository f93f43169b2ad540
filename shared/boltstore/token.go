package boltstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// The bucket "tokens" of each file remembers the transactions with a token that changed it:
//
//	epoch, 8 bytes big endian; token  →  SHA-256 of the ops
//
// An epoch is five minutes. A token is looked for in the present epoch and the two before it, so it is remembered for ten to fifteen
// minutes, and what is older lies at the start of the bucket, where it is cheap to prune. Transactions over both files are remembered
// in main.db, whose commit decides.
var tokenBucket = []byte("tokens")

const (
	epochLength = 5 * time.Minute
	epochsKept  = 3
	pruneAtOnce = 8
)

func epochOf(now time.Time) uint64 { return uint64(now.Unix()) / uint64(epochLength/time.Second) }

func tokenRow(epoch uint64, token store.Token) []byte {
	return append(binary.BigEndian.AppendUint64(nil, epoch), token...)
}

// digestOps identifies the ops of a transaction. Each part stands after its length, so different ops never look alike.
func digestOps(ops []store.Op) [sha256.Size]byte {
	h := sha256.New()
	var out []byte
	for _, op := range ops {
		out = append(out[:0], byte(op.Verb))
		key := op.Item.Key
		for _, part := range []string{string(key.Table), key.PK, key.SK} {
			out = appendText(out, part)
		}
		out = appendCondition(out, op.If)
		if op.Verb == store.Put {
			out = appendText(out, string(encodeItem(op.Item)))
		}
		h.Write(out)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func appendCondition(out []byte, cond store.Condition) []byte {
	out = binary.AppendUvarint(out, uint64(len(cond.Terms)))
	for _, term := range cond.Terms {
		out = appendText(append(out, byte(term.Test)), term.Name)
		out = appendAttr(out, term.Operand)
	}
	return out
}

// seen reports whether the request was carried out before; store.ErrTokenReused when its token carried out other ops.
func (b *batch) seen(r *request) (bool, error) {
	if r.token == "" {
		return false, nil
	}
	for _, tx := range []*bolt.Tx{b.main, b.keys} {
		found := findToken(tx.Bucket(tokenBucket), b.epoch, r.token)
		if found == nil {
			continue
		}
		if !bytes.Equal(found, r.digest[:]) {
			return true, fmt.Errorf("repeat transaction: %w", store.ErrTokenReused)
		}
		return true, nil
	}
	return false, nil
}

func findToken(tokens *bolt.Bucket, epoch uint64, token store.Token) []byte {
	row := tokenRow(epoch, token)
	for back := uint64(0); back < epochsKept && back <= epoch; back++ {
		binary.BigEndian.PutUint64(row, epoch-back)
		if found := tokens.Get(row); found != nil {
			return found
		}
	}
	return nil
}

// remember stores that the request was carried out, and forgets some tokens that are too old.
func (b *batch) remember(r *request, inMain bool) error {
	if r.token == "" {
		return nil
	}
	row := tokenRow(b.epoch, r.token)
	if !inMain {
		b.noteUndo(tokenBucket, row, nil)
		return putAndPrune(b.keys.Bucket(tokenBucket), row, r.digest[:], b.epoch)
	}
	return putAndPrune(b.main.Bucket(tokenBucket), row, r.digest[:], b.epoch)
}

func putAndPrune(tokens *bolt.Bucket, row, digest []byte, epoch uint64) error {
	if err := tokens.Put(row, digest); err != nil {
		return err
	}
	cursor := tokens.Cursor()
	for range pruneAtOnce {
		first, _ := cursor.First()
		if len(first) < 8 || binary.BigEndian.Uint64(first)+epochsKept > epoch {
			return nil
		}
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}
