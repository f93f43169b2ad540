package retention

import (
	"context"
	"errors"
	"fmt"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// finish does what a residue row says is left: bodies, archives, index rows; then the outcome entry, which the certificate proves,
// replaces the row.
func (r *run) finish(ctx context.Context, due store.Item) error {
	var body rows.DueBody
	if err := rows.Decode(due.Body, &body); err != nil {
		return err
	}
	id := record.CustomerID(due.Key.SK)
	deleted, bodies, err := r.removeEverything(ctx, id, body.Indexes)
	if err != nil {
		return err
	}
	voided, err := r.voidArchives(ctx, id)
	if err != nil {
		return err
	}
	e := r.entry("destroy", id)
	e.Verdict, e.Code = audit.Outcome, "destroyed"
	e.Facts = audit.Facts{"sections": body.Facts["sections"], "deleted": fmt.Sprint(deleted), "archives": fmt.Sprint(voided),
		"started": body.Facts["started"], "finished": entry.Moment(r.Now()), "irrecoverable": entry.Moment(r.irrecoverable()), "rule": "retention"}
	replaced := store.DeleteIf(due.Key, store.IfEqual(store.AttrState, store.S(rows.DueResidue)))
	if _, err = r.Log.Act(ctx, e, append([]store.Op{replaced}, bodies...)...); err == nil {
		r.count(func(report *Report) { report.Finished++; report.Voided += voided })
	}
	return ignoreLost(err)
}

// removeEverything deletes all bodies of a destroyed customer and the index rows that were left, and returns how many bodies there are.
// Where one transaction costs one fsync it leaves the bodies, when they are few, to the transaction of the outcome entry: rest.
func (r *run) removeEverything(ctx context.Context, id record.CustomerID, indexes []string) (total int, rest []store.Op, err error) {
	var keys []store.Key
	for _, table := range []store.Table{store.Records, store.Restricted} {
		found, err := r.list(ctx, store.Query{Table: table, PK: rows.PrefixCustomer + string(id), KeysOnly: true})
		if err != nil {
			return 0, nil, err
		}
		keys = append(keys, found...)
	}
	for _, pk := range indexes {
		if err := r.Store.Transact(ctx, "", store.DeleteIf(rows.Index(pk, id), store.Blind())); err != nil {
			return 0, nil, fmt.Errorf("delete index row: %w", err)
		}
	}
	if r.Together && len(keys) <= maxTogether {
		return len(keys), deletes(keys), nil
	}
	return len(keys), nil, r.remove(ctx, keys)
}

// voidArchives ends every archive whose roster names the customer and returns how many there were. The head is gone already, so a build
// that is still reading either put its roster row before, and is found here, or finds no head.
func (r *run) voidArchives(ctx context.Context, id record.CustomerID) (int, error) {
	voided := 0
	var roster []store.Key
	err := store.All(ctx, r.Store, store.Query{Table: store.Work, PK: rows.PrefixRoster + string(id), KeysOnly: true}, func(item store.Item) error {
		roster = append(roster, item.Key)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read roster: %w", err)
	}
	for _, key := range roster {
		did, err := r.voidArchive(ctx, record.ExportID(key.SK))
		if err != nil {
			return voided, err
		}
		if did {
			voided++
		}
		if err := r.Store.Transact(ctx, "", store.DeleteIf(key, store.Blind())); err != nil {
			return voided, fmt.Errorf("delete roster row: %w", err)
		}
	}
	return voided, nil
}

// voidArchive ends one archive: its key and state in one transaction. Archives that have ended already, or whose key was handed out,
// are left as they are: there is no key to delete.
func (r *run) voidArchive(ctx context.Context, id record.ExportID) (bool, error) {
	for range 3 { // a build or release may change the row meanwhile
		item, err := r.Store.Get(ctx, rows.ExportKey(id))
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("read export: %w", err)
		}
		var body rows.ExportBody
		if err := rows.Decode(item.Body, &body); err != nil {
			return false, err
		}
		if !voidable(body.State) {
			return false, nil
		}
		if err := r.voidNow(ctx, id, body); !errors.Is(err, store.ErrCondition) {
			return err == nil, err
		}
	}
	return false, fmt.Errorf("void archive: %w", store.ErrConflict)
}

func voidable(state string) bool {
	return state == rows.ExportQueued || state == rows.ExportBuilding || state == rows.ExportReady
}

func (r *run) voidNow(ctx context.Context, id record.ExportID, body rows.ExportBody) error {
	before := body.Version
	body.Version++
	body.State = rows.ExportVoid
	item, err := body.Item(id)
	if err != nil {
		return err
	}
	e := r.entry("void_archive", "")
	e.Export = id
	_, err = r.Log.Act(ctx, e, store.PutIf(item, store.IfVersion(before)), store.DeleteIf(rows.ArchiveKey(id), store.Blind()))
	if err == nil && r.Archives != nil && body.Object != "" {
		return r.Archives.Remove(ctx, body.Object)
	}
	return err
}
