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

var (
	keyText = regexp.MustCompile(`^[A-Za-z0-9_-]{22,64}$`)
	hexText = regexp.MustCompile(`^([0-9a-f]+|[0-9A-F]+)$`)
	uuid    = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

const (
	minHex      = 32 // hex digits that hold 128 bits
	minDistinct = 6  // a random key has fewer distinct characters less than once in a billion times
)

// Parse returns text as a key of at least 128 random bits: 22 to 64 characters of base64url, at least 32 if all are hex digits. A UUID
// is refused, because it holds 122.
func Parse(text string) (Key, error) {
	if !keyText.MatchString(text) || uuid.MatchString(text) || hexText.MatchString(text) && len(text) < minHex {
		return "", ErrKey
	}
	distinct := map[rune]bool{}
	for _, r := range text {
		distinct[r] = true
	}
	if len(distinct) < minDistinct {
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
