package embedded_test

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kexin/shared/oidctest"
)

// audience is the client that product stores take tokens for.
const audience = "kexin-console"

// issuer is an identity provider on loopback with one key.
type issuer struct {
	*oidctest.Issuer
	t *testing.T
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i, err := oidctest.Start(oidctest.Options{Client: audience, Audience: audience, Life: time.Hour, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return &issuer{i, t}
}

// token returns a token of the issuer for subject.
func (i *issuer) token(subject string, life time.Duration) string {
	i.t.Helper()
	return sign(i.t, jwt.SigningMethodES256, i.Key, claimsOf(i.URL(), audience, subject, life))
}

// claimsOf returns what a usual token says.
func claimsOf(issuer, audience, subject string, life time.Duration) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": issuer, "aud": audience, "sub": subject, "iat": now.Add(-time.Hour).Unix(), "exp": now.Add(life).Unix()}
}

func sign(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "one"
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
