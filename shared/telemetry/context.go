// Package telemetry is how a process tells what it does without telling about whom: the request id that ties a response to its log
// lines, a JSON log that redacts, and a handful of counters. No value of a customer may enter any of them.
package telemetry

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

type contextKey int

const (
	requestKey contextKey = iota
	traceKey
	parentKey
	meterKey
)

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewRequestID draws 128 bits from random and returns them as a request id ("req_…"). It fails only when random fails.
func NewRequestID(random io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("draw request id: %w", err)
	}
	return "req_" + idEncoding.EncodeToString(raw[:]), nil
}

// WithRequestID returns ctx carrying id. Only the edge calls it: with the id that API Gateway gave, or one of NewRequestID. An id that
// a client sent is never taken. An id with characters that have no business in a header or a log is cut down to the safe ones.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey, safe(id))
}

// RequestID returns the request id of ctx, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}

// WithTrace returns ctx carrying the X-Amzn-Trace-Id of the invocation.
func WithTrace(ctx context.Context, trace string) context.Context {
	return context.WithValue(ctx, traceKey, safe(trace))
}

// Trace returns the trace id of ctx, or "".
func Trace(ctx context.Context) string {
	trace, _ := ctx.Value(traceKey).(string)
	return trace
}

// WithParent returns ctx carrying the trace that the caller's header traceparent (W3C Trace Context) names, when it is well formed. It is
// a client's word: it goes into the log beside our own trace and decides nothing.
func WithParent(ctx context.Context, traceparent string) context.Context {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || !isHex(parts[0], 2) || parts[0] == "ff" || !isHex(parts[1], 32) || !isHex(parts[2], 16) || !isHex(parts[3], 2) ||
		strings.Trim(parts[1], "0") == "" {
		return ctx
	}
	return context.WithValue(ctx, parentKey, parts[1])
}

// Parent returns the trace id of the caller's traceparent, 32 hexadecimal digits, or "".
func Parent(ctx context.Context) string {
	parent, _ := ctx.Value(parentKey).(string)
	return parent
}

func isHex(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdef") == ""
}

// XRayID returns the id of the trace of ctx as X-Ray and CloudWatch write it ("1-…-…"), or "".
func XRayID(ctx context.Context) string {
	for _, part := range strings.Split(Trace(ctx), ";") {
		if id, ok := strings.CutPrefix(part, "Root="); ok {
			return id
		}
	}
	return ""
}

// safe keeps the first 128 characters of s that identifiers and trace headers are made of.
func safe(s string) string {
	kept := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_=;:.", r) {
			return r
		}
		return -1
	}, s)
	return kept[:min(len(kept), 128)]
}
