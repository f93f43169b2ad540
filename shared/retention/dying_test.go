package retention_test

import (
	"testing"
	"time"

	"kexin/shared/fsck"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/storetest"
)

// dying returns a world with a customer whose section of field has lost its key, while its bodies are still there: the purge died. A run
// lists rows while it acts, so that the call to die at may be passed over: then it begins again.
func dying(t *testing.T, field record.FieldName) *world {
	t.Helper()
	for range 20 {
		if w := tryDying(t, field); w != nil {
			return w
		}
	}
	t.Fatal("the purge does not die in time")
	return nil
}

func tryDying(t *testing.T, field record.FieldName) *world {
	t.Helper()
	w := newWorld(t, 1)
	_, err := w.v.Withdraw(t.Context(), w.Actor("R10"), w.ids[0], 1, nil, []record.FieldName{field}, "phone")
	w.must(err)
	w.Clock.Pass(time.Second)
	k := w.Kit.On(w.memory)
	k.Store = k.Faults
	for n := 1; len(w.head(w.ids[0]).Dying) == 0; n++ {
		k.Faults.Reset()
		k.Faults.At(n, storetest.CrashAfter)
		purge := k.Purge()
		purge.Since = k.Clock.Now()
		if _, err := purge.Run(t.Context()); err == nil {
			return nil
		}
	}
	return w
}

// TestChangesWhileASectionIsRemoved: they do not move the due row away from the purge that has to go on, and add nothing to the section.
func TestChangesWhileASectionIsRemoved(t *testing.T) {
	w := dying(t, "id_number")
	id := w.ids[0]
	_, err := w.v.Update(t.Context(), w.Actor("R10"), id, w.head(id).Version, "contract_service", record.Fields{"gender": record.NewValue("male")})
	w.must(err)
	w.Clean()
	w.hold(id, true)
	w.Clock.Pass(time.Minute)
	w.run(0, 0, 1)
	w.hold(id, false)
	w.Clean()
	w.Clock.Pass(time.Minute)
	w.run(0, 0, 0)
	if head := w.head(id); len(head.Dying) > 0 || head.Due < w.Clock.Now().Unix() {
		t.Errorf("dying %v, due %d", head.Dying, head.Due)
	}
	w.Clean()
}

// TestMoreEndsWhileASectionIsRemoved: the run that resumes finishes the old section and ends the new one too.
func TestMoreEndsWhileASectionIsRemoved(t *testing.T) {
	w := dying(t, "id_number")
	id := w.ids[0]
	_, err := w.v.Withdraw(t.Context(), w.Actor("R10"), id, w.head(id).Version, nil, []record.FieldName{"home_address"}, "phone")
	w.must(err)
	w.Clock.Pass(time.Second)
	w.run(0, 1, 0)
	if head := w.head(id); len(head.Dying) > 0 || head.Section(w.Pack.SectionOf("home_address").ID) != nil {
		t.Errorf("head %+v", head.Dying)
	}
	w.Clean()
}

// TestAlteredCardIsNotBlessed: the purge rewrites a card without opening it, so it must not vouch for one that is not the head's.
func TestAlteredCardIsNotBlessed(t *testing.T) {
	w := newWorld(t, 2)
	id := w.ids[0]
	card, err := w.memory.Get(t.Context(), rows.Card(id))
	w.must(err)
	other, err := w.memory.Get(t.Context(), rows.Card(w.ids[1]))
	w.must(err)
	card.Body = other.Body
	w.memory.Set(card)
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), id, 1, nil, []record.FieldName{"id_number"}, "phone")
	w.must(err)
	w.Clock.Pass(time.Second)
	w.run(0, 1, 0)
	codes := map[fsck.Code]bool{}
	for _, finding := range w.Fsck().Findings {
		codes[finding.Code] = true
	}
	if !codes[fsck.CardHash] {
		t.Errorf("the altered card counts as the head's: %v", codes)
	}
	w.memory.Remove(rows.Card(id))
	w.queue(id)
	w.Clock.Pass(time.Second)
	w.run(1, 0, 0)
	w.Clean()
}

// TestWriterBehindTheCursor: a due row that a writer with a slow clock puts on the day before is found although that day was finished.
func TestWriterBehindTheCursor(t *testing.T) {
	w := newWorld(t, 1)
	w.Clock.Set(time.Date(2026, 3, 5, 0, 0, 30, 0, time.UTC))
	if _, err := w.Kit.Purge().Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Clock.Pass(-time.Minute)
	w.queue(w.ids[0])
	w.Clock.Pass(time.Hour)
	report, err := w.Kit.Purge().Run(t.Context())
	if err != nil || report.Destroyed != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestStrayDueRows are removed and destroy nobody.
func TestStrayDueRows(t *testing.T) {
	w := newWorld(t, 1)
	nobody := record.CustomerID(record.IDFromBytes(record.PrefixCustomer, [16]byte{0xee}))
	for _, id := range []record.CustomerID{nobody, w.ids[0]} {
		item, err := rows.DueBody{State: rows.DueWaiting, At: w.Clock.Now().Unix()}.Item(rows.Due(w.Clock.Now(), id))
		w.must(err)
		w.memory.Set(item)
	}
	w.run(0, 0, 0)
	w.Clean()
	if w.head(w.ids[0]) == nil {
		t.Error("a stray row destroyed a customer")
	}
}
