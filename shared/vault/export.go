package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// ExportPart is what an export reads of one part of its customers.
type ExportPart struct {
	Export    record.ExportID
	Actor     Actor // the requester, as the staff register has him now
	Purpose   record.PurposeID
	Reason    string
	Approval  record.ApprovalID
	Approved  bool
	Fields    []record.FieldName
	Kinds     []record.Kind
	Customers []record.CustomerID // at most MaxExportPart
	Rows      int                 // of the export before this part
}

// MaxExportPart is the most customers of one part: each needs a roster row in one transaction.
const MaxExportPart = 90

// ExportRow is one customer of an export.
type ExportRow struct {
	Customer record.CustomerID
	Values   map[record.FieldName]record.Value
}

// ReadForExport opens the approved fields of one part of an export. Before it reads, it puts a roster row for every customer together
// with the audit entry that names them all: a destruction that comes later finds the roster and voids the archive; one that came
// earlier leaves no head to read. Customers that the decision refuses are left out.
func (v *Vault) ReadForExport(ctx context.Context, part ExportPart) ([]ExportRow, error) {
	sections, err := v.exportSections(part)
	if err != nil {
		return nil, err
	}
	if err := v.recordExport(ctx, part, sections); err != nil {
		return nil, err
	}
	customers, err := v.exportCustomers(ctx, part)
	if err != nil {
		return nil, err
	}
	return v.exportRows(ctx, part, sections, customers)
}

// exportSections returns the sections of the fields asked for, and refuses fields that are in no export.
func (v *Vault) exportSections(part ExportPart) ([]*policy.Section, error) {
	var sections []*policy.Section
	for _, name := range part.Fields {
		section, field := v.Pack.SectionOf(name), v.Pack.Fields[name]
		if section == nil || !field.Export {
			return nil, &Problem{"fields." + string(name), "not_exportable"}
		}
		if !slices.Contains(sections, section) {
			sections = append(sections, section)
		}
	}
	return sections, nil
}

func (v *Vault) recordExport(ctx context.Context, part ExportPart, sections []*policy.Section) error {
	e := v.entry(part.Actor, decision.ActExport, decision.Verdict{Allow: true, Code: "part"})
	e.Purpose, e.Reason, e.Export, e.Approval, e.Fields = v.known(part.Purpose), v.knownReason(part.Reason), part.Export, part.Approval, slices.Clone(part.Fields)
	e.Customers = slices.Clone(part.Customers)
	for _, section := range sections {
		e.Sections = append(e.Sections, section.ID)
	}
	body, err := mentionOf(e, string(part.Export), v.Now())
	if err != nil {
		return err
	}
	var ops []store.Op
	for _, id := range part.Customers {
		item := store.Item{Key: rows.Roster(id, part.Export), Body: body, Attrs: map[string]store.Attr{store.AttrState: store.S("r")}}
		ops = append(ops, store.PutIf(item, rosterCondition()))
	}
	_, err = v.Log.Act(ctx, e, ops...)
	return err
}

// rosterCondition holds for every roster row: a build that starts again puts the same rows again.
func rosterCondition() store.Condition {
	return store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrState, Operand: store.S("r")}}}
}

// exportCustomers loads the heads of a part, after the roster is durable, in the order of the part.
func (v *Vault) exportCustomers(ctx context.Context, part ExportPart) ([]*customer, error) {
	keys := make([]store.Key, 0, len(part.Customers))
	for _, id := range part.Customers {
		keys = append(keys, rows.HeadKey(id))
	}
	items, err := v.Store.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	var customers []*customer
	for _, item := range items {
		c, err := decodeCustomer(record.CustomerID(item.Key.PK[len(rows.PrefixCustomer):]), item)
		if err != nil {
			return nil, err
		}
		if c.head.State == rows.StateLive && (len(part.Kinds) == 0 || slices.Contains(part.Kinds, c.head.Kind)) {
			customers = append(customers, c)
		}
	}
	return customers, nil
}

// wanted is one section of one customer that an export opens.
type wanted struct {
	row   int
	c     *customer
	state *rows.SectionState
}

func (v *Vault) exportRows(ctx context.Context, part ExportPart, sections []*policy.Section, customers []*customer) ([]ExportRow, error) {
	list := make([]ExportRow, 0, len(customers))
	var open []wanted
	for _, c := range customers {
		allowed := v.exportable(part, sections, c)
		if len(allowed) == 0 {
			continue
		}
		for _, state := range allowed {
			open = append(open, wanted{len(list), c, state})
		}
		list = append(list, ExportRow{c.id, map[record.FieldName]record.Value{}})
	}
	if err := v.withinRows(ctx, part, open, len(list)); err != nil {
		return nil, err
	}
	for chunk := range slices.Chunk(open, 100) {
		if err := v.openWanted(ctx, part, chunk, list); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// withinRows refuses an export that would have more customers than the pack allows, before any of the part is opened.
func (v *Vault) withinRows(ctx context.Context, part ExportPart, open []wanted, list int) error {
	total := part.Rows + list
	if total <= v.Pack.Limits.ExportRows {
		return nil
	}
	e := v.entry(part.Actor, decision.ActExport, decision.Verdict{})
	e.Purpose, e.Reason, e.Export, e.Approval, e.Fields = v.known(part.Purpose), v.knownReason(part.Reason), part.Export, part.Approval, slices.Clone(part.Fields)
	e.Facts = audit.Facts{"rows": entry.Count(total), "limit": entry.Count(v.Pack.Limits.ExportRows)}
	last := open[len(open)-1]
	return v.beyond(ctx, part.Actor, e, decision.Request{Action: decision.ActExport, Purpose: part.Purpose, Reason: part.Reason, Approved: part.Approved,
		Resource: v.resource(last.c, v.Pack.Section(last.state.ID), part.Purpose)}, policy.LimitExportRows)
}

// exportable returns the sections of a customer that the decision lets into this export.
func (v *Vault) exportable(part ExportPart, sections []*policy.Section, c *customer) []*rows.SectionState {
	var allowed []*rows.SectionState
	for _, section := range sections {
		state := c.head.Section(section.ID)
		if state == nil || v.over(c.head, state) {
			continue
		}
		verdict := v.Engine.Decide(decision.Request{Actor: part.Actor.Actor, Action: decision.ActExport, Purpose: part.Purpose,
			Reason: part.Reason, Approved: part.Approved, Resource: v.resource(c, section, part.Purpose), Now: v.Now()})
		if verdict.Allow {
			allowed = append(allowed, state)
		}
	}
	return allowed
}

func (v *Vault) openWanted(ctx context.Context, part ExportPart, open []wanted, list []ExportRow) error {
	keys := make([]store.Key, 0, len(open))
	byKey := make(map[store.Key]wanted, len(open))
	for _, w := range open {
		key := rows.Section(w.state.Level, w.c.id, w.state.ID, w.state.Version)
		keys, byKey[key] = append(keys, key), w
	}
	items, err := v.Store.GetMany(ctx, keys)
	if err != nil {
		return fmt.Errorf("read sections: %w", err)
	}
	for _, item := range items {
		w := byKey[item.Key]
		delete(byKey, item.Key)
		fields, err := v.openBody(ctx, w.c, w.state, item.Body)
		if err != nil {
			return v.outcome(ctx, w.c, decision.ActExport, err)
		}
		for name, value := range fields {
			if slices.Contains(part.Fields, name) {
				list[w.row].Values[name] = value
			}
		}
	}
	for _, w := range byKey { // a section that is missing fails the part: an export never leaves out in silence
		return v.outcome(ctx, w.c, decision.ActExport, fmt.Errorf("%w: missing", ErrMismatch))
	}
	return nil
}

// PreviewExport returns the highest level of an export's fields and refuses what the decision refuses for every customer of a department.
// It opens nothing.
func (v *Vault) PreviewExport(ctx context.Context, actor Actor, department record.Department, purpose record.PurposeID, reason string, fields []record.FieldName, approved bool) (level record.Level, err error) {
	part := ExportPart{Fields: fields}
	sections, err := v.exportSections(part)
	if err != nil {
		return 0, err
	}
	if len(sections) == 0 {
		return 0, &Problem{"fields", "required"}
	}
	var e audit.Entry
	for _, section := range sections {
		level = max(level, section.Level)
		resource := decision.Resource{Department: department, State: rows.StateLive, Consented: true, Section: &decision.Section{ID: section.ID,
			Level: section.Level, Category: section.Category, Purposes: section.Purposes, Sensitive: section.Consent != ""}}
		req := decision.Request{Action: decision.ActExport, Resource: resource, Purpose: purpose, Reason: reason, Approved: approved}
		var err error
		if _, e, err = v.decide(ctx, actor, req); err != nil && !needsApproval(err) {
			return 0, err
		}
	}
	if e.Verdict == audit.Deny {
		return level, nil // recorded already: it wants a second person
	}
	e.Code, e.Fields = "preview", slices.Clone(fields)
	if _, err := v.Log.Record(ctx, e); err != nil {
		return 0, fmt.Errorf("record preview: %w", err)
	}
	return level, nil
}

// needsApproval reports whether a refusal is only for want of a second person.
func needsApproval(err error) bool {
	var denied *Denied
	return errors.As(err, &denied) && denied.Verdict.Code == "needs-approval"
}

// RecordAct writes an entry of an act that is not on a customer's data, such as a step of an export, together with its operations.
func (v *Vault) RecordAct(ctx context.Context, actor Actor, action decision.Action, complete func(*audit.Entry), ops ...store.Op) (audit.Ref, error) {
	e := v.entry(actor, action, decision.Verdict{Allow: true, Code: "allow"})
	complete(&e)
	return v.Log.Act(ctx, e, ops...)
}

// MayAsk returns the department whose approval a reveal of a restricted field needs, when the decision is no only for want of a second
// person. Other refusals are recorded and returned.
func (v *Vault) MayAsk(ctx context.Context, actor Actor, id record.CustomerID, field record.FieldName, purpose record.PurposeID, reason string) (record.Department, error) {
	c, section, _, err := v.revealTarget(ctx, actor, RevealRequest{Customer: id, Field: field, Purpose: purpose})
	if err != nil {
		return "", err
	}
	_, _, err = v.decide(ctx, actor, decision.Request{Action: decision.ActReveal, Purpose: purpose, Reason: reason, Resource: v.resource(c, section, purpose)})
	if err != nil && !needsApproval(err) {
		return "", err
	}
	return c.head.Department, nil
}
