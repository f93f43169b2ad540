package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/store"
	"kexin/shared/storetest"
)

func TestNewRefusesMissingParts(t *testing.T) {
	good := Config{Store: newMemStore(), Deployment: deployment, Function: "f", Lanes: 1, Now: newClock().Now, Random: &seeded{}}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"Store": func(c *Config) { c.Store = nil }, "Now": func(c *Config) { c.Now = nil }, "Random": func(c *Config) { c.Random = nil },
		"Lanes": func(c *Config) { c.Lanes = 0 }, "Function": func(c *Config) { c.Function = "" }, "Deployment": func(c *Config) { c.Deployment = "x" },
	} {
		bad := good
		spoil(&bad)
		if _, err := New(bad); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestEntriesOfALaneAreChained(t *testing.T) {
	w := newWorld(t)
	refs := w.record(w.log(1), 20)
	prev := Digest{}
	for i, ref := range refs {
		item, err := w.mem.Get(context.Background(), entryKey(ref.Position))
		if err != nil {
			t.Fatal(err)
		}
		e, err := entry.Parse(item.Body)
		if err != nil || e.Prev != prev || e.Seq != uint64(i) || ref.Lane != 0 {
			t.Fatalf("entry %d: %v", i, err)
		}
		if prev = entry.Hash(item.Body); prev != ref.Hash {
			t.Fatal("reference has another hash")
		}
	}
	got, err := Read(context.Background(), w.store, refs[3])
	if err != nil || got.Seq != 3 {
		t.Fatal(err)
	}
	refs[3].Hash[0] ^= 1
	if _, err := Read(context.Background(), w.store, refs[3]); !errors.Is(err, entry.ErrMalformed) {
		t.Errorf("wrong hash: %v", err)
	}
}

func TestActCommitsTogether(t *testing.T) {
	w := newWorld(t)
	l, ctx := w.log(1), context.Background()
	ops := []store.Op{store.PutIf(workRow("a"), store.IfAbsent()), store.PutIf(workRow("b"), store.IfAbsent())}
	if _, err := l.Act(ctx, read(1), ops...); err != nil {
		t.Fatal(err)
	}
	before := len(w.mem.snapshot())
	_, err := l.Act(ctx, read(1), store.PutIf(workRow("c"), store.IfAbsent()), ops[1])
	if !store.FailedOp(err, 1) || store.FailedOp(err, 0) || store.FailedOp(err, 2) {
		t.Fatalf("got %v", err)
	}
	if len(w.mem.snapshot()) != before {
		t.Error("a failed condition left something behind")
	}
	ref, err := l.Act(ctx, read(1))
	if err != nil || ref.Seq != 1 || ref.Lane != 0 {
		t.Errorf("a failed condition used up a place: %v %v", ref, err)
	}
	if _, err := l.Act(ctx, read(1), make([]store.Op, MaxOps+1)...); !errors.Is(err, ErrTooManyOps) {
		t.Errorf("too many: %v", err)
	}
	bad := read(1)
	bad.Code = "free text"
	if _, err := l.Act(ctx, bad); !errors.Is(err, entry.ErrMalformed) {
		t.Errorf("malformed: %v", err)
	}
}

func TestParallelWritersUseSeveralLanes(t *testing.T) {
	w := newWorld(t)
	l := w.log(4)
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			for range 10 {
				if _, err := l.Record(context.Background(), read(1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if report := w.seal(); report.Entries != 120 || len(report.Alarms) > 0 || report.Lanes > 4 {
		t.Errorf("%+v", report)
	}
	w.clean()
}

// stuck is a store whose writes wait.
type stuck struct {
	store.Store
	release chan struct{}
}

func (s stuck) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	<-s.release
	return s.Store.Transact(ctx, token, ops...)
}

func TestWaitingForALaneHonoursContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := stuck{w.store, make(chan struct{})}
		l := w.logOn(s, 1)
		go func() { _, _ = l.Record(context.Background(), read(1)) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := l.Record(ctx, read(2)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(s.release)
		synctest.Wait()
		if _, err := l.Record(context.Background(), read(3)); err != nil {
			t.Error(err)
		}
	})
}

// TestEveryFaultOfAnAct breaks each call of an act in each way, alone and followed by further failures, and compares what the caller is
// told with what happened, at once and after the lane was sealed.
func TestEveryFaultOfAnAct(t *testing.T) {
	for call := 1; call <= 4; call++ {
		for _, first := range storetest.AllFaults() {
			for more := range 3 {
				for _, second := range storetest.AllFaults() {
					t.Run(fmt.Sprintf("%d-%v-%d-%v", call, first, more, second), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) { faultyAct(t, call, first, more, second) })
					})
				}
			}
		}
	}
}

func faultyAct(t *testing.T, call int, first storetest.Fault, more int, second storetest.Fault) {
	w := newWorld(t)
	faulty := storetest.Faults(w.store)
	faulty.At(call, first)
	for i := range more {
		faulty.At(call+1+i, second)
	}
	l, ctx := w.logOn(faulty, 1), context.Background()
	for n := range 3 {
		row := workRow(fmt.Sprint("row", n))
		_, err := l.Act(ctx, read(byte(n)), store.PutIf(row, store.IfAbsent()))
		_, absent := w.mem.Get(ctx, row.Key)
		switch {
		case err == nil && absent != nil:
			t.Fatalf("act %d was reported but did not happen", n)
		case err != nil && !errors.Is(err, ErrUnresolved) && !faulty.Crashed() && absent == nil:
			t.Fatalf("act %d happened but was denied: %v", n, err)
		case errors.Is(err, store.ErrUnknownOutcome):
			t.Fatalf("act %d: unknown outcome was passed on", n)
		}
	}
	w.settled()
}

// settled lets time pass and expects the sealer to end every lane and to find nothing wrong.
func (w *world) settled() {
	w.t.Helper()
	w.clock.pass(2 * time.Hour)
	w.seal()
	w.clock.pass(2 * time.Hour)
	if report := w.seal(); len(report.Alarms) > 0 {
		w.t.Errorf("alarms %v", report.Alarms)
	}
	for key := range w.mem.snapshot() {
		if bytes.HasPrefix([]byte(key.PK), []byte(prefixLanes)) {
			w.t.Errorf("lane %s is still open", key.SK)
		}
	}
	w.clean()
}

// late is a store that loses the answer of one write and lets it happen only when told.
type late struct {
	store.Store
	hold bool
	held func() error
}

func (l *late) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if !l.hold {
		return l.Store.Transact(ctx, token, ops...)
	}
	l.hold = false
	l.held = func() error { return l.Store.Transact(context.Background(), token, ops...) }
	return store.ErrUnknownOutcome
}

func TestALateWriteCannotHappenAfterTheTerminator(t *testing.T) {
	w := newWorld(t)
	s := &late{Store: w.store}
	l, ctx := w.logOn(s, 1), context.Background()
	w.record(l, 2)
	s.hold = true
	row := workRow("late")
	_, err := l.Act(ctx, read(3), store.PutIf(row, store.IfAbsent()))
	if !errors.Is(err, ErrNotHappened) {
		t.Fatalf("got %v", err)
	}
	if err := s.held(); !errors.Is(err, store.ErrCondition) {
		t.Errorf("late write: %v", err)
	}
	ref, err := l.Act(ctx, read(3), store.PutIf(row, store.IfAbsent()))
	if err != nil || ref.Lane != 1 || ref.Seq != 0 {
		t.Errorf("retry: %v %v", ref, err)
	}
	w.settled()
}

func TestLaneEndedBySealerIsReplaced(t *testing.T) {
	w := newWorld(t)
	l := w.log(1)
	w.record(l, 3)
	w.seal()
	w.clock.pass(2 * time.Hour)
	if report := w.seal(); report.Ended != 1 {
		t.Fatalf("%+v", report)
	}
	ref := w.record(l, 1)[0]
	if ref.Lane != 1 || ref.Seq != 0 {
		t.Errorf("got %v", ref)
	}
	w.seal()
	w.clean()
}

func TestUnresolvedAbandonsTheLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		faulty := storetest.Faults(w.store)
		l, ctx := w.logOn(faulty, 1), context.Background()
		w.record(l, 1)
		for n := 3; n < 30; n++ {
			faulty.At(n, storetest.LoseRequest)
		}
		if _, err := l.Record(ctx, read(1)); !errors.Is(err, ErrUnresolved) {
			t.Fatalf("got %v", err)
		}
		faulty.Reset()
		if ref := w.record(l, 1)[0]; ref.Lane != 1 {
			t.Errorf("abandoned lane was used: %v", ref)
		}
		w.settled()
	})
}

func TestTraceListsEveryAccessInOrder(t *testing.T) {
	w := newWorld(t)
	a, b, ctx := w.log(1), w.log(2), context.Background()
	for i := range 25 {
		for _, l := range []*Log{a, b} {
			if _, err := l.Record(ctx, read(byte(i%2))); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all []Traced
	for cursor := ""; ; {
		entries, next, err := a.Trace(ctx, customer(1), cursor)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entries...)
		if cursor = next; next == "" {
			break
		}
	}
	if len(all) != 24 {
		t.Fatalf("%d entries", len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].Entry.Time.Before(all[i-1].Entry.Time) || all[i].Entry.Customer != customer(1) {
			t.Errorf("entry %d out of order", i)
		}
	}
}

func FuzzEntryKey(f *testing.F) {
	f.Add("LANE#wri_aaaaaaaaaaaaaaaaaaaaaaaaaa#0", "0000000000000000")
	f.Fuzz(func(t *testing.T, pk, sk string) {
		key := store.Key{Table: store.Audit, PK: pk, SK: sk}
		position, err := parseEntryKey(key)
		if err == nil && entryKey(position) != key {
			t.Errorf("%v comes back as %v", key, entryKey(position))
		}
	})
}

// nothing is a store that takes everything and keeps nothing.
type nothing struct{ store.Store }

func (nothing) Transact(context.Context, store.Token, ...store.Op) error { return nil }

func BenchmarkRecord(b *testing.B) {
	l, err := New(Config{Store: nothing{}, Deployment: deployment, Function: "bench", Lanes: 1, Now: time.Now, Random: &seeded{}})
	if err != nil {
		b.Fatal(err)
	}
	e := read(1)
	e.Reasons = []entry.Reason{{Policy: "core.read", File: "packs/core/policies/read.cedar", Line: 12}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Record(context.Background(), e); err != nil {
			b.Fatal(err)
		}
	}
}
