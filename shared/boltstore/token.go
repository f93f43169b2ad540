package boltstore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// The bucket "tokens" of each file remembers the transactions with a token that changed it, in order:
//
//	number, 8 bytes big endian  →  Unix seconds, 8 bytes big endian; SHA-256 of the ops; token
//
// Transactions over both files are remembered in main.db, whose commit decides. The writer finds tokens in a map that is filled from
// both buckets when the store is opened; new rows go to the end of the bucket and old ones are pruned from its start, so that
// remembering touches one page for many transactions.
var tokenBucket = []byte("tokens")

const (
	// tokenMemory is how long a token is remembered; the contract asks for ten minutes.
	tokenMemory = 15 * time.Minute
	pruneAtOnce = 4 // tokens forgotten for each one remembered
	tokenHeader = 8 + sha256.Size
)

// remembered is what is known of a token.
type remembered struct {
	at     int64 // Unix seconds
	digest [sha256.Size]byte
}

func encodeToken(token store.Token, r remembered) []byte {
	out := binary.BigEndian.AppendUint64(nil, uint64(r.at))
	out = append(out, r.digest[:]...)
	return append(out, token...)
}

func decodeToken(raw []byte) (store.Token, remembered, error) {
	if len(raw) <= tokenHeader {
		return "", remembered{}, fmt.Errorf("decode token: %w", ErrDamaged)
	}
	r := remembered{at: int64(binary.BigEndian.Uint64(raw)), digest: [sha256.Size]byte(raw[8:tokenHeader])}
	return store.Token(raw[tokenHeader:]), r, nil
}

// loadTokens fills the writer's memory from both files.
func (s *Store) loadTokens() error {
	s.tokens = map[store.Token]remembered{}
	for _, db := range []*bolt.DB{s.main, s.keys.db} {
		err := db.View(func(tx *bolt.Tx) error {
			return tx.Bucket(tokenBucket).ForEach(func(_, raw []byte) error {
				token, r, err := decodeToken(raw)
				s.tokens[token] = r
				return err
			})
		})
		if err != nil {
			return fmt.Errorf("load tokens: %w", err)
		}
	}
	return nil
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
	found, ok := b.newTokens[r.token]
	if !ok {
		found, ok = b.oldTokens[r.token]
	}
	if !ok || found.at+int64(tokenMemory/time.Second) < b.now {
		return false, nil
	}
	if found.digest != r.digest {
		return true, fmt.Errorf("repeat transaction: %w", store.ErrTokenReused)
	}
	return true, nil
}

// remember stores that the request was carried out, and forgets some tokens that are too old.
func (b *batch) remember(r *request, inMain bool) error {
	if r.token == "" {
		return nil
	}
	tx := b.keys
	if inMain {
		tx = b.main
	}
	tokens := tx.Bucket(tokenBucket)
	number, err := tokens.NextSequence()
	if err != nil {
		return err
	}
	row, kept := binary.BigEndian.AppendUint64(nil, number), remembered{b.now, r.digest}
	if !inMain {
		b.noteUndo(tokenBucket, row, nil)
	}
	if err := tokens.Put(row, encodeToken(r.token, kept)); err != nil {
		return err
	}
	b.newTokens[r.token] = kept
	return b.prune(tokens)
}

func (b *batch) prune(tokens *bolt.Bucket) error {
	cursor := tokens.Cursor()
	for range pruneAtOnce {
		row, raw := cursor.First()
		if row == nil {
			return nil
		}
		token, r, err := decodeToken(raw)
		if err != nil {
			return err
		}
		if r.at+int64(tokenMemory/time.Second) >= b.now {
			return nil
		}
		if err := cursor.Delete(); err != nil {
			return err
		}
		if b.oldTokens[token] == r {
			b.forgotten = append(b.forgotten, token)
		}
	}
	return nil
}

// learn carries what a committed batch remembered and forgot over into the writer's memory.
func (s *Store) learn(b *batch) {
	for _, token := range b.forgotten {
		delete(s.tokens, token)
	}
	for token, r := range b.newTokens {
		s.tokens[token] = r
	}
}
