package vault

import (
	"context"
	"fmt"

	"kexin/shared/audit"
	"kexin/shared/decision"
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
}

// commit writes the head with its version raised and its deadlines counted anew, moves the due row, and commits everything.
func (ch *change) commit(ctx context.Context) (int64, error) {
	head := ch.c.head
	before, due := head.Version, head.Due
	head.Version++
	head.Deadline, head.Due = head.Latest()
	item, err := head.Item(ch.c.id)
	if err != nil {
		return 0, err
	}
	ops := []store.Op{store.PutIf(item, store.IfVersion(before))}
	moved, err := rows.MoveDue(ch.c.id, due, head.Due)
	if err != nil {
		return 0, err
	}
	ch.entry.Head = audit.Head{Before: audit.Digest(ch.c.digest), After: audit.Digest(rows.Digest(item.Body))}
	if _, err := ch.v.act(ctx, ch.entry, append(append(ops, moved...), ch.ops...)); err != nil {
		return 0, err
	}
	return head.Version, nil
}

// Withdraw records the withdrawal of consents: to purposes, and to fields with a consent of their own. Reads for them stop with the
// commit; sections whose last purpose ended are due at once (LAW-01).
func (v *Vault) Withdraw(ctx context.Context, actor Actor, id record.CustomerID, version int64, purposes []record.PurposeID, fields []record.FieldName, channel record.Channel) (int64, error) {
	c, err := v.loadVersion(ctx, actor, decision.ActWithdraw, id, version)
	if err != nil {
		return 0, err
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActWithdraw, Resource: v.resource(c, nil, "")})
	if err != nil {
		return 0, err
	}
	if err := v.withdrawFrom(c.head, purposes, fields); err != nil {
		return 0, err
	}
	e.Purposes, e.Fields, e.Channel = purposes, fields, channel
	op, err := v.withdrawalEntry(c, actor, purposes, fields, channel)
	if err != nil {
		return 0, err
	}
	return (&change{v, c, e, []store.Op{op}}).commit(ctx)
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

// loadVersion loads a live customer and requires the version that the caller saw.
func (v *Vault) loadVersion(ctx context.Context, actor Actor, action decision.Action, id record.CustomerID, version int64) (*customer, error) {
	c, err := v.load(ctx, id)
	if err == nil && c.head.State == rows.StatePending {
		err = ErrNotFound
	}
	if err != nil {
		return nil, v.missing(ctx, actor, action, id, "", err)
	}
	if c.head.Version != version {
		return nil, ErrStale
	}
	return c, nil
}

// Hold places a legal hold on a customer, or lifts one: while there is any, nothing of it is destroyed.
func (v *Vault) Hold(ctx context.Context, actor Actor, id record.CustomerID, version int64, place bool, reason string) (int64, error) {
	c, err := v.loadVersion(ctx, actor, decision.ActHold, id, version)
	if err != nil {
		return 0, err
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActHold, Resource: v.resource(c, nil, ""), Reason: reason})
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
	ops, err := unhold(c)
	if err != nil {
		return 0, err
	}
	return (&change{v, c, e, ops}).commit(ctx)
}

// unhold returns the operations that bring back a due row that the purge put aside, when the last hold is lifted.
func unhold(c *customer) ([]store.Op, error) {
	if c.head.Holds > 0 {
		return nil, nil
	}
	op, err := rows.DueOp(c.id, c.head.Due, store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrState, Operand: store.S(rows.DueWaiting)}}})
	return []store.Op{op, store.DeleteIf(rows.Held(c.id), store.Blind())}, err
}

// QueueDestruction makes everything of a customer due now; the next purge destroys it, unless a hold stands.
func (v *Vault) QueueDestruction(ctx context.Context, actor Actor, id record.CustomerID, version int64, reason string) (int64, error) {
	c, err := v.loadVersion(ctx, actor, decision.ActDestroy, id, version)
	if err != nil {
		return 0, err
	}
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActDestroy, Resource: v.resource(c, nil, ""), Reason: reason})
	if err != nil {
		return 0, err
	}
	v.endAll(c.head, "request")
	return (&change{v, c, e, nil}).commit(ctx)
}

func (v *Vault) endAll(head *rows.Head, why string) {
	now := v.Now().Unix()
	for i := range head.Sections {
		head.Sections[i].Deadline = min(head.Sections[i].Deadline, now)
	}
	head.EndedBy = why
}

func entryCount(n int) string { return fmt.Sprint(n) }
