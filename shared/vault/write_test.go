package vault_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// TestUpdateKeepsEarlierVersions: the new version is sealed under the same shred key beside the old one, and the indexes follow.
func TestUpdateKeepsEarlierVersions(t *testing.T) {
	w := newWorld(t)
	section := w.Pack.SectionOf("phone")
	old, err := w.memory.Get(t.Context(), rows.Section(section.Level, w.id, section.ID, 1))
	w.must(err)
	version, err := w.update(values("phone", vaulttest.Phone(60)))
	w.must(err)
	state := w.head(w.id).Section(section.ID)
	if version != 2 || state.Version != 2 {
		t.Errorf("version %d, section %d", version, state.Version)
	}
	kept, err := w.memory.Get(t.Context(), old.Key)
	if err != nil || !bytes.Equal(kept.Body, old.Body) {
		t.Errorf("version 1: %v", err)
	}
	plain := w.openBody(state, "v00000001", kept.Body)
	if !bytes.Contains(plain, []byte(vaulttest.Phone(1))) {
		t.Error("version 1 does not open to what it was")
	}
	w.findsBy("phone", vaulttest.Phone(60), w.id)
	w.findsBy("phone", vaulttest.Phone(1), "")
	r, err := w.v.Open(t.Context(), w.Actor("R9"), w.id, "contract_service")
	w.must(err)
	if got := r.Fields["phone"].Masked; got == "" || got == r.Fields["email"].Masked {
		t.Errorf("card shows %q", got)
	}
	w.Clean()
}

// openBody opens a stored body with everything that the deployment has.
func (w *world) openBody(state *rows.SectionState, what string, body []byte) []byte {
	w.t.Helper()
	n := 1 + int(body[0])
	shred := seal.Key(state.Shred)
	place := seal.Place{Deployment: w.Deployment, Customer: w.id, Section: state.ID, Schema: record.PackVersion(body[1:n]), Version: what}
	plain, err := seal.OpenItem(w.t.Context(), w.p.Ring, &shred, place, body[n:])
	w.must(err)
	return plain
}

func (w *world) findsBy(field record.FieldName, value string, want record.CustomerID) {
	w.t.Helper()
	list, err := w.v.Search(w.t.Context(), w.Actor("R10"), field, "identifier", "", record.NewValue(value))
	w.must(err)
	if len(list) != 0 && want == "" || want != "" && (len(list) != 1 || list[0].Customer != want) {
		w.t.Errorf("%s leads to %+v, want %q", field, list, want)
	}
}

func TestUpdateRefusals(t *testing.T) {
	w := newWorld(t)
	other := w.p.Created(vaulttest.Person{N: 2}).Customer
	before := w.state()
	_, err := w.v.Update(t.Context(), w.Actor("R10"), w.id, 7, "contract_service", values("gender", "male"))
	w.wants(err, vault.ErrStale)
	_, err = w.update(values("phone", vaulttest.Phone(2)))
	w.wants(err, vault.ErrTaken)
	_, err = w.update(values("nothing", "x"))
	w.problem(err, "fields.nothing", "unknown_field")
	_, err = w.update(values("uscc", "x"))
	w.problem(err, "fields.uscc", "not_for_this_kind")
	_, err = w.update(values("name", ""))
	w.problem(err, "fields.name", "required")
	_, err = w.update(record.Fields{})
	w.problem(err, "fields", "nothing_to_change")
	_, err = w.v.Update(t.Context(), w.Actor("R10"), w.pending, 1, "contract_service", values("gender", "male"))
	w.wants(err, vault.ErrNotFound)
	_, err = w.v.Update(t.Context(), w.Actor("R8"), w.id, 1, "contract_service", values("gender", "male", "contact_address", "春和路9号"))
	w.wants(err, vault.ErrDenied) // one section of L2 refuses the whole
	w.unchanged(before)
	_ = other
}

// TestUpdateOfRestricted: the console cannot open L3, so it takes the whole section or nothing; open-restricted changes it alone.
func TestUpdateOfRestricted(t *testing.T) {
	w := newWorld(t)
	v := w.Process("serve-console", vaulttest.Everything&^vaulttest.OpensL3).Vault
	version, err := v.Update(t.Context(), w.Actor("R10"), w.id, 1, "contract_service", values("home_address", "杭州市余杭区春和里8幢"))
	w.must(err)
	req := reveal(w.id, "home_address", "audit")
	req.Approved = true
	got, err := w.v.Reveal(t.Context(), w.Actor("R10"), req)
	if err != nil || got.Value.Reveal() != "杭州市余杭区春和里8幢" || version != 2 {
		t.Errorf("%v, version %d", err, version)
	}
	w.Clean()
}

// TestUpdateAddsAndEmptiesSections: a section that the record did not have appears with a deadline of its own; removing a field leaves
// the section with an earlier version that still dies with it.
func TestUpdateAddsAndEmptiesSections(t *testing.T) {
	w := newWorld(t)
	id := w.p.Created(vaulttest.Person{N: 3, Without: []record.FieldName{"contact_address", "home_address"}}).Customer
	_, err := w.v.Update(t.Context(), w.Actor("R10"), id, 1, "contract_service", values("contact_address", "杭州市上城区春和路5号"))
	w.must(err)
	state := w.head(id).Section(w.Pack.SectionOf("contact_address").ID)
	if state == nil || state.Version != 1 || state.Deadline == 0 {
		t.Fatalf("state %+v", state)
	}
	_, err = w.v.Update(t.Context(), w.Actor("R10"), id, 2, "contract_service", values("contact_address", ""))
	w.must(err)
	r, err := w.v.Open(t.Context(), w.Actor("R10"), id, "contract_service")
	w.must(err)
	if _, ok := r.Fields["contact_address"]; ok {
		t.Error("a removed field is still shown")
	}
	w.Clean()
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), id, 3, []record.PurposeID{"marketing", "customer_service", "contract_service"}, nil, "phone")
	w.must(err)
	_, err = w.v.Update(t.Context(), w.Actor("R10"), id, 4, "contract_service", values("gender", "male"))
	w.wants(err, vault.ErrExpired)
}

func TestCreateIsIdempotent(t *testing.T) {
	w := newWorld(t)
	filled := w.Fill(vaulttest.Person{N: 4, Channel: "phone"})
	first, err := w.v.Create(t.Context(), w.Actor("R10"), filled, "a key", []byte("a body"))
	w.must(err)
	before := w.state()
	again, err := w.Process("serve-console", vaulttest.Everything).Vault.Create(t.Context(), w.Actor("R10"), filled, "a key", []byte("a body"))
	if err != nil || again.Customer != first.Customer || !again.Replayed || again.State != rows.StateLive {
		t.Errorf("%+v, %v", again, err)
	}
	_, err = w.v.Create(t.Context(), w.Actor("R10"), filled, "a key", []byte("another body"))
	w.wants(err, vault.ErrReplayed)
	w.unchanged(before)
	other, err := w.v.Create(t.Context(), w.Actor("R2"), w.Fill(vaulttest.Person{N: 5, Channel: "phone"}), "a key", []byte("a body"))
	if err != nil || other.Customer == first.Customer {
		t.Errorf("another person's key: %+v, %v", other, err)
	}
	bad := *filled
	bad.Form = "none"
	_, err = w.v.Create(t.Context(), w.Actor("R10"), &bad, "b key", nil)
	w.problem(err, "form", "unknown_form")
	w.Clean()
}

// TestCreateStoresOnlyWhatPurposesCover: fields that serve only refused purposes, and those without their separate consent, are not kept.
func TestCreateStoresOnlyWhatPurposesCover(t *testing.T) {
	w := newWorld(t)
	c := w.p.Created(vaulttest.Person{N: 6, Consents: map[record.PurposeID]bool{"contract_service": true}, Separate: []record.FieldName{"id_number"}})
	if slices.Contains(c.Fields, "gender") || slices.Contains(c.Fields, "home_address") || !slices.Contains(c.Fields, "id_number") {
		t.Errorf("stored %v", c.Fields)
	}
	unchecked := w.Fill(vaulttest.Person{N: 8, Channel: "phone"}) // as if the form's check had let it through
	unchecked.Consents["customer_service"], unchecked.Separate["id_number"] = false, false
	direct, err := w.v.Create(t.Context(), w.Actor("R10"), unchecked, "direct", nil)
	if err != nil || slices.Contains(direct.Fields, "gender") || slices.Contains(direct.Fields, "id_number") {
		t.Errorf("the vault stored %v, %v", direct.Fields, err)
	}
	_, err = w.v.Open(t.Context(), w.Actor("R10"), c.Customer, "marketing")
	w.wants(err, vault.ErrDenied)
	_, err = w.v.Update(t.Context(), w.Actor("R10"), c.Customer, 1, "contract_service", values("home_address", "春和里1幢"))
	w.problem(err, "fields.home_address", "no_separate_consent")
	_, err = w.v.Update(t.Context(), w.Actor("R10"), c.Customer, 1, "customer_service", values("gender", "male"))
	w.problem(err, "fields.gender", "no_live_purpose")
}

// TestWithdraw: of a purpose, reads for it stop; of a separate consent, its field falls due and nothing else.
func TestWithdraw(t *testing.T) {
	w := newWorld(t)
	version, err := w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 1, []record.PurposeID{"marketing"}, []record.FieldName{"id_number"}, "phone")
	w.must(err)
	_, err = w.v.Open(t.Context(), w.Actor("R10"), w.id, "marketing")
	w.wants(err, vault.ErrDenied)
	_, err = w.v.Open(t.Context(), w.Actor("R10"), w.id, "contract_service")
	w.must(err)
	_, err = w.v.Reveal(t.Context(), w.Actor("R10"), reveal(w.id, "id_number", "audit"))
	w.wants(err, vault.ErrExpired)
	_, err = w.update(values("id_number", vaulttest.IDNumber(9)))
	w.problem(err, "fields.id_number", "no_separate_consent")
	head, now := w.head(w.id), w.Clock.Now().Unix()
	for _, state := range head.Sections {
		if ended := state.Deadline <= now; ended != (w.Pack.Section(state.ID).Consent == "id_number") {
			t.Errorf("section of %v ends at %d", w.Pack.Section(state.ID).Fields, state.Deadline)
		}
	}
	if head.Ledger != 2 || head.Due != now || version != 2 {
		t.Errorf("ledger %d, due %d", head.Ledger, head.Due)
	}
	w.Clean()
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 2, []record.PurposeID{"marketing"}, nil, "phone")
	w.problem(err, "purposes", "no_consent_to_withdraw")
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 2, nil, []record.FieldName{"name"}, "phone")
	w.problem(err, "fields", "no_consent_to_withdraw")
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 2, []record.PurposeID{"contract_service"}, nil, "Nowhere!")
	w.problem(err, "channel", "unknown_channel")
	_, err = w.v.Withdraw(t.Context(), w.Actor("R10"), w.id, 2, []record.PurposeID{"contract_service", "customer_service"}, nil, "phone")
	w.must(err)
	_, err = w.v.Open(t.Context(), w.Actor("R10"), w.id, "contract_service")
	if err == nil {
		t.Error("everything is withdrawn, and the record opens")
	}
}

func TestHold(t *testing.T) {
	w := newWorld(t)
	_, err := w.v.Hold(t.Context(), w.Actor("R10"), w.id, 1, false, "audit")
	w.problem(err, "hold", "no_hold")
	for n := range int64(2) {
		_, err = w.v.Hold(t.Context(), w.Actor("R10"), w.id, 1+n, true, "audit")
		w.must(err)
	}
	r, err := w.v.Open(t.Context(), w.Actor("R10"), w.id, "contract_service")
	if err != nil || !r.Held || w.head(w.id).Holds != 2 {
		t.Errorf("%v, holds %d", err, w.head(w.id).Holds)
	}
	w.Clean()
	for n := range int64(2) {
		_, err = w.v.Hold(t.Context(), w.Actor("R10"), w.id, 3+n, false, "audit")
		w.must(err)
		w.Clean()
	}
}

// TestAccept: twice has one effect; what is not a valid submission is refused, recorded and emptied.
func TestAccept(t *testing.T) {
	w := newWorld(t)
	form := w.Process("submit-form", vaulttest.Public)
	good, err := form.Submit(t.Context(), w.Fill(vaulttest.Person{N: 10}))
	w.must(err)
	created, err := w.v.Accept(t.Context(), good)
	if err != nil || created.State != rows.StateLive {
		t.Fatalf("%+v, %v", created, err)
	}
	before := w.state()
	again, err := w.v.Accept(t.Context(), good)
	if err != nil || again.Customer != "" {
		t.Errorf("twice: %+v, %v", again, err)
	}
	none, err := w.v.Accept(t.Context(), "sub_none")
	if err != nil || none.Customer != "" {
		t.Errorf("none: %+v, %v", none, err)
	}
	w.unchanged(before)
	old, err := form.Submit(t.Context(), w.Fill(vaulttest.Person{N: 11}))
	w.must(err)
	moved, err := form.Submit(t.Context(), w.Fill(vaulttest.Person{N: 12}))
	w.must(err)
	w.swapEnvelopes(old, moved)
	w.refusedSubmission(moved, "bad-envelope")
	w.Clock.Pass(8 * 24 * time.Hour)
	w.refusedSubmission(old, "submission-expired")
	w.Clean()
}

// swapEnvelopes gives to the envelope of from.
func (w *world) swapEnvelopes(from, to record.SubmissionID) {
	a, err := w.memory.Get(w.t.Context(), rows.Submission(from))
	w.must(err)
	a.Key = rows.Submission(to)
	w.memory.Set(a)
}

func (w *world) refusedSubmission(id record.SubmissionID, code string) {
	w.t.Helper()
	known := w.logged()
	created, err := w.v.Accept(w.t.Context(), id)
	if err != nil || created.Customer != "" {
		w.t.Errorf("%s: %+v, %v", code, created, err)
	}
	item, err := w.memory.Get(w.t.Context(), rows.Submission(id))
	w.must(err)
	var body rows.SubmissionBody
	w.must(rows.Decode(item.Body, &body))
	if item.Str(store.AttrState) != rows.SubmissionRefused || body.Envelope != nil {
		w.t.Errorf("%s: %s with %d bytes", code, item.Str(store.AttrState), len(body.Envelope))
	}
	if e := w.since(known); len(e) != 1 || e[0].Code != code || e[0].Submission != id {
		w.t.Errorf("%s: %+v", code, e)
	}
}

// TestReadForExport reads what was approved, leaves out whom the decision refuses, and puts the roster before it reads.
func TestReadForExport(t *testing.T) {
	w := newWorld(t)
	other := w.p.Created(vaulttest.Person{N: 2, Consents: map[record.PurposeID]bool{"contract_service": true}}).Customer
	part := vault.ExportPart{Export: anExport, Actor: w.Actor("R10"), Purpose: "marketing", Reason: "audit", Approved: true,
		Fields: []record.FieldName{"name", "phone"}, Customers: []record.CustomerID{w.id, w.pending, other}}
	known := w.logged()
	list, err := w.v.ReadForExport(t.Context(), part)
	w.must(err)
	if len(list) != 1 || list[0].Customer != w.id || len(list[0].Values) != 2 || list[0].Values["phone"].Reveal() != vaulttest.Phone(1) {
		t.Errorf("rows %+v", list)
	}
	for _, id := range part.Customers {
		if _, err := w.memory.Get(t.Context(), rows.Roster(id, anExport)); err != nil {
			t.Errorf("roster of %s: %v", id, err)
		}
	}
	if e := w.since(known); len(e) != 1 || len(e[0].Customers) != 3 {
		t.Errorf("entries %+v", e)
	}
	part.Fields = []record.FieldName{"home_address"}
	_, err = w.v.ReadForExport(t.Context(), part)
	w.problem(err, "fields.home_address", "not_exportable")
	part.Fields, part.Kinds = []record.FieldName{"name"}, []record.Kind{record.KindEnterprise}
	list, err = w.v.ReadForExport(t.Context(), part)
	if err != nil || len(list) != 0 {
		t.Errorf("kinds: %d, %v", len(list), err)
	}
	part.Kinds, part.Approved = nil, false
	list, err = w.v.ReadForExport(t.Context(), part)
	if err != nil || len(list) != 0 {
		t.Errorf("without approval: %d rows, %v", len(list), err)
	}
}
