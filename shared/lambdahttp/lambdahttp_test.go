package lambdahttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/identity"
	"kexin/shared/lambdahttp"
	"kexin/shared/telemetry"
)

// httpFunctions are the functions whose events are of API Gateway.
var httpFunctions = []string{"serve-pages", "submit-form", "serve-console", "approve", "release-archive", "serve-portal"}

// describe writes down everything that a handler sees of a request.
func describe(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, known := identity.FromContext(r.Context())
	fmt.Fprintf(w, "%s %s %s\nhost %s\nfrom %s %s\nid %s\nidentity %t\nlength %d\n", r.Method, r.URL.Path, r.URL.RawQuery, r.Host, r.RemoteAddr,
		lambdahttp.SourceIP(r.Context()), telemetry.RequestID(r.Context()), known, r.ContentLength)
	names := make([]string, 0, len(r.Header))
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(w, "%s: %s\n", name, strings.Join(r.Header[name], " | "))
	}
	fmt.Fprintf(w, "\n%s\n", body)
}

func invoke(t testing.TB, h http.Handler, ctx context.Context, event []byte) lambdahttp.Answer {
	t.Helper()
	payload, err := lambdahttp.Handler(h).Invoke(ctx, event)
	if err != nil {
		t.Fatal(err)
	}
	var answer lambdahttp.Answer
	if err := json.Unmarshal(payload, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// Every sample event of an HTTP function becomes exactly the request of its golden file. UPDATE_GOLDEN=1 writes the files anew.
func TestGoldenEvents(t *testing.T) {
	seen := 0
	for _, function := range httpFunctions {
		files, err := filepath.Glob("../../events/" + function + ".*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			seen++
			t.Run(filepath.Base(file), func(t *testing.T) {
				event, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				answer := invoke(t, http.HandlerFunc(describe), t.Context(), event)
				golden := filepath.Join("testdata", strings.TrimSuffix(filepath.Base(file), ".json")+".txt")
				if os.Getenv("UPDATE_GOLDEN") == "1" {
					if err := os.WriteFile(golden, []byte(answer.Body), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if answer.Body != string(want) || answer.Status != 200 {
					t.Errorf("status %d, got\n%swant\n%s", answer.Status, answer.Body, want)
				}
			})
		}
	}
	if seen < 12 {
		t.Errorf("only %d sample events", seen)
	}
}

// event returns a valid event after change.
func event(t testing.TB, change func(map[string]any)) []byte {
	t.Helper()
	e := map[string]any{
		"version": "2.0", "rawPath": "/x", "rawQueryString": "", "headers": map[string]any{}, "isBase64Encoded": false,
		"requestContext": map[string]any{"requestId": "r1", "stage": "$default", "domainName": "d", "http": map[string]any{"method": "GET", "sourceIp": "203.0.113.7"}},
	}
	if change != nil {
		change(e)
	}
	encoded, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func TestRefusesOtherEvents(t *testing.T) {
	part := func(e map[string]any, names ...string) map[string]any {
		for _, name := range names {
			e = e[name].(map[string]any)
		}
		return e
	}
	cases := map[string][]byte{
		"no JSON":         []byte("{"),
		"null":            []byte("null"),
		"stream":          []byte(`{"Records":[]}`),
		"schedule":        []byte(`{"version":"0","source":"aws.events"}`),
		"version 1":       event(t, func(e map[string]any) { e["version"] = "1.0" }),
		"no version":      event(t, func(e map[string]any) { delete(e, "version") }),
		"no method":       event(t, func(e map[string]any) { delete(part(e, "requestContext", "http"), "method") }),
		"no request id":   event(t, func(e map[string]any) { delete(part(e, "requestContext"), "requestId") }),
		"no path":         event(t, func(e map[string]any) { e["rawPath"] = "" }),
		"relative path":   event(t, func(e map[string]any) { e["rawPath"] = "x" }),
		"broken escape":   event(t, func(e map[string]any) { e["rawPath"] = "/%zz" }),
		"broken base64":   event(t, func(e map[string]any) { e["body"], e["isBase64Encoded"] = "§", true }),
		"headers a list":  event(t, func(e map[string]any) { e["headers"] = []string{"a"} }),
		"body an object":  event(t, func(e map[string]any) { e["body"] = map[string]any{} }),
		"a token to open": []byte(`{"token":"x","request":{}}`),
	}
	for name, payload := range cases {
		t.Run(name, func(t *testing.T) {
			answer, err := lambdahttp.Handler(http.HandlerFunc(describe)).Invoke(t.Context(), payload)
			if !errors.Is(err, lambdahttp.ErrEvent) || answer != nil {
				t.Errorf("%s, %v", answer, err)
			}
		})
	}
}

func TestStages(t *testing.T) {
	path := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) }
	for _, c := range []struct{ stage, raw, want string }{
		{"$default", "/v1/x", "/v1/x"}, {"prod", "/prod/v1/x", "/v1/x"}, {"prod", "/prod", "/"}, {"prod", "/prod/", "/"}, {"prod", "/v1/x", "/v1/x"},
		{"v1", "/v1/v1/x", "/v1/x"}, {"prod", "/production/x", "/production/x"}, {"", "/x", "/x"}, {"$default", "/a%20b", "/a b"},
	} {
		answer := invoke(t, http.HandlerFunc(path), t.Context(), event(t, func(e map[string]any) {
			e["rawPath"] = c.raw
			e["requestContext"].(map[string]any)["stage"] = c.stage
		}))
		if answer.Body != c.want {
			t.Errorf("stage %q of %s: %s, want %s", c.stage, c.raw, answer.Body, c.want)
		}
	}
}

// Cookies come from the gateway's list, the host from its domain, whatever headers say.
func TestHeadersThatTheGatewayOwns(t *testing.T) {
	answer := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s|%s|%s", r.Host, r.Header.Get("Host"), r.Header.Get("Cookie"))
	}), t.Context(), event(t, func(e map[string]any) {
		e["headers"] = map[string]any{"cookie": "evil=1", "host": "evil"}
	}))
	if answer.Body != "d||" {
		t.Errorf("host, header, cookie: %s", answer.Body)
	}
}

func TestAnswers(t *testing.T) {
	write := func(kind string, body []byte) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Add("X-Many", "a")
			w.Header().Add("X-Many", "b")
			w.Header().Set("Content-Length", "7")
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(body)
		})
	}
	for _, c := range []struct {
		kind, body string
		base64     bool
	}{
		{"application/json", `{"名":"<b>"}`, false}, {"application/problem+json", "{}", false}, {"text/html; charset=utf-8", "<p>", false},
		{"image/svg+xml", "<svg/>", false}, {"application/octet-stream", "abc", true}, {"image/png", "\x89PNG", true}, {"text/plain", "a\xff", true}, {"", "x", false},
		{"nonsense;;", "x", true},
	} {
		answer := invoke(t, write(c.kind, []byte(c.body)), t.Context(), event(t, nil))
		body := answer.Body
		if answer.Base64 {
			var decoded []byte
			if err := json.Unmarshal([]byte(`"`+body+`"`), &decoded); err != nil {
				t.Fatal(err)
			}
			body = string(decoded)
		}
		if answer.Base64 != c.base64 || body != c.body || answer.Status != 201 || answer.Headers["X-Many"] != "a, b" || len(answer.Cookies) != 2 {
			t.Errorf("%s: %+v", c.kind, answer)
		}
		for name := range answer.Headers {
			if name == "Set-Cookie" || name == "Content-Length" {
				t.Errorf("%s among the headers", name)
			}
		}
	}
}

func TestHEADHasNoBody(t *testing.T) {
	answer := invoke(t, http.HandlerFunc(describe), t.Context(), event(t, func(e map[string]any) {
		e["requestContext"].(map[string]any)["http"].(map[string]any)["method"] = "HEAD"
	}))
	if answer.Body != "" || answer.Status != 200 {
		t.Errorf("%+v", answer)
	}
}

func TestPanicIsOpaque(t *testing.T) {
	answer := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Marker", "marker")
		_, _ = io.WriteString(w, "marker")
		panic("marker")
	}), t.Context(), event(t, nil))
	encoded := fmt.Sprintf("%+v", answer)
	if answer.Status != 500 || strings.Contains(encoded, "arker") || answer.Headers["Content-Type"] != "application/problem+json" || !strings.Contains(answer.Body, "urn:kexin:request:r1") {
		t.Errorf("%s", encoded)
	}
}

func TestTooLongAnswerIsOpaque(t *testing.T) {
	answer := invoke(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("\x00marker"), 1<<20))
	}), t.Context(), event(t, nil))
	if answer.Status != 500 || len(answer.Body) > 1000 {
		t.Errorf("status %d with %d bytes", answer.Status, len(answer.Body))
	}
}

func TestTimeLeft(t *testing.T) {
	now := time.Now()
	ctx, cancel := context.WithDeadline(t.Context(), now.Add(time.Hour))
	defer cancel()
	var deadline time.Time
	called := 0
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called++
		deadline, _ = r.Context().Deadline()
	})
	invoke(t, handler, ctx, event(t, nil))
	if !deadline.Before(now.Add(time.Hour)) || deadline.Before(now.Add(59*time.Minute)) {
		t.Errorf("deadline of the request %v of an invocation until %v", deadline, now.Add(time.Hour))
	}
	late, cancelLate := context.WithDeadline(t.Context(), now.Add(time.Millisecond))
	defer cancelLate()
	if answer := invoke(t, handler, late, event(t, nil)); answer.Status != 503 || answer.Headers["Retry-After"] == "" || called != 1 {
		t.Errorf("without time: %+v, called %d times", answer, called)
	}
}

func TestTrace(t *testing.T) {
	//lint:ignore SA1029 the key is that of Lambda's runtime client
	ctx := context.WithValue(t.Context(), "x-amzn-trace-id", "Root=1-2-3")
	var trace string
	invoke(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { trace = telemetry.Trace(r.Context()) }), ctx,
		event(t, func(e map[string]any) { e["headers"] = map[string]any{"x-amzn-trace-id": "Root=of-client"} }))
	if trace != "Root=1-2-3" {
		t.Errorf("trace %q", trace)
	}
}

// Whatever bytes go in as a body or come out as one arrive unchanged.
func TestBodiesArriveUnchanged(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Accept"))
		_, _ = io.Copy(w, r.Body)
	})
	rapid.Check(t, func(rt *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(rt, "body")
		kind := rapid.SampledFrom([]string{"application/json", "application/octet-stream"}).Draw(rt, "kind")
		answer := invoke(t, echo, context.Background(), event(t, func(e map[string]any) {
			encoded, _ := json.Marshal(body)
			e["body"], e["isBase64Encoded"] = strings.Trim(string(encoded), `"`), true
			if len(body) == 0 {
				e["body"] = ""
			}
			e["headers"] = map[string]any{"accept": kind}
		}))
		got := []byte(answer.Body)
		if answer.Base64 {
			if err := json.Unmarshal([]byte(`"`+answer.Body+`"`), &got); err != nil {
				rt.Fatal(err)
			}
		}
		if !bytes.Equal(got, body) {
			rt.Fatalf("%x became %x", body, got)
		}
	})
}

// FuzzHandler: no event makes the adapter panic, and what it answers is an answer.
func FuzzHandler(f *testing.F) {
	f.Add(event(f, nil))
	f.Fuzz(func(t *testing.T, payload []byte) {
		answer, err := lambdahttp.Handler(http.HandlerFunc(describe)).Invoke(context.Background(), payload)
		if (err == nil) == (answer == nil) {
			t.Fatalf("%s, %v", answer, err)
		}
	})
}
