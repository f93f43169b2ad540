package validate

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const (
	homeRegion   = "CN" // numbers without a country code are Chinese
	maxPhoneText = 40   // in bytes, spaces and dashes included; the longest number has 15 digits
	maxLocalPart = 64   // RFC 5321, 4.5.3.1.1
)

// dashes maps what input methods write for the hyphen.
var dashes = strings.NewReplacer("–", "-", "—", "-", "‐", "-", "‑", "-", "−", "-", "‒", "-")

// phone returns the number in E.164. Numbers without + or 00 are Chinese, landlines with their area code. An extension is refused,
// because E.164 would lose it silently.
func phone(_ Rule, text string, _ time.Time) (string, error) {
	if number, ok := bareMobile(text); ok { // nothing to normalise
		return valid(number)
	}
	text = dashes.Replace(norm.NFKC.String(text))
	if len(text) > maxPhoneText || strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune("0123456789+-() .", r) }) {
		return "", problem(BadPhone)
	}
	if number, ok := bareMobile(text); ok {
		return valid(number)
	}
	number, err := phonenumbers.Parse(text, homeRegion)
	if err != nil {
		return "", problem(BadPhone)
	}
	return valid(number)
}

func valid(number *phonenumbers.PhoneNumber) (string, error) {
	if !phonenumbers.IsValidNumber(number) {
		return "", problem(BadPhone)
	}
	return phonenumbers.Format(number, phonenumbers.E164), nil
}

// bareMobile reads the spelling that nearly everybody uses, eleven digits of a Chinese mobile number and nothing else, as Parse would
// after taking it apart with a dozen regular expressions. Numbers that begin like a carrier's code (11, 12, 179) are left to Parse.
func bareMobile(text string) (*phonenumbers.PhoneNumber, bool) {
	if len(text) != 11 || text[0] != '1' || text[1] < '3' || strings.HasPrefix(text, "179") || !isDigits(text) {
		return nil, false
	}
	national, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, false
	}
	country := int32(phonenumbers.GetCountryCodeForRegion(homeRegion))
	return &phonenumbers.PhoneNumber{CountryCode: &country, NationalNumber: &national}, true
}

// email accepts one bare address and returns it with its domain in lower case and, where it is international, in ASCII form. The part
// before the @ must be plain ASCII without quotes; its case is kept, since only the receiving domain may say that it does not matter.
func email(_ Rule, text string, _ time.Time) (string, error) {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > maxLocalPart || len(text) > 4*MaxEmail || !plainLocalPart(text[:at]) {
		return "", problem(BadEmail)
	}
	domain, ok := asciiDomain(text[at+1:])
	if !ok {
		return "", problem(BadEmail)
	}
	canonical := text[:at+1] + domain
	parsed, err := mail.ParseAddress(canonical)
	switch {
	case err != nil || parsed.Name != "" || parsed.Address != canonical:
		return "", problem(BadEmail)
	case len(canonical) > MaxEmail:
		return "", problem(TooLong)
	}
	return canonical, nil
}

func plainLocalPart(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf || c <= ' ' || strings.IndexByte(`"(),:;<>@[\]`+"\x7f", c) >= 0 {
			return false
		}
	}
	return true
}

// asciiDomain wants at least two labels that DNS can hold, the last of them not a number, so that IP addresses are no domains.
func asciiDomain(text string) (string, bool) {
	domain, err := idna.Lookup.ToASCII(text)
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	if err != nil || len(domain) == len(last) || last == "" || isDigits(last) {
		return "", false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 {
			return "", false
		}
	}
	return domain, true
}
