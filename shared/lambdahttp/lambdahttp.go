// Package lambdahttp lets an http.Handler answer events of API Gateway's HTTP APIs (payload format 2.0) and REST APIs. It is an adapter of our own
// because adapters that pass the gateway's context on in headers let clients forge it: here what the gateway knows travels in the
// context of the request, and headers are only what the client sent.
package lambdahttp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"kexin/shared/lambdaevent"
	"kexin/shared/problem"
	"kexin/shared/telemetry"
)

// Event is the part of an event of format 2.0 that requests are made of.
type Event struct {
	Version string            `json:"version"`
	RawPath string            `json:"rawPath"`
	Query   string            `json:"rawQueryString"`
	Cookies []string          `json:"cookies"`
	Headers map[string]string `json:"headers"`
	Context struct {
		RequestID string `json:"requestId"`
		Stage     string `json:"stage"`
		Domain    string `json:"domainName"`
		HTTP      struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
	Body   string `json:"body"`
	Base64 bool   `json:"isBase64Encoded"`
}

// Answer is an answer of format 2.0.
type Answer struct {
	Status  int               `json:"statusCode"`
	Headers map[string]string `json:"headers"`
	Cookies []string          `json:"cookies,omitempty"`
	Body    string            `json:"body"`
	Base64  bool              `json:"isBase64Encoded"`
}

// ErrEvent reports an event that is neither of format 2.0 nor of a REST API, or one that the gateway cannot have sent.
var ErrEvent = errors.New("event is of no payload format of API Gateway")

const (
	// reserve is the time kept for answering when the invocation is about to be cut off.
	reserve = 400 * time.Millisecond
	// maxAnswer is how long an encoded answer may be, in bytes; Lambda takes 6 MB.
	maxAnswer = 6_000_000
)

type sourceKey struct{}

// SourceIP returns the address that the gateway saw the request come from, "" outside an event. It is personal: seal it or drop it.
func SourceIP(ctx context.Context) string {
	source, _ := ctx.Value(sourceKey{}).(string)
	return source
}

// Handler returns the function that answers events with h. The request's context ends a little before the invocation does, so that
// there is time to say so; when too little is left to begin with, h is not called. A panic of h is an opaque 500.
func Handler(h http.Handler) lambdaevent.Function {
	return func(ctx context.Context, payload []byte) ([]byte, error) {
		var event Event
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, fmt.Errorf("read event: %w", ErrEvent)
		}
		if event.Version == "" {
			var err error
			if event, err = fromREST(payload); err != nil {
				return nil, err
			}
		}
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
			defer cancel()
		}
		r, err := event.request(ctx)
		if err != nil {
			return nil, err
		}
		w := &recorder{header: http.Header{}}
		if r.Context().Err() != nil {
			problem.Write(w, r, problem.Of(problem.Timeout).RetryAfter(1))
		} else {
			serve(h, w, r)
		}
		return encode(w, r)
	}
}

// encode returns the answer's bytes; one too long for Lambda becomes an opaque 500.
func encode(w *recorder, r *http.Request) ([]byte, error) {
	encoded, err := json.Marshal(w.answer(r))
	if err != nil || len(encoded) <= maxAnswer {
		return encoded, err
	}
	w = &recorder{header: http.Header{}}
	problem.Write(w, r, problem.Of(problem.Internal))
	return json.Marshal(w.answer(r))
}

// serve calls h; what a panic leaves behind is thrown away.
func serve(h http.Handler, w *recorder, r *http.Request) {
	defer func() {
		if recover() != nil {
			*w = recorder{header: http.Header{}}
			problem.Write(w, r, problem.Of(problem.Internal))
		}
	}()
	h.ServeHTTP(w, r)
}

// request makes the request of an event. Host, address and request id are those that the gateway states.
func (e *Event) request(ctx context.Context) (*http.Request, error) {
	if e.Version != "2.0" || e.Context.HTTP.Method == "" || e.Context.RequestID == "" || !strings.HasPrefix(e.RawPath, "/") {
		return nil, fmt.Errorf("read event: %w", ErrEvent)
	}
	address, err := e.url()
	if err != nil {
		return nil, err
	}
	body, size, err := e.body()
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, sourceKey{}, e.Context.HTTP.SourceIP)
	ctx = telemetry.WithRequestID(ctx, e.Context.RequestID)
	if trace, ok := ctx.Value(traceName).(string); ok {
		ctx = telemetry.WithTrace(ctx, trace)
	}
	r := &http.Request{
		Method: e.Context.HTTP.Method, URL: address, Host: e.Context.Domain, RequestURI: address.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: net.JoinHostPort(e.Context.HTTP.SourceIP, "0"),
		Header: e.header(), Body: body, ContentLength: size,
	}
	return r.WithContext(ctx), nil
}

// traceName is the context key by which Lambda's runtime client passes the trace id on.
const traceName = "x-amzn-trace-id"

// url strips the stage, which the gateway puts before the path unless it is the default one.
func (e *Event) url() (*url.URL, error) {
	raw := e.RawPath
	if stage := "/" + e.Context.Stage; e.Context.Stage != "" && e.Context.Stage != "$default" && (raw == stage || strings.HasPrefix(raw, stage+"/")) {
		raw = "/" + strings.TrimPrefix(raw[len(stage):], "/")
	}
	path, err := url.PathUnescape(raw)
	if err != nil {
		return nil, fmt.Errorf("read path of event: %w", ErrEvent)
	}
	return &url.URL{Path: path, RawPath: raw, RawQuery: e.Query}, nil
}

func (e *Event) header() http.Header {
	header := make(http.Header, len(e.Headers)+1)
	for name, value := range e.Headers {
		header.Add(name, value)
	}
	header.Del("Host")
	header.Del("Cookie")
	if len(e.Cookies) > 0 {
		header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	return header
}

func (e *Event) body() (io.ReadCloser, int64, error) {
	body := e.Body
	if e.Base64 {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return nil, 0, fmt.Errorf("read body of event: %w", ErrEvent)
		}
		body = string(decoded)
	}
	if body == "" {
		return http.NoBody, 0, nil
	}
	return io.NopCloser(strings.NewReader(body)), int64(len(body)), nil
}

// recorder collects an answer.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

// Header returns the header of the answer.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader remembers the first final status.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}

// Write collects p.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// answer returns what was collected, in the gateway's form.
func (w *recorder) answer(r *http.Request) Answer {
	w.WriteHeader(http.StatusOK)
	body, encoded := w.body.String(), false
	if r.Method == http.MethodHead || w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		body = ""
	}
	if !isText(w.header, body) {
		body, encoded = base64.StdEncoding.EncodeToString([]byte(body)), true
	}
	answer := Answer{Status: w.status, Body: body, Base64: encoded, Cookies: w.header["Set-Cookie"], Headers: make(map[string]string, len(w.header))}
	for name, values := range w.header {
		if name != "Set-Cookie" && name != "Content-Length" {
			answer.Headers[name] = strings.Join(values, ", ")
		}
	}
	return answer
}

// isText reports whether body may travel as it is: its type is one of text, it is not compressed, and it is valid UTF-8.
func isText(header http.Header, body string) bool {
	if header.Get("Content-Encoding") != "" || !utf8.ValidString(body) {
		return false
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return header.Get("Content-Type") == ""
	}
	return strings.HasPrefix(kind, "text/") || kind == "application/json" || strings.HasSuffix(kind, "+json") ||
		kind == "application/javascript" || kind == "image/svg+xml" || kind == "application/manifest+json"
}
