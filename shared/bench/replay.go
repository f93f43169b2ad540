package bench

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// step is one call of a store.
type step struct {
	get   []store.Key
	query *store.Query
	ops   []store.Op
}

// recorder keeps the calls that an act makes of a store, so that the same traffic can be sent to the store without the act: that is
// the floor of the act's I/O.
type recorder struct {
	store.Store
	mu    sync.Mutex
	steps []step
}

// take returns what was recorded since the last call.
func (r *recorder) take() []step {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.steps
	r.steps = nil
	return taken
}

func (r *recorder) note(s step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, s)
}

// Get records and reads.
func (r *recorder) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if !ofRun(key.PK) {
		r.note(step{get: []store.Key{key}})
	}
	return r.Store.Get(ctx, key)
}

// GetMany records and reads.
func (r *recorder) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	r.note(step{get: keys})
	return r.Store.GetMany(ctx, keys)
}

// Query records and reads.
func (r *recorder) Query(ctx context.Context, q store.Query) (store.Page, error) {
	if !ofRun(q.PK) {
		r.note(step{query: &q})
	}
	return r.Store.Query(ctx, q)
}

// Transact records what was written.
func (r *recorder) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	err := r.Store.Transact(ctx, token, ops...)
	if err == nil && !ofRun(ops[0].Item.Key.PK) {
		r.note(step{ops: ops})
	}
	return err
}

// ofRun reports whether a partition belongs to a whole run of the purge and not to one customer.
func ofRun(pk string) bool {
	return strings.HasPrefix(pk, rows.PrefixDue) || strings.HasPrefix(pk, rows.PrefixJob)
}

// random is the random part of identifiers and of index rows.
var random = regexp.MustCompile(`[a-z2-7]{26}`)

// life is one customer's rows under names of its own.
type life struct {
	run   *run
	names map[string]string
}

func (r *run) life() *life { return &life{r, map[string]string{}} }

// rename gives text the names of this life.
func (l *life) rename(text string) string {
	return random.ReplaceAllStringFunc(text, func(old string) string {
		if l.names[old] == "" {
			raw := [16]byte{}
			_, _ = l.run.Random.Read(raw[:]) // a name that is not random meets its own row and fails the run
			l.names[old] = record.IDFromBytes("", raw)
		}
		return l.names[old]
	})
}

// lanePK is where replayed audit entries lie until they are removed again.
const lanePK = "LANE#bench"

func (l *life) key(key store.Key) store.Key {
	switch {
	case key.Table == store.Work && (strings.HasPrefix(key.PK, rows.PrefixStaff) || strings.HasPrefix(key.PK, rows.PrefixSubject)):
		return key
	case key.Table == store.Audit && strings.HasPrefix(key.PK, "LANE#"):
		return store.Key{Table: store.Audit, PK: lanePK, SK: fmt.Sprintf("%016x", l.run.floors.sequence.Add(1))}
	}
	return store.Key{Table: key.Table, PK: l.rename(key.PK), SK: l.rename(key.SK)}
}

// replay returns the same traffic under the names of this life.
func (l *life) replay(steps []step) []step {
	renamed := make([]step, len(steps))
	for i, s := range steps {
		for _, key := range s.get {
			renamed[i].get = append(renamed[i].get, l.key(key))
		}
		if s.query != nil {
			q := *s.query
			q.PK = l.rename(q.PK)
			renamed[i].query = &q
		}
		for _, op := range s.ops {
			renamed[i].ops = append(renamed[i].ops, l.op(op))
		}
	}
	return renamed
}

func (l *life) op(op store.Op) store.Op {
	op.Item.Key = l.key(op.Item.Key)
	attrs := map[string]store.Attr{}
	for name, attr := range op.Item.Attrs {
		if !attr.IsInt {
			attr.Str = l.rename(attr.Str)
		}
		attrs[name] = attr
	}
	op.Item.Attrs = attrs
	l.run.floors.note(op)
	return op
}

// floors are what replays leave behind, and what they took.
type floors struct {
	sequence atomic.Int64
	mu       sync.Mutex
	rows     map[store.Key]bool
	taken    map[string]map[int]Figure // replays by act and clients
	bare     map[string]time.Duration  // CPU of the primitives of an act, without I/O
}

func (f *floors) note(op store.Op) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op.Verb == store.Put {
		f.rows[op.Item.Key] = true
	}
}

// send sends steps to the bare store.
func (r *run) send(ctx context.Context, steps []step) error {
	for _, s := range steps {
		var err error
		switch {
		case s.query != nil:
			_, err = r.server.Store.Query(ctx, *s.query)
		case len(s.get) > 0:
			_, err = r.server.Store.GetMany(ctx, s.get)
		default:
			err = r.server.Store.Transact(ctx, store.Token(r.key()), s.ops...)
		}
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	return nil
}

// sweep removes the rows that replays left.
func (r *run) sweep(ctx context.Context) error {
	var ops []store.Op
	done := 0
	for key := range r.floors.rows {
		ops = append(ops, store.DeleteIf(key, store.Blind()))
		done++
		if len(ops) < 100 && done < len(r.floors.rows) {
			continue
		}
		if err := r.server.Store.Transact(ctx, "", ops...); err != nil {
			return fmt.Errorf("remove replayed rows: %w", err)
		}
		ops = nil
		r.tell("remove replayed rows", done, len(r.floors.rows))
	}
	return nil
}
