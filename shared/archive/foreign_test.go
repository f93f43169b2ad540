package archive

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
)

// foreignVerifier is the key that the DSSE library asks.
type foreignVerifier struct {
	id     string
	public *ecdsa.PublicKey
}

func (v foreignVerifier) Verify(_ context.Context, data, sig []byte) error {
	digest := sha256.Sum256(data)
	if !ecdsa.VerifyASN1(v.public, digest[:], sig) {
		return errors.New("signature does not match")
	}
	return nil
}

func (v foreignVerifier) KeyID() (string, error)   { return v.id, nil }
func (v foreignVerifier) Public() crypto.PublicKey { return v.public }
