package mask

import "strings"

// phone shows a Chinese mobile number as 138****5678, a landline with its area code, a foreign number with its country code. At least
// four digits stay hidden.
func phone(text string) string {
	number, international := strings.CutPrefix(text, "+")
	if !international || !digits(number) || len(number) < 7 {
		return hidden
	}
	if national, ok := strings.CutPrefix(number, "86"); ok {
		return chinesePhone(national)
	}
	code := countryCode(number)
	return "+" + code + ends(number[len(code):])
}

func chinesePhone(number string) string {
	switch {
	case len(number) == 11 && number[0] == '1':
		return number[:3] + "****" + number[7:]
	case len(number) >= 7 && (strings.HasPrefix(number, "400") || strings.HasPrefix(number, "800")):
		return number[:3] + ends(number[3:])
	}
	area := areaCode(number)
	if len(number)-len(area) < 4 {
		return hidden
	}
	return "0" + area + ends(number[len(area):])
}

// ends shows of a local number what leaves four digits hidden, but no more than the last four.
func ends(local string) string {
	return "****" + local[len(local)-min(4, max(0, len(local)-4)):]
}

// areaCode returns the area code of a Chinese landline without its zero: 10 and 2x have two digits, all others three.
func areaCode(number string) string {
	if strings.HasPrefix(number, "10") || number[0] == '2' {
		return number[:2]
	}
	return number[:3]
}

// twoDigitCodes are the country calling codes of two digits (ITU-T E.164); 1 and 7 have one digit, all others three.
const twoDigitCodes = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 " +
	"86 90 91 92 93 94 95 98 "

func countryCode(number string) string {
	switch {
	case number[0] == '1' || number[0] == '7':
		return number[:1]
	case strings.Contains(twoDigitCodes, " "+number[:2]+" "):
		return number[:2]
	}
	return number[:3]
}
