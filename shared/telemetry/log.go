package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

const redacted = "[redacted]"

// NewLogger returns a logger that writes one JSON object per line to w from level on, with the request id and trace of the context of
// each call. Attributes whose names say that they hold a secret or a person are replaced, and so is whatever looks like a phone
// number, an ID number or an e-mail address inside any text: a second line of defence behind record.Value, not a licence to log.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	return slog.New(contextHandler{slog.NewJSONHandler(w, options)})
}

// Discard returns a logger that drops everything, for tests and tools that have nothing to tell.
func Discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// contextHandler adds what the context of a call knows about the request.
type contextHandler struct{ slog.Handler }

// Handle adds request_id and the ids of the trace to the record.
func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	if trace := Trace(ctx); trace != "" {
		r.AddAttrs(slog.String("trace_id", trace))
	}
	if id := XRayID(ctx); id != "" {
		r.AddAttrs(slog.String("xray_trace_id", id))
	}
	if parent := Parent(ctx); parent != "" {
		r.AddAttrs(slog.String("parent_trace_id", parent))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapping.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the wrapping.
func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}

// secretNames are parts of attribute names that never show their value, whoever logs them.
var secretNames = []string{"authorization", "token", "secret", "password", "passphrase", "cookie", "body", "query", "payload",
	"phone", "email", "address", "id_number", "value"}

func redact(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && (attr.Key == slog.TimeKey || attr.Key == slog.LevelKey || attr.Key == slog.SourceKey) {
		return attr
	}
	if secretName(attr.Key) {
		return slog.String(attr.Key, redacted)
	}
	switch attr.Value.Kind() {
	case slog.KindString:
		return slog.String(attr.Key, scrubUnlessID(attr.Key, attr.Value.String()))
	case slog.KindAny:
		return slog.String(attr.Key, plain(attr.Value.Any()))
	}
	return attr
}

// plain is the scrubbed text of errors, of named strings and numbers and of what can print itself; of anything else, such as a whole
// structure, only the type.
func plain(value any) string {
	switch value := value.(type) {
	case error:
		return Scrub(value.Error())
	case fmt.Stringer:
		return Scrub(value.String())
	case []string:
		return Scrub(strings.Join(value, " "))
	}
	kind := reflect.ValueOf(value).Kind()
	if kind == reflect.String || kind >= reflect.Bool && kind <= reflect.Float64 {
		return Scrub(fmt.Sprint(value))
	}
	return fmt.Sprintf("%s %T", redacted, value)
}

func scrubUnlessID(key, text string) string {
	switch key {
	case "request_id", "trace_id", "xray_trace_id", "parent_trace_id", "item": // made by the platform, and long numbers at times
		return text
	}
	return Scrub(text)
}

func secretName(key string) bool {
	key = strings.ToLower(key)
	for _, name := range secretNames {
		if strings.Contains(key, name) {
			return true
		}
	}
	return false
}

// personal matches what phone numbers, ID numbers, card numbers, e-mail addresses and bearer tokens look like.
var personal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+|\d{12,}[Xx]?|1[3-9]\d{9}|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
})

// Scrub replaces what looks personal or secret inside text.
func Scrub(text string) string {
	if !strings.ContainsAny(text, "0123456789@.") {
		return text
	}
	return personal().ReplaceAllString(text, redacted)
}
