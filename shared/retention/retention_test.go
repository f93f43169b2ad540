package retention_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
	"kexin/shared/seal"
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
		_, err := w.purge().Run(t.Context())
		if err == nil && !w.Faults.Crashed() {
			return // the run has fewer steps
		}
		w.Faults.Reset()
		report, err := w.purge().Run(t.Context())
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

// TestLimit: a run that would destroy too many asks a second person, and destroys as many as were approved.
func TestLimit(t *testing.T) {
	w := newWorld(t, 4)
	pack := *w.Pack
	pack.Limits.PurgeCustomers, pack.Limits.PurgeShare = 2, 0.02
	w.Pack = &pack
	for _, id := range w.ids[:3] {
		w.queue(id)
	}
	w.Clock.Pass(time.Second)
	report, err := w.purge().Run(t.Context())
	if !errors.Is(err, retention.ErrTooMany) || report.Waiting == "" || report.Destroyed != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if _, err = w.purge().Run(t.Context()); !errors.Is(err, retention.ErrTooMany) {
		t.Errorf("asking twice: %v", err)
	}
	w.answer(record.ApprovalID(report.Waiting), false)
	if _, err = w.purge().Run(t.Context()); !errors.Is(err, retention.ErrTooMany) {
		t.Errorf("after a no: %v", err)
	}
	w.answer(record.ApprovalID(report.Waiting), true)
	w.queue(w.ids[3])
	w.Clock.Pass(time.Second)
	if _, err = w.purge().Run(t.Context()); !errors.Is(err, retention.ErrTooMany) {
		t.Errorf("one more than approved: %v", err)
	}
	w.hold(w.ids[3], true)
	w.lift(w.ids[3])
	w.Clock.Set(time.Date(2026, 3, 3, 1, 0, 0, 0, time.UTC)) // the answer came after that day's last run
	report, err = w.purge().Run(t.Context())
	if err != nil || report.Destroyed != 3 {
		t.Errorf("approved: %+v, %v", report, err)
	}
	w.Clean()
	share := newWorld(t, 4)
	pack.Limits.PurgeShare = 0.9
	share.Pack = &pack
	for _, id := range share.ids[:3] {
		share.queue(id)
	}
	share.Clock.Pass(time.Second)
	share.run(3, 0, 0)
}

// lift takes a customer out of what is due, past the vault: its due row goes where held ones lie.
func (w *world) lift(id record.CustomerID) {
	key := rows.Due(rows.At(w.head(id).Due), id)
	item, err := w.memory.Get(w.t.Context(), key)
	w.must(err)
	w.memory.Remove(key)
	item.Key = rows.Held(id)
	w.memory.Set(item)
}

// answer answers a request as function approve does.
func (w *world) answer(id record.ApprovalID, allow bool) {
	w.t.Helper()
	request, err := w.memory.Get(w.t.Context(), rows.RequestKey(id))
	w.must(err)
	body, err := rows.Encode(rows.ApprovalBody{Format: rows.Format, Request: rows.Digest(request.Body), By: vaulttest.StaffOf("R11"), Allow: allow})
	w.must(err)
	w.memory.Set(store.Item{Key: rows.ApprovalKey(id, 0), Body: body})
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

// TestClockChecks: a clock behind its last beat, or too far beyond it, destroys nothing and says so in the log.
func TestClockChecks(t *testing.T) {
	w := newWorld(t, 1)
	offset := time.Duration(0)
	beat := retention.Heartbeat{Store: w.Store, Leap: 48 * time.Hour, Offset: func() time.Duration { return offset }}
	check := func() error { return beat.Check(t.Context(), w.Clock.Now()) }
	w.must(check())
	w.Clock.Pass(47 * time.Hour)
	w.must(check())
	w.Clock.Pass(-time.Hour)
	if err := check(); !errors.Is(err, retention.ErrClock) {
		t.Errorf("behind: %v", err)
	}
	w.Clock.Pass(50 * time.Hour)
	if err := check(); !errors.Is(err, retention.ErrClock) {
		t.Errorf("far beyond: %v", err)
	}
	w.queue(w.ids[0])
	w.Clock.Pass(time.Second)
	purge := w.purge()
	purge.Clock = beat
	if report, err := purge.Run(t.Context()); !errors.Is(err, retention.ErrClock) || report.Destroyed != 0 || w.head(w.ids[0]) == nil {
		t.Errorf("%+v, %v", report, err)
	}
	found := false
	for _, e := range w.Entries() {
		found = found || e.Action == "purge" && e.Verdict == entry.Deny && e.Code == "clock"
	}
	if !found {
		t.Error("no entry")
	}
	offset = 49 * time.Hour // the same moment on a demonstration's clock that somebody moved
	w.must(check())
	away := time.Duration(0)
	server := retention.StoreClock{Away: time.Hour, Time: func(context.Context) (time.Time, error) { return w.Clock.Now().Add(away), nil }}
	w.must(server.Check(t.Context(), w.Clock.Now()))
	for _, away = range []time.Duration{2 * time.Hour, -2 * time.Hour} {
		if err := server.Check(t.Context(), w.Clock.Now()); !errors.Is(err, retention.ErrClock) {
			t.Errorf("%v away: %v", away, err)
		}
	}
	server.Time = func(context.Context) (time.Time, error) { return time.Time{}, fmt.Errorf("no answer") }
	if err := server.Check(t.Context(), w.Clock.Now()); !errors.Is(err, retention.ErrClock) {
		t.Errorf("no answer: %v", err)
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

// TestCopiesOpenNothing is item 10 of the issue: whoever has a copy from before of every table but keys and inbox, the root keys, and
// everything that the deployment keeps now, reads nothing of a destroyed customer: not its sections, versions, card or notes.
func TestCopiesOpenNothing(t *testing.T) {
	w := newWorld(t, 2)
	id := w.ids[0]
	ctx := t.Context()
	_, err := w.v.Update(ctx, w.Actor("R10"), id, 1, "contract_service", record.Fields{"phone": record.NewValue(vaulttest.Phone(70))})
	w.must(err)
	req := vault.RevealRequest{Customer: id, Field: "id_number", Purpose: "contract_service", Reason: "audit", Note: "核对身份"}
	_, err = w.v.Reveal(ctx, w.Actor("R10"), req)
	w.must(err)
	copied := w.memory.Items(store.Records, store.Restricted, store.Audit, store.Work)
	if opened := w.attack(copied, id, w.head(id)); opened < 10 {
		t.Fatalf("with the head the attack opens only %d items: it proves nothing", opened)
	}
	w.queue(id)
	w.Clock.Pass(time.Second)
	w.run(1, 0, 0)
	for key := range copied {
		if strings.Contains(key.String(), string(id)) { // restored from the copy, whole
			w.memory.Set(copied[key])
		}
	}
	if _, err := w.v.Open(ctx, w.Actor("R10"), id, "contract_service"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	for other, item := range w.memory.Items(store.Keys) {
		if strings.HasPrefix(other.PK, rows.PrefixCustomer) {
			head, err := rows.DecodeHead(item)
			w.must(err)
			if opened := w.attack(copied, id, head); opened > 0 {
				t.Errorf("%d items open with another head", opened)
			}
		}
	}
	if opened := w.attack(copied, id, &rows.Head{}); opened > 0 {
		t.Errorf("%d items open", opened)
	}
}

// attack tries to open every ciphertext of a customer in copied with every key that head and the deployment have, and returns how many
// open.
func (w *world) attack(copied map[store.Key]store.Item, id record.CustomerID, head *rows.Head) int {
	opened := 0
	for key, item := range copied {
		if key.PK != rows.PrefixCustomer+string(id) {
			continue
		}
		for _, body := range ciphertexts(key, item) {
			if w.opens(id, head, body) {
				opened++
			}
		}
	}
	return opened
}

// sealed is a ciphertext with the name of what it is.
type sealed struct {
	what string
	body []byte
}

func ciphertexts(key store.Key, item store.Item) []sealed {
	if key.SK == rows.SortCard {
		var card rows.CardBody
		if rows.Decode(item.Body, &card) != nil {
			return nil
		}
		var list []sealed
		for _, part := range card.Parts {
			list = append(list, sealed{fmt.Sprintf("card/%08x", part.Version), part.Item})
		}
		return list
	}
	if _, version, err := rows.ParseSection(key.SK); err == nil {
		return []sealed{{fmt.Sprintf("v%08x", version), item.Body}}
	}
	if rest, ok := strings.CutPrefix(key.SK, rows.SortNote); ok {
		_, name, _ := strings.Cut(rest, "#")
		return []sealed{{"note/" + name, item.Body}}
	}
	return nil
}

func (w *world) opens(id record.CustomerID, head *rows.Head, s sealed) bool {
	n := 1 + int(s.body[0])
	shreds := append([]rows.SectionState{{Shred: make([]byte, seal.KeySize)}}, head.Sections...)
	for _, state := range shreds {
		for _, section := range w.Pack.Sections {
			place := seal.Place{Deployment: w.Deployment, Customer: id, Section: section.ID, Schema: record.PackVersion(s.body[1:n]), Version: s.what}
			shred := seal.Key(state.Shred)
			for _, unwrapper := range []seal.KeyUnwrapper{w.p.Ring, seal.Root{Keys: w.Keys}} {
				if _, err := seal.OpenItem(w.t.Context(), unwrapper, &shred, place, s.body[n:]); err == nil {
					return true
				}
			}
		}
	}
	return false
}
