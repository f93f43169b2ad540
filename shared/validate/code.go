package validate

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

const idLength = 18

// idRegions are the first two digits of ID numbers: the provinces of GB/T 2260, and 81 to 83 of residence permits for people from
// Hong Kong, Macao and Taiwan.
const idRegions = " 11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83 "

// idNumber checks a citizen's ID number by GB 11643-1999: region, date of birth, sequence, check digit (ISO 7064 MOD 11-2). Numbers
// of the first generation, with 15 digits, are out of use since 2013 and refused.
func idNumber(_ Rule, text string, today time.Time) (string, error) {
	text = compact(text)
	if len(text) != idLength {
		return "", problem(BadLength)
	}
	if !isDigits(text[:17]) || !isDigits(text[17:]) && text[17] != 'X' {
		return "", problem(BadCharacter)
	}
	if !strings.Contains(idRegions, " "+text[:2]+" ") {
		return "", problem(BadRegion)
	}
	if err := bornPlausibly(text[6:14], today); err != nil {
		return "", err
	}
	if text[17] != idCheckDigit(text[:17]) {
		return "", problem(BadCheckDigit)
	}
	return text, nil
}

func bornPlausibly(digits string, today time.Time) error {
	born, err := time.Parse("20060102", digits)
	switch {
	case err != nil:
		return problem(BadDate)
	case born.After(today):
		return problem(FutureDate)
	case AgeOn(born, today) > maxAge:
		return problem(TooOld)
	}
	return nil
}

// idCheckDigit is ISO 7064 MOD 11-2: the digit that makes Σ digit·2^position ≡ 1 (mod 11), with X for ten.
func idCheckDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		sum = (sum + int(digits[i]-'0')) * 2 % 11
	}
	return "10X98765432"[sum]
}

// usccAlphabet are the characters of GB 32100-2015: no I, O, S, V, Z.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// uscc checks a unified social credit code by GB 32100-2015: authority and kind, six digits of region, nine characters of
// organisation, check character. The region is not looked up: registers also use 100000 and regions that no longer exist.
func uscc(_ Rule, text string, _ time.Time) (string, error) {
	text = compact(text)
	if len(text) != 18 {
		return "", problem(BadLength)
	}
	if strings.Trim(text, usccAlphabet) != "" {
		return "", problem(BadCharacter)
	}
	if !isDigits(text[2:8]) {
		return "", problem(BadRegion)
	}
	if text[17] != usccCheckCharacter(text[:17]) {
		return "", problem(BadCheckDigit)
	}
	return text, nil
}

// usccCheckCharacter is 31 − Σ value·3^position (mod 31).
func usccCheckCharacter(text string) byte {
	sum, weight := 0, 1
	for i := range len(text) {
		sum += strings.IndexByte(usccAlphabet, text[i]) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}

// compact brings a typed number to half-width upper case and drops the spaces and dashes with which people group it.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToUpper(dashes.Replace(norm.NFKC.String(text))))
}
