// Package system puts the parts of a function together from a backend and nothing but the function's grants, in the same way in the
// embedded process and on Lambda.
package system

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Backend is where a deployment keeps its rows, root keys and objects.
type Backend struct {
	Deployment record.DeploymentID
	Store      store.Store
	Keys       keys.Keys
	Objects    objects.Objects
	// ManifestKey is the public half that manifests must be signed with. Deployment pins it; nobody who can write the manifest's row can
	// change it.
	ManifestKey *ecdsa.PublicKey
	Pack        *policy.Pack
	Engine      *decision.Engine
	Now         func() time.Time
	Random      io.Reader
	Lanes       int // audit entries under way at once: 1 on Lambda, several in a server
}

// System is a backend limited to what one function may do.
type System struct {
	Backend
	Function grants.Function
	Log      *audit.Log

	mu       sync.Mutex
	manifest seal.Manifest
	checked  time.Time
}

// New limits b to the grants of function. The audit log writes through the same limits.
func New(b Backend, function grants.Function) (*System, error) {
	set := grants.Of(function)
	b.Store = store.Restrict(b.Store, set.Store...)
	b.Keys = keys.Restrict(b.Keys, set.Keys)
	if b.Objects != nil {
		b.Objects = objects.Restrict(b.Objects, set.Objects...)
	}
	s := &System{Backend: b, Function: function}
	log, err := audit.New(audit.Config{Store: b.Store, Deployment: b.Deployment, Function: string(function), Lanes: b.Lanes, Now: b.Now, Random: b.Random})
	if err != nil {
		return nil, fmt.Errorf("set up %s: %w", function, err)
	}
	s.Log = log
	return s, nil
}

// manifestLife is how long a verified manifest is used before it is read again.
const manifestLife = 5 * time.Minute

// Public returns the public half that intake keys of branch are sealed to, from the verified manifest.
func (s *System) Public(ctx context.Context, branch seal.Branch) (seal.BranchPublic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.checked); s.manifest.Format == 0 || age < 0 || age > manifestLife || !now.Before(s.manifest.Expires) {
		if err := s.readManifestLocked(ctx, now); err != nil {
			return seal.BranchPublic{}, err
		}
	}
	return s.manifest.Public(branch)
}

func (s *System) readManifestLocked(ctx context.Context, now time.Time) error {
	item, err := s.Store.Get(ctx, rows.ManifestKey())
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: none is stored; run rotate-keys once", seal.ErrManifest)
	}
	if err != nil {
		return fmt.Errorf("read manifest: %w", err)
	}
	var signed seal.SignedManifest
	if err := json.Unmarshal(item.Body, &signed); err != nil {
		return fmt.Errorf("%w: format", seal.ErrManifest)
	}
	m, err := seal.VerifyManifest(signed, s.ManifestKey, s.Deployment, now)
	if err != nil {
		return err
	}
	s.manifest, s.checked = m, now
	return nil
}

// Writer returns a writer whose intake keys are stored in table.
func (s *System) Writer(table store.Table) *seal.Writer {
	put := func(ctx context.Context, row seal.IntakeRow) error {
		body, err := row.Encode()
		if err != nil {
			return err
		}
		return s.Store.Transact(ctx, "", store.PutIf(store.Item{Key: rows.Intake(table, row.ID), Body: body}, store.IfAbsent()))
	}
	return seal.NewWriter(s.Deployment, string(s.Function), s.Public, put, s.Now, s.Random)
}

// source reads rows of keys: intake keys from one table.
type source struct {
	store store.Store
	table store.Table
}

func (r source) IntakeRow(ctx context.Context, id record.IntakeID) (seal.IntakeRow, error) {
	item, err := r.store.Get(ctx, rows.Intake(r.table, id))
	if err != nil {
		return seal.IntakeRow{}, err
	}
	return seal.DecodeIntakeRow(item.Body)
}

func (r source) BranchSecret(ctx context.Context, branch seal.Branch, epoch uint32) ([]byte, error) {
	item, err := r.store.Get(ctx, rows.BranchSecret(string(branch), epoch))
	return item.Body, err
}

// Ring returns a ring that opens intake keys of table; own spares what the process sealed itself.
func (s *System) Ring(table store.Table, own *seal.Writer) *seal.Ring {
	return seal.NewRing(s.Deployment, s.Keys, source{s.Store, table}, own, s.Now)
}

// Vault returns a vault of this function; complete adds the capabilities that it has.
func (s *System) Vault(complete func(*vault.Config)) (*vault.Vault, error) {
	config := vault.Config{Deployment: s.Deployment, Function: string(s.Function), Pack: s.Pack, Engine: s.Engine, Store: s.Store,
		Log: s.Log, Now: s.Now, Random: s.Random}
	complete(&config)
	return vault.New(config)
}
