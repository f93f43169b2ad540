// Package problem is the one shape of a refusal over HTTP: RFC 9457 problem details with a stable type, field paths and codes, and
// texts in the reader's language. A problem never holds a value that a client sent.
package problem

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"kexin/shared/record"
)

// Kind is the last part of a problem's type URI, "/problems/" + kind. Kinds are stable: clients compare them.
type Kind string

// Code says what is wrong with one field. Codes are stable: clients compare them.
type Code string

// Problem is an error that tells a client what it may know. It satisfies huma.StatusError and huma.HeadersError.
type Problem struct {
	Type     string  `json:"type" doc:"Stable URI of the kind of problem" example:"/problems/invalid-field"`
	Title    string  `json:"title" doc:"What the kind means, in the language of the request"`
	Status   int     `json:"status" doc:"HTTP status"`
	Instance string  `json:"instance,omitempty" doc:"URI of this occurrence, made of the request id"`
	Errors   []Field `json:"errors,omitempty" doc:"What is wrong with which field"`

	text    record.Text
	headers http.Header
}

// Field is one field and what is wrong with it.
type Field struct {
	Field   string `json:"field" doc:"Path of the field, such as body.fields.phone, query.limit or header.If-Match"`
	Code    Code   `json:"code" doc:"Stable code of what is wrong"`
	Message string `json:"message" doc:"The code in the language of the request"`

	text record.Text
}

// New returns the problem of kind with its title in both languages. An empty title takes the text of the status.
func New(status int, kind Kind, title record.Text, fields ...Field) *Problem {
	if title == (record.Text{}) {
		title = titleOf(kind, status)
	}
	return &Problem{Type: "/problems/" + string(kind), Status: status, Errors: fields, text: title}
}

// Of returns a problem of one of the kinds that this package knows, with its status and title.
func Of(kind Kind, fields ...Field) *Problem {
	return New(statusOf(kind), kind, record.Text{}, fields...)
}

// Invalid returns the problem of fields that do not hold what they should (422).
func Invalid(fields ...Field) *Problem { return Of(InvalidField, fields...) }

// At returns the Field of path with code and the text that this package has for code. Path is made of names of the code or the pack,
// never of names that a client made up: see SafeName.
func At(path string, code Code) Field { return Field{Field: path, Code: code, text: codeText(code)} }

// WithText returns the Field of path with a code and a text of the caller's own, such as one of a policy pack.
func WithText(path string, code Code, text record.Text) Field {
	return Field{Field: path, Code: code, text: text}
}

// Error returns type and fields, which hold no value.
func (p *Problem) Error() string {
	parts := []string{p.Type}
	for _, field := range p.Errors {
		parts = append(parts, field.Field+"="+string(field.Code))
	}
	return strings.Join(parts, " ")
}

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns headers that go with the problem, such as Retry-After.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType turns JSON into problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// With returns a copy of p that carries the header name.
func (p *Problem) With(name, value string) *Problem {
	clone := *p
	clone.headers = p.headers.Clone()
	if clone.headers == nil {
		clone.headers = http.Header{}
	}
	clone.headers.Set(name, value)
	return &clone
}

// RetryAfter returns a copy of p that asks the client to wait for seconds.
func (p *Problem) RetryAfter(seconds int) *Problem {
	return p.With("Retry-After", strconv.Itoa(seconds))
}

// Localized returns a copy of p with title and messages in language and with the request id as instance.
func (p *Problem) Localized(language record.Language, requestID string) *Problem {
	clone := *p
	clone.Title = p.text.In(language)
	if requestID != "" {
		clone.Instance = "urn:kexin:request:" + requestID
	}
	clone.Errors = make([]Field, len(p.Errors))
	for i, field := range p.Errors {
		field.Message = field.text.In(language)
		clone.Errors[i] = field
	}
	return &clone
}

var safeName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z_-]*[0-9]{0,3}[a-zA-Z_]*$`)

// SafeName returns name if it looks like a name of a program and not like a person's data: ASCII letters, at most three digits, at
// most 40 characters. Otherwise it returns "?", so that whatever a client puts in the place of a name is not said back.
func SafeName(name string) string {
	if len(name) > 40 || !safeName.MatchString(name) {
		return "?"
	}
	return name
}

// Restored returns a copy of a problem that came over the wire, with the texts of this package for its kind and codes: texts of one's
// own and headers do not travel between functions.
func (p *Problem) Restored() *Problem {
	kind := Kind(strings.TrimPrefix(p.Type, "/problems/"))
	fields := make([]Field, len(p.Errors))
	for i, field := range p.Errors {
		fields[i] = At(field.Field, field.Code)
	}
	return New(p.Status, kind, record.Text{}, fields...)
}
