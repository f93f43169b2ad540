package retention_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kexin/shared/retention"
	"kexin/shared/telemetry"
)

// measured runs a purge and returns the metrics that it wrote.
func (w *world) measured(ctx context.Context, p *retention.Purge) (string, error) {
	var out bytes.Buffer
	meter := telemetry.NewMeter(&out, "purge-expired", w.Clock.Now)
	ctx = telemetry.WithMeter(ctx, meter)
	_, err := p.Run(ctx)
	meter.Flush(ctx)
	return out.String(), err
}

func TestLagIsMeasured(t *testing.T) {
	w := newWorld(t, 1)
	w.queue(w.ids[0])
	w.Clock.Pass(30 * time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	late := w.purge()
	late.Margin = 2 * time.Hour
	out, err := w.measured(ctx, late)
	if err != nil || !strings.Contains(out, `"purge-lag":1800`) || !strings.Contains(out, `"reason":"time"`) {
		t.Errorf("no time: %s, %v", out, err)
	}
	wrong := w.purge()
	wrong.Clock = retention.StoreClock{Away: time.Hour, Time: func(context.Context) (time.Time, error) { return time.Time{}, errors.New("no date") }}
	out, err = w.measured(t.Context(), wrong)
	if !errors.Is(err, retention.ErrClock) || strings.Contains(out, "purge-lag") || !strings.Contains(out, `"reason":"clock"`) {
		t.Errorf("wrong clock: %s, %v", out, err)
	}
	out, err = w.measured(t.Context(), w.purge())
	if err != nil || !strings.Contains(out, `"purge-lag":0`) || strings.Contains(out, "purge-stopped") || !strings.Contains(out, `"destroyed":1`) {
		t.Errorf("in time: %s, %v", out, err)
	}
}

func TestLagOfARunThatWaitsForSomebody(t *testing.T) {
	w := newWorld(t, 3)
	pack := *w.Pack
	pack.Limits.PurgeCustomers, pack.Limits.PurgeShare = 1, 0.02
	w.Pack = &pack
	for _, id := range w.ids {
		w.queue(id)
	}
	w.Clock.Pass(time.Minute)
	out, err := w.measured(t.Context(), w.purge())
	if !errors.Is(err, retention.ErrTooMany) || !strings.Contains(out, `"purge-lag":60`) || !strings.Contains(out, `"reason":"too-many"`) {
		t.Errorf("%s, %v", out, err)
	}
}
