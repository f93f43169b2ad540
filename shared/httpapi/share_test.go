package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/httpapi"
	"kexin/shared/problem"
)

const friend = "https://shop.example"

// sharing returns an API of which one operation is shared and one is not.
func sharing(origins ...string) http.Handler {
	api := httpapi.New(httpapi.Info{Title: "t", Version: "0", Now: time.Now, Random: endless{}})
	for id, path := range map[string]string{"open": "/open/{id}", "own": "/own", "fails": "/fails"} {
		httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: id, Method: http.MethodPost, Path: path}),
			func(context.Context, *struct {
				ID string `query:"id"`
			}) (*struct{}, error) {
				if id == "fails" {
					panic("marker")
				}
				return nil, problem.Of(problem.Conflict)
			})
	}
	api.Share(origins, "POST /open/{id}", "POST /fails")
	return api.Handler()
}

// endless is a source that never ends; nothing here is a secret.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func shared(t *testing.T, h http.Handler, method, path string, header ...string) *http.Response {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestOtherOriginsAreAskedForByName(t *testing.T) {
	h := sharing(friend, "https://second.example")
	for _, c := range []struct {
		path, origin, method string
		status               int
	}{
		{"/open/1", friend, "POST", 204}, {"/open/1", "https://second.example", "POST", 204}, {"/open/1", "https://shop.example.evil", "POST", 403},
		{"/open/1", "null", "POST", 403}, {"/open/1", "", "POST", 403}, {"/open/1", friend, "DELETE", 403}, {"/open/1", friend, "", 403},
		{"/open/1", "HTTPS://shop.example", "POST", 403}, {"/own", friend, "POST", 405}, {"/none", friend, "POST", 404},
	} {
		r := shared(t, h, http.MethodOptions, c.path, "Origin", c.origin, "Access-Control-Request-Method", c.method)
		allowed, want := r.Header.Get("Access-Control-Allow-Origin"), ""
		if c.status == 204 {
			want = c.origin
		}
		if r.StatusCode != c.status || allowed != want || r.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%+v: %d, %v", c, r.StatusCode, r.Header)
		}
		if want != "" && (r.Header.Get("Access-Control-Allow-Methods") != "POST" || r.Header.Get("Access-Control-Allow-Headers") != "Content-Type, Idempotency-Key") {
			t.Errorf("%+v: %v", c, r.Header)
		}
	}
}

// Refusals can be read by the page as well, or it could not say what was wrong; so can what a panic leaves.
func TestAnswersMayBeReadByAllowedOriginsOnly(t *testing.T) {
	h := sharing(friend)
	for _, c := range []struct {
		path, origin, want string
		status             int
	}{
		{"/open/1", friend, friend, 409}, {"/open/1?unknown=1", friend, friend, 422}, {"/fails", friend, friend, 500}, {"/open/1", "https://evil.example", "", 409},
		{"/open/1", "", "", 409}, {"/own", friend, "", 409}, {"/none", friend, "", 404},
	} {
		r := shared(t, h, http.MethodPost, c.path, "Origin", c.origin)
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != c.want || r.StatusCode != c.status || r.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%+v: %d, %v", c, r.StatusCode, r.Header)
		}
		if varies := r.Header.Get("Vary") == "Origin"; varies != (c.path[1] == 'o' && c.path[2] == 'p' || c.path == "/fails") {
			t.Errorf("%+v: Vary %q", c, r.Header.Get("Vary"))
		}
	}
}

func TestNothingIsSharedByItself(t *testing.T) {
	h := sharing()
	if r := shared(t, h, http.MethodOptions, "/open/1", "Origin", friend, "Access-Control-Request-Method", "POST"); r.StatusCode != 405 {
		t.Errorf("asked: %d", r.StatusCode)
	}
	if r := shared(t, h, http.MethodPost, "/open/1", "Origin", friend); r.Header.Get("Access-Control-Allow-Origin") != "" || r.Header.Get("Vary") != "" {
		t.Errorf("answered: %v", r.Header)
	}
}
