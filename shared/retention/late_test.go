package retention_test

import (
	"errors"
	"testing"
	"time"

	"kexin/shared/audit"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
)

// lates returns the entries about limits that were not kept.
func (w *world) lates() (list []audit.Entry) {
	for _, e := range w.Entries() {
		if e.Action == "purge" && e.Code == "late" {
			list = append(list, e)
		}
	}
	return list
}

// wantLate runs the purge and asserts that it finds customers late by limit, or nobody.
func (w *world) wantLate(customers int, limit policy.LimitName, due time.Time) {
	w.t.Helper()
	before := len(w.lates())
	report, err := w.Kit.Purge().Run(w.t.Context())
	if err != nil && !errors.Is(err, retention.ErrTooMany) {
		w.t.Fatal(err)
	}
	found := w.lates()[before:]
	if report.Late != customers || (len(found) == 0) != (customers == 0) || len(found) > 1 {
		w.t.Fatalf("%d late, entries %+v; want %d", report.Late, found, customers)
	}
	if customers == 0 {
		return
	}
	e, rule := found[0], audit.Reason(w.Pack.LimitRule(limit))
	if e.Verdict != audit.Deny || len(e.Reasons) != 1 || e.Reasons[0] != rule || rule.Line == 0 || e.Facts["due"] != due.UTC().Format(time.RFC3339) {
		w.t.Errorf("entry %+v, want rule %+v and %v", e, rule, due)
	}
}

// TestDestroyWithin: what is destroyed at the limit's last moment is in time, a second later it is late.
func TestDestroyWithin(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		late  int
	}{{0, 0}, {24*time.Hour - time.Second, 0}, {24 * time.Hour, 0}, {24*time.Hour + time.Second, 1}} {
		w := newWorld(t, 2)
		w.queue(w.ids[0])
		due := w.Clock.Now().Truncate(time.Second)
		w.Clock.Set(due.Add(c.after))
		w.wantLate(c.late, policy.LimitDestroyWithin, due)
		w.wantLate(0, "", due) // it is destroyed now
	}
}

// TestWithdrawnDestroy: what a withdrawal ended has the time that the pack gives withdrawn data.
func TestWithdrawnDestroy(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		late  int
	}{{15*24*time.Hour - time.Second, 0}, {15 * 24 * time.Hour, 0}, {15*24*time.Hour + time.Second, 1}} {
		w := newWorld(t, 2)
		_, err := w.v.Withdraw(t.Context(), w.Actor("R10"), w.ids[0], 1, nil, []record.FieldName{"id_number"}, "phone")
		w.must(err)
		due := w.Clock.Now().Truncate(time.Second)
		w.Clock.Set(due.Add(c.after))
		w.wantLate(c.late, policy.LimitWithdrawnDestroy, due)
	}
}

// A run that waits for a second person says what gets late meanwhile; a legal hold is no lateness.
func TestLateWhileARunWaits(t *testing.T) {
	w := newWorld(t, 4)
	pack := *w.Pack
	pack.Limits.PurgeCustomers, pack.Limits.PurgeShare = 1, 0.02
	w.Pack = &pack
	for _, id := range w.ids[:3] {
		w.queue(id)
	}
	due := rows.At(w.head(w.ids[0]).Deadline)
	w.hold(w.ids[2], true)
	w.Clock.Set(due.Add(23 * time.Hour))
	w.wantLate(0, "", due)
	w.Clock.Set(due.Add(25 * time.Hour))
	w.wantLate(2, policy.LimitDestroyWithin, due)
}
