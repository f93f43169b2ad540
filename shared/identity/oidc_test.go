package identity_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"kexin/shared/identity"
)

func TestOIDCAccepts(t *testing.T) {
	i := newIssuer(t)
	ec := ecKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edPublic, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.publish("ec", "ES256", &ec.PublicKey)
	i.publish("rsa", "RS256", &rsaKey.PublicKey)
	i.publish("ed", "EdDSA", edPublic)
	v := i.verifier(func() time.Time { return start })
	for name, raw := range map[string]string{
		"ES256":   sign(t, jwt.SigningMethodES256, "ec", ec, good(i.server.URL, nil)),
		"RS256":   sign(t, jwt.SigningMethodRS256, "rsa", rsaKey, good(i.server.URL, nil)),
		"EdDSA":   sign(t, jwt.SigningMethodEdDSA, "ed", ed, good(i.server.URL, nil)),
		"one aud": sign(t, jwt.SigningMethodES256, "ec", ec, good(i.server.URL, func(c jwt.MapClaims) { c["aud"] = "kexin" })),
		"no kid":  sign(t, jwt.SigningMethodES256, "", ec, good(i.server.URL, nil)),
	} {
		principal, err := v.Verify(t.Context(), raw)
		if err != nil || principal != (identity.Principal{Issuer: i.server.URL, Subject: "staff-1"}) {
			t.Errorf("%s: %+v, %v", name, principal, err)
		}
	}
	if i.asked != 1 {
		t.Errorf("keys were fetched %d times", i.asked)
	}
}

func TestOIDCRefuses(t *testing.T) {
	i := newIssuer(t)
	ec, other := ecKey(t), ecKey(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.publish("ec", "ES256", &ec.PublicKey)
	i.publish("rsa", "RS256", &rsaKey.PublicKey)
	set := func(name string, value any) jwt.MapClaims {
		return good(i.server.URL, func(c jwt.MapClaims) {
			if c[name] = value; value == nil {
				delete(c, name)
			}
		})
	}
	es := func(claims jwt.MapClaims) string { return sign(t, jwt.SigningMethodES256, "ec", ec, claims) }
	valid := es(good(i.server.URL, nil))
	parts := strings.Split(valid, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	cases := map[string]string{
		"empty": "", "text": "marker", "spaces": valid + " ", "two tokens": valid + "," + valid, "long": strings.Repeat("a", 9000),
		"alg none":             none,
		"alg none with kid":    base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"ec"}`)) + "." + parts[1] + ".",
		"other issuer":         es(set("iss", "https://evil.example")),
		"no issuer":            es(set("iss", nil)),
		"wrong audience":       es(set("aud", "other")),
		"no audience":          es(set("aud", nil)),
		"expired":              es(set("exp", start.Add(-time.Second).Unix())),
		"expires now":          es(set("exp", start.Unix())),
		"no expiry":            es(set("exp", nil)),
		"expiry zero":          es(set("exp", 0)),
		"not yet":              es(set("nbf", start.Add(time.Hour).Unix())),
		"no subject":           es(set("sub", nil)),
		"empty subject":        es(set("sub", "")),
		"long subject":         es(set("sub", strings.Repeat("s", 256))),
		"other key":            sign(t, jwt.SigningMethodES256, "ec", other, good(i.server.URL, nil)),
		"HMAC with public key": sign(t, jwt.SigningMethodHS256, "ec", publicBytes(t, ec), good(i.server.URL, nil)),
		"PS256":                sign(t, jwt.SigningMethodPS256, "rsa", rsaKey, good(i.server.URL, nil)),
		"key of another kind":  sign(t, jwt.SigningMethodRS256, "ec", rsaKey, good(i.server.URL, nil)),
		"unknown key":          sign(t, jwt.SigningMethodES256, "nobody", ec, good(i.server.URL, nil)),
		"changed claims":       parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"boss"}`)) + "." + parts[2],
		"no signature":         parts[0] + "." + parts[1] + ".",
		"key in header": func() string {
			token := jwt.NewWithClaims(jwt.SigningMethodES256, good(i.server.URL, nil))
			token.Header["jwk"] = jose.JSONWebKey{Key: &other.PublicKey}
			signed, err := token.SignedString(other)
			if err != nil {
				t.Fatal(err)
			}
			return signed
		}(),
	}
	v := i.verifier(func() time.Time { return start })
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			principal, err := v.Verify(t.Context(), raw)
			if !errors.Is(err, identity.ErrToken) || principal != (identity.Principal{}) {
				t.Errorf("%+v, %v", principal, err)
			}
		})
	}
	if _, err := v.Verify(t.Context(), valid); err != nil {
		t.Errorf("the valid token among them: %v", err)
	}
}

func TestOIDCKeysAreCachedAndFollowed(t *testing.T) {
	i := newIssuer(t)
	first, second := ecKey(t), ecKey(t)
	i.publish("1", "ES256", &first.PublicKey)
	now := start
	v := i.verifier(func() time.Time { return now })
	token := func(id string, key *ecdsa.PrivateKey) string {
		return sign(t, jwt.SigningMethodES256, id, key, good(i.server.URL, func(c jwt.MapClaims) { c["exp"] = start.Add(24 * time.Hour).Unix() }))
	}
	verify := func(raw string) error {
		_, err := v.Verify(t.Context(), raw)
		return err
	}
	if err := verify(token("1", first)); err != nil {
		t.Fatal(err)
	}
	for range 50 { // strangers choose key ids; they do not get to choose how often the issuer is asked
		if err := verify(token("x", second)); !errors.Is(err, identity.ErrToken) {
			t.Fatal(err)
		}
	}
	if i.asked != 1 {
		t.Errorf("asked %d times", i.asked)
	}
	i.publish("2", "ES256", &second.PublicKey)
	now = now.Add(2 * time.Minute)
	if err := verify(token("2", second)); err != nil || i.asked != 2 {
		t.Errorf("new key: %v, asked %d times", err, i.asked)
	}
	i.set(func() { i.down = true })
	now = now.Add(90 * time.Minute)
	if err := verify(token("1", first)); err != nil {
		t.Errorf("known key while the issuer is down: %v", err)
	}
	now = now.Add(4 * time.Hour)
	if err := verify(token("1", first)); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("old key while the issuer is down: %v", err)
	}
	i.set(func() { i.down, i.keys = false, i.keys[1:] })
	now = now.Add(2 * time.Minute)
	if err := verify(token("1", first)); !errors.Is(err, identity.ErrToken) {
		t.Errorf("withdrawn key: %v", err)
	}
}

func TestOIDCUnavailable(t *testing.T) {
	key := ecKey(t)
	for name, spoil := range map[string]func(*issuer){
		"down":         func(i *issuer) { i.down = true },
		"no keys":      func(i *issuer) { i.keys = nil },
		"other issuer": func(i *issuer) { i.claims = "https://evil.example" },
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.publish("1", "ES256", &key.PublicKey)
			spoil(i)
			_, err := i.verifier(func() time.Time { return start }).Verify(t.Context(), sign(t, jwt.SigningMethodES256, "1", key, good(i.server.URL, nil)))
			if !errors.Is(err, identity.ErrUnavailable) || errors.Is(err, identity.ErrToken) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestNewOIDCNeedsEverything(t *testing.T) {
	full := identity.OIDCConfig{Issuer: "https://i.example", Audience: "a", Now: time.Now, Client: http.DefaultClient}
	for name, spoil := range map[string]func(*identity.OIDCConfig){
		"issuer": func(c *identity.OIDCConfig) { c.Issuer = "" }, "audience": func(c *identity.OIDCConfig) { c.Audience = "" },
		"clock": func(c *identity.OIDCConfig) { c.Now = nil }, "client": func(c *identity.OIDCConfig) { c.Client = nil },
		"TLS": func(c *identity.OIDCConfig) { c.Issuer = "http://i.example" },
	} {
		config := full
		spoil(&config)
		if _, err := identity.NewOIDC(config); err == nil {
			t.Errorf("made a verifier without %s", name)
		}
	}
	if _, err := identity.NewOIDC(full); err != nil {
		t.Error(err)
	}
}
