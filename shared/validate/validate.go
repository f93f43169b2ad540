// Package validate brings the text of a field into canonical form or says, by a stable code, what is wrong with it (COL-12). Two
// spellings of one phone number, e-mail address or ID number have the same canonical form, so that a blind index over it finds both.
//
// Problems carry a code and never the value. The package does no I/O and keeps no state. It links the phone metadata of
// github.com/nyaruka/phonenumbers, which is costly to load, so only what takes in values should import it; masks and blind indexes
// work on canonical values without it.
package validate

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kexin/shared/record"
)

// Rule is what a policy pack says about the values of a field.
type Rule struct {
	Type      string   // str, text, enum, date, int, money or bool
	Check     string   // one of Checks(), or "" for the plain check of the type
	MaxLength int      // in characters of the canonical form; 0 means the limit of the type
	Options   []string // values of an enum
}

// Types of fields (policy.Field.Type).
const (
	TypeStr   = "str"
	TypeText  = "text"
	TypeEnum  = "enum"
	TypeDate  = "date"
	TypeInt   = "int"
	TypeMoney = "money"
	TypeBool  = "bool"
)

// Checks that a field may name (policy.Field.Check).
const (
	CheckPersonName  = "person_name"
	CheckCompanyName = "company_name"
	CheckPhone       = "phone"
	CheckEmail       = "email"
	CheckID          = "cn_id"
	CheckUSCC        = "uscc"
	CheckDate        = "date"       // a real date, today at the latest
	CheckDateAny     = "date_any"   // a real date, in the future too
	CheckBirthDate   = "birth_date" // a real date, today at the latest and at most 130 years ago
)

// Lengths in characters that hold where a rule sets none. No rule lifts them for names and e-mail addresses.
const (
	MaxName  = 60
	MaxEmail = 254
	MaxStr   = 200
	MaxText  = 4000
)

// ErrRule reports a rule that names a check or type that this package does not have; the fault is in the pack, not in the value.
var ErrRule = errors.New("unknown check or type of field")

// canonicalise is the work of one check: it gets trimmed, non-empty, valid UTF-8.
type canonicalise func(rule Rule, text string, today time.Time) (string, error)

var byCheck = map[string]canonicalise{
	CheckPersonName:  personName,
	CheckCompanyName: companyName,
	CheckPhone:       phone,
	CheckEmail:       email,
	CheckID:          idNumber,
	CheckUSCC:        uscc,
	CheckDate:        pastDate,
	CheckDateAny:     anyDate,
	CheckBirthDate:   birthDate,
}

var byType = map[string]canonicalise{
	TypeStr:   line,
	TypeText:  paragraphs,
	TypeEnum:  enum,
	TypeDate:  pastDate,
	TypeInt:   integer,
	TypeMoney: money,
	TypeBool:  boolean,
}

// Checks returns the names of all checks in a fixed order.
func Checks() []string {
	return []string{CheckPersonName, CheckCompanyName, CheckPhone, CheckEmail, CheckID, CheckUSCC, CheckDate, CheckDateAny,
		CheckBirthDate}
}

// Canonical returns text in the canonical form that rule asks for. It fails with a *Problem when the value is bad, and with ErrRule
// when the rule is. Text of white space only is the problem Empty; whether a field may be left out is the caller's question. Dates
// are judged against the calendar day that now falls on in China.
func Canonical(rule Rule, text string, now time.Time) (record.Value, error) {
	work, ok := byCheck[rule.Check]
	if rule.Check == "" {
		work, ok = byType[rule.Type]
	}
	if !ok {
		return record.Value{}, ErrRule
	}
	text, err := clean(text)
	if err != nil {
		return record.Value{}, err
	}
	canonical, err := work(rule, text, Today(now))
	if err != nil {
		return record.Value{}, err
	}
	if rule.MaxLength > 0 && utf8.RuneCountInString(canonical) > rule.MaxLength {
		return record.Value{}, problem(TooLong)
	}
	return record.NewValue(canonical), nil
}

// maxBytes bounds the work on one value before anything looks at it.
const maxBytes = 64 << 10

// clean refuses what is no text and removes white space around it.
func clean(text string) (string, error) {
	if len(text) > maxBytes {
		return "", problem(TooLong)
	}
	if !allCommon(text) {
		if !utf8.ValidString(text) {
			return "", problem(BadEncoding)
		}
		text = norm.NFC.String(text)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return "", problem(Empty)
	}
	return text, nil
}
