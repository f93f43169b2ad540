// Package phone reads phone numbers as they are written and tells whether they can exist, by the numbering plans of the world as
// Google's libphonenumber publishes them (Apache License 2.0). plans.txt repeats those plans from the metadata of
// github.com/nyaruka/phonenumbers, and the tests hold both, data and code, to that library's answers. The library itself is not linked:
// it decodes all of its metadata when a process starts (6 ms), and the protocol buffers that it keeps them in make the linker give up
// looking for dead code (8 MB of every binary).
package phone

import (
	"regexp"
	"strconv"
	"strings"
)

// Bounds of a number's national part, and of a country calling code, in digits.
const (
	minNational = 2
	maxNational = 17
	maxCountry  = 3
)

// viable is what may be looked at as a number at all: two digits, or three and more with the punctuation that people group them with.
var viable = regexp.MustCompile(`^(?:[0-9]{2}|\+*(?:[-(). ]*[0-9]){3,}[-(). 0-9]*)$`)

// E164 returns the number that text writes in the form of E.164, with + and country calling code. A number without + or the region's
// international prefix is one of region (ISO 3166). ok is false for what no numbering plan has. text may hold digits and "+-(). " only;
// anything else is no number.
func E164(text, region string) (number string, ok bool) {
	home := byRegion(region)
	start := strings.IndexAny(text, "+0123456789")
	if home == nil || start < 0 || !viable.MatchString(text[start:]) {
		return "", false
	}
	country, national, ok := split(text[start:], home)
	if !ok {
		return "", false
	}
	if plan := mainPlan(country); len(national) >= minNational && plan != nil {
		national = stripped(national, plan)
	}
	if len(national) < minNational || len(national) > maxNational || !Valid(country, national) {
		return "", false
	}
	return "+" + strconv.Itoa(country) + national, true
}

// Valid reports whether some number plan of the country calling code has the national number, given in digits.
func Valid(country int, national string) bool {
	plans := byCountry(country)
	if len(plans) == 1 {
		return plans[0].has(national)
	}
	for _, plan := range plans {
		if plan.leading != "" {
			if plan.begins(plan.leading, national) != nil {
				return plan.has(national)
			}
		} else if plan.has(national) {
			return true
		}
	}
	return false
}

// split returns the country calling code of a number and what follows it.
func split(text string, home *plan) (country int, national string, ok bool) {
	rest := strings.TrimLeft(text, "+")
	if rest == text {
		return extract(digits(text), home)
	}
	full := digits(rest)
	if len(full) <= minNational {
		return 0, "", false
	}
	if country, national, ok = calling(full); ok {
		return country, national, true
	}
	country, national, ok = extract(full, home) // the plus may be there by mistake
	return country, national, ok && country != 0 && len(national) < len(full)
}

// extract reads digits that were written without a plus: behind the international prefix of home, behind its calling code where that
// gives a better number, or as a number of home.
func extract(full string, home *plan) (country int, national string, ok bool) {
	if found := home.begins(home.idd, full); found != nil && (found[1] == len(full) || full[found[1]] != '0') {
		full = full[found[1]:]
		if len(full) <= minNational {
			return 0, "", false
		}
		return calling(full)
	}
	if rest, found := strings.CutPrefix(full, strconv.Itoa(home.country)); found && rest != "" {
		rest = home.withoutPrefix(rest)
		if !home.matches(full) && home.matches(rest) || home.length(full) == tooLong {
			return home.country, rest, true
		}
	}
	return home.country, full, true
}

// calling takes the country calling code off the beginning of full.
func calling(full string) (country int, national string, ok bool) {
	for n := 1; n <= min(maxCountry, len(full)) && full[0] != '0'; n++ {
		country, err := strconv.Atoi(full[:n])
		if err == nil && byCountry(country) != nil {
			return country, full[n:], true
		}
	}
	return 0, "", false
}

// stripped takes the national prefix off, unless what is left has no length that a number has.
func stripped(national string, p *plan) string {
	rest := p.withoutPrefix(national)
	switch p.length(rest) {
	case tooShort, localOnly, invalidLength:
		return national
	}
	return rest
}

// digits keeps the digits of text.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}
