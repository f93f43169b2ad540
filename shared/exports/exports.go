// Package exports carries an export from request to end: a member of staff asks for it, a second person approves where the level wants
// it, build-export streams it into a sealed archive, and release-archive hands out the archive's key once, to the requester. Every step
// is one conditional change of the export's row, committed with its audit entry; a destruction that names a customer of the archive
// makes it void, and no later step gets past that.
package exports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"kexin/shared/approvals"
	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Sentinels of the package.
var (
	// ErrNotFound: there is no such export, or it is somebody else's.
	ErrNotFound = errors.New("export not found")
	// ErrState: the export is not in a state that allows the act: not built yet, released already, revoked, void or expired.
	ErrState = errors.New("export is not in the state for it")
	// ErrTime: the time of this invocation was not enough. The export waits for the next attempt, until MaxAttempts.
	ErrTime = errors.New("no time left to build the export")
	// ErrRequest: a member of the request is wrong; see vault.Problem.
	ErrRequest = vault.ErrInput
)

// Params are what is asked for.
type Params struct {
	Purpose    record.PurposeID
	Reason     string
	Fields     []record.FieldName
	Kinds      []record.Kind
	Department record.Department
	Format     string // ndjson or csv
	Language   record.Language
}

// Export is an export's row with its id.
type Export struct {
	ID record.ExportID
	rows.ExportBody
}

// Desk takes requests: the part of exports that serve-console holds.
type Desk struct {
	Vault  *vault.Vault
	Store  store.Store
	Pack   *policy.Pack
	Now    func() time.Time
	Random io.Reader
	// Wake asks build-export to look for work; it may be nil, and a lost call is made up for by the schedule.
	Wake func(ctx context.Context, id record.ExportID) error
}

// Preview returns the level of an export and how many approvals it needs, without asking for it.
func (d *Desk) Preview(ctx context.Context, actor vault.Actor, p Params) (record.Level, int, error) {
	if err := d.check(p); err != nil {
		return 0, 0, err
	}
	level, err := d.Vault.PreviewExport(ctx, actor, d.department(actor, p), p.Purpose, p.Reason, p.Fields, false)
	if err != nil {
		return 0, 0, err
	}
	return level, d.Pack.Levels[level].ExportApprovers, nil
}

func (d *Desk) department(actor vault.Actor, p Params) record.Department {
	if p.Department != "" {
		return p.Department
	}
	return actor.Department
}

func (d *Desk) check(p Params) error {
	switch {
	case d.Pack.Purposes[p.Purpose] == nil:
		return &vault.Problem{Field: "purpose", Code: "unknown_purpose"}
	case d.Pack.Reasons[p.Reason] == (record.Text{}):
		return &vault.Problem{Field: "reason", Code: "unknown_reason"}
	case len(p.Fields) == 0:
		return &vault.Problem{Field: "fields", Code: "required"}
	case p.Format != "ndjson" && p.Format != "csv":
		return &vault.Problem{Field: "format", Code: "unknown_format"}
	case p.Language != record.Chinese && p.Language != record.English:
		return &vault.Problem{Field: "language", Code: "unknown_language"}
	case p.Department != "" && d.Pack.Departments[p.Department] == (record.Text{}):
		return &vault.Problem{Field: "department", Code: "unknown_department"}
	}
	for i, name := range p.Fields {
		if d.Pack.SectionOf(name) == nil || slices.Contains(p.Fields[:i], name) {
			return &vault.Problem{Field: fmt.Sprintf("fields[%d]", i), Code: "unknown_field"}
		}
	}
	for i, kind := range p.Kinds {
		if !slices.Contains(record.Kinds(), kind) {
			return &vault.Problem{Field: fmt.Sprintf("kinds[%d]", i), Code: "unknown_kind"}
		}
	}
	return nil
}

// Request asks for an export. Where its level wants a second person, it waits for the approval that is returned; else it is queued.
// place is what the caller's idempotency key stands for: asking twice has one effect, asking for something else vault.ErrReplayed.
func (d *Desk) Request(ctx context.Context, actor vault.Actor, place [16]byte, p Params) (Export, error) {
	level, needed, err := d.Preview(ctx, actor, p)
	if err != nil {
		return Export{}, err
	}
	export, err := d.newExport(actor, place, p)
	if err != nil {
		return Export{}, err
	}
	if existing, err := d.asked(ctx, export); !errors.Is(err, ErrNotFound) {
		return existing, err
	}
	ops, err := d.requestOps(actor, &export, level, needed)
	if err != nil {
		return Export{}, err
	}
	_, err = d.Vault.RecordAct(ctx, actor, decision.ActExport, func(e *audit.Entry) {
		e.Purpose, e.Reason, e.Export, e.Approval, e.Fields = p.Purpose, p.Reason, export.ID, export.Approval, slices.Clone(p.Fields)
		e.Code = export.State
	}, ops...)
	if errors.Is(err, store.ErrCondition) { // a repeated request was faster
		return d.asked(ctx, export)
	}
	if err != nil {
		return Export{}, fmt.Errorf("request export: %w", err)
	}
	if export.State == rows.ExportQueued && d.Wake != nil {
		_ = d.Wake(ctx, export.ID) // the schedule makes up for a lost call
	}
	return export, nil
}

// asked returns the export that an earlier request with the same idempotency key made, or ErrNotFound.
func (d *Desk) asked(ctx context.Context, now Export) (Export, error) {
	before, err := d.load(ctx, now.ID)
	if err != nil {
		return Export{}, err
	}
	if before.Purpose != now.Purpose || before.Reason != now.Reason || !slices.Equal(before.Fields, now.Fields) ||
		!slices.Equal(before.Kinds, now.Kinds) || before.Filter != now.Filter || before.FileFormat != now.FileFormat || before.Language != now.Language {
		return Export{}, vault.ErrReplayed
	}
	return before, nil
}

func (d *Desk) newExport(actor vault.Actor, place [16]byte, p Params) (Export, error) {
	now := d.Now()
	watermark, err := record.NewID(d.Random, "wm_")
	if err != nil {
		return Export{}, err
	}
	return Export{record.ExportID(record.IDFromBytes(record.PrefixExport, place)), rows.ExportBody{Version: 1, State: rows.ExportQueued,
		By: actor.Staff, Role: actor.Role, Department: actor.Department, Purpose: p.Purpose, Reason: p.Reason, Fields: p.Fields,
		Kinds: p.Kinds, Filter: d.department(actor, p), FileFormat: p.Format, Language: p.Language, Created: now.Unix(),
		Expires: d.Pack.Limits.ExportLife.After(now).Unix(), Watermark: watermark, Schema: d.Pack.Version}}, nil
}

// requestOps returns the operations that store a request, with the request for approval that it needs.
func (d *Desk) requestOps(actor vault.Actor, export *Export, level record.Level, needed int) ([]store.Op, error) {
	var ops []store.Op
	if needed > 0 {
		id, err := record.NewID(d.Random, record.PrefixApproval)
		if err != nil {
			return nil, err
		}
		export.State, export.Approval = rows.ExportRequested, record.ApprovalID(id)
		op, err := approvals.PutOp(export.Approval, rows.RequestBody{Action: string(decision.ActExport), By: actor.Staff, Role: actor.Role,
			Dept: export.Filter, Fields: export.Fields, Purpose: export.Purpose, Reason: export.Reason, Export: export.ID, Level: level,
			Needed: needed, Created: export.Created, Expires: d.Pack.Limits.ApprovalLife.After(rows.At(export.Created)).Unix(),
			Detail: export.digest()})
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	item, err := export.Item(export.ID)
	return append(ops, store.PutIf(item, store.IfAbsent())), err
}

// digest names everything about an export that an approval covers.
func (e Export) digest() []byte {
	body, err := rows.Encode([]any{e.ID, e.By, e.Purpose, e.Reason, e.Fields, e.Kinds, e.Filter, e.FileFormat, e.Language, e.Watermark, e.Schema})
	if err != nil {
		return nil
	}
	sum := rows.Digest(body)
	return sum[:]
}

func (d *Desk) load(ctx context.Context, id record.ExportID) (Export, error) {
	return load(ctx, d.Store, id)
}

func load(ctx context.Context, s store.Store, id record.ExportID) (Export, error) {
	item, err := s.Get(ctx, rows.ExportKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return Export{}, ErrNotFound
	}
	if err != nil {
		return Export{}, fmt.Errorf("read export: %w", err)
	}
	e := Export{ID: id}
	return e, rows.Decode(item.Body, &e.ExportBody)
}

// Get returns an export of the actor; others' are not found.
func (d *Desk) Get(ctx context.Context, actor vault.Actor, id record.ExportID) (Export, error) {
	e, err := d.load(ctx, id)
	if err == nil && e.By != actor.Staff {
		return Export{}, ErrNotFound
	}
	return e, err
}

// List returns the actor's exports, at most 200, in order of their ids.
func (d *Desk) List(ctx context.Context, actor vault.Actor) ([]Export, error) {
	var list []Export
	err := store.All(ctx, d.Store, store.Query{Table: store.Work, PK: rows.PrefixExport}, func(item store.Item) error {
		e := Export{ID: record.ExportID(item.Key.SK)}
		if err := rows.Decode(item.Body, &e.ExportBody); err != nil {
			return err
		}
		if e.By == actor.Staff && len(list) < 200 {
			list = append(list, e)
		}
		return nil
	})
	slices.SortFunc(list, func(a, b Export) int { return int(b.Created - a.Created) })
	return list, err
}

// Revoke ends an export that has not ended: its row says so, and its key is deleted.
func (d *Desk) Revoke(ctx context.Context, actor vault.Actor, id record.ExportID) (Export, error) {
	e, err := d.Get(ctx, actor, id)
	if err != nil {
		return Export{}, err
	}
	if ended(e.State) {
		return Export{}, ErrState
	}
	return e, change(ctx, d.Vault, actor, decision.ActRevoke, &e, rows.ExportRevoked, store.DeleteIf(rows.ArchiveKey(id), store.Blind()))
}

func ended(state string) bool {
	return !slices.Contains([]string{rows.ExportRequested, rows.ExportQueued, rows.ExportBuilding, rows.ExportReady}, state)
}

// change commits the next version of an export in state, with more operations and the entry. ErrState when somebody was faster.
func change(ctx context.Context, v *vault.Vault, actor vault.Actor, action decision.Action, e *Export, state string, more ...store.Op) error {
	before := e.Version
	e.Version++
	e.State = state
	item, err := e.Item(e.ID)
	if err != nil {
		return err
	}
	_, err = v.RecordAct(ctx, actor, action, func(entry *audit.Entry) {
		entry.Export, entry.Purpose, entry.Reason, entry.Approval, entry.Code = e.ID, e.Purpose, e.Reason, e.Approval, state
		if state == rows.ExportReady {
			entry.Facts = audit.Facts{"rows": fmt.Sprint(e.Rows), "archive_sha256": fmt.Sprintf("%x", e.SHA256)}
		}
	}, append([]store.Op{store.PutIf(item, store.IfVersion(before))}, more...)...)
	if errors.Is(err, store.ErrCondition) {
		return ErrState
	}
	return err
}
