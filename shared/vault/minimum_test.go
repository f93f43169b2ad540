package vault_test

import (
	"testing"
	"time"

	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// minimumWorld is a deployment whose law keeps what the contract needed for ten years (PIPL 47), with one customer.
func minimumWorld(t *testing.T) *world {
	t.Helper()
	k := vaulttest.New(t, vaulttest.Options{})
	pack := *k.Pack
	pack.Purposes = map[record.PurposeID]*policy.Purpose{}
	for id, purpose := range k.Pack.Purposes {
		pack.Purposes[id] = purpose
	}
	contract := *pack.Purposes["contract_service"]
	contract.Minimum = &policy.Retention{Trigger: "contract_end", Period: policy.Period{Years: 10}}
	pack.Purposes["contract_service"] = &contract
	k.UsePack(&pack)
	w := &world{Kit: k, t: t, memory: k.Base.(*vaulttest.Memory), p: k.Process("serve-console", vaulttest.Everything)}
	w.v = w.p.Vault
	w.id = w.p.Created(vaulttest.Person{N: 1}).Customer
	return w
}

// keptAndRefused expects that the customer's contract data is stored and that nobody gets to see it.
func (w *world) keptAndRefused(name string) {
	w.t.Helper()
	if _, err := w.v.Open(w.t.Context(), w.Actor("R10"), w.id, "contract_service"); err == nil {
		w.t.Errorf("%s: it opens", name)
	}
	if _, err := w.v.Open(w.t.Context(), vaulttest.Self(w.id), w.id, "contract_service"); err == nil {
		w.t.Errorf("%s: it opens for the customer", name)
	}
	_, err := w.v.Reveal(w.t.Context(), w.Actor("R10"), reveal(w.id, "contact_address", "audit"))
	w.wants(err, vault.ErrExpired)
	_, err = w.update(values("phone", vaulttest.Phone(9)))
	w.wants(err, vault.ErrExpired)
	list, _, err := w.v.List(w.t.Context(), w.Actor("R10"), vaulttest.Department, "", 10, "")
	if err != nil || len(list) != 0 {
		w.t.Errorf("%s: listed %d, %v", name, len(list), err)
	}
	part, err := w.v.ReadForExport(w.t.Context(), vault.ExportPart{Export: anExport, Actor: w.Actor("R10"), Purpose: "contract_service",
		Reason: "audit", Approved: true, Fields: []record.FieldName{"name"}, Customers: []record.CustomerID{w.id}})
	if err != nil || len(part) != 0 {
		w.t.Errorf("%s: exported %d, %v", name, len(part), err)
	}
	if _, err := w.memory.Get(w.t.Context(), w.current(w.id, "phone")); err != nil {
		w.t.Errorf("%s: not kept: %v", name, err)
	}
}

// TestStatutoryMinimumKeepsRestricted: after withdrawal of everything, after a request for destruction and after the end of the period,
// the data is kept, refused, and destroyed when the minimum has passed.
func TestStatutoryMinimumKeepsRestricted(t *testing.T) {
	for name, end := range map[string]func(w *world) error{
		"withdrawn": func(w *world) error {
			_, err := w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 1, []record.PurposeID{"contract_service", "customer_service", "marketing"}, nil, "phone")
			return err
		},
		"requested": func(w *world) error {
			_, err := w.v.QueueDestruction(t.Context(), w.Actor("R10"), w.id, 1, "audit")
			return err
		},
		"expired": func(w *world) error { w.Clock.Pass(4 * 366 * 24 * time.Hour); return nil },
	} {
		w := minimumWorld(t)
		minimum := w.Clock.Now().AddDate(10, 0, 0)
		w.must(end(w))
		w.keptAndRefused(name)
		if got := w.head(w.id).Deadline; got != minimum.Unix() {
			t.Errorf("%s: deadline %v, want %v", name, rows.At(got), minimum)
		}
		w.Clock.Pass(time.Hour)
		purge := w.Kit.Purge()
		report, err := purge.Run(t.Context())
		if err != nil || report.Destroyed != 0 || !report.Complete {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
		w.keptAndRefused(name + ", after a purge")
		w.Clock.Set(minimum)
		w.purge(1)
	}
}
