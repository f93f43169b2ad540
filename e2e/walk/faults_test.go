package walk

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// attempt is one request of a function to a service, on its way.
type attempt struct {
	service   string // as in AWS_ENDPOINT_URL_…
	operation string // DynamoDB, KMS, SQS: the operation; S3 and Lambda: method and path
	body      []byte
	number    int  // of this service, from 1
	link      bool // a person follows a link to S3; no function asks
}

// mentions reports whether the request names text.
func (a attempt) mentions(text string) bool {
	return bytes.Contains(a.body, []byte(text)) || strings.Contains(a.operation, text)
}

// verdict is what happens to an attempt.
type verdict int

const (
	passes   verdict = iota
	throttle         // the service answers that it is asked too often, in its own words
	stall            // no answer comes, until the caller gives up or is gone
)

// faults stands between the functions and the services, and lets rules decide about each request.
type faults struct {
	mu      sync.Mutex
	rules   map[string]func(attempt) verdict
	struck  map[string]int // by rule: requests that did not pass
	total   map[string]int // by service: requests
	ended   chan struct{}
	environ []string // addresses for the functions
}

func newFaults(t *testing.T, services map[string]string) *faults {
	t.Helper()
	f := &faults{rules: map[string]func(attempt) verdict{}, struck: map[string]int{}, total: map[string]int{}, ended: make(chan struct{})}
	for service, address := range services {
		target, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		// The Host header stays what the function signed.
		next := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
			ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(w, r, service, next) }))
		t.Cleanup(server.Close)
		f.environ = append(f.environ, "AWS_ENDPOINT_URL_"+service+"="+server.URL)
	}
	t.Cleanup(func() { close(f.ended) })
	return f
}

func (f *faults) serve(w http.ResponseWriter, r *http.Request, service string, next http.Handler) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a := attempt{service: service, operation: r.Method + " " + r.URL.Path, body: body, link: r.URL.Query().Has("X-Amz-Signature")}
	if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		a.operation = operation
	}
	switch f.judge(a) {
	case throttle:
		refuse(w, service)
	case stall:
		select { // the server ends r's context only when the caller hangs up
		case <-r.Context().Done():
		case <-f.ended:
		}
	default:
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
}

func (f *faults) judge(a attempt) verdict {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total[a.service]++
	a.number = f.total[a.service]
	for name, rule := range f.rules {
		if v := rule(a); v != passes {
			f.struck[name]++
			return v
		}
	}
	return passes
}

// set makes a rule; it replaces one of the same name.
func (f *faults) set(name string, rule func(attempt) verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules[name], f.struck[name] = rule, 0
}

// lift ends a rule and returns how often it struck.
func (f *faults) lift(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.rules, name)
	return f.struck[name]
}

func (f *faults) strikes(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.struck[name]
}

// refuse answers as each service does when it is asked too often.
func refuse(w http.ResponseWriter, service string) {
	status, kind, body := http.StatusBadRequest, "application/x-amz-json-1.0", `{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"Rate exceeded"}`
	switch service {
	case "KMS":
		kind, body = "application/x-amz-json-1.1", `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	case "SQS":
		body = `{"__type":"com.amazonaws.sqs#RequestThrottled","message":"Rate exceeded"}`
		w.Header().Set("X-Amzn-Query-Error", "RequestThrottled;Sender")
	case "S3":
		status, kind, body = http.StatusServiceUnavailable, "application/xml", `<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>`
	case "LAMBDA":
		status, kind, body = http.StatusTooManyRequests, "application/json", `{"Reason":"CallerRateLimitExceeded","Type":"User","message":"Rate exceeded"}`
		w.Header().Set("X-Amzn-ErrorType", "TooManyRequestsException")
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
