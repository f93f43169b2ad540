// Package identity answers who sent a request, from a signed token and from nothing else. The answer travels in the context; no header
// but Authorization is ever looked at, so nothing that a client or a proxy adds can become an identity. What a person may do is not
// in the token: the staff register says it.
package identity

import (
	"context"
	"errors"
)

// Principal is who a verified token speaks of: a subject, unique at its issuer.
type Principal struct {
	Issuer, Subject string
}

// Verifier checks raw tokens. It is safe for concurrent use and honours ctx.
type Verifier interface {
	// Verify returns whom raw speaks of. ErrToken: raw is not a valid token of the expected issuer for the expected audience at this
	// moment. ErrUnavailable: the issuer's keys could not be read, so nothing can be said of raw.
	Verify(ctx context.Context, raw string) (Principal, error)
}

// Sentinels of the contract. Neither says what the token held.
var (
	ErrToken       = errors.New("token refused")
	ErrUnavailable = errors.New("keys of the token issuer unavailable")
)

// maxToken is the longest raw token that is looked at, in bytes.
const maxToken = 8192

// maxSubject is the longest subject that is taken, in bytes.
const maxSubject = 255

type contextKey int

const (
	principalKey contextKey = iota
	rawKey
)

// With returns ctx carrying principal and the raw token that proved it. Require calls it after verifying; functions that are invoked
// with a raw token call it after verifying it themselves.
func With(ctx context.Context, principal Principal, raw string) context.Context {
	return context.WithValue(context.WithValue(ctx, principalKey, principal), rawKey, raw)
}

// FromContext returns the verified principal of ctx; false when there is none.
func FromContext(ctx context.Context) (Principal, bool) {
	principal, ok := ctx.Value(principalKey).(Principal)
	return principal, ok && principal.Subject != ""
}

// RawToken returns the token that proved the principal of ctx, for functions that pass it on to another function, which verifies it
// again. It must not be logged or stored.
func RawToken(ctx context.Context) (string, bool) {
	raw, ok := ctx.Value(rawKey).(string)
	return raw, ok && raw != ""
}

// checked returns principal when both its parts can be used as names.
func checked(principal Principal) (Principal, error) {
	if principal.Issuer == "" || principal.Subject == "" || len(principal.Subject) > maxSubject {
		return Principal{}, ErrToken
	}
	return principal, nil
}
