// Package rotation makes and renews branches: their key pairs, the signed manifest of their public halves, and the key of the blind
// indexes. Rotation limits the future: a new epoch serves new intake keys, old epochs stay for what they sealed (design §4).
package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// Life of a manifest, and the age of its branches from which Run makes new ones. A manifest that is half spent is signed anew, so that
// writers always hold a fresh one although a rotation fails for days.
const (
	ManifestLife = 30 * 24 * time.Hour
	BranchAge    = 90 * 24 * time.Hour
)

// Rotator makes and renews branches. Every member is required.
type Rotator struct {
	Deployment record.DeploymentID
	Store      store.Store
	Keys       keys.Keys
	Log        *audit.Log
	Now        func() time.Time
	Random     io.Reader
}

// Report says what a run did.
type Report struct {
	Epoch    uint32 `json:"epoch"`
	Rotated  bool   `json:"rotated"`   // new branches
	Signed   bool   `json:"signed"`    // new manifest
	IndexKey bool   `json:"index_key"` // first key of the blind indexes
}

// Run makes the first branches and index key where there are none, rotates branches that are older than BranchAge or when force is set,
// and signs the manifest anew when it is half spent. Crashing between the steps leaves branches that no manifest names: the next run
// makes the next epoch.
func (r *Rotator) Run(ctx context.Context, force bool) (Report, error) {
	current, version, err := r.current(ctx)
	if err != nil {
		return Report{}, err
	}
	var report Report
	if report.IndexKey, err = r.indexKey(ctx); err != nil {
		return report, err
	}
	now := r.Now()
	switch {
	case current == nil || force || now.Sub(r.born(current)) > BranchAge:
		report.Rotated, report.Signed = true, true
		report.Epoch, err = r.rotate(ctx, current, version)
	case current.Expires.Sub(now) < ManifestLife/2:
		report.Signed, report.Epoch = true, current.Branches[0].Epoch
		current.Issued, current.Expires = now, now.Add(ManifestLife)
		err = r.publish(ctx, *current, version, "renewed")
	default:
		report.Epoch = current.Branches[0].Epoch
	}
	return report, err
}

// born returns when the manifest's branches were made. A renewed manifest keeps its epoch; its age is counted from the epoch's row.
func (r *Rotator) born(m *seal.Manifest) time.Time { return rows.At(int64(m.Branches[0].Born)) }

// current returns the stored manifest, nil when there is none, and the version of its row.
func (r *Rotator) current(ctx context.Context) (*seal.Manifest, int64, error) {
	item, err := r.Store.Get(ctx, rows.ManifestKey())
	if errors.Is(err, store.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read manifest: %w", err)
	}
	var signed seal.SignedManifest
	var m seal.Manifest
	if err := errors.Join(json.Unmarshal(item.Body, &signed), json.Unmarshal(signed.Manifest, &m)); err != nil || len(m.Branches) == 0 {
		return nil, 0, seal.ErrManifest
	}
	return &m, item.Int(store.AttrVersion), nil
}

// rotate makes the next epoch of every branch: first their wrapped private halves, then the manifest that names them.
func (r *Rotator) rotate(ctx context.Context, current *seal.Manifest, version int64) (uint32, error) {
	epoch, err := r.freeEpoch(ctx, current)
	if err != nil {
		return 0, err
	}
	now := r.Now()
	next := seal.Manifest{Deployment: r.Deployment, Issued: now, Expires: now.Add(ManifestLife)}
	for _, branch := range seal.Branches() {
		public, wrapped, err := seal.NewBranch(ctx, r.Keys, branch, epoch)
		if err != nil {
			return 0, err
		}
		public.Born = now.Unix()
		item := store.Item{Key: rows.BranchSecret(string(branch), epoch), Body: wrapped}
		if err := r.Store.Transact(ctx, "", store.PutIf(item, store.IfAbsent())); err != nil {
			return 0, fmt.Errorf("store branch key: %w", err)
		}
		next.Branches = append(next.Branches, public)
	}
	return epoch, r.publish(ctx, next, version, "rotated")
}

// freeEpoch returns the first epoch after the current one that no crashed run has begun.
func (r *Rotator) freeEpoch(ctx context.Context, current *seal.Manifest) (uint32, error) {
	epoch := uint32(1)
	if current != nil {
		epoch = current.Branches[0].Epoch + 1
	}
	for ; ; epoch++ {
		_, err := r.Store.Get(ctx, rows.BranchSecret(string(seal.Branches()[0]), epoch))
		if errors.Is(err, store.ErrNotFound) {
			return epoch, nil
		}
		if err != nil {
			return 0, fmt.Errorf("look for a free epoch: %w", err)
		}
	}
}

// publish signs a manifest and replaces the stored one, together with the entry.
func (r *Rotator) publish(ctx context.Context, m seal.Manifest, version int64, code string) error {
	signed, err := seal.SignManifest(ctx, r.Keys, m)
	if err != nil {
		return err
	}
	body, err := json.Marshal(signed)
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	cond := store.IfAbsent()
	if version > 0 {
		cond = store.IfVersion(version)
	}
	item := store.Item{Key: rows.ManifestKey(), Body: body, Attrs: map[string]store.Attr{store.AttrVersion: store.N(version + 1)}}
	e := audit.Entry{Action: "rotate_keys", Verdict: audit.Allow, Code: code, Actor: audit.Actor{Kind: audit.System, ID: "rotate-keys"},
		Facts: audit.Facts{"epoch": fmt.Sprint(m.Branches[0].Epoch), "expires": entry.Moment(m.Expires)}}
	_, err = r.Log.Act(ctx, e, store.PutIf(item, cond))
	return err
}

// indexKey makes the key of the blind indexes when there is none.
func (r *Rotator) indexKey(ctx context.Context) (bool, error) {
	_, err := r.Store.Get(ctx, rows.IndexKey(1))
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	secret, err := seal.NewKey(r.Random)
	if err != nil {
		return false, err
	}
	defer clear(secret[:])
	wrapped, err := r.Keys.Wrap(ctx, keys.ForIndex, secret[:])
	if err != nil {
		return false, fmt.Errorf("wrap index key: %w", err)
	}
	err = r.Store.Transact(ctx, "", store.PutIf(store.Item{Key: rows.IndexKey(1), Body: wrapped}, store.IfAbsent()))
	if errors.Is(err, store.ErrCondition) {
		return false, nil
	}
	return err == nil, err
}
