package walk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// issuer is an identity provider on loopback.
type issuer struct {
	*httptest.Server
	key    crypto.Signer
	method jwt.SigningMethod
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, method: jwt.SigningMethodES256}
	i.Server = httptest.NewServer(i.routes())
	t.Cleanup(i.Close)
	return i
}

// newSecureIssuer is one as a deployment needs: reached by https, and signing with RSA, which is all that API Gateway verifies. Its
// certificate is written to the file at path.
func newSecureIssuer(t *testing.T, path string) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key, method: jwt.SigningMethodRS256}
	i.Server = httptest.NewTLSServer(i.routes())
	t.Cleanup(i.Close)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw})
	if err := os.WriteFile(path, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

func (i *issuer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "1", Key: i.key.Public(), Algorithm: i.method.Alg(), Use: "sig"}}})
	})
	return mux
}

func (i *issuer) token(subject string) (string, error) { return i.tokenWith(subject, nil) }

// tokenWith returns a token of subject with other claims.
func (i *issuer) tokenWith(subject string, other jwt.MapClaims) (string, error) {
	claims := jwt.MapClaims{"iss": i.URL, "sub": subject, "aud": "kexin", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	maps.Copy(claims, other)
	token := jwt.NewWithClaims(i.method, claims)
	token.Header["kid"] = "1"
	return token.SignedString(i.key)
}
