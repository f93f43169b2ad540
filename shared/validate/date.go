package validate

import (
	"time"

	"kexin/shared/record"
)

const maxAge = 130

// Today returns the calendar day that now falls on in China, as midnight UTC.
func Today(now time.Time) time.Time { return record.Day(now) }

// ParseDate reads a date in the form 2006-01-02 and returns its midnight UTC, or the problem BadDate.
func ParseDate(text string) (time.Time, error) {
	date, err := time.Parse(time.DateOnly, text)
	if err != nil || date.Year() < 1 {
		return time.Time{}, problem(BadDate)
	}
	return date, nil
}

func anyDate(_ Rule, text string, _ time.Time) (string, error) {
	date, err := ParseDate(text)
	if err != nil {
		return "", err
	}
	return date.Format(time.DateOnly), nil
}

func pastDate(_ Rule, text string, today time.Time) (string, error) {
	date, err := ParseDate(text)
	switch {
	case err != nil:
		return "", err
	case date.After(today):
		return "", problem(FutureDate)
	}
	return date.Format(time.DateOnly), nil
}

func birthDate(rule Rule, text string, today time.Time) (string, error) {
	text, err := pastDate(rule, text, today)
	if err != nil {
		return "", err
	}
	date, err := ParseDate(text)
	if err == nil && AgeOn(date, today) > maxAge {
		err = problem(TooOld)
	}
	return text, err
}

// AgeOn returns the age in full years, on a calendar day, of a person born on birth; it is negative before the first. A year is
// full on the birthday, and who was born on 29 February has it on 1 March of other years, so that a child is never taken for older.
// Both times count by the calendar day that they show.
func AgeOn(birth, day time.Time) int {
	age := day.Year() - birth.Year()
	if day.Month() < birth.Month() || day.Month() == birth.Month() && day.Day() < birth.Day() {
		age--
	}
	return age
}

// ChildAge is the age under which a person is a child whose data need a guardian's consent (PIPL 31).
const ChildAge = 14

// IsChild reports whether a person born on birth is under ChildAge on the day that now falls on in China (LAW-08).
func IsChild(birth, now time.Time) bool { return AgeOn(birth, Today(now)) < ChildAge }

// BirthDate returns the date of birth inside a canonical ID number (check cn_id) as midnight UTC, or a *Problem when the value is
// none.
func BirthDate(idNumber record.Value) (time.Time, error) {
	text := idNumber.Reveal()
	if len(text) != idLength {
		return time.Time{}, problem(BadLength)
	}
	date, err := time.Parse("20060102", text[6:14])
	if err != nil {
		return time.Time{}, problem(BadDate)
	}
	return date, nil
}
