package boltstore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// The log remembers each transaction with a token that changed something. When a segment goes, the tokens in it that are still young are
// kept in the bucket "tokens" of main.db:
//
//	generation 8 | n 4  →  { Unix seconds 8 | SHA-256 of the ops 32 | uvarint length, token } …      at most 4,096 tokens a row
//
// The writer finds tokens in maps that are filled from both when the store is opened. A map holds the tokens of five minutes and is
// dropped as a whole.
var tokenBucket = []byte("tokens")

const (
	// tokenMemory is how long a token is remembered; the contract asks for ten minutes.
	tokenMemory    = int64(15 * time.Minute / time.Second)
	tokenSlot      = int64(5 * time.Minute / time.Second)
	tokensTogether = 4096
)

// remembered is what is known of a token.
type remembered struct {
	at     int64 // Unix seconds
	digest [sha256.Size]byte
}

// tokenRow is a token with what is known of it.
type tokenRow struct {
	token tokenKey
	remembered
}

// tokenKey is a token without pointers: its length and its bytes.
type tokenKey [1 + store.MaxToken]byte

func keyOfToken(token store.Token) tokenKey {
	var k tokenKey
	k[0] = byte(copy(k[1:], token))
	return k
}

func (k *tokenKey) token() store.Token { return store.Token(k[1 : 1+k[0]]) }

// tokens is the writer's memory: what is known of a token by the five minutes in which it was used.
type tokens map[int64]map[tokenKey]remembered

func (t tokens) add(row tokenRow) {
	slot := t[row.at/tokenSlot]
	if slot == nil {
		slot = map[tokenKey]remembered{}
		t[row.at/tokenSlot] = slot
	}
	slot[row.token] = row.remembered
}

// find returns the latest use of a token.
func (t tokens) find(key tokenKey) (remembered, bool) {
	var latest remembered
	found := false
	for _, slot := range t {
		if r, ok := slot[key]; ok && (!found || r.at > latest.at) {
			latest, found = r, true
		}
	}
	return latest, found
}

// forget drops what is too old at now.
func (t tokens) forget(now int64) {
	for slot := range t {
		if (slot+1)*tokenSlot+tokenMemory < now {
			delete(t, slot)
		}
	}
}

func (r remembered) young(now int64) bool { return r.at+tokenMemory >= now }

// storeTokens writes the young ones of rows into main.db and removes what is too old there.
func storeTokens(tx *bolt.Tx, generation uint64, rows []tokenRow, now int64) error {
	bucket := tx.Bucket(tokenBucket)
	if err := pruneTokens(bucket, now); err != nil {
		return err
	}
	var value []byte
	n, row := 0, uint32(0)
	flush := func() error {
		key := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, generation), row)
		n, row = 0, row+1
		return bucket.Put(key, value)
	}
	for i := range rows {
		if !rows[i].young(now) {
			continue
		}
		value = binary.BigEndian.AppendUint64(value, uint64(rows[i].at))
		value = append(value, rows[i].digest[:]...)
		value = appendText(value, string(rows[i].token.token()))
		if n++; n == tokensTogether {
			if err := flush(); err != nil {
				return err
			}
			value = nil
		}
	}
	if n == 0 {
		return nil
	}
	return flush()
}

// pruneTokens removes the first rows as long as nothing in them is young.
func pruneTokens(bucket *bolt.Bucket, now int64) error {
	cursor := bucket.Cursor()
	for key, raw := cursor.First(); key != nil; key, raw = cursor.First() {
		young := false
		err := readTokens(raw, func(row tokenRow) { young = young || row.young(now) })
		if err != nil || young {
			return err
		}
		if err := cursor.Delete(); err != nil {
			return err
		}
	}
	return nil
}

func readTokens(raw []byte, visit func(tokenRow)) error {
	d := decoder{rest: raw}
	for len(d.rest) > 0 && !d.bad {
		r := d.remembered()
		token := d.bytes()
		if len(token) == 0 || len(token) > store.MaxToken {
			d.bad = true
			break
		}
		visit(tokenRow{keyOfToken(store.Token(token)), r})
	}
	if d.bad {
		return fmt.Errorf("read tokens: %w", ErrDamaged)
	}
	return nil
}

func (d *decoder) remembered() remembered {
	const size = 8 + sha256.Size
	if d.bad || len(d.rest) < size {
		d.bad = true
		return remembered{}
	}
	r := remembered{at: int64(binary.BigEndian.Uint64(d.rest)), digest: [sha256.Size]byte(d.rest[8:size])}
	d.rest = d.rest[size:]
	return r
}

// loadTokens fills the writer's memory from main.db.
func (s *Store) loadTokens() error {
	s.tokens = tokens{}
	err := s.main.View(func(tx *bolt.Tx) error {
		return tx.Bucket(tokenBucket).ForEach(func(_, raw []byte) error { return readTokens(raw, s.tokens.add) })
	})
	if err != nil {
		return fmt.Errorf("load tokens: %w", err)
	}
	return nil
}

// digest identifies the ops of the request. Each part stands after its length, so different ops never look alike.
func (r *request) digestOps() [sha256.Size]byte {
	h := sha256.New()
	var out []byte
	for i, op := range r.ops {
		key := op.Item.Key
		out = appendText(append(out[:0], byte(op.Verb)), string(key.Table))
		out = appendText(appendText(out, key.PK), key.SK)
		out = appendCondition(out, op.If)
		if op.Verb == store.Put {
			out = binary.AppendUvarint(out, uint64(len(r.values[i])))
			h.Write(out)
			out = out[:0]
			h.Write(r.values[i])
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
	found, ok := b.newTokens[keyOfToken(r.token)]
	if !ok {
		found, ok = b.tokens.find(keyOfToken(r.token))
	}
	if !ok || !found.young(b.now) {
		return false, nil
	}
	if found.digest != r.digest {
		return true, fmt.Errorf("repeat transaction: %w", store.ErrTokenReused)
	}
	return true, nil
}

// remember notes in the record that the request was carried out.
func (b *batch) remember(r *request) {
	if r.token == "" {
		return
	}
	kept := remembered{b.now, r.digest}
	b.record = appendToken(b.record, r.token, kept)
	b.newTokens[keyOfToken(r.token)] = kept
}
