package fsck_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"kexin/shared/fsck"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// world is a clean deployment with one of everything that fsck looks at.
type world struct {
	*vaulttest.Kit
	memory  *vaulttest.Memory
	id      record.CustomerID // live
	pending record.CustomerID
	export  record.ExportID
	request record.ApprovalID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	k := vaulttest.New(t, vaulttest.Options{})
	w := &world{Kit: k, memory: k.Base.(*vaulttest.Memory)}
	p := k.Process("prepare", vaulttest.Everything)
	w.id = p.Created(vaulttest.Person{N: 1}).Customer
	k.Clock.Pass(time.Second)
	w.pending = p.Created(vaulttest.Person{N: 1, Change: map[record.FieldName]string{"email": "other@example.com"}}).Customer
	_, err := p.Vault.Update(t.Context(), k.Actor("R10"), w.id, 1, "contract_service", record.Fields{"gender": record.NewValue("female")})
	w.must(err)
	form := k.Process("submit-form", vaulttest.Public)
	_, err = form.Submit(t.Context(), k.Fill(vaulttest.Person{N: 2}))
	w.must(err)
	k.Register("R10", "R11")
	w.archive()
	w.approval()
	if report := k.Fsck(); !report.Clean() {
		t.Fatalf("not clean to begin with: %v", report.Findings)
	}
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) archive() {
	w.export = record.ExportID(record.IDFromBytes(record.PrefixExport, [16]byte{5}))
	info, err := w.Objects.Put(w.T.Context(), objects.Name{Bucket: objects.Archives, Path: "exports/one"}, strings.NewReader("ciphertext"), objects.PutOptions{})
	w.must(err)
	item, err := rows.ExportBody{Version: 1, State: rows.ExportReady, Object: "exports/one", Size: info.Size, SHA256: info.SHA256[:]}.Item(w.export)
	w.must(err)
	w.memory.Set(item)
	w.memory.Set(store.Item{Key: rows.ArchiveKey(w.export), Body: []byte{1}})
	w.memory.Set(store.Item{Key: rows.Roster(w.id, w.export), Body: []byte{1}})
}

func (w *world) approval() {
	w.request = record.ApprovalID(record.IDFromBytes(record.PrefixApproval, [16]byte{6}))
	body, err := rows.Encode(rows.RequestBody{Format: rows.Format, Action: "reveal", By: vaulttest.StaffOf("R10")})
	w.must(err)
	w.memory.Set(store.Item{Key: rows.RequestKey(w.request), Body: body})
	w.answer(rows.Digest(body), vaulttest.StaffOf("R11"))
}

func (w *world) answer(request [32]byte, by record.StaffID) {
	answer, err := rows.Encode(rows.ApprovalBody{Format: rows.Format, Request: request, By: by, Allow: true})
	w.must(err)
	w.memory.Set(store.Item{Key: rows.ApprovalKey(w.request, 0), Body: answer})
}

func (w *world) item(key store.Key) store.Item {
	w.T.Helper()
	item, err := w.memory.Get(w.T.Context(), key)
	w.must(err)
	return item
}

// head changes the head of a customer, past every condition.
func (w *world) head(id record.CustomerID, change func(*rows.Head)) {
	head, err := rows.DecodeHead(w.item(rows.HeadKey(id)))
	w.must(err)
	change(head)
	item, err := head.Item(id)
	w.must(err)
	w.memory.Set(item)
}

func (w *world) decoded(id record.CustomerID) *rows.Head {
	head, err := rows.DecodeHead(w.item(rows.HeadKey(id)))
	w.must(err)
	return head
}

// section is the key of the current version of the customer's first section of level.
func (w *world) section(level record.Level) store.Key {
	for _, state := range w.decoded(w.id).Sections {
		if state.Level == level {
			return rows.Section(level, w.id, state.ID, state.Version)
		}
	}
	w.T.Fatalf("no section of %v", level)
	return store.Key{}
}

func (w *world) move(from, to store.Key) {
	item := w.item(from)
	w.memory.Remove(from)
	item.Key = to
	w.memory.Set(item)
}

// alter changes the last byte of an item's body.
func (w *world) alter(key store.Key) {
	item := w.item(key)
	item.Body[len(item.Body)-1] ^= 1
	w.memory.Set(item)
}

func (w *world) index(prefix string) store.Key {
	for _, pk := range w.decoded(w.id).AllIndexes() {
		if strings.HasPrefix(pk, prefix) {
			return rows.Index(pk, w.id)
		}
	}
	w.T.Fatalf("no index row %s", prefix)
	return store.Key{}
}

func (w *world) dueKey(id record.CustomerID) store.Key {
	return rows.Due(rows.At(w.decoded(id).Due), id)
}

func (w *world) due(key store.Key, state string) {
	item, err := rows.DueBody{State: state, At: w.Clock.Now().Unix()}.Item(key)
	w.must(err)
	w.memory.Set(item)
}

func (w *world) submission() store.Item {
	for key, item := range w.memory.Items(store.Inbox) {
		if strings.HasPrefix(key.PK, rows.PrefixSubmission) {
			return item
		}
	}
	w.T.Fatal("no submission")
	return store.Item{}
}

func (w *world) card(change func(*rows.CardBody)) {
	item := w.item(rows.Card(w.id))
	var card rows.CardBody
	w.must(rows.Decode(item.Body, &card))
	change(&card)
	body, err := rows.Encode(card)
	w.must(err)
	item.Body = body
	w.memory.Set(item)
	w.head(w.id, func(h *rows.Head) { h.Card = rows.Digest(body) })
}

// nobody is a customer who was never there.
var nobody = record.CustomerID(record.IDFromBytes(record.PrefixCustomer, [16]byte{0xee}))

// breaks breaks each invariant once.
var breaks = []struct {
	code  fsck.Code
	name  string
	spoil func(w *world)
}{
	{fsck.HeadFormat, "attributes", func(w *world) {
		item := w.item(rows.HeadKey(w.id))
		item.Attrs[store.AttrHolds] = store.N(7)
		w.memory.Set(item)
	}},
	{fsck.HeadFormat, "bytes", func(w *world) {
		item := w.item(rows.HeadKey(w.id))
		item.Body = item.Body[:20]
		w.memory.Set(item)
	}},
	{fsck.HeadState, "state", func(w *world) { w.head(w.id, func(h *rows.Head) { h.State = "gone" }) }},
	{fsck.HeadDeadline, "deadline", func(w *world) { w.head(w.id, func(h *rows.Head) { h.Deadline++ }) }},
	{fsck.HeadDue, "later than its earliest section", func(w *world) { w.head(w.id, func(h *rows.Head) { h.Due++ }) }},
	{fsck.HeadSections, "order", func(w *world) {
		w.head(w.id, func(h *rows.Head) { h.Sections[0], h.Sections[1] = h.Sections[1], h.Sections[0] })
	}},
	{fsck.HeadSections, "no shred key", func(w *world) { w.head(w.id, func(h *rows.Head) { h.Sections[0].Shred = nil }) }},
	{fsck.HeadSections, "level", func(w *world) { w.head(w.id, func(h *rows.Head) { h.Sections[0].Level ^= 3 }) }},
	{fsck.SectionMissing, "current", func(w *world) { w.memory.Remove(w.section(record.L2)) }},
	{fsck.SectionMissing, "earlier version", func(w *world) {
		for _, state := range w.decoded(w.id).Sections {
			if state.Version == 2 {
				w.memory.Remove(rows.Section(state.Level, w.id, state.ID, 1))
			}
		}
	}},
	{fsck.SectionHash, "altered", func(w *world) { w.alter(w.section(record.L1)) }},
	{fsck.SectionTable, "L3 among the others", func(w *world) {
		key := w.section(record.L3)
		to := key
		to.Table = store.Records
		w.move(key, to)
	}},
	{fsck.SectionStray, "section that the head does not know", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Section(record.L1, w.id, "saaaaaaaaaa", 1), Body: []byte{1}})
	}},
	{fsck.SectionStray, "version beyond the current one", func(w *world) {
		key := w.section(record.L2)
		key.SK = strings.TrimSuffix(key.SK, "1") + "9"
		w.memory.Set(store.Item{Key: key, Body: []byte{1}})
	}},
	{fsck.SectionStray, "note of an unknown section", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Note(record.L2, w.id, "saaaaaaaaaa", "rev"), Body: []byte{1}})
	}},
	{fsck.BodyOrphan, "section", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Section(record.L1, nobody, "saaaaaaaaaa", 1), Body: []byte{1}})
	}},
	{fsck.BodyOrphan, "restricted", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Section(record.L3, nobody, "saaaaaaaaaa", 1), Body: []byte{1}})
	}},
	{fsck.BodyOrphan, "card", func(w *world) { w.memory.Set(store.Item{Key: rows.Card(nobody), Body: []byte{1}}) }},
	{fsck.BodyFormat, "key that means nothing", func(w *world) {
		w.memory.Set(store.Item{Key: store.Key{Table: store.Records, PK: rows.PrefixCustomer + string(w.id), SK: "SEC#x"}, Body: []byte{1}})
	}},
	{fsck.CardMissing, "card", func(w *world) { w.memory.Remove(rows.Card(w.id)) }},
	{fsck.CardHash, "altered", func(w *world) { w.alter(rows.Card(w.id)) }},
	{fsck.CardParts, "part of an earlier version", func(w *world) { w.card(func(c *rows.CardBody) { c.Parts[0].Version = 99 }) }},
	{fsck.CardOwner, "owner", func(w *world) {
		item := w.item(rows.Card(w.id))
		item.Attrs[store.AttrOwner] = store.S("stf_other#" + string(w.id))
		w.memory.Set(item)
	}},
	{fsck.ConsentLedger, "missing", func(w *world) { w.memory.Remove(rows.Consent(w.id, 1)) }},
	{fsck.ConsentLedger, "stray", func(w *world) { w.memory.Set(store.Item{Key: rows.Consent(w.id, 5), Body: []byte{1}}) }},
	{fsck.IndexMissing, "identifier", func(w *world) { w.memory.Remove(w.index(rows.PrefixIdentifier)) }},
	{fsck.IndexMissing, "token", func(w *world) { w.memory.Remove(w.index(rows.PrefixToken)) }},
	{fsck.IndexMissing, "identifier of somebody else", func(w *world) {
		w.memory.Set(store.Item{Key: w.index(rows.PrefixIdentifier), Body: []byte(w.pending)})
	}},
	{fsck.IndexStray, "identifier without a head", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Identifier("phone#aaaaaaaaaaaaaaaaaaaaaaaaaa"), Body: []byte(nobody)})
	}},
	{fsck.IndexStray, "token that its head does not list", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Token("two#aaaaaaaaaaaaaaaaaaaaaaaaaa", w.id), Body: []byte(w.id)})
	}},
	{fsck.DueMissing, "due row", func(w *world) { w.memory.Remove(w.dueKey(w.id)) }},
	{fsck.DueStray, "no head", func(w *world) { w.due(rows.Due(w.Clock.Now(), nobody), rows.DueWaiting) }},
	{fsck.DueStray, "another day", func(w *world) { w.due(rows.Due(w.Clock.Now(), w.id), rows.DueWaiting) }},
	{fsck.DueHeld, "put aside without a hold", func(w *world) { w.move(w.dueKey(w.id), rows.Held(w.id)) }},
	{fsck.DueFormat, "bytes", func(w *world) { w.memory.Set(store.Item{Key: w.dueKey(w.id), Body: []byte{1}}) }},
	{fsck.ResidueHead, "head beside a residue", func(w *world) { w.due(w.dueKey(w.id), rows.DueResidue) }},
	{fsck.PendingMissing, "row", func(w *world) { w.memory.Remove(rows.Pending(w.pending)) }},
	{fsck.PendingStray, "of a live record", func(w *world) { w.memory.Set(store.Item{Key: rows.Pending(w.id), Body: []byte{1}}) }},
	{fsck.ExportFormat, "state", func(w *world) {
		item := w.item(rows.ExportKey(w.export))
		item.Attrs[store.AttrState] = store.S(rows.ExportVoid)
		w.memory.Set(item)
	}},
	{fsck.ArchiveKey, "ready without a key", func(w *world) { w.memory.Remove(rows.ArchiveKey(w.export)) }},
	{fsck.ArchiveKey, "void with a key", func(w *world) {
		item, err := rows.ExportBody{Version: 2, State: rows.ExportVoid}.Item(w.export)
		w.must(err)
		w.memory.Set(item)
	}},
	{fsck.ArchiveKey, "key of no export", func(w *world) {
		w.memory.Set(store.Item{Key: rows.ArchiveKey("exp_none"), Body: []byte{1}})
	}},
	{fsck.ArchiveObject, "object removed", func(w *world) {
		w.must(w.Objects.Delete(w.T.Context(), objects.Name{Bucket: objects.Archives, Path: "exports/one"}))
	}},
	{fsck.ArchiveObject, "another", func(w *world) {
		item, err := rows.ExportBody{Version: 1, State: rows.ExportReady, Object: "exports/one", Size: 3}.Item(w.export)
		w.must(err)
		w.memory.Set(item)
	}},
	{fsck.RosterStray, "export", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Roster(w.id, "exp_none"), Body: []byte{1}})
	}},
	{fsck.StaffFormat, "bytes", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Staff(vaulttest.StaffOf("R10")), Body: []byte{1}})
	}},
	{fsck.StaffSubject, "login missing", func(w *world) { w.memory.Remove(rows.Subject(rows.SubjectHash("test", "R10"))) }},
	{fsck.StaffSubject, "login of somebody else", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Subject("feed"), Body: []byte(vaulttest.StaffOf("R10"))})
	}},
	{fsck.ApprovalStray, "no request", func(w *world) { w.memory.Remove(rows.RequestKey(w.request)) }},
	{fsck.ApprovalStray, "another request", func(w *world) { w.answer([32]byte{1}, vaulttest.StaffOf("R11")) }},
	{fsck.ApprovalStray, "own request", func(w *world) {
		w.answer(rows.Digest(w.item(rows.RequestKey(w.request)).Body), vaulttest.StaffOf("R10"))
	}},
	{fsck.Submission, "accepted with its envelope", func(w *world) {
		item := w.submission()
		item.Attrs[store.AttrState] = store.S(rows.SubmissionAccepted)
		w.memory.Set(item)
	}},
	{fsck.Submission, "bytes", func(w *world) {
		item := w.submission()
		item.Body = item.Body[:5]
		w.memory.Set(item)
	}},
	{fsck.Intake, "bytes", func(w *world) {
		w.memory.Set(store.Item{Key: rows.Intake(store.Keys, "int_x"), Body: []byte("{}")})
	}},
	{fsck.Intake, "in the other table", func(w *world) {
		for key := range w.memory.Items(store.Inbox) {
			if strings.HasPrefix(key.PK, rows.PrefixIntake) {
				to := key
				to.Table = store.Keys
				w.move(key, to)
			}
		}
	}},
	{fsck.Manifest, "branch", func(w *world) { w.memory.Remove(rows.BranchSecret("L1", 1)) }},
	{fsck.Manifest, "bytes", func(w *world) { w.memory.Set(store.Item{Key: rows.ManifestKey(), Body: []byte{1}}) }},
	{fsck.RowUnknown, "keys", func(w *world) {
		w.memory.Set(store.Item{Key: store.Key{Table: store.Keys, PK: "ODD", SK: "."}, Body: []byte{1}})
	}},
	{fsck.RowUnknown, "records", func(w *world) {
		w.memory.Set(store.Item{Key: store.Key{Table: store.Records, PK: "ODD", SK: "."}, Body: []byte{1}})
	}},
	{fsck.HistoryLost, "head", func(w *world) { w.memory.Remove(rows.HeadKey(w.id)) }},
	{fsck.HistoryBroken, "no entry", func(w *world) {
		item := w.item(rows.HeadKey(w.id))
		item.Key = rows.HeadKey(nobody)
		w.memory.Set(item)
	}},
	{fsck.AuditLog, "entry changed", func(w *world) {
		for key, item := range w.memory.Items(store.Audit) {
			if strings.HasPrefix(key.PK, "LANE#") && strings.HasSuffix(key.SK, "1") {
				item.Body = bytes.Replace(item.Body, []byte(`"verdict":"allow"`), []byte(`"verdict":"deny"`), 1)
				w.memory.Set(item)
			}
		}
	}},
	{fsck.AuditLog, "entry removed", func(w *world) {
		for key := range w.memory.Items(store.Audit) {
			if strings.HasPrefix(key.PK, "LANE#") && strings.HasSuffix(key.SK, "1") {
				w.memory.Remove(key)
			}
		}
	}},
}

// TestNamesEveryBrokenInvariant breaks each invariant once on a clean deployment and sees its code named.
func TestNamesEveryBrokenInvariant(t *testing.T) {
	clean := newWorld(t)
	for _, b := range breaks {
		t.Run(string(b.code)+" "+b.name, func(t *testing.T) {
			w := *clean
			w.memory = clean.memory.Clone()
			w.Kit = clean.Kit.On(w.memory)
			w.Kit.T, w.T = t, t
			if b.name == "object removed" { // objects have no clone
				defer w.archive()
			}
			b.spoil(&w)
			for _, finding := range w.Fsck().Findings {
				if finding.Code == b.code {
					return
				}
			}
			t.Errorf("not found; found instead: %v", w.Fsck().Findings)
		})
	}
}
