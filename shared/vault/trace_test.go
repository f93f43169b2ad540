package vault_test

import (
	"testing"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// TestHistoryNamesListsAndExports: acts on many customers are found from each of them, in the order in which they happened.
func TestHistoryNamesListsAndExports(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.v.List(t.Context(), w.Actor("R10"), vaulttest.Department, "", 10, "")
	w.must(err)
	export := record.ExportID(record.IDFromBytes(record.PrefixExport, [16]byte{7}))
	_, err = w.v.ReadForExport(t.Context(), vault.ExportPart{Export: export, Actor: w.Actor("R10"), Purpose: "contract_service",
		Reason: "audit", Approved: true, Fields: []record.FieldName{"name"}, Customers: []record.CustomerID{w.id}})
	w.must(err)
	list, next, err := w.v.ReadAudit(t.Context(), w.Actor("R11"), w.id, "")
	w.must(err)
	seen := map[string]string{}
	for i, e := range list {
		seen[e.Action] = e.Ref
		if i > 0 && e.At < list[i-1].At {
			t.Errorf("entry %d is older than the one before", i)
		}
	}
	if seen["list"] == "" || seen["export"] != string(export) || seen["create"] == "" || next != "" {
		t.Errorf("history: %v, next %q", seen, next)
	}
	if _, _, err := w.v.ReadAudit(t.Context(), w.Actor("R11"), w.id, "bm90IG91cnM"); err == nil {
		t.Error("foreign cursor accepted")
	}
	w.must(w.memory.Transact(t.Context(), "", store.DeleteIf(rows.Roster(w.id, export), store.IfPresent())))
	list, _, err = w.v.ReadAudit(t.Context(), w.Actor("R11"), w.id, "")
	w.must(err)
	for _, e := range list {
		if e.Action == "export" {
			t.Error("export named without its roster row")
		}
	}
}
