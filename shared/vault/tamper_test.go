package vault_test

import (
	"context"
	"strings"
	"testing"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/storetest"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// current is the key of the current version of the section that holds field.
func (w *world) current(id record.CustomerID, field record.FieldName) store.Key {
	w.t.Helper()
	state := w.head(id).Section(w.Pack.SectionOf(field).ID)
	return rows.Section(state.Level, id, state.ID, state.Version)
}

func (w *world) copyBody(from, to store.Key) {
	w.t.Helper()
	source, err := w.memory.Get(w.t.Context(), from)
	w.must(err)
	target, err := w.memory.Get(w.t.Context(), to)
	w.must(err)
	target.Body = source.Body
	w.memory.Set(target)
}

// trust makes a head name whatever body lies at the current version of a section: what an attacker would do who can write both tables.
func (w *world) trust(id record.CustomerID, field record.FieldName) {
	head := w.head(id)
	item, err := w.memory.Get(w.t.Context(), w.current(id, field))
	w.must(err)
	hash := rows.Digest(item.Body)
	head.Section(w.Pack.SectionOf(field).ID).Hash = hash[:]
	w.setHead(id, head)
}

func (w *world) setHead(id record.CustomerID, head *rows.Head) {
	item, err := head.Item(id)
	w.must(err)
	w.memory.Set(item)
}

// TestForeignCiphertextIsRefused: replayed, swapped between customers, fields, versions and tables, altered, missing: nothing of it opens,
// with the head as it was and with a head that vouches for it.
func TestForeignCiphertextIsRefused(t *testing.T) {
	base := newWorld(t)
	other := base.p.Created(vaulttest.Person{N: 2}).Customer
	old, err := base.memory.Get(t.Context(), base.current(base.id, "id_number"))
	base.must(err)
	_, err = base.update(values("id_number", vaulttest.IDNumber(77)))
	base.must(err)
	for name, spoil := range map[string]func(w *world){
		"replayed earlier version": func(w *world) {
			item, err := w.memory.Get(t.Context(), w.current(w.id, "id_number"))
			w.must(err)
			item.Body = old.Body
			w.memory.Set(item)
		},
		"of another customer": func(w *world) { w.copyBody(w.current(other, "id_number"), w.current(w.id, "id_number")) },
		"of another section":  func(w *world) { w.copyBody(w.current(w.id, "contact_address"), w.current(w.id, "id_number")) },
		"of L1":               func(w *world) { w.copyBody(w.current(w.id, "phone"), w.current(w.id, "id_number")) },
		"of L3":               func(w *world) { w.copyBody(w.current(w.id, "home_address"), w.current(w.id, "id_number")) },
		"altered": func(w *world) {
			item, err := w.memory.Get(t.Context(), w.current(w.id, "id_number"))
			w.must(err)
			item.Body[len(item.Body)/2] ^= 1
			w.memory.Set(item)
		},
		"empty":   func(w *world) { w.memory.Set(store.Item{Key: w.current(w.id, "id_number")}) },
		"missing": func(w *world) { w.memory.Remove(w.current(w.id, "id_number")) },
	} {
		for _, vouched := range []bool{false, true} {
			if vouched && name == "missing" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				w := base.clone(t)
				spoil(w)
				if vouched {
					w.trust(w.id, "id_number")
				}
				w.refusesReveal("id_number")
			})
		}
	}
}

func (w *world) refusesReveal(field record.FieldName) {
	w.t.Helper()
	known := w.logged()
	got, err := w.v.Reveal(w.t.Context(), w.Actor("R10"), reveal(w.id, field, "audit"))
	w.wants(err, vault.ErrMismatch)
	if got != nil {
		w.t.Error("something came out")
	}
	codes := ""
	for _, e := range w.since(known) {
		if e.Verdict == entry.Outcome {
			codes += e.Code
		}
	}
	if codes != "mismatch" {
		w.t.Errorf("outcome %q", codes)
	}
}

// TestForeignCardIsRefused: a card of another customer, of yesterday, altered or missing shows nothing.
func TestForeignCardIsRefused(t *testing.T) {
	base := newWorld(t)
	other := base.p.Created(vaulttest.Person{N: 2}).Customer
	for name, spoil := range map[string]func(w *world){
		"of another customer": func(w *world) { w.copyBody(rows.Card(other), rows.Card(w.id)) },
		"missing":             func(w *world) { w.memory.Remove(rows.Card(w.id)) },
		"of another customer, vouched for": func(w *world) {
			w.copyBody(rows.Card(other), rows.Card(w.id))
			item, err := w.memory.Get(t.Context(), rows.Card(w.id))
			w.must(err)
			head := w.head(w.id)
			head.Card = rows.Digest(item.Body)
			w.setHead(w.id, head)
		},
	} {
		w := base.clone(t)
		spoil(w)
		_, _, err := w.v.List(t.Context(), w.Actor("R10"), vaulttest.Department, "", 10, "")
		if name == "missing" { // what has no card is in no list
			w.must(err)
		} else {
			w.wants(err, vault.ErrMismatch)
		}
		_, err = w.v.Open(t.Context(), w.Actor("R9"), w.id, "contract_service")
		w.wants(err, vault.ErrMismatch)
	}
}

// TestHeadsOfOthersAreRefused: a head moved to another customer's key opens nothing of either.
func TestHeadsOfOthersAreRefused(t *testing.T) {
	w := newWorld(t)
	other := w.p.Created(vaulttest.Person{N: 2}).Customer
	w.setHead(w.id, w.head(other))
	w.refusesReveal("id_number")
}

// racing is a store in which a transaction happens right before a read of one key.
type racing struct {
	store.Store
	key  store.Key
	once func()
}

func (r *racing) Get(ctx context.Context, key store.Key) (store.Item, error) {
	r.meet(key)
	return r.Store.Get(ctx, key)
}

func (r *racing) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	for _, key := range keys {
		r.meet(key)
	}
	return r.Store.GetMany(ctx, keys)
}

func (r *racing) meet(key store.Key) {
	if once := r.once; key == r.key && once != nil {
		r.once = nil
		once()
	}
}

// TestLostRacesAreNoAlarm: a change between the reads of head and card is a conflict or is read again, never a mismatch in the log.
func TestLostRacesAreNoAlarm(t *testing.T) {
	w := newWorld(t)
	for name, read := range map[string]func(v *vault.Vault) error{
		"list": func(v *vault.Vault) error {
			list, _, err := v.List(t.Context(), w.Actor("R10"), vaulttest.Department, "", 10, "")
			if err == nil && len(list) != 1 {
				t.Errorf("%d cards", len(list))
			}
			return err
		},
		"masked read": func(v *vault.Vault) error {
			_, err := v.Open(t.Context(), w.Actor("R9"), w.id, "contract_service")
			return err
		},
	} {
		n := 70 + len(name)
		race := &racing{w.memory, rows.Card(w.id), func() {
			_, err := w.update(values("email", vaulttest.Email(n)))
			w.must(err)
		}}
		err := read(w.ProcessOn(race, w.Keys, "serve-console", vaulttest.Everything).Vault)
		if name == "list" {
			w.must(err)
		} else {
			w.wants(err, vault.ErrConflict)
		}
	}
	for _, e := range w.Entries() {
		if e.Code == "mismatch" {
			t.Errorf("alarm: %+v", e)
		}
	}
}

// TestNoClearText: a marker in every field reaches no table, in no encoding that we know.
func TestNoClearText(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	police := storetest.Police(t, k.Base)
	marked := map[record.FieldName]string{"name": "卞记号", "phone": "+8613900112233", "email": "marker@example.com", "service_request": "记号之服务",
		"contact_address": "记号路一号", "home_address": "记号里二幢", "id_number": vaulttest.IDNumber(4242)}
	for _, text := range marked {
		police.Marker(text)
	}
	police.Marker("理由记号")
	p := k.ProcessOn(police, k.Keys, "serve-console", vaulttest.Everything)
	form := k.ProcessOn(police, k.Keys, "submit-form", vaulttest.Public)
	id, err := form.Submit(t.Context(), k.Fill(vaulttest.Person{N: 1, Change: marked}))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Vault.Accept(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	req := reveal(c.Customer, "id_number", "audit")
	req.Note = "理由记号"
	if _, err := p.Vault.Reveal(t.Context(), k.Actor("R10"), req); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Vault.Update(t.Context(), k.Actor("R10"), c.Customer, 1, "contract_service", values("service_request", "记号之服务二")); err != nil {
		t.Fatal(err)
	}
	if list, err := p.Vault.Search(t.Context(), k.Actor("R10"), "name", "two", "记号", record.Value{}); err != nil || len(list) != 1 {
		t.Fatalf("%d, %v", len(list), err)
	}
	for _, e := range k.Entries() {
		if data, err := e.Encode(); err != nil || strings.Contains(string(data), "记号") {
			t.Errorf("entry %v: %v", e, err)
		}
	}
}
