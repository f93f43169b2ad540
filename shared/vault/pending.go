package vault

import (
	"context"
	"errors"
	"fmt"

	"kexin/shared/decision"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// PendingView is a pending record beside the customers whose identifiers it has.
type PendingView struct {
	Pending  CardView
	Version  int64
	Deadline int64
	Channel  record.Channel
	Received int64
	// Matches are the customers that hold one of its identifiers.
	Matches []CardView
}

// ListPending returns the pending records of one shard with their masked values and the customers that they may be.
func (v *Vault) ListPending(ctx context.Context, actor Actor, shard string, cursor string) ([]PendingView, string, error) {
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: decision.Resource{Department: actor.Department, Owner: actor.Staff}})
	if err != nil {
		return nil, "", err
	}
	page, err := v.Store.Query(ctx, store.Query{Table: store.Work, PK: rows.PrefixPending + shard, Limit: 10, Cursor: cursor, KeysOnly: true})
	if err != nil {
		return nil, "", fmt.Errorf("list pending: %w", err)
	}
	var pending []*customer
	for _, item := range page.Items {
		c, err := v.load(ctx, record.CustomerID(item.Key.SK))
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if c.head.State == rows.StatePending && c.head.Deadline > v.Now().Unix() {
			pending = append(pending, c)
		}
	}
	for _, c := range pending {
		e.Customers = append(e.Customers, c.id)
	}
	e.Code = "pending-list"
	if err := v.recordList(ctx, e, pending); err != nil {
		return nil, "", err
	}
	views := make([]PendingView, 0, len(pending))
	for _, c := range pending {
		view, err := v.pendingView(ctx, c)
		if err != nil {
			return nil, "", err
		}
		views = append(views, view)
	}
	return views, page.Next, nil
}

func (v *Vault) pendingView(ctx context.Context, c *customer) (PendingView, error) {
	fields, err := v.readCard(ctx, c)
	if err != nil {
		return PendingView{}, v.outcome(ctx, c, decision.ActMerge, err)
	}
	view := PendingView{Pending: v.cardView(c, fields), Version: c.head.Version, Deadline: c.head.Deadline, Channel: c.head.Channel, Received: c.head.Created}
	matches, err := v.matches(ctx, c)
	if err != nil {
		return PendingView{}, err
	}
	for _, m := range matches {
		fields, err := v.readCard(ctx, m)
		if err != nil {
			return PendingView{}, v.outcome(ctx, m, decision.ActMerge, err)
		}
		view.Matches = append(view.Matches, v.cardView(m, fields))
	}
	return view, nil
}

// matches finds the live customers that hold an identifier of a pending record, by opening its own sections below L3.
func (v *Vault) matches(ctx context.Context, c *customer) ([]*customer, error) {
	fields, err := v.openBelowL3(ctx, c)
	if err != nil {
		return nil, v.outcome(ctx, c, decision.ActMerge, err)
	}
	identifiers, _ := v.indexRows(fields)
	var found []*customer
	seen := map[record.CustomerID]bool{}
	for _, pk := range identifiers {
		ids, err := v.findIdentifier(ctx, pk)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			m, err := v.load(ctx, id)
			if err == nil && !seen[id] && m.head.State == rows.StateLive {
				seen[id], found = true, append(found, m)
			}
		}
	}
	return found, nil
}

func (v *Vault) openBelowL3(ctx context.Context, c *customer) (record.Fields, error) {
	all := record.Fields{}
	for i := range c.head.Sections {
		state := &c.head.Sections[i]
		if state.Level == record.L3 || state.Deadline <= v.Now().Unix() {
			continue
		}
		fields, err := v.openSection(ctx, c, state)
		if err != nil {
			return nil, err
		}
		for name, value := range fields {
			all[name] = value
		}
	}
	return all, nil
}

// Merge takes the L1 and L2 fields of a pending record into a live customer and ends the pending record, in one transaction. The live
// customer's consents become the newer ones. Fields of L3 are not taken over: only reseal-records may move them; until then the person
// is asked again.
func (v *Vault) Merge(ctx context.Context, actor Actor, pending record.CustomerID, into record.CustomerID, version int64) (int64, error) {
	p, c, err := v.mergePair(ctx, actor, pending, into, version)
	if err != nil {
		return 0, err
	}
	purpose := record.PurposeID("")
	if form := v.Pack.Forms[p.head.Form]; form != nil && len(form.Purposes) > 0 {
		purpose = form.Purposes[0]
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: v.resource(c, nil, purpose), Purpose: purpose})
	if err != nil {
		return 0, err
	}
	fields, err := v.openBelowL3(ctx, p)
	if err != nil {
		return 0, v.outcome(ctx, p, decision.ActMerge, err)
	}
	e.Object, e.Fields = string(pending), fields.Names()
	ch := &change{v: v, c: c, entry: e}
	v.takeConsents(c.head, p.head)
	groups, err := v.group(c, fields)
	if err != nil {
		return 0, err
	}
	if err := v.applyAll(ctx, ch, groups); err != nil {
		return 0, err
	}
	op, err := v.mergedConsent(p, c, actor)
	if err != nil {
		return 0, err
	}
	end, err := v.endPending(p)
	if err != nil {
		return 0, err
	}
	ch.ops = append(append(ch.ops, op), end...)
	return ch.commit(ctx)
}

func (v *Vault) mergePair(ctx context.Context, actor Actor, pending, into record.CustomerID, version int64) (p, c *customer, err error) {
	p, err = v.load(ctx, pending)
	if err == nil && p.head.State != rows.StatePending {
		err = ErrNotFound
	}
	if err != nil {
		return nil, nil, v.missing(ctx, actor, decision.ActMerge, pending, "", err)
	}
	c, err = v.loadVersion(ctx, actor, decision.ActMerge, into, version)
	if err != nil {
		return nil, nil, err
	}
	if c.head.Kind != p.head.Kind {
		return nil, nil, &Problem{"into", "other_kind"}
	}
	return p, c, nil
}

// takeConsents brings the newer answers of a pending record into the live one: a consent that is given renews, a refusal withdraws
// nothing, because the person may not have meant the same record.
func (v *Vault) takeConsents(into, from *rows.Head) {
	for purpose, state := range from.Consents {
		if state.Live() {
			into.Consents[purpose] = state
		}
	}
	for field, state := range from.Separate {
		if !state.Live() {
			continue
		}
		if into.Separate == nil {
			into.Separate = map[record.FieldName]rows.ConsentState{}
		}
		into.Separate[field] = state
	}
	for trigger, at := range from.Triggers {
		into.Triggers[trigger] = max(into.Triggers[trigger], at)
	}
	for i := range into.Sections {
		if section := v.Pack.Section(into.Sections[i].ID); section != nil {
			into.Sections[i].Deadline = max(into.Sections[i].Deadline, v.sectionDeadline(into, section))
		}
	}
	into.Ledger++
}

func (v *Vault) mergedConsent(p, c *customer, actor Actor) (store.Op, error) {
	entry := ConsentEntry{Act: "given", At: p.head.Created, Notice: p.head.Notice, Channel: p.head.Channel, Staff: actor.Staff, Pack: v.Pack.Version}
	for purpose, state := range p.head.Consents {
		if state.Live() {
			entry.Purposes = append(entry.Purposes, Answer{string(purpose), true})
		}
	}
	for field, state := range p.head.Separate {
		if state.Live() {
			entry.Fields = append(entry.Fields, Answer{string(field), true})
		}
	}
	return consentOp(c.id, c.head.Ledger, entry)
}

// endPending returns the operations that end a pending record: its sections fall due now and its row for staff goes. Its head stays for
// the purge, which destroys it with a certificate of its own.
func (v *Vault) endPending(p *customer) ([]store.Op, error) {
	before, due := p.head.Version, p.head.Due
	v.endAll(p.head, "refused")
	p.head.Version++
	p.head.Deadline, p.head.Due = p.head.Latest()
	item, err := p.head.Item(p.id)
	if err != nil {
		return nil, err
	}
	moved, err := rows.MoveDue(p.id, due, p.head.Due)
	ops := []store.Op{store.PutIf(item, store.IfVersion(before)), store.DeleteIf(rows.Pending(p.id), store.IfPresent())}
	return append(ops, moved...), err
}

// Refuse ends a pending record without taking anything over.
func (v *Vault) Refuse(ctx context.Context, actor Actor, pending record.CustomerID, reason string) error {
	p, err := v.load(ctx, pending)
	if err == nil && p.head.State != rows.StatePending {
		err = ErrNotFound
	}
	if err != nil {
		return v.missing(ctx, actor, decision.ActMerge, pending, "", err)
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: v.resource(p, nil, ""), Reason: reason})
	if err != nil {
		return err
	}
	e.Code = "refused"
	ops, err := v.endPending(p)
	if err != nil {
		return err
	}
	_, err = v.act(ctx, e, ops)
	return err
}
