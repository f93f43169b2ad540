package policy

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrPeriod reports a text that is no ISO 8601 period of the kind that packs use.
var ErrPeriod = errors.New("not an ISO 8601 period such as P3Y, P15D or PT8H")

// maxCount bounds each number of a period, so that no calendar computation overflows.
const maxCount = 9999

// ParsePeriod reads an ISO 8601 period: P3Y, P1Y6M, P2W, P15D, PT8H, PT30M, P1DT12H. Every designator stands once, in order, after a
// whole number of at most four digits; weeks stand alone. Everything else is ErrPeriod.
func ParsePeriod(text string) (Period, error) {
	body, ok := strings.CutPrefix(text, "P")
	date, clock, timed := strings.Cut(body, "T")
	if !ok || body == "" || timed && clock == "" {
		return Period{}, ErrPeriod
	}
	days, err := counts(date, "YMWD")
	if err != nil {
		return Period{}, err
	}
	hours, err := counts(clock, "HMS")
	if err != nil {
		return Period{}, err
	}
	if days[2] != 0 && (strings.IndexByte(date, 'W') != len(date)-1 || days[0] != 0 || days[1] != 0 || timed) {
		return Period{}, ErrPeriod
	}
	return Period{
		Years: days[0], Months: days[1], Days: 7*days[2] + days[3],
		Clock: time.Duration(hours[0])*time.Hour + time.Duration(hours[1])*time.Minute + time.Duration(hours[2])*time.Second,
	}, nil
}

// counts reads "1Y6M" by the designators in their order.
func counts(text, designators string) ([4]int, error) {
	var result [4]int
	next := 0
	for text != "" {
		digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
		if digits == 0 || digits > 4 || digits == len(text) {
			return result, ErrPeriod
		}
		at := strings.IndexByte(designators[next:], text[digits])
		if at < 0 {
			return result, ErrPeriod
		}
		for _, digit := range text[:digits] {
			result[next+at] = min(result[next+at]*10+int(digit-'0'), maxCount)
		}
		next += at + 1
		text = text[digits+1:]
	}
	return result, nil
}

// String returns the period in ISO 8601; weeks come out as days, minutes above 59 as hours and minutes.
func (p Period) String() string {
	var b strings.Builder
	b.WriteByte('P')
	part := func(n int, designator byte) {
		if n != 0 {
			fmt.Fprintf(&b, "%d%c", n, designator)
		}
	}
	part(p.Years, 'Y')
	part(p.Months, 'M')
	part(p.Days, 'D')
	if p.Clock != 0 || b.Len() == 1 {
		b.WriteByte('T')
		part(int(p.Clock/time.Hour), 'H')
		part(int(p.Clock%time.Hour/time.Minute), 'M')
		part(int(p.Clock%time.Minute/time.Second), 'S')
	}
	if b.Len() == 2 {
		b.WriteString("0S")
	}
	return b.String()
}

// LongerThan reports whether p can end later than q: whether it does from the first day of any month of a leap year or of the year
// after it.
func (p Period) LongerThan(q Period) bool {
	for month := range time.Month(24) {
		start := time.Date(2024, 1+month, 1, 0, 0, 0, 0, time.UTC)
		if p.After(start).After(q.After(start)) {
			return true
		}
	}
	return false
}
