// Package keys is the contract between Kexin and what holds its root keys: AWS KMS (kmskeys) or a key file (filekeys). Root keys never
// leave their holder; callers hand in small secrets to be wrapped and digests to be signed. Package keystest is the contract as tests.
package keys

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"slices"

	"kexin/shared/retry"
)

// Purpose says what a wrapped secret is for. It is part of the encryption context {deployment, purpose}, so that a role can be allowed
// to wrap for one purpose and to unwrap for none.
type Purpose string

// The purposes of wrapping.
const (
	// ForInbox wraps the private half of the inbox branch: only accept-submissions unwraps it.
	ForInbox Purpose = "inbox"
	// ForBranch wraps the private halves of branches L1 and L2.
	ForBranch Purpose = "branch"
	// ForRecord wraps item keys of L3, one call for each opening, under a root key of its own.
	ForRecord Purpose = "record"
	// ForArchive wraps the keys of export archives.
	ForArchive Purpose = "archive"
	// ForIndex wraps the key of the blind indexes.
	ForIndex Purpose = "index"
)

// Purposes returns every purpose of wrapping in a fixed order.
func Purposes() []Purpose {
	return []Purpose{ForInbox, ForBranch, ForRecord, ForArchive, ForIndex}
}

// Signer names a signing root key (ECDSA P-256), one per purpose of design §6.
type Signer string

// The signing keys.
const (
	SignManifest    Signer = "manifest"
	SignArchives    Signer = "archives"
	SignCheckpoints Signer = "checkpoints"
	SignReceipts    Signer = "receipts"
)

// Signers returns every signing key in a fixed order.
func Signers() []Signer {
	return []Signer{SignManifest, SignArchives, SignCheckpoints, SignReceipts}
}

// MaxSecret is the longest secret that Wrap takes, in bytes (the limit of KMS Encrypt).
const MaxSecret = 4096

// Keys holds root keys. All methods are safe for concurrent use and honour ctx.
type Keys interface {
	// Wrap encrypts secret (1 … MaxSecret bytes) for purpose. The result differs each time, carries what Unwrap needs to find its root
	// key, and outlives rotations of it.
	Wrap(ctx context.Context, purpose Purpose, secret []byte) ([]byte, error)
	// Unwrap returns the secret of wrapped. ErrRefused: wrapped was altered, or wrapped for another purpose, deployment or root key.
	Unwrap(ctx context.Context, purpose Purpose, wrapped []byte) ([]byte, error)
	// Sign returns an ASN.1 DER ECDSA signature of digest, which is a SHA-256.
	Sign(ctx context.Context, signer Signer, digest [32]byte) ([]byte, error)
	// Public returns the public half of signer.
	Public(ctx context.Context, signer Signer) (*ecdsa.PublicKey, error)
}

// Sentinels of the contract.
var (
	// ErrRefused: the ciphertext was altered or does not belong to this purpose, deployment or key. Retrying does not help.
	ErrRefused = errors.New("wrapped secret refused")
	// ErrDisabled: the root key is disabled or pending deletion.
	ErrDisabled = errors.New("root key disabled")
	// ErrNotGranted: the caller may not use this key for this purpose.
	ErrNotGranted = errors.New("key use not granted to this function")
	// ErrThrottled: too many calls; the backend has retried within its budget.
	ErrThrottled = retry.Later("key service throttled", 5) // the circuit before KMS stays open for up to half a minute
	// ErrUnavailable: the key service could not be reached; the backend has retried within its budget.
	ErrUnavailable = retry.Later("key service unavailable", 2)
	// ErrSecretSize: the secret is empty or longer than MaxSecret.
	ErrSecretSize = errors.New("secret of impossible size")
)

// Grant lists the uses of keys that a function has. The zero Grant allows nothing.
type Grant struct {
	Wrap, Unwrap []Purpose
	Sign         []Signer
}

// Restrict returns k limited to grant: other wraps, unwraps and signatures fail with ErrNotGranted. Public halves are public.
func Restrict(k Keys, grant Grant) Keys { return &restricted{k, grant} }

type restricted struct {
	keys  Keys
	grant Grant
}

func (r *restricted) Wrap(ctx context.Context, purpose Purpose, secret []byte) ([]byte, error) {
	if !slices.Contains(r.grant.Wrap, purpose) {
		return nil, ErrNotGranted
	}
	return r.keys.Wrap(ctx, purpose, secret)
}

func (r *restricted) Unwrap(ctx context.Context, purpose Purpose, wrapped []byte) ([]byte, error) {
	if !slices.Contains(r.grant.Unwrap, purpose) {
		return nil, ErrNotGranted
	}
	return r.keys.Unwrap(ctx, purpose, wrapped)
}

func (r *restricted) Sign(ctx context.Context, signer Signer, digest [32]byte) ([]byte, error) {
	if !slices.Contains(r.grant.Sign, signer) {
		return nil, ErrNotGranted
	}
	return r.keys.Sign(ctx, signer, digest)
}

func (r *restricted) Public(ctx context.Context, signer Signer) (*ecdsa.PublicKey, error) {
	return r.keys.Public(ctx, signer)
}
