package filekeys

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"io"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// A wrapped secret:
//
//	byte 0      format version, 1
//	byte 1      algorithm, 1 = AES-256-GCM with a random nonce
//	bytes 2-9   id of the root key
//	bytes 10-21 nonce
//	the rest    ciphertext and tag of 16 bytes
//
// Its associated data: the name of this format, bytes 0 to 9, the length of the deployment's id in one byte, that id, the purpose.
const (
	wrapVersion   = 1
	wrapAlgorithm = 1
	wrapHeader    = 10
	wrapNonce     = 12
	wrapTag       = 16
	wrapName      = "kexin filekeys wrap"
)

// Wrap encrypts secret under the newest root key of the purpose's group. Errors: keys.ErrSecretSize; keys.ErrNotGranted for a purpose
// that does not exist.
func (f *File) Wrap(ctx context.Context, purpose keys.Purpose, secret []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	if len(secret) == 0 || len(secret) > keys.MaxSecret {
		return nil, fmt.Errorf("wrap: %w", keys.ErrSecretSize)
	}
	g, ok := groupOf(purpose)
	if !ok {
		return nil, fmt.Errorf("wrap for an unknown purpose: %w", keys.ErrNotGranted)
	}
	s := f.current()
	id := s.newest(g)
	wrapped := make([]byte, wrapHeader+wrapNonce, wrapHeader+wrapNonce+len(secret)+wrapTag)
	wrapped[0], wrapped[1] = wrapVersion, wrapAlgorithm
	copy(wrapped[2:], id[:])
	if _, err := io.ReadFull(f.random, wrapped[wrapHeader:]); err != nil {
		return nil, fmt.Errorf("wrap: draw nonce: %w", err)
	}
	return s.roots[g][id].Seal(wrapped, wrapped[wrapHeader:], secret,
		wrapData(wrapped[:wrapHeader], s.content.Deployment, purpose)), nil
}

// Unwrap opens what Wrap made for the same purpose and deployment. Errors: keys.ErrRefused; keys.ErrNotGranted as for Wrap.
func (f *File) Unwrap(ctx context.Context, purpose keys.Purpose, wrapped []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("unwrap: %w", err)
	}
	g, ok := groupOf(purpose)
	if !ok {
		return nil, fmt.Errorf("unwrap for an unknown purpose: %w", keys.ErrNotGranted)
	}
	id, err := parseWrapped(wrapped)
	if err != nil {
		return nil, fmt.Errorf("unwrap: %w", err)
	}
	s := f.current()
	aead, ok := s.roots[g][id]
	if !ok {
		return nil, fmt.Errorf("unwrap: root key is not in this file: %w", keys.ErrRefused)
	}
	secret, err := aead.Open(nil, wrapped[wrapHeader:wrapHeader+wrapNonce], wrapped[wrapHeader+wrapNonce:],
		wrapData(wrapped[:wrapHeader], s.content.Deployment, purpose))
	if err != nil {
		return nil, fmt.Errorf("unwrap: %w", keys.ErrRefused)
	}
	return secret, nil
}

// parseWrapped returns the id of the root key, or keys.ErrRefused for what Wrap cannot have made.
func parseWrapped(wrapped []byte) (id keyID, err error) {
	secret := len(wrapped) - wrapHeader - wrapNonce - wrapTag
	if secret < 1 || secret > keys.MaxSecret || wrapped[0] != wrapVersion || wrapped[1] != wrapAlgorithm {
		return id, keys.ErrRefused
	}
	copy(id[:], wrapped[2:wrapHeader])
	return id, nil
}

func wrapData(header []byte, d record.DeploymentID, p keys.Purpose) []byte {
	data := make([]byte, 0, len(wrapName)+len(header)+1+len(d)+len(p))
	data = append(append(data, wrapName...), header...)
	data = append(append(data, byte(len(d))), d...)
	return append(data, p...)
}

func (s *state) newest(g group) keyID {
	list := s.content.Data
	if g == groupRestricted {
		list = s.content.Restricted
	}
	return list[len(list)-1].ID
}

// Sign returns an ASN.1 DER ECDSA signature of digest. Errors: keys.ErrNotGranted for a signer that does not exist.
func (f *File) Sign(ctx context.Context, signer keys.Signer, digest [32]byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	key, ok := f.current().signers[signer]
	if !ok {
		return nil, fmt.Errorf("sign with an unknown key: %w", keys.ErrNotGranted)
	}
	signature, err := ecdsa.SignASN1(f.random, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return signature, nil
}

// Public returns a copy of the public half of signer. Errors: keys.ErrNotGranted for a signer that does not exist.
func (f *File) Public(ctx context.Context, signer keys.Signer) (*ecdsa.PublicKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	key, ok := f.current().signers[signer]
	if !ok {
		return nil, fmt.Errorf("public key of an unknown signer: %w", keys.ErrNotGranted)
	}
	public := key.PublicKey
	return &public, nil
}
