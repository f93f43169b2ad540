package vault_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a deployment with a live customer, person 1, and a pending record of the same person with another e-mail address.
type world struct {
	*vaulttest.Kit
	t       *testing.T
	memory  *vaulttest.Memory
	p       *vaulttest.Process
	v       *vault.Vault
	id      record.CustomerID
	pending record.CustomerID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	k := vaulttest.New(t, vaulttest.Options{})
	w := &world{Kit: k, t: t, memory: k.Base.(*vaulttest.Memory), p: k.Process("serve-console", vaulttest.Everything)}
	w.v = w.p.Vault
	w.id = w.p.Created(vaulttest.Person{N: 1}).Customer
	k.Clock.Pass(1e9)
	twin := w.p.Created(vaulttest.Person{N: 1, Change: map[record.FieldName]string{"email": vaulttest.Email(50)}})
	if twin.State != rows.StatePending {
		t.Fatalf("twin is %s", twin.State)
	}
	w.pending = twin.Customer
	return w
}

// clone is the same world over a copy of its store, with a process of its own that reaches it through nothing but the faults.
func (w *world) clone(t *testing.T) *world {
	c := *w
	c.memory = w.memory.Clone()
	c.Kit = w.Kit.On(c.memory)
	c.Kit.T, c.t = t, t
	c.Kit.Store = c.Kit.Faults
	c.p = c.Kit.Process("serve-console", vaulttest.Everything)
	c.v = c.p.Vault
	return &c
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wants(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

func (w *world) problem(err error, field, code string) {
	w.t.Helper()
	var problem *vault.Problem
	if !errors.As(err, &problem) || problem.Field != field || problem.Code != code {
		w.t.Errorf("got %v, want %s: %s", err, field, code)
	}
}

func (w *world) head(id record.CustomerID) *rows.Head {
	w.t.Helper()
	item, err := w.memory.Get(w.t.Context(), rows.HeadKey(id))
	w.must(err)
	head, err := rows.DecodeHead(item)
	w.must(err)
	return head
}

// state is everything but the audit log and intake keys: what an act may change.
func (w *world) state() map[store.Key]store.Item {
	items := w.memory.Items(store.Inbox, store.Keys, store.Records, store.Restricted, store.Work)
	for key := range items {
		if strings.HasPrefix(key.PK, rows.PrefixIntake) || strings.HasPrefix(key.PK, rows.PrefixReads) { // no part of an act
			delete(items, key)
		}
	}
	return items
}

func (w *world) unchanged(before map[store.Key]store.Item) {
	w.t.Helper()
	if diff := vaulttest.Diff(before, w.state()); len(diff) > 0 {
		w.t.Errorf("changed: %v", diff)
	}
}

// newest returns the entries that were written since the log had n, in no order.
func (w *world) since(before map[entry.Position]bool) []entry.Entry {
	var fresh []entry.Entry
	for _, e := range w.Entries() {
		if !before[e.Position()] {
			fresh = append(fresh, e)
		}
	}
	return fresh
}

func (w *world) logged() map[entry.Position]bool {
	known := map[entry.Position]bool{}
	for _, e := range w.Entries() {
		known[e.Position()] = true
	}
	return known
}

func (w *world) update(changes record.Fields) (int64, error) {
	return w.v.Update(w.t.Context(), w.Actor("R10"), w.id, w.head(w.id).Version, "contract_service", changes)
}

func values(pairs ...string) record.Fields {
	fields := record.Fields{}
	for i := 0; i < len(pairs); i += 2 {
		fields[record.FieldName(pairs[i])] = record.NewValue(pairs[i+1])
	}
	return fields
}

func reveal(id record.CustomerID, field record.FieldName, reason string) vault.RevealRequest {
	return vault.RevealRequest{Customer: id, Field: field, Purpose: "contract_service", Reason: reason}
}

// failingLog is a store whose audit entries cannot be written.
type failingLog struct{ store.Store }

func (f failingLog) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	for _, op := range ops {
		if op.Item.Key.Table == store.Audit {
			return errNoLog
		}
	}
	return f.Store.Transact(ctx, token, ops...)
}

var errNoLog = errors.New("audit table is unavailable")

// watch notes which bodies are read after it was made.
type watch struct {
	store.Store
	read map[store.Key]bool
}

func (r *watch) Get(ctx context.Context, key store.Key) (store.Item, error) {
	r.read[key] = true
	return r.Store.Get(ctx, key)
}

func (r *watch) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	for _, key := range keys {
		r.read[key] = true
	}
	return r.Store.GetMany(ctx, keys)
}

// bodies returns the keys of sections that were read.
func (r *watch) bodies() (list []store.Key) {
	for key := range r.read {
		if key.Table == store.Restricted || key.Table == store.Records && key.SK != rows.SortCard {
			list = append(list, key)
		}
	}
	return list
}
