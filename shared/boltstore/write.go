package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// Bounds of one batch: enough to share an fsync widely, small enough that the first in it does not wait long.
const (
	batchRequests = 128
	batchBytes    = 8 << 20
)

// request is one Transact on its way through the writer.
type request struct {
	token  store.Token
	digest [sha256.Size]byte // of ops, when there is a token
	ops    []store.Op
	rows   [][]byte // row key of each op
	values [][]byte // encoded item of each put
	size   int
	answer chan error // buffered: the writer never waits for the caller
}

// Transact implements store.Store. A context that ends before the writer has taken the transaction withdraws it; after that the answer
// comes with the commit.
func (s *Store) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if err := store.CheckTransact(token, ops); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return fmt.Errorf("write items: %w", err)
	}
	r := newRequest(token, ops)
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return fmt.Errorf("write items: %w", ctx.Err())
	case <-s.quit:
		return fmt.Errorf("write items: %w", ErrClosed)
	}
	if err := <-r.answer; err != nil {
		return fmt.Errorf("write items: %w", err)
	}
	return nil
}

// newRequest encodes in the caller's goroutine what the writer would otherwise have to encode for everybody.
func newRequest(token store.Token, ops []store.Op) *request {
	r := &request{token: token, ops: ops, answer: make(chan error, 1),
		rows: make([][]byte, len(ops)), values: make([][]byte, len(ops))}
	if token != "" {
		r.digest = digestOps(ops)
	}
	for i, op := range ops {
		r.rows[i] = rowKey(op.Item.Key)
		if op.Verb == store.Put {
			r.values[i] = encodeItem(op.Item)
		}
		r.size += len(r.rows[i]) + len(r.values[i])
	}
	return r
}

// gather takes the requests that wait now.
func (s *Store) gather(first *request) []*request {
	requests, size := []*request{first}, first.size
	for len(requests) < batchRequests && size < batchBytes {
		select {
		case r := <-s.queue:
			requests, size = append(requests, r), size+r.size
		default:
			return requests
		}
	}
	return requests
}

// serve carries out requests in order, commits what holds and answers all.
func (s *Store) serve(requests []*request) {
	answers, err := s.writeBatch(requests)
	for i, r := range requests {
		if err != nil && answers[i] == nil {
			answers[i] = err
		}
		r.answer <- answers[i]
	}
}

// writeBatch returns the answer of each request, and an error that is the answer of all that had none. Only a failed commit leaves the
// outcome open.
func (s *Store) writeBatch(requests []*request) ([]error, error) {
	answers := make([]error, len(requests))
	if s.broken.Load() {
		return answers, ErrBroken
	}
	b, err := s.begin()
	if err != nil {
		return answers, err
	}
	defer b.rollback()
	for i, r := range requests {
		held, err := b.apply(r)
		if err != nil && !held {
			answers[i] = err
			continue
		}
		if err != nil {
			return make([]error, len(requests)), err
		}
	}
	return answers, s.commitBatch(b)
}

// batch is a pair of write transactions with what they changed.
type batch struct {
	main, keys           *bolt.Tx
	sealer               *sealer
	now                  int64                      // Unix seconds
	oldTokens            map[store.Token]remembered // the writer's memory, not to be changed by the batch
	newTokens            map[store.Token]remembered
	forgotten            []store.Token
	mainDirty, keysDirty bool
	undo                 []change
	overlay              map[string][]byte // before-images by overlayKey
}

func (s *Store) begin() (*batch, error) {
	main, err := s.main.Begin(true)
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	keys, err := s.keys.db.Begin(true)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("begin batch: %w", err), main.Rollback())
	}
	return &batch{main: main, keys: keys, sealer: s.keys.sealer, now: s.opts.Now().Unix(), overlay: map[string][]byte{},
		oldTokens: s.tokens, newTokens: map[store.Token]remembered{}}, nil
}

// rollback gives back what was not committed; after a commit it does nothing.
func (b *batch) rollback() {
	for _, tx := range []*bolt.Tx{b.main, b.keys} {
		_ = tx.Rollback() // fails only after a commit
	}
}

func (b *batch) bucket(table store.Table) *bolt.Bucket {
	if inKeys(table) {
		return b.keys.Bucket([]byte(table))
	}
	return b.main.Bucket([]byte(table))
}

// apply carries out r within the batch, or leaves no trace of it: held is false and err says why. When held is true and err is not
// nil, the batch is spoilt.
func (b *batch) apply(r *request) (held bool, err error) {
	if done, err := b.seen(r); done || err != nil {
		return err == nil, err
	}
	if err := b.check(r); err != nil {
		return false, err
	}
	wroteMain, wroteKeys := false, false
	for i, op := range r.ops {
		wrote, err := b.write(op, r.rows[i], r.values[i])
		if err != nil {
			return true, fmt.Errorf("write row: %w", err)
		}
		wroteKeys = wroteKeys || wrote && inKeys(op.Item.Key.Table)
		wroteMain = wroteMain || wrote && !inKeys(op.Item.Key.Table)
	}
	if !wroteMain && !wroteKeys {
		return true, nil
	}
	b.mainDirty, b.keysDirty = b.mainDirty || wroteMain, b.keysDirty || wroteKeys
	return true, b.remember(r, wroteMain)
}

// check evaluates the conditions of r against the rows as the batch has left them.
func (b *batch) check(r *request) error {
	var failed []int
	for i, op := range r.ops {
		holds, err := b.holds(op, r.rows[i])
		if err != nil {
			return err
		}
		if !holds {
			failed = append(failed, i)
		}
	}
	if failed != nil {
		return &store.ConditionError{Failed: failed}
	}
	return nil
}

func (b *batch) holds(op store.Op, row []byte) (bool, error) {
	if op.If.IsBlind() && len(op.If.Terms) == 0 {
		return true, nil
	}
	raw := b.bucket(op.Item.Key.Table).Get(row)
	if raw == nil {
		return op.If.Holds(nil), nil
	}
	current := &store.Item{Key: op.Item.Key}
	if looksInside(op.If) {
		item, err := b.decode(op.Item.Key.Table, row, raw)
		if err != nil {
			return false, err
		}
		current.Attrs = item.Attrs
	}
	return op.If.Holds(current), nil
}

// looksInside reports whether cond needs attributes; if not, the value need not be opened.
func looksInside(cond store.Condition) bool {
	for _, term := range cond.Terms {
		if term.Test != store.Absent && term.Test != store.Present {
			return true
		}
	}
	return false
}

// decode returns the attributes of a stored value and a body that may share its memory.
func (b *batch) decode(table store.Table, row, raw []byte) (store.Item, error) {
	value := raw
	if inKeys(table) {
		var err error
		if value, err = b.sealer.open(table, row, raw); err != nil {
			return store.Item{}, err
		}
	}
	attrs, body, err := decodeItem(value)
	return store.Item{Attrs: attrs, Body: body}, err
}

// write puts or deletes one row and reports whether anything changed.
func (b *batch) write(op store.Op, row, value []byte) (bool, error) {
	if op.Verb == store.Check {
		return false, nil
	}
	table := op.Item.Key.Table
	bucket := b.bucket(table)
	before := bucket.Get(row)
	if op.Verb == store.Delete && before == nil {
		return false, nil
	}
	if inKeys(table) {
		b.noteUndo([]byte(table), row, before)
	} else if err := b.reindex(op, row, before); err != nil {
		return false, err
	}
	if op.Verb == store.Delete {
		return true, bucket.Delete(row)
	}
	if inKeys(table) {
		var err error
		if value, err = b.sealer.seal(table, row, value); err != nil {
			return false, err
		}
	}
	return true, bucket.Put(row, value)
}

// noteUndo remembers what a row of keys.db held before the batch.
func (b *batch) noteUndo(bucket, row, before []byte) {
	name := overlayKey(bucket, row)
	if _, noted := b.overlay[name]; noted {
		return
	}
	kept := bytes.Clone(before)
	b.overlay[name] = kept
	b.undo = append(b.undo, change{bucket, row, kept})
}

func overlayKey(bucket, row []byte) string { return string(bucket) + "\x00" + string(row) }

// reindex keeps the indexes of main.db in step with the row.
func (b *batch) reindex(op store.Op, row, before []byte) error {
	for _, index := range []store.Index{store.ByDepartment, store.ByCustomer} {
		if table, _, _ := store.IndexAttrs(index); table != op.Item.Key.Table {
			continue
		}
		var was, is []byte
		if before != nil {
			old, err := b.decode(op.Item.Key.Table, row, before)
			if err != nil {
				return err
			}
			old.Key = op.Item.Key
			was = indexKey(index, old)
		}
		if op.Verb == store.Put {
			is = indexKey(index, op.Item)
		}
		if err := moveIndexRow(b.main.Bucket(indexBucket(index)), was, is); err != nil {
			return err
		}
	}
	return nil
}

func moveIndexRow(rows *bolt.Bucket, was, is []byte) error {
	if bytes.Equal(was, is) {
		return nil
	}
	if was != nil {
		if err := rows.Delete(was); err != nil {
			return err
		}
	}
	if is == nil {
		return nil
	}
	return rows.Put(is, nil)
}
