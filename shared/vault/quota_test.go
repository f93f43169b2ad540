package vault_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// limited is the kit's pack with other limits.
func (w *world) limited(change func(*policy.Limits)) {
	pack := *w.Pack
	change(&pack.Limits)
	w.UsePack(&pack)
	w.p = w.Process("serve-console", vaulttest.Everything)
	w.v = w.p.Vault
}

func (w *world) open(v *vault.Vault, role record.Role) error {
	_, err := v.Open(w.t.Context(), w.Actor(role), w.id, "contract_service")
	return err
}

// refusedBy asserts that err is a refusal with code, and that it and the newest entry name the policy with its place.
func (w *world) refusedBy(err error, code, policyID string) {
	w.t.Helper()
	var denied *vault.Denied
	if !errors.As(err, &denied) || denied.Verdict.Code != code {
		w.t.Fatalf("got %v, want a refusal %s", err, code)
	}
	entries := w.Entries()
	for _, e := range entries {
		for _, reason := range e.Reasons {
			if e.Code == code && reason.Policy == policyID && reason.Line > 0 && reason.File != "" {
				return
			}
		}
	}
	w.t.Errorf("no entry of %s names %s and where it is written", code, policyID)
}

// TestDailyReads is USE-03: the last read of the day is the limit's, the next one is refused by name, and so are lists, reveals and
// searches, until midnight of the company, which is 16:00 UTC. Others are not touched by it.
func TestDailyReads(t *testing.T) {
	w := newWorld(t)
	w.limited(func(l *policy.Limits) { l.DailyReads = 20 })
	w.Clock.Set(time.Date(2026, 3, 10, 15, 0, 0, 0, time.UTC))
	for i := range 18 {
		w.must(w.open(w.v, "R10"))
		if i == 9 { // another process goes on; of so small a limit the first one has taken no more than it used
			w.v = w.Process("serve-console", vaulttest.Everything).Vault
		}
	}
	_, _, err := w.v.List(t.Context(), w.Actor("R10"), "service", "", 5, "")
	w.must(err)
	w.must(w.open(w.v, "R10")) // the twentieth
	w.refusedBy(w.open(w.v, "R10"), "quota", "gate-quota")
	_, err = w.v.Reveal(t.Context(), w.Actor("R10"), vault.RevealRequest{Customer: w.id, Field: "id_number", Purpose: "contract_service", Reason: "verify_identity"})
	w.refusedBy(err, "quota", "gate-quota")
	_, _, err = w.v.List(t.Context(), w.Actor("R10"), "service", "", 5, "")
	w.refusedBy(err, "quota", "gate-quota")
	_, err = w.v.Search(t.Context(), w.Actor("R10"), "name", "two", "张三", record.Value{})
	w.refusedBy(err, "quota", "gate-quota")
	verdict, err := w.v.Would(t.Context(), w.Actor("R10"), "read", w.id, "", "contract_service", "")
	if err != nil || verdict.Allow || verdict.Code != "quota" {
		t.Errorf("would: %+v, %v", verdict, err)
	}
	w.must(w.open(w.v, "R7"))

	w.Clock.Set(time.Date(2026, 3, 10, 15, 59, 59, 0, time.UTC))
	w.refusedBy(w.open(w.v, "R10"), "quota", "gate-quota")
	w.Clock.Set(time.Date(2026, 3, 10, 16, 0, 0, 0, time.UTC))
	w.must(w.open(w.v, "R10"))
	w.Clock.Set(time.Date(2026, 3, 10, 15, 0, 0, 0, time.UTC)) // a clock that goes back does not bring yesterday's reads back
	for range 19 {
		w.must(w.open(w.v, "R10"))
	}
	w.refusedBy(w.open(w.v, "R10"), "quota", "gate-quota")
	w.refusedBy(w.open(w.Process("serve-console", vaulttest.Everything).Vault, "R10"), "quota", "gate-quota")
	w.Clean()
}

// A refusal, and a read that failed for want of an entry, are not counted.
func TestRefusedReadsAreNotCounted(t *testing.T) {
	w := newWorld(t)
	w.limited(func(l *policy.Limits) { l.DailyReads = 3 })
	for range 9 {
		_, err := w.v.Open(t.Context(), w.Actor("R10"), w.id, "no_such_purpose")
		if err == nil {
			t.Fatal("read for a purpose that does not exist")
		}
		_, err = w.v.Reveal(t.Context(), w.Actor("R10"), vault.RevealRequest{Customer: w.id, Field: "id_number", Purpose: "contract_service"})
		w.wants(err, vault.ErrDenied)
	}
	for range 3 {
		w.must(w.open(w.v, "R10"))
	}
	w.wants(w.open(w.v, "R10"), vault.ErrDenied)
}

// TestDailyReadsInParallel: sixteen readers in one process, and then in sixteen, get exactly the limit, or less by what processes hold.
func TestDailyReadsInParallel(t *testing.T) {
	const readers, limit = 16, 50
	for name, processes := range map[string]int{"one process": 1, "sixteen processes": readers} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.limited(func(l *policy.Limits) { l.DailyReads = limit })
			var vaults []*vault.Vault
			for range processes {
				vaults = append(vaults, w.Process("serve-console", vaulttest.Everything).Vault)
			}
			actor := w.Actor("R10")
			var shown atomic.Int32
			var group sync.WaitGroup
			for i := range readers {
				group.Go(func() {
					for { // until its process has none left: every read that was taken from the row is used
						_, err := vaults[i%processes].Open(context.Background(), actor, w.id, "contract_service")
						if errors.Is(err, vault.ErrDenied) {
							return
						}
						if err != nil {
							t.Error(err)
							return
						}
						shown.Add(1)
					}
				})
			}
			group.Wait()
			if shown.Load() != limit {
				t.Errorf("%d reads of a limit of %d", shown.Load(), limit)
			}
			w.wants(w.open(w.Process("serve-console", vaulttest.Everything).Vault, "R10"), vault.ErrDenied)
		})
	}
}

// TestSearchResults: a search may find as many as the limit; one that finds more shows nobody.
func TestSearchResults(t *testing.T) {
	w := newWorld(t)
	for n := 2; n <= 4; n++ {
		w.p.Created(vaulttest.Person{N: n, Change: map[record.FieldName]string{"name": "欧阳试" + string(rune('一'+n))}})
	}
	search := func(limit int) ([]vault.CardView, error) {
		w.limited(func(l *policy.Limits) { l.SearchResults = limit })
		return w.v.Search(t.Context(), w.Actor("R10"), "name", "two", "欧阳", record.Value{})
	}
	for _, limit := range []int{4, 3} {
		if cards, err := search(limit); err != nil || len(cards) != 3 {
			t.Errorf("limit %d: %d cards, %v", limit, len(cards), err)
		}
	}
	cards, err := search(2)
	if cards != nil {
		t.Errorf("%d cards beyond the limit", len(cards))
	}
	w.refusedBy(err, "too-many-results", "gate-search-results")
	w.refusedBy(err, "too-many-results", "limit-search_results")
	w.Clean()
}

// TestExportRows: an export may have as many customers as the limit, counted over its parts; a part that goes beyond opens nothing.
func TestExportRows(t *testing.T) {
	w := newWorld(t)
	ids := []record.CustomerID{w.id, w.p.Created(vaulttest.Person{N: 2}).Customer, w.p.Created(vaulttest.Person{N: 3}).Customer}
	read := func(before int) ([]vault.ExportRow, error) {
		export, err := record.NewID(w.Random, record.PrefixExport)
		w.must(err)
		return w.v.ReadForExport(t.Context(), vault.ExportPart{Export: record.ExportID(export), Actor: w.Actor("R10"), Purpose: "contract_service",
			Reason: "report", Fields: []record.FieldName{"name", "phone"}, Customers: ids, Rows: before, Approved: true})
	}
	w.limited(func(l *policy.Limits) { l.ExportRows = 10 })
	for _, before := range []int{6, 7} {
		if list, err := read(before); err != nil || len(list) != 3 {
			t.Errorf("after %d: %d rows, %v", before, len(list), err)
		}
	}
	list, err := read(8)
	if list != nil {
		t.Errorf("%d rows beyond the limit", len(list))
	}
	w.refusedBy(err, "too-many-rows", "gate-export-rows")
	w.refusedBy(err, "too-many-rows", "limit-export_rows")
}
