package validate

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// What common lets through is visible, and normalising leaves it alone even beside its like.
func TestCommonCharactersAreVisibleAndNormal(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !common(r) {
			continue
		}
		if seldom(r) {
			t.Errorf("%U is counted as common and cannot be seen", r)
		}
		for _, text := range []string{string(r), "a" + string(r) + "中"} {
			if norm.NFC.String(text) != text {
				t.Errorf("%U is not normal", r)
			}
		}
	}
}

// The short way gives what the library gives for the same digits, for every prefix of mobile numbers.
func TestBareMobileAgreesWithParse(t *testing.T) {
	for prefix := 1000; prefix < 2000; prefix++ {
		for _, rest := range []string{"0000000", "1234567", "9999999"} {
			text := fmt.Sprint(prefix) + rest
			want, wantErr := "", true
			if number, err := phonenumbers.Parse(text, homeRegion); err == nil && phonenumbers.IsValidNumber(number) {
				want, wantErr = phonenumbers.Format(number, phonenumbers.E164), false
			}
			got, err := phone(Rule{}, text, time.Time{})
			if got != want || (err != nil) != wantErr {
				t.Fatalf("%s****: %q, %v", text[:4], got, err)
			}
		}
	}
}

func BenchmarkPhone(b *testing.B) {
	for b.Loop() {
		_, _ = phone(Rule{}, "13800000001", time.Time{})
	}
}

// The scan of bytes says what the scan of characters says.
func TestAllCommonAgrees(t *testing.T) {
	agree := func(text string) bool {
		slow := utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !common(r) })
		return allCommon(text) == slow
	}
	for r := rune(-1); r <= unicode.MaxRune+1; r++ {
		if text := string(r); !agree(text) || !agree("中"+text+"a") {
			t.Fatalf("%U", r)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if text := rapid.SliceOf(rapid.SampledFrom([]byte{'a', ' ', '~', 0x7f, 0xe3, 0xe4, 0xef, 0xbc, 0x80, 0xb8, 0xad, 0xff, 0xed, 0xa0, '\n'})).Draw(t, "bytes"); !agree(string(text)) {
			t.Fatalf("%x", text)
		}
	})
}
