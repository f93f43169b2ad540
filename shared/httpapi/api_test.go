package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/problem"
	"kexin/shared/telemetry"
)

const marker = "张三marker13800138000x7"

var errDomain = errors.New("domain says no")

type contact struct {
	Kind  string `json:"kind" enum:"phone,email"`
	Value string `json:"value" maxLength:"20"`
}

type form struct {
	Name     string            `json:"name" minLength:"2" maxLength:"10"`
	Code     string            `json:"code,omitempty" pattern:"^[a-z]+$"`
	Day      string            `json:"day,omitempty" format:"date"`
	Mail     string            `json:"mail,omitempty" format:"email"`
	Site     string            `json:"site,omitempty" format:"uri"`
	ID       string            `json:"id,omitempty" format:"uuid"`
	Count    int               `json:"count,omitempty" minimum:"1" maximum:"9"`
	Ratio    float64           `json:"ratio,omitempty" exclusiveMinimum:"0" exclusiveMaximum:"1"`
	Step     int               `json:"step,omitempty" multipleOf:"5"`
	Agreed   bool              `json:"agreed,omitempty"`
	Raw      []byte            `json:"raw,omitempty"`
	Contacts []contact         `json:"contacts,omitempty" maxItems:"3"`
	Tags     []string          `json:"tags,omitempty" minItems:"2" uniqueItems:"true"`
	Fields   map[string]string `json:"fields,omitempty"`
	Nick     *string           `json:"nick,omitempty" nullable:"true"`

	Patch map[string]*string `json:"patch,omitempty"`
}

type createInput struct {
	httpapi.Repeatable
	Body form
}

type listInput struct {
	httpapi.Paged
	Kind string `query:"kind" enum:"a,b"`
}

type changeInput struct {
	httpapi.Conditional
	ID   string `path:"id"`
	Body struct {
		Name string `json:"name"`
	}
}

type answer struct {
	Body struct {
		OK      bool   `json:"ok"`
		Subject string `json:"subject,omitempty"`
		Limit   int    `json:"limit,omitempty"`
		Version int64  `json:"version,omitempty"`
	}
}

// rig is an API with one operation of each sort, and its log.
type rig struct {
	t       *testing.T
	handler http.Handler
	log     bytes.Buffer
}

type fixedVerifier struct{}

func (fixedVerifier) Verify(_ context.Context, raw string) (identity.Principal, error) {
	switch raw {
	case "good":
		return identity.Principal{Issuer: "urn:test", Subject: "staff-1"}, nil
	case "down":
		return identity.Principal{}, identity.ErrUnavailable
	}
	return identity.Principal{}, identity.ErrToken
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t}
	api := httpapi.New(httpapi.Info{
		Title: "Test", Version: "1", Random: rand.Reader, Now: time.Now, TLS: true,
		Log:    telemetry.NewLogger(&r.log, slog.LevelDebug),
		Errors: []httpapi.Rule{{Err: errDomain, Problem: problem.Of(problem.Conflict)}},
	})
	registerTestOperations(api)
	r.handler = api.Handler()
	return r
}

func registerTestOperations(api *httpapi.API) {
	post := func(id, path string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path}
	}
	httpapi.Register(api, httpapi.Public(post("create", "/v1/things")), func(_ context.Context, in *createInput) (*answer, error) {
		out := &answer{}
		out.Body.OK = true
		return out, nil
	})
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "list", Method: http.MethodGet, Path: "/v1/things"}),
		func(_ context.Context, in *listInput) (*answer, error) {
			out := &answer{}
			out.Body.Limit = in.Limit
			return out, nil
		})
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "change", Method: http.MethodPatch, Path: "/v1/things/{id}"}),
		func(_ context.Context, in *changeInput) (*answer, error) {
			version, err := in.Version()
			if err != nil || version != 7 {
				return nil, httpapi.ErrStale()
			}
			out := &answer{}
			out.Body.Version = version
			return out, nil
		})
	httpapi.Register(api, httpapi.Public(post("fail", "/v1/fail/{how}")), fail)
	httpapi.Register(api.With(identity.Require(fixedVerifier{})), huma.Operation{OperationID: "who", Method: http.MethodGet, Path: "/v1/who"},
		func(ctx context.Context, _ *struct{}) (*answer, error) {
			principal, _ := identity.FromContext(ctx)
			out := &answer{}
			out.Body.Subject = principal.Subject
			return out, nil
		})
	httpapi.Register(api, huma.Operation{OperationID: "forgotten", Method: http.MethodGet, Path: "/v1/forgotten"},
		func(context.Context, *struct{}) (*answer, error) { return &answer{}, nil })
	api.Handle("GET /half", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, marker)
		panic(marker)
	}))
	api.Handle("GET /page", httpapi.Page(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html>")
	})))
	api.Handle("GET /big", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 200<<10))
	}))
}

func fail(_ context.Context, in *struct {
	How string `path:"how"`
}) (*answer, error) {
	switch in.How {
	case "domain":
		return nil, errors.Join(errors.New("change thing"), errDomain)
	case "deadline":
		return nil, context.DeadlineExceeded
	case "field":
		return nil, problem.Invalid(problem.At("body.fields.phone", problem.CodePattern))
	case "huma":
		return nil, huma.Error404NotFound("no " + marker)
	case "panic":
		panic(marker)
	}
	return nil, errors.New("secret detail of " + marker)
}

// request sends one request; headers are "Name: value".
func (r *rig) request(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if value == "" {
			request.Header.Del(strings.TrimSuffix(name, ":"))
		} else {
			request.Header.Add(name, value)
		}
	}
	recorder := httptest.NewRecorder()
	r.handler.ServeHTTP(recorder, request)
	return recorder
}

// problemOf checks everything that holds of every problem and returns it.
func (r *rig) problemOf(w *httptest.ResponseRecorder, status int) problem.Problem {
	r.t.Helper()
	var p problem.Problem
	if w.Code != status {
		r.t.Errorf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		r.t.Errorf("content type %q", got)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		r.t.Fatalf("problem is not JSON: %v: %s", err, w.Body)
	}
	if p.Status != status || !strings.HasPrefix(p.Type, "/problems/") || p.Title == "" || p.Instance != "urn:kexin:request:"+w.Header().Get("X-Request-Id") {
		r.t.Errorf("incomplete problem %s", w.Body)
	}
	r.clean(w)
	return p
}

// clean fails when the marker came back or went to the log.
func (r *rig) clean(w *httptest.ResponseRecorder) {
	r.t.Helper()
	for _, part := range []string{"marker", "张三", "13800138000", ".go:", "goroutine"} {
		if strings.Contains(w.Body.String(), part) {
			r.t.Errorf("answer holds %q: %s", part, w.Body)
		}
	}
}

const goodKey = "Idempotency-Key: q83vEjRWeJCrze8SNFZ4kA"

func TestAcceptsWhatIsDeclared(t *testing.T) {
	r := newRig(t)
	w := r.request("POST", "/v1/things", `{"name":"李四光","contacts":[{"kind":"phone","value":"1"}],"fields":{"phone":"1"},"nick":null,"patch":{"phone":null,"code":"x"}}`, goodKey)
	if w.Code != 200 {
		t.Errorf("create: %d %s", w.Code, w.Body)
	}
	if w := r.request("GET", "/v1/things?limit=7&kind=a", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"limit":7`) {
		t.Errorf("list: %d %s", w.Code, w.Body)
	}
	if w := r.request("GET", "/v1/things", ""); !strings.Contains(w.Body.String(), `"limit":50`) {
		t.Errorf("default limit: %s", w.Body)
	}
	if w := r.request("PATCH", "/v1/things/x", `{"name":"a"}`, `If-Match: "7"`); w.Code != 200 {
		t.Errorf("change: %d %s", w.Code, w.Body)
	}
}

func TestRefusalsOfBodies(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	cases := []struct {
		name, body string
		status     int
		kind       problem.Kind
		field      string
		code       problem.Code
	}{
		{"missing", "", 400, problem.MissingBody, "", ""},
		{"not JSON", marker, 400, problem.MalformedBody, "body", problem.CodeSyntax},
		{"cut off", `{"name":"` + marker, 400, problem.MalformedBody, "body.name", problem.CodeSyntax},
		{"trailing value", `{"name":"ab"}{"name":"` + marker + `"}`, 400, problem.MalformedBody, "body", problem.CodeTrailing},
		{"trailing text", `{"name":"ab"}` + marker, 400, problem.MalformedBody, "body", problem.CodeTrailing},
		{"broken UTF-8", "{\"name\":\"marker\xff\"}", 400, problem.MalformedBody, "body", problem.CodeEncoding},
		{"lone surrogate", `{"name":"marker\ud800"}`, 400, problem.MalformedBody, "body.name", problem.CodeSyntax},
		{"byte order mark", "\ufeff{}", 400, problem.MalformedBody, "body", problem.CodeSyntax},
		{"NUL", `{"name":"a\u0000` + marker + `"}`, 400, problem.MalformedBody, "body.name", problem.CodeEncoding},
		{"raw NUL", "{\"name\":\"a\x00marker\"}", 400, problem.MalformedBody, "body.name", problem.CodeSyntax},
		{"NUL in a name", `{"fields":{"a\u0000b":"x"}}`, 400, problem.MalformedBody, "body.fields", problem.CodeEncoding},
		{"too deep", `{"fields":` + deep + `}`, 400, problem.MalformedBody, "body", problem.CodeTooDeep},
		{"doubled", `{"name":"ab","name":"` + marker + `"}`, 400, problem.MalformedBody, "body.name", problem.CodeDuplicateMember},
		{"doubled by escape", `{"name":"ab","n\u0061me":"` + marker + `"}`, 400, problem.MalformedBody, "body.name", problem.CodeDuplicateMember},
		{"doubled in a map", `{"name":"ab","fields":{"x":"1","x":"2"}}`, 400, problem.MalformedBody, "body.fields.x", problem.CodeDuplicateMember},
		{"unknown", `{"name":"ab","colour":"` + marker + `"}`, 422, problem.InvalidField, "body.colour", problem.CodeUnknownMember},
		{"unknown personal name", `{"name":"ab","13800138000":1}`, 422, problem.InvalidField, "body.?", problem.CodeUnknownMember},
		{"wrong case", `{"Name":"` + marker + `"}`, 422, problem.InvalidField, "body.Name", problem.CodeWrongCase},
		{"wrong case inside", `{"name":"ab","contacts":[{"kind":"phone","VALUE":"` + marker + `"}]}`, 422, problem.InvalidField, "body.contacts[0].VALUE", problem.CodeWrongCase},
		{"$schema", `{"name":"ab","$schema":"x"}`, 422, problem.InvalidField, "body.?", problem.CodeUnknownMember},
		{"null", `{"name":null}`, 422, problem.InvalidField, "body.name", problem.CodeNull},
		{"null optional", `{"name":"ab","code":null}`, 422, problem.InvalidField, "body.code", problem.CodeNull},
		{"null array", `{"name":"ab","tags":null}`, 422, problem.InvalidField, "body.tags", problem.CodeNull},
		{"null body", `null`, 422, problem.InvalidField, "body", problem.CodeNull},
		{"no object", `["` + marker + `"]`, 422, problem.InvalidField, "body", problem.CodeType},
		{"required", `{"code":"a"}`, 422, problem.InvalidField, "body.name", problem.CodeRequired},
		{"type", `{"name":13800138000}`, 422, problem.InvalidField, "body.name", problem.CodeType},
		{"too short", `{"name":"张"}`, 422, problem.InvalidField, "body.name", problem.CodeTooShort},
		{"too long", `{"name":"` + marker + `"}`, 422, problem.InvalidField, "body.name", problem.CodeTooLong},
		{"pattern", `{"name":"ab","code":"` + marker + `"}`, 422, problem.InvalidField, "body.code", problem.CodePattern},
		{"date", `{"name":"ab","day":"` + marker + `"}`, 422, problem.InvalidField, "body.day", problem.CodeFormat},
		{"mail", `{"name":"ab","mail":"` + marker + `"}`, 422, problem.InvalidField, "body.mail", problem.CodeFormat},
		{"uri", `{"name":"ab","site":"http://[` + marker + `"}`, 422, problem.InvalidField, "body.site", problem.CodeFormat},
		{"uuid", `{"name":"ab","id":"` + marker + `"}`, 422, problem.InvalidField, "body.id", problem.CodeFormat},
		{"base64", `{"name":"ab","raw":"` + marker + `"}`, 422, problem.InvalidField, "body.raw", problem.CodeFormat},
		{"bool", `{"name":"ab","agreed":"` + marker + `"}`, 422, problem.InvalidField, "body.agreed", problem.CodeType},
		{"small", `{"name":"ab","count":-13800138000}`, 422, problem.InvalidField, "body.count", problem.CodeTooSmall},
		{"large", `{"name":"ab","count":13800138000}`, 422, problem.InvalidField, "body.count", problem.CodeTooLarge},
		{"huge", `{"name":"ab","ratio":1e13800138000}`, 400, problem.MalformedBody, "body", problem.CodeInvalid},
		{"exclusive", `{"name":"ab","ratio":1}`, 422, problem.InvalidField, "body.ratio", problem.CodeTooLarge},
		{"fraction", `{"name":"ab","count":1.5}`, 422, problem.InvalidField, "body.count", problem.CodeType},
		{"multiple", `{"name":"ab","step":7}`, 422, problem.InvalidField, "body.step", problem.CodeFormat},
		{"enum", `{"name":"ab","contacts":[{"kind":"` + marker + `","value":"1"}]}`, 422, problem.InvalidField, "body.contacts[0].kind", problem.CodeEnum},
		{"required inside", `{"name":"ab","contacts":[{"kind":"phone"}]}`, 422, problem.InvalidField, "body.contacts[0].value", problem.CodeRequired},
		{"too few", `{"name":"ab","tags":["` + marker + `"]}`, 422, problem.InvalidField, "body.tags", problem.CodeTooFew},
		{"objects that must be unique", `{"name":"ab","tags":[{},{"` + marker + `":1}]}`, 422, problem.InvalidField, "body.tags[0]", problem.CodeType},
		{"not unique", `{"name":"ab","tags":["` + marker + `","` + marker + `"]}`, 422, problem.InvalidField, "body.tags", problem.CodeNotUnique},
		{"map value", `{"name":"ab","fields":{"phone":["` + marker + `"]}}`, 422, problem.InvalidField, "body.fields.phone", problem.CodeType},
		{"map value of a personal name", `{"name":"ab","fields":{"` + marker + `":1}}`, 422, problem.InvalidField, "body.fields.?", problem.CodeType},
	}
	r := newRig(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := (&rig{t: t}).problemOf(r.request("POST", "/v1/things", c.body, goodKey), c.status)
			wantProblem(t, p, c.kind, c.field, c.code)
		})
	}
	if strings.Contains(r.log.String(), "marker") || strings.Contains(r.log.String(), "13800138000") {
		t.Errorf("the log holds values:\n%s", r.log.String())
	}
}

func wantProblem(t *testing.T, p problem.Problem, kind problem.Kind, field string, code problem.Code) {
	t.Helper()
	if p.Type != "/problems/"+string(kind) {
		t.Errorf("type %s, want %s", p.Type, kind)
	}
	if field == "" {
		return
	}
	if len(p.Errors) == 0 || p.Errors[0].Field != field || p.Errors[0].Code != code || p.Errors[0].Message == "" {
		t.Errorf("errors %+v, want %s %s", p.Errors, field, code)
	}
}
