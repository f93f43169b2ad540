package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What tokens of the demonstration issuer say of themselves.
const (
	DemoIssuerName = "urn:kexin:demo"
	demoAudience   = "kexin"
)

// DemoIssuer issues and verifies tokens of a demonstration store with a key that lives beside that store. It asks nobody for a
// password: compose it only where the store was created as a demonstration and the process listens on loopback.
type DemoIssuer struct {
	key *ecdsa.PrivateKey
	raw []byte
	now func() time.Time
}

const scalarSize = 32

// NewDemoIssuer returns an issuer with a new ES256 key drawn from random. Persist its Bytes to have tokens outlive the process.
func NewDemoIssuer(random io.Reader, now func() time.Time) (*DemoIssuer, error) {
	raw := make([]byte, scalarSize)
	for range 64 { // a draw outside the group's order happens once in 2³² times
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, fmt.Errorf("draw demonstration key: %w", err)
		}
		if issuer, err := OpenDemoIssuer(raw, now); err == nil {
			return issuer, nil
		}
	}
	return nil, errors.New("draw demonstration key: randomness gives no key")
}

// OpenDemoIssuer returns the issuer that Bytes came from.
func OpenDemoIssuer(raw []byte, now func() time.Time) (*DemoIssuer, error) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return nil, errors.New("open demonstration key: malformed")
	}
	return &DemoIssuer{key, append([]byte(nil), raw...), now}, nil
}

// Bytes returns the private key, for OpenDemoIssuer.
func (d *DemoIssuer) Bytes() []byte { return append([]byte(nil), d.raw...) }

// Token returns a token for subject that is valid for life.
func (d *DemoIssuer) Token(subject string, life time.Duration) (string, error) {
	now := d.now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: DemoIssuerName, Subject: subject, Audience: jwt.ClaimStrings{demoAudience},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(life)),
	}).SignedString(d.key)
	if err != nil {
		return "", fmt.Errorf("sign demonstration token: %w", err)
	}
	return signed, nil
}

// Verify implements Verifier for tokens of this issuer.
func (d *DemoIssuer) Verify(_ context.Context, raw string) (Principal, error) {
	if !tokenText(raw) {
		return Principal{}, ErrToken
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(raw, &claims, func(*jwt.Token) (any, error) { return &d.key.PublicKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodES256.Alg()}), jwt.WithIssuer(DemoIssuerName), jwt.WithAudience(demoAudience),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(d.now), jwt.WithStrictDecoding())
	if err != nil {
		return Principal{}, ErrToken
	}
	return checked(Principal{Issuer: claims.Issuer, Subject: claims.Subject})
}
