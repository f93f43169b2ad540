package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"kexin/shared/evidence"
	"kexin/shared/keystest"
	"kexin/shared/objectstest"
	"kexin/shared/storetest"
)

// unsealed is a world with sealed entries, new ones, an idle lane and one just begun, so that a run takes every step there is.
func unsealed(t testing.TB) (*world, []Ref) {
	w := newWorld(t)
	idle, busy := w.log(1), w.log(1)
	refs := append(w.record(idle, 2), w.record(busy, 3)...)
	w.seal()
	w.clock.pass(2 * time.Hour)
	refs = append(refs, w.record(busy, 4)...)
	return w, append(refs, w.record(w.log(1), 3)...)
}

func smallBatches(w *world) *Sealer {
	s := w.sealer()
	s.BatchEntries = 3
	return s
}

// recovered writes more, so that a run after the fault meets other entries than the one that failed, runs again and expects a log that
// is whole, with every object that the first run had stored unchanged.
func (w *world) recovered(refs []Ref) {
	w.t.Helper()
	if found := names(w.check()); len(found) > 1 || len(found) == 1 && !found[FoundUnfinished] {
		w.t.Errorf("check after the fault finds %v", found)
	}
	before := maps.Clone(w.objects.data)
	refs = append(refs, w.record(w.log(1), 2)...)
	report, err := smallBatches(w).Run(context.Background())
	if err != nil || len(report.Alarms) > 0 {
		w.t.Fatalf("run after the fault: %v %v", report.Alarms, err)
	}
	w.clean()
	w.proveAll(refs)
	for path, data := range before {
		if !slices.Equal(w.objects.data[path], data) {
			w.t.Errorf("%s was replaced", path)
		}
	}
}

func TestEveryStoreFaultOfARun(t *testing.T) {
	w, _ := unsealed(t)
	counting := storetest.Faults(w.store)
	s := smallBatches(w)
	s.Store = counting
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for call := 1; call <= len(counting.Calls()); call++ {
		for _, fault := range storetest.AllFaults() {
			t.Run(fmt.Sprintf("%d-%v", call, fault), func(t *testing.T) {
				w, refs := unsealed(t)
				faulty := storetest.Faults(w.store)
				faulty.At(call, fault)
				s := smallBatches(w)
				s.Store = faulty
				_, _ = s.Run(context.Background())
				w.recovered(refs)
			})
		}
	}
}

func TestEveryObjectFaultOfARun(t *testing.T) {
	w, _ := unsealed(t)
	counting := objectstest.NewFaults(w.objects, 0, objectstest.Before)
	s := smallBatches(w)
	s.Objects = counting
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for call := 1; call <= counting.Calls(); call++ {
		for _, kind := range objectstest.Kinds() {
			t.Run(fmt.Sprintf("%d-%v", call, kind), func(t *testing.T) {
				w, refs := unsealed(t)
				s := smallBatches(w)
				s.Objects = objectstest.NewFaults(w.objects, call, kind)
				if _, err := s.Run(context.Background()); err == nil {
					t.Error("a fault went unnoticed")
				}
				w.recovered(refs)
			})
		}
	}
}

func TestEveryKeyFaultOfARun(t *testing.T) {
	for call := 1; call <= 2; call++ {
		w, refs := unsealed(t)
		faulty := keystest.Faulty(w.keys)
		faulty.FailFrom(call, storetest.ErrInjected)
		s := smallBatches(w)
		s.Keys = faulty
		if _, err := s.Run(context.Background()); err == nil {
			t.Error("a fault went unnoticed")
		}
		w.recovered(refs)
	}
}

func TestRedoNoticesChangedEntries(t *testing.T) {
	w := newWorld(t)
	refs := w.record(w.log(1), 3)
	s := w.sealer()
	s.Objects = objectstest.NewFaults(w.objects, 1, objectstest.CrashBefore)
	if _, err := s.Run(context.Background()); !errors.Is(err, objectstest.ErrCrash) {
		t.Fatalf("got %v", err)
	}
	w.tamper(refs[1], func(e *Entry) { e.Code = "changed" })
	if _, err := w.sealer().Run(context.Background()); !errors.Is(err, ErrAltered) {
		t.Errorf("changed entry: %v", err)
	}
	delete(w.mem.items, entryKey(refs[1].Position))
	if _, err := w.sealer().Run(context.Background()); !errors.Is(err, ErrAltered) {
		t.Errorf("missing entry: %v", err)
	}
}

func TestForeignCheckpointObjectIsNotTaken(t *testing.T) {
	w := newWorld(t)
	w.record(w.log(1), 3)
	other := evidence.Checkpoint{Origin: evidence.Origin(deployment), Size: 3, Root: Digest{1}}
	note, err := evidence.SignCheckpoint(context.Background(), w.keys, other)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{note, []byte("x")} {
		w.objects.data[checkpointPath(3)] = data
		if _, err := w.sealer().Run(context.Background()); !errors.Is(err, ErrAltered) {
			t.Errorf("got %v", err)
		}
	}
}
