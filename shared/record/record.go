// Package record holds the words of the domain: identifiers, levels, kinds, purposes, fields and values. It imports nothing of Kexin,
// does no I/O and knows no format. A classified value is a Value, which prints redacted everywhere except through Reveal.
package record

import (
	"errors"
	"fmt"
	"log/slog"
)

// Names that policy packs declare. They are data, so they are strings, but of types of their own.
type (
	// FieldName is the name of a field as the pack declares it, such as "phone".
	FieldName string
	// PurposeID names a purpose of processing, such as "contract_service".
	PurposeID string
	// SectionID names a section: a stable hash of what groups its fields (see policy.SectionOf).
	SectionID string
	// Category is a content category of CLS-07, such as "basic" or "financial".
	Category string
	// Kind is the kind of customer (COL-15).
	Kind string
	// Stage is the relationship status of a customer, such as "potential".
	Stage string
	// Channel is a registered collection channel (COL-09).
	Channel string
	// FormID names a form of the pack.
	FormID string
	// NoticeVersion names one version of a notice, such as "p06-service/1".
	NoticeVersion string
	// PackVersion is "id@" and the first 16 hex digits of the pack's SHA-256.
	PackVersion string
	// Role is one of R1 … R23 of the role matrix.
	Role string
	// Department names a department of the company.
	Department string
	// Language is "zh" or "en".
	Language string
)

// Kinds of customers (COL-15).
const (
	KindIndividual        Kind = "individual"
	KindEnterprise        Kind = "enterprise"
	KindSoleTrader        Kind = "sole_trader"
	KindPublicInstitution Kind = "public_institution"
)

// Kinds returns every kind of customer in a fixed order.
func Kinds() []Kind {
	return []Kind{KindIndividual, KindEnterprise, KindSoleTrader, KindPublicInstitution}
}

// Languages that everything a person reads is available in.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// Text is one text in both languages.
type Text struct {
	ZH string `json:"zh" yaml:"zh"`
	EN string `json:"en" yaml:"en"`
}

// In returns the text in language, Chinese unless English is asked for.
func (t Text) In(language Language) string {
	if language == English {
		return t.EN
	}
	return t.ZH
}

// Level is a confidentiality level (contradictions K1). The zero value is not a level, so that a forgotten level cannot pass for public.
type Level uint8

// The four levels, from public to highly sensitive.
const (
	L0 Level = iota + 1
	L1
	L2
	L3
)

// ErrLevel reports a name that is no level.
var ErrLevel = errors.New("unknown level")

// String returns "L0" … "L3", or "L?" for the zero value.
func (l Level) String() string {
	if l < L0 || l > L3 {
		return "L?"
	}
	return "L" + string('0'+rune(l-L0))
}

// ParseLevel returns the level that name ("L0" … "L3") stands for, or ErrLevel.
func ParseLevel(name string) (Level, error) {
	for l := L0; l <= L3; l++ {
		if l.String() == name {
			return l, nil
		}
	}
	return 0, ErrLevel
}

// MarshalText encodes the level by its name.
func (l Level) MarshalText() ([]byte, error) {
	if l < L0 || l > L3 {
		return nil, ErrLevel
	}
	return []byte(l.String()), nil
}

// UnmarshalText decodes the name of a level.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}

const redacted = "[redacted]"

// Value is a classified value in its canonical text form. Printing, logging and encoding it in JSON show "[redacted]"; only Reveal
// gives the text, so that every place that lets a value out can be found by that name.
type Value struct{ text string }

// NewValue classifies text.
func NewValue(text string) Value { return Value{text} }

// Reveal returns the text of the value. Call it only to seal, to index or to answer a granted request.
func (v Value) Reveal() string { return v.text }

// Empty reports whether the value has no text.
func (v Value) Empty() bool { return v.text == "" }

// String returns "[redacted]".
func (Value) String() string { return redacted }

// GoString returns "[redacted]".
func (Value) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// LogValue logs "[redacted]".
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes "[redacted]": a value never leaves by accident through an encoder.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Fields are the values of a record or of a part of one.
type Fields map[FieldName]Value

// Names returns the names of the fields in undefined order.
func (f Fields) Names() []FieldName {
	names := make([]FieldName, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	return names
}
