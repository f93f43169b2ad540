package cost

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"kexin/shared/record"
)

func defaults(t *testing.T) (Prices, Company) {
	t.Helper()
	p, c := Defaults()
	prices, err := ReadPrices(p)
	if err != nil {
		t.Fatal(err)
	}
	company, err := ReadCompany(c)
	if err != nil {
		t.Fatal(err)
	}
	return prices, company
}

// The built-in files name every act, so that nothing is priced at zero by omission.
func TestBuiltInFilesAreWhole(t *testing.T) {
	_, company := defaults(t)
	for _, act := range Acts() {
		if _, ok := company.Acts[act]; !ok || company.Daily[act] <= 0 {
			t.Errorf("%s: missing in company.yaml", act)
		}
	}
}

// The price of a million creates, added by hand: 20 write units and 2 of an index at 0.625, 3 read units at 0.125, one wrap, one signature.
func TestCountedPrice(t *testing.T) {
	prices, _ := defaults(t)
	got := prices.Counted(Use{WriteUnits: 20, IndexUnits: 2, ReadUnits: 3, Wraps: 1, Signs: 1})
	if want := 22*0.625 + 3*0.125 + 3 + 15; math.Abs(got-want) > 1e-9 {
		t.Errorf("%v, want %v", got, want)
	}
}

// A million invocations of 100 ms with 1 GB are 100,000 GB-seconds.
func TestAssumedPrice(t *testing.T) {
	prices, _ := defaults(t)
	got := prices.About(Around{Invocations: 1, Milliseconds: 100, MemoryMB: 1024, HTTP: 1, AnswerKB: 1, LogKB: 2})
	if want := 0.20 + 1.00 + 100_000*0.0000133334 + 0.09 + 2*0.50; math.Abs(got-want) > 1e-9 {
		t.Errorf("%v, want %v", got, want)
	}
}

// The month is the acts of the company and what stands without any; doubling the acts doubles only them.
func TestMonth(t *testing.T) {
	prices, company := defaults(t)
	uses := map[Act]Use{Create: {WriteUnits: 20}, Read: {ReadUnits: 3, WriteUnits: 2}}
	once := New(prices, company, uses, "")
	acts := 0.0
	for _, line := range once.Lines {
		acts += line.Month
	}
	for act, n := range company.Daily {
		company.Daily[act] = 2 * n
	}
	if twice := New(prices, company, uses, ""); math.Abs(twice.Month-once.Month-acts) > 1e-9 || acts <= 0 {
		t.Errorf("%v and %v differ by other than %v", once.Month, twice.Month, acts)
	}
}

func TestBadFiles(t *testing.T) {
	p, c := Defaults()
	for name, bad := range map[string]string{
		"misspelt": strings.Replace(string(c), "customers:", "custmers:", 1), "act": strings.Replace(string(c), "  submit: 200", "  submitt: 200", 1),
		"negative": strings.Replace(string(c), "  submit: 200", "  submit: -200", 1), "no yaml": "{",
		"act around": strings.Replace(string(c), "  submit: {", "  submitt: {", 1), "infinite": strings.Replace(string(c), "  submit: 200", "  submit: .inf", 1),
	} {
		if _, err := ReadCompany([]byte(bad)); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bad := range map[string]string{
		"currency": strings.Replace(string(p), "currency: USD", "", 1), "negative": strings.Replace(string(p), "log_gb: 0.50", "log_gb: -1", 1),
	} {
		if _, err := ReadPrices([]byte(bad)); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPrintSpeaksBothLanguages(t *testing.T) {
	prices, company := defaults(t)
	for _, text := range Texts() {
		if text.ZH == "" || text.EN == "" {
			t.Errorf("text in one language: %+v", text)
		}
	}
	var out bytes.Buffer
	if err := New(prices, company, nil, "x").Print(&out, record.Language("zh")); err != nil || !strings.Contains(out.String(), "每月合计") {
		t.Errorf("%v %s", err, out.String())
	}
}
