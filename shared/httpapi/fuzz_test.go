package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// never5xx sends body and checks what must hold whatever a client sends: no 5xx, and what is refused is refused with a problem that
// says nothing back.
func never5xx(fatal func(string, ...any), handler http.Handler, body string) int {
	request := httptest.NewRequest("POST", "/v1/things", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", strings.TrimPrefix(goodKey, "Idempotency-Key: "))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	var answer map[string]any
	switch err := json.Unmarshal(recorder.Body.Bytes(), &answer); {
	case recorder.Code >= 500:
		fatal("status %d for %q", recorder.Code, body)
	case err != nil:
		fatal("answer is not JSON: %v", err)
	case recorder.Code >= 400 && recorder.Header().Get("Content-Type") != "application/problem+json":
		fatal("no problem for %q", body)
	case strings.Contains(recorder.Body.String(), "§"):
		fatal("%q came back in %s", body, recorder.Body)
	case recorder.Code == 200 && (!json.Valid([]byte(body)) || !utf8.ValidString(body)):
		fatal("took %q", body)
	}
	return recorder.Code
}

func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"name":"ab"}`, `{"name":"ab","contacts":[{"kind":"phone","value":"1"}],"fields":{"a":"b"},"tags":["a","b"],"ratio":0.5}`, `{`, `null`, "\xff", `{"name":"\u0000"}`} {
		f.Add(seed)
	}
	r := newRig(&testing.T{})
	f.Fuzz(func(t *testing.T, body string) { never5xx(t.Fatalf, r.handler, body) })
}

// Values of every JSON type in every place, with a marker in every text and every name: nothing of it comes back.
func TestNothingComesBack(t *testing.T) {
	r := newRig(t)
	text := rapid.Map(rapid.StringN(0, 8, -1), func(s string) string { return "§" + s })
	leaf := rapid.OneOf(rapid.Map(text, toAny[string]), rapid.Map(rapid.Int64(), toAny[int64]), rapid.Map(rapid.Float64Range(-1e300, 1e300), toAny[float64]),
		rapid.Map(rapid.Bool(), toAny[bool]), rapid.Just[any](nil))
	names := rapid.OneOf(rapid.SampledFrom([]string{"name", "Name", "code", "day", "mail", "site", "id", "count", "ratio", "step", "agreed", "raw",
		"contacts", "tags", "fields", "nick", "kind", "value"}), text)
	value := rapid.OneOf(leaf, rapid.Map(rapid.SliceOfN(leaf, 0, 3), toAny[[]any]), rapid.Map(rapid.MapOfN(names, leaf, 0, 3), toAny[map[string]any]),
		rapid.Map(rapid.SliceOfN(rapid.MapOfN(names, leaf, 0, 3), 0, 3), toAny[[]map[string]any]))
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(rapid.MapOfN(names, value, 0, 6).Draw(t, "body"))
		if err != nil {
			t.Fatal(err)
		}
		never5xx(t.Fatalf, r.handler, string(body))
	})
	if strings.Contains(r.log.String(), "§") {
		t.Error("the log holds values")
	}
}

func toAny[T any](value T) any { return value }
