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
	m := telemetry.NewMetrics(&out, "approve", func() time.Time { return at })
	m.Add(telemetry.WithRequestID(context.Background(), "req_1"), "refused-reads", 3, telemetry.Count)
	var none *telemetry.Metrics
	none.Add(context.Background(), "x", 1, telemetry.Count)
	want := `{"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{"Namespace":"Kexin","Dimensions":[["function"]],"Metrics":[{"Name":"refused-reads","Unit":"Count"}]}]},"function":"approve","refused-reads":3,"request_id":"req_1"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
}
