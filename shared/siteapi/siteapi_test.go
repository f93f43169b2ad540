package siteapi_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kexin/packs"
	"kexin/shared/httpapi"
	"kexin/shared/policy"
	"kexin/shared/siteapi"
)

func pack() (*policy.Pack, error) { return policy.Load(packs.FS, "P06") }

// ask requests a path of the pages of d.
func ask(t *testing.T, d siteapi.Deps, path string) *httptest.ResponseRecorder {
	t.Helper()
	api := httpapi.New(httpapi.Info{Title: "t", Version: "0", Now: time.Now, Random: rand.Reader, Document: siteapi.Document()})
	siteapi.Register(api, d)
	w := httptest.NewRecorder()
	api.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func config(t *testing.T, d siteapi.Deps) siteapi.Config {
	t.Helper()
	d.Pack = pack
	w := ask(t, d, "/v1/config")
	var c siteapi.Config
	if err := json.Unmarshal(w.Body.Bytes(), &c); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return c
}

func TestConfigTellsWhereToSignIn(t *testing.T) {
	one := config(t, siteapi.Deps{BaseURL: "https://c.example/", SignIn: siteapi.SignIn{Issuer: "https://login.example/realm", Audience: "kexin"}})
	if want := (siteapi.SignInConfig{Issuer: "https://login.example/realm", Client: "kexin", Scope: "openid", Audience: "kexin", Token: "id_token",
		Redirect: "https://c.example/console/"}); one.SignIn == nil || *one.SignIn != want {
		t.Errorf("client and audience are one: %+v", one.SignIn)
	}
	if one.Demonstration || one.Company.ZH == "" || one.Company.EN == "" || one.Pack.ID != "P06" || !strings.HasPrefix(string(one.Pack.Version), "P06@") {
		t.Errorf("config %+v", one)
	}
	two := config(t, siteapi.Deps{BaseURL: "https://c.example", SignIn: siteapi.SignIn{Issuer: "https://login.example", Audience: "api://kexin", Client: "console",
		Scopes: []string{"openid", "api://kexin/.default"}}})
	if two.SignIn.Client != "console" || two.SignIn.Token != "access_token" || two.SignIn.Scope != "openid api://kexin/.default" {
		t.Errorf("a client of its own: %+v", two.SignIn)
	}
	if demo := config(t, siteapi.Deps{Demonstration: true}); !demo.Demonstration || demo.SignIn != nil {
		t.Errorf("demonstration: %+v", demo)
	}
}

// TestPagesMayCallTheIssuerOnly: the policy of the console's page names the origins that it needs and no other.
func TestPagesMayCallTheIssuerOnly(t *testing.T) {
	for connect, d := range map[string]siteapi.Deps{
		"connect-src 'self';":                       {},
		"connect-src 'self' https://login.example;": {SignIn: siteapi.SignIn{Issuer: "https://login.example/realm"}},
		"connect-src 'self' https://login.example:8443 https://token.example;": {SignIn: siteapi.SignIn{Issuer: "https://login.example:8443/"},
			Connect: []string{"https://token.example"}},
	} {
		if csp := ask(t, d, "/console/").Header().Get("Content-Security-Policy"); !strings.Contains(csp, connect) {
			t.Errorf("policy %q, want %q", csp, connect)
		}
	}
}

func TestDocumentIsOfTheWholeAPI(t *testing.T) {
	w := ask(t, siteapi.Deps{}, "/openapi.json")
	for _, path := range []string{"/v1/config", "/v1/forms/{form}/submissions", "/v1/customers/{id}", "/v1/approvals/{id}", "/v1/exports/{id}/release"} {
		if !strings.Contains(w.Body.String(), `"`+path+`"`) {
			t.Errorf("the document lacks %s", path)
		}
	}
	if kind := w.Header().Get("Content-Type"); kind != "application/openapi+json" {
		t.Errorf("type %s", kind)
	}
}

func TestWhatIsNoPageIsRefusedAsAProblem(t *testing.T) {
	for _, path := range []string{"/nothing", "/v1/customers", "/console/index.html", "/assets/none.js"} {
		if w := ask(t, siteapi.Deps{}, path); w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	broken := siteapi.Deps{Pack: func() (*policy.Pack, error) { return nil, errors.New("marker") }}
	if w := ask(t, broken, "/v1/config"); w.Code != 500 || strings.Contains(w.Body.String(), "marker") {
		t.Errorf("no pack: %d %s", w.Code, w.Body)
	}
}
