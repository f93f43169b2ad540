// Package mask computes what staff see of a value that they may not see: enough to tell two customers apart, never the whole
// (STO-11). Masks are computed once, at write, from the canonical form of package validate.
//
// Every mask hides with a fixed number of stars, so its length tells nothing, except for values whose length is fixed anyway. A value
// that does not look as its rule expects, and a rule that does not exist, are masked completely.
package mask

import (
	"strings"
	"unicode/utf8"

	"kexin/shared/record"
)

// Rules of masking (policy.Field.Mask).
const (
	PersonName  = "person_name"  // 张**, 欧阳**, J***
	CompanyName = "company_name" // 春和****公司
	Phone       = "phone"        // 138****5678, 021****5678, +44****5678
	Email       = "email"        // z***@example.com
	ID          = "cn_id"        // 110*************34: province and city, gender
	BankCard    = "bank_card"    // ****5678
	Address     = "address"      // 浙江省杭州市******
	USCC        = "uscc"         // 91**************4X
	Date        = "date"         // 1990-**-**
	Text        = "text"         // ******, the same as All
	All         = "all"          // ******
	None        = "none"         // the value itself
)

// Rules returns the names of all rules in a fixed order.
func Rules() []string {
	return []string{PersonName, CompanyName, Phone, Email, ID, BankCard, Address, USCC, Date, Text, All, None}
}

const (
	hidden      = "******" // a value of which nothing is shown
	hiddenAgain = "*****"  // the same for a value that is itself spelt as hidden is
)

var byRule = map[string]func(string) string{
	PersonName:  personName,
	CompanyName: companyName,
	Phone:       phone,
	Email:       email,
	ID:          func(text string) string { return fixed(text, 18, 3, 2) },
	BankCard:    bankCard,
	Address:     address,
	USCC:        func(text string) string { return fixed(text, 18, 2, 2) },
	Date:        date,
}

// Apply returns the masked form of a canonical value: "" for an empty one, the value itself for rule None alone, and else a text that
// differs from the value.
func Apply(rule string, canonical record.Value) string {
	text := canonical.Reveal()
	if text == "" || rule == None {
		return text
	}
	masked := hidden
	if work, ok := byRule[rule]; ok && utf8.ValidString(text) && !strings.Contains(text, "*") {
		masked = work(text)
	}
	if masked == text {
		return hiddenAgain
	}
	return masked
}

// fixed shows the ends of a value that always has the same length.
func fixed(text string, length, first, last int) string {
	if len(text) != length || !ascii(text) {
		return hidden
	}
	return text[:first] + strings.Repeat("*", length-first-last) + text[length-last:]
}

// bankCard shows the last four digits of a number of at least ten.
func bankCard(text string) string {
	if len(text) < 10 || !digits(text) {
		return hidden
	}
	return "****" + text[len(text)-4:]
}

// date shows the year of YYYY-MM-DD.
func date(text string) string {
	if len(text) != len("2006-01-02") || text[4] != '-' || !digits(text[:4]) {
		return hidden
	}
	return text[:4] + "-**-**"
}

// email shows the first character before the @, unless it is the only one, and the domain.
func email(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at == len(text)-1 {
		return hidden
	}
	_, size := utf8.DecodeRuneInString(text)
	if size == at {
		size = 0
	}
	return text[:size] + "***" + text[at:]
}

func ascii(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func digits(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
