package retention

import (
	"context"
	"errors"
	"time"

	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// left notes that a row with this deadline is not dealt with.
func (r *run) left(deadline int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if deadline > 0 && deadline <= r.now.Unix() && (r.oldest == 0 || deadline < r.oldest) {
		r.oldest = deadline
	}
}

// dayOf returns the beginning of the day that a due row lies in: rows of a day come in no order, so an older one of that day may be left
// too.
func dayOf(item store.Item) int64 {
	return rows.At(item.Int(store.AttrDeadline)).UTC().Truncate(24 * time.Hour).Unix()
}

// measure reports how the run ended. A run whose clock is not trusted knows no lag.
func (r *run) measure(ctx context.Context, err error) {
	telemetry.Measure(ctx, telemetry.Destroyed, float64(r.report.Destroyed+r.report.Sections), "")
	reason := ""
	switch {
	case errors.Is(err, ErrClock):
		telemetry.Measure(ctx, telemetry.PurgeStopped, 1, "clock")
		return
	case errors.Is(err, ErrTooMany):
		reason = "too-many"
	case err != nil || r.report.Failed > 0:
		reason = "error"
	case !r.report.Complete:
		reason = "time"
	}
	if reason != "" {
		telemetry.Measure(ctx, telemetry.PurgeStopped, 1, reason)
	}
	lag := 0.0
	if r.oldest != 0 {
		lag = float64(r.now.Unix() - r.oldest)
	}
	telemetry.Measure(ctx, telemetry.PurgeLag, lag, "")
}
