package problem

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/record"
)

func TestEveryKindAndCodeHasBothTexts(t *testing.T) {
	for kind, k := range kinds {
		if k.title.ZH == "" || k.title.EN == "" || k.status < 400 || k.status > 599 || strings.ContainsRune(k.title.ZH, ',') {
			t.Errorf("kind %s: %+v", kind, k)
		}
		if p := Of(kind); p.Status != k.status || p.Type != "/problems/"+string(kind) {
			t.Errorf("%s became %+v", kind, p)
		}
	}
	for code, text := range codes {
		if text.ZH == "" || text.EN == "" {
			t.Errorf("code %s lacks a text", code)
		}
	}
}

func TestOfStatusIsOneKind(t *testing.T) {
	for status := 400; status < 600; status++ {
		first := OfStatus(status)
		for range 20 {
			if OfStatus(status) != first {
				t.Fatalf("%d is sometimes %s", status, first)
			}
		}
		if known, ok := kinds[first]; ok && known.status/100 != status/100 {
			t.Errorf("%d became %s", status, first)
		}
	}
	if OfStatus(503) != Unavailable || OfStatus(409) != Conflict || OfStatus(404) != NotFound || OfStatus(418) != InvalidField || OfStatus(599) != Internal {
		t.Error("a status has the wrong kind")
	}
}

func TestOwnTextsAndUnknownOnes(t *testing.T) {
	p := New(409, "already-approved", record.Text{ZH: "已批准", EN: "Already approved"}, WithText("body.a", "own", record.Text{ZH: "甲", EN: "A"}), At("body.b", "unknown-code"))
	l := p.Localized(record.English, "req_1")
	if l.Title != "Already approved" || l.Errors[0].Message != "A" || l.Errors[1].Message != "is not valid" || l.Instance != "urn:kexin:request:req_1" {
		t.Errorf("%+v", l)
	}
	if p.Title != "" || p.Errors[0].Message != "" {
		t.Error("localizing changed the original")
	}
	if New(409, "x", record.Text{}).Localized(record.Chinese, "").Title != kinds[Conflict].title.ZH {
		t.Error("no title for an unknown kind")
	}
	if p.Error() != "/problems/already-approved body.a=own body.b=unknown-code" {
		t.Errorf("error text %q", p.Error())
	}
}

func TestHeadersDoNotSpreadToTheOriginal(t *testing.T) {
	base := Of(Unavailable)
	retry := base.RetryAfter(7).With("X-A", "b")
	if base.GetHeaders() != nil || retry.GetHeaders().Get("Retry-After") != "7" || retry.GetHeaders().Get("X-A") != "b" {
		t.Errorf("%v %v", base.GetHeaders(), retry.GetHeaders())
	}
	var asError error = retry
	var again *Problem
	if !errors.As(asError, &again) || again.GetStatus() != 503 {
		t.Error("a problem is no error of its own")
	}
}

func TestRestored(t *testing.T) {
	sent, err := json.Marshal(Invalid(At("body.a", CodeTooLong)))
	if err != nil {
		t.Fatal(err)
	}
	var p Problem
	if err := json.Unmarshal(sent, &p); err != nil {
		t.Fatal(err)
	}
	if l := p.Restored().Localized(record.English, ""); l.Status != 422 || l.Type != "/problems/invalid-field" || l.Errors[0].Message != "is too long" || l.Title == "" {
		t.Errorf("%+v", l)
	}
}

func TestWrite(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	w.Header().Set("Content-Length", "5")
	Write(w, r, Of(TooManyRequests).RetryAfter(3))
	if w.Code != 429 || w.Header().Get("Retry-After") != "3" || w.Header().Get("Content-Length") != "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// A name that is said back is short, of ASCII letters, and holds no number that could be anybody's.
func TestSafeNames(t *testing.T) {
	for _, name := range []string{"phone", "id_number", "address2", "If-Match", "a", "line1_a"} {
		if SafeName(name) != name {
			t.Errorf("%s is not said", name)
		}
	}
	for _, name := range []string{"", "13800138000", "a1b2c3", "phone1380", "张三", "a b", "a.b", "a@b.c", "_a", strings.Repeat("a", 41), "a\n", "$schema", "<b>"} {
		if SafeName(name) != "?" {
			t.Errorf("%q is said back", name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := SafeName(rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z0-9_-]{0,50}`)).Draw(t, "name"))
		digits := len(name) - len(strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, name))
		if digits > 3 || len(name) > 40 || strings.ContainsAny(name, "<>@ .\"'") {
			t.Fatalf("said back %q", name)
		}
	})
}
