package audit

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kexin/shared/evidence"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var deployment = record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{1}))

func customer(n byte) record.CustomerID {
	return record.CustomerID(record.IDFromBytes(record.PrefixCustomer, [16]byte{n}))
}

// seeded is randomness that is the same in every run.
type seeded struct{ n uint64 }

func (s *seeded) Read(p []byte) (int, error) {
	for i := range p {
		s.n++
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, s.n))
		p[i] = sum[0]
	}
	return len(p), nil
}

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// memStore is the store contract in memory, small pages included.
type memStore struct {
	mu    sync.Mutex
	items map[store.Key]store.Item
	page  int
}

func newMemStore() *memStore { return &memStore{items: map[store.Key]store.Item{}, page: 7} }

func (m *memStore) Get(ctx context.Context, key store.Key) (store.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	item, ok := m.items[key]
	if !ok {
		return store.Item{}, store.ErrNotFound
	}
	return item, ctx.Err()
}

func (m *memStore) GetMany(ctx context.Context, list []store.Key) ([]store.Item, error) {
	if len(list) == 0 || len(list) > 100 {
		return nil, errors.New("impossible number of keys")
	}
	var found []store.Item
	for _, key := range list {
		if item, err := m.Get(ctx, key); err == nil {
			found = append(found, item)
		}
	}
	return found, ctx.Err()
}

func (m *memStore) Query(ctx context.Context, q store.Query) (store.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []store.Item
	for key, item := range m.items {
		if q.Index == "" && key.Table == q.Table && key.PK == q.PK && key.SK >= q.From && (q.Before == "" || key.SK < q.Before) {
			found = append(found, item)
		}
		if q.Index == store.ByCustomer && item.Str(store.AttrCustomer) == q.PK {
			found = append(found, store.Item{Key: key, Attrs: item.Attrs})
		}
	}
	order := func(i store.Item) string {
		if q.Index != "" {
			return strconv.FormatInt(i.Int(store.AttrTime), 10)
		}
		return i.Key.SK
	}
	slices.SortFunc(found, func(a, b store.Item) int { return strings.Compare(order(a), order(b)) })
	if q.Desc {
		slices.Reverse(found)
	}
	from, _ := strconv.Atoi(q.Cursor)
	to := min(from+m.page, len(found))
	if q.Limit > 0 {
		to = min(to, from+q.Limit)
	}
	page := store.Page{Items: found[from:to]}
	if to < len(found) {
		page.Next = strconv.Itoa(to)
	}
	return page, ctx.Err()
}

func (m *memStore) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if err := errors.Join(ctx.Err(), store.CheckTransact(token, ops)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var failed []int
	for i, op := range ops {
		var current *store.Item
		if item, ok := m.items[op.Item.Key]; ok {
			current = &item
		}
		if !op.If.Holds(current) {
			failed = append(failed, i)
		}
	}
	if failed != nil {
		return &store.ConditionError{Failed: failed}
	}
	for _, op := range ops {
		switch op.Verb {
		case store.Put:
			m.items[op.Item.Key] = op.Item
		case store.Delete:
			delete(m.items, op.Item.Key)
		}
	}
	return nil
}

func (m *memStore) Scan(context.Context, store.Table, int, int, string) (store.Page, error) {
	return store.Page{Items: slices.Collect(maps.Values(m.snapshot()))}, nil
}

func (m *memStore) snapshot() map[store.Key]store.Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.items)
}

// memObjects keeps objects in memory and never replaces one.
type memObjects struct {
	mu    sync.Mutex
	data  map[string][]byte
	gets  int
	locks map[string]time.Time
}

func newMemObjects() *memObjects {
	return &memObjects{data: map[string][]byte{}, locks: map[string]time.Time{}}
}

func (m *memObjects) Put(_ context.Context, name objects.Name, content io.Reader, o objects.PutOptions) (objects.Info, error) {
	data, err := io.ReadAll(content)
	if err = errors.Join(err, objects.CheckPath(name.Path)); err != nil {
		return objects.Info{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.data[name.Path]; ok || name.Bucket != objects.Evidence {
		return objects.Info{}, objects.ErrExists
	}
	m.data[name.Path], m.locks[name.Path] = data, o.LockUntil
	return objects.Info{}, nil
}

func (m *memObjects) Get(_ context.Context, name objects.Name, _ objects.Range) (io.ReadCloser, objects.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	data, ok := m.data[name.Path]
	if !ok {
		return nil, objects.Info{}, objects.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(data)), objects.Info{}, nil
}

func (m *memObjects) Delete(context.Context, objects.Name) error { return objects.ErrLocked }

func (m *memObjects) Link(context.Context, objects.Name, time.Duration) (string, error) {
	return "", objects.ErrNotGranted
}

func (m *memObjects) List(context.Context, objects.Bucket, string, string) ([]string, error) {
	return nil, objects.ErrNotGranted
}

// memKeys signs with one key for all signers.
type memKeys struct {
	keys.Keys
	private *ecdsa.PrivateKey
	signs   int
}

func newMemKeys(t testing.TB) *memKeys {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &memKeys{private: private}
}

func (m *memKeys) Sign(_ context.Context, _ keys.Signer, digest [32]byte) ([]byte, error) {
	m.signs++
	return ecdsa.SignASN1(rand.Reader, m.private, digest[:])
}

func (m *memKeys) Public(context.Context, keys.Signer) (*ecdsa.PublicKey, error) {
	return &m.private.PublicKey, nil
}

// world is a deployment in memory.
type world struct {
	t       testing.TB
	mem     *memStore
	store   store.Store
	objects *memObjects
	keys    *memKeys
	clock   *clock
	random  *seeded
}

func newWorld(t testing.TB) *world {
	mem := newMemStore()
	return &world{t, mem, storetest.Police(t, mem), newMemObjects(), newMemKeys(t), newClock(), &seeded{}}
}

func (w *world) log(lanes int) *Log { return w.logOn(w.store, lanes) }

func (w *world) logOn(s store.Store, lanes int) *Log {
	w.t.Helper()
	l, err := New(Config{Store: s, Deployment: deployment, Function: "serve-console", Lanes: lanes, Now: w.clock.Now, Random: w.random})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) sealer() *Sealer {
	return &Sealer{Store: w.store, Objects: w.objects, Keys: w.keys, Deployment: deployment, Function: "seal-audit",
		Now: w.clock.Now, IdleAfter: time.Hour, Scanner: w.mem}
}

func (w *world) seal() Report {
	w.t.Helper()
	report, err := w.sealer().Run(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// clean fails the test unless a check finds nothing.
func (w *world) clean() {
	w.t.Helper()
	if found := w.check(); len(found) > 0 {
		w.t.Errorf("check finds %v", found)
	}
}

func (w *world) check() []Finding {
	w.t.Helper()
	found, err := w.sealer().Check(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func (w *world) public() evidence.PublicKeys {
	w.t.Helper()
	public, err := evidence.CollectKeys(context.Background(), w.keys, deployment)
	if err != nil {
		w.t.Fatal(err)
	}
	return public
}

func (w *world) record(l *Log, n int) []Ref {
	w.t.Helper()
	var refs []Ref
	for i := range n {
		ref, err := l.Record(context.Background(), read(byte(i)))
		if err != nil {
			w.t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	return refs
}

// read is the entry of a reading of customer n.
func read(n byte) Entry {
	return Entry{
		Actor:  Actor{Kind: Staff, ID: record.IDFromBytes(record.PrefixStaff, [16]byte{9}), Role: "R3", Department: "sales"},
		Action: "read", Verdict: Allow, Code: "allow", Purpose: "contract_service", Customer: customer(n),
		Fields: []record.FieldName{"phone", "address"},
	}
}

func workRow(name string) store.Item {
	return store.Item{Key: store.Key{Table: store.Work, PK: name, SK: store.Only}, Body: []byte("x")}
}
