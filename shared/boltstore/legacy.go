package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// Stores of format 1 had no log. Batches over both files were committed in keys.db first, with a record of what they replaced there:
// undoRecord is what a batch over both files replaced in keys.db, stored there with the batch:
//
//	uvarint batch, { bucket, row, 0x00 | 0x01 value } …      bucket, row and value each after their uvarint length
//
// Values are sealed as they were.
type undoRecord struct {
	batch   uint64
	changes []oldChange
}

type oldChange struct {
	bucket, row []byte
	before      []byte // nil: the row was absent
}

func (u undoRecord) encode() []byte {
	out := binary.AppendUvarint(nil, u.batch)
	for _, c := range u.changes {
		out = appendText(out, string(c.bucket))
		out = appendText(out, string(c.row))
		if c.before == nil {
			out = append(out, 0)
			continue
		}
		out = appendText(append(out, 1), string(c.before))
	}
	return out
}

func decodeUndo(raw []byte) (undoRecord, error) {
	d := decoder{rest: raw}
	u := undoRecord{batch: d.uvarint()}
	for len(d.rest) > 0 && !d.bad {
		c := oldChange{bucket: d.bytes(), row: d.bytes()}
		switch d.byte() {
		case 0:
		case 1:
			c.before = d.bytes()
		default:
			d.bad = true
		}
		u.changes = append(u.changes, c)
	}
	if d.bad {
		return u, fmt.Errorf("decode undo record: %w", ErrDamaged)
	}
	return u, nil
}

// settleOld brings both files of format 1 to the same batch and returns the tokens that they remember: when keys.db is one batch ahead, the
// commit of main.db did not happen, and what the batch did in keys.db is taken back. Any other difference means that one file was
// replaced. Of a new store there is nothing to settle.
func (s *Store) settleOld() ([]tokenRow, error) {
	rawBatch, errMain := metaOf(s.main, metaBatch)
	rawUndo, errKeys := metaOf(s.keys.db, metaUndo)
	if err := errors.Join(errMain, errKeys); err != nil {
		return nil, err
	}
	undo, err := decodeUndo(rawUndo)
	if rawUndo == nil {
		undo, err = undoRecord{}, nil
	}
	if err != nil || rawBatch != nil && len(rawBatch) != 8 {
		return nil, errors.Join(err, fmt.Errorf("settle files: %w", ErrDamaged))
	}
	batch := uint64(0)
	if rawBatch != nil {
		batch = binary.BigEndian.Uint64(rawBatch)
	}
	switch undo.batch {
	case batch:
	case batch + 1:
		if err := s.takeBack(undo, batch); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("settle files: %w: batches %d and %d", ErrMismatch, batch, undo.batch)
	}
	return s.oldTokens()
}

func (s *Store) takeBack(undo undoRecord, batch uint64) error {
	err := s.update(s.keys.db, func(tx *bolt.Tx) error {
		for _, c := range undo.changes {
			if err := restore(tx, c); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(metaUndo, undoRecord{batch: batch}.encode())
	})
	if err != nil {
		return fmt.Errorf("take back half a batch: %w", err)
	}
	return nil
}

func restore(tx *bolt.Tx, c oldChange) error {
	b := tx.Bucket(c.bucket)
	if b == nil {
		return ErrDamaged
	}
	if c.before == nil {
		return b.Delete(c.row)
	}
	return b.Put(c.row, c.before)
}

// oldTokens returns the tokens of format 1: a bucket of each file, in which a row is
//
//	number, 8 bytes  →  Unix seconds 8 | SHA-256 of the ops 32 | token
func (s *Store) oldTokens() ([]tokenRow, error) {
	var rows []tokenRow
	for _, db := range []*bolt.DB{s.main, s.keys.db} {
		err := db.View(func(tx *bolt.Tx) error {
			bucket := tx.Bucket(tokenBucket)
			if bucket == nil {
				return nil
			}
			return bucket.ForEach(func(key, raw []byte) error {
				d := decoder{rest: raw}
				r := d.remembered()
				if d.bad || len(key) != 8 || len(d.rest) > store.MaxToken {
					return fmt.Errorf("read tokens: %w", ErrDamaged)
				}
				rows = append(rows, tokenRow{keyOfToken(store.Token(d.rest)), r})
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// takeTokens puts the tokens of format 1 into main.db as they are kept now.
func takeTokens(tx *bolt.Tx, rows []tokenRow, now int64) error {
	if len(rows) == 0 {
		return nil
	}
	if err := tx.DeleteBucket(tokenBucket); err != nil {
		return err
	}
	if _, err := tx.CreateBucket(tokenBucket); err != nil {
		return err
	}
	return storeTokens(tx, 0, rows, now)
}
