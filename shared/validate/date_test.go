package validate_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/record"
	"kexin/shared/validate"
)

func day(t interface{ Fatal(...any) }, text string) time.Time {
	date, err := validate.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return date
}

func TestAgeOn(t *testing.T) {
	for _, c := range []struct {
		birth, day string
		want       int
	}{
		{"2011-03-01", "2025-02-28", 13}, {"2011-03-01", "2025-03-01", 14}, {"2011-03-01", "2025-03-02", 14},
		{"2012-02-29", "2026-02-28", 13}, {"2012-02-29", "2026-03-01", 14}, {"2012-02-29", "2016-02-29", 4},
		{"2011-12-31", "2025-01-01", 13}, {"2025-03-01", "2025-03-01", 0}, {"2025-03-02", "2025-03-01", -1},
	} {
		if got := validate.AgeOn(day(t, c.birth), day(t, c.day)); got != c.want {
			t.Errorf("born %s, on %s: %d, want %d", c.birth, c.day, got, c.want)
		}
	}
}

func TestAgeGrowsByOneOnTheBirthday(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		birth := day(t, "1950-01-01").AddDate(0, 0, rapid.IntRange(0, 27000).Draw(t, "birth"))
		years := rapid.IntRange(1, 100).Draw(t, "years")
		birthday := birth.AddDate(years, 0, 0) // 29 February becomes 1 March
		if a, b := validate.AgeOn(birth, birthday.AddDate(0, 0, -1)), validate.AgeOn(birth, birthday); a != years-1 || b != years {
			t.Fatalf("born %v: %d on the eve, %d on birthday %d", birth, a, b, years)
		}
	})
}

func TestChildrenAreChildrenByTheDayInChina(t *testing.T) {
	birth := day(t, "2011-03-01")
	for at, want := range map[string]bool{
		"2025-02-28T15:59:59Z": true, "2025-02-28T16:00:00Z": false, "2025-02-28T23:00:00-08:00": false, "2025-03-01T12:00:00Z": false,
	} {
		moment, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := validate.IsChild(birth, moment); got != want {
			t.Errorf("at %s: child %v", at, got)
		}
	}
}

func TestBirthDate(t *testing.T) {
	birth, err := validate.BirthDate(record.NewValue("11010519491231002X"))
	if err != nil || !birth.Equal(day(t, "1949-12-31")) {
		t.Errorf("birth date %v, %v", birth, err)
	}
	for text, want := range map[string]validate.Code{"": validate.BadLength, "123": validate.BadLength, "11010519491331002X": validate.BadDate} {
		var problem *validate.Problem
		if _, err := validate.BirthDate(record.NewValue(text)); !errors.As(err, &problem) || problem.Code != want {
			t.Errorf("birth date of %q: %v", text, err)
		}
	}
}

// Invented numbers, one for each check character, computed outside this project from the tables of weights of the two standards.
func TestCheckCharacters(t *testing.T) {
	for check, numbers := range map[string][]string{validate.CheckID: {
		"330106199005020010", "330106199005050041", "330106199005080072", "330106199005190183", "330106199005030024",
		"330106199005060055", "330106199005090086", "330106199005010007", "330106199005040038", "330106199005070069",
		"33010619900518017X",
	}, validate.CheckUSCC: {
		"91330106MA01662990", "91330106MA00554331", "91330106MA04830592", "91330106MA00000003", "91330106MA02534084",
		"91330106MA00871095", "91330106MA00712716", "91330106MA01346237", "91330106MA00158388", "91330106MA00791909",
		"91330106MA0736467A", "91330106MA0443464B", "91330106MA0150461C", "91330106MA0031676D", "91330106MA0047514E",
		"91330106MA0158380F", "91330106MA0039595G", "91330106MA0475140H", "91330106MA0356355J", "91330106MA0063352K",
		"91330106MA0126704L", "91330106MA0007919M", "91330106MA0118785N", "91330106MA0095028P", "91330106MA0388031Q",
		"91330106MA0142542R", "91330106MA0023757T", "91330106MA0316760U", "91330106MA0293003W", "91330106MA0174218X",
		"91330106MA0285084Y",
	}} {
		for _, number := range numbers {
			if got := outcome(validate.Rule{Check: check}, number); got != number {
				t.Errorf("%s of %s: %s", check, number, got)
			}
		}
	}
}

// withCheck completes 17 characters to a valid number, found by trying instead of by the formula.
func withCheck(rule validate.Rule, text, alphabet string) (full string, valid int) {
	for _, c := range alphabet {
		if outcome(rule, text+string(c)) == text+string(c) {
			full, valid = text+string(c), valid+1
		}
	}
	return full, valid
}

// A check digit catches every single wrong digit and every swap of two neighbours.
func TestCheckDigitsCatchSlips(t *testing.T) {
	for check, numbers := range map[string]*rapid.Generator[string]{
		validate.CheckID: rapid.Custom(func(t *rapid.T) string {
			born := day(t, "1950-01-01").AddDate(0, 0, rapid.IntRange(0, 27000).Draw(t, "born"))
			return fmt.Sprintf("%d%04d%s%03d", rapid.SampledFrom([]int{11, 31, 44, 65}).Draw(t, "province"),
				rapid.IntRange(0, 9999).Draw(t, "region"), born.Format("20060102"), rapid.IntRange(0, 999).Draw(t, "sequence"))
		}),
		validate.CheckUSCC: rapid.StringMatching(`9[0-9][0-9]{6}[0-9ABCDEFGHJKLMNPQRTUWXY]{9}`),
	} {
		rule := validate.Rule{Check: check}
		rapid.Check(t, func(t *rapid.T) {
			number, valid := withCheck(rule, numbers.Draw(t, "number"), "0123456789ABCDEFGHJKLMNPQRTUWXY")
			if valid != 1 {
				t.Fatalf("%d check characters fit", valid)
			}
			slip := []byte(number)
			at := rapid.IntRange(0, 16).Draw(t, "at")
			if rapid.Bool().Draw(t, "swap") {
				slip[at], slip[at+1] = slip[at+1], slip[at]
			} else {
				slip[at] = rapid.SampledFrom([]byte("0123456789")).Draw(t, "digit")
			}
			if got := outcome(rule, string(slip)); string(slip) != number && got[0] != '!' {
				t.Fatalf("%s passes for %s", slip, number)
			}
		})
	}
}

func FuzzCanonical(f *testing.F) {
	for _, check := range validate.Checks() {
		for _, e := range examples[check] {
			f.Add(check, e.text)
		}
	}
	f.Fuzz(func(t *testing.T, check, text string) {
		rule := ruleOf(check)
		canonical := outcome(rule, text)
		if canonical[0] != '!' && canonical != "error "+validate.ErrRule.Error() && outcome(rule, canonical) != canonical {
			t.Errorf("%s of %q: %q is not final", check, text, canonical)
		}
	})
}
