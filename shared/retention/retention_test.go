package retention_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/storetest"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a deployment with live customers.
type world struct {
	*vaulttest.Kit
	t      *testing.T
	memory *vaulttest.Memory
	p      *vaulttest.Process
	v      *vault.Vault
	ids    []record.CustomerID
}

func newWorld(t *testing.T, customers int) *world {
	t.Helper()
	k := vaulttest.New(t, vaulttest.Options{})
	w := &world{Kit: k, t: t, memory: k.Base.(*vaulttest.Memory), p: k.Process("serve-console", vaulttest.Everything)}
	w.v = w.p.Vault
	for n := range customers {
		w.ids = append(w.ids, w.p.Created(vaulttest.Person{N: n}).Customer)
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// queue makes a customer due now.
func (w *world) queue(id record.CustomerID) {
	w.t.Helper()
	_, err := w.v.QueueDestruction(w.t.Context(), w.Actor("R10"), id, w.head(id).Version, "audit")
	w.must(err)
}

func (w *world) hold(id record.CustomerID, place bool) {
	w.t.Helper()
	_, err := w.v.Hold(w.t.Context(), w.Actor("R10"), id, w.head(id).Version, place, "audit")
	w.must(err)
}

// head returns the head of a customer, nil when there is none.
func (w *world) head(id record.CustomerID) *rows.Head {
	w.t.Helper()
	item, err := w.memory.Get(w.t.Context(), rows.HeadKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	w.must(err)
	head, err := rows.DecodeHead(item)
	w.must(err)
	return head
}

// purge is a purge that looks at the days since yesterday.
func (w *world) purge() *retention.Purge {
	p := w.Kit.Purge()
	p.Since = w.Clock.Now().AddDate(0, 0, -1)
	return p
}

// run runs a purge that is expected to do so much.
func (w *world) run(destroyed, sections, held int) retention.Report {
	w.t.Helper()
	report, err := w.purge().Run(w.t.Context())
	if err != nil || !report.Complete || report.Destroyed != destroyed || report.Finished != destroyed || report.Sections != sections || report.Held != held {
		w.t.Errorf("purge: %+v, %v; want %d destroyed, %d sections, %d held", report, err, destroyed, sections, held)
	}
	return report
}

// traces returns the keys of a customer's rows outside the audit log.
func (w *world) traces(id record.CustomerID) (list []string) {
	for key, item := range w.memory.Items(store.Inbox, store.Keys, store.Records, store.Restricted, store.Work) {
		if strings.Contains(key.PK+key.SK, string(id)) || strings.Contains(string(item.Body), string(id)) {
			list = append(list, key.String())
		}
	}
	return list
}

func TestDestroysWhatIsDueAndNothingElse(t *testing.T) {
	w := newWorld(t, 3)
	before := w.memory.Items(store.Keys, store.Records, store.Restricted, store.Work)
	w.queue(w.ids[1])
	w.Clock.Pass(time.Second)
	w.run(1, 0, 0)
	if left := w.traces(w.ids[1]); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, key := range vaulttest.Diff(before, w.memory.Items(store.Keys, store.Records, store.Restricted, store.Work)) {
		if strings.Contains(key, string(w.ids[0])) || strings.Contains(key, string(w.ids[2])) {
			t.Errorf("touched %s", key)
		}
	}
	w.Clean()
	again := w.memory.Items()
	w.run(0, 0, 0)
	if diff := vaulttest.Diff(again, w.memory.Items()); len(diff) > 1 || len(diff) == 1 && !strings.Contains(diff[0], "cursor") {
		t.Errorf("the second run changed %v", diff)
	}
}

// TestEndOfPeriod: after the longest period everybody is destroyed without anybody's doing, at the day and not before.
func TestEndOfPeriod(t *testing.T) {
	w := newWorld(t, 2)
	deadline := w.head(w.ids[0]).Deadline
	w.Clock.Set(time.Unix(deadline-1, 0))
	purge := w.Kit.Purge()
	report, err := purge.Run(t.Context())
	if err != nil || report.Destroyed != 0 || report.Sections != 2 { // sections of customer_service alone ended a year before
		t.Errorf("a second before: %+v, %v", report, err)
	}
	w.Clean()
	w.Clock.Set(time.Unix(deadline, 0))
	w.run(2, 0, 0)
	w.Clean()
}

func TestHoldStopsItAndLiftingBringsItBack(t *testing.T) {
	w := newWorld(t, 1)
	id := w.ids[0]
	w.queue(id)
	w.hold(id, true)
	w.Clock.Pass(time.Second)
	w.run(0, 0, 1)
	w.Clean()
	w.Clock.Pass(40 * 24 * time.Hour) // the purge has long finished that day
	for range 2 {
		report, err := w.Kit.Purge().Run(t.Context())
		if err != nil || report.Destroyed+report.Held != 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	w.hold(id, false)
	w.Clean()
	report, err := w.Kit.Purge().Run(t.Context())
	if err != nil || report.Destroyed != 1 || report.Finished != 1 {
		t.Errorf("after lifting: %+v, %v", report, err)
	}
	w.Clean()
}

// TestHoldLiftedWhileItIsPutAside: a hold that goes between the purge's read and its write does not lose the customer.
func TestHoldLiftedWhileItIsPutAside(t *testing.T) {
	w := newWorld(t, 1)
	id := w.ids[0]
	w.queue(id)
	w.hold(id, true)
	w.Clock.Pass(time.Second)
	purge := w.purge()
	purge.Store = &between{Store: purge.Store, before: func(ops []store.Op) bool { return len(ops) == 3 && ops[2].Item.Key == rows.Held(id) },
		do: func() { w.hold(id, false) }}
	_, err := purge.Run(t.Context())
	w.must(err)
	w.Clean()
	w.run(1, 0, 0)
	w.Clean()
}

// between does something right before the first write that it is waiting for.
type between struct {
	store.Store
	before func(ops []store.Op) bool
	do     func()
}

func (b *between) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if do := b.do; do != nil && b.before(ops) {
		b.do = nil
		do()
	}
	return b.Store.Transact(ctx, token, ops...)
}

// TestSectionEndsWhileTheCustomerLives: its versions, notes, card part and index rows go; the others open as before.
func TestSectionEndsWhileTheCustomerLives(t *testing.T) {
	w := newWorld(t, 1)
	id := w.ids[0]
	ctx := t.Context()
	_, err := w.v.Update(ctx, w.Actor("R10"), id, 1, "contract_service", record.Fields{"id_number": record.NewValue(vaulttest.IDNumber(9))})
	w.must(err)
	req := vault.RevealRequest{Customer: id, Field: "id_number", Purpose: "contract_service", Reason: "audit", Note: "核对"}
	_, err = w.v.Reveal(ctx, w.Actor("R10"), req)
	w.must(err)
	_, err = w.v.Withdraw(ctx, w.Actor("R10"), id, 2, nil, []record.FieldName{"id_number", "home_address"}, "phone")
	w.must(err)
	w.Clock.Pass(time.Second)
	w.run(0, 2, 0)
	w.Clean()
	for key := range w.memory.Items(store.Records, store.Restricted) {
		for _, field := range []record.FieldName{"id_number", "home_address"} {
			if strings.Contains(key.SK, string(w.Pack.SectionOf(field).ID)) {
				t.Errorf("left: %v", key)
			}
		}
	}
	_, err = w.v.Reveal(ctx, w.Actor("R10"), req)
	if err == nil {
		t.Error("the ended section opens")
	}
	r, err := w.v.Open(ctx, w.Actor("R10"), id, "contract_service")
	if err != nil || r.Fields["name"].Value.Reveal() != vaulttest.Name(0) || r.Fields["contact_address"].Masked == "" {
		t.Errorf("the others: %v", err)
	}
	if list, err := w.v.Search(ctx, w.Actor("R10"), "id_number", "identifier", "", record.NewValue(vaulttest.IDNumber(9))); err != nil || len(list) != 0 {
		t.Errorf("still found: %d, %v", len(list), err)
	}
	w.run(0, 0, 0)
}

// TestCrashAtEveryStep: whatever step of a destruction a process dies at, the next run finishes it, once. The fault matrix of
// package vaulttest does the same with every other fault.
func TestCrashAtEveryStep(t *testing.T) {
	for name, together := range map[string]bool{"each body apart": false, "bodies together": true} {
		t.Run(name, func(t *testing.T) { crashAtEveryStep(t, together) })
	}
}

func crashAtEveryStep(t *testing.T, together bool) {
	base := newWorld(t, 1)
	id := base.ids[0]
	base.queue(id)
	base.Clock.Pass(time.Second)
	for n := 1; ; n++ {
		w := *base
		w.memory = base.memory.Clone()
		w.Kit = base.Kit.On(w.memory)
		w.Kit.Store = w.Kit.Faults
		w.Faults.At(n, storetest.CrashAfter)
		first, second := w.purge(), w.purge()
		first.Together, second.Together = together, together
		_, err := first.Run(t.Context())
		if err == nil && !w.Faults.Crashed() {
			return // the run has fewer steps
		}
		w.Faults.Reset()
		report, err := second.Run(t.Context())
		if err != nil || !report.Complete || len(w.traces(id)) > 0 {
			t.Errorf("crash after call %d, then %+v, %v; left %v", n, report, err, w.traces(id))
		}
		outcomes := 0
		for _, e := range w.Entries() {
			if e.Action == "destroy" && e.Verdict == entry.Outcome {
				outcomes++
			}
		}
		if outcomes != 1 {
			t.Errorf("crash after call %d: %d outcomes", n, outcomes)
		}
	}
}

// TestArchivesAreVoided: an archive whose roster names the customer loses its key; others, and those that were released, stay.
func TestArchivesAreVoided(t *testing.T) {
	w := newWorld(t, 2)
	states := map[string]string{"aa": rows.ExportReady, "ab": rows.ExportBuilding, "ac": rows.ExportReleased, "ad": rows.ExportReady}
	export := func(name string) record.ExportID {
		return record.ExportID(record.IDFromBytes(record.PrefixExport, [16]byte{name[0], name[1]}))
	}
	for name, state := range states {
		item, err := rows.ExportBody{Version: 1, State: state, Object: "exports/" + name}.Item(export(name))
		w.must(err)
		w.memory.Set(item)
		if state == rows.ExportReady {
			w.memory.Set(store.Item{Key: rows.ArchiveKey(export(name)), Body: []byte{1}})
		}
		of := w.ids[0]
		if name == "ad" {
			of = w.ids[1]
		}
		w.memory.Set(store.Item{Key: rows.Roster(of, export(name)), Body: []byte{1}})
	}
	w.queue(w.ids[0])
	w.Clock.Pass(time.Second)
	removed := removals{}
	purge := w.purge()
	purge.Archives = removed
	report, err := purge.Run(t.Context())
	if err != nil || report.Voided != 2 || len(removed) != 2 || !removed["exports/aa"] || !removed["exports/ab"] {
		t.Errorf("%+v, %v, removed %v", report, err, removed)
	}
	for name, want := range map[string]string{"aa": rows.ExportVoid, "ab": rows.ExportVoid, "ac": rows.ExportReleased, "ad": rows.ExportReady} {
		item, err := w.memory.Get(t.Context(), rows.ExportKey(export(name)))
		if err != nil || item.Str(store.AttrState) != want {
			t.Errorf("%s is %s, want %s", name, item.Str(store.AttrState), want)
		}
		_, err = w.memory.Get(t.Context(), rows.ArchiveKey(export(name)))
		if (err == nil) != (want == rows.ExportReady) {
			t.Errorf("key of %s: %v", name, err)
		}
	}
	if left := w.traces(w.ids[0]); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

type removals map[string]bool

func (r removals) Remove(_ context.Context, path string) error { r[path] = true; return nil }

// TestCursor: finished days are not looked at again, unfinished ones are.
func TestCursor(t *testing.T) {
	w := newWorld(t, 1)
	w.Clock.Pass(100 * 24 * time.Hour)
	first := w.reads(w.Kit.Purge())
	second := w.reads(w.Kit.Purge())
	if second*20 > first {
		t.Errorf("%d reads at first, then %d", first, second)
	}
	w.queue(w.ids[0])
	w.Clock.Pass(3 * 24 * time.Hour)
	report, err := w.Kit.Purge().Run(t.Context())
	if err != nil || report.Destroyed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// A run looks into every partition of its days twice: when it begins, and before the cursor passes them. Between, it looks only where
// rows were.
func TestEmptyPartitionsAreLookedIntoTwice(t *testing.T) {
	w := newWorld(t, 0)
	const days = 10
	w.Clock.Pass(days * 24 * time.Hour)
	p := w.Kit.Purge()
	p.Since = w.Clock.Now().AddDate(0, 0, 1-days)
	if got, most := w.reads(p), 2*days*rows.Shards; got > most {
		t.Errorf("%d queries for %d days, want at most %d", got, days, most)
	}
}

// queuing is a rewriter in whose time somebody else becomes due.
type queuing struct {
	w  *world
	id record.CustomerID
}

func (q queuing) Rewrite(context.Context) (time.Time, error) {
	q.w.queue(q.id)
	return q.w.Clock.Now(), nil
}

// A row that is put while a run is under way, where there was none, is not passed over.
func TestRowPutDuringARunWaitsForTheNext(t *testing.T) {
	w := newWorld(t, 12)
	w.queue(w.ids[0])
	w.Clock.Pass(time.Second)
	p := w.purge()
	p.Rewriter = queuing{w, w.ids[1]}
	if report, err := p.Run(t.Context()); err != nil || report.Destroyed != 1 {
		t.Fatalf("%+v %v", report, err)
	}
	w.Clock.Pass(time.Second)
	for _, id := range w.ids[2:] {
		w.queue(id)
	}
	w.Clock.Pass(time.Second)
	w.run(11, 0, 0)
}

func (w *world) reads(p *retention.Purge) int {
	w.t.Helper()
	w.Counter.Reset()
	_, err := p.Run(w.t.Context())
	w.must(err)
	return w.Counter.Total().Queries
}

// TestStopsBeforeItsTimeIsUp: with less than the margin left nothing is begun, and the next run does it.
func TestStopsBeforeItsTimeIsUp(t *testing.T) {
	w := newWorld(t, 1)
	w.queue(w.ids[0])
	w.Clock.Pass(time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	purge := w.purge()
	purge.Margin = 2 * time.Hour
	report, err := purge.Run(ctx)
	if err != nil || report.Complete || report.Destroyed != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	w.Clean()
	w.run(1, 0, 0)
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.purge().Run(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ctx that is over: %v", err)
	}
}

// TestCertificate verifies offline after sealing, names the moment of the rewrite, and fails when altered.
func TestCertificate(t *testing.T) {
	w := newWorld(t, 1)
	w.queue(w.ids[0])
	w.Clock.Pass(time.Second)
	purge := w.purge()
	moment := w.Clock.Now().Add(1500 * time.Millisecond)
	purge.Rewriter = rewriter(func() (time.Time, error) { return moment, nil })
	_, err := purge.Run(t.Context())
	w.must(err)
	_, err = w.Sealer().Run(t.Context())
	w.must(err)
	certificate := w.Certificate(w.ids[0])
	facts, err := evidence.VerifyCertificate(w.Public, certificate)
	if err != nil || facts.Customer != w.ids[0] || facts.Irrecoverable.Before(moment) || facts.Irrecoverable.After(moment.Add(time.Second)) {
		t.Errorf("%+v, %v", facts, err)
	}
	if _, err := evidence.VerifyCertificate(w.Public, []byte(strings.Replace(string(certificate), string(w.ids[0]), "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", 1))); err == nil {
		t.Error("a certificate of somebody else verifies")
	}
}

type rewriter func() (time.Time, error)

func (r rewriter) Rewrite(context.Context) (time.Time, error) { return r() }

// TestNothingIsCertifiedBeforeItsRewrite: what another run destroys while this one rewrites is left to a rewrite that comes after, and a
// rewrite that fails certifies nothing.
func TestNothingIsCertifiedBeforeItsRewrite(t *testing.T) {
	w := newWorld(t, 2)
	w.queue(w.ids[0])
	w.Clock.Pass(time.Second)
	purge := w.purge()
	purge.Rewriter = rewriter(func() (time.Time, error) { return time.Time{}, errors.New("disk is full") })
	if report, err := purge.Run(t.Context()); err == nil || report.Finished != 0 || report.Destroyed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	w.queue(w.ids[1])
	w.Clock.Pass(time.Second)
	rewrites := 0
	purge = w.purge()
	purge.Rewriter = rewriter(func() (time.Time, error) {
		rewrites++
		return w.Clock.Now(), nil
	})
	meanwhile := w.purge()
	meanwhile.Rewriter = rewriter(func() (time.Time, error) {
		report, err := purge.Run(t.Context()) // the other run does everything, up to its end
		if report.Destroyed != 0 || report.Finished != 2 {
			t.Errorf("the other run: %+v", report)
		}
		return w.Clock.Now(), err
	})
	report, err := meanwhile.Run(t.Context())
	if err != nil || report.Finished != 0 || report.Destroyed != 1 || rewrites != 1 {
		t.Errorf("%+v, %v, %d rewrites", report, err, rewrites)
	}
	w.Clean()
}
