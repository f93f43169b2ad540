package seal

import (
	"context"
	"encoding/binary"
	"fmt"

	"kexin/shared/record"
)

// EnvelopePlace says what an envelope belongs to; all of it is associated data.
type EnvelopePlace struct {
	Submission record.SubmissionID
	Form       record.FormID
	Schema     record.PackVersion
}

func (p EnvelopePlace) ad(deployment record.DeploymentID, intake []byte) []byte {
	return Bind("kexin/envelope/1/1", string(deployment), string(p.Submission), string(p.Form), string(p.Schema), string(intake))
}

// padTo is the multiple to which envelopes are padded, so that their size tells little about what was filled in.
const padTo = 256

// SealEnvelope seals plaintext to the inbox branch under the process's intake key.
//
//	envelope = version 1 | algorithm 1 | intake id 16 | nonce 12 | AES-256-GCM(length 4 | plaintext | zeros) | tag 16
func (w *Writer) SealEnvelope(ctx context.Context, place EnvelopePlace, plaintext []byte) ([]byte, error) {
	in, err := w.current(ctx, BranchInbox)
	if err != nil {
		return nil, err
	}
	padded := make([]byte, (4+len(plaintext)+padTo-1)/padTo*padTo)
	defer clear(padded)
	binary.BigEndian.PutUint32(padded, uint32(len(plaintext)))
	copy(padded[4:], plaintext)
	envelope := append([]byte{formatVersion, algAES256GCM}, in.id[:]...)
	return appendSealed(envelope, w.random, in.aead, padded, place.ad(w.deployment, in.id[:]))
}

// OpenEnvelope returns the plaintext of an envelope, or ErrOpen.
func (r *Ring) OpenEnvelope(ctx context.Context, place EnvelopePlace, envelope []byte) ([]byte, error) {
	if len(envelope) < 18 || envelope[0] != formatVersion || envelope[1] != algAES256GCM {
		return nil, ErrFormat
	}
	id := [16]byte(envelope[2:18])
	aead, err := r.intake(ctx, id, true)
	if err != nil {
		return nil, fmt.Errorf("open envelope: %w", err)
	}
	padded, err := openSealed(nil, aead, envelope[18:], place.ad(r.deployment, id[:]))
	if err != nil {
		return nil, err
	}
	if len(padded) < 4 || uint64(binary.BigEndian.Uint32(padded)) > uint64(len(padded)-4) {
		return nil, ErrFormat
	}
	return padded[4 : 4+binary.BigEndian.Uint32(padded)], nil
}
