package oidctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kexin/shared/oidctest"
)

const (
	redirect = "http://127.0.0.1:1/console/"
	verifier = "a-verifier-of-more-than-forty-three-characters-for-tests"
)

func start(t *testing.T) *oidctest.Issuer {
	t.Helper()
	i, err := oidctest.Start(oidctest.Options{Client: "console", Redirects: []string{redirect}, Audience: "kexin", Subjects: []string{"clerk"},
		Life: time.Hour, Refresh: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i
}

// ask sends an authorization request and returns the status and what the client is sent back with.
func ask(t *testing.T, i *oidctest.Issuer, change func(url.Values)) (int, url.Values) {
	t.Helper()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {"console"}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"s"}, "nonce": {"n"}, "as": {"clerk"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	if change != nil {
		change(q)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Get(i.URL() + "/authorize?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	back, _ := r.Location()
	if back == nil {
		return r.StatusCode, nil
	}
	if !strings.HasPrefix(back.String(), redirect+"?") {
		t.Errorf("sent back to %s", back)
	}
	return r.StatusCode, back.Query()
}

func exchange(t *testing.T, i *oidctest.Issuer, change url.Values) (int, map[string]any) {
	t.Helper()
	form := url.Values{"client_id": {"console"}, "grant_type": {"authorization_code"}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
	for name, values := range change {
		form[name] = values
	}
	r, err := http.PostForm(i.URL()+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, answer
}

func TestACodeIsGoodOnceForItsVerifierAndAddress(t *testing.T) {
	i := start(t)
	for why, change := range map[string]url.Values{"verifier": {"code_verifier": {verifier + "x"}}, "redirect": {"redirect_uri": {redirect + "x"}},
		"client": {"client_id": {"another"}}, "no verifier": {"code_verifier": {""}}} {
		_, back := ask(t, i, nil)
		change.Set("code", back.Get("code"))
		if status, _ := exchange(t, i, change); status != 400 {
			t.Errorf("another %s: %d", why, status)
		}
	}
	_, back := ask(t, i, nil)
	code := url.Values{"code": {back.Get("code")}}
	status, given := exchange(t, i, code)
	if status != 200 || back.Get("state") != "s" || back.Get("iss") != i.URL() {
		t.Fatalf("%d %v", status, given)
	}
	claims := jwt.MapClaims{}
	if _, err := jwt.ParseWithClaims(given["id_token"].(string), claims, func(*jwt.Token) (any, error) { return i.Key.Public(), nil },
		jwt.WithAudience("console"), jwt.WithIssuer(i.URL())); err != nil || claims["nonce"] != "n" || claims["sub"] != "clerk" {
		t.Errorf("ID token %v, %v", claims, err)
	}
	if status, _ := exchange(t, i, code); status != 400 || i.Count("refused code") != 1 {
		t.Errorf("replayed: %d", status)
	}
	renew := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {given["refresh_token"].(string)}}
	if status, _ := exchange(t, i, renew); status != 200 {
		t.Errorf("renewed: %d", status)
	}
	if status, _ := exchange(t, i, renew); status != 400 {
		t.Errorf("renewed with an old refresh token: %d", status)
	}
}

func TestRequestsThatAreNotOfTheClient(t *testing.T) {
	i := start(t)
	for why, change := range map[string]func(url.Values){"redirect": func(q url.Values) { q.Set("redirect_uri", "http://127.0.0.1:1/console") },
		"client": func(q url.Values) { q.Set("client_id", "another") }} {
		if status, back := ask(t, i, change); status != 400 || back != nil {
			t.Errorf("another %s: %d %v", why, status, back)
		}
	}
	for name, want := range map[string]string{"code_challenge_method": "invalid_request", "nonce": "invalid_request", "state": "invalid_request", "as": "access_denied"} {
		if _, back := ask(t, i, func(q url.Values) { q.Set(name, "") }); back.Get("error") != want || back.Get("code") != "" {
			t.Errorf("without %s: %v", name, back)
		}
	}
	if _, back := ask(t, i, func(q url.Values) { q.Del("as"); q.Set("prompt", "none") }); back.Get("error") != "login_required" {
		t.Errorf("nobody is signed in: %v", back)
	}
}
