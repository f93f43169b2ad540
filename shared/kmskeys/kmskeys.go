// Package kmskeys holds Kexin's root keys in AWS KMS: the AWS implementation of keys.Keys. Every call is one KMS call, except that public
// halves are fetched once and kept, because an asymmetric key of KMS never changes.
//
// The encryption context of every wrapped secret is {"kexin:deployment": …, "kexin:purpose": …}; KMS authenticates it, and key policies
// can demand it, so a role can be allowed to wrap for one purpose and to unwrap for none. Decrypt always names the key, so a ciphertext
// made elsewhere under a foreign key is refused. Secrets of purpose record use a key of their own.
package kmskeys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/retry"
)

// Members of the encryption context.
const (
	ContextDeployment = "kexin:deployment"
	ContextPurpose    = "kexin:purpose"
)

// A wrapped secret is two bytes and a ciphertext blob of KMS:
//
//	byte 0      format version, 1
//	byte 1      algorithm, 2 = SYMMETRIC_DEFAULT of KMS (1 is AES-256-GCM of a key file)
//	the rest    CiphertextBlob, which names the root key and its version for KMS
const (
	wrapVersion   = 1
	wrapAlgorithm = 2
	wrapHeader    = 2
	maxBlob       = 6144 // longest CiphertextBlob that Decrypt takes
)

// API is the part of *kms.Client that this package calls.
type API interface {
	Encrypt(context.Context, *kms.EncryptInput, ...func(*kms.Options)) (*kms.EncryptOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
}

var _ API = (*kms.Client)(nil)

// ErrConfig: the configuration given to New is incomplete or contradicts itself.
var ErrConfig = errors.New("unusable kms configuration")

// Config names the keys that a function may use; a key that is left out makes its calls fail with keys.ErrNotGranted. Keys are given by
// ARN or id, never by alias: who can move an alias could choose the key.
type Config struct {
	// Deployment is the installation that every wrapped secret is bound to.
	Deployment record.DeploymentID
	// DataKey wraps for every purpose but keys.ForRecord, RestrictedKey for that one. Both are symmetric.
	DataKey, RestrictedKey string
	// Signers are ECC_NIST_P256 keys for SIGN_VERIFY.
	Signers map[keys.Signer]string

	// Attempts is the number of times that a call is sent when it is throttled or unanswered. 0 means DefaultAttempts.
	Attempts int
	// Budget is the time for one call with all its attempts and waits, within what the context leaves. 0 means DefaultBudget.
	Budget time.Duration
	// Retries is what the process may spend on attempts after the first. nil means as many as Attempts and Budget allow.
	Retries *retry.Budget
	// Now is the clock of the circuit. nil means time.Now.
	Now func() time.Time
	// Random spreads the waits between attempts; it must be safe for concurrent use. nil means crypto/rand.
	Random io.Reader
}

// Defaults of Config.
const (
	DefaultAttempts = 4
	DefaultBudget   = 5 * time.Second
)

func (c Config) check() error {
	switch {
	case record.CheckID(record.PrefixDeployment, string(c.Deployment)) != nil:
		return fmt.Errorf("%w: deployment: %w", ErrConfig, record.ErrID)
	case c.DataKey != "" && c.DataKey == c.RestrictedKey:
		return fmt.Errorf("%w: restricted records need a key of their own", ErrConfig)
	case c.Attempts < 0 || c.Budget < 0:
		return fmt.Errorf("%w: negative attempts or budget", ErrConfig)
	}
	for signer, key := range c.Signers {
		if key == "" || !slices.Contains(keys.Signers(), signer) {
			return fmt.Errorf("%w: signer %q", ErrConfig, signer)
		}
	}
	return nil
}

// Keys implements keys.Keys over KMS.
type Keys struct {
	client API
	config Config

	circuit *retry.Circuit

	mu      sync.Mutex
	publics map[keys.Signer]*ecdsa.PublicKey
}

// The circuit: after throttleLimit throttled requests in a row nothing is sent for firstOpen, then for twice as long with each probe that
// is throttled too. The quota of KMS is one for all keys of the account, so the circuit is one as well.
const (
	throttleLimit = 5
	firstOpen     = time.Second
	mostOpen      = 30 * time.Second
)

var _ keys.Keys = (*Keys)(nil)

// New returns the root keys that c names, reached through client. It calls nothing. Errors: ErrConfig.
func New(client API, c Config) (*Keys, error) {
	if client == nil {
		return nil, fmt.Errorf("%w: no client", ErrConfig)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Attempts == 0 {
		c.Attempts = DefaultAttempts
	}
	if c.Budget == 0 {
		c.Budget = DefaultBudget
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Signers = maps.Clone(c.Signers)
	return &Keys{client: client, config: c, circuit: retry.NewCircuit(c.Now, throttleLimit, firstOpen, mostOpen),
		publics: map[keys.Signer]*ecdsa.PublicKey{}}, nil
}

// Wrap encrypts secret for purpose, with one call of KMS Encrypt. Errors: those of keys.
func (k *Keys) Wrap(ctx context.Context, purpose keys.Purpose, secret []byte) ([]byte, error) {
	if len(secret) == 0 || len(secret) > keys.MaxSecret {
		return nil, fmt.Errorf("wrap: %w", keys.ErrSecretSize)
	}
	key, err := k.rootKey(purpose)
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	blob, err := call(ctx, k, "wrap", func(ctx context.Context, once func(*kms.Options)) ([]byte, error) {
		out, err := k.client.Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: secret,
			EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault, EncryptionContext: k.bound(purpose)}, once)
		if err != nil {
			return nil, err
		}
		return filled(out.CiphertextBlob)
	})
	if err != nil {
		return nil, err
	}
	return append([]byte{wrapVersion, wrapAlgorithm}, blob...), nil
}

// Unwrap opens what Wrap made, with one call of KMS Decrypt. What Wrap cannot have made is refused without a call. Errors: those of keys.
func (k *Keys) Unwrap(ctx context.Context, purpose keys.Purpose, wrapped []byte) ([]byte, error) {
	key, err := k.rootKey(purpose)
	if err != nil {
		return nil, fmt.Errorf("unwrap: %w", err)
	}
	blob, err := parseWrapped(wrapped)
	if err != nil {
		return nil, fmt.Errorf("unwrap: %w", err)
	}
	return call(ctx, k, "unwrap", func(ctx context.Context, once func(*kms.Options)) ([]byte, error) {
		out, err := k.client.Decrypt(ctx, &kms.DecryptInput{KeyId: &key, CiphertextBlob: blob,
			EncryptionAlgorithm: types.EncryptionAlgorithmSpecSymmetricDefault, EncryptionContext: k.bound(purpose)}, once)
		if err != nil {
			return nil, err
		}
		return filled(out.Plaintext)
	})
}

// Sign signs digest, with one call of KMS Sign. Errors: those of keys.
func (k *Keys) Sign(ctx context.Context, signer keys.Signer, digest [32]byte) ([]byte, error) {
	key, ok := k.config.Signers[signer]
	if !ok {
		return nil, fmt.Errorf("sign: %w", keys.ErrNotGranted)
	}
	return call(ctx, k, "sign", func(ctx context.Context, once func(*kms.Options)) ([]byte, error) {
		out, err := k.client.Sign(ctx, &kms.SignInput{KeyId: &key, Message: digest[:], MessageType: types.MessageTypeDigest,
			SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}, once)
		if err != nil {
			return nil, err
		}
		return filled(out.Signature)
	})
}

// Public returns a copy of the public half of signer: one call of KMS GetPublicKey, none when it was fetched before. Errors: those of keys.
func (k *Keys) Public(ctx context.Context, signer keys.Signer) (*ecdsa.PublicKey, error) {
	key, ok := k.config.Signers[signer]
	if !ok {
		return nil, fmt.Errorf("public key: %w", keys.ErrNotGranted)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	if public := k.kept(signer); public != nil {
		return public, nil
	}
	der, err := call(ctx, k, "public key", func(ctx context.Context, once func(*kms.Options)) ([]byte, error) {
		out, err := k.client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &key}, once)
		if err != nil {
			return nil, err
		}
		return filled(out.PublicKey)
	})
	if err != nil {
		return nil, err
	}
	public, err := parsePublic(der)
	if err != nil {
		return nil, fmt.Errorf("public key of %s: %w", signer, err)
	}
	k.mu.Lock()
	k.publics[signer] = public
	k.mu.Unlock()
	return k.kept(signer), nil
}

func (k *Keys) kept(signer keys.Signer) *ecdsa.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	public, ok := k.publics[signer]
	if !ok {
		return nil
	}
	twin := *public
	return &twin
}

func parsePublic(der []byte) (*ecdsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: not a public key", ErrConfig)
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: not on P-256", ErrConfig)
	}
	return public, nil
}

func (k *Keys) rootKey(purpose keys.Purpose) (string, error) {
	key := k.config.DataKey
	if purpose == keys.ForRecord {
		key = k.config.RestrictedKey
	}
	if key == "" || !slices.Contains(keys.Purposes(), purpose) {
		return "", keys.ErrNotGranted
	}
	return key, nil
}

func (k *Keys) bound(purpose keys.Purpose) map[string]string {
	return map[string]string{ContextDeployment: string(k.config.Deployment), ContextPurpose: string(purpose)}
}

// parseWrapped returns the ciphertext blob, or keys.ErrRefused for what Wrap cannot have made.
func parseWrapped(wrapped []byte) ([]byte, error) {
	if len(wrapped) <= wrapHeader || len(wrapped) > wrapHeader+maxBlob || wrapped[0] != wrapVersion || wrapped[1] != wrapAlgorithm {
		return nil, keys.ErrRefused
	}
	return wrapped[wrapHeader:], nil
}

var errEmptyAnswer = errors.New("empty answer")

// filled refuses an answer of status 200 that lacks the field that was asked for.
func filled(field []byte) ([]byte, error) {
	if len(field) == 0 {
		return nil, errEmptyAnswer
	}
	return field, nil
}

// onlyOnce takes the SDK's own attempts away, so that there is one budget and not two.
func onlyOnce(o *kms.Options) {
	o.Retryer = aws.NopRetryer{}
}
