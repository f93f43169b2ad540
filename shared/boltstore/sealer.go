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
	// sealOverhead is what sealing adds to a value.
	sealOverhead = 1 + nonceSize + 16
)

type sealer struct {
	aead   cipher.AEAD
	rand   io.Reader
	drawn  [64 * nonceSize]byte
	nonces []byte // of drawn, not used yet
	as     []byte // associated data of the last sealing, for its memory
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
	return &sealer{aead: aead, rand: random}, nil
}

// appendSealed appends value, sealed for its row, to out. Value must lie elsewhere. It is for one goroutine at a time.
func (s *sealer) appendSealed(out []byte, table store.Table, row, value []byte) ([]byte, error) {
	if len(s.nonces) < nonceSize {
		s.nonces = s.drawn[:]
		if _, err := io.ReadFull(s.rand, s.nonces); err != nil {
			s.nonces = nil
			return out, fmt.Errorf("draw nonces: %w", err)
		}
	}
	nonce := s.nonces[:nonceSize]
	s.nonces = s.nonces[nonceSize:]
	out = append(append(out, sealVersion), nonce...)
	s.as = appendSealedAs(s.as[:0], table, row)
	return s.aead.Seal(out, nonce, value, s.as), nil
}

// open returns the value that was sealed for its row.
func (s *sealer) open(table store.Table, row, sealed []byte) ([]byte, error) {
	return s.appendOpened(nil, table, row, sealed)
}

// appendOpened appends the value that was sealed for its row to out.
func (s *sealer) appendOpened(out []byte, table store.Table, row, sealed []byte) ([]byte, error) {
	if len(sealed) < 1+nonceSize || sealed[0] != sealVersion {
		return out, fmt.Errorf("open value of %s: %w", table, ErrDamaged)
	}
	var room [128]byte
	value, err := s.aead.Open(out, sealed[1:1+nonceSize], sealed[1+nonceSize:], appendSealedAs(room[:0], table, row))
	if err != nil {
		return out, fmt.Errorf("open value of %s: %w", table, ErrDamaged)
	}
	return value, nil
}

func appendSealedAs(out []byte, table store.Table, row []byte) []byte {
	out = append(append(out, sealVersion), table...)
	return append(append(out, 0), row...)
}
