// Package storetest is the contract of package store as a test suite, and two wrappers for tests of what is built on a store: Police
// fails the test when the protocol is broken, Faults lets calls fail in the ways that real stores do.
package storetest

import (
	"errors"
	"testing"

	"kexin/shared/store"
)

// Run runs the contract suite; open returns an empty store for each subtest and registers its own cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store) {}

// Policed is a store that fails its test when a caller breaks the protocol.
type Policed struct{ store.Store }

// Police wraps s. It fails t on an unconditional put and on overwriting an immutable row (audit lanes at once, others by Immutable).
func Police(t testing.TB, s store.Store) *Policed { return &Policed{s} }

// Marker registers clear text that must never reach a table: no key, attribute or body may contain it.
func (p *Policed) Marker(text ...string) {}

// Destroyed declares that once a key under prefix was deleted, reading it again is an error of the test.
func (p *Policed) Destroyed(table store.Table, prefix string) {}

// Immutable declares that items of table under prefix are written once.
func (p *Policed) Immutable(table store.Table, prefix string) {}

// Fault is a way to fail.
type Fault int

// The faults.
const (
	Fail        Fault = iota + 1 // the call fails with ErrInjected and nothing is done
	LoseAnswer                   // the call is done and a write answers store.ErrUnknownOutcome, a read ErrInjected
	CrashBefore                  // nothing is done; this and every later call fail with ErrCrashed
	CrashAfter                   // the call is done; this and every later call fail with ErrCrashed
)

// Sentinels of injected faults.
var (
	ErrInjected = errors.New("injected failure of the store")
	ErrCrashed  = errors.New("process has crashed")
)

// Call is one entry of the call log.
type Call struct {
	Method string
	Keys   []store.Key // of a query: table, partition and From
	Ops    []store.Op  // of a Transact
	Err    error       // what the caller saw
}

// Faulty is a store whose calls fail as told. The calls of all methods are counted together, from 1.
type Faulty struct{ store.Store }

// Faults wraps s without faults.
func Faults(s store.Store) *Faulty { return &Faulty{s} }

// At makes call number n fail with fault.
func (f *Faulty) At(n int, fault Fault) {}

// Calls returns the log so far.
func (f *Faulty) Calls() []Call { return nil }

// Reset forgets faults, log and crash and starts counting again.
func (f *Faulty) Reset() {}
