// Package collect checks what a filled form says against the pack that the form belongs to, and takes out what may not be stored. The
// public form, staff at the counter and accept-submissions use the same check, so that nothing gets in by another door. It links the
// phone metadata; only functions that take values in import it.
package collect

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/validate"
)

// Raw is a submission as it comes from outside.
type Raw struct {
	Form     record.FormID
	Kind     record.Kind
	Channel  record.Channel
	Notice   record.NoticeVersion
	Language record.Language
	Consents map[record.PurposeID]bool
	Separate map[record.FieldName]bool
	Fields   map[record.FieldName]string
	Evidence record.Evidence
}

// Fault names a member of a submission and what is wrong with it, never its value.
type Fault struct {
	Field string // path: "kind", "fields.phone", "consents.marketing"
	Code  string // of package validate, or one of this package
}

// Codes beside those of package validate.
const (
	CodeRequired        = "required"
	CodeUnknownField    = "unknown_field"
	CodeUnknownPurpose  = "unknown_purpose"
	CodeUnknownChannel  = "unknown_channel"
	CodeUnknownKind     = "unknown_kind"
	CodeUnknownLanguage = "unknown_language"
	CodeNotice          = "not_the_current_notice"
	CodeWrongKind       = "not_for_this_kind"
	CodeConsent         = "consent_required"
	CodeAnswer          = "answer_required"
	CodeSeparate        = "no_separate_consent"
	CodeNoPurpose       = "no_purpose_left"
	CodeNotSensitive    = "needs_no_separate_consent"
	CodeChild           = "child_under_14"
	CodeContact         = "phone_or_email_required"
	CodeStaffOnly       = "channel_is_for_staff"
	CodePublicOnly      = "channel_is_for_customers"
	CodeEvidence        = "evidence_required"
)

// Faults are everything that is wrong with a submission, in order of the members.
type Faults []Fault

// Error names the members at fault.
func (f Faults) Error() string {
	list := make([]string, 0, len(f))
	for _, fault := range f {
		list = append(list, fault.Field+" "+fault.Code)
	}
	return fmt.Sprintf("submission refused: %v", list)
}

// ErrForm reports a form that the pack does not have, or that does not accept anything.
var ErrForm = errors.New("no such form")

// By says who filled the form.
type By int

// Who fills forms.
const (
	ByCustomer By = iota + 1
	ByStaff
)

// Check returns the submission in canonical form, the fields that were left out and why, or Faults. A sensitive field without its
// separate consent is left out while the rest is kept (COL-08); everything else that is wrong refuses the whole.
func Check(pack *policy.Pack, raw Raw, by By, now time.Time) (*record.Filled, []Fault, error) {
	form := pack.Forms[raw.Form]
	if form == nil || !form.Live {
		return nil, nil, ErrForm
	}
	c := &check{pack: pack, form: form, raw: raw, now: now, filled: &record.Filled{Form: raw.Form, Schema: pack.Version, Kind: raw.Kind,
		Channel: raw.Channel, Notice: raw.Notice, Language: raw.Language, Given: now.Unix(), Consents: map[record.PurposeID]bool{},
		Separate: map[record.FieldName]bool{}, Fields: record.Fields{}, Evidence: raw.Evidence}}
	c.frame(by)
	c.consents()
	c.separate()
	c.fields()
	c.missing()
	c.children()
	if len(c.faults) > 0 {
		sort.SliceStable(c.faults, func(i, j int) bool { return c.faults[i].Field < c.faults[j].Field })
		return nil, nil, c.faults
	}
	return c.filled, c.refused, nil
}

type check struct {
	pack    *policy.Pack
	form    *policy.Form
	raw     Raw
	now     time.Time
	filled  *record.Filled
	refused []Fault
	faults  Faults
}

func (c *check) fault(field, code string) { c.faults = append(c.faults, Fault{field, code}) }

// frame checks what surrounds the fields: kind, channel, notice, language, evidence.
func (c *check) frame(by By) {
	if !slices.Contains(c.form.Kinds, c.raw.Kind) {
		c.fault("kind", CodeUnknownKind)
	}
	channel := c.pack.Channels[c.raw.Channel]
	switch {
	case channel == nil || !slices.Contains(c.form.Channels, c.raw.Channel):
		c.fault("channel", CodeUnknownChannel)
	case by == ByCustomer && !channel.Public:
		c.fault("channel", CodeStaffOnly)
	case by == ByStaff && channel.Public:
		c.fault("channel", CodePublicOnly)
	}
	if c.raw.Notice != c.form.Notice {
		c.fault("notice", CodeNotice)
	}
	if c.raw.Language != record.Chinese && c.raw.Language != record.English {
		c.fault("language", CodeUnknownLanguage)
	}
	if notice := c.pack.Notices[c.form.Notice]; by == ByStaff && (notice == nil || notice.Script != c.raw.Evidence.Script) {
		c.fault("evidence.script", CodeEvidence)
	}
}

// consents wants an answer for every purpose that asks, and a yes for the mandatory ones.
func (c *check) consents() {
	for purpose := range c.raw.Consents {
		if !c.asks(purpose) {
			c.fault("consents."+string(purpose), CodeUnknownPurpose)
		}
	}
	for _, id := range c.form.Purposes {
		if !c.asks(id) {
			continue
		}
		given, answered := c.raw.Consents[id]
		c.filled.Consents[id] = given
		switch {
		case !answered && slices.Contains(c.form.Mandatory, id):
			c.fault("consents."+string(id), CodeConsent)
		case !answered:
			c.filled.Consents[id] = false // not ticking a box is an answer
		case !given && slices.Contains(c.form.Mandatory, id):
			c.fault("consents."+string(id), CodeConsent)
		}
	}
}

func (c *check) asks(id record.PurposeID) bool {
	purpose := c.pack.Purposes[id]
	return purpose != nil && slices.Contains(c.form.Purposes, id) && purpose.Basis == policy.BasisConsent
}

func (c *check) separate() {
	for name, given := range c.raw.Separate {
		field := c.pack.Fields[name]
		switch {
		case field == nil || !slices.Contains(c.form.Fields, name):
			c.fault("separate_consents."+string(name), CodeUnknownField)
		case !field.SeparateConsent:
			c.fault("separate_consents."+string(name), CodeNotSensitive)
		default:
			c.filled.Separate[name] = given
		}
	}
}

// fields brings every value into canonical form and keeps those that a live purpose and, where needed, a separate consent cover.
func (c *check) fields() {
	for name, text := range c.raw.Fields {
		field := c.pack.Fields[name]
		path := "fields." + string(name)
		switch {
		case field == nil || !slices.Contains(c.form.Fields, name) || field.Use != policy.UseCollect:
			c.fault(path, CodeUnknownField)
		case text == "":
		case !slices.Contains(field.Kinds, c.raw.Kind):
			c.fault(path, CodeWrongKind)
		default:
			c.keep(field, path, text)
		}
	}
}

func (c *check) keep(field *policy.Field, path, text string) {
	value, err := Canonical(field, text, c.now)
	if err != nil {
		c.fault(path, string(validate.CodeOf(err, "unusable")))
		return
	}
	if value.Empty() {
		return
	}
	if field.SeparateConsent && !c.raw.Separate[field.Name] {
		c.refused = append(c.refused, Fault{path, CodeSeparate})
		return
	}
	if !c.served(field) {
		c.refused = append(c.refused, Fault{path, CodeNoPurpose})
		return
	}
	c.filled.Fields[field.Name] = value
}

// served reports whether a purpose of the field lives for this customer: one that was consented to, or that needs no consent.
func (c *check) served(field *policy.Field) bool {
	return slices.ContainsFunc(field.Purposes, func(id record.PurposeID) bool {
		purpose := c.pack.Purposes[id]
		return purpose != nil && (purpose.Basis != policy.BasisConsent || c.filled.Consents[id])
	})
}

// Canonical returns a field's text in canonical form, or a *validate.Problem.
func Canonical(field *policy.Field, text string, now time.Time) (record.Value, error) {
	var options []string
	for _, option := range field.Options {
		options = append(options, option.Value)
	}
	return validate.Canonical(validate.Rule{Type: field.Type, Check: field.Check, MaxLength: field.MaxLength, Options: options}, text, now)
}

// missing wants the required fields of the kind, and at least one way to reach the customer.
func (c *check) missing() {
	reachable := false
	for _, name := range c.form.Fields {
		field := c.pack.Fields[name]
		if field == nil || !slices.Contains(field.Kinds, c.raw.Kind) {
			continue
		}
		_, sent := c.raw.Fields[name]
		if field.Required && (!sent || c.raw.Fields[name] == "") {
			c.fault("fields."+string(name), CodeRequired)
		}
		if field.Unique == "phone" || field.Unique == "email" {
			reachable = reachable || c.raw.Fields[name] != ""
		}
	}
	if !reachable && c.asksContact() {
		c.fault("fields.phone", CodeContact)
	}
}

func (c *check) asksContact() bool {
	return slices.ContainsFunc(c.form.Fields, func(name record.FieldName) bool {
		field := c.pack.Fields[name]
		return field != nil && field.Unique == "phone" && slices.Contains(field.Kinds, c.raw.Kind)
	})
}

// children refuses a person under 14: packs without a rule for children store nothing of them (LAW-08).
func (c *check) children() {
	for name, value := range c.filled.Fields {
		field := c.pack.Fields[name]
		var birth time.Time
		var err error
		switch field.Check {
		case validate.CheckID:
			birth, err = validate.BirthDate(value)
		case validate.CheckBirthDate:
			birth, err = validate.ParseDate(value.Reveal())
		default:
			continue
		}
		if err == nil && validate.IsChild(birth, c.now) {
			c.fault("fields."+string(name), CodeChild)
		}
	}
}

// sealedForm is a submission inside its envelope.
type sealedForm struct {
	Format   int                         `json:"format"`
	Form     record.FormID               `json:"form"`
	Kind     record.Kind                 `json:"kind"`
	Channel  record.Channel              `json:"channel"`
	Notice   record.NoticeVersion        `json:"notice"`
	Language record.Language             `json:"language"`
	Consents map[record.PurposeID]bool   `json:"consents"`
	Separate map[record.FieldName]bool   `json:"separate"`
	Fields   map[record.FieldName]string `json:"fields"`
}

// Encode returns the plain text of an envelope.
func Encode(filled *record.Filled) ([]byte, error) {
	form := sealedForm{1, filled.Form, filled.Kind, filled.Channel, filled.Notice, filled.Language, filled.Consents, filled.Separate,
		make(map[record.FieldName]string, len(filled.Fields))}
	for name, value := range filled.Fields {
		form.Fields[name] = value.Reveal()
	}
	plain, err := json.Marshal(form)
	if err != nil {
		return nil, fmt.Errorf("encode submission: %w", err)
	}
	return plain, nil
}

// Recheck returns a checker for accept-submissions: it decodes an envelope and checks it as the public form did, at the time of receipt.
func Recheck(pack *policy.Pack) func(plain []byte, received time.Time) (*record.Filled, error) {
	return func(plain []byte, received time.Time) (*record.Filled, error) {
		var form sealedForm
		if err := jsonv2.Unmarshal(plain, &form); err != nil || form.Format != 1 {
			return nil, ErrForm
		}
		filled, _, err := Check(pack, Raw{Form: form.Form, Kind: form.Kind, Channel: form.Channel, Notice: form.Notice,
			Language: form.Language, Consents: form.Consents, Separate: form.Separate, Fields: form.Fields}, ByCustomer, received)
		return filled, err
	}
}
