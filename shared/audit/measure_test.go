package audit

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kexin/shared/store"
	"kexin/shared/telemetry"
)

func TestActsAreMeasured(t *testing.T) {
	w := newWorld(t)
	var out bytes.Buffer
	meter := telemetry.NewMeter(&out, "serve-console", w.clock.Now)
	ctx := telemetry.WithMeter(context.Background(), meter)
	l := w.log(1)
	denied := read(1)
	denied.Verdict, denied.Code = Deny, "clearance"
	for _, e := range []Entry{read(1), read(2), denied} {
		if _, err := l.Record(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	taken := store.PutIf(workRow("a"), store.IfPresent())
	if _, err := l.Act(ctx, read(3), taken); !errors.Is(err, store.ErrCondition) {
		t.Fatal(err)
	}
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err := l.Record(ended, read(4)); err == nil {
		t.Fatal("recorded after the end")
	}
	w.clock.pass(90 * time.Second)
	if _, err := w.sealer().Run(ctx); err != nil {
		t.Fatal(err)
	}
	meter.Flush(ctx)
	for _, want := range []string{`"acts":2,"function":"serve-console","outcome":"allow"`, `"acts":1,"function":"serve-console","outcome":"deny"`,
		`"acts":1,"function":"serve-console","outcome":"failed"`, `"action":"read","function":"serve-console","refusals":1`, `"seal-lag":9`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}
