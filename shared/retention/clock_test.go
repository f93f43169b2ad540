package retention_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/retention"
)

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
