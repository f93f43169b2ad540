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

// PendingView is a pending record beside the customers whose identifiers it has.
type PendingView struct {
	Pending  CardView
	Version  int64
	Deadline int64
	Channel  record.Channel
	Received int64
	// Matches are the customers that hold one of its identifiers.
	Matches []CardView
	// AskAgain are the fields of L3 sections that the record has. A merge does not take them over, so the person is asked for them again.
	AskAgain []record.FieldName
}

// askAgain returns the fields of the L3 sections that a record has, sorted.
func (v *Vault) askAgain(head *rows.Head) []record.FieldName {
	var names []record.FieldName
	for _, state := range head.Sections {
		if section := v.Pack.Section(state.ID); section != nil && state.Level >= record.L3 {
			names = append(names, section.Fields...)
		}
	}
	slices.Sort(names)
	return names
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
		if c.head.State == rows.StatePending && c.head.Deadline > v.Now().Unix() && v.mayMerge(actor, c) {
			pending = append(pending, c)
		}
	}
	views, err := v.pendingViews(ctx, actor, e, pending)
	return views, page.Next, err
}

func (v *Vault) mayMerge(actor Actor, c *customer) bool {
	return v.Engine.Decide(decision.Request{Actor: actor.Actor, Action: decision.ActMerge, Resource: v.resource(c, nil, ""), Now: v.Now()}).Allow
}

// pendingViews opens pending records and the cards of those that they may be, each after an entry that names them. An empty page shows
// nothing and leaves no entry: a list walks 64 shards, most of them empty.
func (v *Vault) pendingViews(ctx context.Context, actor Actor, e audit.Entry, pending []*customer) ([]PendingView, error) {
	if len(pending) == 0 {
		return nil, nil
	}
	e.Code = "pending-list"
	if err := v.recordList(ctx, e, pending); err != nil {
		return nil, err
	}
	found := make([][]*customer, len(pending))
	var all []*customer
	for i, c := range pending {
		matches, err := v.matches(ctx, c)
		if err != nil {
			return nil, err
		}
		found[i] = slices.DeleteFunc(matches, func(m *customer) bool { return !v.mayMerge(actor, m) })
		all = append(all, found[i]...)
	}
	if len(all) > 0 {
		e.Code = "pending-matches"
		if err := v.recordList(ctx, e, unique(all)); err != nil {
			return nil, err
		}
	}
	views := make([]PendingView, 0, len(pending))
	for i, c := range pending {
		view, err := v.pendingView(ctx, c, found[i])
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// unique leaves out customers that were named already.
func unique(customers []*customer) []*customer {
	seen := map[record.CustomerID]bool{}
	return slices.DeleteFunc(slices.Clone(customers), func(c *customer) bool {
		again := seen[c.id]
		seen[c.id] = true
		return again
	})
}

func (v *Vault) pendingView(ctx context.Context, c *customer, matches []*customer) (PendingView, error) {
	fields, err := v.readCard(ctx, c)
	if err != nil {
		return PendingView{}, v.outcome(ctx, c, decision.ActMerge, err)
	}
	view := PendingView{Pending: v.cardView(c, fields), Version: c.head.Version, Deadline: c.head.Deadline, Channel: c.head.Channel, Received: c.head.Created,
		AskAgain: v.askAgain(c.head)}
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
	if v.Index == nil {
		return nil, ErrIncapable
	}
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
		if state.Level == record.L3 || v.over(c.head, state) {
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
	p, c, err := v.mergePair(ctx, actor, pending, into)
	if err != nil {
		return 0, err
	}
	purpose := record.PurposeID("")
	if form := v.Pack.Forms[p.head.Form]; form != nil && len(form.Purposes) > 0 {
		purpose = form.Purposes[0]
	}
	if _, _, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: v.resource(p, nil, purpose), Purpose: purpose}); err != nil {
		return 0, err
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: v.resource(c, nil, purpose), Purpose: purpose})
	if err != nil {
		return 0, err
	}
	if err := v.mergeable(p, c, version); err != nil {
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
	op, err := v.mergedConsent(p, c, actor)
	if err != nil {
		return 0, err
	}
	end, after, err := v.endPending(p, "merged")
	if err != nil {
		return 0, err
	}
	ch.entry.Facts = audit.Facts{"merged_before": audit.Digest(p.digest).String(), "merged_after": after.String()}
	ch.ops = append([]store.Op{op}, end...)
	return v.applyCommit(ctx, ch, decision.ActMerge, groups)
}

// mergeable refuses what may not be merged: another kind, a version that the caller has not seen, and a customer whose data is about to
// be destroyed, which a merge would revive.
func (v *Vault) mergeable(p, c *customer, version int64) error {
	switch {
	case c.head.Version != version:
		return ErrStale
	case c.head.Kind != p.head.Kind:
		return &Problem{"into", "other_kind"}
	case v.allOver(c.head):
		return ErrExpired
	}
	return nil
}

func (v *Vault) mergePair(ctx context.Context, actor Actor, pending, into record.CustomerID) (p, c *customer, err error) {
	if p, err = v.loadPending(ctx, actor, pending); err != nil {
		return nil, nil, err
	}
	c, err = v.loadLive(ctx, actor, decision.ActMerge, into)
	return p, c, err
}

// loadPending loads a pending record that waits for staff, or records that somebody asked for one that does not.
func (v *Vault) loadPending(ctx context.Context, actor Actor, id record.CustomerID) (*customer, error) {
	p, err := v.load(ctx, id)
	if err == nil && (p.head.State != rows.StatePending || p.head.Deadline <= v.Now().Unix()) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, v.missing(ctx, actor, decision.ActMerge, id, "", err)
	}
	return p, nil
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
		section := v.Pack.Section(into.Sections[i].ID)
		if section != nil && into.Sections[i].Deadline > v.Now().Unix() { // what has ended stays ended
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
// the purge, which destroys it with a certificate of its own. The head's put is the first operation; after is its digest.
func (v *Vault) endPending(p *customer, why string) (ops []store.Op, after audit.Digest, err error) {
	before, due := p.head.Version, p.head.Due
	v.endAll(p.head, why, notKept)
	p.head.Version++
	earliest := int64(0)
	p.head.Deadline, earliest = p.head.Latest()
	p.head.Due = rows.NextDue(due, earliest, v.Now().Unix())
	item, err := p.head.Item(p.id)
	if err != nil {
		return nil, after, err
	}
	moved, err := rows.MoveDue(p.id, due, p.head.Due)
	ops = []store.Op{store.PutIf(item, store.IfVersion(before)), store.DeleteIf(rows.Pending(p.id), store.IfPresent())}
	return append(ops, moved...), audit.Digest(rows.Digest(item.Body)), err
}

// Refuse ends a pending record without taking anything over.
func (v *Vault) Refuse(ctx context.Context, actor Actor, pending record.CustomerID, reason string) error {
	p, err := v.loadPending(ctx, actor, pending)
	if err != nil {
		return err
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: v.resource(p, nil, ""), Reason: reason})
	if err != nil {
		return err
	}
	e.Code = "refused"
	ops, after, err := v.endPending(p, "refused")
	if err != nil {
		return err
	}
	e.Head = audit.Head{Before: audit.Digest(p.digest), After: after}
	_, err = v.act(ctx, e, ops)
	return err
}

// Admit makes a pending record live: the customer who had its identifier has been destroyed, or was corrected. ErrTaken: an identifier
// is still somebody else's; merge or refuse then.
func (v *Vault) Admit(ctx context.Context, actor Actor, pending record.CustomerID, version int64) (int64, error) {
	if v.Index == nil {
		return 0, ErrIncapable
	}
	p, err := v.loadPending(ctx, actor, pending)
	if err != nil {
		return 0, err
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActMerge, Resource: v.resource(p, nil, "")})
	if err != nil {
		return 0, err
	}
	if p.head.Version != version {
		return 0, ErrStale
	}
	e.Code = "admitted"
	ch := &change{v: v, c: p, entry: e, ops: []store.Op{store.DeleteIf(rows.Pending(p.id), store.IfPresent())}}
	if err := v.indexAll(ctx, ch); err != nil {
		return 0, err
	}
	p.head.State = rows.StateLive
	identifiers := identifierOps(ch.ops)
	next, err := ch.commit(ctx)
	if errors.Is(err, ErrConflict) && v.identifierTaken(ctx, p.id, identifiers) {
		return 0, ErrTaken
	}
	return next, err
}

// indexAll gives the sections of a pending record the index rows and deadlines of a live one.
func (v *Vault) indexAll(ctx context.Context, ch *change) error {
	head := ch.c.head
	for i := range head.Sections {
		state := &head.Sections[i]
		section := v.Pack.Section(state.ID)
		if section == nil {
			continue
		}
		if v.indexed(section) {
			fields, err := v.openSection(ctx, ch.c, state)
			if err != nil {
				return v.outcome(ctx, ch.c, decision.ActMerge, err)
			}
			ch.ops = append(ch.ops, v.reindex(ch.c.id, state, fields)...)
		}
		state.Deadline = v.sectionDeadline(head, section)
	}
	return nil
}

// indexed reports whether customers are found by any field of section.
func (v *Vault) indexed(section *policy.Section) bool {
	return slices.ContainsFunc(section.Fields, func(name record.FieldName) bool {
		field := v.Pack.Fields[name]
		return field != nil && (field.Unique != "" || len(field.Search) > 0)
	})
}
