package fsck

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// keysTable checks heads with everything that belongs to them, and that every other row of the table belongs to something.
func (k *check) keysTable(ctx context.Context) error {
	return k.scan(ctx, store.Keys, func(item store.Item) error {
		pk := item.Key.PK
		switch {
		case strings.HasPrefix(pk, rows.PrefixCustomer):
			return k.customer(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixIdentifier), strings.HasPrefix(pk, rows.PrefixToken):
			return k.indexRow(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixIntake):
			k.intake(item)
		case strings.HasPrefix(pk, rows.PrefixArchiveKey):
			return k.archiveKey(ctx, item)
		case strings.HasPrefix(pk, rows.PrefixBranch), strings.HasPrefix(pk, rows.PrefixIndexKey):
		default:
			k.found(RowUnknown, item.Key, "")
		}
		return nil
	})
}

// customer checks one head and what belongs to it. When it finds something and the head has changed meanwhile, it looks again.
func (k *check) customer(ctx context.Context, item store.Item) error {
	id := record.CustomerID(strings.TrimPrefix(item.Key.PK, rows.PrefixCustomer))
	k.report.Customers++
	k.heads[id] = true
	before := len(k.report.Findings)
	for try := 0; ; try++ {
		if err := k.customerOnce(ctx, id, item); err != nil {
			return err
		}
		if len(k.report.Findings) == before || try == 3 {
			return nil
		}
		now, err := k.get(ctx, item.Key)
		if err != nil || now != nil && string(now.Body) == string(item.Body) {
			return err
		}
		k.report.Findings = k.report.Findings[:before]
		if now == nil {
			return nil // destroyed meanwhile
		}
		item = *now
	}
}

func (k *check) customerOnce(ctx context.Context, id record.CustomerID, item store.Item) error {
	k.headHistory(id, item)
	head, err := rows.DecodeHead(item)
	if err != nil || record.CheckID(record.PrefixCustomer, string(id)) != nil || item.Key != rows.HeadKey(id) {
		k.found(HeadFormat, item.Key, "")
		return nil
	}
	k.headItself(item.Key, head)
	if err := k.schedule(ctx, id, head); err != nil {
		return err
	}
	if err := k.owned(ctx, id, head); err != nil {
		return err
	}
	return k.bodies(ctx, id, head)
}

// headItself checks what a head says without looking elsewhere.
func (k *check) headItself(key store.Key, head *rows.Head) {
	if !slices.Contains([]string{rows.StateLive, rows.StatePending, rows.StateRestricted}, head.State) {
		k.found(HeadState, key, "")
	}
	latest, earliest := head.Latest()
	if head.Deadline != latest {
		k.found(HeadDeadline, key, "")
	}
	overdue := (earliest <= k.now || len(head.Dying) > 0) && head.Due <= k.now
	if head.Due != earliest && !overdue {
		k.found(HeadDue, key, "")
	}
	if len(head.Sections) == 0 {
		k.found(HeadSections, key, "none")
	}
	for i, state := range head.Sections {
		k.sectionState(key, head, i, state)
	}
}

func (k *check) sectionState(key store.Key, head *rows.Head, i int, state rows.SectionState) {
	section := k.Pack.Section(state.ID)
	switch {
	case i > 0 && head.Sections[i-1].ID >= state.ID:
		k.found(HeadSections, key, "order")
	case len(state.Shred) != seal.KeySize || len(state.Hash) != 32 || state.Version == 0:
		k.found(HeadSections, key, string(state.ID))
	case section != nil && section.Level != state.Level:
		k.found(HeadSections, key, string(state.ID)+" level")
	}
	if slices.ContainsFunc(head.Dying, func(r rows.Remains) bool { return r.ID == state.ID }) {
		k.found(HeadSections, key, string(state.ID)+" dying")
	}
	k.report.Sections++
}

// schedule checks the rows in table work that a head must have.
func (k *check) schedule(ctx context.Context, id record.CustomerID, head *rows.Head) error {
	dueKey, heldKey, pendingKey := rows.Due(rows.At(head.Due), id), rows.Held(id), rows.Pending(id)
	items, err := k.Store.GetMany(ctx, []store.Key{dueKey, heldKey, pendingKey})
	if err != nil {
		return fmt.Errorf("read due rows: %w", err)
	}
	at := map[store.Key]store.Item{}
	for _, item := range items {
		at[item.Key] = item
	}
	_, due := at[dueKey]
	_, held := at[heldKey]
	_, asks := at[pendingKey]
	switch {
	case due && at[dueKey].Str(store.AttrState) == rows.DueResidue:
		k.found(ResidueHead, dueKey, "")
	case !due && !held:
		k.found(DueMissing, dueKey, "")
	case due && held, held && head.Holds == 0:
		k.found(DueHeld, heldKey, "")
	}
	waits := head.State == rows.StatePending && head.EndedBy == ""
	if waits && !asks {
		k.found(PendingMissing, pendingKey, "")
	}
	if head.State == rows.StatePending {
		k.report.Pending++
	}
	return nil
}

// owned checks that every index row that a head lists exists and is its own.
func (k *check) owned(ctx context.Context, id record.CustomerID, head *rows.Head) error {
	indexes := head.AllIndexes()
	for chunk := range slices.Chunk(indexes, store.MaxKeys) {
		keys := make([]store.Key, len(chunk))
		for i, pk := range chunk {
			keys[i] = rows.Index(pk, id)
		}
		slices.SortFunc(keys, func(a, b store.Key) int { return cmp.Compare(a.PK, b.PK) })
		items, err := k.Store.GetMany(ctx, slices.Compact(keys))
		if err != nil {
			return fmt.Errorf("read index rows: %w", err)
		}
		mine := map[store.Key]bool{}
		for _, item := range items {
			mine[item.Key] = record.CustomerID(item.Body) == id
		}
		for _, key := range keys {
			if !mine[key] {
				k.found(IndexMissing, key, string(id))
			}
		}
	}
	return nil
}

// indexRow checks that the head that an index row leads to owns it, or that a residue is about to remove it.
func (k *check) indexRow(ctx context.Context, item store.Item) error {
	id := record.CustomerID(item.Body)
	if record.CheckID(record.PrefixCustomer, string(id)) != nil || item.Key != rows.Index(item.Key.PK, id) {
		return k.stray(ctx, IndexStray, item, "format")
	}
	row, err := k.get(ctx, rows.HeadKey(id))
	if err != nil {
		return err
	}
	if row == nil {
		if slices.Contains(k.residue[id].Indexes, item.Key.PK) {
			return nil
		}
		return k.stray(ctx, IndexStray, item, "no head")
	}
	head, err := rows.DecodeHead(*row)
	if err != nil || slices.Contains(head.AllIndexes(), item.Key.PK) {
		return nil // a head that does not decode is a finding of its own
	}
	return k.stray(ctx, IndexStray, item, "not listed")
}

// intake checks a stored intake key.
func (k *check) intake(item store.Item) {
	row, err := seal.DecodeIntakeRow(item.Body)
	if err != nil || rows.Intake(item.Key.Table, row.ID) != item.Key || !slices.Contains(seal.Branches(), row.Branch) {
		k.found(Intake, item.Key, "")
		return
	}
	if (row.Branch == seal.BranchInbox) != (item.Key.Table == store.Inbox) {
		k.found(Intake, item.Key, "branch")
	}
}

// manifest checks that the private half of every branch of the manifest is stored. Its signature is for those who use it.
func (k *check) manifest(ctx context.Context, item store.Item) error {
	var signed seal.SignedManifest
	var m seal.Manifest
	if json.Unmarshal(item.Body, &signed) != nil || json.Unmarshal(signed.Manifest, &m) != nil {
		k.found(Manifest, item.Key, "format")
		return nil
	}
	for _, branch := range m.Branches {
		key := rows.BranchSecret(string(branch.Branch), branch.Epoch)
		secret, err := k.get(ctx, key)
		if err != nil {
			return err
		}
		if secret == nil {
			k.found(Manifest, key, "missing")
		}
	}
	return nil
}
