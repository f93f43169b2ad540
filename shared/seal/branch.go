package seal

import (
	"context"
	"crypto/ecdsa"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// Branch names a branch: one for the inbox, one per level that intake keys serve.
type Branch string

// The branches. L0 is sealed as L1; L3 has none, its item keys are wrapped by a root key.
const (
	BranchInbox Branch = "inbox"
	BranchL1    Branch = "L1"
	BranchL2    Branch = "L2"
)

// Branches returns every branch in a fixed order.
func Branches() []Branch { return []Branch{BranchInbox, BranchL1, BranchL2} }

// BranchOf returns the branch that serves level, and false for L3.
func BranchOf(level record.Level) (Branch, bool) {
	switch level {
	case record.L0, record.L1:
		return BranchL1, true
	case record.L2:
		return BranchL2, true
	}
	return "", false
}

// KeyPurpose returns the purpose for which the branch's private half is wrapped.
func (b Branch) KeyPurpose() keys.Purpose {
	if b == BranchInbox {
		return keys.ForInbox
	}
	return keys.ForBranch
}

func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.MLKEM768X25519(), hpke.HKDFSHA256(), hpke.AES256GCM()
}

const suiteName = "MLKEM768X25519-HKDFSHA256-AES256GCM"

// BranchPublic is the public half of one epoch of a branch.
type BranchPublic struct {
	Branch Branch `json:"branch"`
	Epoch  uint32 `json:"epoch"`
	Born   int64  `json:"born"` // Unix seconds
	Suite  string `json:"suite"`
	Public []byte `json:"public"`
}

// Manifest lists the public halves that writers seal to, one per branch.
type Manifest struct {
	Format     int                 `json:"format"`
	Deployment record.DeploymentID `json:"deployment"`
	Issued     time.Time           `json:"issued"`
	Expires    time.Time           `json:"expires"`
	Branches   []BranchPublic      `json:"branches"`
}

// SignedManifest is a manifest's exact bytes with their signature under keys.SignManifest.
type SignedManifest struct {
	Manifest  []byte `json:"manifest"`
	Signature []byte `json:"signature"`
}

func manifestDigest(manifest []byte) [32]byte {
	return sha256.Sum256(append([]byte("kexin/manifest/1\x00"), manifest...))
}

// SignManifest signs m with k.
func SignManifest(ctx context.Context, k keys.Keys, m Manifest) (SignedManifest, error) {
	m.Format = formatVersion
	body, err := json.Marshal(m)
	if err != nil {
		return SignedManifest{}, fmt.Errorf("encode manifest: %w", err)
	}
	signature, err := k.Sign(ctx, keys.SignManifest, manifestDigest(body))
	if err != nil {
		return SignedManifest{}, fmt.Errorf("sign manifest: %w", err)
	}
	return SignedManifest{body, signature}, nil
}

// VerifyManifest returns the manifest when signer signed it, it is of deployment, and now is before its expiry; else ErrManifest.
func VerifyManifest(signed SignedManifest, signer *ecdsa.PublicKey, deployment record.DeploymentID, now time.Time) (Manifest, error) {
	digest := manifestDigest(signed.Manifest)
	if signer == nil || !ecdsa.VerifyASN1(signer, digest[:], signed.Signature) {
		return Manifest{}, fmt.Errorf("%w: signature", ErrManifest)
	}
	var m Manifest
	if err := json.Unmarshal(signed.Manifest, &m); err != nil || m.Format != formatVersion {
		return Manifest{}, fmt.Errorf("%w: format", ErrManifest)
	}
	if m.Deployment != deployment {
		return Manifest{}, fmt.Errorf("%w: deployment", ErrManifest)
	}
	if !now.Before(m.Expires) {
		return Manifest{}, fmt.Errorf("%w: expired", ErrManifest)
	}
	return m, nil
}

// Public returns the public half of branch, or ErrManifest.
func (m Manifest) Public(branch Branch) (BranchPublic, error) {
	i := slices.IndexFunc(m.Branches, func(b BranchPublic) bool { return b.Branch == branch && b.Suite == suiteName })
	if i < 0 {
		return BranchPublic{}, fmt.Errorf("%w: no branch %s", ErrManifest, branch)
	}
	return m.Branches[i], nil
}

// NewBranch makes a key pair for an epoch of branch: its public half, and its private half wrapped by k.
func NewBranch(ctx context.Context, k keys.Keys, branch Branch, epoch uint32) (BranchPublic, []byte, error) {
	kem, _, _ := suite()
	private, err := kem.GenerateKey()
	if err != nil {
		return BranchPublic{}, nil, fmt.Errorf("make branch key: %w", err)
	}
	secret, err := private.Bytes()
	if err != nil {
		return BranchPublic{}, nil, fmt.Errorf("encode branch key: %w", err)
	}
	defer clear(secret)
	wrapped, err := k.Wrap(ctx, branch.KeyPurpose(), secret)
	if err != nil {
		return BranchPublic{}, nil, fmt.Errorf("wrap branch key: %w", err)
	}
	return BranchPublic{Branch: branch, Epoch: epoch, Suite: suiteName, Public: private.PublicKey().Bytes()}, wrapped, nil
}

// openBranch returns the private half of a branch from its wrapped form.
func openBranch(ctx context.Context, k keys.Keys, branch Branch, wrapped []byte) (hpke.PrivateKey, error) {
	secret, err := k.Unwrap(ctx, branch.KeyPurpose(), wrapped)
	if err != nil {
		return nil, fmt.Errorf("unwrap branch key: %w", err)
	}
	defer clear(secret)
	kem, _, _ := suite()
	private, err := kem.NewPrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: branch key", ErrFormat)
	}
	return private, nil
}
