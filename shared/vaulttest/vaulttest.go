// Package vaulttest puts a whole system together for tests: a store behind counters and faults, a demonstration's key file, the
// compiled pack, the decision engine, audit log, seals and blind indexes, members of staff and filled forms of invented people. A Kit
// is the deployment; each Process is one process in it, with caches, audit lanes and intake keys of its own, so that a crash is
// simulated by going on with another Process.
package vaulttest

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"kexin/packs"
	"kexin/shared/audit"
	"kexin/shared/boltstore"
	"kexin/shared/decision"
	"kexin/shared/dirobjects"
	"kexin/shared/evidence"
	"kexin/shared/filekeys"
	"kexin/shared/indexes"
	"kexin/shared/keys"
	"kexin/shared/keystest"
	"kexin/shared/objects"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rotation"
	"kexin/shared/store"
	"kexin/shared/storetest"
)

// Start is when the clock of every kit begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Kit is a deployment under test.
type Kit struct {
	T          testing.TB
	Deployment record.DeploymentID
	Pack       *policy.Pack
	Engine     *decision.Engine
	Clock      *Clock
	Random     io.Reader // the same in every run; safe for concurrent use

	Base    store.Store       // the store itself
	Faults  *storetest.Faulty // around Base
	Counter *store.Counter    // around Faults
	Store   store.Store       // what processes use: Counter
	Keys    keys.Keys         // what processes use: counted, with faults
	KeyFail *keystest.Faults  // around the key file
	KeyUse  *keystest.Counter // around KeyFail
	Objects objects.Objects   // a folder
	Index   *indexes.Indexes
	Public  evidence.PublicKeys // what a stranger verifies with
}

// Options change what New puts together; zero values give the defaults.
type Options struct {
	Store store.Store // default: NewMemory
	Keys  keys.Keys   // default: a demonstration's key file
	Pack  string      // default: P06
	Seed  uint64
}

// New returns a deployment with its branches, manifest and index key made.
func New(t testing.TB, o Options) *Kit {
	t.Helper()
	k := &Kit{T: t, Clock: NewClock(Start), Random: NewRandom(o.Seed), Base: o.Store}
	k.Deployment = record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{0xd0, byte(o.Seed)}))
	if k.Base == nil {
		k.Base = NewMemory()
	}
	if o.Keys == nil {
		o.Keys = k.keyFile(filepath.Join(t.TempDir(), "keys"))
	}
	k.loadPack(o.Pack)
	k.wrap(o.Keys)
	k.prepare()
	return k
}

// NewBolt returns a deployment on the embedded store in a temporary folder, which shares its key file, and that store.
func NewBolt(t testing.TB) (*Kit, *boltstore.Store) {
	t.Helper()
	k := &Kit{T: t, Clock: NewClock(Start), Random: NewRandom(0)}
	k.Deployment = record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{0xd0}))
	dir := t.TempDir()
	file := k.keyFile(filepath.Join(dir, "keys"))
	bolt, err := boltstore.Open(filepath.Join(dir, "store"), boltstore.Options{FileKeys: file, Now: k.Clock.Now})
	k.must(err)
	t.Cleanup(func() { k.must(bolt.Close()) })
	k.Base = bolt
	k.loadPack("")
	k.wrap(file)
	k.prepare()
	return k, bolt
}

// On returns the same deployment over another store, such as a clone, with faults and counters of its own.
func (k *Kit) On(s store.Store) *Kit {
	other := *k
	other.Base = s
	other.wrap(k.KeyFail)
	return &other
}

func (k *Kit) keyFile(path string) *filekeys.File {
	file, err := filekeys.Create(path, filekeys.CreateOptions{Deployment: k.Deployment, Demonstration: true, Random: k.Random, Now: k.Clock.Now})
	k.must(err)
	return file
}

var loaded sync.Map // compiled packs by id: they are immutable

func (k *Kit) loadPack(id string) {
	if id == "" {
		id = "P06"
	}
	pack, ok := loaded.Load(id)
	if !ok {
		compiled, err := policy.Load(packs.FS, id)
		k.must(err)
		pack, _ = loaded.LoadOrStore(id, compiled)
	}
	k.UsePack(pack.(*policy.Pack))
}

// UsePack makes the kit obey another compiled pack.
func (k *Kit) UsePack(pack *policy.Pack) {
	engine, err := decision.New(pack)
	k.must(err)
	k.Pack, k.Engine = pack, engine
}

func (k *Kit) wrap(inner keys.Keys) {
	k.Faults = storetest.Faults(k.Base)
	k.Counter = store.Counted(k.Faults)
	k.Store = k.Counter
	k.KeyFail = keystest.Faulty(inner)
	k.KeyUse = keystest.Counting(k.KeyFail)
	k.Keys = k.KeyUse
}

// prepare does what the first run of rotate-keys does.
func (k *Kit) prepare() {
	k.T.Helper()
	folder, err := dirobjects.Open(filepath.Join(k.T.TempDir(), "objects"), dirobjects.Options{LinkKey: make([]byte, 32), Now: k.Clock.Now})
	k.must(err)
	k.Objects = folder
	rotator := rotation.Rotator{Deployment: k.Deployment, Store: k.Base, Keys: k.Keys, Log: k.log(k.Base, "rotate-keys"), Now: k.Clock.Now, Random: k.Random}
	_, err = rotator.Run(k.T.Context(), false)
	k.must(err)
	k.Index, err = indexes.Load(k.T.Context(), k.Base, k.Keys, k.Deployment)
	k.must(err)
	k.Public, err = evidence.CollectKeys(k.T.Context(), k.Keys, k.Deployment, keys.Signers()...)
	k.must(err)
	k.KeyUse.Reset()
}

func (k *Kit) log(s store.Store, function string) *audit.Log {
	log, err := audit.New(audit.Config{Store: s, Deployment: k.Deployment, Function: function, Lanes: 1, Now: k.Clock.Now, Random: k.Random})
	k.must(err)
	return log
}

func (k *Kit) must(err error) {
	k.T.Helper()
	if err != nil {
		k.T.Fatal(err)
	}
}

// Clock is a time that only tests move. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that shows at.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now returns the time shown.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Pass moves the clock by d.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set shows at.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

// NewRandom returns randomness that is the same for the same seed and safe for concurrent use. It is no source for real keys.
func NewRandom(seed uint64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return &seeded{source: rand.NewChaCha8(key)}
}

type seeded struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.source.Read(p)
}
