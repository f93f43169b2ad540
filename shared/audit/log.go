package audit

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// Config is what a Log is made of. Every member is required.
type Config struct {
	Store      store.Store // needs put and get on "LANE#", put on "LANES#", and index ByCustomer for Trace
	Deployment record.DeploymentID
	Function   string // name of the function that writes, such as "serve-console"
	Lanes      int    // how many entries may be under way at once: 1 on Lambda, several in a server
	Now        func() time.Time
	Random     io.Reader // used under a lock
}

// Log records entries. It is safe for concurrent use; at most Config.Lanes calls write at once and others wait for a lane or their ctx.
type Log struct {
	cfg    Config
	writer record.WriterID
	slots  chan struct{} // one for each lane that may be written to now

	mu   sync.Mutex // guards free, next and Config.Random
	free []*lane    // lanes begun that nobody writes to now, the one used last at the end
	next uint32     // number of the next lane
}

// lane is the end of one lane: what its next entry needs to know. Exactly one goroutine holds it at a time.
type lane struct {
	id   LaneID
	seq  uint64
	prev Digest
}

// New returns a Log that writes under a random writer id of its own. Nothing is stored before the first entry.
func New(cfg Config) (*Log, error) {
	switch {
	case cfg.Store == nil:
		return nil, fmt.Errorf("%w: Store", ErrConfig)
	case cfg.Now == nil:
		return nil, fmt.Errorf("%w: Now", ErrConfig)
	case cfg.Random == nil:
		return nil, fmt.Errorf("%w: Random", ErrConfig)
	case cfg.Lanes < 1 || cfg.Lanes > 1024:
		return nil, fmt.Errorf("%w: Lanes", ErrConfig)
	case !entry.IsCode(cfg.Function):
		return nil, fmt.Errorf("%w: Function", ErrConfig)
	case record.CheckID(record.PrefixDeployment, string(cfg.Deployment)) != nil:
		return nil, fmt.Errorf("%w: Deployment", ErrConfig)
	}
	writer, err := record.NewID(cfg.Random, record.PrefixWriter)
	if err != nil {
		return nil, fmt.Errorf("name audit writer: %w", err)
	}
	l := &Log{cfg: cfg, writer: record.WriterID(writer), slots: make(chan struct{}, cfg.Lanes)}
	for range cfg.Lanes {
		l.slots <- struct{}{}
	}
	return l, nil
}

// Record stores e and returns its reference when it is durable. Errors are those of Act without operations.
func (l *Log) Record(ctx context.Context, e Entry) (Ref, error) { return l.Act(ctx, e) }

// Act commits ops and e in one transaction and returns the reference of the entry when both are durable. On error:
//   - *store.ConditionError: a condition of ops failed, nothing happened; indexes are those of ops.
//   - ErrUnresolved: it may have happened. The caller must not claim either.
//   - any other error, ErrNotHappened among them: nothing happened and nothing will.
//
// Members V to Time of e are set here, and its lists are sorted.
func (l *Log) Act(ctx context.Context, e Entry, ops ...store.Op) (Ref, error) {
	if len(ops) > MaxOps {
		return Ref{}, ErrTooManyOps
	}
	for {
		ref, taken, err := l.try(ctx, e, ops)
		if !taken {
			measure(ctx, e, err)
			return ref, err
		}
	}
}

// measure counts an entry by how it ended. A failed condition is an answer to the caller, who has lost a race, and counts as neither.
func measure(ctx context.Context, e Entry, err error) {
	switch {
	case err == nil:
		telemetry.Measure(ctx, telemetry.Acts, 1, string(e.Verdict))
		if e.Verdict == Deny {
			telemetry.Measure(ctx, telemetry.Refusals, 1, e.Action)
		}
	case errors.Is(err, ErrUnresolved):
		telemetry.Measure(ctx, telemetry.Acts, 1, "unknown")
	case !errors.Is(err, store.ErrCondition):
		telemetry.Measure(ctx, telemetry.Acts, 1, "failed")
	}
}

// try runs one attempt on one lane. taken: the place in the lane was already taken, by a terminator, so nothing happened and another
// lane will do.
func (l *Log) try(ctx context.Context, e Entry, ops []store.Op) (ref Ref, taken bool, err error) {
	held, err := l.acquire(ctx)
	if err != nil {
		return Ref{}, false, err
	}
	w := &write{log: l, lane: held}
	defer func() { l.release(w.lane) }()
	if err := w.encode(e); err != nil {
		return Ref{}, false, err
	}
	return w.commit(ctx, ops)
}

// acquire waits for a slot and returns the lane that was used last, so that a quiet process writes to one, or a new one when all are in
// use.
func (l *Log) acquire(ctx context.Context) (*lane, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for audit lane: %w", err)
	}
	select {
	case <-l.slots:
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for audit lane: %w", ctx.Err())
	}
	if held := l.last(); held != nil {
		return held, nil
	}
	begun, err := l.begin(ctx)
	if err != nil {
		l.release(nil)
		return nil, err
	}
	return begun, nil
}

// last takes the lane that was used last, nil when there is none.
func (l *Log) last() *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return nil
	}
	held := l.free[n-1]
	l.free = l.free[:n-1]
	return held
}

// release gives a slot back, with its lane unless that may not be written any more.
func (l *Log) release(held *lane) {
	if held != nil {
		l.mu.Lock()
		l.free = append(l.free, held)
		l.mu.Unlock()
	}
	l.slots <- struct{}{}
}

// begin registers a new lane. A registration whose outcome is unknown is left behind: the sealer ends a lane that stays empty.
func (l *Log) begin(ctx context.Context) (*lane, error) {
	l.mu.Lock()
	id := LaneID{Writer: l.writer, Lane: l.next}
	l.next++
	l.mu.Unlock()
	item, err := registrationItem(id, l.cfg.Function, l.cfg.Now())
	if err != nil {
		return nil, err
	}
	token, err := l.token()
	if err != nil {
		return nil, err
	}
	err = l.cfg.Store.Transact(ctx, token, store.PutIf(item, store.IfAbsent()))
	if errors.Is(err, store.ErrUnknownOutcome) {
		err = l.cfg.Store.Transact(ctx, token, store.PutIf(item, store.IfAbsent()))
	}
	if err != nil {
		return nil, fmt.Errorf("register audit lane: %w: %v", ErrNotHappened, err)
	}
	return &lane{id: id}, nil
}

// token draws an idempotency token for one transaction.
func (l *Log) token() (store.Token, error) {
	var raw [16]byte
	l.mu.Lock()
	_, err := io.ReadFull(l.cfg.Random, raw[:])
	l.mu.Unlock()
	if err != nil {
		return "", fmt.Errorf("draw token of audit entry: %w", err)
	}
	return store.Token(base64.RawURLEncoding.EncodeToString(raw[:])), nil
}

func ascending[T ~string](list []T) bool {
	for i := 1; i < len(list); i++ {
		if list[i-1] >= list[i] {
			return false
		}
	}
	return true
}

// sorted returns list sorted without repetitions, leaving list itself alone.
func sorted[T ~string](list []T) []T {
	if ascending(list) {
		return list
	}
	copied := slices.Clone(list)
	slices.Sort(copied)
	return slices.Compact(copied)
}

// place fills the members of e that the lane decides.
func (l *Log) place(e Entry, at *lane) Entry {
	e.V, e.Deployment = entry.Version, l.cfg.Deployment
	e.Writer, e.Lane, e.Seq, e.Prev = at.id.Writer, at.id.Lane, at.seq, at.prev
	e.Time = l.cfg.Now().UTC().Round(0)
	e.Customers, e.Fields = sorted(e.Customers), sorted(e.Fields)
	e.Sections, e.Purposes = sorted(e.Sections), sorted(e.Purposes)
	return e
}
