package seal

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"kexin/shared/record"
)

// Place says where an item lives; all of it is associated data. Version is the record version of a section, or names the event,
// document, card part or note.
type Place struct {
	Deployment record.DeploymentID
	Customer   record.CustomerID
	Section    record.SectionID
	Schema     record.PackVersion
	Version    string
}

// KeyWrapper wraps item keys: an intake key for L1 and L2, a root key for L3.
type KeyWrapper interface {
	// WrapItemKey appends the wrapped key, self-describing, to dst. nonce is 12 fresh random bytes for this one call.
	WrapItemKey(ctx context.Context, dst []byte, key *Key, nonce, ad []byte) ([]byte, error)
}

// KeyUnwrapper opens what KeyWrappers wrapped.
type KeyUnwrapper interface {
	// UnwrapItemKey returns the item key of wrapped, or ErrOpen.
	UnwrapItemKey(ctx context.Context, wrapped, ad []byte) (Key, error)
}

const (
	keyIDSize      = 16
	itemHeaderSize = 2 + keyIDSize + 2
	wrapRoom       = 112 // a key wrapped by an intake key takes 105 bytes; by a root key more
)

// SealItem seals plaintext for place: a fresh item key, wrapped by wrapper and then by shred.
//
//	item = version 1 | algorithm 1 | key id 16 | n 2 | wrapped key n | nonce 12 | ciphertext | tag 16
//	wrapped key = nonce 12 | AES-256-GCM(shred, inner wrap) | tag 16
func SealItem(ctx context.Context, random io.Reader, wrapper KeyWrapper, shred *Key, place Place, plaintext []byte) ([]byte, error) {
	aead, err := newAEAD(shred)
	if err != nil {
		return nil, err
	}
	return appendItem(ctx, nil, random, wrapper, aead, place, plaintext)
}

// Shred seals several items under one shred key, whose cipher is set up once.
type Shred struct{ aead cipher.AEAD }

// NewShred returns the sealer of a shred key.
func NewShred(key *Key) (Shred, error) {
	aead, err := newAEAD(key)
	return Shred{aead}, err
}

// SealItem appends to dst what the function SealItem returns for the key of s.
func (s Shred) SealItem(ctx context.Context, dst []byte, random io.Reader, wrapper KeyWrapper, place Place, plaintext []byte) ([]byte, error) {
	return appendItem(ctx, dst, random, wrapper, s.aead, place, plaintext)
}

// workspace is what sealing one item needs beside the item: it crosses interfaces, so it would be allocated each time.
type workspace struct {
	fresh [KeySize + keyIDSize + 3*nonceSize]byte // one draw: each is a system call
	keyAD [adSize]byte
	ad    [adSize]byte
	inner [128]byte
}

var workspaces = sync.Pool{New: func() any { return &workspace{} }}

// adSize is room for associated data; what is longer is allocated apart.
const adSize = 256

func appendItem(ctx context.Context, dst []byte, random io.Reader, wrapper KeyWrapper, shred cipher.AEAD, place Place, plaintext []byte) ([]byte, error) {
	work, ok := workspaces.Get().(*workspace)
	if !ok { // the pool holds nothing else
		work = &workspace{}
	}
	defer work.release()
	if _, err := io.ReadFull(random, work.fresh[:]); err != nil {
		return nil, fmt.Errorf("draw item key: %w", err)
	}
	key, keyID, nonces := (*Key)(work.fresh[:KeySize]), work.fresh[KeySize:KeySize+keyIDSize], work.fresh[KeySize+keyIDSize:]
	item := make([]byte, 0, len(dst)+itemHeaderSize+wrapRoom+nonceSize+len(plaintext)+tagSize)
	item = append(append(append(append(item, dst...), formatVersion, algAES256GCM), keyID...), 0, 0)
	start := len(item)
	ad := place.appendKeyAD(work.keyAD[:0], keyID)
	inner, err := wrapper.WrapItemKey(ctx, work.inner[:0], key, nonces[2*nonceSize:], ad)
	if err != nil {
		return nil, fmt.Errorf("wrap item key: %w", err)
	}
	item = appendSealedAt(item, nonces[:nonceSize], shred, inner, ad)
	binary.BigEndian.PutUint16(item[start-2:], uint16(len(item)-start))
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return appendSealedAt(item, nonces[nonceSize:2*nonceSize], aead, plaintext, place.appendItemAD(work.ad[:0], keyID)), nil
}

// release forgets the item key.
func (w *workspace) release() {
	clear(w.fresh[:])
	workspaces.Put(w)
}

// OpenItem returns the plaintext of an item that lives at place, or ErrOpen. It needs both the shred key and what wrapped the key.
func OpenItem(ctx context.Context, unwrapper KeyUnwrapper, shred *Key, place Place, item []byte) ([]byte, error) {
	keyID, wrapped, sealed, err := splitItem(item)
	if err != nil {
		return nil, err
	}
	outer, err := newAEAD(shred)
	if err != nil {
		return nil, err
	}
	ad := place.appendKeyAD(nil, keyID)
	inner, err := openSealed(nil, outer, wrapped, ad)
	if err != nil {
		return nil, err
	}
	key, err := unwrapper.UnwrapItemKey(ctx, inner, ad)
	if err != nil {
		return nil, fmt.Errorf("unwrap item key: %w", err)
	}
	defer clear(key[:])
	aead, err := newAEAD(&key)
	if err != nil {
		return nil, err
	}
	return openSealed(nil, aead, sealed, place.appendItemAD(nil, keyID))
}

func splitItem(item []byte) (keyID, wrapped, sealed []byte, err error) {
	if len(item) < itemHeaderSize || item[0] != formatVersion || item[1] != algAES256GCM {
		return nil, nil, nil, ErrFormat
	}
	n := int(binary.BigEndian.Uint16(item[itemHeaderSize-2:]))
	if len(item) < itemHeaderSize+n {
		return nil, nil, nil, ErrFormat
	}
	return item[2 : 2+keyIDSize], item[itemHeaderSize : itemHeaderSize+n], item[itemHeaderSize+n:], nil
}

func (p Place) appendKeyAD(dst, keyID []byte) []byte {
	return appendBind(dst, "kexin/item-key/1", string(p.Deployment), string(p.Customer), string(p.Section), string(keyID))
}

func (p Place) appendItemAD(dst, keyID []byte) []byte {
	return appendBind(dst, "kexin/item/1/1", string(p.Deployment), string(p.Customer), string(p.Section), string(p.Schema), p.Version, string(keyID))
}

// Inner wraps of item keys, first byte of what the shred key seals.
const (
	innerIntake = 1 // | intake id 16 | nonce 12 | AES-256-GCM(intake key, item key) | tag 16
	innerRoot   = 2 // | what keys.Wrap(ForRecord) returned
)

// appendIntakeWrap appends key wrapped under an intake key.
func appendIntakeWrap(dst []byte, id [16]byte, intake cipher.AEAD, key *Key, nonce, ad []byte) []byte {
	dst = append(dst, innerIntake)
	dst = append(dst, id[:]...)
	return appendSealedAt(dst, nonce, intake, key[:], append(ad, id[:]...))
}

// splitIntakeWrap returns the intake id and the sealed key of an inner wrap of kind innerIntake.
func splitIntakeWrap(inner []byte) (id [16]byte, sealed []byte, err error) {
	if len(inner) < 17 || inner[0] != innerIntake {
		return id, nil, ErrFormat
	}
	copy(id[:], inner[1:17])
	return id, inner[17:], nil
}

func openIntakeWrap(intake cipher.AEAD, id [16]byte, sealed, ad []byte) (Key, error) {
	plain, err := openSealed(nil, intake, sealed, append(ad, id[:]...))
	if err != nil || len(plain) != KeySize {
		return Key{}, ErrOpen
	}
	key := Key(plain)
	clear(plain)
	return key, nil
}
