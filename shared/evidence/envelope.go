package evidence

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

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

// Envelope is a DSSE envelope (https://github.com/secure-systems-lab/dsse). The tests hold it to that project's library, which is not
// linked: it brings the algorithms of SSH into every binary.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []Signature `json:"signatures"`
}

// Signature is one signature of an envelope.
type Signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// preAuthentication returns what DSSE signs: type and payload with their lengths.
func preAuthentication(payloadType string, payload []byte) []byte {
	b := fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload))
	return append(b, payload...)
}

// SignEnvelope returns a DSSE envelope of payload with one signature.
func SignEnvelope(ctx context.Context, s DigestSigner, payloadType string, payload []byte) (*Envelope, error) {
	id, err := KeyID(s.Public)
	if err != nil {
		return nil, fmt.Errorf("sign envelope: %w", err)
	}
	signature, err := s.Sign(ctx, sha256.Sum256(preAuthentication(payloadType, payload)))
	if err != nil {
		return nil, fmt.Errorf("sign envelope: %w", err)
	}
	return &Envelope{PayloadType: payloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []Signature{{KeyID: id, Sig: base64.StdEncoding.EncodeToString(signature)}}}, nil
}

// OpenEnvelope returns the payload of envelope if it is of payloadType and bears exactly one signature, by one of accepted. It is
// stricter than DSSE asks for: one base64 alphabet, no second signature, and the key id must be that of the key, so that no byte can
// change unnoticed.
func OpenEnvelope(envelope *Envelope, payloadType string, accepted ...*ecdsa.PublicKey) ([]byte, error) {
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
	digest := sha256.Sum256(preAuthentication(payloadType, payload))
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
