package kmskeys

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kexin/shared/keys"
	"kexin/shared/retry"
	"kexin/shared/telemetry"
)

// After five throttled requests nothing is sent for a second; then one probe goes, and its answer lets the others through.
func TestThrottlingOpensTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttled := true
		tr := &transport{answer: func(int, *http.Request) (*http.Response, error) {
			if throttled {
				return reply(400, failure("ThrottlingException"))
			}
			return reply(200, map[string]any{"Plaintext": b64([]byte("k"))})
		}}
		k := over(t, tr, testConfig())
		var out bytes.Buffer
		meter := telemetry.NewMeter(&out, "serve-console", time.Now)
		ctx := telemetry.WithMeter(t.Context(), meter)
		only(t, "first", unwrap(ctx, k), keys.ErrThrottled)
		only(t, "second", unwrap(ctx, k), keys.ErrThrottled)
		if tr.count() != throttleLimit {
			t.Errorf("%d requests, want %d", tr.count(), throttleLimit)
		}
		began := time.Now()
		for range 100 {
			only(t, "open", unwrap(ctx, k), keys.ErrThrottled)
		}
		if tr.count() != throttleLimit || time.Since(began) != 0 {
			t.Errorf("an open circuit sent %d and took %v", tr.count()-throttleLimit, time.Since(began))
		}
		time.Sleep(firstOpen)
		only(t, "probe", unwrap(ctx, k), keys.ErrThrottled)
		if tr.count() != throttleLimit+1 {
			t.Errorf("%d probes", tr.count()-throttleLimit)
		}
		time.Sleep(2 * firstOpen)
		throttled = false
		for range 3 {
			if err := unwrap(ctx, k); err != nil {
				t.Error(err)
			}
		}
		meter.Flush(ctx)
		for _, want := range []string{`"event":"closed","function":"serve-console","kms-circuit":1`, `"event":"opened","function":"serve-console","kms-circuit":2`,
			`"event":"refused","function":"serve-console","kms-circuit":102`, `"act":"unwrap","function":"serve-console","kms-calls":9`,
			`"function":"serve-console","kind":"throttled","kms-errors":6`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %s in %s", want, out.String())
			}
		}
	})
}

// Without a retry left in the process a call is sent once.
func TestBudgetOfTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := testConfig()
		c.Retries = retry.NewBudget(2)
		tr := &transport{answer: always(500, failure("KMSInternalException"))}
		k := over(t, tr, c)
		for range 10 {
			if err := unwrap(t.Context(), k); !errors.Is(err, keys.ErrUnavailable) {
				t.Error(err)
			}
		}
		if tr.count() != 12 {
			t.Errorf("ten calls and two retries are %d requests", tr.count())
		}
	})
}
