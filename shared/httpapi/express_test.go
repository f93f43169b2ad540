package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"pgregory.net/rapid"

	"kexin/shared/problem"
)

type expressInput struct {
	ID     string `path:"id" pattern:"^[a-z]{1,4}$"`
	Hint   string `query:"hint" maxLength:"4"`
	Header string `header:"X-Part" maxLength:"4"`
	Body   struct {
		Form     string             `json:"form" maxLength:"8" minLength:"2"`
		Language string             `json:"language" enum:"zh,en"`
		Code     string             `json:"code,omitempty" pattern:"^[a-z]*$"`
		Count    int                `json:"count,omitempty"`
		Sure     bool               `json:"sure"`
		Consents map[string]bool    `json:"consents"`
		Fields   map[string]string  `json:"fields,omitempty"`
		Changes  map[string]*string `json:"changes,omitempty"`
		List     []string           `json:"list,omitempty"`
		Inner    struct {
			Script string `json:"script" maxLength:"4"`
		} `json:"inner"`
	}
}

type expressOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Heard string `json:"heard"`
	}
}

// twoWays serves one operation with and without the express way.
func twoWays(t testing.TB) (http.Handler, *int) {
	t.Helper()
	calls := 0
	api := New(Info{Title: "t", Version: "1", Now: time.Now, Random: strings.NewReader(strings.Repeat("r", 1<<24))})
	handler := func(_ context.Context, in *expressInput) (*expressOutput, error) {
		calls++
		if in.Body.Code == "fail" {
			return nil, problem.Of(problem.Conflict).With("X-Own", "1")
		}
		heard, err := json.Marshal(in)
		out := &expressOutput{ETag: ETag(7)}
		out.Body.Heard = string(heard)
		return out, err
	}
	usual := huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) { next(ctx) }}
	for path, middlewares := range map[string]huma.Middlewares{"/express": nil, "/usual": usual} {
		Register(api, Public(huma.Operation{OperationID: path[1:], Method: http.MethodPost, Path: path + "/{id}", DefaultStatus: http.StatusCreated,
			Middlewares: middlewares}), handler)
	}
	return api.Handler(), &calls
}

func ask(h http.Handler, path, body, language string) (int, string, http.Header) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	w.Header().Del("X-Request-Id")
	return w.Code, w.Body.String(), w.Header()
}

// sameAnswers asks both ways and compares what comes back.
func sameAnswers(t interface {
	Helper()
	Fatalf(string, ...any)
}, h http.Handler, path, body string) int {
	t.Helper()
	status, text, header := ask(h, "/express"+path, body, "en")
	wantStatus, wantText, wantHeader := ask(h, "/usual"+path, body, "en")
	if i := strings.Index(text, `"instance"`); i >= 0 { // the request id
		text, wantText = text[:i], wantText[:min(i, len(wantText))]
	}
	same := status == wantStatus && text == wantText && len(header) == len(wantHeader)
	for name := range header {
		same = same && slices.Equal(header[name], wantHeader[name])
	}
	if !same {
		t.Fatalf("%s\nexpress %d %s %v\nusual   %d %s %v", body, status, text, header, wantStatus, wantText, wantHeader)
	}
	return status
}

const rightBody = `{"form":"客信服务","language":"zh","sure":true,"consents":{"a":true,"b":false},"inner":{"script":"s"}}`

// Both ways give the same answers to everything, right or wrong.
func TestExpressAnswersAsTheUsualWay(t *testing.T) {
	h, calls := twoWays(t)
	for _, path := range []string{"/abc", "/ABC", "/abc?hint=x", "/abc?hint=xxxxxx", "/abc?other=1"} {
		for body, right := range map[string]bool{
			rightBody: true, strings.Replace(rightBody, `"sure"`, `"code":"fail","sure"`, 1): true,
			strings.Replace(rightBody, `}}`, `},"changes":{"a":null,"b":"x"},"count":-5,"list":["x"],"fields":{"f":"\"\n"}}`, 1): true,
			strings.Replace(rightBody, "客信服务", "客", 1):                                                                           false, strings.Replace(rightBody, "客信服务", "客信服务客信服务客", 1): false,
			strings.Replace(rightBody, "zh", "fr", 1): false, strings.Replace(rightBody, `"sure":true,`, "", 1): false,
			strings.Replace(rightBody, `"a":true`, `"b":true`, 1): false, strings.Replace(rightBody, `"form"`, `"Form"`, 1): false,
			strings.Replace(rightBody, `true,"consents"`, `null,"consents"`, 1): false, `{`: false, ``: false, `[]`: false, rightBody + "1": false,
			strings.Replace(rightBody, `"s"`, `"sssss"`, 1): false, strings.Replace(rightBody, `"sure"`, `"code":"A","sure"`, 1): false,
			strings.Replace(rightBody, `"sure"`, `"count":1.5,"sure"`, 1): false, strings.Replace(rightBody, `"sure"`, `"count":1.0,"sure"`, 1): true,
		} {
			*calls = 0
			status := sameAnswers(t, h, path, body)
			if reached := status == http.StatusCreated || status == http.StatusConflict; reached != (*calls == 2) || reached && !right {
				t.Errorf("%s %s: %d after %d calls", path, body, status, *calls)
			}
		}
	}
}

// What the pass admits, the usual way accepts; and it admits what requests are.
func TestSketchAdmitsNothingElse(t *testing.T) {
	h, _ := twoWays(t)
	if status, text, _ := ask(h, "/express/abc", rightBody, "zh"); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	members := []string{`"form":"abcd"`, `"form":"a"`, `"language":"en"`, `"language":"xx"`, `"sure":true`, `"sure":1`, `"consents":{"a":true}`, `"consents":{"a":"b"}`,
		`"inner":{"script":"s"}`, `"inner":{}`, `"code":"abc"`, `"code":"ABC"`, `"count":3`, `"list":["a","b"]`, `"list":[1]`, `"changes":{"a":null}`, `"fields":{"a":null}`,
		`"fields":{"a":"b"}`, `"other":1`, `"code":null`}
	rapid.Check(t, func(t *rapid.T) {
		body := "{" + strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(members), 0, len(members), rapid.ID).Draw(t, "members"), ",") + "}"
		if rapid.Bool().Draw(t, "usual") {
			body = strings.Replace(body, "{", `{"form":"abcd","language":"en","sure":false,"consents":{},"inner":{"script":"s"},`, 1)
		}
		sameAnswers(t, h, "/abc", body)
	})
}

// The express way is taken: a body that is right is decoded once, without a full parser.
func TestSketchKnowsRequests(t *testing.T) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, reflect.TypeOf(expressInput{}.Body))
	k := sketchOf(schema, registry)
	if k == nil {
		t.Fatal("no sketch")
	}
	if !k.admits([]byte(rightBody)) {
		t.Error("a right body goes the usual way")
	}
	for _, body := range []string{"{}", rightBody[:len(rightBody)-1], strings.Replace(rightBody, "客", "\xff", 1)} {
		if k.admits([]byte(body)) {
			t.Errorf("%s is admitted", body)
		}
	}
}
