package vault_test

import (
	"context"
	"testing"
	"time"

	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// The reference record of design §12: one identifier, two sections, no search tokens. Its name has no Chinese characters to index, and
// its phone is known by its whole only.
func (w *world) reference(n int) vaulttest.Person {
	return vaulttest.Person{N: n, Channel: "phone", Separate: []record.FieldName{},
		Consents: map[record.PurposeID]bool{"contract_service": true, "customer_service": true, "marketing": true},
		Without:  []record.FieldName{"email", "gender", "service_request", "id_number", "home_address"}}
}

// plainPack is the kit's pack without search tokens, so that costs are those of the record itself.
func (w *world) plainPack() {
	pack := *w.Pack
	pack.Fields = map[record.FieldName]*policy.Field{}
	for name, field := range w.Pack.Fields {
		plain := *field
		plain.Search = nil
		pack.Fields[name] = &plain
	}
	w.UsePack(&pack)
}

// counted returns the write and read units of act, of tables and indexes apart, past the first calls that open lanes and intake keys.
func (w *world) counted(act func()) store.Use {
	w.Counter.Reset()
	act()
	return w.Counter.Total()
}

// TestCosts holds what the design promises, in write units of tables; those of indexes are logged apart.
func TestCosts(t *testing.T) {
	w := &world{Kit: vaulttest.New(t, vaulttest.Options{}), t: t}
	w.memory = w.Kit.Base.(*vaulttest.Memory)
	w.plainPack()
	w.p = w.Process("serve-console", vaulttest.Everything)
	w.v = w.p.Vault
	form := w.Process("submit-form", vaulttest.Public)
	warm := w.p.Created(w.reference(1))
	submission, err := form.Submit(t.Context(), w.Fill(w.public(2)))
	w.must(err)
	_, err = w.v.Accept(t.Context(), submission)
	w.must(err)
	_ = warm

	var id record.CustomerID
	create := w.counted(func() { id = w.p.Created(w.reference(3)).Customer })
	if sections := len(w.head(id).Sections); sections != 2 || len(w.head(id).AllIndexes()) != 1 {
		t.Fatalf("reference record: %d sections, %d index rows", sections, len(w.head(id).AllIndexes()))
	}
	limit(t, "record entered by staff", create, 18)

	submit := w.counted(func() {
		id, err := form.Submit(t.Context(), w.Fill(w.public(4)))
		w.must(err)
		_, err = w.v.Accept(t.Context(), id)
		w.must(err)
	})
	limit(t, "public submission to live record", submit, 20)

	read := w.counted(func() {
		_, err := w.v.Open(t.Context(), w.Actor("R10"), id, "contract_service")
		w.must(err)
	})
	limit(t, "first read of a person in a process", read, 2+1) // beside the entry, reads of the day for this one and the next ones
	const more = 7
	read = w.counted(func() {
		for range more {
			_, err := w.v.Open(t.Context(), w.Actor("R10"), id, "contract_service")
			w.must(err)
		}
	})
	limit(t, "seven more reads", read, 2*more)
	if read.ReadUnits > (1+1+1)*more { // head, section, card for the masked one
		t.Errorf("read takes %.1f read units", read.ReadUnits/more)
	}
	all := w.counted(func() {
		for range w.Pack.Limits.DailyReads - 1 - more {
			_, err := w.v.Open(t.Context(), w.Actor("R10"), id, "contract_service")
			w.must(err)
		}
	})
	limit(t, "the other reads of a day", all, 2*192+192/3) // a third of a unit each

	w.Clock.Set(time.Unix(w.head(id).Deadline, 0).Add(time.Hour))
	w.destruction(id)
}

// priced notes what each transaction costs.
type priced struct {
	*store.Counter
	bills []bill
}

type bill struct {
	first        store.Op
	units, index int
}

func (p *priced) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	before := p.Total()
	err := p.Counter.Transact(ctx, token, ops...)
	after := p.Total()
	p.bills = append(p.bills, bill{ops[0], after.WriteUnits - before.WriteUnits, after.IndexUnits - before.IndexUnits})
	return err
}

// destruction counts what the destruction of one customer costs: its transaction, and the residue beside the deletion of bodies.
func (w *world) destruction(id record.CustomerID) {
	w.t.Helper()
	due := rows.Due(rows.At(w.head(id).Due), id)
	till := &priced{Counter: w.Counter}
	run := w.Kit.Purge()
	run.Store, run.Since = till, w.Clock.Now().AddDate(0, 0, -1)
	run.Log = w.ProcessOn(till, w.Keys, "purge-expired", 0).Log
	if _, err := run.Run(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	transaction, residue := 0, 0
	for _, b := range till.bills {
		switch b.first.Item.Key {
		case rows.HeadKey(id):
			transaction += b.units
		case due:
			residue += b.units
		}
	}
	w.t.Logf("destruction: %d write units in its transaction, %d of residue", transaction, residue)
	if transaction == 0 || transaction > 8 || residue == 0 || residue > 4 {
		w.t.Errorf("destruction takes %d and %d, more than 8 and 4", transaction, residue)
	}
}

// public is the reference record as a customer fills it.
func (w *world) public(n int) vaulttest.Person {
	p := w.reference(n)
	p.Channel = ""
	return p
}

func limit(t *testing.T, what string, use store.Use, most int) {
	t.Helper()
	t.Logf("%s: %d write units of tables, %d of indexes; %.1f read units; %d transactions, %d reads", what, use.WriteUnits, use.IndexUnits,
		use.ReadUnits, use.Transactions, use.Gets+use.Queries)
	if use.WriteUnits > most {
		t.Errorf("%s takes %d write units of tables, more than %d", what, use.WriteUnits, most)
	}
}
