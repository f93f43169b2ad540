// Package seal is the only place that encrypts and decrypts what Kexin keeps. It knows four layers (docs/formats.md):
//
//	branch      an HPKE key pair (ML-KEM-768 + X25519) whose private half the root keys seal; public halves are in a signed manifest
//	intake key  random, one per writing process and branch, stored sealed to the branch
//	item key    random, one per item, wrapped by the intake key (L3: by a root key), then by the section's shred key
//	item        AES-256-GCM
//
// A process that writes needs public halves only; a process that reads needs a branch opened by the root keys; and whoever lacks the
// shred key opens nothing. Every ciphertext carries a format version and an algorithm, and is bound by associated data to the place
// where it lives.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// KeySize is the size of every symmetric key, in bytes.
const KeySize = 32

const (
	formatVersion = 1  // of items, wrapped keys, envelopes and intake rows
	algAES256GCM  = 1  // the only algorithm so far; regions in China will add SM4
	nonceSize     = 12 // of AES-GCM
	tagSize       = 16
)

// Sentinels of the package.
var (
	// ErrOpen: the ciphertext was altered, belongs elsewhere, or was sealed under another key. Which of them cannot be told.
	ErrOpen = errors.New("ciphertext refused")
	// ErrFormat: the bytes are not of a format and version that this program knows.
	ErrFormat = errors.New("unknown ciphertext format")
	// ErrManifest: the manifest of public halves is missing, expired, altered or not signed by the pinned key.
	ErrManifest = errors.New("key manifest refused")
)

// Key is a symmetric key. It prints redacted.
type Key [KeySize]byte

// String returns "[key]".
func (Key) String() string { return "[key]" }

// GoString returns "[key]".
func (Key) GoString() string { return "[key]" }

// Format prints "[key]" for every verb.
func (Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[key]")) }

// NewKey draws a key from random.
func NewKey(random io.Reader) (Key, error) {
	var key Key
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return Key{}, fmt.Errorf("draw key: %w", err)
	}
	return key, nil
}

func newAEAD(key *Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("set up cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// Bind encodes a label and parts as associated data: each part follows its length, so that no two lists of parts give the same bytes.
func Bind(label string, parts ...string) []byte {
	size := 2 + len(label)
	for _, part := range parts {
		size += 2 + len(part)
	}
	return appendBind(make([]byte, 0, size), label, parts...)
}

// appendBind appends what Bind returns to data.
func appendBind(data []byte, label string, parts ...string) []byte {
	data = appendPart(data, label)
	for _, part := range parts {
		data = appendPart(data, part)
	}
	return data
}

func appendPart(data []byte, part string) []byte {
	data = binary.BigEndian.AppendUint16(data, uint16(len(part))) // parts are names and identifiers, far below 64 KiB
	return append(data, part...)
}

// appendSealed appends nonce and ciphertext of plaintext under aead, bound to ad.
func appendSealed(dst []byte, random io.Reader, aead cipher.AEAD, plaintext, ad []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, make([]byte, nonceSize)...)
	if _, err := io.ReadFull(random, dst[start:]); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	return aead.Seal(dst, dst[start:start+nonceSize], plaintext, ad), nil
}

// appendSealedAt is appendSealed with a nonce that is drawn already.
func appendSealedAt(dst, nonce []byte, aead cipher.AEAD, plaintext, ad []byte) []byte {
	return aead.Seal(append(dst, nonce...), nonce, plaintext, ad)
}

// openSealed opens what appendSealed appended.
func openSealed(dst []byte, aead cipher.AEAD, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < nonceSize+tagSize {
		return nil, ErrOpen
	}
	plaintext, err := aead.Open(dst, sealed[:nonceSize], sealed[nonceSize:], ad)
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}
