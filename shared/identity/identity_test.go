package identity_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"kexin/shared/identity"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// issuer is an OpenID provider on loopback.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	mu     sync.Mutex
	keys   []jose.JSONWebKey
	asked  int
	down   bool
	claims string // issuer that the discovery document claims; "" for its own
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t}
	i.server = httptest.NewServer(i)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.down:
		w.WriteHeader(http.StatusInternalServerError)
	case r.URL.Path == "/.well-known/openid-configuration":
		claims := i.claims
		if claims == "" {
			claims = i.server.URL
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": claims, "jwks_uri": i.server.URL + "/keys"})
	default:
		i.asked++
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.keys})
	}
}

func (i *issuer) publish(id, algorithm string, key crypto.PublicKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, jose.JSONWebKey{KeyID: id, Key: key, Algorithm: algorithm, Use: "sig"})
}

func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *issuer) verifier(now func() time.Time) *identity.OIDC {
	i.t.Helper()
	v, err := identity.NewOIDC(identity.OIDCConfig{Issuer: i.server.URL, Audience: "kexin", Now: now, Client: i.server.Client()})
	if err != nil {
		i.t.Fatal(err)
	}
	return v
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicBytes(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	raw, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func sign(t *testing.T, method jwt.SigningMethod, id string, key any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	if id != "" {
		token.Header["kid"] = id
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func good(iss string, change func(jwt.MapClaims)) jwt.MapClaims {
	claims := jwt.MapClaims{"iss": iss, "sub": "staff-1", "aud": []string{"other", "kexin"}, "exp": start.Add(time.Hour).Unix(), "iat": start.Unix()}
	if change != nil {
		change(claims)
	}
	return claims
}

func TestDemoIssuer(t *testing.T) {
	now := start
	clock := func() time.Time { return now }
	d, err := identity.NewDemoIssuer(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), clock)
	if err != nil {
		t.Fatal(err)
	}
	again, err := identity.OpenDemoIssuer(d.Bytes(), clock)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := identity.NewDemoIssuer(rand.Reader, clock)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := d.Token("stf_1", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := again.Verify(t.Context(), raw); err != nil || p.Subject != "stf_1" || p.Issuer != identity.DemoIssuerName {
		t.Errorf("%+v, %v", p, err)
	}
	refused := func(name string, v identity.Verifier, raw string) {
		t.Helper()
		if p, err := v.Verify(t.Context(), raw); !errors.Is(err, identity.ErrToken) || p != (identity.Principal{}) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	refused("another key", stranger, raw)
	refused("text", d, "marker")
	empty, err := d.Token("", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	refused("no subject", d, empty)
	parts := strings.Split(raw, ".")
	refused("alg none", d, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))+"."+parts[1]+".")
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{"iss": identity.DemoIssuerName, "aud": "kexin", "sub": "x"}
	refused("no expiry", d, sign(t, jwt.SigningMethodES256, "", key, claims))
	claims["exp"], claims["iss"] = now.Add(time.Hour).Unix(), "https://i.example"
	refused("other issuer", d, sign(t, jwt.SigningMethodES256, "", key, claims))
	claims["iss"], claims["aud"] = identity.DemoIssuerName, "other"
	refused("other audience", d, sign(t, jwt.SigningMethodES256, "", key, claims))
	now = now.Add(time.Hour + time.Second)
	refused("expired", d, raw)
	if _, err := identity.OpenDemoIssuer([]byte("short"), clock); err == nil {
		t.Error("opened a malformed key")
	}
	if _, err := identity.NewDemoIssuer(bytes.NewReader(nil), clock); err == nil {
		t.Error("drew a key from nothing")
	}
}

// who answers with the principal of the context, if any.
func who(w http.ResponseWriter, r *http.Request) {
	principal, ok := identity.FromContext(r.Context())
	raw, _ := identity.RawToken(r.Context())
	if !ok {
		_, _ = w.Write([]byte("nobody"))
		return
	}
	_, _ = w.Write([]byte(principal.Subject + " " + raw))
}

type verifierFunc func(context.Context, string) (identity.Principal, error)

func (f verifierFunc) Verify(ctx context.Context, raw string) (identity.Principal, error) {
	return f(ctx, raw)
}

var onlyGood = verifierFunc(func(_ context.Context, raw string) (identity.Principal, error) {
	if raw == "good" {
		return identity.Principal{Issuer: "i", Subject: "staff-1"}, nil
	}
	return identity.Principal{}, identity.ErrToken
})

func TestRequireTakesOneBearerToken(t *testing.T) {
	handler := identity.Require(onlyGood)(http.HandlerFunc(who))
	cases := []struct {
		name    string
		headers []string
		status  int
	}{
		{"good", []string{"Bearer good"}, 200}, {"scheme in lower case", []string{"bearer good"}, 200},
		{"none", nil, 401}, {"empty", []string{""}, 401}, {"scheme only", []string{"Bearer"}, 401}, {"no token", []string{"Bearer "}, 401},
		{"bad", []string{"Bearer bad"}, 401}, {"two headers", []string{"Bearer good", "Bearer good"}, 401},
		{"good after bad", []string{"Bearer bad", "Bearer good"}, 401}, {"joined by a proxy", []string{"Bearer bad,Bearer good"}, 401},
		{"joined with good first", []string{"Bearer good, Bearer bad"}, 401}, {"basic", []string{"Basic good"}, 401},
		{"two spaces", []string{"Bearer  good"}, 401}, {"trailing space", []string{"Bearer good "}, 401}, {"tab", []string{"Bearer\tgood"}, 401},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.Header["Authorization"] = c.headers
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != c.status || c.status == 200 && w.Body.String() != "staff-1 good" {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if c.status == 401 && (!strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") || w.Header().Get("Content-Type") != "application/problem+json") {
				t.Errorf("401 without challenge or problem: %v", w.Header())
			}
		})
	}
}

// A verifier never sees text that cannot be a token.
func TestVerifierSeesOnlyTokenText(t *testing.T) {
	anything := verifierFunc(func(_ context.Context, raw string) (identity.Principal, error) {
		t.Errorf("verifier was asked about %q", raw)
		return identity.Principal{Issuer: "i", Subject: "s"}, nil
	})
	for _, header := range []string{"Bearer a,b", "Bearer a, Bearer b", "Bearer a b", "Bearer  a", "Bearer é", "Bearer a=", "Bearer " + strings.Repeat("a", 8193)} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		identity.Require(anything)(http.HandlerFunc(who)).ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("%q: status %d", header, w.Code)
		}
	}
}

// No header but Authorization makes anybody anybody, neither without a token nor beside one.
func TestHeadersOfClientsAreNoIdentity(t *testing.T) {
	spoofs := map[string]string{
		"X-User": "boss", "X-Forwarded-User": "boss", "X-Remote-User": "boss", "Remote-User": "boss", "X-Auth-Request-User": "boss",
		"X-Amzn-Oidc-Identity": "boss", "X-Amzn-Oidc-Data": "eyJ.eyJ.x", "X-Amzn-Oidc-Accesstoken": "good", "X-Kexin-Principal": "boss",
		"X-Kexin-User": "boss", "X-Kexin-Token": "good", "X-Apigateway-Context": `{"authorizer":{"jwt":{"claims":{"sub":"boss"}}}}`,
		"X-Apigateway-Event": `{}`, "X-Golambdaproxy-Apigw-Context": `{}`, "Proxy-Authorization": "Bearer good", "Cookie": "token=good; Authorization=Bearer good",
		"X-Authorization": "Bearer good", "Authorization ": "Bearer good", "X-Original-Authorization": "Bearer good",
	}
	for name, value := range spoofs {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?access_token=good&token=good", nil)
			r.Header[name] = []string{value}
			w := httptest.NewRecorder()
			identity.Require(onlyGood)(http.HandlerFunc(who)).ServeHTTP(w, r)
			if w.Code != 401 {
				t.Errorf("became %q", w.Body)
			}
			w = httptest.NewRecorder()
			http.HandlerFunc(who).ServeHTTP(w, r)
			if w.Body.String() != "nobody" {
				t.Errorf("without middleware: became %q", w.Body)
			}
			r.Header.Set("Authorization", "Bearer good")
			w = httptest.NewRecorder()
			identity.Require(onlyGood)(http.HandlerFunc(who)).ServeHTTP(w, r)
			if w.Body.String() != "staff-1 good" {
				t.Errorf("beside a good token: became %q", w.Body)
			}
		})
	}
}

func TestContextWithoutIdentity(t *testing.T) {
	if _, ok := identity.FromContext(context.Background()); ok {
		t.Error("a principal out of nothing")
	}
	if _, ok := identity.FromContext(identity.With(context.Background(), identity.Principal{}, "x")); ok {
		t.Error("a principal without subject")
	}
	if _, ok := identity.RawToken(context.Background()); ok {
		t.Error("a token out of nothing")
	}
}
