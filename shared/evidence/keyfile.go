package evidence

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// KeysFormat names the format of the file of public keys.
const KeysFormat = "kexin-public-keys/1"

// Algorithm is the only signature algorithm so far: ECDSA on P-256 with SHA-256, signatures in ASN.1 DER.
const Algorithm = "ecdsa-p256-sha256"

// PublicKeys is what a stranger needs to check everything else: the public halves of the signing root keys of one deployment. It must
// come from somewhere else than the evidence itself. A signer may have several keys after a rotation.
type PublicKeys struct {
	Format     string              `json:"format"`
	Deployment record.DeploymentID `json:"deployment"`
	Keys       []PublicKey         `json:"keys"`
}

// PublicKey is one key of the file.
type PublicKey struct {
	Signer    keys.Signer `json:"signer"`
	Algorithm string      `json:"algorithm"`
	SPKI      []byte      `json:"spki"` // SubjectPublicKeyInfo in DER, base64 in the file
}

// CollectKeys asks k for the public halves of signers, of every signing key when none is named.
func CollectKeys(ctx context.Context, k keys.Keys, deployment record.DeploymentID, signers ...keys.Signer) (PublicKeys, error) {
	if len(signers) == 0 {
		signers = keys.Signers()
	}
	file := PublicKeys{Format: KeysFormat, Deployment: deployment}
	for _, signer := range signers {
		public, err := k.Public(ctx, signer)
		if err != nil {
			return PublicKeys{}, fmt.Errorf("collect public keys: %s: %w", signer, err)
		}
		spki, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return PublicKeys{}, fmt.Errorf("collect public keys: %s: %w", signer, err)
		}
		file.Keys = append(file.Keys, PublicKey{Signer: signer, Algorithm: Algorithm, SPKI: spki})
	}
	return file, nil
}

// Marshal returns the bytes of the file.
func (p PublicKeys) Marshal() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return encode(p)
}

// ParsePublicKeys returns the keys of a file, or ErrFormat.
func ParsePublicKeys(data []byte) (PublicKeys, error) {
	var file PublicKeys
	if err := decode("file of public keys", data, &file); err != nil {
		return PublicKeys{}, err
	}
	return file, file.check()
}

func (p PublicKeys) check() error {
	if p.Format != KeysFormat {
		return fmt.Errorf("%w: unknown format of public keys", ErrFormat)
	}
	if record.CheckID(record.PrefixDeployment, string(p.Deployment)) != nil {
		return fmt.Errorf("%w: deployment of public keys", ErrFormat)
	}
	for _, key := range p.Keys {
		if key.Algorithm != Algorithm {
			return fmt.Errorf("%w: algorithm of a public key", ErrFormat)
		}
		if !slices.Contains(keys.Signers(), key.Signer) {
			return fmt.Errorf("%w: signer of a public key", ErrFormat)
		}
		if _, err := parseSPKI(key.SPKI); err != nil {
			return err
		}
	}
	return nil
}

// Find returns the keys of signer.
func (p PublicKeys) Find(signer keys.Signer) []*ecdsa.PublicKey {
	var found []*ecdsa.PublicKey
	for _, key := range p.Keys {
		if key.Signer != signer {
			continue
		}
		if public, err := parseSPKI(key.SPKI); err == nil {
			found = append(found, public)
		}
	}
	return found
}

func parseSPKI(spki []byte) (*ecdsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("%w: public key is not a SubjectPublicKeyInfo", ErrFormat)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: public key is not of P-256", ErrFormat)
	}
	return public, nil
}

// KeyID returns the id that signatures name a key by: the SHA-256 of its SubjectPublicKeyInfo in hex.
func KeyID(public *ecdsa.PublicKey) (string, error) {
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("name public key: %w", err)
	}
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:]), nil
}
