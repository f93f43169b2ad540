package boltstore

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"

	"kexin/shared/store"
)

// A value of keys.db is an item's encoding, sealed:
//
//	0      1               13                          end
//	+------+---------------+---------------------------+
//	| 0x01 | nonce, random | AES-256-GCM of the item   |
//	+------+---------------+---------------------------+
//	associated data: version, name of the table, 0x00, row key
//
// so a value that is moved to another row does not open. Random nonces allow 2³² values under one key; Rewrite changes the key long
// before, at the latest with the first destruction of a day.
const (
	sealVersion = 1
	nonceSize   = 12
)

type sealer struct {
	aead cipher.AEAD
	rand io.Reader // read by the writer only
}

func newSealer(key []byte, random io.Reader) (*sealer, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("use file key: %w: %d bytes", ErrDamaged, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use file key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("use file key: %w", err)
	}
	return &sealer{aead, random}, nil
}

func (s *sealer) seal(table store.Table, row, value []byte) ([]byte, error) {
	out := make([]byte, 1+nonceSize, 1+nonceSize+len(value)+s.aead.Overhead())
	out[0] = sealVersion
	if _, err := io.ReadFull(s.rand, out[1:]); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	return s.aead.Seal(out, out[1:], value, sealedAs(table, row)), nil
}

func (s *sealer) open(table store.Table, row, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+nonceSize || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open value of %s: %w", table, ErrDamaged)
	}
	value, err := s.aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], sealedAs(table, row))
	if err != nil {
		return nil, fmt.Errorf("open value of %s: %w", table, ErrDamaged)
	}
	return value, nil
}

func sealedAs(table store.Table, row []byte) []byte {
	out := make([]byte, 0, 2+len(table)+len(row))
	out = append(append(out, sealVersion), table...)
	return append(append(out, 0), row...)
}
