package seal

import (
	"context"
	"crypto/cipher"
	"crypto/hpke"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"kexin/shared/record"
)

// Bounds of an intake key: 2²⁰ uses keep the chance that two random nonces meet below 2⁻⁵⁶; an hour limits what a stolen process had.
const (
	IntakeLife = time.Hour
	IntakeUses = 1 << 20
)

// IntakeRow is an intake key as it is stored: sealed to a branch, with everything that its HPKE info binds.
type IntakeRow struct {
	Format  int             `json:"format"`
	ID      record.IntakeID `json:"id"`
	Branch  Branch          `json:"branch"`
	Epoch   uint32          `json:"epoch"`
	Writer  string          `json:"writer"` // function that made it
	Expires int64           `json:"expires"`
	Sealed  []byte          `json:"sealed"`
}

func (r IntakeRow) info(deployment record.DeploymentID) []byte {
	return Bind("kexin/intake/1", suiteName, string(deployment), string(r.Branch), fmt.Sprint(r.Epoch), string(r.ID), r.Writer, fmt.Sprint(r.Expires))
}

// Encode returns the row's stored bytes.
func (r IntakeRow) Encode() ([]byte, error) { return json.Marshal(r) }

// DecodeIntakeRow returns the row of stored bytes, or ErrFormat.
func DecodeIntakeRow(body []byte) (IntakeRow, error) {
	var row IntakeRow
	if err := json.Unmarshal(body, &row); err != nil || row.Format != formatVersion {
		return IntakeRow{}, ErrFormat
	}
	return row, nil
}

// Publics gives the public half that new intake keys of a branch are sealed to: the verified manifest.
type Publics func(ctx context.Context, branch Branch) (BranchPublic, error)

// PutIntake stores a new intake row durably, under the condition that none has its id.
type PutIntake func(ctx context.Context, row IntakeRow) error

// Writer wraps keys under intake keys of its own process. It makes a new intake key, and stores it before its first use, when there is
// none, the old one is an hour old, or has been used 2²⁰ times. It is safe for concurrent use.
type Writer struct {
	deployment record.DeploymentID
	name       string
	publics    Publics
	put        PutIntake
	now        func() time.Time
	random     io.Reader

	mu      sync.Mutex
	intakes map[Branch]*intake
	opened  map[[16]byte]*intake // own keys, so that the process can open what it sealed itself this hour
}

type intake struct {
	branch  Branch
	id      [16]byte
	aead    cipher.AEAD
	expires time.Time
	uses    int
}

// NewWriter returns a Writer named after its function.
func NewWriter(deployment record.DeploymentID, name string, publics Publics, put PutIntake, now func() time.Time, random io.Reader) *Writer {
	return &Writer{deployment: deployment, name: name, publics: publics, put: put, now: now, random: random,
		intakes: map[Branch]*intake{}, opened: map[[16]byte]*intake{}}
}

// current returns an intake key of branch that may be used once more.
func (w *Writer) current(ctx context.Context, branch Branch) (*intake, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	in := w.intakes[branch]
	if in == nil || in.uses >= IntakeUses || !w.now().Before(in.expires) {
		fresh, err := w.make(ctx, branch)
		if err != nil {
			return nil, err
		}
		w.replaceLocked(branch, in, fresh)
		in = fresh
	}
	in.uses++
	return in, nil
}

func (w *Writer) replaceLocked(branch Branch, old, fresh *intake) {
	if old != nil {
		delete(w.opened, old.id)
	}
	w.intakes[branch], w.opened[fresh.id] = fresh, fresh
}

func (w *Writer) make(ctx context.Context, branch Branch) (*intake, error) {
	public, err := w.publics(ctx, branch)
	if err != nil {
		return nil, err
	}
	key, err := NewKey(w.random)
	if err != nil {
		return nil, err
	}
	defer clear(key[:])
	id, row, err := w.row(public, &key)
	if err != nil {
		return nil, err
	}
	if err := w.put(ctx, row); err != nil {
		return nil, fmt.Errorf("store intake key: %w", err)
	}
	aead, err := newAEAD(&key)
	if err != nil {
		return nil, err
	}
	return &intake{branch: branch, id: id, aead: aead, expires: time.Unix(row.Expires, 0)}, nil
}

// row seals key to public as a new intake row.
func (w *Writer) row(public BranchPublic, key *Key) (id [16]byte, row IntakeRow, err error) {
	if _, err = io.ReadFull(w.random, id[:]); err != nil {
		return id, row, fmt.Errorf("draw intake id: %w", err)
	}
	row = IntakeRow{Format: formatVersion, ID: record.IntakeID(record.IDFromBytes(record.PrefixIntake, id)),
		Branch: public.Branch, Epoch: public.Epoch, Writer: w.name, Expires: w.now().Add(IntakeLife).Unix()}
	kem, kdf, aead := suite()
	recipient, err := kem.NewPublicKey(public.Public)
	if err != nil {
		return id, row, fmt.Errorf("%w: public half of %s", ErrManifest, public.Branch)
	}
	row.Sealed, err = hpke.Seal(recipient, kdf, aead, row.info(w.deployment), key[:])
	if err != nil {
		return id, row, fmt.Errorf("seal intake key: %w", err)
	}
	return id, row, nil
}

// openIntake opens a stored intake row with the private half of its branch.
func openIntake(deployment record.DeploymentID, private hpke.PrivateKey, row IntakeRow) (Key, error) {
	_, kdf, aead := suite()
	plain, err := hpke.Open(private, kdf, aead, row.info(deployment), row.Sealed)
	if err != nil || len(plain) != KeySize {
		return Key{}, ErrOpen
	}
	key := Key(plain)
	clear(plain)
	return key, nil
}

// For returns the wrapper of item keys for branch.
func (w *Writer) For(branch Branch) KeyWrapper { return branchWrapper{w, branch} }

type branchWrapper struct {
	writer *Writer
	branch Branch
}

func (b branchWrapper) WrapItemKey(ctx context.Context, dst []byte, key *Key, nonce, ad []byte) ([]byte, error) {
	in, err := b.writer.current(ctx, b.branch)
	if err != nil {
		return nil, err
	}
	return appendIntakeWrap(dst, in.id, in.aead, key, nonce, ad), nil
}

// own returns the process's own intake key with id, nil when it never had it, has replaced it, or its hour is over.
func (w *Writer) own(id [16]byte) *intake {
	w.mu.Lock()
	defer w.mu.Unlock()
	in := w.opened[id]
	if in == nil || !w.now().Before(in.expires) {
		delete(w.opened, id)
		return nil
	}
	return in
}
