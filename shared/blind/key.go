package blind

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"sync"

	"kexin/shared/record"
)

// SecretSize is the least length of the secret that NewKey takes, in bytes.
const SecretSize = 32

// ErrSecret reports a secret that is too short.
var ErrSecret = errors.New("secret of the blind indexes is too short")

// Key computes tokens. It is safe for concurrent use and prints redacted.
type Key struct {
	root       [sha256.Size]byte // HKDF's pseudorandom key
	deployment record.DeploymentID

	mu       sync.RWMutex
	derivers map[purpose]*deriver
}

// maxDerivers bounds the cache, should a caller pass field names that no pack has.
const maxDerivers = 1024

// NewKey derives the keys of all indexes of a deployment from a secret of at least SecretSize bytes. The secret is not kept.
func NewKey(secret []byte, deployment record.DeploymentID) (*Key, error) {
	if len(secret) < SecretSize {
		return nil, ErrSecret
	}
	root, err := hkdf.Extract(sha256.New, secret, []byte("kexin blind index 1"))
	if err != nil {
		return nil, fmt.Errorf("derive root of the blind indexes: %w", err)
	}
	key := &Key{deployment: deployment, derivers: map[purpose]*deriver{}}
	copy(key.root[:], root)
	return key, nil
}

// use keeps identifiers and search tokens of the same kind name apart.
type use string

const (
	forIdentifier use = "identifier"
	forSearch     use = "search"
)

// purpose is what a derived key is for; equal values in two purposes have unrelated tokens.
type purpose struct {
	use   use
	kind  string
	field record.FieldName
}

// info is the info parameter of HKDF: every part with its length before it, so that no two purposes share one.
func (p purpose) info(deployment record.DeploymentID) string {
	var info []byte
	for _, part := range []string{string(deployment), string(p.use), p.kind, string(p.field)} {
		info = binary.BigEndian.AppendUint32(info, uint32(len(part)))
		info = append(info, part...)
	}
	return string(info)
}

func (k *Key) deriver(p purpose) *deriver {
	k.mu.RLock()
	cached := k.derivers[p]
	k.mu.RUnlock()
	if cached != nil {
		return cached
	}
	fresh := newDeriver(expand(k.root[:], p.info(k.deployment)))
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.derivers) < maxDerivers {
		k.derivers[p] = fresh
	}
	return fresh
}

// expand is HKDF-Expand (RFC 5869) for one block, which is the length of a key: HMAC(root, info || 1). Unlike hkdf.Expand it has no
// error to return.
func expand(root []byte, info string) []byte {
	block := hmac.New(sha256.New, root)
	block.Write([]byte(info))
	block.Write([]byte{1})
	return block.Sum(nil)
}

// deriver is HMAC-SHA-256 under one derived key; it reuses hashes that have absorbed the key.
type deriver struct{ hashes sync.Pool }

func newDeriver(key []byte) *deriver {
	return &deriver{hashes: sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

const macSize = 16

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func (d *deriver) mac(term string) string {
	mac, ok := d.hashes.Get().(hash.Hash)
	if !ok { // the pool holds nothing else
		return ""
	}
	defer d.hashes.Put(mac)
	mac.Reset()
	mac.Write([]byte(term))
	var sum [sha256.Size]byte
	return encoding.EncodeToString(mac.Sum(sum[:0])[:macSize])
}

const redacted = "[redacted]"

// String returns "[redacted]".
func (*Key) String() string { return redacted }

// GoString returns "[redacted]".
func (*Key) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (*Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// LogValue logs "[redacted]".
func (*Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes "[redacted]".
func (*Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
