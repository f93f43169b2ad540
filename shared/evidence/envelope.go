package evidence

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"kexin/shared/keys"
)

// Types of the payloads of DSSE envelopes. The type is signed, so that one kind of statement never passes for another.
const (
	TypeProcessKey = "application/vnd.kexin.process-key+json; version=1"
	TypeReceipt    = "application/vnd.kexin.consent-receipt+json; version=1"
)

// DigestSigner signs digests with one P-256 key.
type DigestSigner struct {
	// Public is the public half of the key.
	Public *ecdsa.PublicKey
	// Sign returns an ASN.1 DER signature of a SHA-256.
	Sign func(ctx context.Context, digest [32]byte) ([]byte, error)
}

// RootSigner returns the DigestSigner of a root key of k.
func RootSigner(ctx context.Context, k keys.Keys, signer keys.Signer) (DigestSigner, error) {
	public, err := k.Public(ctx, signer)
	if err != nil {
		return DigestSigner{}, fmt.Errorf("read public half of %s: %w", signer, err)
	}
	return DigestSigner{public, func(ctx context.Context, digest [32]byte) ([]byte, error) {
		return k.Sign(ctx, signer, digest)
	}}, nil
}

// dsseSigner makes a DigestSigner a dsse.Signer.
type dsseSigner struct{ DigestSigner }

func (s dsseSigner) Sign(ctx context.Context, data []byte) ([]byte, error) {
	return s.DigestSigner.Sign(ctx, sha256.Sum256(data))
}

func (s dsseSigner) KeyID() (string, error) { return KeyID(s.Public) }

// SignEnvelope returns a DSSE envelope of payload with one signature.
func SignEnvelope(ctx context.Context, s DigestSigner, payloadType string, payload []byte) (*dsse.Envelope, error) {
	signer, err := dsse.NewEnvelopeSigner(dsseSigner{s})
	if err != nil {
		return nil, fmt.Errorf("sign envelope: %w", err)
	}
	envelope, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("sign envelope: %w", err)
	}
	return envelope, nil
}

// OpenEnvelope returns the payload of envelope if it is of payloadType and bears exactly one signature, by one of accepted. It is
// stricter than DSSE asks for: one base64 alphabet, no second signature, and the key id must be that of the key, so that no byte can
// change unnoticed.
func OpenEnvelope(envelope *dsse.Envelope, payloadType string, accepted ...*ecdsa.PublicKey) ([]byte, error) {
	if envelope == nil || envelope.PayloadType != payloadType {
		return nil, fmt.Errorf("%w: payload type", ErrFormat)
	}
	if len(envelope.Signatures) != 1 {
		return nil, fmt.Errorf("%w: number of signatures", ErrFormat)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(envelope.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w: base64 of payload", ErrFormat)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(envelope.Signatures[0].Sig)
	if err != nil {
		return nil, fmt.Errorf("%w: base64 of signature", ErrFormat)
	}
	public, err := byID(envelope.Signatures[0].KeyID, accepted)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(dsse.PAE(payloadType, payload))
	if !ecdsa.VerifyASN1(public, digest[:], signature) {
		return nil, fmt.Errorf("%w: envelope", ErrSignature)
	}
	return payload, nil
}

func byID(id string, accepted []*ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	for _, public := range accepted {
		if have, err := KeyID(public); err == nil && have == id {
			return public, nil
		}
	}
	return nil, ErrUnknownKey
}
