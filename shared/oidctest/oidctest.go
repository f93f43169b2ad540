// Package oidctest is an identity provider on loopback for tests: discovery, keys, authorization code flow with PKCE, refresh and the end of
// a session, with real signatures. It keeps to the rules where clients are to be found wanting: exact redirect URIs, S256 only, a code is
// good once, for its verifier, client and redirect URI.
package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// Options say which client the provider knows and what it gives.
type Options struct {
	// Client is a public client, and Redirects are its redirect URIs.
	Client    string
	Redirects []string
	// Audience is what access tokens are made for.
	Audience string
	// Subjects are those who may sign in; the provider asks for no password.
	Subjects []string
	// Life is how long tokens last.
	Life time.Duration
	// Refresh gives refresh tokens.
	Refresh bool
	// Now is the clock of the tokens.
	Now func() time.Time
}

// Issuer is a running provider. Its counters tell tests what happened.
type Issuer struct {
	Key *ecdsa.PrivateKey

	options Options
	server  *httptest.Server
	mu      sync.Mutex
	codes   map[string]grant
	fresh   map[string]grant // refresh tokens
	signed  string           // who has a session, "" for nobody: one browser uses the provider
	events  []string
	turn    func(answer map[string]string) // may spoil an answer to the browser
	forge   func(claims map[string]any)    // may spoil an ID token
}

// grant is what a code or refresh token stands for.
type grant struct{ subject, nonce, challenge, redirect string }

// Start starts a provider. Close it.
func Start(o Options) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key of the provider: %w", err)
	}
	i := &Issuer{Key: key, options: o, codes: map[string]grant{}, fresh: map[string]grant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("POST /revoke", i.revoke)
	mux.HandleFunc("GET /logout", i.logout)
	i.server = httptest.NewServer(i.cors(mux))
	return i, nil
}

// Close stops the provider.
func (i *Issuer) Close() { i.server.Close() }

// URL is the issuer.
func (i *Issuer) URL() string { return i.server.URL }

// Allow adds a redirect URI.
func (i *Issuer) Allow(redirect string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.options.Redirects = append(i.options.Redirects, redirect)
}

// Spoil lets turn change the parameters of the next answers to the browser; nil ends that.
func (i *Issuer) Spoil(turn func(answer map[string]string)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.turn = turn
}

// Forge lets forge change what the next ID tokens say, before they are signed; nil ends that.
func (i *Issuer) Forge(forge func(claims map[string]any)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.forge = forge
}

// Live sets how long the next tokens last.
func (i *Issuer) Live(life time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.options.Life = life
}

// Forget ends the session of whoever is signed in at the provider.
func (i *Issuer) Forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signed = ""
}

// Count returns how often something happened: "asked", "code", "refused <why>", "tokens", "renewed", "revoked", "ended".
func (i *Issuer) Count(event string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for _, e := range i.events {
		if e == event {
			n++
		}
	}
	return n
}

func (i *Issuer) note(event string) { i.events = append(i.events, event) }

// cors lets the pages of the client's redirect URIs call the provider.
func (i *Issuer) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		known := slices.ContainsFunc(i.options.Redirects, func(uri string) bool { return originOf(uri) == r.Header.Get("Origin") })
		i.mu.Unlock()
		if known {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Vary", "Origin")
		}
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Accept, Authorization")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]any{"issuer": i.URL(), "jwks_uri": i.URL() + "/keys", "authorization_endpoint": i.URL() + "/authorize",
		"token_endpoint": i.URL() + "/token", "end_session_endpoint": i.URL() + "/logout", "revocation_endpoint": i.URL() + "/revoke",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "code_challenge_methods_supported": []string{"S256"},
		"id_token_signing_alg_values_supported": []string{"ES256"}, "token_endpoint_auth_methods_supported": []string{"none"},
		"authorization_response_iss_parameter_supported": true})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.Key.Public(), KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
}

// Sign returns a token of the provider's key with claims.
func (i *Issuer) Sign(claims map[string]any) (string, error) { return Sign(i.Key, claims) }

// Sign returns a token that key signs as the provider's only key would.
func Sign(key crypto.Signer, claims map[string]any) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims(claims))
	token.Header["kid"] = "one"
	signed, err := token.SignedString(key)
	if err != nil {
		return "", errors.New("sign token: the key does not fit")
	}
	return signed, nil
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
