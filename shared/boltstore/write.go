package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"kexin/shared/store"
)

// Bounds of one batch: enough to share an fsync widely, small enough that the first in it does not wait long.
const (
	batchRequests = 256
	batchBytes    = 8 << 20
)

// request is one Transact on its way through the writer.
type request struct {
	token  store.Token
	digest [sha256.Size]byte // of ops, when there is a token
	ops    []store.Op
	rows   [][]byte // row key of each op
	values [][]byte // encoded item of each put
	hashes []uint32 // of the rows
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
	r := s.newRequest(token, ops)
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
func (s *Store) newRequest(token store.Token, ops []store.Op) *request {
	slices := make([][]byte, 2*len(ops))
	r := &request{token: token, ops: ops, answer: make(chan error, 1), rows: slices[:len(ops):len(ops)], values: slices[len(ops):],
		hashes: make([]uint32, len(ops))}
	for i := range ops {
		r.size += sizeOfOp(&ops[i])
	}
	out := make([]byte, 0, r.size)
	for i := range ops {
		from := len(out)
		out = appendRow(out, ops[i].Item.Key)
		r.rows[i] = out[from:len(out):len(out)]
		r.hashes[i] = hashOf(s.seed, bucketOf(ops[i].Item.Key.Table), r.rows[i])
		if ops[i].Verb == store.Put {
			from = len(out)
			out = appendItem(out, ops[i].Item)
			r.values[i] = out[from:len(out):len(out)]
		}
	}
	if token != "" {
		r.digest = r.digestOps()
	}
	return r
}

// sizeOfOp is at least the size of the op's row and value.
func sizeOfOp(op *store.Op) int {
	size := len(op.Item.Key.PK) + len(op.Item.Key.SK) + 4
	if op.Verb != store.Put {
		return size
	}
	for name, attr := range op.Item.Attrs {
		size += len(name) + len(attr.Str) + 12
	}
	return size + len(op.Item.Body)
}

// gather takes the requests that wait now.
func (s *Store) gather(first *request) []*request {
	requests, size := append(s.gathered[:0], first), first.size
	for len(requests) < batchRequests && size < batchBytes {
		select {
		case r := <-s.queue:
			requests, size = append(requests, r), size+r.size
		default:
			s.gathered = requests
			return requests
		}
	}
	s.gathered = requests
	return requests
}

// serve carries out requests in order, makes what holds durable and answers all.
func (s *Store) serve(requests []*request) {
	answers, err := s.writeBatch(requests)
	for i, r := range requests {
		if err != nil && answers[i] == nil {
			answers[i] = err
		}
		r.answer <- answers[i]
	}
	clear(requests)
}

// writeBatch returns the answer of each request, and an error that is the answer of all that had none. Only a failed write of the log
// leaves the outcome open.
func (s *Store) writeBatch(requests []*request) ([]error, error) {
	answers := make([]error, len(requests))
	if err := s.failure(); err != nil {
		return answers, err
	}
	b, err := s.begin(requests)
	if err != nil {
		return answers, err
	}
	defer b.view.close()
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

// batch is a record of the log in the making. Lookups see what the requests before have put into it.
type batch struct {
	view      *view
	record    []byte
	changes   []change
	latest    map[uint32]int32 // last change by hash of its row
	now       int64            // Unix seconds
	tokens    tokens           // the writer's memory, not to be changed by the batch
	newTokens map[tokenKey]remembered
	current   []current // of the request in hand: what its rows hold
}

// current is what a row holds before a request.
type current struct {
	raw     []byte // as stored, nil when there is nothing
	item    store.Item
	decoded bool
}

// begin starts a batch; the writer keeps one and uses its memory again.
func (s *Store) begin(requests []*request) (*batch, error) {
	v, err := s.view()
	if err != nil {
		return nil, fmt.Errorf("begin batch: %w", err)
	}
	b := &s.batch
	size := recordOverhead
	for _, r := range requests {
		size += r.size + r.size/2 + 64*len(r.ops) + 128
	}
	clear(b.latest)
	clear(b.newTokens)
	b.view, b.changes, b.now, b.tokens = v, b.changes[:0], s.opts.Now().Unix(), s.tokens
	b.record = s.active.room(size)[:recordOverhead]
	return b, nil
}

// commitBatch appends the record to the log and then shows it to readers. When that fails the store is broken: only opening it again can
// tell what is on the disk.
func (s *Store) commitBatch(b *batch) error {
	if len(b.record) == recordOverhead {
		return nil
	}
	sealRecord(b.record, s.log.header.pair, s.log.seq+1)
	if err := s.log.append(b.record); err != nil {
		s.broken.Store(true)
		return fmt.Errorf("commit batch: %w: %w", store.ErrUnknownOutcome, err)
	}
	s.logged.Add(int64(len(b.record)))
	s.gate.Lock()
	from := s.active.keep(b.record)
	for i := range b.changes {
		s.active.put(b.changes[i].entry(from))
	}
	s.gate.Unlock()
	for key, r := range b.newTokens {
		row := tokenRow{key, r}
		s.active.tokens = append(s.active.tokens, row)
		s.tokens.add(row)
	}
	s.tokens.forget(b.now)
	return nil
}

// get returns what a row holds after the changes of the batch, nil for nothing.
func (b *batch) get(bucket bucketID, row []byte, hash uint32) []byte {
	if i, ok := b.latest[hash]; ok {
		for ; i >= 0; i = b.changes[i].previous {
			c := &b.changes[i]
			if c.bucket != bucket || !bytes.Equal(b.record[c.row:c.row+c.rowSize], row) {
				continue
			}
			if c.size == gone {
				return nil
			}
			return b.record[c.value : c.value+c.size]
		}
	}
	return b.view.get(bucket, row, hash)
}

// add notes a change whose bytes are in the record.
func (b *batch) add(c change) {
	c.previous = -1
	if i, ok := b.latest[c.hash]; ok {
		c.previous = i
	}
	b.latest[c.hash] = int32(len(b.changes))
	b.changes = append(b.changes, c)
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
	before := len(b.changes)
	for i := range r.ops {
		if err := b.write(r, i); err != nil {
			return true, fmt.Errorf("write row: %w", err)
		}
	}
	if len(b.changes) > before {
		b.remember(r)
	}
	return true, nil
}

// check evaluates the conditions of r against the rows as the batch has left them, and keeps what the rows hold for write.
func (b *batch) check(r *request) error {
	var failed []int
	b.current = b.current[:0]
	for i := range r.ops {
		key := r.ops[i].Item.Key
		b.current = append(b.current, current{raw: b.get(bucketOf(key.Table), r.rows[i], r.hashes[i]), item: store.Item{Key: key}})
		holds, err := b.holds(r, i)
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

func (b *batch) holds(r *request, i int) (bool, error) {
	cond, now := r.ops[i].If, &b.current[i]
	if cond.IsBlind() && len(cond.Terms) == 0 {
		return true, nil
	}
	if now.raw == nil {
		return cond.Holds(nil), nil
	}
	if looksInside(cond) {
		if err := b.decode(r, i); err != nil {
			return false, err
		}
	}
	return cond.Holds(&now.item), nil
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

// decode fills in the attributes of what a row of r holds.
func (b *batch) decode(r *request, i int) error {
	now := &b.current[i]
	if now.decoded {
		return nil
	}
	value := now.raw
	if bucket := bucketOf(now.item.Key.Table); bucket.sealed() {
		var err error
		if value, err = b.view.trees.sealer.open(now.item.Key.Table, r.rows[i], value); err != nil {
			return err
		}
	}
	attrs, _, err := decodeItem(value)
	now.item.Attrs, now.decoded = attrs, err == nil
	return err
}

// write puts or deletes one row, with its row in an index.
func (b *batch) write(r *request, i int) error {
	op := &r.ops[i]
	if op.Verb == store.Check || op.Verb == store.Delete && b.current[i].raw == nil {
		return nil
	}
	bucket := bucketOf(op.Item.Key.Table)
	if bucket == bucketRecords || bucket == bucketAudit {
		if err := b.reindex(r, i); err != nil {
			return err
		}
	}
	if op.Verb == store.Delete {
		b.delete(bucket, r.rows[i], r.hashes[i])
		return nil
	}
	if !bucket.sealed() {
		b.put(bucket, r.rows[i], r.hashes[i], r.values[i])
		return nil
	}
	return b.putSealed(op.Item.Key.Table, r.rows[i], r.hashes[i], r.values[i])
}

func (b *batch) delete(bucket bucketID, row []byte, hash uint32) {
	var at uint32
	b.record, at = appendDeletion(b.record, bucket, row)
	b.add(change{bucket: bucket, hash: hash, row: at, rowSize: uint32(len(row)), size: gone})
}

func (b *batch) put(bucket bucketID, row []byte, hash uint32, value []byte) {
	var at uint32
	b.record, at = appendChange(b.record, bucket, row, len(value))
	c := change{bucket: bucket, hash: hash, row: at, rowSize: uint32(len(row)), value: uint32(len(b.record)), size: uint32(len(value))}
	b.record = append(b.record, value...)
	b.add(c)
}

func (b *batch) putSealed(table store.Table, row []byte, hash uint32, value []byte) error {
	bucket, size := bucketOf(table), len(value)+sealOverhead
	var at uint32
	b.record, at = appendChange(b.record, bucket, row, size)
	c := change{bucket: bucket, hash: hash, row: at, rowSize: uint32(len(row)), value: uint32(len(b.record)), size: uint32(size)}
	var err error
	if b.record, err = b.view.trees.sealer.appendSealed(b.record, table, row, value); err != nil {
		return err
	}
	b.add(c)
	return nil
}

// reindex keeps the index over the op's table in step with its row.
func (b *batch) reindex(r *request, i int) error {
	op, index := &r.ops[i], indexOver(r.ops[i].Item.Key.Table)
	var was, is []byte
	if b.current[i].raw != nil {
		if err := b.decode(r, i); err != nil {
			return err
		}
		was = indexKey(index, b.current[i].item)
	}
	if op.Verb == store.Put {
		is = indexKey(index, op.Item)
	}
	if bytes.Equal(was, is) {
		return nil
	}
	bucket := bucketOfIndex(index)
	if was != nil {
		b.delete(bucket, was, b.view.hash(bucket, was))
	}
	if is != nil {
		b.put(bucket, is, b.view.hash(bucket, is), nil)
	}
	return nil
}
