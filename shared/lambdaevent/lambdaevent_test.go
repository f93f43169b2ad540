package lambdaevent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kexin/shared/identity"
	"kexin/shared/lambdaevent"
	"kexin/shared/lambdahttp"
	"kexin/shared/problem"
	"kexin/shared/telemetry"
)

func sample(t *testing.T, name string) []byte {
	t.Helper()
	event, err := os.ReadFile("../../events/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestStream(t *testing.T) {
	var seen []lambdaevent.Change
	function := lambdaevent.Stream(telemetry.Discard(), func(_ context.Context, c lambdaevent.Change) error {
		seen = append(seen, c)
		return nil
	})
	answer, err := function.Invoke(t.Context(), sample(t, "accept-submissions.inserted"))
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("%s, %v", answer, err)
	}
	want := []lambdaevent.Change{
		{Kind: lambdaevent.Inserted, PK: "SUB#24", SK: "sub_aaaqeayeaudaocajbifqydiob4"},
		{Kind: lambdaevent.Inserted, PK: "SUB#27", SK: "sub_baaqeayeaudaocajbifqydiob4"},
		{Kind: lambdaevent.Removed, PK: "SUB#24", SK: "sub_caaqeayeaudaocajbifqydiob4"},
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("changes %v, want %v", seen, want)
	}
}

func TestStreamAnswersWithSequenceNumbers(t *testing.T) {
	called := 0
	function := lambdaevent.Stream(telemetry.Discard(), func(_ context.Context, c lambdaevent.Change) error {
		called++
		switch {
		case strings.Contains(c.SK, "sub_a"):
			return errors.New("first fails")
		case strings.Contains(c.SK, "sub_c"):
			panic("third panics")
		}
		return nil
	})
	answer, err := function.Invoke(t.Context(), sample(t, "accept-submissions.inserted"))
	want := `{"batchItemFailures":[{"itemIdentifier":"100000000035269812345"},{"itemIdentifier":"300000000035269812345"}]}`
	if err != nil || string(answer) != want || called != 3 {
		t.Errorf("after %d calls: %s, %v", called, answer, err)
	}
}

func TestQueue(t *testing.T) {
	function := lambdaevent.Queue(telemetry.Discard(), func(_ context.Context, m lambdaevent.Message) error {
		if string(m.Body) == `{"export":"exp_baaqeayeaudaocajbifqydiob4"}` {
			return errors.New("no")
		}
		return nil
	})
	answer, err := function.Invoke(t.Context(), sample(t, "build-export.queued"))
	if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"059f36b4-87a3-44ab-83d2-661975970002"}]}` {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestBatchWithoutTimeIsRepeated(t *testing.T) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Millisecond))
	defer cancel()
	function := lambdaevent.Queue(telemetry.Discard(), func(context.Context, lambdaevent.Message) error {
		t.Error("handled without time")
		return nil
	})
	answer, err := function.Invoke(ctx, sample(t, "build-export.queued"))
	if err != nil || strings.Count(string(answer), "itemIdentifier") != 2 {
		t.Errorf("%s, %v", answer, err)
	}
}

func TestFailuresAreLoggedWithoutPanicText(t *testing.T) {
	var out strings.Builder
	function := lambdaevent.Queue(telemetry.NewLogger(&out, nil), func(context.Context, lambdaevent.Message) error { panic("marker") })
	if _, err := function.Invoke(t.Context(), sample(t, "build-export.queued")); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "marker") || !strings.Contains(out.String(), "059f36b4-87a3-44ab-83d2-661975970001") {
		t.Errorf("log: %s", out.String())
	}
}

func TestSchedule(t *testing.T) {
	function := lambdaevent.Schedule(func(_ context.Context, tick lambdaevent.Tick) (map[string]string, error) {
		return map[string]string{"at": tick.At.Format(time.RFC3339), "id": tick.ID}, nil
	})
	for _, name := range []string{"purge-expired.hourly", "seal-audit.minute", "accept-submissions.sweep"} {
		answer, err := function.Invoke(t.Context(), sample(t, name))
		if err != nil || string(answer) != `{"at":"2026-03-02T09:00:00Z","id":"cdc73f9d-aea9-11e3-9d5a-835b769c0d9c"}` {
			t.Errorf("%s: %s, %v", name, answer, err)
		}
	}
	broken := errors.New("broken")
	failing := lambdaevent.Schedule(func(context.Context, lambdaevent.Tick) (int, error) { return 0, broken })
	if _, err := failing.Invoke(t.Context(), sample(t, "seal-audit.minute")); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// What the runtime client prints of an error holds nothing personal.
func TestErrorsThatLeaveAreScrubbed(t *testing.T) {
	for name, function := range map[string]lambdaevent.Function{
		"error": lambdaevent.Schedule(func(context.Context, lambdaevent.Tick) (int, error) { return 0, errors.New("no phone 13900139000") }),
		"panic": lambdaevent.Schedule(func(context.Context, lambdaevent.Tick) (int, error) { panic("marker 13900139000") }),
	} {
		answer, err := function.Invoke(t.Context(), sample(t, "seal-audit.minute"))
		if err == nil || answer != nil || strings.Contains(err.Error(), "13900139000") || strings.Contains(err.Error(), "marker") {
			t.Errorf("%s: %s, %v", name, answer, err)
		}
	}
}

func TestRefusesOtherEvents(t *testing.T) {
	functions := map[string]lambdaevent.Function{
		"stream":   lambdaevent.Stream(telemetry.Discard(), func(context.Context, lambdaevent.Change) error { return nil }),
		"queue":    lambdaevent.Queue(telemetry.Discard(), func(context.Context, lambdaevent.Message) error { return nil }),
		"schedule": lambdaevent.Schedule(func(context.Context, lambdaevent.Tick) (int, error) { return 0, nil }),
	}
	const record = `{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"pk":{"S":"a"},"sk":{"S":"b"}}}}`
	events := map[string]string{
		"nothing": ``, "null": `null`, "empty": `{}`, "null records": `{"Records":null}`, "list": `[]`, "HTTP": `{"version":"2.0","rawPath":"/"}`,
		"no sequence":      `{"Records":[` + strings.Replace(record, `"SequenceNumber":"1",`, ``, 1) + `]}`,
		"misspelt name":    `{"Records":[` + strings.Replace(record, `INSERT`, `ProductDelected`, 1) + `]}`,
		"no keys":          `{"Records":[` + strings.Replace(record, `"pk":{"S":"a"},`, ``, 1) + `]}`,
		"numeric key":      `{"Records":[` + strings.Replace(record, `"S":"a"`, `"N":"1"`, 1) + `]}`,
		"other source":     `{"Records":[` + strings.Replace(record, `aws:dynamodb`, `aws:kinesis`, 1) + `]}`,
		"queue without id": `{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`,
		"other detail":     `{"source":"aws.events","detail-type":"EC2 Instance State-change Notification","time":"2026-03-02T09:00:00Z"}`,
		"other bus":        `{"source":"evil","detail-type":"Scheduled Event","time":"2026-03-02T09:00:00Z"}`,
		"no time":          `{"source":"aws.events","detail-type":"Scheduled Event"}`,
	}
	for kind, function := range functions {
		for name, event := range events {
			if answer, err := function.Invoke(t.Context(), []byte(event)); !errors.Is(err, lambdaevent.ErrEvent) || answer != nil {
				t.Errorf("%s took %s: %s, %v", kind, name, answer, err)
			}
		}
	}
	if _, err := functions["stream"].Invoke(t.Context(), []byte(`{"Records":[`+record+`]}`)); err != nil {
		t.Errorf("the good record among them: %v", err)
	}
}

type reveal struct {
	Customer string `json:"customer"`
	Field    string `json:"field"`
	Purpose  string `json:"purpose"`
	Approval string `json:"approval"`
}

type oneToken struct{ raw string }

func (o oneToken) Verify(_ context.Context, raw string) (identity.Principal, error) {
	switch raw {
	case o.raw:
		return identity.Principal{Issuer: "i", Subject: "staff-1"}, nil
	case "down":
		return identity.Principal{}, identity.ErrUnavailable
	}
	return identity.Principal{}, identity.ErrToken
}

const sampleToken = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJl"

// revealing is a function that answers with who asked for what.
func revealing() lambdaevent.Function {
	failure := func(_ context.Context, err error) *problem.Problem {
		var p *problem.Problem
		if errors.As(err, &p) {
			return p
		}
		return problem.Of(problem.Internal)
	}
	return lambdaevent.Invoked(oneToken{sampleToken}, failure, func(ctx context.Context, in reveal) (string, error) {
		principal, _ := identity.FromContext(ctx)
		switch in.Field {
		case "denied":
			return "", problem.Of(problem.Forbidden, problem.At("body.field", problem.CodeEnum))
		case "broken":
			return "", errors.New("marker")
		}
		return principal.Subject + " " + in.Field + " " + telemetry.RequestID(ctx), nil
	})
}

func TestInvoked(t *testing.T) {
	answer, err := revealing().Invoke(t.Context(), sample(t, "open-restricted.reveal"))
	if err != nil || string(answer) != `{"result":"staff-1 id_number JKJaXmPLvHcESHA="}` {
		t.Errorf("%s, %v", answer, err)
	}
	for name, event := range map[string]string{
		"unknown member":     `{"token":"x","request":{},"user":"boss"}`,
		"doubled member":     `{"token":"x","token":"` + sampleToken + `","request":{}}`,
		"wrong case":         `{"Token":"` + sampleToken + `","request":{}}`,
		"unknown in request": `{"token":"` + sampleToken + `","request":{"colour":1}}`,
		"no request":         `{"token":"` + sampleToken + `"}`,
		"no JSON":            `x`,
	} {
		if answer, err := revealing().Invoke(t.Context(), []byte(event)); !errors.Is(err, lambdaevent.ErrEvent) || answer != nil {
			t.Errorf("%s: %s, %v", name, answer, err)
		}
	}
	for token, status := range map[string]string{"": "401", "other": "401", "down": "503"} {
		answer, err := revealing().Invoke(t.Context(), []byte(`{"token":"`+token+`","request":{}}`))
		if err != nil || !strings.Contains(string(answer), `"status":`+status) || strings.Contains(string(answer), "result") {
			t.Errorf("token %q: %s, %v", token, answer, err)
		}
	}
}

func TestCall(t *testing.T) {
	ctx := telemetry.WithRequestID(identity.With(t.Context(), identity.Principal{Issuer: "i", Subject: "staff-1"}, sampleToken), "req_1")
	got, err := lambdaevent.Call[reveal, string](ctx, revealing(), reveal{Field: "id_number"})
	if err != nil || got != "staff-1 id_number req_1" {
		t.Errorf("%q, %v", got, err)
	}
	var p *problem.Problem
	if _, err := lambdaevent.Call[reveal, string](ctx, revealing(), reveal{Field: "denied"}); !errors.As(err, &p) || p.Status != 403 || p.Type != "/problems/forbidden" ||
		p.Localized("en", "").Title != "This is not allowed" || len(p.Errors) != 1 {
		t.Errorf("problem %v", err)
	}
	if _, err := lambdaevent.Call[reveal, string](ctx, revealing(), reveal{Field: "broken"}); !errors.As(err, &p) || p.Status != 500 || strings.Contains(err.Error(), "marker") {
		t.Errorf("problem %v", err)
	}
	if _, err := lambdaevent.Call[reveal, string](t.Context(), revealing(), reveal{}); !errors.Is(err, identity.ErrToken) {
		t.Errorf("without identity: %v", err)
	}
	down := lambdaevent.Function(func(context.Context, []byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF })
	if _, err := lambdaevent.Call[reveal, string](ctx, down, reveal{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("broken call: %v", err)
	}
}

func TestEitherKindOfEvent(t *testing.T) {
	named := func(name string) lambdaevent.Function {
		return func(context.Context, []byte) ([]byte, error) { return []byte(name), nil }
	}
	function := lambdaevent.Either(named("batch"), named("tick"))
	for sampled, want := range map[string]string{"accept-submissions.inserted": "batch", "accept-submissions.sweep": "tick",
		"build-export.queued": "batch", "build-export.sweep": "tick"} {
		if got, err := function.Invoke(t.Context(), sample(t, sampled)); err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", sampled, got, err)
		}
	}
	if _, err := function.Invoke(t.Context(), []byte("no JSON")); !errors.Is(err, lambdaevent.ErrEvent) {
		t.Errorf("no JSON: %v", err)
	}
}

// Every file in events/ is of exactly one kind, so no sample is dead and none is taken for another.
func TestEverySampleIsOfOneKind(t *testing.T) {
	kinds := map[string]lambdaevent.Function{
		"stream":   lambdaevent.Stream(telemetry.Discard(), func(context.Context, lambdaevent.Change) error { return nil }),
		"queue":    lambdaevent.Queue(telemetry.Discard(), func(context.Context, lambdaevent.Message) error { return nil }),
		"schedule": lambdaevent.Schedule(func(context.Context, lambdaevent.Tick) (int, error) { return 0, nil }),
		"http":     lambdahttp.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})),
		"invoked": lambdaevent.Invoked(oneToken{sampleToken}, func(context.Context, error) *problem.Problem { return nil },
			func(context.Context, map[string]any) (int, error) { return 0, nil }),
	}
	kinds["by hand"] = func(_ context.Context, event []byte) ([]byte, error) { // a list, which somebody invokes a function with once
		var list []map[string]any
		return nil, json.Unmarshal(event, &list)
	}
	files, err := filepath.Glob("../../events/*.json")
	if err != nil || len(files) < 18 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var taken []string
		for kind, function := range kinds {
			if _, err := function.Invoke(t.Context(), event); err == nil {
				taken = append(taken, kind)
			}
		}
		if len(taken) != 1 {
			t.Errorf("%s is taken for %v", filepath.Base(file), taken)
		}
	}
}

func TestBatchesAreMeasured(t *testing.T) {
	var out strings.Builder
	meter := telemetry.NewMeter(&out, "build-export", time.Now)
	ctx := telemetry.WithMeter(t.Context(), meter)
	event := strings.Replace(string(sample(t, "build-export.queued")), `"ApproximateReceiveCount": "1"`, `"ApproximateReceiveCount": "3"`, 1)
	function := lambdaevent.Queue(telemetry.Discard(), func(context.Context, lambdaevent.Message) error { return io.ErrUnexpectedEOF })
	if _, err := function.Invoke(ctx, []byte(event)); err != nil {
		t.Fatal(err)
	}
	meter.Flush(ctx)
	for _, want := range []string{`"batch-failures":2`, `"redelivered":1`, `"event-age":`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}
