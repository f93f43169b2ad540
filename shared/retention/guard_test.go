package retention_test

import (
	"errors"
	"testing"
	"time"

	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

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
