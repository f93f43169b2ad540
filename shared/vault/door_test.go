package vault_test

import (
	"context"
	"errors"
	"testing"

	"kexin/shared/audit/entry"
	"kexin/shared/decision"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// method is one exported method of the vault as a caller uses it. It returns what came out, nil when nothing did.
type method struct {
	name    string
	changes bool // rows other than the log and reveal notes
	denied  bool // refuses with ErrDenied whom nothing permits; else it leaves out in silence, or is not asked by people
	call    func(ctx context.Context, w *world, actor vault.Actor) (any, error)
}

func methods() []method {
	return append(readers(), writers()...)
}

func readers() []method {
	return []method{
		{"Open", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			r, err := w.v.Open(ctx, a, w.id, "contract_service")
			return some(r != nil, err), err
		}},
		{"Reveal", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			req := reveal(w.id, "id_number", "audit")
			req.Note = "核对"
			r, err := w.v.Reveal(ctx, a, req)
			return some(r != nil, err), err
		}},
		{"Reveal without note", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			r, err := w.v.Reveal(ctx, a, reveal(w.id, "phone", "audit"))
			return some(r != nil, err), err
		}},
		{"MayAsk", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			d, err := w.v.MayAsk(ctx, a, w.id, "home_address", "contract_service", "audit")
			return some(d != "", err), err
		}},
		{"History", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			list, _, err := w.v.History(ctx, a, w.id, "")
			return some(len(list) > 0, err), err
		}},
		{"ReadAudit", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			list, _, err := w.v.ReadAudit(ctx, a, w.id, "")
			return some(len(list) > 0, err), err
		}},
		{"Would", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			verdict, err := w.v.Would(ctx, a, decision.ActRead, w.id, "phone", "contract_service", "")
			return some(verdict.Code != "", err), err
		}},
		{"List", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			list, _, err := w.v.List(ctx, a, vaulttest.Department, "", 10, "")
			return some(len(list) > 0, err), err
		}},
		{"Search", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			list, err := w.v.Search(ctx, a, "phone", "identifier", "", record.NewValue(vaulttest.Phone(1)))
			return some(len(list) > 0, err), err
		}},
		{"ListPending", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			var all []vault.PendingView
			for _, shard := range rows.ShardNames() {
				list, _, err := w.v.ListPending(ctx, a, shard, "")
				if err != nil {
					return some(list != nil, err), err
				}
				all = append(all, list...)
			}
			return some(len(all) == 1 && len(all[0].Matches) == 1, nil), nil
		}},
		{"PreviewExport", false, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			level, err := w.v.PreviewExport(ctx, a, vaulttest.Department, "contract_service", "audit", []record.FieldName{"name"}, true)
			return some(level != 0, err), err
		}},
		{"ReadForExport", true, false, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			list, err := w.v.ReadForExport(ctx, vault.ExportPart{Export: anExport, Actor: a, Purpose: "contract_service", Reason: "audit",
				Approved: true, Fields: []record.FieldName{"name"}, Customers: []record.CustomerID{w.id}})
			return some(len(list) > 0, err), err
		}},
	}
}

var anExport = record.ExportID(record.IDFromBytes(record.PrefixExport, [16]byte{1}))

func writers() []method {
	return []method{
		{"Create", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			c, err := w.v.Create(ctx, a, w.Fill(vaulttest.Person{N: 2, Channel: "phone"}), "key", []byte("body"))
			return some(c.Customer != "", err), err
		}},
		{"Accept", true, false, func(ctx context.Context, w *world, _ vault.Actor) (any, error) {
			id, err := w.Kit.Process("submit-form", vaulttest.Public).Submit(ctx, w.Fill(vaulttest.Person{N: 3}))
			w.must(err)
			c, err := w.v.Accept(ctx, id)
			return some(c.Customer != "", err), err
		}},
		{"Update", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			n, err := w.v.Update(ctx, a, w.id, 1, "contract_service", values("email", vaulttest.Email(7)))
			return some(n != 0, err), err
		}},
		{"Withdraw", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			n, err := w.v.Withdraw(ctx, a, w.id, 1, []record.PurposeID{"marketing"}, nil, "phone")
			return some(n != 0, err), err
		}},
		{"Hold", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			n, err := w.v.Hold(ctx, a, w.id, 1, true, "audit")
			return some(n != 0, err), err
		}},
		{"QueueDestruction", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			n, err := w.v.QueueDestruction(ctx, a, w.id, 1, "audit")
			return some(n != 0, err), err
		}},
		{"Merge", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			n, err := w.v.Merge(ctx, a, w.pending, w.id, 1)
			return some(n != 0, err), err
		}},
		{"Refuse", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			return nil, w.v.Refuse(ctx, a, w.pending, "audit")
		}},
		{"Admit", true, true, func(ctx context.Context, w *world, a vault.Actor) (any, error) {
			n, err := w.v.Admit(ctx, a, w.pending, 1)
			if errors.Is(err, vault.ErrTaken) { // person 1 still lives; that it was let in so far is what counts here
				err = nil
			}
			return some(n != 0, err), err
		}},
	}
}

// some returns a mark when something came out.
func some(out bool, _ error) any {
	if out {
		return out
	}
	return nil
}

// TestEveryMethodAllows: what is permitted happens and is in the log.
func TestEveryMethodAllows(t *testing.T) {
	base := newWorld(t)
	for _, m := range methods() {
		t.Run(m.name, func(t *testing.T) {
			w := base.clone(t)
			before, known := w.state(), w.logged()
			out, err := m.call(t.Context(), w, w.Actor("R10"))
			w.must(err)
			if out == nil && m.name != "Refuse" && m.name != "Admit" {
				t.Error("nothing came out")
			}
			if changed := len(vaulttest.Diff(before, w.state())) > 0; changed != (m.changes && m.name != "Admit") {
				t.Errorf("changed: %v", vaulttest.Diff(before, w.state()))
			}
			if len(w.since(known)) == 0 && m.name != "Admit" {
				t.Error("no entry")
			}
			if m.name != "ReadForExport" { // its export's row is not part of this world
				w.Clean()
			}
		})
	}
}

// TestEveryMethodDenies: whom nothing permits gets ErrDenied and nothing else, the refusal is in the log, and nothing has changed.
func TestEveryMethodDenies(t *testing.T) {
	base := newWorld(t)
	for _, m := range methods() {
		for _, role := range []record.Role{"R13", "R23"} {
			t.Run(m.name+" "+string(role), func(t *testing.T) {
				if m.name == "Accept" {
					return // asked by nobody
				}
				w := base.clone(t)
				before, known := w.state(), w.logged()
				out, err := m.call(t.Context(), w, w.Actor(role))
				if out != nil {
					t.Error("something came out")
				}
				if !m.denied {
					return
				}
				w.wants(err, vault.ErrDenied)
				w.unchanged(before)
				if _, err := w.memory.Get(t.Context(), rows.Reads(w.Actor(role).Staff)); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("a refusal is counted as a read: %v", err)
				}
				fresh := w.since(known)
				if len(fresh) != 1 || fresh[0].Verdict != entry.Deny || fresh[0].Actor.Role != role || fresh[0].Code == "" {
					t.Errorf("entries: %+v", fresh)
				}
			})
		}
	}
}

// TestNothingHappensWithoutTheLog: when an entry cannot be written, no method changes anything, and none returns anything.
func TestNothingHappensWithoutTheLog(t *testing.T) {
	base := newWorld(t)
	for _, m := range methods() {
		for _, role := range []record.Role{"R10", "R13"} {
			t.Run(m.name+" "+string(role), func(t *testing.T) {
				w := base.clone(t)
				seen := &watch{failingLog{w.memory}, map[store.Key]bool{}}
				w.v = w.ProcessOn(seen, w.Keys, "serve-console", vaulttest.Everything).Vault
				before := w.state()
				out, err := m.call(t.Context(), w, w.Actor(role))
				if err == nil || out != nil {
					t.Errorf("out %v, err %v", out, err)
				}
				if m.name != "Accept" { // there the test itself has put the submission
					w.unchanged(before)
				}
				if m.name == "Merge" || m.name == "Update" || m.name == "Admit" {
					return // they open what they change before they write
				}
				if bodies := seen.bodies(); len(bodies) > 0 {
					t.Errorf("read %v without an entry", bodies)
				}
			})
		}
	}
}

func TestVaultNeedsItsParts(t *testing.T) {
	whole := newWorld(t).v.Config
	for name, drop := range map[string]func(*vault.Config){
		"log": func(c *vault.Config) { c.Log = nil }, "store": func(c *vault.Config) { c.Store = nil },
		"pack": func(c *vault.Config) { c.Pack = nil }, "engine": func(c *vault.Config) { c.Engine = nil },
		"clock": func(c *vault.Config) { c.Now = nil }, "randomness": func(c *vault.Config) { c.Random = nil },
		"deployment": func(c *vault.Config) { c.Deployment = "" },
	} {
		c := whole
		drop(&c)
		if _, err := vault.New(c); !errors.Is(err, vault.ErrIncapable) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// TestIncapable: a function without a capability cannot do what needs it, whoever asks.
func TestIncapable(t *testing.T) {
	base := newWorld(t)
	for _, c := range []struct {
		may    vaulttest.Capability
		method string
	}{
		{vaulttest.Everything &^ vaulttest.Opens, "Open"}, {vaulttest.Everything &^ vaulttest.Opens, "Reveal"},
		{vaulttest.Everything &^ vaulttest.Seals, "Update"}, {vaulttest.Everything &^ vaulttest.Searches, "Update"},
		{vaulttest.Everything &^ vaulttest.Searches, "Create"}, {vaulttest.Everything &^ vaulttest.SealsL3, "Create"},
		{vaulttest.Everything &^ vaulttest.Searches, "Search"}, {vaulttest.Everything &^ vaulttest.Accepts, "Accept"},
		{vaulttest.Everything &^ vaulttest.Searches, "ListPending"}, {vaulttest.Everything &^ vaulttest.Searches, "Admit"},
	} {
		for _, m := range methods() {
			if m.name != c.method {
				continue
			}
			w := base.clone(t)
			w.v = w.Kit.Process("serve-console", c.may).Vault
			before := w.state()
			out, err := m.call(t.Context(), w, w.Actor("R10"))
			if !errors.Is(err, vault.ErrIncapable) || out != nil {
				t.Errorf("%s with %b: %v, %v", m.name, c.may, out, err)
			}
			if m.name != "Accept" && m.name != "Reveal" { // the note of a reveal is stored with its entry
				w.unchanged(before)
			}
		}
	}
}
