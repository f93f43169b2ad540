package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What the pages say when a sign-in comes to nothing.
var said = map[string]map[string]string{
	"state":  {"zh-CN": "登录未完成：回复与本标签页的请求不符", "en": "the answer does not fit what this tab asked for"},
	"denied": {"zh-CN": "身份提供方未允许登录", "en": "did not allow the sign-in"}, "refused": {"zh-CN": "身份提供方不接受这次登录", "en": "does not accept this sign-in"},
	"issuer":   {"zh-CN": "身份提供方的答复无法使用", "en": "answer cannot be used"},
	"stranger": {"zh-CN": "规则不允许", "en": "do not allow"},
}

// TestForeignSignIn signs in at an identity provider, into a store that is no demonstration, and tries what must not work.
func TestForeignSignIn(t *testing.T) {
	path := chromium()
	if path == "" {
		t.Log("not configured: set KEXIN_TEST_CHROMIUM")
		return
	}
	c := newCompany(t)
	p := newPerson(t, path, c.base)
	p.open("/console/")
	p.see("#sign-in-go")
	p.show("sign-in-issuer")
	for range 2 { // in Chinese, then in English
		p.signsInAndOut(c)
		p.language()
	}
	p.comesBackAfterReload(c)
	p.isRefused(c)
	p.cannotBeginElsewhere(c)
	p.isRenewed(c)
}

// enter signs in as a subject of the provider, who asks who it is.
func (p *person) enter(subject string) {
	p.t.Helper()
	p.click("#sign-in-go")
	p.click("#as-" + subject)
}

func (p *person) signsInAndOut(c *company) {
	p.t.Helper()
	ended := c.issuer.Count("ended")
	p.enter("clerk")
	p.see("#sign-out")
	if name := p.read(".who strong"); name != "陈小满" {
		p.t.Errorf("signed in as %q", name)
	}
	p.keepsNothing()
	p.goTo("customers")
	p.until("the list", "find('main .state h2, main tbody tr')")
	p.leave()
	if now := c.issuer.Count("ended"); now != ended+1 {
		p.t.Errorf("the provider was told of %d ends, want 1", now-ended)
	}
}

// leave signs out, which leads over the provider back to a page that is new.
func (p *person) leave() {
	p.t.Helper()
	p.do("(() => { window.before = true; })()")
	p.click("#sign-out")
	p.until("the page after signing out", "!window.before && shows(find('#sign-in-go'))")
}

// keepsNothing looks for tokens and codes where they must not be.
func (p *person) keepsNothing() {
	p.t.Helper()
	if kept := p.text("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href, history.length < 50])"); strings.Contains(kept, "eyJ") ||
		strings.Contains(kept, "code=") || strings.Contains(kept, "verifier") {
		p.t.Errorf("left behind: %s", kept)
	}
}

// comesBackAfterReload: tokens are gone with the page, and the provider knows who is there without asking.
func (p *person) comesBackAfterReload(c *company) {
	p.t.Helper()
	p.enter("clerk")
	p.see("#sign-out")
	p.goTo("new")
	asked := c.issuer.Count("tokens")
	p.do("(() => { window.before = true; location.reload(); })()")
	p.until("the console after a reload", "!window.before && find('#sign-out')")
	if c.issuer.Count("tokens") != asked+1 || p.text("location.hash") != "#/new" {
		p.t.Errorf("after a reload: %d tokens, at %s", c.issuer.Count("tokens")-asked, p.text("location.hash"))
	}
	p.keepsNothing()
	p.leave()
}

// isRefused tries answers that are not for this tab, codes that are another's, tokens that are not of this sign-in, and a person whom the
// staff register does not know.
func (p *person) isRefused(c *company) {
	p.t.Helper()
	tokens := c.issuer.Count("tokens")
	p.refused(c, "state", "clerk", func(answer map[string]string) { answer["state"] = "another" })
	p.refused(c, "state", "clerk", func(answer map[string]string) { answer["iss"] = "https://other.example" })
	if c.issuer.Count("tokens") != tokens {
		p.t.Error("a code was redeemed though its state or issuer was another")
	}
	lure := c.lure(p.t)
	p.refused(c, "refused", "clerk", func(answer map[string]string) { answer["code"] = lure })
	if c.issuer.Count("refused verifier") != 1 {
		p.t.Errorf("the provider refused %d verifiers", c.issuer.Count("refused verifier"))
	}
	p.refused(c, "denied", "", func(answer map[string]string) {})
	p.replays(c)
	for what, value := range map[string]any{"nonce": "another", "aud": "another", "iss": "https://other.example", "exp": 1000} {
		c.issuer.Forge(func(claims map[string]any) { claims[what] = value })
		p.refused(c, "issuer", "clerk", func(map[string]string) {})
	}
	c.issuer.Forge(nil)
	p.refused(c, "stranger", "nobody", func(map[string]string) {})
	p.click("#sign-in-go") // as somebody else: the provider asks, though it knows somebody
	p.click("#as-clerk")
	p.see("#sign-out")
	p.leave()
}

// refused signs in with an answer that is spoilt, wants to be told so in both languages, and be nobody.
func (p *person) refused(c *company, why, subject string, spoil func(map[string]string)) {
	p.t.Helper()
	c.issuer.Forget()
	c.issuer.Spoil(spoil)
	p.click("#sign-in-go")
	p.until("the provider or its answer", "find('#deny') || find('kx-sign-in .note.danger')")
	if script[bool](p, "!!find('#deny')") {
		choice := "#deny"
		if subject != "" {
			choice = "#as-" + subject
		}
		p.click(choice)
	}
	p.see("kx-sign-in .note.danger")
	c.issuer.Spoil(nil)
	for range 2 {
		if language := p.text("document.documentElement.lang"); !strings.Contains(p.read("kx-sign-in .note.danger"), said[why][language]) {
			p.t.Errorf("%s, in %s: %q", why, language, p.read("kx-sign-in .note.danger"))
		}
		p.language()
	}
	if script[bool](p, "!!find('#sign-out') || location.search !== ''") {
		p.t.Errorf("%s: signed in all the same, or the answer is still in the address", why)
	}
	if why == "state" {
		p.shot("sign-in-refused")
	}
}

// replays opens the provider's answer again, as a history or a log would have it.
func (p *person) replays(c *company) {
	p.t.Helper()
	tokens := c.issuer.Count("tokens")
	p.open("/console/?code=stolen&state=stolen&iss=" + url.QueryEscape(c.issuer.URL()))
	p.see("kx-sign-in .note.danger")
	if language := p.text("document.documentElement.lang"); !strings.Contains(p.read("kx-sign-in .note.danger"), said["state"][language]) {
		p.t.Errorf("replayed: %q", p.read("kx-sign-in .note.danger"))
	}
	if c.issuer.Count("tokens") != tokens || p.text("location.search") != "" {
		p.t.Error("a replayed answer was taken to the provider, or stays in the address")
	}
}

// cannotBeginElsewhere: at an address that the provider would not send people back to, the page says where to go.
func (p *person) cannotBeginElsewhere(c *company) {
	p.t.Helper()
	elsewhere := *p
	elsewhere.base = strings.Replace(c.base, "127.0.0.1", "localhost", 1)
	elsewhere.open("/console/")
	elsewhere.see("#elsewhere")
	if href := elsewhere.text("find('#elsewhere a').href"); href != c.base+"/console/" || script[bool](&elsewhere, "!!find('#sign-in-go')") {
		p.t.Errorf("at another address: %s", href)
	}
	elsewhere.show("sign-in-elsewhere")
}

// isRenewed: a token that ends soon is replaced without asking, and what the person looks at stays. Without a refresh token the person is
// asked in time.
func (p *person) isRenewed(c *company) {
	p.t.Helper()
	c.issuer.Live(15 * time.Second)
	p.open("/console/")
	p.enter("clerk")
	p.see("#sign-out")
	p.goTo("new")
	c.issuer.Live(time.Hour)
	p.patiently("renewal", func() bool { return c.issuer.Count("renewed") == 1 })
	p.goTo("customers")
	p.until("the list", "find('main .state h2, main tbody tr')")
	p.leave()
	p.patiently("revocation", func() bool { return c.issuer.Count("revoked") > 0 })
}

// patiently waits for something outside of the browser.
func (p *person) patiently(what string, happened func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.shot("failed")
			p.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// lure returns a code that the provider gave for another verifier, as somebody has it who lures people into his own session.
func (c *company) lure(t *testing.T) string {
	t.Helper()
	sum := sha256.Sum256([]byte("a verifier that the console has never seen"))
	q := url.Values{"client_id": {"kexin-console"}, "redirect_uri": {c.base + "/console/"}, "response_type": {"code"}, "state": {"s"}, "nonce": {"n"}, "as": {"clerk"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(c.issuer.URL() + "/authorize?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	back, err := r.Location()
	if err != nil {
		t.Fatal(err)
	}
	return back.Query().Get("code")
}
