package vault

import (
	"context"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// change is a new version of a head on its way into a transaction.
type change struct {
	v     *Vault
	c     *customer
	entry audit.Entry
	ops   []store.Op
	// lifted: the last hold goes with this change
	lifted bool
}

// commit writes the head with its version raised and its deadlines counted anew, moves the due row, and commits everything.
func (ch *change) commit(ctx context.Context) (int64, error) {
	head := ch.c.head
	before := head.Version
	head.Version++
	moved, err := ch.schedule()
	if err != nil {
		return 0, err
	}
	item, err := head.Item(ch.c.id)
	if err != nil {
		return 0, err
	}
	ops := []store.Op{store.PutIf(item, store.IfVersion(before))}
	ch.entry.Head = audit.Head{Before: audit.Digest(ch.c.digest), After: audit.Digest(rows.Digest(item.Body))}
	if _, err := ch.v.act(ctx, ch.entry, append(append(ops, moved...), ch.ops...)); err != nil {
		return 0, err
	}
	return head.Version, nil
}

// schedule counts when the head falls due and returns the operations that put its due row there. The row of a head with sections that
// are being removed stays, because the purge goes on from it. Lifting the last hold brings back a row that the purge had put aside, at
// the present moment at the earliest: the purge does not look at days that it has finished.
func (ch *change) schedule() ([]store.Op, error) {
	head, now := ch.c.head, ch.v.Now().Unix()
	lies := head.Due
	latest, earliest := head.Latest()
	head.Deadline = latest
	if len(head.Dying) == 0 {
		head.Due = rows.NextDue(lies, earliest, now)
	}
	if ch.lifted {
		head.Due = max(head.Due, now)
		ops, err := rows.PlaceDue(ch.c.id, lies, head.Due)
		return append(ops, store.DeleteIf(rows.Held(ch.c.id), store.Blind())), err
	}
	ops, err := rows.MoveDue(ch.c.id, lies, head.Due)
	if len(ops) > 0 && head.Holds > 0 {
		ops = append(ops, store.DeleteIf(rows.Held(ch.c.id), store.Blind()))
	}
	return ops, err
}

// Withdraw records the withdrawal of consents: to purposes, and to fields with a consent of their own. Reads for them stop with the
// commit; sections whose last purpose ended are due at once (LAW-01).
func (v *Vault) Withdraw(ctx context.Context, actor Actor, id record.CustomerID, version int64, purposes []record.PurposeID, fields []record.FieldName, channel record.Channel) (int64, error) {
	c, e, err := v.begin(ctx, actor, decision.Request{Action: decision.ActWithdraw}, id, version)
	if err != nil {
		return 0, err
	}
	if v.Pack.Channels[channel] == nil {
		return 0, &Problem{"channel", "unknown_channel"}
	}
	if err := v.withdrawFrom(c.head, purposes, fields); err != nil {
		return 0, err
	}
	e.Purposes, e.Fields, e.Channel = purposes, fields, channel
	op, err := v.withdrawalEntry(c, actor, purposes, fields, channel)
	if err != nil {
		return 0, err
	}
	return (&change{v: v, c: c, entry: e, ops: []store.Op{op}}).commit(ctx)
}

func (v *Vault) withdrawFrom(head *rows.Head, purposes []record.PurposeID, fields []record.FieldName) error {
	now := v.Now().Unix()
	for _, purpose := range purposes {
		state, ok := head.Consents[purpose]
		if !ok || !state.Live() {
			return &Problem{"purposes", "no_consent_to_withdraw"}
		}
		state.Withdrawn = now
		head.Consents[purpose] = state
	}
	for _, field := range fields {
		state, ok := head.Separate[field]
		if !ok || !state.Live() {
			return &Problem{"fields", "no_consent_to_withdraw"}
		}
		state.Withdrawn = now
		head.Separate[field] = state
	}
	v.recount(head, now)
	head.Ledger++
	return nil
}

// recount counts the deadlines of all sections anew; a section whose last purpose has ended is due now. Deadlines are never moved later
// by a withdrawal, and an early destruction that was queued stays.
func (v *Vault) recount(head *rows.Head, now int64) {
	for i := range head.Sections {
		state := &head.Sections[i]
		section := v.Pack.Section(state.ID)
		if section == nil {
			continue
		}
		deadline := v.sectionDeadline(head, section)
		if deadline == 0 {
			deadline = now
		}
		state.Deadline = min(state.Deadline, deadline)
	}
}

func (v *Vault) withdrawalEntry(c *customer, actor Actor, purposes []record.PurposeID, fields []record.FieldName, channel record.Channel) (store.Op, error) {
	entry := ConsentEntry{Act: "withdrawn", At: v.Now().Unix(), Notice: c.head.Notice, Channel: channel, Staff: actor.Staff, Pack: v.Pack.Version}
	for _, purpose := range purposes {
		entry.Purposes = append(entry.Purposes, Answer{string(purpose), false})
	}
	for _, field := range fields {
		entry.Fields = append(entry.Fields, Answer{string(field), false})
	}
	return consentOp(c.id, c.head.Ledger, entry)
}

// loadLive loads a customer that is not pending, or records that somebody asked for one that is not there.
func (v *Vault) loadLive(ctx context.Context, actor Actor, action decision.Action, id record.CustomerID) (*customer, error) {
	c, err := v.load(ctx, id)
	if err == nil && c.head.State == rows.StatePending {
		err = ErrNotFound
	}
	if err != nil {
		return nil, v.missing(ctx, actor, action, id, "", err)
	}
	return c, nil
}

// begin starts a change of a live customer as a whole: it decides, and then requires the version that the caller saw.
func (v *Vault) begin(ctx context.Context, actor Actor, req decision.Request, id record.CustomerID, version int64) (*customer, audit.Entry, error) {
	c, err := v.loadLive(ctx, actor, req.Action, id)
	if err != nil {
		return nil, audit.Entry{}, err
	}
	req.Resource = v.resource(c, nil, req.Purpose)
	_, e, err := v.decide(ctx, actor, req)
	if err == nil && c.head.Version != version {
		err = ErrStale
	}
	return c, e, err
}

// Hold places a legal hold on a customer, or lifts one: while there is any, nothing of it is destroyed.
func (v *Vault) Hold(ctx context.Context, actor Actor, id record.CustomerID, version int64, place bool, reason string) (int64, error) {
	c, e, err := v.begin(ctx, actor, decision.Request{Action: decision.ActHold, Reason: reason}, id, version)
	if err != nil {
		return 0, err
	}
	e.Code = "placed"
	if place {
		c.head.Holds++
	} else {
		e.Code = "lifted"
		c.head.Holds--
	}
	if c.head.Holds < 0 {
		return 0, &Problem{"hold", "no_hold"}
	}
	return (&change{v: v, c: c, entry: e, lifted: c.head.Holds == 0}).commit(ctx)
}

// QueueDestruction makes everything of a customer due now; the next purge destroys it, unless a hold stands.
func (v *Vault) QueueDestruction(ctx context.Context, actor Actor, id record.CustomerID, version int64, reason string) (int64, error) {
	c, e, err := v.begin(ctx, actor, decision.Request{Action: decision.ActDestroy, Reason: reason}, id, version)
	if err != nil {
		return 0, err
	}
	v.endAll(c.head, "request", v.keptUntil)
	return (&change{v: v, c: c, entry: e}).commit(ctx)
}

// endAll makes every section fall due now, or when the statutory minimum that keeps it has passed.
func (v *Vault) endAll(head *rows.Head, why string, keptUntil func(*rows.Head, *policy.Section) int64) {
	now := v.Now().Unix()
	for i := range head.Sections {
		state, until := &head.Sections[i], now
		if section := v.Pack.Section(state.ID); section != nil {
			until = max(until, keptUntil(head, section))
		}
		state.Deadline = min(state.Deadline, until)
	}
	head.EndedBy = why
}

// notKept is the statutory minimum of records that never went live: none.
func notKept(*rows.Head, *policy.Section) int64 { return 0 }
