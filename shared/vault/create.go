package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// Created is what the caller learns of a new customer.
type Created struct {
	Customer record.CustomerID
	State    string // live or pending
	Version  int64
	Fields   []record.FieldName // stored
	Replayed bool               // the same request had already been done
}

// draft is a new record on its way into a transaction.
type draft struct {
	id          record.CustomerID
	head        *rows.Head
	bodies      []store.Op // sections, card, consent, due row
	identifiers []store.Op
	tokens      []store.Op
	fields      []record.FieldName
}

// Create stores a customer whom staff entered at the counter or on the phone. request identifies the caller's request: the same key with
// the same body gives the same customer, with another body ErrReplayed.
func (v *Vault) Create(ctx context.Context, actor Actor, filled *record.Filled, key string, body []byte) (Created, error) {
	purpose := v.firstPurpose(filled)
	form := v.Pack.Forms[filled.Form]
	if form == nil {
		return Created{}, &Problem{"form", "unknown_form"}
	}
	c := &customer{head: &rows.Head{Kind: filled.Kind, State: rows.StateLive, Department: form.Department, Owner: actor.Staff}}
	resource := v.resource(c, nil, purpose)
	resource.Consented = true // the consent is part of what is being stored
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActCreate, Resource: resource, Purpose: purpose})
	if err != nil {
		return Created{}, err
	}
	if v.Index == nil {
		return Created{}, ErrIncapable
	}
	raw := v.Index.MAC("create/"+string(actor.Staff), []byte(key))
	id := record.CustomerID(record.IDFromBytes(record.PrefixCustomer, raw))
	mac := v.Index.MAC("create-body/"+key, body)
	if created, err := v.replayed(ctx, id, mac); !errors.Is(err, ErrNotFound) {
		return created, err
	}
	filled.Evidence.Staff = actor.Staff
	return v.store(ctx, e, id, filled, mac, newcomer{owner: actor.Staff, department: form.Department}, nil)
}

// firstPurpose is the purpose that a form's record is first of all for.
func (v *Vault) firstPurpose(filled *record.Filled) record.PurposeID {
	form := v.Pack.Forms[filled.Form]
	if form == nil || len(form.Purposes) == 0 {
		return ""
	}
	return form.Purposes[0]
}

// replayed answers a repeated request from the head that the first one made.
func (v *Vault) replayed(ctx context.Context, id record.CustomerID, mac [16]byte) (Created, error) {
	c, err := v.load(ctx, id)
	if err != nil {
		return Created{}, err
	}
	if c.head.Request != mac {
		return Created{}, ErrReplayed
	}
	return Created{Customer: id, State: c.head.State, Version: c.head.Version, Replayed: true}, nil
}

// newcomer says to whom a new record belongs.
type newcomer struct {
	owner      record.StaffID
	department record.Department
}

// store makes a record live, or pending when one of its unique identifiers is known. more are further operations of the transaction.
func (v *Vault) store(ctx context.Context, e audit.Entry, id record.CustomerID, filled *record.Filled, mac [16]byte, who newcomer, more []store.Op) (Created, error) {
	d, err := v.draft(ctx, id, filled, mac, who)
	if err != nil {
		return Created{}, err
	}
	e.Customer, e.Fields, e.Channel = id, d.fields, filled.Channel
	ops, err := d.live(more)
	if err != nil {
		return Created{}, err
	}
	e.Head.After = audit.Digest(rows.Digest(ops[0].Item.Body))
	_, err = v.Log.Act(ctx, e, ops...)
	if err == nil {
		return Created{Customer: id, State: rows.StateLive, Version: d.head.Version, Fields: d.fields}, nil
	}
	if store.FailedOp(err, 0) { // a repeated request was faster
		return v.replayed(ctx, id, mac)
	}
	if d.identifierFailed(err) {
		return v.storePending(ctx, e, d, more)
	}
	return Created{}, storeFailed(err)
}

func storeFailed(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("store customer: %w: %w", ErrConflict, err)
	}
	return fmt.Errorf("store customer: %w", err)
}

// storePending keeps a record whose identifier is known: a head of its own with a deadline of its own, no index rows, and a row that
// asks staff.
func (v *Vault) storePending(ctx context.Context, e audit.Entry, d *draft, more []store.Op) (Created, error) {
	until := v.Pack.Limits.PendingLife.After(v.Now()).Unix()
	d.head.State = rows.StatePending
	for i := range d.head.Sections {
		d.head.Sections[i].Deadline = min(d.head.Sections[i].Deadline, until)
		d.head.Sections[i].Indexes = nil
	}
	d.identifiers, d.tokens = nil, nil
	d.head.Deadline, d.head.Due = until, until
	ops, err := d.live(more)
	if err != nil {
		return Created{}, err
	}
	body, err := rows.Encode(rows.DueBody{Format: rows.Format, State: rows.DueWaiting, At: v.Now().Unix()})
	if err != nil {
		return Created{}, err
	}
	ops = append(ops, store.PutIf(store.Item{Key: rows.Pending(d.id), Body: body}, store.IfAbsent()))
	e.Code = "pending"
	e.Head.After = audit.Digest(rows.Digest(ops[0].Item.Body))
	_, err = v.Log.Act(ctx, e, ops...)
	if store.FailedOp(err, 0) {
		return v.replayed(ctx, d.id, d.head.Request)
	}
	if err != nil {
		return Created{}, storeFailed(err)
	}
	return Created{Customer: d.id, State: rows.StatePending, Version: d.head.Version, Fields: d.fields}, nil
}

// live returns the operations that store the draft: the head first, then identifiers, then everything else.
func (d *draft) live(more []store.Op) ([]store.Op, error) {
	item, err := d.head.Item(d.id)
	if err != nil {
		return nil, err
	}
	ops := make([]store.Op, 0, 3+len(d.identifiers)+len(d.tokens)+len(d.bodies)+len(more))
	ops = append(append(ops, store.PutIf(item, store.IfAbsent())), d.identifiers...)
	ops = append(append(ops, d.tokens...), d.bodies...)
	due, err := rows.DueOp(d.id, d.head.Due, store.IfAbsent())
	if err != nil {
		return nil, err
	}
	return append(append(ops, due), more...), nil
}

// identifierFailed reports whether err is a failed condition of one of the draft's identifiers.
func (d *draft) identifierFailed(err error) bool {
	for i := range d.identifiers {
		if store.FailedOp(err, 1+i) {
			return true
		}
	}
	return false
}

// draft seals everything of a new record. Nothing is stored yet.
func (v *Vault) draft(ctx context.Context, id record.CustomerID, filled *record.Filled, mac [16]byte, who newcomer) (*draft, error) {
	if v.Index == nil || v.Writer == nil {
		return nil, ErrIncapable
	}
	d := &draft{id: id, head: v.newHead(filled, mac, who)}
	var card rows.CardBody
	for _, section := range v.Pack.Sections {
		if err := v.addSection(ctx, d, section, filled.Fields, &card); err != nil {
			return nil, err
		}
	}
	if len(d.head.Sections) == 0 {
		return nil, &Problem{"fields", "nothing_to_store"}
	}
	d.head.Deadline, d.head.Due = d.head.Latest()
	slices.Sort(d.fields)
	if err := d.addCard(card); err != nil {
		return nil, err
	}
	return d, d.addConsent(v.Pack, filled)
}

func (v *Vault) newHead(filled *record.Filled, mac [16]byte, who newcomer) *rows.Head {
	now := v.Now().Unix()
	head := &rows.Head{Version: 1, State: rows.StateLive, Schema: v.Pack.Version, Kind: filled.Kind, Stage: "potential",
		Owner: who.owner, Department: who.department, Channel: filled.Channel, Form: filled.Form, Notice: filled.Notice,
		Created: now, Triggers: make(map[string]int64, len(v.triggers)), Consents: make(map[record.PurposeID]rows.ConsentState, len(filled.Consents)),
		Ledger: 1, Request: mac}
	for _, trigger := range v.triggers {
		head.Triggers[trigger] = now
	}
	for purpose, given := range filled.Consents {
		head.Consents[purpose] = consentState(filled, given)
	}
	for field, given := range filled.Separate {
		if head.Separate == nil {
			head.Separate = map[record.FieldName]rows.ConsentState{}
		}
		head.Separate[field] = consentState(filled, given)
	}
	return head
}

func consentState(filled *record.Filled, given bool) rows.ConsentState {
	state := rows.ConsentState{Notice: filled.Notice}
	if given {
		state.Given = filled.Given
	}
	return state
}

// addSection seals the part of fields that belongs to section, when there is one and a purpose of it lives.
func (v *Vault) addSection(ctx context.Context, d *draft, section *policy.Section, fields record.Fields, card *rows.CardBody) error {
	var part record.Fields
	for _, name := range section.Fields {
		value, ok := fields[name]
		switch {
		case !ok || value.Empty():
		case part == nil:
			part = record.Fields{name: value}
		default:
			part[name] = value
		}
	}
	if part == nil {
		return nil
	}
	end := v.sectionEnd(d.head, section)
	if end == 0 {
		return nil
	}
	deadline := max(end, v.keptUntil(d.head, section))
	shred, err := seal.NewKey(v.Random)
	if err != nil {
		return err
	}
	state := rows.SectionState{ID: section.ID, Level: section.Level, Shred: shred[:], Version: 1, Deadline: deadline}
	if err := v.sealInto(ctx, d, &state, part, card); err != nil {
		return err
	}
	d.head.Sections = append(d.head.Sections, state)
	d.fields = append(d.fields, part.Names()...)
	return nil
}

// sealInto adds the rows of one section to the draft: its body, its part of the card, its indexes.
func (v *Vault) sealInto(ctx context.Context, d *draft, state *rows.SectionState, part record.Fields, card *rows.CardBody) error {
	identifiers, tokens := v.indexRows(part)
	state.Indexes = slices.Concat(identifiers, tokens)
	for _, pk := range identifiers {
		d.identifiers = append(d.identifiers, putIndex(pk, d.id))
	}
	for _, pk := range tokens {
		d.tokens = append(d.tokens, putIndex(pk, d.id))
	}
	shred, err := shredOf(state)
	if err != nil {
		return err
	}
	op, err := v.sealSection(ctx, d.id, state, shred, part)
	if err != nil {
		return err
	}
	d.bodies = append(d.bodies, op)
	cardPart, ok, err := v.cardPart(ctx, d.id, state, shred, part)
	if ok {
		card.Parts = append(card.Parts, cardPart)
	}
	return err
}

// putIndex returns the put of an index row: under the condition that nobody has it for identifiers, whatever it holds now for tokens.
func putIndex(pk string, id record.CustomerID) store.Op {
	key := rows.Index(pk, id)
	return store.PutIf(store.Item{Key: key, Body: []byte(id)}, store.IfAbsent())
}

func (d *draft) addCard(card rows.CardBody) error {
	op, hash, err := cardOp(d.id, d.head, card, store.IfAbsent())
	d.head.Card = hash
	d.bodies = append(d.bodies, op)
	return err
}

// cardOp returns the put of a card's row and the hash that the head must name.
func cardOp(id record.CustomerID, head *rows.Head, card rows.CardBody, cond store.Condition) (store.Op, [32]byte, error) {
	card.Format = rows.Format
	body, err := rows.Encode(card)
	if err != nil {
		return store.Op{}, [32]byte{}, err
	}
	item := store.Item{Key: rows.Card(id), Body: body, Attrs: map[string]store.Attr{
		store.AttrDepartment: store.S(string(head.Department)), store.AttrOwner: store.S(string(head.Owner) + "#" + string(id))}}
	return store.PutIf(item, cond), sha256.Sum256(body), nil
}
