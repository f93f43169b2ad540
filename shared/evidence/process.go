package evidence

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// ProcessKeyFormat names the format of certificates of process keys.
const ProcessKeyFormat = "kexin-process-key/1"

// UseReceipts is the only use that process keys are certified for.
const UseReceipts = "receipts"

// ProcessLife is how long a process key is valid, and renewBefore how long before its end another is made.
const (
	ProcessLife = time.Hour
	renewBefore = 5 * time.Minute
)

// ProcessKey is what a root key says of the key that a process made for itself: its public half, what for, and when.
type ProcessKey struct {
	Format     string              `json:"format"`
	Deployment record.DeploymentID `json:"deployment"`
	Use        string              `json:"use"`
	NotBefore  time.Time           `json:"not_before"`
	NotAfter   time.Time           `json:"not_after"`
	SPKI       []byte              `json:"spki"`
}

func (k ProcessKey) check(deployment record.DeploymentID) error {
	switch {
	case k.Format != ProcessKeyFormat:
		return fmt.Errorf("%w: unknown format of process key", ErrFormat)
	case k.Deployment != deployment:
		return fmt.Errorf("%w: process key", ErrDeployment)
	case k.Use != UseReceipts:
		return fmt.Errorf("%w: use", ErrValidity)
	case k.NotAfter.Sub(k.NotBefore) <= 0 || k.NotAfter.Sub(k.NotBefore) > ProcessLife:
		return fmt.Errorf("%w: longer than an hour", ErrValidity)
	}
	return nil
}

// covers returns ErrValidity unless at is within the validity of k.
func (k ProcessKey) covers(at time.Time) error {
	if at.Before(k.NotBefore) || at.After(k.NotAfter) {
		return fmt.Errorf("%w: time", ErrValidity)
	}
	return nil
}

// ReceiptSigner signs receipts with a key of its process, which the receipts root key certifies once an hour. It is safe for
// concurrent use.
type ReceiptSigner struct {
	keys       keys.Keys
	deployment record.DeploymentID
	random     io.Reader
	now        func() time.Time

	mu      sync.Mutex
	current *certified
}

// certified is a process key with its certificate.
type certified struct {
	ProcessKey
	private     *ecdsa.PrivateKey
	certificate *dsse.Envelope
}

// NewReceiptSigner makes a signer and its first key: one call to k.Sign. k needs keys.SignReceipts.
func NewReceiptSigner(ctx context.Context, k keys.Keys, deployment record.DeploymentID, random io.Reader, now func() time.Time) (*ReceiptSigner, error) {
	if k == nil || random == nil || now == nil {
		return nil, fmt.Errorf("make receipt signer: %w: missing part", ErrFormat)
	}
	if record.CheckID(record.PrefixDeployment, string(deployment)) != nil {
		return nil, fmt.Errorf("make receipt signer: %w: deployment", ErrFormat)
	}
	s := &ReceiptSigner{keys: k, deployment: deployment, random: random, now: now}
	_, err := s.key(ctx)
	return s, err
}

// Sign returns r as a signed file. Schema, Deployment and Signed of r are set here. It calls the root key only when the process key is
// about to end.
func (s *ReceiptSigner) Sign(ctx context.Context, r Receipt) ([]byte, error) {
	key, err := s.key(ctx)
	if err != nil {
		return nil, err
	}
	r.Schema, r.Deployment = ReceiptSchema, s.deployment
	if r.Signed = s.now().UTC().Round(0); r.Signed.Before(r.Time) {
		r.Signed = r.Time // received by a process whose clock is a little ahead
	}
	if err := key.covers(r.Signed); err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	return sealReceipt(ctx, key.signer(), key.certificate, r)
}

// key returns the key to sign with now. While the root key cannot be reached, the old key serves to its end.
func (s *ReceiptSigner) key(ctx context.Context) (*certified, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UTC()
	if s.current != nil && s.current.covers(now) == nil && now.Before(s.current.NotAfter.Add(-renewBefore)) {
		return s.current, nil
	}
	fresh, err := s.certify(ctx, now)
	if err == nil {
		s.current = fresh
		return fresh, nil
	}
	if s.current != nil && s.current.covers(now) == nil {
		return s.current, nil
	}
	return nil, err
}

// certify makes a key and has it certified from now on for an hour.
func (s *ReceiptSigner) certify(ctx context.Context, now time.Time) (*certified, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), s.random)
	if err != nil {
		return nil, fmt.Errorf("make process key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("make process key: %w", err)
	}
	from := now.Truncate(time.Second)
	key := ProcessKey{ProcessKeyFormat, s.deployment, UseReceipts, from, from.Add(ProcessLife), spki}
	payload, err := encode(key)
	if err != nil {
		return nil, err
	}
	root, err := RootSigner(ctx, s.keys, keys.SignReceipts)
	if err != nil {
		return nil, err
	}
	envelope, err := SignEnvelope(ctx, root, TypeProcessKey, payload)
	if err != nil {
		return nil, fmt.Errorf("certify process key: %w", err)
	}
	return &certified{key, private, envelope}, nil
}

func (c *certified) signer() DigestSigner {
	return DigestSigner{&c.private.PublicKey, func(_ context.Context, digest [32]byte) ([]byte, error) {
		return c.private.Sign(nil, digest[:], crypto.SHA256)
	}}
}
