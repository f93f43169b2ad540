package blind_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/blind"
	"kexin/shared/record"
)

const deployment = record.DeploymentID("dep_aaaaaaaaaaaaaaaaaaaaaaaaaa")

var secret = bytes.Repeat([]byte{7}, blind.SecretSize)

func newKey(t testing.TB) *blind.Key {
	t.Helper()
	key, err := blind.NewKey(secret, deployment)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// finds reports whether a record whose field has value is found by text.
func finds(key *blind.Key, kind, value, text string) bool {
	stored := key.Tokens("name", []string{kind}, record.NewValue(value))
	asked := key.QueryTokens("name", kind, text)
	for _, token := range asked {
		if !slices.Contains(stored, token) {
			return false
		}
	}
	return len(asked) > 0
}

func TestFinds(t *testing.T) {
	key := newKey(t)
	for _, c := range []struct {
		kind, value, text string
		want              bool
	}{
		{blind.Exact, "A-1024 b", "a-1024B", true},
		{blind.Exact, "A-1024", "A-102", false},
		{blind.Exact, "A-1024", "", false},
		{blind.Last4, "+8613812345678", "5678", true},
		{blind.Last4, "+8613812345678", "5678", true},
		{blind.Last4, "+8613812345678", "678", false},
		{blind.Last4, "+8613812345678", "45678", false},
		{blind.Last4, "+8613812345678", "567a", false},
		{blind.Last4, "12345", "2345", false}, // too short to be told apart from the rest
		{blind.Two, "张三丰", "张三", true},
		{blind.Two, "张三丰", "三丰", true},
		{blind.Two, "张三丰", "张三丰", true},
		{blind.Two, "张三丰", "张 三", true},
		{blind.Two, "张三丰", "张丰", false},
		{blind.Two, "张三丰", "张", false},
		{blind.Two, "张三丰", "丰三", false},
		{blind.Two, "张三", "张三丰", false},
		{blind.Two, "阿凡提·买买提", "买买提", true},
		{blind.Two, "阿凡提·买买提", "阿凡提买买提", true},
		{blind.Two, "John Smith", "smith", true},
		{blind.Two, "John Smith", "JOHN", true},
		{blind.Two, "John Smith", "smi", false},
		{blind.Two, "春和生活服务有限公司", "春和", true},
		{blind.Two, "春和生活服务有限公司", "生活服务", true},
		{blind.Two, "春和生活服务有限公司", "春和生活服务有限公司", true},
		{blind.Two, "春和生活服务有限公司", "生活服务有限", true},
		{blind.Two, "春和生活服务有限公司", "有限公司", false},
		{blind.Two, "春和生活服务有限公司", "公司", false},
		{blind.Two, "TCL科技集团股份有限公司", "tcl", true},
		{blind.Two, "TCL科技集团股份有限公司", "科技", true},
		{blind.Two, "Spring Co., Ltd.", "ltd", false},
		{blind.Two, "Spring Co., Ltd.", "spring", true},
		{blind.Initials, "张三丰", "zs", true},
		{blind.Initials, "张三丰", "ZSF", true},
		{blind.Initials, "张三丰", "z s f", true},
		{blind.Initials, "张三丰", "z", false},
		{blind.Initials, "张三丰", "sf", false},
		{blind.Initials, "张三丰", "张三", false},
		{blind.Initials, "张三丰", "zsfa", false},
		{blind.Initials, "单雄", "sx", true},
		{blind.Initials, "单雄", "dx", true},
		{blind.Initials, "曾平", "zp", true},
		{blind.Initials, "欧阳锋", "oyf", true},
		{blind.Initials, "春和生活服务有限公司", "chshfw", true},
		{blind.Initials, "春和生活服务超市有限公司", "chshfwcs", true},
		{blind.Initials, "John Smith", "js", true},
		{blind.Initials, "360", "36", false},
		{"none", "张三丰", "张三丰", false},
	} {
		if got := finds(key, c.kind, c.value, c.text); got != c.want {
			t.Errorf("%s: %q finds %q: %v", c.kind, c.text, c.value, got)
		}
	}
}

const han = "张王李赵春和生活服务三四五欧阳单曾仇明丽华乐重庆上海科技文化传媒公司集团"

func TestEveryStretchOfANameIsFound(t *testing.T) {
	key := newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SliceOfN(rapid.SampledFrom([]rune(han)), 2, 8).Draw(t, "name")
		from := rapid.IntRange(0, len(name)-2).Draw(t, "from")
		to := rapid.IntRange(from+2, len(name)).Draw(t, "to")
		value, text := string(name)+"有限公司", string(name[from:to])
		// A name that itself ends as a legal form loses that too, and is then not found by it.
		for _, form := range []string{"公司", "集团"} {
			if strings.Contains(value, form+"有限公司") || strings.HasSuffix(text, form) {
				return
			}
		}
		if !finds(key, blind.Two, value, text) {
			t.Fatalf("%q does not find %q", text, value)
		}
	})
}

func TestTokensAreFewAndDifferent(t *testing.T) {
	key := newKey(t)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.StringOf(rapid.SampledFrom([]rune(han+"abc 123·"))), rapid.String()).Draw(t, "value")
		tokens := key.Tokens("name", blind.Kinds(), record.NewValue(value))
		if len(tokens) > blind.MaxTokens {
			t.Fatalf("%d tokens", len(tokens))
		}
		seen := map[blind.Token]bool{}
		for _, token := range tokens {
			if seen[token] || len(token.MAC) != 26 || token.String() != token.Kind+"#"+token.MAC {
				t.Fatalf("token %q", token)
			}
			seen[token] = true
		}
		if again := key.Tokens("name", blind.Kinds(), record.NewValue(value)); !slices.Equal(tokens, again) {
			t.Fatal("tokens changed")
		}
	})
}

func TestMostTokens(t *testing.T) {
	key := newKey(t)
	for value, want := range map[string]int{
		"":                0,
		"张三":              1 + 1 + 1,      // whole, 张三, zs
		"张三丰":             1 + 3 + 2,      // whole, 张三 三丰 张三丰, zs zsf
		"春和生活服务有限公司":      1 + 9 + 5,      // 5 pairs, 4 triples, ch … chshfw
		"单雄一二三四五六七八九十":    1 + 13 + 9,     // every share used up
		"单雄一二三四五12345678": 1 + 1 + 11 + 9, // no room for the digits in Two
	} {
		if got := len(key.Tokens("name", blind.Kinds(), record.NewValue(value))); got != want {
			t.Errorf("%d tokens of %q, want %d", got, value, want)
		}
	}
}

func TestTokenIsTruncatedHMACUnderADerivedKey(t *testing.T) {
	info := "\x00\x00\x00\x1e" + string(deployment) + "\x00\x00\x00\x0aidentifier" + "\x00\x00\x00\x05phone" + "\x00\x00\x00\x00"
	derived, err := hkdf.Key(sha256.New, secret, []byte("kexin blind index 1"), info, 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, derived)
	mac.Write([]byte("+8613812345678"))
	want := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
	if got := newKey(t).Identifier("phone", record.NewValue("+8613812345678")); got.MAC != want || got.Kind != "phone" {
		t.Errorf("token %v, want %s", got, want)
	}
}

func TestTokensOfOnePurposeAreUselessForAnother(t *testing.T) {
	key := newKey(t)
	elsewhere, err := blind.NewKey(secret, "dep_bbbbbbbbbbbbbbbbbbbbbbbbbb")
	if err != nil {
		t.Fatal(err)
	}
	other, err := blind.NewKey(bytes.Repeat([]byte{8}, blind.SecretSize), deployment)
	if err != nil {
		t.Fatal(err)
	}
	value := record.NewValue("12345678")
	seen := map[string]string{}
	add := func(name, mac string) {
		if twin, ok := seen[mac]; ok {
			t.Errorf("%s has the token of %s", name, twin)
		}
		seen[mac] = name
	}
	for name, k := range map[string]*blind.Key{"key": key, "elsewhere": elsewhere, "other": other} {
		add(name+" phone", k.Identifier("phone", value).MAC)
		add(name+" exact as identifier", k.Identifier(blind.Exact, value).MAC)
		add(name+" exact", k.Tokens("name", []string{blind.Exact}, value)[0].MAC)
		add(name+" exact in another field", k.Tokens("note", []string{blind.Exact}, value)[0].MAC)
		add(name+" last4", k.Tokens("name", []string{blind.Last4}, value)[0].MAC)
	}
	// Kind and field are apart in the key: moving a letter from one to the other gives another key.
	add("shifted", key.QueryTokens("ename", blind.Exact, "12345678")[0].MAC)
}

func TestIdentifierIgnoresCase(t *testing.T) {
	key := newKey(t)
	if key.Identifier("email", record.NewValue("Li@example.com")) != key.Identifier("email", record.NewValue("li@example.com")) {
		t.Error("two spellings of one address have two tokens")
	}
	if key.Identifier("email", record.NewValue("li@example.com")) == key.Identifier("email", record.NewValue("li@example.org")) {
		t.Error("two addresses have one token")
	}
}

func TestUnknownKindsGiveNothing(t *testing.T) {
	key := newKey(t)
	if got := key.Tokens("name", []string{"sound"}, record.NewValue("张三")); len(got) != 0 {
		t.Errorf("tokens %v", got)
	}
	if got := key.QueryTokens("name", blind.Exact, strings.Repeat("a", 5000)); got != nil {
		t.Errorf("tokens of an endless text: %v", got)
	}
}

func TestShortSecretIsRefused(t *testing.T) {
	if _, err := blind.NewKey(secret[1:], deployment); !errors.Is(err, blind.ErrSecret) {
		t.Errorf("error %v", err)
	}
}

func TestKeyPrintsRedacted(t *testing.T) {
	key := newKey(t)
	encoded, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", key)
	for _, text := range []string{fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %x", key, key, key, key), string(encoded), log.String()} {
		if !strings.Contains(text, "[redacted]") || strings.Contains(text, "dep_") {
			t.Errorf("key prints %q", text)
		}
	}
}

func TestKeyIsSafeForConcurrentUse(t *testing.T) {
	key, value := newKey(t), record.NewValue("张三丰")
	want := key.Tokens("name", blind.Kinds(), value)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 300 { // more fields than the cache holds
				key.Tokens(record.FieldName(fmt.Sprint(i, j)), []string{blind.Exact}, value)
				if got := key.Tokens("name", blind.Kinds(), value); !slices.Equal(got, want) {
					t.Errorf("tokens %v", got)
				}
			}
		})
	}
	group.Wait()
}

// The two benchmarks measure the same: one token, with what this package adds and without.
func BenchmarkIdentifier(b *testing.B) {
	key, value := newKey(b), record.NewValue("+8613812345678")
	b.ReportAllocs()
	for b.Loop() {
		key.Identifier("phone", value)
	}
}

func BenchmarkBareHMAC(b *testing.B) {
	text := []byte("+8613812345678")
	b.ReportAllocs()
	for b.Loop() {
		mac := hmac.New(sha256.New, secret)
		mac.Write(text)
		mac.Sum(nil)
	}
}

func BenchmarkNameOfThreeCharacters(b *testing.B) {
	key, value := newKey(b), record.NewValue("张三丰")
	b.ReportAllocs()
	for b.Loop() {
		key.Tokens("name", blind.Kinds(), value)
	}
}
