package seal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// lab is a deployment with intake rows in memory and branches of its own.
type lab struct {
	*vaulttest.Kit
	t    *testing.T
	mu   sync.Mutex
	rows map[record.IntakeID]seal.IntakeRow
	read int // intake rows read
}

func newLab(t *testing.T) *lab {
	return &lab{Kit: vaulttest.New(t, vaulttest.Options{}), t: t, rows: map[record.IntakeID]seal.IntakeRow{}}
}

func (l *lab) publics(ctx context.Context, branch seal.Branch) (seal.BranchPublic, error) {
	m := l.manifest()
	return m.Public(branch)
}

func (l *lab) manifest() seal.Manifest {
	l.t.Helper()
	signed, err := l.Manifest(l.t.Context())
	l.must(err)
	m, err := seal.VerifyManifest(signed, l.Kit.Public.Find(keys.SignManifest)[0], l.Deployment, l.Clock.Now())
	l.must(err)
	return m
}

func (l *lab) put(_ context.Context, row seal.IntakeRow) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows[row.ID] = row
	return nil
}

// IntakeRow implements seal.Source.
func (l *lab) IntakeRow(_ context.Context, id record.IntakeID) (seal.IntakeRow, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read++
	row, ok := l.rows[id]
	if !ok {
		return row, store.ErrNotFound
	}
	return row, nil
}

// BranchSecret implements seal.Source.
func (l *lab) BranchSecret(ctx context.Context, branch seal.Branch, epoch uint32) ([]byte, error) {
	item, err := l.Base.Get(ctx, rows.BranchSecret(string(branch), epoch))
	return item.Body, err
}

func (l *lab) writer() *seal.Writer {
	return seal.NewWriter(l.Deployment, "test", l.publics, l.put, l.Clock.Now, l.Random)
}

func (l *lab) ring(own *seal.Writer) *seal.Ring {
	return seal.NewRing(l.Deployment, l.Keys, l, own, l.Clock.Now)
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

var place = seal.Place{Deployment: "dep_a", Customer: "cus_a", Section: "sa", Schema: "P06@0", Version: "v1"}

func (l *lab) seal(w *seal.Writer, branch seal.Branch) []byte {
	l.t.Helper()
	shred := seal.Key{2}
	item, err := seal.SealItem(l.t.Context(), l.Random, w.For(branch), &shred, place, []byte("secret"))
	l.must(err)
	return item
}

func (l *lab) open(r *seal.Ring, item []byte) error {
	shred := seal.Key{2}
	plain, err := seal.OpenItem(l.t.Context(), r, &shred, place, item)
	if err == nil && string(plain) != "secret" {
		l.t.Errorf("opens to %q", plain)
	}
	return err
}

// TestAnotherProcessOpens what one sealed, by way of the stored intake key and the branch.
func TestAnotherProcessOpens(t *testing.T) {
	l := newLab(t)
	for _, branch := range []seal.Branch{seal.BranchL1, seal.BranchL2} {
		l.must(l.open(l.ring(nil), l.seal(l.writer(), branch)))
	}
}

// TestIntakeKeysRotate after an hour and after 2²⁰ uses, and not before.
func TestIntakeKeysRotate(t *testing.T) {
	l := newLab(t)
	w := l.writer()
	first := l.seal(w, seal.BranchL1)
	l.Clock.Pass(seal.IntakeLife - time.Second)
	l.seal(w, seal.BranchL1)
	if len(l.rows) != 1 {
		t.Fatalf("%d keys within the hour", len(l.rows))
	}
	l.Clock.Pass(2 * time.Second)
	if err := l.open(l.ring(w), first); err != nil || l.read != 1 {
		t.Errorf("the process opens what it sealed more than an hour ago without the branch: %d reads, %v", l.read, err)
	}
	l.seal(w, seal.BranchL1)
	if len(l.rows) != 2 {
		t.Fatalf("%d keys after an hour", len(l.rows))
	}
	wrapper, key := w.For(seal.BranchL1), seal.Key{1}
	var dst [256]byte
	for n := 1; n < seal.IntakeUses; n++ { // the first use was above
		if n%100 != 0 && n < seal.IntakeUses-3 {
			w.Spend(seal.BranchL1)
			continue
		}
		_, err := wrapper.WrapItemKey(t.Context(), dst[:0], &key, make([]byte, 12), nil)
		l.must(err)
	}
	if len(l.rows) != 2 {
		t.Fatalf("%d keys after 2^20 uses", len(l.rows))
	}
	_, err := wrapper.WrapItemKey(t.Context(), dst[:0], &key, make([]byte, 12), nil)
	l.must(err)
	if len(l.rows) != 3 {
		t.Fatalf("%d keys after 2^20+1 uses", len(l.rows))
	}
	l.must(l.open(l.ring(nil), first)) // rotation takes nothing away
}

// TestIntakeIsStoredBeforeItsUse: when it cannot be stored, nothing is sealed under it.
func TestIntakeIsStoredBeforeItsUse(t *testing.T) {
	l := newLab(t)
	broken := errors.New("no store")
	w := seal.NewWriter(l.Deployment, "test", l.publics, func(context.Context, seal.IntakeRow) error { return broken }, l.Clock.Now, l.Random)
	shred := seal.Key{2}
	if _, err := seal.SealItem(t.Context(), l.Random, w.For(seal.BranchL1), &shred, place, nil); !errors.Is(err, broken) {
		t.Errorf("item: %v", err)
	}
	if _, err := w.SealEnvelope(t.Context(), seal.EnvelopePlace{}, nil); !errors.Is(err, broken) {
		t.Errorf("envelope: %v", err)
	}
}

// TestBranchCache: one call of the root keys for each branch and five minutes, however many readers, and none later with a disabled key.
func TestBranchCache(t *testing.T) {
	l := newLab(t)
	var items [][]byte
	for range 5 { // five intake keys of one branch
		items = append(items, l.seal(l.writer(), seal.BranchL1))
	}
	l.KeyUse.Reset()
	r := seal.NewRing(l.Deployment, slow{l.Keys}, l, nil, l.Clock.Now)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, item := range items {
				if err := l.open(r, item); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := l.KeyUse.Unwraps(keys.ForBranch); n != 1 {
		t.Errorf("%d calls for one branch", n)
	}
	l.Clock.Pass(seal.BranchLife - time.Second)
	l.must(l.open(r, items[0]))
	if n := l.KeyUse.Unwraps(keys.ForBranch); n != 1 {
		t.Errorf("%d calls within five minutes", n)
	}
	l.KeyFail.FailFrom(1, keys.ErrDisabled)
	l.Clock.Pass(2 * time.Second)
	if err := l.open(r, items[0]); !errors.Is(err, keys.ErrDisabled) {
		t.Errorf("with a disabled key: %v", err)
	}
	l.KeyFail.Heal()
	l.must(l.open(r, items[0]))
}

// slow gives others time to ask the same.
type slow struct{ keys.Keys }

func (s slow) Unwrap(ctx context.Context, purpose keys.Purpose, wrapped []byte) ([]byte, error) {
	time.Sleep(20 * time.Millisecond)
	return s.Keys.Unwrap(ctx, purpose, wrapped)
}

// TestIntakeRowsAreBound: an altered row, one of another id, branch, epoch, writer, expiry or deployment opens nothing.
func TestIntakeRowsAreBound(t *testing.T) {
	l := newLab(t)
	item := l.seal(l.writer(), seal.BranchL1)
	var good seal.IntakeRow
	for _, good = range l.rows {
	}
	for name, change := range map[string]func(*seal.IntakeRow){
		"branch": func(r *seal.IntakeRow) { r.Branch = seal.BranchL2 }, "epoch": func(r *seal.IntakeRow) { r.Epoch++ },
		"writer": func(r *seal.IntakeRow) { r.Writer = "other" }, "expiry": func(r *seal.IntakeRow) { r.Expires++ },
		"id": func(r *seal.IntakeRow) { r.ID = "int_b" }, "inbox": func(r *seal.IntakeRow) { r.Branch = seal.BranchInbox },
		"sealed key":       func(r *seal.IntakeRow) { r.Sealed = bytes.Clone(r.Sealed); r.Sealed[len(r.Sealed)-1] ^= 1 },
		"encapsulated key": func(r *seal.IntakeRow) { r.Sealed = bytes.Clone(r.Sealed); r.Sealed[0] ^= 1 },
	} {
		bad := good
		change(&bad)
		l.rows[good.ID] = bad
		if err := l.open(l.ring(nil), item); err == nil {
			t.Errorf("opens with a row of another %s", name)
		}
	}
	l.rows[good.ID] = good
	other := seal.NewRing("dep_other", l.Keys, l, nil, l.Clock.Now)
	if err := l.open(other, item); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("another deployment: %v", err)
	}
	l.must(l.open(l.ring(nil), item))
}

// TestSidesAreKeptApart: keys of the inbox open no items, keys of the levels no envelopes, own or not, before the root keys are asked.
func TestSidesAreKeptApart(t *testing.T) {
	l := newLab(t)
	w := l.writer()
	shred := seal.Key{2}
	item, err := seal.SealItem(t.Context(), l.Random, w.For(seal.BranchInbox), &shred, place, []byte("secret"))
	l.must(err)
	l.KeyUse.Reset()
	for _, own := range []*seal.Writer{nil, w} {
		if err := l.open(l.ring(own), item); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("item under a key of the inbox: %v", err)
		}
	}
	if n := l.KeyUse.Total(); n != 0 {
		t.Errorf("%d calls of the root keys", n)
	}
}

func TestManifest(t *testing.T) {
	l := newLab(t)
	signed, err := l.Manifest(t.Context())
	l.must(err)
	signer := l.Kit.Public.Find(keys.SignManifest)[0]
	m := l.manifest()
	verify := func(name string, s seal.SignedManifest, now time.Time, deployment record.DeploymentID) {
		t.Helper()
		if _, err := seal.VerifyManifest(s, signer, deployment, now); !errors.Is(err, seal.ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	verify("expired", signed, m.Expires, l.Deployment)
	verify("another deployment", signed, l.Clock.Now(), "dep_other")
	if _, err := seal.VerifyManifest(signed, nil, l.Deployment, l.Clock.Now()); !errors.Is(err, seal.ErrManifest) {
		t.Errorf("no signer: %v", err)
	}
	if _, err := seal.VerifyManifest(signed, l.Kit.Public.Find(keys.SignReceipts)[0], l.Deployment, l.Clock.Now()); !errors.Is(err, seal.ErrManifest) {
		t.Errorf("another signer: %v", err)
	}
	for i := range signed.Manifest {
		altered := signed
		altered.Manifest = bytes.Clone(signed.Manifest)
		altered.Manifest[i] ^= 1
		verify("altered", altered, l.Clock.Now(), l.Deployment)
	}
	newer := m
	newer.Format = 2
	body, err := json.Marshal(newer)
	l.must(err)
	verify("unsigned", seal.SignedManifest{Manifest: body, Signature: signed.Signature}, l.Clock.Now(), l.Deployment)
	if _, err := (seal.Manifest{}).Public(seal.BranchL1); !errors.Is(err, seal.ErrManifest) {
		t.Errorf("no branch: %v", err)
	}
	m.Branches[0].Suite = "other"
	if _, err := m.Public(m.Branches[0].Branch); !errors.Is(err, seal.ErrManifest) {
		t.Errorf("unknown suite: %v", err)
	}
}

// TestSignaturesAreForManifestsOnly: the manifest key's signature of the bare bytes is no signature of a manifest.
func TestSignaturesAreForManifestsOnly(t *testing.T) {
	l := newLab(t)
	signed, err := l.Manifest(t.Context())
	l.must(err)
	signature, err := l.Keys.Sign(t.Context(), keys.SignManifest, rows.Digest(signed.Manifest))
	l.must(err)
	_, err = seal.VerifyManifest(seal.SignedManifest{Manifest: signed.Manifest, Signature: signature}, l.Kit.Public.Find(keys.SignManifest)[0], l.Deployment, l.Clock.Now())
	if !errors.Is(err, seal.ErrManifest) {
		t.Errorf("signature of the bare bytes: %v", err)
	}
}

// TestRoot wraps item keys of L3 by one call each, and does not open what an intake key wrapped.
func TestRoot(t *testing.T) {
	l := newLab(t)
	root, shred := seal.Root{Keys: l.Keys}, seal.Key{2}
	l.KeyUse.Reset()
	item, err := seal.SealItem(t.Context(), l.Random, root, &shred, place, []byte("secret"))
	l.must(err)
	plain, err := seal.OpenItem(t.Context(), root, &shred, place, item)
	if err != nil || string(plain) != "secret" {
		t.Errorf("%q, %v", plain, err)
	}
	if l.KeyUse.Wraps(keys.ForRecord) != 1 || l.KeyUse.Unwraps(keys.ForRecord) != 1 || l.KeyUse.Total() != 2 {
		t.Errorf("%d calls", l.KeyUse.Total())
	}
	if _, err := seal.OpenItem(t.Context(), root, &shred, place, l.seal(l.writer(), seal.BranchL1)); !errors.Is(err, seal.ErrFormat) {
		t.Errorf("item of L1: %v", err)
	}
	if err := l.open(l.ring(nil), item); !errors.Is(err, seal.ErrFormat) {
		t.Errorf("item of L3 by the ring: %v", err)
	}
	other := place
	other.Customer = "cus_b"
	if _, err := seal.OpenItem(t.Context(), root, &shred, other, item); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("of another customer: %v", err)
	}
}
