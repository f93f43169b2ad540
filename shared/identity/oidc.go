package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// OIDCConfig says whose tokens are taken. All members are needed.
type OIDCConfig struct {
	// Issuer is the issuer URL, https except on loopback; its discovery document names where the keys are.
	Issuer string
	// Audience is what a token's aud must contain.
	Audience string
	// Now is the clock that expiry is judged by.
	Now func() time.Time
	// Client fetches discovery document and keys, with a timeout of its own.
	Client *http.Client
}

// algorithms are the signatures that are taken. Symmetric ones and "none" are not among them.
var algorithms = []string{oidc.RS256, oidc.ES256, oidc.EdDSA}

// OIDC verifies tokens of one OpenID Connect issuer.
type OIDC struct {
	config OIDCConfig
	keys   *keySet
}

// NewOIDC returns a verifier by config. It reads nothing yet: the keys are fetched for the first token and cached, so that a cold
// start does not wait for the issuer.
func NewOIDC(config OIDCConfig) (*OIDC, error) {
	if config.Issuer == "" || config.Audience == "" || config.Now == nil || config.Client == nil {
		return nil, errors.New("make token verifier: issuer, audience, clock and client are needed")
	}
	if !trustworthy(config.Issuer) {
		return nil, errors.New("make token verifier: the issuer must be an https URL, or http on loopback")
	}
	return &OIDC{config, &keySet{issuer: config.Issuer, client: config.Client, now: config.Now}}, nil
}

// Verify checks signature, issuer, audience, expiry and start of raw. A token without expiry is refused, and so is one that expires at
// this very moment. Why a token was refused is not in the error: it would quote the token.
func (o *OIDC) Verify(ctx context.Context, raw string) (Principal, error) {
	if !tokenText(raw) {
		return Principal{}, ErrToken
	}
	lookup := &lookup{keys: o.keys}
	token, err := oidc.NewVerifier(o.config.Issuer, lookup, &oidc.Config{
		ClientID: o.config.Audience, SupportedSigningAlgs: algorithms, Now: o.config.Now,
	}).Verify(ctx, raw)
	if lookup.unavailable != nil {
		return Principal{}, fmt.Errorf("verify token: %w", lookup.unavailable)
	}
	if err != nil || !o.config.Now().Before(token.Expiry) {
		return Principal{}, ErrToken
	}
	return checked(Principal{Issuer: token.Issuer, Subject: token.Subject})
}
