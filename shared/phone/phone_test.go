package phone

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write plans.txt from the library's metadata")

// plans.txt is what the library's metadata say.
func TestPlansAreTheLibrarys(t *testing.T) {
	want := libraryPlans(t)
	if plans == want {
		return
	}
	if !*update {
		t.Fatal("plans.txt is not what the library says: run go test ./shared/phone -update")
	}
	if err := os.WriteFile("plans.txt", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func libraryPlans(t *testing.T) string {
	t.Helper()
	all, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	order := func(m *phonenumbers.PhoneMetadata) int {
		return slices.Index(phonenumbers.GetRegionCodesForCountryCode(int(m.GetCountryCode())), m.GetId())
	}
	list := slices.Clone(all.GetMetadata())
	slices.SortFunc(list, func(a, b *phonenumbers.PhoneMetadata) int {
		if d := int(a.GetCountryCode()) - int(b.GetCountryCode()); d != 0 {
			return d
		}
		return order(a) - order(b)
	})
	var b strings.Builder
	for _, m := range list {
		if order(m) < 0 {
			t.Fatalf("%s is not among the regions of %d", m.GetId(), m.GetCountryCode())
		}
		idd := ""
		if m.GetId() == "CN" { // numbers are read as somebody in China dials them
			idd = m.GetInternationalPrefix()
		}
		fmt.Fprintf(&b, "%s\t%d\t%s\t%s\t%s\t%s\t%s", m.GetId(), m.GetCountryCode(), idd, m.GetNationalPrefixForParsing(),
			m.GetNationalPrefixTransformRule(), m.GetLeadingDigits(), kindText(m.GetGeneralDesc(), true))
		for _, desc := range []*phonenumbers.PhoneNumberDesc{m.GetMobile(), m.GetFixedLine(), m.GetPremiumRate(), m.GetTollFree(), m.GetSharedCost(),
			m.GetVoip(), m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail()} {
			if desc.GetNationalNumberPattern() != "" {
				b.WriteString("\t" + kindText(desc, false))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func kindText(d *phonenumbers.PhoneNumberDesc, local bool) string {
	list := func(lengths []int32) string {
		var texts []string
		for _, n := range lengths {
			texts = append(texts, strconv.Itoa(int(n)))
		}
		return strings.Join(texts, ",")
	}
	without := ""
	if local {
		without = list(d.GetPossibleLengthLocalOnly())
	}
	return list(d.GetPossibleLength()) + ":" + without + ":" + d.GetNationalNumberPattern()
}

// library is the library's answer.
func library(text string) (string, bool) {
	number, err := phonenumbers.Parse(text, "CN")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", false
	}
	return phonenumbers.Format(number, phonenumbers.E164), true
}

func agree(t interface{ Errorf(string, ...any) }, text string) {
	want, wantOK := library(text)
	if got, ok := E164(text, "CN"); got != want || ok != wantOK {
		t.Errorf("%q is %q, %v; the library says %q, %v", text, got, ok, want, wantOK)
	}
}

// types are the kinds that the library has examples of.
var types = []phonenumbers.PhoneNumberType{phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.TOLL_FREE, phonenumbers.PREMIUM_RATE,
	phonenumbers.SHARED_COST, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER, phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.VOICEMAIL}

// examples are numbers of every region and kind as people write them.
func examples() []string {
	var list []string
	add := func(number *phonenumbers.PhoneNumber) {
		if number == nil {
			return
		}
		for _, format := range []phonenumbers.PhoneNumberFormat{phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL} {
			list = append(list, phonenumbers.Format(number, format))
		}
		list = append(list, "00"+strings.TrimPrefix(phonenumbers.Format(number, phonenumbers.E164), "+"))
	}
	regions := []string{}
	for region := range phonenumbers.GetSupportedRegions() {
		regions = append(regions, region)
	}
	slices.Sort(regions)
	for _, region := range regions {
		for _, kind := range types {
			add(phonenumbers.GetExampleNumberForType(region, kind))
		}
	}
	for country := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		add(phonenumbers.GetExampleNumberForNonGeoEntity(country))
	}
	return list
}

const alphabet = "0123456789+-(). "

// plain reports whether text has only characters that the caller lets through.
func plain(text string) bool { return strings.Trim(text, alphabet) == "" }

// Every example of the library, as it is, one digit short, one too many, and with its trunk prefix kept, is read alike.
func TestExamplesOfAllRegions(t *testing.T) {
	count := 0
	for _, text := range examples() {
		if !plain(text) || text == "" {
			continue
		}
		for _, written := range []string{text, text[:len(text)-1], text + "0", "+" + text, "86" + text, "0" + text, "(" + text + ")"} {
			agree(t, written)
			count++
		}
	}
	if count < 5000 {
		t.Errorf("only %d spellings", count)
	}
}

func TestSpellingsAgreeWithTheLibrary(t *testing.T) {
	from := examples()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringOfN(rapid.RuneFrom([]rune(alphabet)), 0, 24, -1),
			rapid.StringMatching(`(\+|00|\+86|86|0086|\+1|\+39|\+54|\+7)?[ -]?0?[0-9]{2,4}[- ]?[0-9]{3,9}`),
			rapid.Custom(func(t *rapid.T) string {
				bytes := []byte(rapid.SampledFrom(from).Draw(t, "example"))
				for range rapid.IntRange(0, 3).Draw(t, "changes") {
					bytes[rapid.IntRange(0, len(bytes)-1).Draw(t, "at")] = alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "to")]
				}
				return string(bytes)
			}),
		).Draw(t, "text")
		if plain(text) {
			agree(t, text)
		}
	})
}

func TestEveryPatternCompiles(t *testing.T) {
	for region, p := range opened().regions {
		for _, k := range append(slices.Clone(p.kinds), p.general) {
			if p.compiled(k.pattern) == nil || len(p.general.lengths) == 0 {
				t.Errorf("%s: %s", region, k.pattern)
			}
		}
		if p.compiled(p.prefix) == nil || p.compiled(p.idd) == nil || p.compiled(p.leading) == nil {
			t.Errorf("%s: prefixes", region)
		}
	}
	if got, ok := E164("13800138000", "XX"); ok {
		t.Errorf("a region that does not exist gives %s", got)
	}
}

// BenchmarkMobile is the number that nearly everybody enters.
func BenchmarkMobile(b *testing.B) {
	for b.Loop() {
		if _, ok := E164("13800138000", "CN"); !ok {
			b.Fatal("refused")
		}
	}
}
