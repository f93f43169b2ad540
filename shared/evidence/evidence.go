// Package evidence is what leaves Kexin as proof and how a stranger checks it without Kexin: the file of public keys, signed checkpoints
// of the audit log, inclusion proofs, certificates of destruction, and consent receipts. Verifying needs only bytes: no store, no
// network, no account.
//
// Every format has one encoding. A verifier decodes strictly, encodes again and demands the same bytes, so that a file either is the one
// that was issued or fails, and the error says which part is wrong. docs/formats-evidence.md draws the formats.
package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// What can be wrong with a piece of evidence. Errors wrap one of these and name the part.
var (
	// ErrFormat: the bytes are not the one encoding of what they claim to be.
	ErrFormat = errors.New("malformed evidence")
	// ErrSignature: a signature does not verify under the key it should.
	ErrSignature = errors.New("signature does not verify")
	// ErrUnknownKey: the key that signed is not in the file of public keys.
	ErrUnknownKey = errors.New("signing key is not in the file of public keys")
	// ErrDeployment: the evidence belongs to another deployment than the public keys.
	ErrDeployment = errors.New("evidence of another deployment")
	// ErrProof: the entry is not at that place of the log that the checkpoint signs.
	ErrProof = errors.New("inclusion proof does not lead to the signed root")
	// ErrMismatch: parts of the evidence contradict each other.
	ErrMismatch = errors.New("evidence contradicts itself")
	// ErrValidity: a process key was used outside the time or the use that it was certified for.
	ErrValidity = errors.New("process key used outside its validity")
)

// MaxBytes is the longest piece of evidence that is parsed.
const MaxBytes = 1 << 20

// encode returns the one encoding of v: JSON without white space, members in the order of the struct, no HTML escapes.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// decode fills v from data and returns ErrFormat, naming what, unless data is the one encoding of v.
func decode(what string, data []byte, v any) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("%w: %s is too long", ErrFormat, what)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("%w: %s is not its JSON", ErrFormat, what)
	}
	again, err := encode(v)
	if err != nil || !bytes.Equal(again, data) {
		return fmt.Errorf("%w: %s is not in canonical form", ErrFormat, what)
	}
	return nil
}
