package audit

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/store"
)

func TestSealerRefusesMissingParts(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*Sealer){
		"Store": func(s *Sealer) { s.Store = nil }, "Objects": func(s *Sealer) { s.Objects = nil }, "Keys": func(s *Sealer) { s.Keys = nil },
		"Now": func(s *Sealer) { s.Now = nil }, "IdleAfter": func(s *Sealer) { s.IdleAfter = 0 },
		"Function": func(s *Sealer) { s.Function = "" }, "Deployment": func(s *Sealer) { s.Deployment = "" },
	} {
		s := w.sealer()
		spoil(s)
		if _, err := s.Run(context.Background()); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: run: %v", name, err)
		}
		if _, err := s.Check(context.Background()); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: check: %v", name, err)
		}
	}
}

// A report is the answer of the scheduled function: names as in all other JSON.
func TestReportAsJSON(t *testing.T) {
	lane := LaneID{Writer: "wri_x", Lane: 2}
	got, err := json.Marshal(Report{Lanes: 1, Entries: 2, Ended: 3, Size: 4, Signed: true, Stopped: true, Alarms: []Alarm{{Gap, lane, 5}}})
	want := `{"lanes":1,"entries":2,"ended":3,"size":4,"signed":true,"stopped":true,"alarms":[{"kind":"gap","lane":{"writer":"wri_x","lane":2},"seq":5}]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestEmptyLogIsCleanAndUnsigned(t *testing.T) {
	w := newWorld(t)
	if report := w.seal(); report.Signed || report.Size != 0 || w.keys.signs != 0 {
		t.Errorf("%+v", report)
	}
	w.clean()
}

// TestSealAndProve grows logs in random steps and proves every entry of them.
func TestSealAndProve(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		logs := []*Log{w.log(1), w.log(2), w.log(1)}
		var refs []Ref
		for range rapid.IntRange(1, 4).Draw(rt, "rounds") {
			for _, l := range logs {
				refs = append(refs, w.record(l, rapid.IntRange(0, 20).Draw(rt, "entries"))...)
			}
			s := w.sealer()
			s.BatchEntries = rapid.IntRange(1, 100).Draw(rt, "batch")
			report, err := s.Run(context.Background())
			if err != nil || len(report.Alarms) > 0 || report.Size != int64(len(refs)) {
				rt.Fatalf("%+v %v", report, err)
			}
		}
		w.clean()
		if len(refs) > 0 {
			from := rapid.IntRange(0, len(refs)-1).Draw(rt, "proved from")
			w.proveAll(refs[from:min(from+20, len(refs))])
		}
	})
}

func (w *world) proveAll(refs []Ref) {
	w.t.Helper()
	public, seen := w.public(), map[int64]bool{}
	for _, ref := range refs {
		inclusion, err := w.sealer().Prove(context.Background(), ref)
		if err != nil {
			w.t.Fatal(err)
		}
		e, err := evidence.VerifyInclusion(public, inclusion)
		if err != nil || e.Position() != ref.Position || entry.Hash(inclusion.Entry) != ref.Hash || seen[inclusion.Index] {
			w.t.Fatalf("%v: %v", ref, err)
		}
		seen[inclusion.Index] = true
	}
}

func TestLargeLog(t *testing.T) {
	w := newWorld(t)
	w.mem.page = 1000
	l := w.log(1)
	refs := w.record(l, 3*tileWidth+17)
	w.seal()
	refs = append(refs, w.record(l, tileWidth)...)
	w.seal()
	if w.objects.data["log/tile/1/000.p/4"] == nil || w.objects.data["log/tile/entries/003"] == nil {
		t.Error("tiles are not where c2sp.org/tlog-tiles has them")
	}
	w.clean()
	w.proveAll([]Ref{refs[0], refs[255], refs[256], refs[800], refs[len(refs)-1]})
	if signs := w.keys.signs; signs != 2 {
		t.Errorf("%d signatures for two runs", signs)
	}
}

// TestRootIsThatOfTheEntries recomputes the root from nothing but the bundles.
func TestRootIsThatOfTheEntries(t *testing.T) {
	w := newWorld(t)
	w.record(w.log(2), 300)
	w.seal()
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(list []int64) (found []tlog.Hash, err error) {
		for _, i := range list {
			found = append(found, hashes[i])
		}
		return found, nil
	})
	n := int64(0)
	for _, path := range []string{"log/tile/entries/000", "log/tile/entries/001.p/44"} {
		entries, err := splitBundle(w.objects.data[path])
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range entries {
			more, err := tlog.StoredHashes(n, data, read)
			if err != nil {
				t.Fatal(err)
			}
			hashes, n = append(hashes, more...), n+1
		}
	}
	root, err := tlog.TreeHash(n, read)
	if err != nil || n != 300 {
		t.Fatal(n, err)
	}
	checkpoint, err := evidence.VerifyCheckpoint(w.public(), w.objects.data["log/checkpoint/300"])
	if err != nil || checkpoint.Root != Digest(root) || checkpoint.Size != 300 {
		t.Errorf("%+v %v", checkpoint, err)
	}
}

func TestManyLanes(t *testing.T) {
	w := newWorld(t)
	var refs []Ref
	for range 60 {
		refs = append(refs, w.record(w.log(1), 2)...)
	}
	w.seal()
	w.clock.pass(2 * time.Hour)
	if report := w.seal(); report.Ended != 60 || report.Entries != 60 {
		t.Errorf("%+v", report)
	}
	if report := w.seal(); report.Lanes != 0 || report.Signed {
		t.Errorf("ended lanes are still read: %+v", report)
	}
	w.clean()
	w.proveAll(refs)
}

func TestObjectsAreLocked(t *testing.T) {
	w := newWorld(t)
	w.record(w.log(1), 3)
	s := w.sealer()
	s.LockFor = 24 * time.Hour
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for path, until := range w.objects.locks {
		if until.Sub(w.clock.Now()) < 23*time.Hour {
			t.Errorf("%s is locked until %v", path, until)
		}
	}
}

func TestStopsBeforeTheDeadline(t *testing.T) {
	w := newWorld(t)
	w.record(w.log(1), 3)
	s := w.sealer()
	s.Reserve = time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	report, err := s.Run(ctx)
	if err != nil || !report.Stopped || report.Entries != 0 {
		t.Errorf("%+v %v", report, err)
	}
	s.Reserve = time.Second
	if report, err = s.Run(ctx); err != nil || report.Stopped || report.Entries != 3 {
		t.Errorf("%+v %v", report, err)
	}
}

func TestProveRefuses(t *testing.T) {
	w := newWorld(t)
	l, ctx := w.log(1), context.Background()
	ref := w.record(l, 1)[0]
	if _, err := w.sealer().Prove(ctx, ref); !errors.Is(err, ErrNotSealed) {
		t.Errorf("before sealing: %v", err)
	}
	w.seal()
	beyond := ref
	beyond.Seq = 1
	if _, err := w.sealer().Prove(ctx, beyond); !errors.Is(err, ErrNotSealed) {
		t.Errorf("beyond the lane: %v", err)
	}
	ref.Hash[3] ^= 4
	if _, err := w.sealer().Prove(ctx, ref); !errors.Is(err, ErrAltered) {
		t.Errorf("other hash: %v", err)
	}
}

// tamper changes the row of an entry behind the back of everybody.
func (w *world) tamper(ref Ref, change func(*Entry)) {
	w.t.Helper()
	item := w.mem.items[entryKey(ref.Position)]
	e, err := entry.Parse(item.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	change(&e)
	if item.Body, err = e.Encode(); err != nil {
		w.t.Fatal(err)
	}
	w.mem.items[item.Key] = item
}

func TestTamperingWithUnsealedEntriesRaisesAlarms(t *testing.T) {
	cases := map[AlarmKind]func(*world, []Ref){
		Gap:       func(w *world, refs []Ref) { delete(w.mem.items, entryKey(refs[2].Position)) },
		Fork:      func(w *world, refs []Ref) { w.tamper(refs[2], func(e *Entry) { e.Code = "changed" }) },
		Malformed: func(w *world, refs []Ref) { w.tamper(refs[2], func(e *Entry) { e.Lane = 7 }) },
		AfterTerminator: func(w *world, refs []Ref) {
			w.tamper(refs[4], func(e *Entry) { e.Verdict = Terminator })
			hash := entry.Hash(w.mem.items[entryKey(refs[4].Position)].Body)
			w.tamper(refs[5], func(e *Entry) { e.Prev = hash })
		},
	}
	for kind, act := range cases {
		w := newWorld(t)
		refs := w.record(w.log(1), 6)
		act(w, refs)
		report := w.seal()
		if len(report.Alarms) != 1 || report.Alarms[0].Kind != kind {
			t.Errorf("%s: %v", kind, report.Alarms)
		}
		w.clock.pass(2 * time.Hour)
		if again := w.seal(); kind != AfterTerminator && len(again.Alarms) != 1 {
			t.Errorf("%s: alarm is not repeated, or a terminator covers it up: %v", kind, again.Alarms)
		}
		if found := w.check(); !names(found)[FoundLane] {
			t.Errorf("%s: check finds %v", kind, found)
		}
	}
}

func TestLaneWithoutRegistrationIsFound(t *testing.T) {
	w := newWorld(t)
	ref := w.record(w.log(1), 2)[0]
	delete(w.mem.items, laneRow(prefixLanes, ref.LaneID()))
	if found := w.check(); !names(found)[FoundRegistration] {
		t.Errorf("check finds %v", found)
	}
}

func names(found []Finding) map[string]bool {
	set := map[string]bool{}
	for _, f := range found {
		set[f.Name] = true
	}
	return set
}

// TestCheckFindsEveryAlteration changes each row and each object of a sealed log in turn.
func TestCheckFindsEveryAlteration(t *testing.T) {
	w := newWorld(t)
	w.record(w.log(1), 5)
	w.seal()
	w.clock.pass(2 * time.Hour)
	w.record(w.log(1), 300)
	w.seal()
	w.clean()
	rows := w.mem.snapshot()
	for key, item := range rows {
		if strings.HasPrefix(key.PK, prefixLane) && key.SK > seqText(3) && key.SK < seqText(290) {
			continue // the others stand for them
		}
		delete(w.mem.items, key)
		if found := w.check(); len(found) == 0 {
			t.Errorf("removing %v is not found", key)
		}
		flipped := item
		flipped.Body = slices.Clone(item.Body)
		flipped.Body[len(flipped.Body)/2] ^= 1
		w.mem.items[key] = flipped
		found, err := w.sealer().Check(context.Background())
		if len(found) == 0 && err == nil && !strings.HasPrefix(key.PK, prefixLanes) && !strings.HasPrefix(key.PK, prefixEnded) {
			t.Errorf("altering %v is not found", key)
		}
		w.mem.items[key] = item
	}
	for path, data := range maps.Clone(w.objects.data) {
		if strings.Contains(path, ".p/5") || path == "log/checkpoint/5" {
			continue // of an older size: nothing that counts depends on it
		}
		delete(w.objects.data, path)
		if found := w.check(); len(found) == 0 {
			t.Errorf("removing %s is not found", path)
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			w.objects.data[path] = slices.Clone(data)
			w.objects.data[path][at] ^= 1
			if found := w.check(); len(found) == 0 {
				t.Errorf("altering byte %d of %s is not found", at, path)
			}
		}
		w.objects.data[path] = data
	}
	w.clean()
}

func TestAlteredBundleStopsSealing(t *testing.T) {
	for _, path := range []string{"log/tile/entries/000.p/5", "log/tile/0/000.p/5"} {
		w := newWorld(t)
		l := w.log(1)
		w.record(l, 5)
		w.seal()
		w.objects.data[path][40] ^= 1
		w.record(l, 5)
		if _, err := w.sealer().Run(context.Background()); err == nil {
			t.Errorf("%s was copied although altered", path)
		}
	}
}

// racing lets another run of the sealer happen before a commit.
type racing struct {
	store.Store
	race func()
}

func (r *racing) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if race := r.race; race != nil {
		r.race = nil
		race()
	}
	return r.Store.Transact(ctx, token, ops...)
}

func TestTwoSealersAtOnce(t *testing.T) {
	w := newWorld(t)
	refs := w.record(w.log(2), 10)
	s := w.sealer()
	s.Store = &racing{w.store, func() { w.seal() }}
	if _, err := s.Run(context.Background()); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
	w.clean()
	w.proveAll(refs)
}
