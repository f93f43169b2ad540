package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"runtime"
	"strings"
	"unicode/utf8"

	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/telemetry"
)

type contextKey int

const (
	languageKey contextKey = iota
	bodyKey
	sourceKey
)

// Language returns the language that the request of ctx asks for, Chinese outside a request.
func Language(ctx context.Context) record.Language {
	if language, ok := ctx.Value(languageKey).(record.Language); ok {
		return language
	}
	return record.Chinese
}

// SourceIP returns the address that the request of ctx came from, as the platform or the listener saw it and never as a header says.
// It is personal: seal it or drop it.
func SourceIP(ctx context.Context) string {
	source, _ := ctx.Value(sourceKey).(string)
	return source
}

// RawBody returns the bytes of the request body that ctx belongs to, for the MAC of an idempotent request. They must not be changed,
// kept or logged.
func RawBody(ctx context.Context) []byte {
	body, _ := ctx.Value(bodyKey).([]byte)
	return body
}

// Handler returns the API as an http.Handler.
func (a *API) Handler() http.Handler { return http.HandlerFunc(a.serve) }

func (c *core) serve(w http.ResponseWriter, r *http.Request) {
	began := c.info.Now()
	ctx := context.WithValue(r.Context(), languageKey, problem.Language(r.Header.Get("Accept-Language")))
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		ctx = context.WithValue(ctx, sourceKey, host)
	}
	ctx, err := c.identified(telemetry.WithParent(ctx, r.Header.Get("Traceparent")))
	r = r.WithContext(ctx)
	res := &response{ResponseWriter: w, allow: func(pattern string) { c.sharing.allow(w.Header(), pattern, r.Header.Get("Origin")) }}
	c.setHeaders(w.Header(), r)
	defer func() {
		took := c.info.Now().Sub(began).Milliseconds()
		c.info.Log.InfoContext(ctx, "request", "method", methodOf(r.Method), "pattern", res.pattern, "status", res.status, "milliseconds", took)
		telemetry.Measure(ctx, telemetry.Latency, float64(took), "")
		telemetry.Measure(ctx, telemetry.Requests, 1, fmt.Sprintf("%dxx", res.status/100))
	}()
	defer c.finish(res, r)
	if err != nil {
		problem.Write(res.own(), r, c.problemOf(ctx, err))
		return
	}
	if c.info.Host != nil && !c.info.Host(r.Host) {
		problem.Write(res.own(), r, problem.Of(problem.Forbidden))
		return
	}
	if !tidy(r.URL.Path) {
		problem.Write(res.own(), r, problem.Of(problem.NotFound))
		return
	}
	c.mux.ServeHTTP(res, r)
}

// identified returns ctx with a request id: the one that the platform gave, or a new one.
func (c *core) identified(ctx context.Context) (context.Context, error) {
	if telemetry.RequestID(ctx) != "" {
		return ctx, nil
	}
	id, err := telemetry.NewRequestID(c.info.Random)
	return telemetry.WithRequestID(ctx, id), err
}

// finish answers what has no answer yet: the mux's own plain-text refusals and panics. What was written before a panic is thrown away
// as long as it has not left.
func (c *core) finish(res *response, r *http.Request) {
	if cause := recover(); cause != nil {
		c.info.Log.ErrorContext(r.Context(), "handler panicked", "type", fmt.Sprintf("%T", cause), "at", callers())
		if res.sent {
			panic(http.ErrAbortHandler) // net/http closes the connection, so that nobody takes the part for the whole
		}
		res.discard()
		c.setHeaders(res.Header(), r)
		problem.Write(res.own(), r, problem.Of(problem.Internal))
	}
	if !res.entered {
		c.refuseRoute(res, r)
	}
	res.release()
}

// refuseRoute turns what the mux answered by itself into a problem: no such method, no such route, or a redirection to a tidier path,
// which is not offered because its text would say the path back.
func (c *core) refuseRoute(res *response, r *http.Request) {
	kind := problem.NotFound
	if res.status == http.StatusMethodNotAllowed {
		kind = problem.MethodNotAllowed
	}
	allow := res.Header().Get("Allow")
	res.discard()
	c.setHeaders(res.Header(), r)
	p := problem.Of(kind)
	if allow != "" && kind == problem.MethodNotAllowed {
		p = p.With("Allow", allow)
	}
	problem.Write(res.own(), r, p)
}

// setHeaders sets the headers of every answer.
func (c *core) setHeaders(header http.Header, r *http.Request) {
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("X-Request-Id", telemetry.RequestID(r.Context()))
	if c.info.TLS || r.TLS != nil {
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// Page returns h with the content security policy of pages that people see: only scripts, styles, images and calls of the same origin,
// nothing inline, no frames. What h refuses is answered as a problem.
func Page(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "+
			"require-trusted-types-for 'script'")
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.ServeHTTP(&pageResponse{ResponseWriter: w, request: r}, r)
	})
}

// pageResponse turns refusals of a handler of files into problems.
type pageResponse struct {
	http.ResponseWriter
	request *http.Request
	refused bool
}

// WriteHeader passes on what is no refusal.
func (w *pageResponse) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	problem.Write(w.ResponseWriter, w.request, problem.Of(problem.OfStatus(status)))
}

// Write drops the text of a refusal.
func (w *pageResponse) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// tidy reports whether a decoded path is one that the mux would neither clean nor that holds anything but text.
func tidy(p string) bool {
	if p == "" || p[0] != '/' || len(p) > 2048 || !utf8.ValidString(p) || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return false
	}
	clean := path.Clean(p)
	return p == clean || p == clean+"/"
}

// methodOf keeps methods that clients make up out of the log.
func methodOf(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// callers names the functions and lines above a panic, without their arguments.
func callers() string {
	var counters [24]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(4, counters[:])])
	var lines []string
	for {
		frame, more := frames.Next()
		lines = append(lines, fmt.Sprintf("%s:%d", path.Base(frame.Function), frame.Line))
		if !more || len(lines) == 12 {
			return strings.Join(lines, " ")
		}
	}
}

// entering marks requests that reached a handler of ours, and by which pattern.
type entering struct{ *http.ServeMux }

// HandleFunc registers handler so that it marks the response first.
func (e entering) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	e.ServeMux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		if res, ok := w.(*response); ok {
			res.entered, res.pattern = true, pattern
		}
		handler(w, r)
	})
}

// holdBytes is how much of an answer is held back so that a failure can still replace it.
const holdBytes = 64 << 10

// response holds an answer back until it is complete, flushed, or longer than holdBytes.
type response struct {
	http.ResponseWriter
	entered bool   // a handler of ours answers
	pattern string // which one
	status  int    // first status written; 0 when none
	sent    bool   // the header has left
	held    bytes.Buffer
	allow   func(pattern string) // adds what other origins need
}

// own marks that the edge itself answers.
func (w *response) own() *response {
	w.entered = true
	return w
}

// WriteHeader remembers the first final status.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
}

// Write holds p back, or passes it on once too much is held.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if !w.entered {
		return len(p), nil
	}
	if !w.sent && w.held.Len()+len(p) <= holdBytes {
		return w.held.Write(p)
	}
	if err := w.FlushError(); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}

// FlushError lets go of what is held; http.ResponseController calls it.
func (w *response) FlushError() error {
	w.release()
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// Unwrap lets http.ResponseController reach deadlines.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) release() {
	if !w.sent {
		w.sent = true
		w.allow(w.pattern)
		if w.status == 0 {
			w.status = http.StatusOK
		}
		w.ResponseWriter.WriteHeader(w.status)
	}
	if w.held.Len() > 0 {
		_, _ = w.ResponseWriter.Write(w.held.Bytes()) // the client is gone: nobody is left to tell
		w.held.Reset()
	}
}

// discard forgets status, body and headers of an answer that has not left.
func (w *response) discard() {
	w.status = 0
	w.held.Reset()
	clear(w.Header())
}
