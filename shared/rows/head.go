package rows

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"kexin/shared/record"
	"kexin/shared/store"
)

// States of a head.
const (
	StateLive       = "live"
	StatePending    = "pending"    // an identifier was already known: staff merge or refuse
	StateRestricted = "restricted" // kept by a statutory minimum or a hold: stored, not used (PIPL 47)
)

// Head is what makes the rest of a customer's rows meaningful (design §4). It is always read strongly; a section that does not match
// it is refused. It grows with the number of sections, not with versions, events or documents.
type Head struct {
	Format     int
	Version    int64
	State      string
	Schema     record.PackVersion
	Kind       record.Kind
	Stage      record.Stage
	Owner      record.StaffID
	Department record.Department
	Channel    record.Channel
	Form       record.FormID
	Notice     record.NoticeVersion
	Created    int64 // Unix seconds
	Holds      int64
	Triggers   map[string]int64 // Unix seconds of the events that start retention periods
	Consents   map[record.PurposeID]ConsentState
	Separate   map[record.FieldName]ConsentState
	Ledger     uint32         // entries of the consent ledger
	Sections   []SectionState // ascending by ID
	Card       [32]byte       // SHA-256 of the card's body
	Request    [16]byte       // keyed hash of the request that created it, for idempotency
	Due        int64          // Unix seconds: where its due row lies
	Dying      []Remains      // sections whose keys are gone and whose bodies are not yet
	Deadline   int64          // Unix seconds: latest deadline of its sections
	EndedBy    string         // why an early destruction was queued: withdrawn, request, refused
}

// ConsentState is the last word of the ledger about one purpose or field.
type ConsentState struct {
	Notice    record.NoticeVersion
	Given     int64 // Unix seconds; zero: refused
	Withdrawn int64 // Unix seconds; zero: not withdrawn
}

// Live reports whether the consent is given and not withdrawn.
func (c ConsentState) Live() bool { return c.Given != 0 && c.Withdrawn == 0 }

// SectionState is what a head knows of one section.
type SectionState struct {
	ID       record.SectionID
	Level    record.Level
	Shred    []byte   // the shred key: without it nothing of the section opens
	Version  uint32   // current version
	Hash     []byte   // SHA-256 of the current version's ciphertext
	Deadline int64    // Unix seconds
	Indexes  []string // partition keys of the identifier and token rows that the section owns
}

// Remains names a section whose shred key is deleted and whose bodies are still to be removed.
type Remains struct {
	ID    record.SectionID
	Level record.Level
}

// Section returns the state of a section, or nil.
func (h *Head) Section(id record.SectionID) *SectionState {
	i := slices.IndexFunc(h.Sections, func(s SectionState) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return &h.Sections[i]
}

// Latest returns the latest and the earliest deadline of the head's sections, in Unix seconds, zero when there is no section.
func (h *Head) Latest() (latest, earliest int64) {
	for i, s := range h.Sections {
		if i == 0 || s.Deadline > latest {
			latest = s.Deadline
		}
		if i == 0 || s.Deadline < earliest {
			earliest = s.Deadline
		}
	}
	return latest, earliest
}

// Item returns the head's row for id, with the attributes that conditions need.
func (h *Head) Item(id record.CustomerID) (store.Item, error) {
	h.Format = Format
	body, err := Encode(h)
	if err != nil {
		return store.Item{}, err
	}
	return store.Item{Key: HeadKey(id), Body: body, Attrs: map[string]store.Attr{
		store.AttrVersion: store.N(h.Version), store.AttrDeadline: store.N(h.Deadline),
		store.AttrHolds: store.N(h.Holds), store.AttrState: store.S(h.State)}}, nil
}

// DecodeHead returns the head of a row. Attributes that contradict the body are refused: they guard transactions.
func DecodeHead(item store.Item) (*Head, error) {
	h := &Head{}
	if err := Decode(item.Body, h); err != nil {
		return nil, err
	}
	if h.Format != Format || h.Version != item.Int(store.AttrVersion) || h.Deadline != item.Int(store.AttrDeadline) ||
		h.Holds != item.Int(store.AttrHolds) || h.State != item.Str(store.AttrState) {
		return nil, ErrFormat
	}
	return h, nil
}

// Digest returns the SHA-256 of a head's body, which audit entries carry.
func Digest(body []byte) [32]byte { return sha256.Sum256(body) }

// CardBody is a customer's card: one sealed part per section that has fields on it.
type CardBody struct {
	Format int
	Parts  []CardPart
}

// CardPart is the sealed masked values of one section's fields.
type CardPart struct {
	Section record.SectionID
	Version uint32
	Item    []byte
}

// DueBody says what falls due, and after a destruction what is left to do.
type DueBody struct {
	Format  int
	State   string            // due or residue
	At      int64             // Unix seconds
	Entry   string            // residue: position of the audit entry of the destruction
	Indexes []string          // residue: index rows that did not fit into the transaction
	Facts   map[string]string // residue: for the outcome entry
}

// States of a due row.
const (
	DueWaiting = "due"
	DueResidue = "residue"
)

// Item returns the row of a due body.
func (d DueBody) Item(key store.Key) (store.Item, error) {
	d.Format = Format
	body, err := Encode(d)
	if err != nil {
		return store.Item{}, err
	}
	return store.Item{Key: key, Body: body, Attrs: map[string]store.Attr{
		store.AttrState: store.S(d.State), store.AttrDeadline: store.N(d.At)}}, nil
}

// At returns Unix seconds as a moment in UTC.
func At(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// AllIndexes returns the partition keys of every index row that the head's sections own.
func (h *Head) AllIndexes() []string {
	var all []string
	for _, s := range h.Sections {
		all = append(all, s.Indexes...)
	}
	return all
}

// Index returns the key of an index row of a customer from its partition key: identifiers are alone in their partition, tokens are
// shared.
func Index(pk string, id record.CustomerID) store.Key {
	key := store.Key{Table: store.Keys, PK: pk, SK: store.Only}
	if strings.HasPrefix(pk, PrefixToken) {
		key.SK = string(id)
	}
	return key
}

// DueOp returns the put of a waiting due row.
func DueOp(id record.CustomerID, at int64, cond store.Condition) (store.Op, error) {
	item, err := DueBody{State: DueWaiting, At: at}.Item(Due(At(at), id))
	return store.PutIf(item, cond), err
}

// NextDue returns where a customer's due row belongs: at the earliest deadline, or, when that has passed, where it lies when that is
// past too, else now. It is never put further back, because the purge does not look at days that it has finished.
func NextDue(lies, earliest, now int64) int64 {
	switch {
	case earliest > now:
		return earliest
	case lies <= now:
		return lies
	}
	return now
}

// WaitingOrAbsent is the condition that no row or a waiting due row is at a key, so that a residue row is never replaced.
func WaitingOrAbsent() store.Condition {
	return store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrState, Operand: store.S(DueWaiting)}}}
}

// MoveDue returns the operations that bring a due row from one moment to another. The row need not be where it was: the purge puts the
// rows of held customers aside.
func MoveDue(id record.CustomerID, from, to int64) ([]store.Op, error) {
	if from == to {
		return nil, nil
	}
	return PlaceDue(id, from, to)
}

// PlaceDue is MoveDue that also puts the row when it belongs where it was.
func PlaceDue(id record.CustomerID, from, to int64) ([]store.Op, error) {
	op, err := DueOp(id, to, WaitingOrAbsent())
	ops := []store.Op{op}
	if old := Due(At(from), id); old != op.Item.Key {
		ops = append(ops, store.DeleteIf(old, store.Blind()))
	}
	return ops, err
}

// TableOf returns the table that holds the sections of a level.
func TableOf(level record.Level) store.Table {
	if level == record.L3 {
		return store.Restricted
	}
	return store.Records
}
