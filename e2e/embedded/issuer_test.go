package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// audience is the client that product stores take tokens for.
const audience = "kexin-console"

// issuer is an identity provider on loopback with one key.
type issuer struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	server *httptest.Server
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	i.server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) url() string { return i.server.URL }

// serve answers with the discovery document and the key set.
func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	var document any = map[string]string{"issuer": i.url(), "jwks_uri": i.url() + "/keys"}
	if r.URL.Path == "/keys" {
		document = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: "one", Algorithm: "ES256", Use: "sig"}}}
	}
	_ = json.NewEncoder(w).Encode(document)
}

// token returns a token of the issuer for subject.
func (i *issuer) token(subject string, life time.Duration) string {
	i.t.Helper()
	return sign(i.t, jwt.SigningMethodES256, i.key, claimsOf(i.url(), audience, subject, life))
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
