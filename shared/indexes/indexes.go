// Package indexes is what the vault knows of blind indexes: package blind under the deployment's index key, and a keyed hash for
// idempotency under a key of its own derived from the same secret. Only functions that accept or search hold one (design §4).
package indexes

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"log/slog"
	"sync"

	"kexin/shared/blind"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Epoch is the epoch of the index key; a new one would mean to compute every index anew.
const Epoch = 1

// macSize is the length of what MAC returns: 128 bits, as an identifier has.
const macSize = 16

// Indexes computes index rows and keyed hashes. It is safe for concurrent use and prints redacted.
type Indexes struct {
	key    *blind.Key
	mac    []byte
	hashes sync.Pool // of HMACs that have absorbed mac
}

// New returns the indexes of a deployment under secret, at least blind.SecretSize bytes, which is not kept. Errors: blind.ErrSecret.
func New(secret []byte, deployment record.DeploymentID) (*Indexes, error) {
	key, err := blind.NewKey(secret, deployment)
	if err != nil {
		return nil, err
	}
	mac, err := hkdf.Key(sha256.New, secret, []byte("kexin vault mac 1"), string(deployment), sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive key of keyed hashes: %w", err)
	}
	return &Indexes{key: key, mac: mac}, nil
}

// Load reads the deployment's wrapped index key and opens it: one call to the root keys for the life of a process. store.ErrNotFound:
// rotate-keys has not made it yet.
func Load(ctx context.Context, s store.Store, k keys.Keys, deployment record.DeploymentID) (*Indexes, error) {
	item, err := s.Get(ctx, rows.IndexKey(Epoch))
	if err != nil {
		return nil, fmt.Errorf("read index key: %w", err)
	}
	secret, err := k.Unwrap(ctx, keys.ForIndex, item.Body)
	if err != nil {
		return nil, fmt.Errorf("open index key: %w", err)
	}
	defer clear(secret)
	return New(secret, deployment)
}

// Identifier returns the row name, kind#mac, of a unique identifier of kind.
func (x *Indexes) Identifier(kind string, value record.Value) string {
	return x.key.Identifier(kind, value).String()
}

// Tokens returns the row names of a field's search tokens, without repetitions.
func (x *Indexes) Tokens(field record.FieldName, kinds []string, value record.Value) []string {
	return names(x.key.Tokens(field, kinds, value))
}

// Query returns the row names that a search text leads to; a match has all of them, and none means no match.
func (x *Indexes) Query(field record.FieldName, kind, text string) []string {
	return names(x.key.QueryTokens(field, kind, text))
}

func names(tokens []blind.Token) []string {
	list := make([]string, len(tokens))
	for i, token := range tokens {
		list[i] = token.String()
	}
	return list
}

// MAC returns the first 16 bytes of HMAC-SHA-256 over label, after its length, and data. Labels keep uses apart; no label and data give
// the input of another pair.
func (x *Indexes) MAC(label string, data []byte) [macSize]byte {
	h, ok := x.hashes.Get().(hash.Hash)
	if !ok {
		h = hmac.New(sha256.New, x.mac)
	}
	defer x.hashes.Put(h)
	h.Reset()
	var room [128]byte
	h.Write(append(binary.BigEndian.AppendUint32(room[:0], uint32(len(label))), label...))
	h.Write(data)
	return [macSize]byte(h.Sum(room[:0])[:macSize])
}

const redacted = "[redacted]"

// String returns "[redacted]".
func (*Indexes) String() string { return redacted }

// GoString returns "[redacted]".
func (*Indexes) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (*Indexes) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// LogValue logs "[redacted]".
func (*Indexes) LogValue() slog.Value { return slog.StringValue(redacted) }
