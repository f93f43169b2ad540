package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kexin/shared/store"
)

// Fault is a way to fail.
type Fault int

// The faults.
const (
	// Fail: the call fails with ErrInjected and nothing is done.
	Fail Fault = iota + 1
	// LoseAnswer: the call is done; a write answers store.ErrUnknownOutcome, a read ErrInjected.
	LoseAnswer
	// LoseRequest: nothing is done, and a write answers store.ErrUnknownOutcome all the same; a read ErrInjected.
	LoseRequest
	// CrashBefore: nothing is done; this and every later call fail with ErrCrashed.
	CrashBefore
	// CrashAfter: the call is done; this and every later call fail with ErrCrashed.
	CrashAfter
)

// AllFaults returns every fault in a fixed order.
func AllFaults() []Fault { return []Fault{Fail, LoseAnswer, LoseRequest, CrashBefore, CrashAfter} }

// String names the fault for subtests.
func (f Fault) String() string {
	names := map[Fault]string{Fail: "Fail", LoseAnswer: "LoseAnswer", LoseRequest: "LoseRequest", CrashBefore: "CrashBefore", CrashAfter: "CrashAfter"}
	return names[f]
}

// Sentinels of injected faults.
var (
	// ErrInjected: the call failed and nothing has changed, as when a database is unavailable.
	ErrInjected = errors.New("injected failure of the store")
	// ErrCrashed: the process would be dead by now; only a new one, with the store behind the faults, can go on.
	ErrCrashed = errors.New("process has crashed")
)

// Call is one entry of the call log.
type Call struct {
	Method string      // Get, GetMany, Query or Transact
	Keys   []store.Key // of a query: table, partition and From
	Ops    []store.Op  // of a Transact
	Token  store.Token // of a Transact
	Err    error       // what the caller saw
}

// String says in one line what was called, for the messages of a fault matrix.
func (c Call) String() string {
	if c.Method == "Transact" {
		return fmt.Sprintf("Transact of %d ops on %v", len(c.Ops), c.Keys)
	}
	return fmt.Sprintf("%s %v", c.Method, c.Keys)
}

// Faulty is a store whose calls fail as told. The calls of all methods are counted together, from 1. A matrix runs once without faults
// to learn the number of calls, then once for each call and fault on a fresh store.
type Faulty struct {
	store store.Store

	mu      sync.Mutex
	faults  map[int]Fault
	calls   []Call
	crashed bool
}

var _ store.Store = (*Faulty)(nil)

// Faults wraps s without faults.
func Faults(s store.Store) *Faulty { return &Faulty{store: s, faults: map[int]Fault{}} }

// At makes call number n fail with fault. Several calls may have faults.
func (f *Faulty) At(n int, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[n] = fault
}

// Calls returns the log so far.
func (f *Faulty) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// Crashed reports whether a crash has happened.
func (f *Faulty) Crashed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.crashed
}

// Reset forgets faults, log and crash and starts counting again.
func (f *Faulty) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.calls, f.crashed = map[int]Fault{}, nil, false
}

// begin logs call and returns its number and fault.
func (f *Faulty) begin(call Call) (int, Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	n := len(f.calls)
	if f.crashed {
		return n, CrashBefore
	}
	fault := f.faults[n]
	f.crashed = fault == CrashBefore || fault == CrashAfter
	return n, fault
}

func (f *Faulty) end(n int, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n <= len(f.calls) {
		f.calls[n-1].Err = err
	}
	return err
}

// do carries out a call that answers lost when its answer or request is lost.
func (f *Faulty) do(call Call, lost error, act func() error) error {
	n, fault := f.begin(call)
	switch fault {
	case Fail:
		return f.end(n, ErrInjected)
	case LoseRequest:
		return f.end(n, lost)
	case CrashBefore:
		return f.end(n, ErrCrashed)
	}
	err := act()
	switch {
	case fault == CrashAfter:
		err = ErrCrashed
	case fault == LoseAnswer && err == nil:
		err = lost
	}
	return f.end(n, err)
}

// Get implements store.Store.
func (f *Faulty) Get(ctx context.Context, key store.Key) (item store.Item, err error) {
	err = f.do(Call{Method: "Get", Keys: []store.Key{key}}, ErrInjected, func() error {
		item, err = f.store.Get(ctx, key)
		return err
	})
	if err != nil {
		return store.Item{}, err
	}
	return item, nil
}

// GetMany implements store.Store.
func (f *Faulty) GetMany(ctx context.Context, keys []store.Key) (items []store.Item, err error) {
	err = f.do(Call{Method: "GetMany", Keys: keys}, ErrInjected, func() error {
		items, err = f.store.GetMany(ctx, keys)
		return err
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Query implements store.Store.
func (f *Faulty) Query(ctx context.Context, q store.Query) (page store.Page, err error) {
	asked := store.Key{Table: q.Table, PK: q.PK, SK: q.From}
	err = f.do(Call{Method: "Query", Keys: []store.Key{asked}}, ErrInjected, func() error {
		page, err = f.store.Query(ctx, q)
		return err
	})
	if err != nil {
		return store.Page{}, err
	}
	return page, nil
}

// Transact implements store.Store. An answer that is lost is store.ErrUnknownOutcome only where the write was not refused: a refusal
// changes nothing, so losing it and answering it are alike to the caller.
func (f *Faulty) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	call := Call{Method: "Transact", Ops: ops, Token: token}
	for _, op := range ops {
		call.Keys = append(call.Keys, op.Item.Key)
	}
	return f.do(call, store.ErrUnknownOutcome, func() error { return f.store.Transact(ctx, token, ops...) })
}
