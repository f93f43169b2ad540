package vault_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// TestLevelsDecideWhatIsSeen: L1 in clear, L2 masked, L3 absent; the export manager sees masks only.
func TestLevelsDecideWhatIsSeen(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		role   record.Role
		clear  []record.FieldName
		masked []record.FieldName
	}{
		{"R10", []record.FieldName{"name", "phone", "email", "service_request"}, []record.FieldName{"id_number", "contact_address"}},
		{"R8", []record.FieldName{"name", "phone", "email", "service_request"}, []record.FieldName{"id_number", "contact_address"}},
		{"R9", nil, []record.FieldName{"name", "phone", "email", "service_request", "id_number", "contact_address"}},
	} {
		r, err := w.v.Open(t.Context(), w.Actor(c.role), w.id, "contract_service")
		w.must(err)
		for _, name := range c.clear {
			if shown := r.Fields[name]; shown.Value.Empty() || shown.Masked != "" {
				t.Errorf("%s: %s is not clear", c.role, name)
			}
		}
		for _, name := range c.masked {
			if shown := r.Fields[name]; !shown.Value.Empty() || !strings.Contains(shown.Masked, "*") && name != "service_request" {
				t.Errorf("%s: %s is %q", c.role, name, shown.Masked)
			}
		}
		if len(r.Fields) != len(c.clear)+len(c.masked) || !slices.Contains(r.Hidden, "home_address") {
			t.Errorf("%s: %d fields, hidden %v", c.role, len(r.Fields), r.Hidden)
		}
	}
}

// TestOpensOnlyThePurpose: reading for a purpose touches the sections that serve it, and none of L2 or L3.
func TestOpensOnlyThePurpose(t *testing.T) {
	w := newWorld(t).clone(t)
	seen := &watch{w.memory, map[store.Key]bool{}}
	v := w.ProcessOn(seen, w.Keys, "serve-console", vaulttest.Everything).Vault
	for _, purpose := range []record.PurposeID{"contract_service", "customer_service", "marketing"} {
		clear(seen.read)
		known := w.logged()
		_, err := v.Open(t.Context(), w.Actor("R10"), w.id, purpose)
		w.must(err)
		var want []store.Key
		var sections []record.SectionID
		for _, state := range w.head(w.id).Sections {
			if s := w.Pack.Section(state.ID); s.Serves(purpose) {
				if state.Level < record.L3 {
					sections = append(sections, state.ID)
				}
				if state.Level < record.L2 {
					want = append(want, rows.Section(state.Level, w.id, state.ID, state.Version))
				}
			}
		}
		if got := seen.bodies(); len(want) == 0 || !sameKeys(got, want) {
			t.Errorf("%s read %v, want %v", purpose, got, want)
		}
		if e := w.since(known); len(e) != 1 || !slices.Equal(e[0].Sections, sections) || e[0].Purpose != purpose {
			t.Errorf("%s: entries %+v, want sections %v", purpose, e, sections)
		}
	}
}

func sameKeys(a, b []store.Key) bool {
	less := func(x, y store.Key) int { return strings.Compare(x.String(), y.String()) }
	slices.SortFunc(a, less)
	slices.SortFunc(b, less)
	return slices.Equal(a, b)
}

// TestReveal: L2 for a reason, L3 only with an approval; the note is sealed and the entry holds its hash.
func TestReveal(t *testing.T) {
	w := newWorld(t)
	_, err := w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "id_number", ""))
	w.wants(err, vault.ErrDenied)
	_, err = w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "home_address", "audit"))
	w.wants(err, vault.ErrDenied)
	approved := reveal(w.id, "home_address", "audit")
	approved.Approved = true
	got, err := w.v.Reveal(t.Context(), w.Actor("R10"), approved)
	w.must(err)
	if got.Seconds != 30 || got.Until != w.Clock.Now().Unix()+30 || got.Value.Empty() {
		t.Errorf("L3: %+v", got)
	}
	known := w.logged()
	req := reveal(w.id, "id_number", "verify_identity")
	req.Note = "客户来电核对身份"
	got, err = w.v.Reveal(t.Context(), w.Actor("R10"), req)
	w.must(err)
	if got.Value.Reveal() != vaulttest.IDNumber(1) || got.Seconds != 60 {
		t.Errorf("L2: %+v", got)
	}
	w.sealedNote(w.since(known), got.Reveal, req.Note)
	_, err = w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "nothing", "audit"))
	w.problem(err, "field", "unknown_field")
	_, err = w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "uscc", "audit"))
	w.problem(err, "field", "not_held")
	_, err = w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.pending, "phone", "audit"))
	w.wants(err, vault.ErrNotFound)
	w.Clean()
}

func (w *world) sealedNote(fresh []entry.Entry, id record.RevealID, text string) {
	w.t.Helper()
	section := w.Pack.SectionOf("id_number")
	item, err := w.memory.Get(w.t.Context(), rows.Note(record.L2, w.id, section.ID, string(id)))
	w.must(err)
	if strings.Contains(string(item.Body), text) {
		w.t.Error("the note lies in clear")
	}
	if len(fresh) != 1 || fresh[0].Note != audit.Digest(rows.Digest(item.Body)) || fresh[0].Reveal != id || fresh[0].Reason != "verify_identity" {
		w.t.Errorf("entries: %+v", fresh)
	}
}

// TestEndedIsRefusedBeforeThePurge: reads stop when the period ends, purpose by purpose, although everything is still stored.
func TestEndedIsRefusedBeforeThePurge(t *testing.T) {
	w := newWorld(t)
	open := func(purpose record.PurposeID) error {
		_, err := w.v.Open(t.Context(), w.Actor("R10"), w.id, purpose)
		return err
	}
	start := w.Clock.Now()
	w.Clock.Set(start.AddDate(1, 0, 1)) // marketing ends after a year
	w.wants(open("marketing"), vault.ErrDenied)
	w.must(open("customer_service"))
	w.Clock.Set(start.AddDate(2, 0, 1)) // customer service after two
	w.wants(open("customer_service"), vault.ErrDenied)
	w.must(open("contract_service"))
	w.Clock.Set(start.AddDate(3, 0, 1)) // and the contract after three
	known := w.logged()
	w.wants(open("contract_service"), vault.ErrExpired)
	_, err := w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "id_number", "audit"))
	w.wants(err, vault.ErrExpired)
	_, err = w.update(values("email", "new@example.com"))
	w.wants(err, vault.ErrExpired)
	for _, e := range w.since(known) {
		if e.Verdict != entry.Deny || e.Code != "expired" {
			t.Errorf("entry %+v", e)
		}
	}
	if len(w.since(known)) != 3 {
		t.Errorf("%d entries, want 3", len(w.since(known)))
	}
	list, _, err := w.v.List(t.Context(), w.Actor("R10"), vaulttest.Department, "", 10, "")
	if err != nil || len(list) != 0 {
		t.Errorf("list: %d, %v", len(list), err)
	}
	list, err = w.v.Search(t.Context(), w.Actor("R10"), "phone", "identifier", "", record.NewValue(vaulttest.Phone(1)))
	if err != nil || len(list) != 0 {
		t.Errorf("search: %d, %v", len(list), err)
	}
	part, err := w.v.ReadForExport(t.Context(), vault.ExportPart{Export: anExport, Actor: w.Actor("R10"), Purpose: "contract_service",
		Reason: "audit", Approved: true, Fields: []record.FieldName{"name"}, Customers: []record.CustomerID{w.id}})
	if err != nil || len(part) != 0 {
		t.Errorf("export: %d, %v", len(part), err)
	}
}

// TestListsShowCardsOnly: masked values of L1 and L2 fields that are on the card, and one entry that names every customer shown.
func TestListsShowCardsOnly(t *testing.T) {
	w := newWorld(t)
	known := w.logged()
	list, _, err := w.v.List(t.Context(), w.Actor("R10"), vaulttest.Department, "", 10, "")
	w.must(err)
	if len(list) != 1 || list[0].Customer != w.id {
		t.Fatalf("%d cards: the pending record is not listed", len(list))
	}
	for name, shown := range list[0].Fields {
		if !shown.Value.Empty() || !strings.Contains(shown.Masked, "*") || !w.Pack.Fields[name].OnCard {
			t.Errorf("%s: %+v", name, shown)
		}
	}
	fresh := w.since(known)
	if len(fresh) != 1 || !slices.Equal(fresh[0].Customers, []record.CustomerID{w.id}) {
		t.Errorf("entries %+v", fresh)
	}
	mention := store.Key{Table: store.Audit, PK: rows.PrefixMention + string(w.id), SK: fresh[0].Object}
	if _, err := w.memory.Get(t.Context(), mention); err != nil {
		t.Errorf("mention: %v", err)
	}
}

// TestSearch finds by identifier, exact name, parts, initials and last digits, and nothing by what is too short.
func TestSearch(t *testing.T) {
	w := newWorld(t)
	name := []rune(vaulttest.Name(1))
	for _, c := range []struct {
		field record.FieldName
		kind  string
		text  string
		value string
		found int
	}{
		{"phone", "identifier", "", vaulttest.Phone(1), 1}, {"email", "identifier", "", vaulttest.Email(1), 1},
		{"email", "identifier", "", vaulttest.Email(50), 0}, // the pending record has no index rows
		{"id_number", "identifier", "", vaulttest.IDNumber(1), 1}, {"name", "exact", string(name), "", 1},
		{"name", "two", string(name[1:3]), "", 1}, {"name", "two", string(name[:1]), "", 0},
		{"phone", "last4", "0001", "", 1}, {"phone", "last4", "0002", "", 0},
	} {
		list, err := w.v.Search(t.Context(), w.Actor("R10"), c.field, c.kind, c.text, record.NewValue(c.value))
		if err != nil || len(list) != c.found {
			t.Errorf("%s by %s: %d found, %v", c.field, c.kind, len(list), err)
		}
	}
	_, err := w.v.Search(t.Context(), w.Actor("R10"), "gender", "exact", "x", record.Value{})
	w.problem(err, "kind", "not_searchable")
	_, err = w.v.Search(t.Context(), w.Actor("R10"), "nothing", "exact", "x", record.Value{})
	w.problem(err, "field", "unknown_field")
}

// TestMissingIsRecorded: probing for customers that are not there shows in the log.
func TestMissingIsRecorded(t *testing.T) {
	w := newWorld(t)
	known := w.logged()
	nobody := record.CustomerID(record.IDFromBytes(record.PrefixCustomer, [16]byte{0xee}))
	for _, id := range []record.CustomerID{nobody, w.pending, "cus_malformed"} {
		_, err := w.v.Open(t.Context(), w.Actor("R10"), id, "contract_service")
		w.wants(err, vault.ErrNotFound)
	}
	for _, e := range w.since(known) {
		if e.Verdict != entry.Deny || e.Code != "not-found" {
			t.Errorf("%+v", e)
		}
	}
	if n := len(w.since(known)); n != 3 {
		t.Errorf("%d entries", n)
	}
	_, err := w.v.Open(t.Context(), w.Actor("R10"), w.id, "Made Up!")
	w.wants(err, vault.ErrDenied)
}

// TestCustomerHimself reads his own record and nobody else's.
func TestCustomerHimself(t *testing.T) {
	w := newWorld(t)
	other := w.p.Created(vaulttest.Person{N: 2}).Customer
	known := w.logged()
	r, err := w.v.Open(t.Context(), vaulttest.Self(w.id), w.id, "contract_service")
	w.must(err)
	if r.Fields["name"].Value.Reveal() != vaulttest.Name(1) {
		t.Error("name is missing")
	}
	if e := w.since(known); len(e) != 1 || e[0].Actor.Kind != audit.Customer {
		t.Errorf("%+v", e)
	}
	_, err = w.v.Open(t.Context(), vaulttest.Self(w.id), other, "contract_service")
	w.wants(err, vault.ErrDenied)
}

// TestReadsCostNoRootKeys: after the branch is open, no read or write of L1 and L2 calls the root keys.
func TestReadsCostNoRootKeys(t *testing.T) {
	w := newWorld(t).clone(t)
	v := w.Process("serve-console", vaulttest.Seals|vaulttest.Opens|vaulttest.Searches).Vault
	_, err := v.Open(t.Context(), w.Actor("R10"), w.id, "contract_service")
	w.must(err)
	w.KeyUse.Reset()
	for n := range 20 {
		_, err := v.Open(t.Context(), w.Actor("R10"), w.id, "contract_service")
		w.must(err)
		p := vaulttest.Person{N: 100 + n, Channel: "phone", Without: []record.FieldName{"home_address"}}
		_, err = v.Create(t.Context(), w.Actor("R10"), w.Fill(p), p.Key(), nil)
		w.must(err)
	}
	if n := w.KeyUse.Total(); n != 0 {
		t.Errorf("%d calls", n)
	}
	for range 3 { // one more call for each branch when five minutes are over
		w.Clock.Pass(6 * time.Minute)
		_, err := v.Open(t.Context(), w.Actor("R10"), w.id, "contract_service")
		w.must(err)
	}
	if got := w.KeyUse.Unwraps(keys.ForBranch); got < 3 || got > 6 {
		t.Errorf("%d calls in 18 minutes", got)
	}
	w.KeyUse.Reset()
	approved := reveal(w.id, "home_address", "audit")
	approved.Approved = true
	for range 3 {
		_, err := w.v.Reveal(t.Context(), w.Actor("R10"), approved)
		w.must(err)
	}
	if got := w.KeyUse.Unwraps(keys.ForRecord); got != 3 {
		t.Errorf("%d calls for 3 openings of L3", got)
	}
}

// TestListOfEverythingThatOneMaySee: without a department a list walks those that the actor may list, page by page and each customer once.
func TestListOfEverythingThatOneMaySee(t *testing.T) {
	w := newWorld(t)
	for n := 2; n <= 6; n++ {
		w.p.Created(vaulttest.Person{N: n})
	}
	walk := func(actor vault.Actor, limit int) map[record.CustomerID]int {
		seen := map[record.CustomerID]int{}
		for cursor := ""; ; {
			list, next, err := w.v.List(t.Context(), actor, "", "", limit, cursor)
			w.must(err)
			for _, card := range list {
				seen[card.Customer]++
			}
			if cursor = next; next == "" {
				return seen
			}
		}
	}
	central := w.Actor("R10")
	central.Department = "information" // where no customer is
	for _, limit := range []int{1, 2, 5, 40} {
		seen := walk(central, limit)
		for id, times := range seen {
			if times != 1 {
				t.Errorf("limit %d: %s is listed %d times", limit, id, times)
			}
		}
		if len(seen) != 6 {
			t.Errorf("limit %d: %d customers", limit, len(seen))
		}
	}
	other := w.Actor("R3")
	if other.Department = "sales"; len(walk(other, 10)) != 0 {
		t.Error("sales sees customers of another department")
	}
	_, _, err := w.v.List(t.Context(), w.Actor("R11"), "", "", 10, "")
	w.wants(err, vault.ErrDenied)
	_, _, err = w.v.List(t.Context(), other, "", "", 10, string(vaulttest.Department)+"/")
	w.wants(err, store.ErrCursor)
}
