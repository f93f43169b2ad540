package policy_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/policy"
)

func TestParsePeriod(t *testing.T) {
	for text, want := range map[string]policy.Period{
		"P3Y": {Years: 3}, "P1Y6M": {Years: 1, Months: 6}, "P2W": {Days: 14}, "P15D": {Days: 15}, "P0D": {},
		"PT8H": {Clock: 8 * time.Hour}, "PT0S": {}, "P1DT12H30M5S": {Days: 1, Clock: 12*time.Hour + 30*time.Minute + 5*time.Second},
	} {
		got, err := policy.ParsePeriod(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "P", "PT", "3Y", "P3", "PY", "P3X", "P3Y3Y", "P6M1Y", "P1W2D", "P1Y2W", "P1WT1H", "P-1Y", "P1.5Y", "P99999Y", "p3y", "P3Y ", "PT3D",
		"P3YT", "off-with-MFA",
	} {
		if got, err := policy.ParsePeriod(text); !errors.Is(err, policy.ErrPeriod) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestPeriodSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policy.Period{
			Years: rapid.IntRange(0, 99).Draw(t, "years"), Months: rapid.IntRange(0, 99).Draw(t, "months"),
			Days:  rapid.IntRange(0, 999).Draw(t, "days"),
			Clock: time.Duration(rapid.IntRange(0, 1_000_000).Draw(t, "seconds")) * time.Second,
		}
		back, err := policy.ParsePeriod(p.String())
		if err != nil || back != p {
			t.Fatalf("%s: %+v, %v", p, back, err)
		}
	})
}

func TestLongerThan(t *testing.T) {
	parse := func(text string) policy.Period {
		p, err := policy.ParsePeriod(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, pair := range [][2]string{{"P3Y", "P2Y"}, {"P1M", "P30D"}, {"P366D", "P1Y"}, {"P31D", "P1M"}, {"PT25H", "P1D"}, {"P13M", "P1Y"}} {
		if !parse(pair[0]).LongerThan(parse(pair[1])) {
			t.Errorf("%s is not longer than %s", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"P1Y", "P1Y"}, {"P12M", "P1Y"}, {"P28D", "P1M"}, {"P0D", "P0D"}, {"P365D", "P1Y"}} {
		if parse(pair[0]).LongerThan(parse(pair[1])) {
			t.Errorf("%s is longer than %s", pair[0], pair[1])
		}
	}
}
