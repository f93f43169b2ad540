package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"kexin/shared/record"
)

func options(t *testing.T) Options {
	t.Helper()
	return Options{Data: t.TempDir(), Customers: 12, Ops: 3, Clients: []int{1, 4}, Now: time.Now, Random: rand.Reader}
}

// A run with small numbers takes every figure, ratio and cost, and gives each its floor.
func TestRunTakesEverything(t *testing.T) {
	steps := map[string]bool{}
	o := options(t)
	o.Progress = func(step string, _, _ int) { steps[step] = true }
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]int{}
	for _, f := range report.Figures {
		taken[f.Act]++
		if f.Ops == 0 || f.PerSecond <= 0 || f.CPU <= 0 {
			t.Errorf("figure without a measure: %+v", f)
		}
		if f.Goal > 0 && f.Floor <= 0 {
			t.Errorf("no floor beside %s", f.Act)
		}
	}
	for act, want := range map[string]int{actCreate: 2, actRead: 2, actSearch: 2, actList: 2, actUpdate: 2, actSubmit: 2, actQueue: 1, actDestroy: 1,
		actRewrite: 1, actSeal: 1, actReadCold: 1, actReadMore: 1} {
		if taken[act] != want {
			t.Errorf("%s: %d figures, want %d", act, taken[act], want)
		}
	}
	if len(report.Ratios) != 2 || report.Ratios[0].Of() <= 0 || len(report.Costs) != 10 || report.Customers != 12 || !steps[actFill] {
		t.Errorf("%+v", report)
	}
	checkCosts(t, report)
	checkText(t, report)
}

// checkCosts holds what design §12 promises for the reference record, which is exact and needs no clock.
func checkCosts(t *testing.T, report *Report) {
	t.Helper()
	for _, c := range report.Costs {
		if scheduled := c.Act == actSubmit || c.Act == actSeal || c.Act == actExport; !scheduled && c.KMS != 0 { // one signature or wrap for many
			t.Errorf("%s: %v KMS calls", c.Act, c.KMS)
		}
		if c.Million <= 0 || c.Calls <= 0 {
			t.Errorf("nothing counted: %+v", c)
		}
	}
}

func checkText(t *testing.T, report *Report) {
	t.Helper()
	for _, language := range []record.Language{record.Chinese, record.English} {
		var out bytes.Buffer
		if err := report.Print(&out, language); err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Figures {
			if !strings.Contains(out.String(), f.Act) {
				t.Errorf("%s: %s is not printed", language, f.Act)
			}
		}
		if strings.Contains(out.String(), "%!") {
			t.Error(out.String())
		}
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}

func TestLoopback(t *testing.T) {
	o := options(t)
	o.Customers, o.Ops, o.Clients, o.Loopback = 3, 2, []int{2}, true
	report, err := Run(t.Context(), o)
	if err != nil || report.Path != "loopback" || len(report.Figures) == 0 {
		t.Errorf("%+v %v", report, err)
	}
}

// An interrupted run ends with the context's error, and its store can be used by the next.
func TestInterruptedRunGoesOn(t *testing.T) {
	o := options(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.Customers = 200
	o.Progress = func(step string, done, _ int) {
		if step == actFill && done >= 64 {
			cancel()
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	o.Customers, o.Progress, o.Clients = 60, nil, []int{4}
	report, err := Run(t.Context(), o)
	if err != nil || report.Customers < 60 || report.Fill.Ops != 0 {
		t.Errorf("%v: %+v", err, report.Fill)
	}
}

func TestImpossibleNumbers(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.Customers = 0 }, func(o *Options) { o.Ops = 0 }, func(o *Options) { o.Ops = MaxOps + 1 },
		func(o *Options) { o.Clients = nil },
	} {
		o := options(t)
		change(&o)
		if _, err := Run(t.Context(), o); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
