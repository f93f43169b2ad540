package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/telemetry"
)

func TestRefusalsOfRequests(t *testing.T) {
	cases := []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		kind                       problem.Kind
		field                      string
		code                       problem.Code
	}{
		{"content type", "POST", "/v1/things", `{"name":"ab"}`, []string{goodKey, "Content-Type:", "Content-Type: text/" + "marker"}, 415, problem.UnsupportedType, "", ""},
		{"no content type", "POST", "/v1/things", `{"name":"ab"}`, []string{goodKey, "Content-Type:"}, 415, problem.UnsupportedType, "", ""},
		{"two content types", "POST", "/v1/things", `{"name":"ab"}`, []string{goodKey, "Content-Type: application/json"}, 415, problem.UnsupportedType, "", ""},
		{"charset", "POST", "/v1/things", `{"name":"ab"}`, []string{goodKey, "Content-Type:", "Content-Type: application/json; charset=gbk"}, 415, problem.UnsupportedType, "", ""},
		{"compressed", "POST", "/v1/things", `{"name":"ab"}`, []string{goodKey, "Content-Encoding: gzip"}, 415, problem.UnsupportedType, "", ""},
		{"too large", "POST", "/v1/things", `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, []string{goodKey}, 413, problem.BodyTooLarge, "", ""},
		{"unexpected body", "POST", "/v1/fail/x", `{"marker":1}`, nil, 400, problem.UnexpectedBody, "", ""},
		{"no idempotency key", "POST", "/v1/things", `{"name":"ab"}`, nil, 400, problem.MissingHeader, "header.Idempotency-Key", problem.CodeRequired},
		{"short key", "POST", "/v1/things", `{"name":"ab"}`, []string{"Idempotency-Key: marker"}, 400, problem.MalformedHeader, "header.Idempotency-Key", problem.CodeFormat},
		{"UUID as key", "POST", "/v1/things", `{"name":"ab"}`, []string{"Idempotency-Key: 2f1f0f5c-6f0e-4c39-9d3e-1b0d3c7f1a2b"}, 400, problem.MalformedHeader, "header.Idempotency-Key", problem.CodeFormat},
		{"two keys", "POST", "/v1/things", `{"name":"ab"}`, []string{goodKey, goodKey}, 400, problem.MalformedHeader, "header.Idempotency-Key", problem.CodeDuplicateParameter},
		{"no If-Match", "PATCH", "/v1/things/x", `{"name":"ab"}`, nil, 428, problem.PreconditionRequired, "header.If-Match", problem.CodeRequired},
		{"any If-Match", "PATCH", "/v1/things/x", `{"name":"ab"}`, []string{"If-Match: *"}, 400, problem.MalformedHeader, "header.If-Match", problem.CodeFormat},
		{"weak If-Match", "PATCH", "/v1/things/x", `{"name":"ab"}`, []string{`If-Match: W/"7"`}, 400, problem.MalformedHeader, "header.If-Match", problem.CodeFormat},
		{"bare If-Match", "PATCH", "/v1/things/x", `{"name":"ab"}`, []string{`If-Match: 7`}, 400, problem.MalformedHeader, "header.If-Match", problem.CodeFormat},
		{"padded If-Match", "PATCH", "/v1/things/x", `{"name":"ab"}`, []string{`If-Match: "07"`}, 400, problem.MalformedHeader, "header.If-Match", problem.CodeFormat},
		{"stale If-Match", "PATCH", "/v1/things/x", `{"name":"ab"}`, []string{`If-Match: "6"`}, 412, problem.PreconditionFailed, "header.If-Match", problem.CodeInvalid},
		{"unknown parameter", "GET", "/v1/things?colour=marker", "", nil, 422, problem.InvalidField, "query.colour", problem.CodeUnknownParameter},
		{"personal parameter", "GET", "/v1/things?13800138000=marker", "", nil, 422, problem.InvalidField, "query.?", problem.CodeUnknownParameter},
		{"parameter in another case", "GET", "/v1/things?Limit=7", "", nil, 422, problem.InvalidField, "query.Limit", problem.CodeUnknownParameter},
		{"escaped parameter", "GET", "/v1/things?%6cimit=7", "", nil, 422, problem.InvalidField, "query.?", problem.CodeUnknownParameter},
		{"doubled parameter", "GET", "/v1/things?limit=7&limit=8", "", nil, 422, problem.InvalidField, "query.limit", problem.CodeDuplicateParameter},
		{"empty parameter", "GET", "/v1/things?limit=", "", nil, 422, problem.InvalidField, "query.limit", problem.CodeInvalid},
		{"parameter type", "GET", "/v1/things?limit=marker", "", nil, 422, problem.InvalidField, "query.limit", problem.CodeType},
		{"parameter range", "GET", "/v1/things?limit=13800138000", "", nil, 422, problem.InvalidField, "query.limit", problem.CodeTooLarge},
		{"parameter enum", "GET", "/v1/things?kind=marker", "", nil, 422, problem.InvalidField, "query.kind", problem.CodeEnum},
		{"broken escape", "GET", "/v1/things?kind=%zzmarker", "", nil, 400, problem.MalformedQuery, "", ""},
		{"broken UTF-8 in query", "GET", "/v1/things?kind=%ffmarker", "", nil, 400, problem.MalformedQuery, "", ""},
		{"NUL in query", "GET", "/v1/things?kind=%00marker", "", nil, 400, problem.MalformedQuery, "", ""},
		{"semicolon in query", "GET", "/v1/things?kind=a;marker=1", "", nil, 400, problem.MalformedQuery, "", ""},
		{"query where none is declared", "POST", "/v1/fail/x?colour=marker", "", nil, 422, problem.InvalidField, "query.colour", problem.CodeUnknownParameter},
		{"no route", "GET", "/v1/marker", "", nil, 404, problem.NotFound, "", ""},
		{"no route of huma's", "GET", "/docs", "", nil, 404, problem.NotFound, "", ""},
		{"no schemas", "GET", "/schemas/Form.json", "", nil, 404, problem.NotFound, "", ""},
		{"untidy path", "GET", "/v1//things/../marker", "", nil, 404, problem.NotFound, "", ""},
		{"broken path", "GET", "/v1/things%ffmarker", "", nil, 404, problem.NotFound, "", ""},
		{"NUL in path", "PATCH", "/v1/things/%00marker", "", nil, 404, problem.NotFound, "", ""},
		{"method", "DELETE", "/v1/things", "", nil, 405, problem.MethodNotAllowed, "", ""},
		{"invented method", "MARKER", "/v1/things", "", nil, 405, problem.MethodNotAllowed, "", ""},
		{"domain error", "POST", "/v1/fail/domain", "", nil, 409, problem.Conflict, "", ""},
		{"deadline", "POST", "/v1/fail/deadline", "", nil, 503, problem.Timeout, "", ""},
		{"field of a handler", "POST", "/v1/fail/field", "", nil, 422, problem.InvalidField, "body.fields.phone", problem.CodePattern},
		{"error of huma's", "POST", "/v1/fail/huma", "", nil, 404, problem.NotFound, "", ""},
		{"unknown error", "POST", "/v1/fail/other", "", nil, 500, problem.Internal, "", ""},
		{"panic", "POST", "/v1/fail/panic", "", nil, 500, problem.Internal, "", ""},
		{"panic after writing", "GET", "/half", "", nil, 500, problem.Internal, "", ""},
		{"no identity", "GET", "/v1/who", "", nil, 401, problem.Unauthorized, "", ""},
		{"refused token", "GET", "/v1/who?marker=1", "", []string{"Authorization: Bearer marker"}, 401, problem.Unauthorized, "", ""},
		{"issuer down", "GET", "/v1/who", "", []string{"Authorization: Bearer down"}, 503, problem.Unavailable, "", ""},
		{"operation without authentication", "GET", "/v1/forgotten", "", []string{"Authorization: Bearer good"}, 401, problem.Unauthorized, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			wantProblem(t, r.problemOf(r.request(c.method, c.target, c.body, c.headers...), c.status), c.kind, c.field, c.code)
			if log := r.log.String(); strings.Contains(log, "13800138000") || strings.Contains(log, "marker=") || strings.Contains(log, "/marker") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestMethodNotAllowedNamesMethods(t *testing.T) {
	r := newRig(t)
	if allow := r.request("DELETE", "/v1/things", "").Header().Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("Allow %q", allow)
	}
}

func TestIdentityReachesHandler(t *testing.T) {
	r := newRig(t)
	w := r.request("GET", "/v1/who", "", "Authorization: Bearer good")
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"subject":"staff-1"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestLanguages(t *testing.T) {
	r := newRig(t)
	for accept, want := range map[string]string{
		"": "未找到", "fr": "未找到", "en": "Not found", "zh-CN,en;q=0.5": "未找到", "en-GB, zh;q=0.9": "Not found", "zh;q=0.2,en;q=0.8": "Not found",
		"en;q=0, zh;q=0.1": "未找到", "en;q=marker": "未找到",
	} {
		if p := r.problemOf(r.request("GET", "/nowhere", "", "Accept-Language: "+accept), 404); p.Title != want {
			t.Errorf("%q: title %q, want %q", accept, p.Title, want)
		}
	}
	p := r.problemOf(r.request("POST", "/v1/things", `{}`, goodKey, "Accept-Language: en"), 422)
	if p.Errors[0].Message != "is required" {
		t.Errorf("message %q", p.Errors[0].Message)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	r := newRig(t)
	seen := map[string]bool{}
	for _, target := range []string{"/v1/things", "/nowhere", "/half", "/page", "/openapi.json", "/v1/who", "/big", "/v1//x"} {
		w := r.request("GET", target, "")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q", target, name, got)
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", target, csp)
		}
		id := w.Header().Get("X-Request-Id")
		if !strings.HasPrefix(id, "req_") || seen[id] {
			t.Errorf("%s: request id %q", target, id)
		}
		seen[id] = true
	}
}

func TestRequestIDOfClientIsIgnored(t *testing.T) {
	r := newRig(t)
	if id := r.request("GET", "/v1/things", "", "X-Request-Id: mine", "X-Amzn-Requestid: mine").Header().Get("X-Request-Id"); id == "mine" {
		t.Error("the client chose the request id")
	}
}

func TestAccessLog(t *testing.T) {
	r := newRig(t)
	w := r.request("PATCH", "/v1/things/cus_marker", `{"name":"`+marker+`"}`, `If-Match: "7"`, "Authorization: Bearer marker")
	var line map[string]any
	if err := json.Unmarshal(r.log.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, r.log.String())
	}
	for name, want := range map[string]any{"method": "PATCH", "pattern": "PATCH /v1/things/{id}", "status": 200.0, "request_id": w.Header().Get("X-Request-Id")} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if strings.Contains(r.log.String(), "marker") {
		t.Errorf("log holds the request: %s", r.log.String())
	}
}

func TestUnknownErrorIsOnlyInTheLog(t *testing.T) {
	r := newRig(t)
	w := r.request("POST", "/v1/fail/other", "")
	r.problemOf(w, 500)
	if !strings.Contains(r.log.String(), "secret detail") || !strings.Contains(r.log.String(), w.Header().Get("X-Request-Id")) {
		t.Errorf("the log does not explain the 500: %s", r.log.String())
	}
}

func TestPanicInLogHasPlaceAndNoText(t *testing.T) {
	r := newRig(t)
	r.request("POST", "/v1/fail/panic", "")
	if log := r.log.String(); !strings.Contains(log, "httpapi_test.fail") || strings.Contains(log, "marker") {
		t.Errorf("log: %s", log)
	}
}

func TestLongAnswersPass(t *testing.T) {
	r := newRig(t)
	if w := r.request("GET", "/big", ""); w.Code != 200 || w.Body.Len() != 200<<10 {
		t.Errorf("%d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestRandomnessFailing(t *testing.T) {
	api := httpapi.New(httpapi.Info{Title: "T", Version: "1", Now: time.Now, Random: strings.NewReader("")})
	recorder := httptest.NewRecorder()
	api.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/openapi.json", nil))
	if recorder.Code != 500 {
		t.Errorf("status %d without randomness", recorder.Code)
	}
}

func TestOpenAPI(t *testing.T) {
	r := newRig(t)
	w := r.request("GET", "/openapi.json", "")
	var document struct {
		OpenAPI string                               `json:"openapi"`
		Paths   map[string]map[string]huma.Operation `json:"paths"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" || len(document.Paths) != 5 {
		t.Errorf("version %s, %d paths", document.OpenAPI, len(document.Paths))
	}
	if strings.Contains(w.Body.String(), "$schema") || !strings.Contains(w.Body.String(), "application/problem+json") {
		t.Error("schema links, or no problems")
	}
	for _, want := range []string{`"name":"If-Match"`, `"name":"Idempotency-Key"`, `"bearer":{`, `"security":[{"bearer":[]}]`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("document lacks %s", want)
		}
	}
}

// A real server: a handler that runs longer than huma's read deadline of five seconds would be cancelled by it; the edge turns it off.
// Here only that the connection survives and that a panic after much was sent closes it.
func TestOverRealConnections(t *testing.T) {
	api := httpapi.New(httpapi.Info{Title: "T", Version: "1", Now: time.Now, Random: rand.Reader})
	api.Handle("GET /breaks", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 100<<10))
		panic("late")
	}))
	registerTestOperations(api)
	server := httptest.NewServer(api.Handler())
	defer server.Close()
	answer, err := server.Client().Get(server.URL + "/breaks")
	if err == nil {
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
	}
	if err == nil {
		t.Error("a broken answer looks whole")
	}
	head, err := server.Client().Head(server.URL + "/v1/things")
	if err != nil || head.StatusCode != 200 {
		t.Errorf("HEAD: %v %v", head, err)
	}
	_ = head.Body.Close()
}

func TestLanguageAndBodyInContext(t *testing.T) {
	api := httpapi.New(httpapi.Info{Title: "T", Version: "1", Now: time.Now, Random: rand.Reader})
	var language record.Language
	var body []byte
	var mac [32]byte
	var source string
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "x", Method: "POST", Path: "/x"}), func(ctx context.Context, in *createInput) (*answer, error) {
		language, body, source = httpapi.Language(ctx), bytes.Clone(httpapi.RawBody(ctx)), httpapi.SourceIP(ctx)
		var err error
		mac, err = in.BodyMAC(ctx)
		return &answer{}, err
	})
	request := httptest.NewRequest("POST", "/x", strings.NewReader(`{"name":"ab"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Language", "en")
	request.Header.Set("X-Forwarded-For", "198.51.100.9")
	request.Header.Set("Idempotency-Key", strings.TrimPrefix(goodKey, "Idempotency-Key: "))
	api.Handler().ServeHTTP(httptest.NewRecorder(), request)
	if source != "192.0.2.1" {
		t.Errorf("source %q", source)
	}
	if language != record.English || string(body) != `{"name":"ab"}` || mac == [32]byte{} {
		t.Errorf("language %q, body %q, mac %x", language, body, mac)
	}
	if httpapi.Language(context.Background()) != record.Chinese || httpapi.RawBody(context.Background()) != nil {
		t.Error("defaults outside a request")
	}
}

func TestPlatformRequestIDWins(t *testing.T) {
	r := newRig(t)
	request := httptest.NewRequest("GET", "/v1/things", nil)
	request = request.WithContext(telemetry.WithRequestID(request.Context(), "Abc-1="))
	recorder := httptest.NewRecorder()
	r.handler.ServeHTTP(recorder, request)
	if got := recorder.Header().Get("X-Request-Id"); got != "Abc-1=" {
		t.Errorf("request id %q", got)
	}
}

var _ identity.Verifier = fixedVerifier{}
