package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/store"
)

// batch is what the next commit appends to the log.
type batch struct {
	entries [][]byte // in order of the log
	bytes   int
	lanes   []*cursor // those with entries, in order
	runs    []run     // of lanes, without Leaf
}

// full reports whether the batch has no room for one more entry of c.
func (b *batch) full(c *cursor, limit int) bool {
	newLane := len(b.lanes) == 0 || b.lanes[len(b.lanes)-1] != c
	return len(b.entries) >= limit || b.bytes >= batchBytes || newLane && len(b.lanes) == batchLanes
}

// add appends the entry that c has just advanced past.
func (b *batch) add(c *cursor, data []byte) {
	if len(b.lanes) == 0 || b.lanes[len(b.lanes)-1] != c {
		b.lanes = append(b.lanes, c)
		b.runs = append(b.runs, run{Writer: string(c.id.Writer), Lane: c.id.Lane, First: c.Next - 1})
	}
	b.runs[len(b.runs)-1].Count++
	b.entries = append(b.entries, data)
	b.bytes += len(data)
}

// flush commits the batch and publishes what it changed.
func (r *sealing) flush(ctx context.Context) error {
	b := r.batch
	if len(b.entries) == 0 {
		return nil
	}
	r.batch = batch{}
	next, tree, err := r.append(ctx, &b)
	if err != nil {
		return err
	}
	if err := r.commit(ctx, &b, next); err != nil {
		return err
	}
	r.state = next
	r.report.Entries += len(b.entries)
	return r.publish(ctx, tree, b.entries)
}

// append computes the state and the tree after the batch; nothing is stored.
func (r *sealing) append(ctx context.Context, b *batch) (state, *tree, error) {
	next := state{
		V: rowVersion, Size: r.state.Size, Extents: r.state.Extents, Before: r.state.Size, BeforeRoot: r.state.Root,
		Runs: b.runs, version: r.state.version + 1,
	}
	for i := range next.Runs {
		next.Runs[i].Leaf = next.Size
		next.Size += next.Runs[i].Count
		next.Extents = chain(next.Extents, next.Runs[i])
	}
	tree, err := r.grow(ctx, r.state.Size, r.state.Root, b.entries)
	if err != nil {
		return state{}, nil, err
	}
	root, err := tlog.TreeHash(next.Size, tree)
	if err != nil {
		return state{}, nil, fmt.Errorf("compute root of log: %w", err)
	}
	next.Root = Digest(root)
	return next, tree, nil
}

// commit makes next the state, and with it cursors, extents and the end of lanes, or nothing.
func (r *sealing) commit(ctx context.Context, b *batch, next state) error {
	item, err := encodeRow(logKey(keyState), next, next.version)
	if err != nil {
		return err
	}
	ops := []store.Op{store.PutIf(item, ifVersion(r.state.version))}
	for i, c := range b.lanes {
		more, err := c.commitOps(next.Runs[i])
		if err != nil {
			return err
		}
		ops = append(ops, more...)
	}
	err = r.Store.Transact(ctx, "", ops...)
	if errors.Is(err, store.ErrCondition) {
		return ErrBusy
	}
	if err != nil {
		return fmt.Errorf("commit log state: %w", err)
	}
	for _, c := range b.lanes {
		c.stored, c.storedNext = true, c.Next
		if c.ended {
			r.report.Ended++
		}
	}
	return nil
}

// commitOps returns the writes of one lane of a commit.
func (c *cursor) commitOps(sealed run) ([]store.Op, error) {
	save, err := c.save()
	if err != nil {
		return nil, err
	}
	row, err := encodeRow(sealedKey(c.id, sealed.First), sealedRow{rowVersion, sealed.Leaf, sealed.Count}, 1)
	if err != nil {
		return nil, err
	}
	ops := []store.Op{save, store.PutIf(row, store.IfAbsent())}
	if c.ended {
		ended := store.Item{Key: laneRow(prefixEnded, c.id), Body: c.registration.Body}
		ops = append(ops, store.DeleteIf(c.registration.Key, store.IfPresent()), store.PutIf(ended, store.IfAbsent()))
	}
	return ops, nil
}

// redo publishes the last commit again: the run that made it may not have come so far.
func (r *sealing) redo(ctx context.Context) error {
	var entries [][]byte
	for _, sealed := range r.state.Runs {
		err := readRun(ctx, r.Store, sealed, func(item store.Item) error {
			entries = append(entries, item.Body)
			return nil
		})
		if err != nil {
			return err
		}
	}
	if int64(len(entries)) != r.state.Size-r.state.Before {
		return fmt.Errorf("%w: entries of the last commit are missing", ErrAltered)
	}
	tree, err := r.grow(ctx, r.state.Before, r.state.BeforeRoot, entries)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(r.state.Size, tree)
	if err != nil {
		return fmt.Errorf("compute root of log: %w", err)
	}
	if Digest(root) != r.state.Root {
		return fmt.Errorf("%w: entries of the last commit have changed", ErrAltered)
	}
	return r.publish(ctx, tree, entries)
}

// readRun visits the rows of the entries of a run in order.
func readRun(ctx context.Context, s store.Store, sealed run, visit func(store.Item) error) error {
	query := store.Query{
		Table: store.Audit, PK: prefixLane + sealed.id().String(),
		From: seqText(sealed.First), Before: seqText(sealed.First + uint64(sealed.Count)), Limit: 256,
	}
	if err := store.All(ctx, s, query, visit); err != nil {
		return fmt.Errorf("read sealed entries: %w", err)
	}
	return nil
}
