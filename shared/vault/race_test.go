package vault_test

import (
	"context"
	"testing"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// overtaken is a store in which something happens right before the first transaction that puts a head.
type overtaken struct {
	store.Store
	by func()
}

func (o *overtaken) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if by := o.by; by != nil && ops[0].Verb == store.Put && ops[0].Item.Key == rows.HeadKey(record.CustomerID(ops[0].Item.Key.PK[min(4, len(ops[0].Item.Key.PK)):])) {
		o.by = nil
		by()
	}
	return o.Store.Transact(ctx, token, ops...)
}

// behind returns a vault whose first write of a head is overtaken by by.
func (w *world) behind(by func()) *vault.Vault {
	return w.ProcessOn(&overtaken{w.memory, by}, w.Keys, "serve-console", vaulttest.Everything).Vault
}

// TestRepeatedRequestsMeet: two requests with one key at the same moment make one customer, and both callers learn of it.
func TestRepeatedRequestsMeet(t *testing.T) {
	w := newWorld(t)
	filled := w.Fill(vaulttest.Person{N: 20, Channel: "phone"})
	create := func(v *vault.Vault) vault.Created {
		created, err := v.Create(t.Context(), w.Actor("R10"), filled, "one key", []byte("one body"))
		w.must(err)
		return created
	}
	var first vault.Created
	second := create(w.behind(func() { first = create(w.v) }))
	if first.Customer != second.Customer || !second.Replayed || second.State != rows.StateLive {
		t.Errorf("%+v, then %+v", first, second)
	}
	w.Clean()
}

// TestAcceptsMeet: two processes that accept one submission at the same moment make one customer.
func TestAcceptsMeet(t *testing.T) {
	w := newWorld(t)
	for n, without := range [][]record.FieldName{nil, {"phone"}} { // with and without an identifier that tells them apart
		person := vaulttest.Person{N: 21 + n, Without: []record.FieldName{"email", "id_number"}}
		if without != nil {
			person.N = 1 // known: both would be pending
		}
		id, err := w.Process("submit-form", vaulttest.Public).Submit(t.Context(), w.Fill(person))
		w.must(err)
		var first vault.Created
		second, err := w.behind(func() {
			first, err = w.v.Accept(t.Context(), id)
			w.must(err)
		}).Accept(t.Context(), id)
		if err != nil || first.Customer == "" || second.Customer != "" {
			t.Errorf("%+v, then %+v, %v", first, second, err)
		}
		w.Clean()
	}
}

// TestUpdatesMeet: of two updates of one version, one wins and the other is stale.
func TestUpdatesMeet(t *testing.T) {
	w := newWorld(t)
	_, err := w.behind(func() {
		_, err := w.update(values("gender", "male"))
		w.must(err)
	}).Update(t.Context(), w.Actor("R10"), w.id, 1, "contract_service", values("gender", "female"))
	w.wants(err, vault.ErrStale)
	w.Clean()
}

// TestOnlyTheNamedCiphertextOpens: another sealing of the same version at the same place, such as that of an update that lost its race,
// is refused although every key fits.
func TestOnlyTheNamedCiphertextOpens(t *testing.T) {
	w := newWorld(t)
	key := w.current(w.id, "id_number")
	item, err := w.memory.Get(t.Context(), key)
	w.must(err)
	state := w.head(w.id).Section(w.Pack.SectionOf("id_number").ID)
	n := 1 + int(item.Body[0])
	shred := seal.Key(state.Shred)
	place := seal.Place{Deployment: w.Deployment, Customer: w.id, Section: state.ID, Schema: record.PackVersion(item.Body[1:n]), Version: "v00000001"}
	again, err := seal.SealItem(t.Context(), w.Random, w.p.Writer.For(seal.BranchL2), &shred, place, w.openBody(state, "v00000001", item.Body))
	w.must(err)
	item.Body = append(item.Body[:n:n], again...)
	w.openBody(state, "v00000001", item.Body) // it opens
	w.memory.Set(item)
	w.refusesReveal("id_number")
}
