package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// Bounds of what Remember keeps.
const (
	// RememberLife is how long a verified token is believed without being verified again: a key that the issuer has withdrawn counts for
	// at most so long.
	RememberLife  = time.Minute
	maxRemembered = 4096
)

// Remember returns a verifier that verifies a token once and then believes the same bytes until the token expires, for at most
// RememberLife. Refusals are not kept. It holds digests of tokens, never tokens.
func Remember(verifier Verifier, now func() time.Time) Verifier {
	return &remembering{verifier: verifier, now: now, known: map[[sha256.Size]byte]believed{}}
}

type remembering struct {
	verifier Verifier
	now      func() time.Time

	mu    sync.RWMutex
	known map[[sha256.Size]byte]believed
}

type believed struct {
	principal    Principal
	since, until time.Time
}

// Verify implements Verifier.
func (r *remembering) Verify(ctx context.Context, raw string) (Principal, error) {
	digest, now := sha256.Sum256([]byte(raw)), r.now()
	r.mu.RLock()
	known, ok := r.known[digest]
	r.mu.RUnlock()
	if ok && !now.Before(known.since) && now.Before(known.until) {
		return known.principal, nil
	}
	principal, err := r.verifier.Verify(ctx, raw)
	if err != nil {
		return principal, err
	}
	if until := expiry(raw); until.After(now) {
		r.keep(digest, believed{principal, now, earlier(until, now.Add(RememberLife))})
	}
	return principal, nil
}

func (r *remembering) keep(digest [sha256.Size]byte, b believed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxRemembered {
		clear(r.known)
	}
	r.known[digest] = b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// expiry returns when a token that has been verified expires, or the zero time when it does not say.
func expiry(raw string) time.Time {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}
