package seal

import (
	"context"
	"crypto/cipher"
	"crypto/hpke"
	"fmt"
	"sync"
	"time"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// BranchLife is how long an opened branch, and with it the intake keys opened through it, stay in memory: five minutes, so that a
// disabled root key stops reading within that time.
const BranchLife = 5 * time.Minute

// maxCachedIntakes bounds the cache of opened intake keys.
const maxCachedIntakes = 4096

// Source finds stored rows of keys.
type Source interface {
	// IntakeRow returns the stored intake key with id.
	IntakeRow(ctx context.Context, id record.IntakeID) (IntakeRow, error)
	// BranchSecret returns the wrapped private half of an epoch of branch.
	BranchSecret(ctx context.Context, branch Branch, epoch uint32) ([]byte, error)
}

// Ring opens intake keys through branches that the root keys open, and caches both for BranchLife. It is safe for concurrent use; the
// root keys are called once per branch, epoch and BranchLife.
type Ring struct {
	deployment record.DeploymentID
	keys       keys.Keys
	source     Source
	own        *Writer // may be nil
	now        func() time.Time

	mu       sync.Mutex
	branches map[branchEpoch]*openedBranch
	intakes  map[[16]byte]openedIntake
}

type branchEpoch struct {
	branch Branch
	epoch  uint32
}

type openedBranch struct {
	once    sync.Mutex
	private hpke.PrivateKey
	until   time.Time
}

type openedIntake struct {
	aead   cipher.AEAD
	branch Branch
	until  time.Time
}

// NewRing returns a Ring; own, when not nil, spares opening what the process sealed itself.
func NewRing(deployment record.DeploymentID, k keys.Keys, source Source, own *Writer, now func() time.Time) *Ring {
	return &Ring{deployment: deployment, keys: k, source: source, own: own, now: now,
		branches: map[branchEpoch]*openedBranch{}, intakes: map[[16]byte]openedIntake{}}
}

// intake returns the opened intake key with id. Keys of the inbox open envelopes and nothing else, keys of the levels open items and no
// envelope: ErrOpen for a key of the wrong side, before the root keys are asked.
func (r *Ring) intake(ctx context.Context, id [16]byte, inbox bool) (cipher.AEAD, error) {
	if r.own != nil {
		if in := r.own.own(id); in != nil {
			return in.aead, sided(in.branch, inbox)
		}
	}
	r.mu.Lock()
	cached, ok := r.intakes[id]
	r.mu.Unlock()
	if ok && r.now().Before(cached.until) {
		return cached.aead, sided(cached.branch, inbox)
	}
	return r.open(ctx, id, inbox)
}

func sided(branch Branch, inbox bool) error {
	if (branch == BranchInbox) != inbox {
		return ErrOpen
	}
	return nil
}

func (r *Ring) open(ctx context.Context, id [16]byte, inbox bool) (cipher.AEAD, error) {
	want := record.IntakeID(record.IDFromBytes(record.PrefixIntake, id))
	row, err := r.source.IntakeRow(ctx, want)
	if err != nil {
		return nil, fmt.Errorf("read intake key: %w", err)
	}
	if row.ID != want {
		return nil, ErrOpen
	}
	if err := sided(row.Branch, inbox); err != nil {
		return nil, err
	}
	private, until, err := r.branch(ctx, branchEpoch{row.Branch, row.Epoch})
	if err != nil {
		return nil, err
	}
	key, err := openIntake(r.deployment, private, row)
	if err != nil {
		return nil, err
	}
	defer clear(key[:])
	aead, err := newAEAD(&key)
	if err != nil {
		return nil, err
	}
	r.remember(id, openedIntake{aead, row.Branch, until})
	return aead, nil
}

func (r *Ring) remember(id [16]byte, in openedIntake) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.intakes) >= maxCachedIntakes {
		clear(r.intakes)
	}
	r.intakes[id] = in
}

// branch returns the private half of a branch epoch and until when it may be used. Concurrent callers share one call to the root keys.
func (r *Ring) branch(ctx context.Context, which branchEpoch) (hpke.PrivateKey, time.Time, error) {
	r.mu.Lock()
	b := r.branches[which]
	if b == nil {
		b = &openedBranch{}
		r.branches[which] = b
	}
	r.mu.Unlock()
	b.once.Lock()
	defer b.once.Unlock()
	if b.private != nil && r.now().Before(b.until) {
		return b.private, b.until, nil
	}
	wrapped, err := r.source.BranchSecret(ctx, which.branch, which.epoch)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read branch key: %w", err)
	}
	private, err := openBranch(ctx, r.keys, which.branch, wrapped)
	if err != nil {
		return nil, time.Time{}, err
	}
	b.private, b.until = private, r.now().Add(BranchLife)
	return b.private, b.until, nil
}

// UnwrapItemKey opens an item key that an intake key wrapped.
func (r *Ring) UnwrapItemKey(ctx context.Context, wrapped, ad []byte) (Key, error) {
	id, sealed, err := splitIntakeWrap(wrapped)
	if err != nil {
		return Key{}, err
	}
	aead, err := r.intake(ctx, id, false)
	if err != nil {
		return Key{}, err
	}
	return openIntakeWrap(aead, id, sealed, ad)
}

// Root wraps and unwraps item keys of L3 by a call to the root keys for each.
type Root struct{ Keys keys.Keys }

// WrapItemKey wraps key by one call to the root keys.
func (r Root) WrapItemKey(ctx context.Context, dst []byte, key *Key, _, _ []byte) ([]byte, error) {
	wrapped, err := r.Keys.Wrap(ctx, keys.ForRecord, key[:])
	if err != nil {
		return nil, err
	}
	return append(append(dst, innerRoot), wrapped...), nil
}

// UnwrapItemKey opens a key by one call to the root keys. Its place is bound by the shred layer around it.
func (r Root) UnwrapItemKey(ctx context.Context, wrapped, _ []byte) (Key, error) {
	if len(wrapped) < 2 || wrapped[0] != innerRoot {
		return Key{}, ErrFormat
	}
	plain, err := r.Keys.Unwrap(ctx, keys.ForRecord, wrapped[1:])
	if err != nil {
		return Key{}, err
	}
	if len(plain) != KeySize {
		return Key{}, ErrOpen
	}
	key := Key(plain)
	clear(plain)
	return key, nil
}
