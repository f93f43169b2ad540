package mask_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"kexin/shared/mask"
	"kexin/shared/record"
)

func apply(rule, text string) string { return mask.Apply(rule, record.NewValue(text)) }

func TestMasks(t *testing.T) {
	for _, c := range []struct{ rule, text, want string }{
		{mask.PersonName, "张三", "张**"},
		{mask.PersonName, "张三丰", "张**"},
		{mask.PersonName, "欧阳锋", "欧阳**"},
		{mask.PersonName, "欧阳", "欧**"},
		{mask.PersonName, "司马相如", "司马**"},
		{mask.PersonName, "张", "******"},
		{mask.PersonName, "阿凡提·买买提", "阿**"},
		{mask.PersonName, "John Smith", "J***"},
		{mask.PersonName, "Élodie", "É***"},
		{mask.PersonName, "Q", "******"},
		{mask.CompanyName, "春和生活服务有限公司", "春和****公司"},
		{mask.CompanyName, "春和服务社", "春****"},
		{mask.CompanyName, "春", "******"},
		{mask.CompanyName, "Spring Ltd", "Sp****td"},
		{mask.Phone, "+8613812345678", "138****5678"},
		{mask.Phone, "+862112345678", "021****5678"},
		{mask.Phone, "+861012345678", "010****5678"},
		{mask.Phone, "+865711234567", "0571****567"},
		{mask.Phone, "+8657112345678", "0571****5678"},
		{mask.Phone, "+864001234567", "400****567"},
		{mask.Phone, "+8695588", "******"},
		{mask.Phone, "+12025550123", "+1****0123"},
		{mask.Phone, "+447911123456", "+44****3456"},
		{mask.Phone, "+85251234567", "+852****4567"},
		{mask.Phone, "+2904567", "+290****"},
		{mask.Phone, "+29045678", "+290****8"},
		{mask.Phone, "13812345678", "******"},
		{mask.Phone, "+86138", "******"},
		{mask.Phone, "+8613812a45678", "******"},
		{mask.Email, "zhang@example.com", "z***@example.com"},
		{mask.Email, "z@example.com", "***@example.com"},
		{mask.Email, "@example.com", "******"},
		{mask.Email, "zhang@", "******"},
		{mask.Email, "zhang", "******"},
		{mask.ID, "11010519491231002X", "110*************2X"},
		{mask.ID, "1101051949123100", "******"},
		{mask.USCC, "91350100M000100Y43", "91**************43"},
		{mask.USCC, "91350100M", "******"},
		{mask.BankCard, "6222021234567890", "****7890"},
		{mask.BankCard, "622202123", "******"},
		{mask.BankCard, "GB29NWBK60161331926819", "******"},
		{mask.Address, "浙江省杭州市西湖区文三路1号", "浙江省杭州市******"},
		{mask.Address, "浙江杭州市西湖区文三路1号", "浙江杭州市******"},
		{mask.Address, "浙江省西湖路好又多超市2号", "浙江省******"},
		{mask.Address, "北京市朝阳区建国路1号", "北京市******"},
		{mask.Address, "上海市张三家市场", "上海市******"},
		{mask.Address, "重庆渝中区解放碑", "重庆******"},
		{mask.Address, "广西壮族自治区南宁市青秀区", "广西壮族自治区南宁市******"},
		{mask.Address, "云南省西双版纳傣族自治州景洪市", "云南省西双版纳傣族自治州******"},
		{mask.Address, "内蒙古自治区锡林郭勒盟", "内蒙古自治区锡林郭勒盟******"},
		{mask.Address, "香港特别行政区九龙", "香港特别行政区******"},
		{mask.Address, "文三路1号张三收", "******"},
		{mask.Address, "12 Spring Road, London", "******"},
		{mask.Date, "1990-05-31", "1990-**-**"},
		{mask.Date, "31.05.1990", "******"},
		{mask.Text, "喜欢靠窗", "******"},
		{mask.All, "喜欢靠窗的房间,不要香烟", "******"},
		{mask.All, "******", "*****"},
		{mask.None, "喜欢靠窗", "喜欢靠窗"},
		{"unknown", "喜欢靠窗", "******"},
		{"", "喜欢靠窗", "******"},
		{mask.PersonName, "\xff\xfe张", "******"},
	} {
		if got := apply(c.rule, c.text); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.rule, c.text, got, c.want)
		}
	}
}

func TestEmptyStaysEmpty(t *testing.T) {
	for _, rule := range append(mask.Rules(), "unknown") {
		if got := apply(rule, ""); got != "" {
			t.Errorf("%s of nothing: %q", rule, got)
		}
	}
}

// Values of the shape that each rule expects, no character twice, and what each may show at most.
var shapes = map[string]struct {
	values *rapid.Generator[string]
	shown  int // characters
}{
	mask.PersonName:  {distinct("张欧阳三丰李四光明丽华ABCDEF", 1, 10), 2},
	mask.CompanyName: {distinct("春和生活服务有限公司上海科技SPRING", 2, 20), 4},
	mask.Phone:       {rapid.StringMatching(`\+(861[3-9][0-9]{9}|86[2-9][0-9]{8,10}|[1-9][0-9]{7,14})`), 9},
	mask.Email:       {rapid.StringMatching(`[a-z0-9.]{1,30}@example\.com`), 13},
	mask.ID:          {rapid.StringMatching(`[1-8][0-9]{16}[0-9X]`), 5},
	mask.USCC:        {rapid.StringMatching(`9[0-9A-H]{17}`), 4},
	mask.BankCard:    {rapid.StringMatching(`[0-9]{10,32}`), 4},
	mask.Address:     {rapid.StringMatching(`(浙江省)?(杭州市)?[东西南北路街1-9]{1,20}`), 6},
	mask.Date:        {rapid.StringMatching(`[12][0-9]{3}-[01][0-9]-[0-3][0-9]`), 6},
	mask.Text:        {rapid.String(), 0},
	mask.All:         {rapid.String(), 0},
}

// distinct generates texts of least to most different characters of alphabet.
func distinct(alphabet string, least, most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		characters := rapid.Permutation([]rune(alphabet)).Draw(t, "characters")
		return string(characters[:rapid.IntRange(least, min(most, len(characters))).Draw(t, "length")])
	})
}

func TestNoMaskShowsTheWhole(t *testing.T) {
	for _, rule := range mask.Rules() {
		if rule == mask.None {
			continue
		}
		shape, ok := shapes[rule]
		if !ok {
			t.Errorf("no values for %s", rule)
			continue
		}
		rapid.Check(t, func(t *rapid.T) {
			value := rapid.OneOf(shape.values, rapid.String()).Filter(func(s string) bool { return s != "" }).Draw(t, "value")
			masked := apply(rule, value)
			if masked == value || !strings.Contains(masked, "**") {
				t.Fatalf("%s shows %q as %q", rule, value, masked)
			}
		})
		rapid.Check(t, func(t *rapid.T) {
			value := shape.values.Filter(func(s string) bool { return s != "" && !strings.Contains(s, "*") }).Draw(t, "value")
			shown := strings.ReplaceAll(apply(rule, value), "*", "")
			if n := utf8.RuneCountInString(shown); n > shape.shown {
				t.Fatalf("%s shows %d characters of %q", rule, n, value)
			}
		})
	}
}

// What stands between the shown beginning and the shown end of a value appears nowhere in the mask.
func TestTheHiddenRunIsHidden(t *testing.T) {
	for rule, shape := range shapes {
		rapid.Check(t, func(t *rapid.T) {
			value := shape.values.Filter(func(s string) bool { return s != "" && !strings.Contains(s, "*") }).Draw(t, "value")
			masked := apply(rule, value)
			before, after := masked[:strings.IndexByte(masked, '*')], masked[strings.LastIndexByte(masked, '*')+1:]
			if rule == mask.Phone { // shown nationally
				value = strings.TrimPrefix(value, "+86")
				before = strings.TrimPrefix(before, "0")
			}
			run, found := strings.CutPrefix(value, before)
			run, ended := strings.CutSuffix(run, after)
			if !found || !ended {
				t.Fatalf("%s shows of %q what is not in it: %q", rule, value, masked)
			}
			if utf8.RuneCountInString(run) > 4 && strings.Contains(masked, run) {
				t.Fatalf("%s shows %q as %q", rule, value, masked)
			}
			if rule == mask.Phone && len(run) < 4 {
				t.Fatalf("only %d digits of %q are hidden", len(run), value)
			}
		})
	}
}

// Two values that differ in what is hidden alone have the same mask, whatever the length of the hidden part.
func TestStarsTellNoLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		middle := distinct("一二三四五六七八九十", 1, 10)
		a, b := middle.Draw(t, "a"), middle.Draw(t, "b")
		for rule, text := range map[string]func(string) string{
			mask.PersonName:  func(s string) string { return "张" + s },
			mask.CompanyName: func(s string) string { return "春和生活" + s + "有限公司" },
			mask.Email:       func(s string) string { return "z" + s + "@example.com" },
			mask.Address:     func(s string) string { return "浙江省杭州市西湖区" + s },
			mask.Text:        func(s string) string { return s },
		} {
			if apply(rule, text(a)) != apply(rule, text(b)) {
				t.Fatalf("%s tells %q from %q", rule, text(a), text(b))
			}
		}
	})
}

func FuzzApply(f *testing.F) {
	for _, rule := range mask.Rules() {
		f.Add(rule, "+8613812345678")
		f.Add(rule, "浙江省杭州市")
	}
	f.Fuzz(func(t *testing.T, rule, text string) {
		masked := apply(rule, text)
		if text != "" && rule != mask.None && (masked == text || !utf8.ValidString(masked)) {
			t.Errorf("%s of %q: %q", rule, text, masked)
		}
	})
}
