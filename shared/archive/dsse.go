package archive

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// PayloadType is the DSSE payload type of a signed manifest.
const PayloadType = "application/vnd.kexin.manifest+json"

// envelope is a DSSE envelope (https://github.com/secure-systems-lab/dsse). Ours have exactly one signature, no blanks and a signature
// with the smaller of its two possible values of s, so that nobody can write the same statement in other bytes.
type envelope struct {
	Payload     string      `json:"payload"`
	PayloadType string      `json:"payloadType"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// KeyID returns the id under which signatures name a public key: the SHA-256 of its SubjectPublicKeyInfo, in hexadecimal. It fails for
// keys that are not on P-256.
func KeyID(public *ecdsa.PublicKey) (string, error) {
	if public == nil || public.Curve != elliptic.P256() {
		return "", errors.New("name signing key: not an ECDSA P-256 key")
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("name signing key: %w", err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:]), nil
}

// preAuthentication returns the bytes that DSSE signs: the type and the payload with their lengths.
func preAuthentication(payload []byte) []byte {
	b := fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(PayloadType), PayloadType, len(payload))
	return append(b, payload...)
}

// encodeEnvelope returns the envelope's bytes. der is the signature of SHA-256(preAuthentication(payload)).
func encodeEnvelope(payload []byte, keyID string, der []byte) ([]byte, error) {
	low, err := lowS(der)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{
		Payload:     base64.StdEncoding.EncodeToString(payload),
		PayloadType: PayloadType,
		Signatures:  []signature{{KeyID: keyID, Sig: base64.StdEncoding.EncodeToString(low)}},
	})
}

// lowS returns the signature with s replaced by its negative where that is smaller; both are valid.
func lowS(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) > 0 {
		return nil, errors.New("signature is not ASN.1 DER")
	}
	order := elliptic.P256().Params().N
	if new(big.Int).Lsh(sig.S, 1).Cmp(order) > 0 {
		sig.S = new(big.Int).Sub(order, sig.S)
	}
	return asn1.Marshal(sig)
}

// openEnvelope returns the payload of an envelope that one of the public keys has signed.
func openEnvelope(b []byte, public []*ecdsa.PublicKey) ([]byte, error) {
	var e envelope
	if err := json.Unmarshal(b, &e); err != nil || len(e.Signatures) != 1 || e.PayloadType != PayloadType {
		return nil, alteration(SignatureName, "is not a signature of a manifest", ErrAltered)
	}
	payload, err1 := base64.StdEncoding.DecodeString(e.Payload)
	der, err2 := base64.StdEncoding.DecodeString(e.Signatures[0].Sig)
	if err1 != nil || err2 != nil {
		return nil, alteration(SignatureName, "is not base64", ErrAltered)
	}
	again, err := encodeEnvelope(payload, e.Signatures[0].KeyID, der)
	if err != nil || !bytes.Equal(again, b) {
		return nil, alteration(SignatureName, "is not in the form in which it was signed", ErrAltered)
	}
	return payload, checkSignature(payload, e.Signatures[0].KeyID, der, public)
}

func checkSignature(payload []byte, keyID string, der []byte, public []*ecdsa.PublicKey) error {
	digest := sha256.Sum256(preAuthentication(payload))
	for _, key := range public {
		id, err := KeyID(key)
		if err != nil || id != keyID {
			continue
		}
		if !ecdsa.VerifyASN1(key, digest[:], der) {
			return alteration(SignatureName, "signature does not match the manifest", ErrAltered)
		}
		return nil
	}
	return alteration(SignatureName, fmt.Sprintf("signed by key %.16q, which is none of the given keys", keyID), ErrKey)
}
