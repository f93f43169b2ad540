package lambdahttp_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"kexin/shared/lambdahttp"
)

const benchPattern = "POST /v1/forms/{form}/submissions"

// answerForm is the handler of both benchmarks: it reads the body and answers a small document.
func answerForm(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"id":"sub_aaaqeayeaudaocajbifqydiob4","state":"received"}`)
}

func benchEvent(b *testing.B) []byte {
	payload, err := os.ReadFile("../../events/submit-form.create.json")
	if err != nil {
		b.Fatal(err)
	}
	return payload
}

// BenchmarkAdapter is an event through the adapter and a ServeMux. Beside BenchmarkFloor it shows what the adapter itself costs.
func BenchmarkAdapter(b *testing.B) {
	payload := benchEvent(b)
	mux := http.NewServeMux()
	mux.HandleFunc(benchPattern, answerForm)
	function := lambdahttp.Handler(mux)
	b.ReportAllocs()
	for b.Loop() {
		if answer, err := function(context.Background(), payload); err != nil || len(answer) < 100 {
			b.Fatal(err)
		}
	}
}

// sink is the least that a ServeMux can write to.
type sink struct {
	header http.Header
	body   strings.Builder
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return s.body.Write(p) }

// BenchmarkFloor is the least that any adapter must do: decode the event, route, encode the answer.
func BenchmarkFloor(b *testing.B) {
	payload := benchEvent(b)
	mux := http.NewServeMux()
	mux.HandleFunc(benchPattern, answerForm)
	b.ReportAllocs()
	for b.Loop() {
		var event lambdahttp.Event
		if err := json.Unmarshal(payload, &event); err != nil {
			b.Fatal(err)
		}
		r, err := http.NewRequest(event.Context.HTTP.Method, event.RawPath, strings.NewReader(event.Body))
		if err != nil {
			b.Fatal(err)
		}
		w := &sink{header: http.Header{}}
		mux.ServeHTTP(w, r)
		answer := lambdahttp.Answer{Status: 200, Headers: map[string]string{"Content-Type": w.header.Get("Content-Type")}, Body: w.body.String()}
		if _, err := json.Marshal(answer); err != nil {
			b.Fatal(err)
		}
	}
}
