// Package sealing gives a function what it seals and opens with: the verified manifest, writers of intake keys, rings that open them.
package sealing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/system"
)

// Sealing seals and opens within the limits of one function's system.
type Sealing struct {
	*system.System

	mu       sync.Mutex
	manifest seal.Manifest
	checked  time.Time
}

// Of returns the sealing of s. It reads nothing.
func Of(s *system.System) *Sealing { return &Sealing{System: s} }

// manifestLife is how long a verified manifest is used before it is read again.
const manifestLife = 5 * time.Minute

// Public returns the public half that intake keys of branch are sealed to, from the verified manifest.
func (s *Sealing) Public(ctx context.Context, branch seal.Branch) (seal.BranchPublic, error) {
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

func (s *Sealing) readManifestLocked(ctx context.Context, now time.Time) error {
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
func (s *Sealing) Writer(table store.Table) *seal.Writer {
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
func (s *Sealing) Ring(table store.Table, own *seal.Writer) *seal.Ring {
	return seal.NewRing(s.Deployment, s.Keys, source{s.Store, table}, own, s.Now)
}
