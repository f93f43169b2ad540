package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// undoRecord is what a batch over both files replaced in keys.db, stored there with the batch:
//
//	uvarint batch, { bucket, row, 0x00 | 0x01 value } …      bucket, row and value each after their uvarint length
//
// Values are sealed as they were.
type undoRecord struct {
	batch   uint64
	changes []change
}

type change struct {
	bucket, row []byte
	before      []byte // nil: the row was absent
}

func encodeBatch(batch uint64) []byte { return binary.BigEndian.AppendUint64(nil, batch) }

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
		c := change{bucket: d.bytes(), row: d.bytes()}
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

// settle brings both files to the same batch: when keys.db is one ahead, the commit of main.db did not happen, and what the batch did
// in keys.db is taken back. Any other difference means that one file was replaced.
func (s *Store) settle() error {
	raw, err := metaOf(s.main, metaBatch)
	if err != nil {
		return err
	}
	rawUndo, err := metaOf(s.keys.db, metaUndo)
	if err != nil {
		return err
	}
	undo, err := decodeUndo(rawUndo)
	if err != nil || len(raw) != 8 {
		return errors.Join(err, fmt.Errorf("settle files: %w", ErrDamaged))
	}
	s.batch = binary.BigEndian.Uint64(raw)
	switch undo.batch {
	case s.batch:
		return nil
	case s.batch + 1:
		return s.takeBack(undo)
	}
	return fmt.Errorf("settle files: %w: batches %d and %d", ErrMismatch, s.batch, undo.batch)
}

func (s *Store) takeBack(undo undoRecord) error {
	err := s.keys.db.Update(func(tx *bolt.Tx) error {
		for _, c := range undo.changes {
			if err := restore(tx, c); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(metaUndo, undoRecord{batch: s.batch}.encode())
	})
	if err != nil {
		return fmt.Errorf("take back half a batch: %w", err)
	}
	return nil
}

func restore(tx *bolt.Tx, c change) error {
	b := tx.Bucket(c.bucket)
	if b == nil {
		return ErrDamaged
	}
	if c.before == nil {
		return b.Delete(c.row)
	}
	return b.Put(c.row, c.before)
}
