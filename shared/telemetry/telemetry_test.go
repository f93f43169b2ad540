package telemetry_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/record"
	"kexin/shared/telemetry"
)

func TestLogRedacts(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo)
	person := struct{ Name string }{"marker-struct"}
	log.Info("call 13800138000",
		"Authorization", "marker-a", "user_token", "marker-b", "body", "marker-c", "phone", "marker-d",
		"error", fmt.Errorf("wrap: %w", errors.New("no route to zhang@marker.cn for 110101199003070011 and card 6222020200112230")),
		"value", record.NewValue("marker-e"), "classified", record.NewValue("marker-f"), "any", person, "ptr", &person,
		slog.Group("g", "secret", "marker-g", "text", "id 11010119900307001X"),
		"jwt", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYXJrZXIifQ.", "list", []string{"13912345678"})
	for _, leaked := range []string{"marker", "13800138000", "13912345678", "110101", "6222", "eyJ"} {
		if strings.Contains(out.String(), leaked) {
			t.Errorf("the log holds %s: %s", leaked, out.String())
		}
	}
}

func TestLogKeepsWhatHelps(t *testing.T) {
	var out bytes.Buffer
	ctx := telemetry.WithTrace(telemetry.WithRequestID(context.Background(), "req_1"), "Root=1-5e1b4151-5ac6c58f; bad\"")
	log := telemetry.NewLogger(&out, slog.LevelInfo).With("function", "approve").WithGroup("g")
	log.DebugContext(ctx, "not at this level")
	log.InfoContext(ctx, "done", "customer", record.CustomerID("cus_aaaaaaaaaaaaaaaaaaaaaaaaaa"), "level", record.L2, "n", 7,
		"item", "111111111111111111111", "milliseconds", time.Duration(5).Nanoseconds())
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	for _, want := range []string{`"function":"approve"`, `"customer":"cus_aaaaaaaaaaaaaaaaaaaaaaaaaa"`, `"level":"L2"`, `"n":7`, `"request_id":"req_1"`,
		`"trace_id":"Root=1-5e1b4151-5ac6c58f;bad"`, `"item":"111111111111111111111"`, `"milliseconds":5`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("log lacks %s: %s", want, out.String())
		}
	}
}

// However a phone number is embedded in a message, it does not get into the log.
func TestScrubFindsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phone := "1" + rapid.StringMatching(`[3-9][0-9]{9}`).Draw(t, "phone")
		before, after := rapid.String().Draw(t, "before"), rapid.String().Draw(t, "after")
		if strings.Contains(telemetry.Scrub(before+phone+after), phone) {
			t.Fatalf("%q kept %s", before+phone+after, phone)
		}
	})
}

func TestRequestIDs(t *testing.T) {
	a, err := telemetry.NewRequestID(rand.Reader)
	if err != nil || !strings.HasPrefix(a, "req_") || len(a) != 30 {
		t.Errorf("id %q, %v", a, err)
	}
	if _, err := telemetry.NewRequestID(strings.NewReader("short")); err == nil {
		t.Error("an id without randomness")
	}
	if got := telemetry.RequestID(telemetry.WithRequestID(context.Background(), "a\r\nSet-Cookie: x\"<")); got != "aSet-Cookie:x" {
		t.Errorf("unsafe id became %q", got)
	}
	if telemetry.RequestID(context.Background()) != "" || telemetry.Trace(context.Background()) != "" {
		t.Error("ids out of nothing")
	}
}

func TestMetrics(t *testing.T) {
	var out bytes.Buffer
	at := time.UnixMilli(1_700_000_000_000)
	m := telemetry.NewMeter(&out, "approve", func() time.Time { return at })
	ctx := telemetry.WithMeter(telemetry.WithRequestID(context.Background(), "req_1"), m)
	telemetry.Measure(ctx, telemetry.Acts, 1, "deny")
	telemetry.Measure(ctx, telemetry.Acts, 2, "deny")
	telemetry.Measure(ctx, telemetry.Latency, 7, "")
	telemetry.Measure(ctx, telemetry.Latency, 9, "")
	telemetry.Measure(ctx, telemetry.Redelivered, 1, "")
	telemetry.Measure(context.Background(), telemetry.Acts, 1, "deny")
	m.Flush(ctx)
	m.Flush(ctx)
	want := `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"Kexin","Dimensions":[["function"]],"Metrics":[{"Name":"latency","Unit":"Milliseconds"},{"Name":"redelivered","Unit":"Count"}]}]},"function":"approve","latency":[7,9],"redelivered":1,"request_id":"req_1"}
{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"Kexin","Dimensions":[["function"],["function","outcome"]],"Metrics":[{"Name":"acts","Unit":"Count"}]}]},"acts":3,"function":"approve","outcome":"deny","request_id":"req_1"}
`
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}

// One line of the format holds at most 100 values of a metric.
func TestMetricsAreBounded(t *testing.T) {
	var out bytes.Buffer
	m := telemetry.NewMeter(&out, "approve", time.Now)
	ctx := telemetry.WithMeter(context.Background(), m)
	for i := range 250 {
		telemetry.Measure(ctx, telemetry.Latency, float64(i), "")
	}
	m.Flush(ctx)
	var line struct{ Latency []float64 }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || len(line.Latency) != 100 || line.Latency[99] != 249 {
		t.Errorf("%v of %s", err, out.String())
	}
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range telemetry.Catalogue() {
		if seen[m.Name] || m.Name == "" || m.Unit == "" || m.Statistic == "" || m.About == "" || (m.By == "" && m.Values != nil) {
			t.Errorf("metric %+v", m)
		}
		seen[m.Name] = true
	}
}

func TestParentIsOfTheCallersTrace(t *testing.T) {
	good := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	if got := telemetry.Parent(telemetry.WithParent(context.Background(), good)); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("parent %q", got)
	}
	for _, bad := range []string{"", "00", "ff" + good[2:], strings.ToUpper(good), "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-13800138000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad-01"} {
		if got := telemetry.Parent(telemetry.WithParent(context.Background(), bad)); got != "" {
			t.Errorf("%q gave %q", bad, got)
		}
	}
	ctx := telemetry.WithTrace(context.Background(), "Root=1-65e2f8a1-3c9a1f0b2d4e6f8091a2b3c4;Sampled=0")
	if got := telemetry.XRayID(ctx); got != "1-65e2f8a1-3c9a1f0b2d4e6f8091a2b3c4" || telemetry.XRayID(context.Background()) != "" {
		t.Errorf("X-Ray id %q", got)
	}
}
