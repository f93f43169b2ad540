package validate_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"kexin/shared/record"
	"kexin/shared/validate"
)

// now is 1 March 2025, 00:30 in China, and still 28 February in London.
var now = time.Date(2025, 2, 28, 16, 30, 0, 0, time.UTC)

// outcome is the canonical text, or "!" and the code of the problem.
func outcome(rule validate.Rule, text string) string {
	value, err := validate.Canonical(rule, text, now)
	var problem *validate.Problem
	switch {
	case errors.As(err, &problem):
		return "!" + string(problem.Code)
	case err != nil:
		return "error " + err.Error()
	}
	return value.Reveal()
}

type example struct{ text, want string }

// examples of each check and type.
var examples = map[string][]example{
	validate.CheckPersonName: {
		{"张三", "张三"}, {"  张三 ", "张三"}, {"John  Smith", "John Smith"}, {"E\u0301lodie", "Élodie"}, {"O'Neil-Wang Jr.", "O'Neil-Wang Jr."},
		{"阿凡提•买买提", "阿凡提·买买提"}, {"阿凡提・买买提", "阿凡提·买买提"}, {"张\u3000三", "张 三"}, {"张\n三", "张 三"},
		{strings.Repeat("张", 60), strings.Repeat("张", 60)}, {strings.Repeat("张", 61), "!too_long"}, {"𠮷田", "𠮷田"},
		{"", "!empty"}, {" \t\u3000", "!empty"}, {"12", "!bad_name"}, {"·", "!bad_name"}, {"张\x00三", "!bad_character"},
		{"张\u200b三", "!bad_character"}, {"张\u202e三", "!bad_character"}, {"<b>张三", "!bad_character"}, {"张\xff三", "!bad_encoding"},
		{"张\ufffd三", "!bad_character"}, {"张\ue000三", "!bad_character"}, {"\u3164", "!bad_character"},
	},
	validate.CheckCompanyName: {
		{"春和生活服务有限公司", "春和生活服务有限公司"}, {"春和(上海)  服务", "春和(上海) 服务"}, {"3M & Co.", "3M & Co."}, {"360", "!bad_name"},
		{strings.Repeat("春", 201), "!too_long"},
	},
	validate.CheckPhone: {
		{"13812345678", "+8613812345678"}, {"138 1234 5678", "+8613812345678"}, {"138-1234-5678", "+8613812345678"},
		{"138—1234—5678", "+8613812345678"}, {"+86 138 1234 5678", "+8613812345678"}, {"0086-13812345678", "+8613812345678"},
		{"1３８１２３４５６７８", "+8613812345678"}, {"＋86 13812345678", "+8613812345678"}, {"19212345678", "+8619212345678"},
		{"021-62345678", "+862162345678"}, {"(021) 6234 5678", "+862162345678"}, {"（021）62345678", "+862162345678"},
		{"+86 21 62345678", "+862162345678"}, {"+86 021 62345678", "+862162345678"}, {"0571-87654321", "+8657187654321"},
		{"400-812-3456", "+864008123456"}, {"+852 5123 4567", "+85251234567"}, {"+1 202 555 0123", "+12025550123"},
		{"+44 7911 123456", "+447911123456"},
		{"1381234567", "!bad_phone"}, {"138123456789", "!bad_phone"}, {"12345678", "!bad_phone"}, {"10012345678", "!bad_phone"},
		{"+999 123456", "!bad_phone"}, {"138123CALLME", "!bad_phone"}, {"021-62345678 ext. 5", "!bad_phone"}, {"021-62345678转5", "!bad_phone"},
		{"021-62345678;ext=5", "!bad_phone"}, {"13812345678/13912345678", "!bad_phone"}, {"tel:+8613812345678", "!bad_phone"},
		{"-", "!bad_phone"}, {"+", "!bad_phone"}, {strings.Repeat("1", 41), "!bad_phone"}, {"१३८१२३४५६७८", "!bad_phone"},
	},
	validate.CheckEmail: {
		{"li@example.com", "li@example.com"}, {"Li.Si+x@Example.COM", "Li.Si+x@example.com"}, {" li@example.com ", "li@example.com"},
		{"li@例子.中国", "li@xn--fsqu00a.xn--fiqs8s"}, {"li@xn--fsqu00a.xn--fiqs8s", "li@xn--fsqu00a.xn--fiqs8s"},
		{"li@a-b.example.com", "li@a-b.example.com"},
		{strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"}, {strings.Repeat("a", 65) + "@example.com", "!bad_email"},
		{"a@" + strings.Repeat("abcdefgh.", 27) + "comm.cn.cn", "!too_long"},
		{"Li <li@example.com>", "!bad_email"}, {"<li@example.com>", "!bad_email"}, {"li@example", "!bad_email"}, {"li@", "!bad_email"},
		{"@example.com", "!bad_email"}, {"li", "!bad_email"}, {"li@@example.com", "!bad_email"}, {"a@b@example.com", "!bad_email"},
		{`"li si"@example.com`, "!bad_email"}, {"li si@example.com", "!bad_email"}, {"li..si@example.com", "!bad_email"},
		{".li@example.com", "!bad_email"}, {"li.@example.com", "!bad_email"}, {"li@[127.0.0.1]", "!bad_email"}, {"li@127.0.0.1", "!bad_email"},
		{"li@-a.com", "!bad_email"}, {"li@a-.com", "!bad_email"}, {"li@a..com", "!bad_email"}, {"li@a.com.", "!bad_email"},
		{"li@a_b.com", "!bad_email"}, {"李@example.com", "!bad_email"}, {"li@example.com, si@example.com", "!bad_email"},
		{"li@example.com\r\nBcc: si@example.com", "!bad_email"}, {"li(x)@example.com", "!bad_email"}, {"li@exa mple.com", "!bad_email"},
		{"li@" + strings.Repeat("a", 64) + ".com", "!bad_email"},
	},
	validate.CheckID: {
		{"11010519491231002X", "11010519491231002X"}, {"11010519491231002x", "11010519491231002X"}, {"110105 19491231 002X", "11010519491231002X"},
		{"１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"}, {"440524188001010014", "!too_old"}, {"110105194912310021", "!bad_check_digit"},
		{"11010519491231003X", "!bad_check_digit"}, {"11010519490231002X", "!bad_date"}, {"11010519491331002X", "!bad_date"},
		{"99010519491231002X", "!bad_region"}, {"110105491231002", "!bad_length"}, {"1101051949123100", "!bad_length"},
		{"1101051949X231002X", "!bad_character"}, {"11010519491231002Y", "!bad_character"}, {"110105203012310020", "!future_date"},
		{"110105202503010015", "110105202503010015"}, {"11010520250302001X", "!future_date"},
		{"李李李李李李", "!bad_character"}, // 18 bytes
	},
	validate.CheckUSCC: {
		{"91350100M000100Y43", "91350100M000100Y43"}, {"91350100m000100y43", "91350100M000100Y43"}, {"9135 0100 M000100Y43", "91350100M000100Y43"},
		{"91350100M000100Y44", "!bad_check_digit"}, {"91350100M000100743", "!bad_check_digit"}, {"9135010XM000100Y43", "!bad_region"},
		{"91350100I000100Y43", "!bad_character"}, {"91350100M000100Y4", "!bad_length"}, {"91350100M000100Y433", "!bad_length"},
		{"李李李李李李", "!bad_character"},
	},
	validate.CheckDate: {
		{"2024-02-29", "2024-02-29"}, {"2025-03-01", "2025-03-01"}, {"2025-03-02", "!future_date"}, {"2025-02-29", "!bad_date"},
		{"2024-2-9", "!bad_date"}, {"20240209", "!bad_date"}, {"2024-02-09T00:00:00Z", "!bad_date"}, {"0000-01-01", "!bad_date"},
		{"1024-01-01", "1024-01-01"}, {"２０２４-02-09", "!bad_date"},
	},
	validate.CheckDateAny:   {{"2999-12-31", "2999-12-31"}, {"2999-02-29", "!bad_date"}},
	validate.CheckBirthDate: {{"1894-03-02", "1894-03-02"}, {"1894-03-01", "!too_old"}, {"2025-03-02", "!future_date"}, {"x", "!bad_date"}},
	"type " + validate.TypeStr: {
		{"a", "a"}, {"a\u00a0b", "a\u00a0b"}, {"a\nb", "!bad_character"}, {"a\tb", "!bad_character"}, {strings.Repeat("好", 200), strings.Repeat("好", 200)},
		{strings.Repeat("好", 201), "!too_long"}, {"a\u2028b", "!bad_character"}, {"A\u030a", "Å"},
	},
	"type " + validate.TypeText: {
		{"a\nb\tc", "a\nb\tc"}, {"a\r\nb", "a\nb"}, {"a\rb", "!bad_character"}, {"a\x1bb", "!bad_character"}, {"👨\u200d👩", "👨\u200d👩"},
		{"a\u202eb", "!bad_character"}, {strings.Repeat("好", 4001), "!too_long"}, {strings.Repeat("a", 1<<17), "!too_long"},
	},
	"type " + validate.TypeDate: {{"2025-03-01", "2025-03-01"}, {"2025-03-02", "!future_date"}},
	"type " + validate.TypeInt: {
		{"7", "7"}, {"+7", "7"}, {"-7", "-7"}, {"007", "7"}, {"-0", "0"}, {"1000000000000000", "1000000000000000"},
		{"1000000000000001", "!bad_number"}, {"-1000000000000001", "!bad_number"}, {"7.0", "!bad_number"}, {"1e3", "!bad_number"},
		{"0x7", "!bad_number"}, {"1_000", "!bad_number"}, {"99999999999999999999", "!bad_number"}, {"７", "!bad_number"},
	},
	"type " + validate.TypeMoney: {
		{"7", "7.00"}, {"7.5", "7.50"}, {"7.55", "7.55"}, {"-7.5", "-7.50"}, {"-0.00", "0.00"}, {"007", "7.00"}, {"7.555", "!bad_money"},
		{"7.", "!bad_money"}, {".5", "!bad_money"}, {"1,000", "!bad_money"}, {"¥7", "!bad_money"}, {"+7", "!bad_money"}, {"--7", "!bad_money"},
		{"-", "!bad_money"}, {"1e3", "!bad_money"}, {"7.-5", "!bad_money"}, {"1000000000000001", "!bad_money"}, {strings.Repeat("9", 30), "!bad_money"},
	},
	"type " + validate.TypeBool: {{"true", "true"}, {"false", "false"}, {"True", "!bad_bool"}, {"1", "!bad_bool"}},
	"type " + validate.TypeEnum: {{"male", "male"}, {"female", "female"}, {"Male", "!not_an_option"}, {"", "!empty"}, {"male,female", "!not_an_option"}},
}

func ruleOf(name string) validate.Rule {
	rule := validate.Rule{Check: name, Type: validate.TypeStr, Options: []string{"male", "female"}}
	if typ, ok := strings.CutPrefix(name, "type "); ok {
		rule.Check, rule.Type = "", typ
	}
	return rule
}

func TestExamples(t *testing.T) {
	for name, list := range examples {
		for _, e := range list {
			if got := outcome(ruleOf(name), e.text); got != e.want {
				t.Errorf("%s of %q: %q, want %q", name, e.text, got, e.want)
			}
		}
	}
}

func TestEveryCheckAndCodeHasAnExample(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range examples {
		for _, e := range list {
			seen[e.want] = true
		}
	}
	for _, code := range validate.Codes() {
		if !seen["!"+string(code)] {
			t.Errorf("no example of %s", code)
		}
	}
	for _, check := range validate.Checks() {
		if len(examples[check]) == 0 {
			t.Errorf("no example of %s", check)
		}
	}
}

func TestCanonicalFormsAreFinal(t *testing.T) {
	for name, list := range examples {
		for _, e := range list {
			if again := outcome(ruleOf(name), e.want); !strings.HasPrefix(e.want, "!") && again != e.want {
				t.Errorf("%s: canonical %q becomes %q", name, e.want, again)
			}
		}
	}
}

func TestAnyTextIsRefusedOrMadeCanonical(t *testing.T) {
	names := make([]string, 0, len(examples))
	names = append(names, validate.Checks()...)
	for _, typ := range []string{validate.TypeStr, validate.TypeText, validate.TypeInt, validate.TypeMoney, validate.TypeBool, validate.TypeDate} {
		names = append(names, "type "+typ)
	}
	rapid.Check(t, func(t *rapid.T) {
		rule := ruleOf(rapid.SampledFrom(names).Draw(t, "rule"))
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[+0-9 -]{1,20}`), rapid.StringMatching(`[a-zA-Z.]{1,5}@[a-zA-Z.]{1,9}`),
			rapid.StringMatching(`[0-9]{4}-[01][0-9]-[0-3][0-9]`)).Draw(t, "text")
		canonical := outcome(rule, text)
		switch {
		case strings.HasPrefix(canonical, "error"):
			t.Fatalf("%v of %q: %s", rule, text, canonical)
		case strings.HasPrefix(canonical, "!"):
		case outcome(rule, canonical) != canonical:
			t.Fatalf("%v of %q: %q is not final", rule, text, canonical)
		case strings.ContainsFunc(canonical, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
			t.Fatalf("%v of %q: control character in %q", rule, text, canonical)
		}
	})
}

func TestMaxLengthCountsCharacters(t *testing.T) {
	for _, c := range []struct {
		rule validate.Rule
		text string
		want string
	}{
		{validate.Rule{Type: validate.TypeStr, MaxLength: 2}, "好的", "好的"},
		{validate.Rule{Type: validate.TypeStr, MaxLength: 2}, "好的。", "!too_long"},
		{validate.Rule{Type: validate.TypeStr, MaxLength: 300}, strings.Repeat("好", 300), strings.Repeat("好", 300)},
		{validate.Rule{Type: validate.TypeText, MaxLength: 2}, "e\u0301a", "éa"},
		{validate.Rule{Type: validate.TypeInt, MaxLength: 2}, "123", "!too_long"},
		{validate.Rule{Check: validate.CheckPersonName, MaxLength: 300}, strings.Repeat("张", 61), "!too_long"},
		{validate.Rule{Check: validate.CheckPersonName, MaxLength: 2}, "张三丰", "!too_long"},
	} {
		if got := outcome(c.rule, c.text); got != c.want {
			t.Errorf("%+v of %q: %q", c.rule, c.text, got)
		}
	}
}

func TestUnknownRuleIsTheRulesFault(t *testing.T) {
	for _, rule := range []validate.Rule{{}, {Type: "geo"}, {Type: validate.TypeStr, Check: "star_sign"}} {
		if _, err := validate.Canonical(rule, "x", now); !errors.Is(err, validate.ErrRule) {
			t.Errorf("%+v: %v", rule, err)
		}
	}
}

func TestProblemsHoldNoValue(t *testing.T) {
	_, err := validate.Canonical(validate.Rule{Check: validate.CheckPhone}, "138marker", now)
	if err == nil || strings.Contains(err.Error(), "marker") || err.Error() != "value refused: bad_phone" {
		t.Errorf("error %v", err)
	}
}

func TestMessages(t *testing.T) {
	seen := map[string]validate.Code{}
	for _, code := range validate.Codes() {
		for _, language := range []record.Language{record.Chinese, record.English} {
			text := validate.Message(code, language)
			if twin, ok := seen[text]; ok || text == "" || text == validate.Message("no such code", language) {
				t.Errorf("text of %s in %s: %q, the same as %s", code, language, text, twin)
			}
			seen[text] = code
		}
	}
	if validate.Message("no such code", "zh") == "" || validate.Message("no such code", "en") == "" {
		t.Error("no text for an unknown code")
	}
}
