package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/store"
)

// write is one entry on its way into one lane. When it ends, lane is what the slot holds from then on: the lane, or nil when the lane
// may not be written any more.
type write struct {
	log  *Log
	lane *lane
	e    Entry
	data []byte
	hash Digest
}

func (w *write) encode(e Entry) (err error) {
	w.e = w.log.place(e, w.lane)
	if w.data, err = w.e.Encode(); err != nil {
		return err
	}
	w.hash = entry.Hash(w.data)
	return nil
}

// commit sends ops and the entry. taken: another row has the entry's place.
func (w *write) commit(ctx context.Context, ops []store.Op) (ref Ref, taken bool, err error) {
	token, err := w.log.token()
	if err != nil {
		return Ref{}, false, err
	}
	all := append(append(make([]store.Op, 0, len(ops)+1), ops...), w.put(w.data))
	err = w.log.cfg.Store.Transact(ctx, token, all...)
	var failed *store.ConditionError
	switch {
	case err == nil:
		return w.done(), false, nil
	case errors.As(err, &failed):
		return w.refused(failed, len(ops))
	case errors.Is(err, store.ErrUnknownOutcome):
		ref, err := w.resolve(ctx, err)
		return ref, false, err
	}
	return Ref{}, false, fmt.Errorf("commit audit entry: %w", err)
}

func (w *write) put(data []byte) store.Op {
	return store.PutIf(entryItem(&w.e, data), store.IfAbsent())
}

// done advances the lane past the entry.
func (w *write) done() Ref {
	w.lane.seq++
	w.lane.prev = w.hash
	return Ref{Position: w.e.Position(), Hash: w.hash}
}

// refused splits a failed condition into that of the entry, which is the last op, and those of the caller.
func (w *write) refused(failed *store.ConditionError, ops int) (Ref, bool, error) {
	var own []int
	for _, i := range failed.Failed {
		if i < ops {
			own = append(own, i)
			continue
		}
		w.lane = nil // the sealer has ended this lane
	}
	if len(own) == 0 {
		return Ref{}, true, nil
	}
	return Ref{}, false, fmt.Errorf("commit audit entry: %w", &store.ConditionError{Failed: own})
}

// How long and how often an unknown outcome is looked into. The caller's ctx may be over, so the budget is of its own.
const (
	resolveTries   = 4
	resolveTimeout = 5 * time.Second
	resolvePause   = 50 * time.Millisecond
)

// resolve finds out how a write of unknown outcome ended, by putting a terminator where its entry belongs: one of the two has the
// place for ever.
func (w *write) resolve(ctx context.Context, cause error) (Ref, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveTimeout)
	defer cancel()
	terminator := terminate(w.e, w.e.Time, w.log.cfg.Function)
	data, err := terminator.Encode()
	if err != nil {
		return Ref{}, w.abandon(cause)
	}
	token, err := w.log.token()
	if err != nil {
		return Ref{}, w.abandon(cause)
	}
	op := store.PutIf(entryItem(&terminator, data), store.IfAbsent())
	for try := range resolveTries {
		pause(ctx, time.Duration(try)*resolvePause)
		if err := w.log.cfg.Store.Transact(ctx, token, op); err == nil {
			return Ref{}, w.never(cause)
		}
		item, err := w.log.cfg.Store.Get(ctx, entryKey(w.e.Position()))
		if err != nil {
			continue
		}
		if bytes.Equal(item.Body, w.data) {
			return w.done(), nil
		}
		return Ref{}, w.never(cause)
	}
	return Ref{}, w.abandon(cause)
}

// never closes the lane after a terminator took the place of the entry. The cause is told but not wrapped: its outcome is known now.
func (w *write) never(cause error) error {
	w.lane = nil
	return fmt.Errorf("commit audit entry: %w: %v", ErrNotHappened, cause)
}

func (w *write) abandon(cause error) error {
	w.lane = nil
	return fmt.Errorf("commit audit entry: %w: %v", ErrUnresolved, cause)
}

// terminate returns the terminator that belongs where at is or would be.
func terminate(at Entry, now time.Time, function string) Entry {
	return Entry{
		V: entry.Version, Deployment: at.Deployment, Writer: at.Writer, Lane: at.Lane, Seq: at.Seq, Prev: at.Prev, Time: now,
		Actor: Actor{Kind: System, ID: function}, Action: "terminate", Verdict: Terminator,
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
