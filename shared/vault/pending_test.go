package vault_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// TestPendingBesideItsMatch shows staff the pending record and whom it may be, in cards, after entries that name both.
func TestPendingBesideItsMatch(t *testing.T) {
	w := newWorld(t)
	known := w.logged()
	var views []vault.PendingView
	for _, shard := range rows.ShardNames() {
		list, _, err := w.v.ListPending(t.Context(), w.Actor("R7"), shard, "")
		w.must(err)
		views = append(views, list...)
	}
	if len(views) != 1 || views[0].Pending.Customer != w.pending || len(views[0].Matches) != 1 || views[0].Matches[0].Customer != w.id {
		t.Fatalf("views %+v", views)
	}
	if !slices.Equal(views[0].AskAgain, w.Pack.SectionOf("home_address").Fields) {
		t.Errorf("what a merge does not take over: %v", views[0].AskAgain)
	}
	named := map[record.CustomerID]bool{}
	for _, e := range w.since(known) {
		for _, id := range e.Customers {
			named[id] = true
		}
	}
	if !named[w.id] || !named[w.pending] {
		t.Errorf("entries name %v", named)
	}
	stranger := w.Actor("R7")
	stranger.Department = "sales"
	for _, shard := range rows.ShardNames() {
		if list, _, err := w.v.ListPending(t.Context(), stranger, shard, ""); err != nil || len(list) != 0 {
			t.Errorf("another department sees %d, %v", len(list), err)
		}
	}
}

// TestMerge takes L1 and L2 over, keeps L3, renews consents, and ends the pending record for the purge.
func TestMerge(t *testing.T) {
	w := newWorld(t)
	before := w.head(w.id)
	w.Clock.Pass(10 * 24 * time.Hour)
	_, err := w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, 9)
	w.wants(err, vault.ErrStale)
	version, err := w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, 1)
	w.must(err)
	w.findsBy("email", vaulttest.Email(50), w.id)
	w.findsBy("email", vaulttest.Email(1), "")
	head, p := w.head(w.id), w.head(w.pending)
	if version != 2 || head.Ledger != 2 || head.Section(w.Pack.SectionOf("home_address").ID).Version != 1 {
		t.Errorf("version %d, ledger %d", version, head.Ledger)
	}
	if head.Deadline < before.Deadline || p.Deadline != w.Clock.Now().Unix() || p.EndedBy != "merged" {
		t.Errorf("deadlines %d, pending %d by %q", head.Deadline, p.Deadline, p.EndedBy)
	}
	w.Clean()
	for _, again := range []func() error{
		func() error { _, err := w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, 2); return err },
		func() error { return w.v.Refuse(t.Context(), w.Actor("R10"), w.pending, "audit") },
		func() error { _, err := w.v.Admit(t.Context(), w.Actor("R10"), w.pending, 2); return err },
	} {
		w.wants(again(), vault.ErrNotFound)
	}
	w.purge(1)
}

// purge runs the purge and expects so many destructions.
func (w *world) purge(destroyed int) {
	w.t.Helper()
	run := w.Kit.Purge()
	run.Since = w.Clock.Now().AddDate(0, 0, -1)
	w.Clock.Pass(time.Second)
	report, err := run.Run(w.t.Context())
	if err != nil || report.Destroyed != destroyed || report.Finished != destroyed || !report.Complete {
		w.t.Errorf("purge: %+v, %v", report, err)
	}
	w.Clean()
}

// TestMergeRevivesNothing: neither a customer whose destruction is queued, nor a section whose consent was withdrawn.
func TestMergeRevivesNothing(t *testing.T) {
	base := newWorld(t)
	w := base.clone(t)
	_, err := w.v.QueueDestruction(t.Context(), w.Actor("R10"), w.id, 1, "audit")
	w.must(err)
	_, err = w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, 2)
	w.wants(err, vault.ErrExpired)
	w = base.clone(t)
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 1, nil, []record.FieldName{"id_number"}, "phone")
	w.must(err)
	_, err = w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, 2)
	w.problem(err, "fields.id_number", "being_destroyed")
	w.purge(0)
	_, err = w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, w.head(w.id).Version)
	w.must(err)
	got, err := w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "id_number", "audit"))
	if err != nil || got.Value.Reveal() != vaulttest.IDNumber(1) {
		t.Errorf("the newer consent does not count: %v", err)
	}
	w.Clean()
}

func TestMergeRefusals(t *testing.T) {
	w := newWorld(t)
	company := w.p.Created(vaulttest.Person{N: 30, Kind: record.KindEnterprise, Without: []record.FieldName{"name", "gender", "id_number", "home_address"},
		Change: map[record.FieldName]string{"company_name": "杭州春和清洁有限公司", "contact_person_name": "林知微"}}).Customer
	_, err := w.v.Merge(t.Context(), w.Actor("R10"), w.pending, company, 1)
	w.problem(err, "into", "other_kind")
	_, err = w.v.Merge(t.Context(), w.Actor("R10"), w.id, company, 1)
	w.wants(err, vault.ErrNotFound)
	third := w.p.Created(vaulttest.Person{N: 31, Change: map[record.FieldName]string{"email": vaulttest.Email(50)}}).Customer
	before := w.state()
	_, err = w.v.Merge(t.Context(), w.Actor("R10"), w.pending, w.id, 1) // its e-mail address is the third's
	w.wants(err, vault.ErrTaken)
	w.unchanged(before)
	_ = third
	w.Clean()
}

func TestRefuse(t *testing.T) {
	w := newWorld(t)
	before := w.head(w.id)
	w.must(w.v.Refuse(t.Context(), w.Actor("R10"), w.pending, "audit"))
	if w.head(w.id).Version != before.Version {
		t.Error("the live customer has changed")
	}
	w.Clean()
	w.purge(1)
}

// TestAdmit: a pending record goes live when its identifier is free, and not before.
func TestAdmit(t *testing.T) {
	w := newWorld(t)
	before := w.state()
	_, err := w.v.Admit(t.Context(), w.Actor("R10"), w.pending, 1)
	w.wants(err, vault.ErrTaken)
	w.unchanged(before)
	_, err = w.v.QueueDestruction(t.Context(), w.Actor("R10"), w.id, 1, "audit")
	w.must(err)
	w.purge(1)
	version, err := w.v.Admit(t.Context(), w.Actor("R10"), w.pending, 1)
	w.must(err)
	head := w.head(w.pending)
	if version != 2 || head.State != rows.StateLive || head.Deadline < w.Clock.Now().AddDate(2, 11, 0).Unix() {
		t.Errorf("%s until %d", head.State, head.Deadline)
	}
	w.findsBy("phone", vaulttest.Phone(1), w.pending)
	w.Clean()
}

// TestPendingEnds: a pending record that nobody merges is destroyed with its own deadline; the live one stays.
func TestPendingEnds(t *testing.T) {
	w := newWorld(t)
	w.Clock.Pass(31 * 24 * time.Hour)
	w.wants(w.v.Refuse(t.Context(), w.Actor("R10"), w.pending, "audit"), vault.ErrNotFound)
	run := w.Kit.Purge()
	report, err := run.Run(t.Context())
	if err != nil || report.Destroyed != 1 || w.head(w.id) == nil {
		t.Errorf("%+v, %v", report, err)
	}
	w.Clean()
}

// TestParallelSubmissions: of two submissions of one phone that are accepted at the same moment, exactly one goes live and the other
// waits, however they meet. On the embedded store.
func TestParallelSubmissions(t *testing.T) {
	rounds := 50
	if os.Getenv("KEXIN_FULL") != "" {
		rounds = 1000
	}
	k, _ := vaulttest.NewBolt(t)
	form := k.Process("submit-form", vaulttest.Public)
	accepts := []*vault.Vault{k.Vault("accept-submissions", vaulttest.Everything), k.Vault("accept-submissions", vaulttest.Everything)}
	for n := range rounds {
		states := map[string]int{}
		var mu sync.Mutex
		var group sync.WaitGroup
		for i, v := range accepts {
			id, err := form.Submit(t.Context(), k.Fill(vaulttest.Person{N: n, Change: map[record.FieldName]string{"email": fmt.Sprintf("p%d-%d@example.com", n, i)}}))
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() {
				created, err := v.Accept(t.Context(), id)
				for tries := 0; errors.Is(err, vault.ErrConflict) && tries < 10; tries++ {
					created, err = v.Accept(t.Context(), id)
				}
				mu.Lock()
				defer mu.Unlock()
				states[created.State]++
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if states[rows.StateLive] != 1 || states[rows.StatePending] != 1 {
			t.Fatalf("round %d: %v", n, states)
		}
	}
	k.Clean()
}
