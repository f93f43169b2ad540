package exports

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kexin/shared/approvals"
	"kexin/shared/archive"
	"kexin/shared/decision"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/telemetry"
	"kexin/shared/vault"
)

// Builder builds archives: the part of exports that build-export holds.
type Builder struct {
	Deployment record.DeploymentID
	Vault      *vault.Vault
	Store      store.Store
	Keys       keys.Keys
	Objects    objects.Objects
	Register   staff.Register
	Pack       *policy.Pack
	Now        func() time.Time
	Random     io.Reader
	Lease      time.Duration // how long one attempt owns an export
	Margin     time.Duration // stop this long before the deadline of ctx, so that the export can be let go in good order
	Progress   func(id record.ExportID, rows uint64)
}

// MaxAttempts is how often an export is begun when attempts run out of time; it is too large then and fails.
const MaxAttempts = 5

// Sweep says what a run over all exports did.
type Sweep struct {
	Built   int `json:"built"`
	Waiting int `json:"waiting"` // for approval
	Expired int `json:"expired"`
	Failed  int `json:"failed"`
}

// Run builds every export that is queued or approved, takes over attempts whose lease has run out, and ends what has expired.
func (b *Builder) Run(ctx context.Context) (Sweep, error) {
	var ids []record.ExportID
	var sweep Sweep
	err := store.All(ctx, b.Store, store.Query{Table: store.Work, PK: rows.PrefixExport, KeysOnly: true}, func(item store.Item) error {
		if state := item.Str(store.AttrState); !ended(state) {
			ids = append(ids, record.ExportID(item.Key.SK))
		}
		return nil
	})
	if err != nil {
		return sweep, fmt.Errorf("look for exports: %w", err)
	}
	for _, id := range ids {
		state, err := b.step(ctx, id)
		sweep.count(state, err)
		if ctx.Err() != nil {
			return sweep, ctx.Err()
		}
	}
	return sweep, nil
}

func (s *Sweep) count(state string, err error) {
	switch {
	case err != nil:
		s.Failed++
	case state == rows.ExportRequested:
		s.Waiting++
	case state == rows.ExportExpired:
		s.Expired++
	case state == rows.ExportReady:
		s.Built++
	}
}

// step brings one export on: expires it, or builds it when it may be built.
func (b *Builder) step(ctx context.Context, id record.ExportID) (string, error) {
	e, err := load(ctx, b.Store, id)
	if err != nil {
		return "", err
	}
	now := b.Now().Unix()
	if now >= e.Expires {
		return rows.ExportExpired, b.expire(ctx, &e)
	}
	if e.State == rows.ExportReady || e.State == rows.ExportBuilding && now < e.Lease {
		return "", nil
	}
	return b.Build(ctx, id)
}

func (b *Builder) expire(ctx context.Context, e *Export) error {
	if err := change(ctx, b.Vault, systemActor(e), decision.ActExport, e, rows.ExportExpired, store.DeleteIf(rows.ArchiveKey(e.ID), store.Blind())); err != nil {
		return err
	}
	if e.Object == "" {
		return nil
	}
	return b.Objects.Delete(ctx, objects.Name{Bucket: objects.Archives, Path: e.Object})
}

// systemActor names the requester as the one for whom the system acts.
func systemActor(e *Export) vault.Actor {
	return vault.Actor{Actor: decision.Actor{Staff: e.By, Role: e.Role, Department: e.Department}}
}

// Build builds one export that is queued, or requested and approved, and returns the state it ended in. The requester's role and
// clearance are those of now. An attempt whose time runs out lets go of the export and returns ErrTime; the next one begins anew at once. A crash leaves a lease that runs out, an object that nobody names and roster rows that say too much:
// the next attempt writes another object.
func (b *Builder) Build(ctx context.Context, id record.ExportID) (string, error) {
	e, err := load(ctx, b.Store, id)
	if err != nil || ended(e.State) || e.State == rows.ExportReady {
		return e.State, err
	}
	approved, list, err := b.approved(ctx, e)
	if err != nil || e.Approval != "" && !approved {
		return rows.ExportRequested, err
	}
	member, err := b.Register.Get(ctx, e.By)
	if err != nil {
		return "", err
	}
	actor := vault.Actor{Actor: member.Actor()}
	if err := b.claim(ctx, actor, &e); err != nil {
		return "", err
	}
	limited, cancel := b.inTime(ctx)
	defer cancel()
	key, err := b.write(limited, actor, &e, list)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return b.outOfTime(ctx, actor, e)
	}
	if err != nil {
		return b.failed(ctx, actor, e, err)
	}
	defer clear(key[:])
	if err := b.ready(ctx, actor, &e, key); err != nil {
		return rows.ExportReady, err
	}
	telemetry.Measure(ctx, telemetry.ExportRows, float64(e.Rows), "")
	return rows.ExportReady, nil
}

// inTime returns a context that ends Margin before ctx does.
func (b *Builder) inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-b.Margin))
}

// outOfTime lets go of an export, or ends it as failed after MaxAttempts. What was uploaded has no name that anybody knows and no key.
func (b *Builder) outOfTime(ctx context.Context, actor vault.Actor, e Export) (string, error) {
	state := rows.ExportBuilding
	if e.Lease = b.Now().Unix(); e.Attempt >= MaxAttempts {
		state = rows.ExportFailed
	}
	if err := change(ctx, b.Vault, actor, decision.ActExport, &e, state); err != nil {
		return "", errors.Join(ErrTime, err)
	}
	return state, ErrTime
}

// approved returns whether the second persons that an export needs have agreed, and who they were.
func (b *Builder) approved(ctx context.Context, e Export) (bool, []archive.Approval, error) {
	if e.Approval == "" {
		return false, nil, nil
	}
	match := func(r rows.RequestBody) bool {
		return r.Export == e.ID && r.By == e.By && slices.Equal(r.Detail, e.digest())
	}
	request, err := approvals.Verify(ctx, b.Store, e.Approval, b.Now().Unix(), match)
	if errors.Is(err, approvals.ErrNone) {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, err
	}
	answers, err := approvals.Answers(ctx, b.Store, request)
	var list []archive.Approval
	for _, a := range answers {
		list = append(list, archive.Approval{ID: e.Approval, Approver: a.By, Role: a.Role, At: rows.At(a.At)})
	}
	return true, list, err
}

// claim takes the export for one attempt.
func (b *Builder) claim(ctx context.Context, actor vault.Actor, e *Export) error {
	e.Attempt++
	e.Lease = b.Now().Add(b.Lease).Unix()
	e.Object = fmt.Sprintf("exports/%s/%d.kxa", e.ID, e.Attempt)
	return change(ctx, b.Vault, actor, decision.ActExport, e, rows.ExportBuilding)
}

// write streams the archive into its object. Nothing is kept in memory but one part of the customers.
func (b *Builder) write(ctx context.Context, actor vault.Actor, e *Export, list []archive.Approval) (seal.Key, error) {
	key, err := seal.NewKey(b.Random)
	if err != nil {
		return key, err
	}
	public, err := b.Keys.Public(ctx, keys.SignArchives)
	if err != nil {
		return key, fmt.Errorf("public key of archives: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, writer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		count, err := b.stream(ctx, actor, e, list, &key, public, writer)
		e.Rows = int64(count)
		writer.CloseWithError(err)
		done <- err
	}()
	info, err := b.Objects.Put(ctx, objects.Name{Bucket: objects.Archives, Path: e.Object}, reader, objects.PutOptions{ContentType: "application/octet-stream"})
	reader.CloseWithError(err)
	if err := errors.Join(<-done, err); err != nil {
		return key, err
	}
	e.SHA256, e.Size = info.SHA256[:], info.Size
	return key, nil
}

func (b *Builder) stream(ctx context.Context, actor vault.Actor, e *Export, list []archive.Approval, key *seal.Key, public *ecdsa.PublicKey, w io.Writer) (uint64, error) {
	sealed, err := archive.NewWriter(w, key[:], archive.Header{Deployment: b.Deployment, Export: e.ID}, b.Random)
	if err != nil {
		return 0, err
	}
	options, err := b.options(e, list, public)
	if err != nil {
		return 0, err
	}
	builder, err := archive.NewBuilder(sealed, options)
	if err != nil {
		return 0, err
	}
	if err := b.rows(ctx, actor, e, builder); err != nil {
		return 0, err
	}
	if _, err := builder.Close(ctx); err != nil {
		return 0, err
	}
	return builder.Rows(), sealed.Close()
}

func (b *Builder) options(e *Export, list []archive.Approval, public *ecdsa.PublicKey) (archive.Options, error) {
	filter, err := json.Marshal(map[string]any{"department": e.Filter, "kinds": e.Kinds})
	if err != nil {
		return archive.Options{}, err
	}
	options := archive.Options{Format: archive.Format(e.FileFormat), Language: e.Language, Public: public, Now: b.Now,
		Sign: func(ctx context.Context, digest [32]byte) ([]byte, error) {
			return b.Keys.Sign(ctx, keys.SignArchives, digest)
		},
		Facts: archive.Facts{Deployment: b.Deployment, Export: e.ID, Requester: e.By, Purpose: e.Purpose, Reason: e.Reason, Pack: e.Schema,
			Watermark: archive.Watermark(e.Watermark), Filter: filter, Approvals: list}}
	for _, name := range e.Fields {
		field := b.Pack.Fields[name]
		if field == nil {
			return options, &vault.Problem{Field: "fields", Code: "unknown_field"}
		}
		options.Columns = append(options.Columns, archive.Column{Field: name, Title: field.Title, Level: field.Level})
	}
	return options, nil
}

// rows writes every customer of the export, part by part.
func (b *Builder) rows(ctx context.Context, actor vault.Actor, e *Export, builder *archive.Builder) error {
	q := store.Query{Table: store.Records, Index: store.ByDepartment, PK: string(e.Filter), Limit: vault.MaxExportPart}
	for {
		page, err := b.Store.Query(ctx, q)
		if err != nil {
			return fmt.Errorf("list customers: %w", err)
		}
		if err := b.part(ctx, actor, e, page.Items, builder); err != nil {
			return err
		}
		if q.Cursor = page.Next; page.Next == "" {
			return nil
		}
	}
}

func (b *Builder) part(ctx context.Context, actor vault.Actor, e *Export, items []store.Item, builder *archive.Builder) error {
	if len(items) == 0 {
		return nil
	}
	part := vault.ExportPart{Export: e.ID, Actor: actor, Purpose: e.Purpose, Reason: e.Reason, Approval: e.Approval, Approved: e.Approval != "",
		Fields: e.Fields, Kinds: e.Kinds, Rows: int(builder.Rows())}
	for _, item := range items {
		part.Customers = append(part.Customers, record.CustomerID(strings.TrimPrefix(item.Key.PK, rows.PrefixCustomer)))
	}
	read, err := b.Vault.ReadForExport(ctx, part)
	if err != nil {
		return err
	}
	values := map[record.FieldName]string{}
	for _, row := range read {
		clear(values)
		for name, value := range row.Values {
			values[name] = value.Reveal()
		}
		if err := builder.Row(row.Customer, values); err != nil {
			return err
		}
	}
	if b.Progress != nil {
		b.Progress(e.ID, builder.Rows())
	}
	return nil
}

// ready ends a build: the archive's key and the new state in one transaction, which a destruction or revocation meanwhile makes fail.
func (b *Builder) ready(ctx context.Context, actor vault.Actor, e *Export, key seal.Key) error {
	wrapped, err := b.Keys.Wrap(ctx, keys.ForArchive, key[:])
	if err != nil {
		return fmt.Errorf("wrap archive key: %w", err)
	}
	put := store.PutIf(store.Item{Key: rows.ArchiveKey(e.ID), Body: wrapped}, store.IfAbsent())
	if err := change(ctx, b.Vault, actor, decision.ActExport, e, rows.ExportReady, put); err != nil {
		return errors.Join(err, b.Objects.Delete(ctx, objects.Name{Bucket: objects.Archives, Path: e.Object}))
	}
	return nil
}

// failed ends an attempt that cannot succeed, and leaves one that was only interrupted to the end of its lease.
func (b *Builder) failed(ctx context.Context, actor vault.Actor, e Export, cause error) (string, error) {
	if !errors.Is(cause, vault.ErrDenied) && !errors.Is(cause, vault.ErrInput) {
		return "", cause
	}
	if err := change(ctx, b.Vault, actor, decision.ActExport, &e, rows.ExportFailed); err != nil {
		return "", errors.Join(cause, err)
	}
	return rows.ExportFailed, cause
}
