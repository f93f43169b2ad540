package start

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/lambdatest"
	"kexin/shared/telemetry"
)

const (
	invokeBegins = "<!-- invoke: written by go test ./functions/internal/start -update -->\n"
	invokeEnds   = "<!-- end of invoke -->"
	// invocations of one process; the processor time of a process that answered none is taken away.
	invocations = 4000
)

// TestInvocationHasALine keeps the line in docs/performance.md; measuring is asked for with -update.
func TestInvocationHasALine(t *testing.T) {
	if *update {
		measureInvocations(t)
	}
	if _, line, _ := marked(t, invokeBegins, invokeEnds); !strings.Contains(line, "| `watch-audit` |") {
		t.Error("docs/performance.md has no line for an invocation: go test ./functions/internal/start -update")
	}
}

// measureInvocations sets what one invocation of watch-audit costs, with records that need no act, beside a bare handler of the same
// runtime client that is handed the same event, and what the function does itself: it reads the event, answers, and writes its metrics.
func measureInvocations(t *testing.T) {
	event := quietEvent(t)
	own, floor := build(t, "../../"+string(grants.WatchAudit)), build(t, "./testdata/floor/none")
	var ours, bare []time.Duration
	for range 5 {
		ours = append(ours, perInvocation(t, own, event))
		bare = append(bare, perInvocation(t, floor, event))
	}
	slices.Sort(ours)
	slices.Sort(bare)
	domain := ownWork(event)
	a, b := ours[len(ours)/2], bare[len(bare)/2]
	line := fmt.Sprintf("| function | CPU of an invocation, µs | bare handler | its own work | ratio |\n|---|---|---|---|---|\n| `watch-audit` | %.1f | %.1f | %.1f | %.2f |\n",
		micros(a), micros(b), micros(domain), float64(a)/float64(b+domain))
	rewrite(t, invokeBegins, line, invokeEnds)
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// quietEvent is the sample of the stream with insertions only, which need no act.
func quietEvent(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../events/watch-audit.changed.json")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer(`"MODIFY"`, `"INSERT"`, `"REMOVE"`, `"INSERT"`).Replace(string(data)))
}

// perInvocation returns the processor time of p for one invocation.
func perInvocation(t *testing.T, p *program, event []byte) time.Duration {
	t.Helper()
	return (lifetime(t, p, event, invocations) - lifetime(t, p, event, 1)) / (invocations - 1)
}

func lifetime(t *testing.T, p *program, event []byte, n int) time.Duration {
	t.Helper()
	process, err := lambdatest.Start(t.Context(), lambdatest.Options{Binary: p.binary, Env: environ(grants.WatchAudit)})
	if err != nil {
		t.Fatal(err)
	}
	defer process.Close()
	for range n {
		if _, err := process.Invoke(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	process.Close()
	return process.CPU()
}

// ownWork returns what the function does itself, without a runtime client: reading the event, writing the answer, and its line of metrics.
func ownWork(event []byte) time.Duration {
	sink, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0
	}
	defer sink.Close()
	handle := lambdaevent.Stream(slog.New(slog.NewTextHandler(io.Discard, nil)), func(context.Context, lambdaevent.Change) error { return nil })
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			meter := telemetry.NewMeter(sink, string(grants.WatchAudit), time.Now)
			ctx := telemetry.WithMeter(context.Background(), meter)
			_, _ = handle(ctx, event) // the event is a good one
			meter.Flush(ctx)
		}
	})
	return time.Duration(result.NsPerOp())
}
