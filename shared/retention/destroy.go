package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// maxIndexes is how many index rows one destruction deletes in its transaction; the others are left to the residue.
const maxIndexes = 80

// destroyDue handles one waiting due row: destroys the customer, or the sections of it that have ended, or puts the row aside.
func (r *run) destroyDue(ctx context.Context, due store.Item) error {
	id := record.CustomerID(due.Key.SK)
	if due.Str(store.AttrState) != rows.DueWaiting || due.Int(store.AttrDeadline) > r.now.Unix() {
		return nil
	}
	item, err := r.Store.Get(ctx, rows.HeadKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return r.dropStray(ctx, due, id)
	}
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	head, err := rows.DecodeHead(item)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	_, earliest := head.Latest()
	r.noteLate(head)
	switch {
	case due.Key != rows.Due(rows.At(head.Due), id):
		return r.dropMisplaced(ctx, due, id, head)
	case head.Holds > 0:
		return r.putAside(ctx, due, id, head)
	case head.Deadline <= r.now.Unix():
		return r.destroy(ctx, due, id, item, head)
	case len(head.Dying) == 0 && earliest > r.now.Unix():
		return nil // the head changed after the row was listed: it lies elsewhere in a moment, or later on this day
	}
	return r.endSections(ctx, due, id, item, head)
}

// dropMisplaced removes a due row that lies where its head does not look for it.
func (r *run) dropMisplaced(ctx context.Context, due store.Item, id record.CustomerID, head *rows.Head) error {
	return ignoreLost(r.Store.Transact(ctx, "", store.CheckIf(rows.HeadKey(id), store.IfVersion(head.Version)),
		store.DeleteIf(due.Key, store.IfEqual(store.AttrState, store.S(rows.DueWaiting)))))
}

// dropStray removes a due row without a head.
func (r *run) dropStray(ctx context.Context, due store.Item, id record.CustomerID) error {
	return ignoreLost(r.Store.Transact(ctx, "", store.CheckIf(rows.HeadKey(id), store.IfAbsent()),
		store.DeleteIf(due.Key, store.IfEqual(store.AttrState, store.S(rows.DueWaiting)))))
}

// putAside moves the due row of a held customer out of the way; lifting the hold brings it back. The head must be unchanged: a hold that
// is lifted meanwhile would never come back otherwise.
func (r *run) putAside(ctx context.Context, due store.Item, id record.CustomerID, head *rows.Head) error {
	held := due
	held.Key = rows.Held(id)
	err := r.Store.Transact(ctx, "", store.CheckIf(rows.HeadKey(id), store.IfVersion(head.Version)),
		store.DeleteIf(due.Key, store.IfPresent()), store.PutIf(held, rows.WaitingOrAbsent()))
	if err == nil {
		r.count(func(r *Report) { r.Held++ })
	}
	return ignoreLost(err)
}

// destroy ends a customer in one transaction: the head goes on condition that it is unchanged, overdue and not held; identifiers and
// tokens go with it; the due row becomes a residue row; the entry says so.
func (r *run) destroy(ctx context.Context, due store.Item, id record.CustomerID, item store.Item, head *rows.Head) error {
	indexes := identifiersFirst(head.AllIndexes())
	now, later := indexes[:min(len(indexes), maxIndexes)], indexes[min(len(indexes), maxIndexes):]
	cond := store.IfVersion(head.Version).And(store.AtMostInt(store.AttrDeadline, r.now.Unix()), store.IfEqual(store.AttrHolds, store.N(0)))
	e := r.destroyEntry(id, item, head)
	residue, err := r.residueOp(due, later, e)
	if err != nil {
		return err
	}
	ops := []store.Op{store.DeleteIf(item.Key, cond), residue}
	for _, pk := range now {
		ops = append(ops, store.DeleteIf(rows.Index(pk, id), store.Blind()))
	}
	if head.State == rows.StatePending {
		ops = append(ops, store.DeleteIf(rows.Pending(id), store.Blind()))
	}
	if _, err = r.Log.Act(ctx, e, ops...); err == nil {
		r.count(func(r *Report) { r.Destroyed++ })
	}
	return ignoreLost(err)
}

// identifiersFirst puts identifiers before tokens. Identifiers go with the head, never later: as soon as the head is gone somebody else
// may take one, and a residue that is finished late must not remove that.
func identifiersFirst(indexes []string) []string {
	slices.SortStableFunc(indexes, func(a, b string) int {
		return cmp.Compare(tokenRank(a), tokenRank(b))
	})
	return indexes
}

func tokenRank(pk string) int {
	if strings.HasPrefix(pk, rows.PrefixToken) {
		return 1
	}
	return 0
}

func (r *run) destroyEntry(id record.CustomerID, item store.Item, head *rows.Head) audit.Entry {
	e := r.entry("destroy", id)
	e.Code = "expired"
	if head.EndedBy != "" {
		e.Code = head.EndedBy
	}
	for _, state := range head.Sections {
		e.Sections = append(e.Sections, state.ID)
	}
	e.Head.Before = audit.Digest(rows.Digest(item.Body))
	e.Facts = audit.Facts{"deadline": entry.Moment(rows.At(head.Deadline)), "sections": fmt.Sprint(len(head.Sections)), "rule": "retention"}
	return e
}

func (r *run) residueOp(due store.Item, later []string, e audit.Entry) (store.Op, error) {
	body := rows.DueBody{State: rows.DueResidue, At: due.Int(store.AttrDeadline), Indexes: later,
		Facts: map[string]string{"started": entry.Moment(r.now), "sections": e.Facts["sections"]}}
	item, err := body.Item(due.Key)
	return store.PutIf(item, store.IfEqual(store.AttrState, store.S(rows.DueWaiting))), err
}

// endSections destroys the sections of a living customer whose deadline has passed: their shred keys leave the head with their indexes,
// and their parts leave the card. Bodies without a key are removed before the head forgets their names.
func (r *run) endSections(ctx context.Context, due store.Item, id record.CustomerID, item store.Item, head *rows.Head) error {
	resumed := len(head.Dying) > 0
	if !resumed {
		if err := r.cutSections(ctx, id, item, head); err != nil {
			return ignoreLost(err)
		}
	}
	for _, dead := range head.Dying {
		if err := r.removeBodies(ctx, id, dead); err != nil {
			return err
		}
	}
	if err := ignoreLost(r.forget(ctx, id)); err != nil || !resumed {
		return err
	}
	return r.destroyDue(ctx, due) // more may have ended since the run that did not come to its end
}

// cutSections is the transaction that ends sections; head is changed to what it stored.
func (r *run) cutSections(ctx context.Context, id record.CustomerID, item store.Item, head *rows.Head) error {
	before := head.Version
	var ops []store.Op
	e := r.entry("destroy_section", id)
	e.Code = "ended"
	for _, state := range head.Sections {
		if state.Deadline > r.now.Unix() {
			continue
		}
		head.Dying = append(head.Dying, rows.Remains{ID: state.ID, Level: state.Level})
		e.Sections = append(e.Sections, state.ID)
		for _, pk := range state.Indexes {
			ops = append(ops, store.DeleteIf(rows.Index(pk, id), store.Blind()))
		}
	}
	head.Sections = slices.DeleteFunc(head.Sections, func(s rows.SectionState) bool { return s.Deadline <= r.now.Unix() })
	card, err := r.cutCard(ctx, id, head)
	if err != nil {
		return err
	}
	head.Version++
	head.Deadline, _ = head.Latest()
	fresh, err := head.Item(id)
	if err != nil {
		return err
	}
	e.Head = audit.Head{Before: audit.Digest(rows.Digest(item.Body)), After: audit.Digest(rows.Digest(fresh.Body))}
	cond := store.IfVersion(before).And(store.IfEqual(store.AttrHolds, store.N(0)))
	ops = append(append([]store.Op{store.PutIf(fresh, cond)}, card...), ops...)
	if _, err = r.Log.Act(ctx, e, ops...); err == nil {
		r.count(func(report *Report) { report.Sections += len(head.Dying) })
	}
	return err
}

// cutCard returns the put of the card without the parts of sections that the head no longer has. Parts are dropped sealed. A card that is
// missing or not the head's is left as it is, so that the fault stays to be seen and keeps nothing alive: its parts lose their keys.
func (r *run) cutCard(ctx context.Context, id record.CustomerID, head *rows.Head) ([]store.Op, error) {
	item, err := r.Store.Get(ctx, rows.Card(id))
	if errors.Is(err, store.ErrNotFound) || err == nil && rows.Digest(item.Body) != head.Card {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read card: %w", err)
	}
	var card rows.CardBody
	if err := rows.Decode(item.Body, &card); err != nil {
		return nil, err
	}
	card.Parts = slices.DeleteFunc(card.Parts, func(p rows.CardPart) bool { return head.Section(p.Section) == nil })
	if item.Body, err = rows.Encode(card); err != nil {
		return nil, err
	}
	head.Card = rows.Digest(item.Body)
	return []store.Op{store.PutIf(item, store.IfPresent())}, nil
}

// forget takes the names of removed sections out of the head and moves the due row to the next deadline.
func (r *run) forget(ctx context.Context, id record.CustomerID) error {
	item, err := r.Store.Get(ctx, rows.HeadKey(id))
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	head, err := rows.DecodeHead(item)
	if err != nil || len(head.Dying) == 0 {
		return err
	}
	before, old, earliest := head.Version, head.Due, int64(0)
	head.Version++
	head.Dying = nil
	head.Deadline, earliest = head.Latest()
	head.Due = rows.NextDue(old, earliest, r.now.Unix())
	fresh, err := head.Item(id)
	if err != nil {
		return err
	}
	moved, err := rows.MoveDue(id, old, head.Due)
	if err != nil {
		return err
	}
	e := r.entry("destroy_section", id)
	e.Verdict, e.Code = audit.Outcome, "bodies-removed"
	e.Head = audit.Head{Before: audit.Digest(rows.Digest(item.Body)), After: audit.Digest(rows.Digest(fresh.Body))}
	_, err = r.Log.Act(ctx, e, append([]store.Op{store.PutIf(fresh, store.IfVersion(before))}, moved...)...)
	return err
}

// removeBodies deletes all versions and notes of one section.
func (r *run) removeBodies(ctx context.Context, id record.CustomerID, dead rows.Remains) error {
	for _, prefix := range []string{rows.SortSection + string(dead.ID) + "#", rows.SortNote + string(dead.ID) + "#"} {
		q := store.Query{Table: rows.TableOf(dead.Level), PK: rows.PrefixCustomer + string(id), From: prefix, Before: prefix[:len(prefix)-1] + "$", KeysOnly: true}
		if _, err := r.removeAll(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// removeAll deletes every item of a query and returns how many there were.
func (r *run) removeAll(ctx context.Context, q store.Query) (int, error) {
	keys, err := r.list(ctx, q)
	if err != nil {
		return 0, err
	}
	return len(keys), r.remove(ctx, keys)
}

// list returns the keys of a query.
func (r *run) list(ctx context.Context, q store.Query) ([]store.Key, error) {
	var keys []store.Key
	err := store.All(ctx, r.Store, q, func(item store.Item) error {
		keys = append(keys, item.Key)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list bodies: %w", err)
	}
	return keys, nil
}

// remove deletes keys, several in one transaction where that is right.
func (r *run) remove(ctx context.Context, keys []store.Key) error {
	for part := range slices.Chunk(keys, r.deletions()) {
		if err := r.Store.Transact(ctx, "", deletes(part)...); err != nil {
			return fmt.Errorf("delete body: %w", err)
		}
	}
	return nil
}

func deletes(keys []store.Key) []store.Op {
	ops := make([]store.Op, 0, len(keys))
	for _, key := range keys {
		ops = append(ops, store.DeleteIf(key, store.Blind()))
	}
	return ops
}

// deletions is how many bodies go in one transaction.
func (r *run) deletions() int {
	if r.Together {
		return maxTogether
	}
	return 1
}

// maxTogether leaves room below the store's bound of 100 operations.
const maxTogether = 90

// ignoreLost turns a lost race into success: somebody changed the row meanwhile, and the next run looks at it again.
func ignoreLost(err error) error {
	if errors.Is(err, store.ErrCondition) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
