// Package idempotency holds what a client's Idempotency-Key is good for: the place of the answer that a repetition gets, and a proof
// that the repetition is the same request. Both are derived from the key by HKDF, so the key itself is stored nowhere and neither
// the place nor the proof says anything to someone who does not know it.
package idempotency

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"sync"
)

// Header is the name of the header that carries the key.
const Header = "Idempotency-Key"

// Limits of a key's length in characters. 22 characters of base64url hold 132 bits.
const (
	MinLength = 22
	MaxLength = 64
)

// Key is an idempotency key that Parse has accepted. It is a secret of the client: it must not be stored or logged.
type Key string

// ErrKey reports a key that is too short, too long, of other characters, or plainly not random.
var ErrKey = errors.New("malformed idempotency key")

var uuid = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
})

const (
	uuidLength  = 36
	minHex      = 32 // hex digits that hold 128 bits
	minDistinct = 6  // a random key has fewer distinct characters less than once in a billion times
)

// Parse returns text as a key of at least 128 random bits: 22 to 64 characters of base64url, at least 32 if all are hex digits. A UUID
// is refused, because it holds 122.
func Parse(text string) (Key, error) {
	if len(text) < MinLength || len(text) > MaxLength || len(text) == uuidLength && uuid().MatchString(text) {
		return "", ErrKey
	}
	var seen [256]bool
	distinct, lower, upper := 0, true, true // lower, upper: hex digits of one case only
	for i := range len(text) {
		c := text[i]
		digit := c >= '0' && c <= '9'
		if !digit && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return "", ErrKey
		}
		lower, upper = lower && (digit || c >= 'a' && c <= 'f'), upper && (digit || c >= 'A' && c <= 'F')
		if !seen[c] {
			seen[c], distinct = true, distinct+1
		}
	}
	if distinct < minDistinct || (lower || upper) && len(text) < minHex {
		return "", ErrKey
	}
	return Key(text), nil
}

// Place returns 16 bytes that stand for key within scope: the same key and scope always give the same place. The scope names what the
// key may be repeated for, such as the operation and, where there is one, the caller.
func (k Key) Place(scope string) ([16]byte, error) {
	derived, err := hkdf.Key(sha256.New, []byte(k), nil, "kexin/idempotency/place/1\x00"+scope, 16)
	if err != nil {
		return [16]byte{}, fmt.Errorf("derive place of idempotency key: %w", err)
	}
	return [16]byte(derived), nil
}

// BodyMAC returns the proof that a request with key had body: HMAC-SHA-256 under a key derived from key. Compare with Same.
func BodyMAC(key Key, body []byte) ([32]byte, error) {
	derived, err := hkdf.Key(sha256.New, []byte(key), nil, "kexin/idempotency/body/1", 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive key of the body's MAC: %w", err)
	}
	mac := hmac.New(sha256.New, derived)
	mac.Write(body) // a hash never fails to write
	return [32]byte(mac.Sum(nil)), nil
}

// Same reports in constant time whether two MACs are equal.
func Same(a, b [32]byte) bool { return hmac.Equal(a[:], b[:]) }

// String returns "[redacted]".
func (Key) String() string { return "[redacted]" }

// MarshalText encodes "[redacted]".
func (Key) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }
