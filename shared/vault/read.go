package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Shown is what an actor gets to see of one field.
type Shown struct {
	Value  record.Value // clear; empty when only the mask is shown
	Masked string
	Level  record.Level
}

// Record is what an actor gets to see of a customer for one purpose.
type Record struct {
	Customer   record.CustomerID
	Version    int64
	State      string
	Kind       record.Kind
	Stage      record.Stage
	Owner      record.StaffID
	Department record.Department
	Purpose    record.PurposeID
	Deadline   int64 // Unix seconds
	Held       bool
	Fields     map[record.FieldName]Shown
	Hidden     []record.FieldName // present, but absent from this view
	Consents   map[record.PurposeID]rows.ConsentState
}

// view is one section that a read opens, with the verdict about it.
type view struct {
	section *policy.Section
	state   *rows.SectionState
	verdict decision.Verdict
}

// Open reads a customer for purpose: sections that serve the purpose and that the decision allows, L1 in clear, L2 masked, L3 absent. It
// opens nothing else. When every section asked for is refused, so is the read.
func (v *Vault) Open(ctx context.Context, actor Actor, id record.CustomerID, purpose record.PurposeID) (*Record, error) {
	c, err := v.load(ctx, id)
	if err != nil {
		return nil, v.missing(ctx, actor, decision.ActRead, id, purpose, err)
	}
	if c.head.State == rows.StatePending {
		return nil, v.missing(ctx, actor, decision.ActRead, id, purpose, ErrNotFound)
	}
	var views []view
	var hidden []record.FieldName
	giveBack, err := v.counted(ctx, actor, func(reads int) error {
		var denied *decision.Verdict
		if views, hidden, denied = v.views(actor, c, purpose, reads); len(views) == 0 {
			return v.nothing(ctx, actor, c, purpose, denied)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := v.recordRead(ctx, actor, c, purpose, views); err != nil {
		giveBack()
		return nil, err
	}
	r := v.describe(c, purpose)
	r.Hidden = hidden
	if err := v.fill(ctx, c, views, r); err != nil {
		return nil, err
	}
	return r, nil
}

// missing records that somebody asked for a customer that is not there, so that probing shows in the log.
func (v *Vault) missing(ctx context.Context, actor Actor, action decision.Action, id record.CustomerID, purpose record.PurposeID, cause error) error {
	if !errors.Is(cause, ErrNotFound) {
		return cause
	}
	e := v.entry(actor, action, decision.Verdict{Code: "not-found"})
	if record.CheckID(record.PrefixCustomer, string(id)) == nil {
		e.Customer = id
	}
	e.Purpose = v.known(purpose)
	if _, err := v.Log.Record(ctx, e); err != nil {
		return fmt.Errorf("record refusal: %w", err)
	}
	return ErrNotFound
}

// expired records that somebody asked for what has ended, and returns ErrExpired.
func (v *Vault) expired(ctx context.Context, actor Actor, action decision.Action, c *customer, purpose record.PurposeID) error {
	e := v.entry(actor, action, decision.Verdict{Code: "expired"})
	e.Customer, e.Purpose = c.id, v.known(purpose)
	if _, err := v.Log.Record(ctx, e); err != nil {
		return fmt.Errorf("record refusal: %w", err)
	}
	return ErrExpired
}

// views returns what a read for purpose opens, the fields it hides, and the last refusal.
func (v *Vault) views(actor Actor, c *customer, purpose record.PurposeID, reads int) (views []view, hidden []record.FieldName, denied *decision.Verdict) {
	for i := range c.head.Sections {
		state := &c.head.Sections[i]
		section := v.Pack.Section(state.ID)
		if section == nil || !slices.Contains(section.Purposes, purpose) || v.over(c.head, state) {
			continue
		}
		verdict := v.Engine.Decide(decision.Request{Actor: actor.Actor, Action: decision.ActRead, Now: v.Now(),
			Resource: v.resource(c, section, purpose), Purpose: purpose, Reads: reads})
		switch {
		case !verdict.Allow:
			denied = &verdict
			hidden = append(hidden, section.Fields...)
		case verdict.Obligations.Absent:
			hidden = append(hidden, section.Fields...)
			fallthrough
		default:
			views = append(views, view{section, state, verdict})
		}
	}
	return views, hidden, denied
}

// nothing ends a read that may open nothing: refused by decision, or because everything has expired.
func (v *Vault) nothing(ctx context.Context, actor Actor, c *customer, purpose record.PurposeID, denied *decision.Verdict) error {
	if denied != nil {
		e := v.entry(actor, decision.ActRead, *denied)
		e.Customer, e.Purpose = c.id, v.known(purpose)
		return v.refuse(ctx, e, decision.ActRead, *denied)
	}
	verdict := v.Engine.Decide(decision.Request{Actor: actor.Actor, Action: decision.ActRead, Now: v.Now(),
		Resource: v.resource(c, nil, purpose), Purpose: purpose})
	if !verdict.Allow && !v.allOver(c.head) {
		e := v.entry(actor, decision.ActRead, verdict)
		e.Customer, e.Purpose = c.id, v.known(purpose)
		return v.refuse(ctx, e, decision.ActRead, verdict)
	}
	return v.expired(ctx, actor, decision.ActRead, c, purpose)
}

// recordRead writes the entry of a read before anything is opened.
func (v *Vault) recordRead(ctx context.Context, actor Actor, c *customer, purpose record.PurposeID, views []view) error {
	e := v.entry(actor, decision.ActRead, views[0].verdict)
	e.Customer, e.Purpose = c.id, purpose
	for _, view := range views {
		if view.verdict.Obligations.Absent {
			continue
		}
		e.Sections = append(e.Sections, view.section.ID)
		e.Fields = append(e.Fields, view.section.Fields...)
	}
	e.Head.Before = audit.Digest(c.digest)
	_, err := v.Log.Record(ctx, e)
	return err
}

func (v *Vault) describe(c *customer, purpose record.PurposeID) *Record {
	return &Record{Customer: c.id, Version: c.head.Version, State: c.head.State, Kind: c.head.Kind, Stage: c.head.Stage, Owner: c.head.Owner,
		Department: c.head.Department, Purpose: purpose, Deadline: c.head.Deadline, Held: c.head.Holds > 0,
		Fields: map[record.FieldName]Shown{}, Consents: c.head.Consents}
}

// fill opens what the views allow. Masked values come from the card, so that no section is opened for them.
func (v *Vault) fill(ctx context.Context, c *customer, views []view, r *Record) error {
	var masked []*policy.Section
	var clear []view
	for _, view := range views {
		switch {
		case view.verdict.Obligations.Absent:
		case view.verdict.Obligations.Mask:
			masked = append(masked, view.section)
		default:
			clear = append(clear, view)
		}
	}
	if err := v.fillClear(ctx, c, clear, r); err != nil {
		return v.outcome(ctx, c, decision.ActRead, err)
	}
	if len(masked) == 0 {
		return nil
	}
	card, err := v.readCard(ctx, c)
	if err != nil {
		return v.outcome(ctx, c, decision.ActRead, err)
	}
	for _, section := range masked {
		for _, name := range section.Fields {
			if value, ok := card[name]; ok {
				r.Fields[name] = Shown{Masked: value.Reveal(), Level: section.Level}
			}
		}
	}
	return nil
}

// fillClear reads the sections of views in one call and opens them.
func (v *Vault) fillClear(ctx context.Context, c *customer, views []view, r *Record) error {
	if len(views) == 0 {
		return nil
	}
	keys := make([]store.Key, len(views))
	for i, view := range views {
		keys[i] = rows.Section(view.state.Level, c.id, view.state.ID, view.state.Version)
	}
	items, err := v.Store.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read sections: %w", err)
	}
	if len(items) != len(views) {
		return fmt.Errorf("%w: missing", ErrMismatch)
	}
	for i, view := range views {
		fields, err := v.openBody(ctx, c, view.state, items[i].Body)
		if err != nil {
			return err
		}
		for name, value := range fields {
			r.Fields[name] = Shown{Value: value, Level: view.section.Level}
		}
	}
	return nil
}

// outcome records that an allowed act ended otherwise, and returns why. A section or card that does not match a head which has changed
// since it was read is no sign of tampering: somebody else was faster.
func (v *Vault) outcome(ctx context.Context, c *customer, action decision.Action, cause error) error {
	if errors.Is(cause, ErrMismatch) && v.changed(ctx, c) {
		return fmt.Errorf("%w: record changed while it was read", ErrConflict)
	}
	e := v.system(string(action))
	e.Verdict, e.Customer, e.Code = audit.Outcome, c.id, "failed"
	if errors.Is(cause, ErrMismatch) {
		e.Code = "mismatch"
	}
	if _, err := v.Log.Record(ctx, e); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// changed reports whether a customer's head is not the one that c was loaded from.
func (v *Vault) changed(ctx context.Context, c *customer) bool {
	now, err := v.load(ctx, c.id)
	return errors.Is(err, ErrNotFound) || err == nil && now.digest != c.digest
}

// Revealed is one value shown for a limited time.
type Revealed struct {
	Reveal  record.RevealID
	Value   record.Value
	Until   int64 // Unix seconds
	Seconds int
}

// RevealRequest asks for one value.
type RevealRequest struct {
	Customer record.CustomerID
	Field    record.FieldName
	Purpose  record.PurposeID
	Reason   string // code of the pack's list
	Note     string // typed reason: sealed beside the customer's data, never in the log
	Approved bool   // the caller has verified an approval of exactly this request
	Approval record.ApprovalID
}

// Reveal shows one value of a field for a limited time. The typed note is sealed under the same section and stored together with the
// entry that carries its hash; only then is the section opened.
func (v *Vault) Reveal(ctx context.Context, actor Actor, req RevealRequest) (*Revealed, error) {
	c, section, state, err := v.revealTarget(ctx, actor, req)
	if err != nil {
		return nil, err
	}
	var verdict decision.Verdict
	var e audit.Entry
	giveBack, err := v.counted(ctx, actor, func(reads int) (err error) {
		verdict, e, err = v.decide(ctx, actor, decision.Request{Action: decision.ActReveal, Purpose: req.Purpose, Reason: req.Reason,
			Approved: req.Approved, Resource: v.resource(c, section, req.Purpose), Reads: reads})
		return err
	})
	if err != nil {
		return nil, err
	}
	id, err := record.NewID(v.Random, record.PrefixReveal)
	if err != nil {
		return nil, err
	}
	e.Fields, e.Reveal, e.Approval = []record.FieldName{req.Field}, record.RevealID(id), req.Approval
	e.Head.Before = audit.Digest(c.digest)
	if err := v.recordReveal(ctx, c, state, req, e); err != nil {
		giveBack()
		return nil, err
	}
	fields, err := v.openSection(ctx, c, state)
	if err != nil {
		return nil, v.outcome(ctx, c, decision.ActReveal, err)
	}
	value, ok := fields[req.Field]
	if !ok {
		return nil, &Problem{"field", "not_held"}
	}
	seconds := verdict.Obligations.Seconds
	return &Revealed{record.RevealID(id), value, v.Now().Unix() + int64(seconds), seconds}, nil
}

// revealTarget finds the section of a field to reveal.
func (v *Vault) revealTarget(ctx context.Context, actor Actor, req RevealRequest) (*customer, *policy.Section, *rows.SectionState, error) {
	section := v.Pack.SectionOf(req.Field)
	if section == nil {
		return nil, nil, nil, &Problem{"field", "unknown_field"}
	}
	c, err := v.load(ctx, req.Customer)
	if err == nil && c.head.State == rows.StatePending {
		err = ErrNotFound
	}
	if err != nil {
		return nil, nil, nil, v.missing(ctx, actor, decision.ActReveal, req.Customer, req.Purpose, err)
	}
	state := c.head.Section(section.ID)
	if state == nil {
		return nil, nil, nil, &Problem{"field", "not_held"}
	}
	if v.over(c.head, state) {
		return nil, nil, nil, v.expired(ctx, actor, decision.ActReveal, c, req.Purpose)
	}
	return c, section, state, nil
}

// recordReveal stores the sealed note, if there is one, together with the entry.
func (v *Vault) recordReveal(ctx context.Context, c *customer, state *rows.SectionState, req RevealRequest, e audit.Entry) error {
	if req.Note == "" {
		_, err := v.Log.Record(ctx, e)
		return err
	}
	what := "note/" + string(e.Reveal)
	level := state.Level
	shred, err := shredOf(state)
	if err != nil {
		return err
	}
	body, err := v.sealAt(ctx, c.id, state, shred, level, what, []byte(req.Note))
	if err != nil {
		return err
	}
	e.Note = audit.Digest(rows.Digest(body))
	key := rows.Note(level, c.id, state.ID, string(e.Reveal))
	check := store.CheckIf(rows.HeadKey(c.id), store.IfVersion(c.head.Version))
	_, err = v.act(ctx, e, []store.Op{check, store.PutIf(store.Item{Key: key, Body: body}, store.IfAbsent())})
	return err
}

// ReadAudit answers who did what to a customer, also after its destruction, to those who may read the log.
func (v *Vault) ReadAudit(ctx context.Context, actor Actor, id record.CustomerID, cursor string) ([]HistoryEntry, string, error) {
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActAuditRead, Resource: decision.Resource{Customer: id, Department: actor.Department}})
	if err != nil {
		return nil, "", err
	}
	if _, err := v.Log.Record(ctx, e); err != nil {
		return nil, "", err
	}
	return v.trace(ctx, id, cursor)
}

// Would answers what would be decided, without doing it. The question itself is recorded.
func (v *Vault) Would(ctx context.Context, actor Actor, action decision.Action, id record.CustomerID, field record.FieldName, purpose record.PurposeID, reason string) (decision.Verdict, error) {
	resource := decision.Resource{Department: actor.Department, Owner: actor.Staff, State: rows.StateLive}
	if id != "" {
		c, err := v.load(ctx, id)
		if err != nil {
			return decision.Verdict{}, v.missing(ctx, actor, decision.ActDecide, id, purpose, err)
		}
		resource = v.resource(c, v.Pack.SectionOf(field), purpose)
	}
	question := resource
	question.Section = nil
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActDecide, Resource: question})
	if err != nil {
		return decision.Verdict{}, err
	}
	reads, err := v.readsToday(ctx, actor)
	if err != nil {
		return decision.Verdict{}, err
	}
	verdict := v.Engine.Decide(decision.Request{Actor: actor.Actor, Action: action, Resource: resource, Purpose: purpose, Reason: reason,
		Reads: reads, Now: v.Now()})
	e.Code, e.Reasons, e.Purpose, e.Reason = verdict.Code, verdict.Reasons, v.known(purpose), v.knownReason(reason)
	if _, err := v.Log.Record(ctx, e); err != nil {
		return decision.Verdict{}, fmt.Errorf("record question: %w", err)
	}
	return verdict, nil
}
