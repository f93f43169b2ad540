package evidence

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"kexin/shared/audit/entry"
	"kexin/shared/keys"
	"kexin/shared/record"
)

// Checkpoint is what a signed note says of the log: how many entries it has and the root of their Merkle tree (RFC 6962 hashes).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   entry.Digest
}

// Origin returns the origin line, and the key name, of the checkpoints of a deployment.
func Origin(deployment record.DeploymentID) string { return "kexin/" + string(deployment) }

// Text returns the text of the note as c2sp.org/tlog-checkpoint has it.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// parseText returns the checkpoint whose Text is text.
func parseText(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, fmt.Errorf("%w: lines of checkpoint", ErrFormat)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, fmt.Errorf("%w: size of checkpoint", ErrFormat)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return Checkpoint{}, fmt.Errorf("%w: root of checkpoint", ErrFormat)
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: entry.Digest(root)}
	if c.Text() != text {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint is not in canonical form", ErrFormat)
	}
	return c, nil
}

// noteAlgorithm marks the keys of our notes. c2sp.org/signed-note keeps 0xff for algorithms without a number, to be followed by a name.
const noteAlgorithm = "\xffkexin/" + Algorithm

// noteKey is a P-256 key as package note wants verifiers and, with sign, signers. Its key hash is the first four bytes of
// SHA-256(name ‖ "\n" ‖ noteAlgorithm ‖ SubjectPublicKeyInfo).
type noteKey struct {
	name   string
	hash   uint32
	public *ecdsa.PublicKey
	sign   func(digest [32]byte) ([]byte, error)
}

func newNoteKey(name string, public *ecdsa.PublicKey) (*noteKey, error) {
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("name key of notes: %w", err)
	}
	sum := sha256.Sum256([]byte(name + "\n" + noteAlgorithm + string(spki)))
	return &noteKey{name: name, hash: binary.BigEndian.Uint32(sum[:]), public: public}, nil
}

// Name returns the name of the key: the origin.
func (k *noteKey) Name() string { return k.name }

// KeyHash returns the short id of the key.
func (k *noteKey) KeyHash() uint32 { return k.hash }

// Sign returns a signature of msg.
func (k *noteKey) Sign(msg []byte) ([]byte, error) { return k.sign(sha256.Sum256(msg)) }

// Verify reports whether sig is a signature of msg.
func (k *noteKey) Verify(msg, sig []byte) bool {
	digest := sha256.Sum256(msg)
	return ecdsa.VerifyASN1(k.public, digest[:], sig)
}

// SignCheckpoint returns c as a signed note (c2sp.org/signed-note) under the checkpoints key of k: one call to Sign.
func SignCheckpoint(ctx context.Context, k keys.Keys, c Checkpoint) ([]byte, error) {
	root, err := RootSigner(ctx, k, keys.SignCheckpoints)
	if err != nil {
		return nil, err
	}
	signer, err := newNoteKey(c.Origin, root.Public)
	if err != nil {
		return nil, err
	}
	signer.sign = func(digest [32]byte) ([]byte, error) { return root.Sign(ctx, digest) }
	signed, err := note.Sign(&note.Note{Text: c.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// VerifyCheckpoint returns the checkpoint that the note data signs under a checkpoints key of p.
func VerifyCheckpoint(p PublicKeys, data []byte) (Checkpoint, error) {
	if len(data) > MaxBytes {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint is too long", ErrFormat)
	}
	c, err := ReadCheckpoint(data)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != Origin(p.Deployment) {
		return Checkpoint{}, fmt.Errorf("%w: origin of checkpoint", ErrDeployment)
	}
	return c, verifyNote(p, c, data)
}

// verifyNote checks the signature of the note data, whose text is that of c, and that it has nothing else.
func verifyNote(p PublicKeys, c Checkpoint, data []byte) error {
	var verifiers []note.Verifier
	for _, public := range p.Find(keys.SignCheckpoints) {
		key, err := newNoteKey(c.Origin, public)
		if err != nil {
			return err
		}
		verifiers = append(verifiers, key)
	}
	opened, err := note.Open(data, note.VerifierList(verifiers...))
	if err != nil {
		return fmt.Errorf("%w: checkpoint: %v", ErrSignature, err)
	}
	if len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) != 0 {
		return fmt.Errorf("%w: checkpoint: not exactly one signature", ErrSignature)
	}
	if !bytes.Equal(canonicalNote(opened), data) {
		return fmt.Errorf("%w: checkpoint is not in canonical form", ErrFormat)
	}
	return nil
}

// canonicalNote writes a note of one signature with strict base64: package note reads base64 leniently.
func canonicalNote(n *note.Note) []byte {
	raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return nil
	}
	return []byte(n.Text + "\n— " + n.Sigs[0].Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n")
}

// ReadCheckpoint returns what the note data says without checking its signature, for those who only compute with it.
func ReadCheckpoint(data []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(data), "\n\n")
	if !ok {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint has no signature", ErrFormat)
	}
	return parseText(text + "\n")
}
