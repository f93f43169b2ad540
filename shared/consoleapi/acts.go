package consoleapi

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"kexin/shared/decision"
	"kexin/shared/exports"
	"kexin/shared/formapi"
	"kexin/shared/httpapi"
	"kexin/shared/policy"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staffapi"
	"kexin/shared/vault"
)

func sortBy[T any](list []T, key func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

type holdInput struct {
	CustomerPath
	httpapi.Conditional
	Body struct {
		Place  bool   `json:"place" doc:"true places a hold, false lifts one"`
		Reason string `json:"reason" maxLength:"64"`
	}
}

func (d Deps) hold(ctx context.Context, in *holdInput) (*versionOutput, error) {
	actor, version, err := d.change(ctx, in.Conditional, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return versioned(d.Vault.Hold(ctx, actor, in.customer(), version, in.Body.Place, in.Body.Reason))
}

// change starts a change of a customer: who, on which version, with a reason of the pack's list.
func (d Deps) change(ctx context.Context, c httpapi.Conditional, reason string) (vault.Actor, int64, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return actor, 0, err
	}
	if d.Pack.Reasons[reason] == (record.Text{}) {
		return actor, 0, &vault.Problem{Field: "reason", Code: "unknown_reason"}
	}
	version, err := c.Version()
	return actor, version, err
}

type destroyInput struct {
	CustomerPath
	httpapi.Conditional
	Body struct {
		Reason string `json:"reason" maxLength:"64"`
	}
}

func (d Deps) destroy(ctx context.Context, in *destroyInput) (*versionOutput, error) {
	actor, version, err := d.change(ctx, in.Conditional, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return versioned(d.Vault.QueueDestruction(ctx, actor, in.customer(), version, in.Body.Reason))
}

type withdrawInput struct {
	CustomerPath
	httpapi.Conditional
	Body struct {
		Purposes []string `json:"purposes,omitempty" maxItems:"50"`
		Fields   []string `json:"fields,omitempty" maxItems:"50"`
		Channel  string   `json:"channel" maxLength:"32" doc:"Channel through which the customer withdrew"`
	}
}

func (d Deps) withdraw(ctx context.Context, in *withdrawInput) (*versionOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	if d.Pack.Channels[record.Channel(in.Body.Channel)] == nil {
		return nil, &vault.Problem{Field: "channel", Code: "unknown_channel"}
	}
	return versioned(d.Vault.Withdraw(ctx, actor, in.customer(), version, names[record.PurposeID](in.Body.Purposes),
		names[record.FieldName](in.Body.Fields), record.Channel(in.Body.Channel)))
}

func names[T ~string](list []string) []T {
	typed := make([]T, 0, len(list))
	for _, name := range list {
		typed = append(typed, T(name))
	}
	return typed
}

type pendingInput struct {
	Cursor string `query:"cursor" minLength:"1" maxLength:"2048" pattern:"^[A-Za-z0-9_-]+$" doc:"next of the page before; leave out for the first"`
}

// Pending is a pending record beside the customers that it may be.
type Pending struct {
	Card     Card           `json:"card"`
	Version  int64          `json:"version"`
	Deadline time.Time      `json:"deadline"`
	Channel  record.Channel `json:"channel"`
	Received time.Time      `json:"received"`
	Matches  []Card         `json:"matches"`
	// AskAgain are fields of the highest level that a merge does not take over.
	AskAgain []record.FieldName `json:"ask_again,omitempty" doc:"Fields that a merge does not take over: ask the person again"`
}

type pendingOutput struct {
	Body struct {
		Pending []Pending `json:"pending"`
		Next    string    `json:"next,omitempty"`
	}
}

// pending walks the shards until it has found something; its cursor is the shard and the position in it.
func (d Deps) pending(ctx context.Context, in *pendingInput) (*pendingOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	shards := rows.ShardNames()
	list := scope("list-pending", actor)
	position, err := d.Cursors.Open(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	at, inner, err := pendingPosition(position, shards)
	if err != nil {
		return nil, err
	}
	out := &pendingOutput{}
	out.Body.Pending = []Pending{}
	for ; at < len(shards) && len(out.Body.Pending) < 10; at, inner = next(at, inner) {
		views, more, err := d.Vault.ListPending(ctx, actor, shards[at], inner)
		if err != nil {
			return nil, err
		}
		for _, view := range views {
			out.Body.Pending = append(out.Body.Pending, Pending{card(view.Pending), view.Version, rows.At(view.Deadline), view.Channel,
				rows.At(view.Received), cards(view.Matches), view.AskAgain})
		}
		inner = more
	}
	if at < len(shards) {
		out.Body.Next, err = d.Cursors.Seal(list, shards[at]+"/"+inner)
	}
	return out, err
}

// next returns the shard to read after a page that ended with the position inner.
func next(at int, inner string) (int, string) {
	if inner != "" {
		return at, inner
	}
	return at + 1, ""
}

// pendingPosition returns the shard and the position in it that a cursor held.
func pendingPosition(position string, shards []string) (int, string, error) {
	if position == "" {
		return 0, "", nil
	}
	shard, inner, ok := strings.Cut(position, "/")
	at := slices.Index(shards, shard)
	if !ok || at < 0 {
		return 0, "", problem.Invalid(problem.At("query.cursor", problem.CodeCursor))
	}
	return at, inner, nil
}

type mergeInput struct {
	CustomerPath
	Body struct {
		Into    string `json:"into" pattern:"^cus_[a-z2-7]{25}[aeimquy4]$"`
		Version int64  `json:"version" minimum:"1" doc:"Version of the customer that is merged into, as its card showed it"`
	}
}

func (d Deps) merge(ctx context.Context, in *mergeInput) (*versionOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	return versioned(d.Vault.Merge(ctx, actor, in.customer(), record.CustomerID(in.Body.Into), in.Body.Version))
}

type admitInput struct {
	CustomerPath
	Body struct {
		Version int64 `json:"version" minimum:"1" doc:"Version of the pending record"`
	}
}

func (d Deps) admit(ctx context.Context, in *admitInput) (*versionOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	return versioned(d.Vault.Admit(ctx, actor, in.customer(), in.Body.Version))
}

type refuseInput struct {
	CustomerPath
	Body struct {
		Reason string `json:"reason" maxLength:"64"`
	}
}

type stateOutput struct {
	Body struct {
		State string `json:"state"`
	}
}

func (d Deps) refuse(ctx context.Context, in *refuseInput) (*stateOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	if d.Pack.Reasons[in.Body.Reason] == (record.Text{}) {
		return nil, &vault.Problem{Field: "reason", Code: "unknown_reason"}
	}
	out := &stateOutput{}
	out.Body.State = "refused"
	return out, d.Vault.Refuse(ctx, actor, in.customer(), in.Body.Reason)
}

// ExportRequest asks for an export.
type ExportRequest struct {
	Purpose    string   `json:"purpose" maxLength:"64"`
	Reason     string   `json:"reason" maxLength:"64"`
	Fields     []string `json:"fields" minItems:"1" maxItems:"100"`
	Kinds      []string `json:"kinds,omitempty" maxItems:"4"`
	Department string   `json:"department,omitempty" maxLength:"64"`
	Format     string   `json:"format" enum:"ndjson,csv"`
	Language   string   `json:"language" enum:"zh,en"`
}

func (r ExportRequest) params() exports.Params {
	return exports.Params{Purpose: record.PurposeID(r.Purpose), Reason: r.Reason, Fields: names[record.FieldName](r.Fields),
		Kinds: names[record.Kind](r.Kinds), Department: record.Department(r.Department), Format: r.Format, Language: record.Language(r.Language)}
}

type previewInput struct{ Body ExportRequest }

type previewOutput struct {
	Body struct {
		Level     record.Level `json:"level" doc:"Highest level of the fields"`
		Approvals int          `json:"approvals" doc:"Second persons that must approve"`
	}
}

func (d Deps) preview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	level, needed, err := d.Desk.Preview(ctx, actor, in.Body.params())
	if err != nil {
		return nil, err
	}
	out := &previewOutput{}
	out.Body.Level, out.Body.Approvals = level, needed
	return out, nil
}

type exportRequestInput struct {
	httpapi.Repeatable
	Body ExportRequest
}

// Export is an export as its requester sees it.
type Export struct {
	Export    record.ExportID    `json:"export"`
	State     string             `json:"state"`
	Purpose   record.PurposeID   `json:"purpose"`
	Reason    string             `json:"reason"`
	Fields    []record.FieldName `json:"fields"`
	Format    string             `json:"format"`
	Rows      int64              `json:"rows"`
	Size      int64              `json:"size"`
	Watermark string             `json:"watermark"`
	Created   time.Time          `json:"created"`
	Expires   time.Time          `json:"expires"`
	Approval  record.ApprovalID  `json:"approval,omitempty"`
}

func exportView(e exports.Export) Export {
	return Export{e.ID, e.State, e.Purpose, e.Reason, e.Fields, e.FileFormat, e.Rows, e.Size, e.Watermark, rows.At(e.Created), rows.At(e.Expires), e.Approval}
}

type exportOutput struct{ Body Export }

func (d Deps) export(ctx context.Context, in *exportRequestInput) (*exportOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	key, err := in.Key()
	if err != nil {
		return nil, err
	}
	place, err := key.Place("export/" + string(actor.Staff))
	if err != nil {
		return nil, err
	}
	e, err := d.Desk.Request(ctx, actor, place, in.Body.params())
	return &exportOutput{exportView(e)}, err
}

type exportsOutput struct {
	Body struct {
		Exports []Export `json:"exports"`
	}
}

func (d Deps) exports(ctx context.Context, _ *struct{}) (*exportsOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	list, err := d.Desk.List(ctx, actor)
	out := &exportsOutput{}
	out.Body.Exports = make([]Export, 0, len(list))
	for _, e := range list {
		out.Body.Exports = append(out.Body.Exports, exportView(e))
	}
	return out, err
}

func (d Deps) getExport(ctx context.Context, in *exportInput) (*exportOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	e, err := d.Desk.Get(ctx, actor, record.ExportID(in.ID))
	return &exportOutput{exportView(e)}, err
}

func (d Deps) revoke(ctx context.Context, in *exportInput) (*exportOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	e, err := d.Desk.Revoke(ctx, actor, record.ExportID(in.ID))
	return &exportOutput{exportView(e)}, err
}

type meOutput struct{ Body staffapi.Member }

func (d Deps) me(ctx context.Context, _ *struct{}) (*meOutput, error) {
	_, member, err := staffapi.Actor(ctx, d.Register, d.Log)
	if err != nil {
		return nil, err
	}
	return &meOutput{staffapi.MemberOf(member)}, nil
}

// Policy is what the pages need to know of the pack.
type Policy struct {
	Pack        record.PackVersion `json:"pack"`
	Purposes    []formapi.Purpose  `json:"purposes"`
	Fields      []formapi.Field    `json:"fields"`
	Reasons     []Named            `json:"reasons"`
	Departments []Named            `json:"departments"`
	Levels      []Named            `json:"levels"`
	Channels    []formapi.Channel  `json:"channels"`
	Forms       []formapi.Form     `json:"forms"`
}

// Named is a code with its title.
type Named struct {
	ID    string      `json:"id"`
	Title record.Text `json:"title"`
}

type policyOutput struct{ Body Policy }

func (d Deps) policy(ctx context.Context, _ *struct{}) (*policyOutput, error) {
	if _, err := d.actor(ctx); err != nil {
		return nil, err
	}
	return &policyOutput{policyView(d.Pack)}, nil
}

func policyView(pack *policy.Pack) Policy {
	view := Policy{Pack: pack.Version, Reasons: named(pack.Reasons), Departments: named(pack.Departments)}
	for _, purpose := range pack.Purposes {
		view.Purposes = append(view.Purposes, formapi.PurposeView(purpose, false))
	}
	for _, field := range pack.Fields {
		if field.Use == policy.UseCollect {
			view.Fields = append(view.Fields, formapi.FieldView(pack, field))
		}
	}
	for level := record.L0; level <= record.L3; level++ {
		view.Levels = append(view.Levels, Named{level.String(), pack.Levels[level].Label})
	}
	for _, channel := range pack.Channels {
		view.Channels = append(view.Channels, formapi.Channel{ID: channel.ID, Title: channel.Title, Public: channel.Public})
	}
	for _, form := range pack.Forms {
		if form.Live {
			view.Forms = append(view.Forms, formapi.View(pack, form))
		}
	}
	sortBy(view.Purposes, func(p formapi.Purpose) string { return string(p.ID) })
	sortBy(view.Fields, func(f formapi.Field) string { return string(f.Name) })
	sortBy(view.Channels, func(c formapi.Channel) string { return string(c.ID) })
	sortBy(view.Forms, func(f formapi.Form) string { return string(f.ID) })
	return view
}

func named[K ~string](texts map[K]record.Text) []Named {
	list := make([]Named, 0, len(texts))
	for id, title := range texts {
		list = append(list, Named{string(id), title})
	}
	sortBy(list, func(n Named) string { return n.ID })
	return list
}

type decideInput struct {
	Body struct {
		Action   string `json:"action" maxLength:"32"`
		Customer string `json:"customer,omitempty" pattern:"^cus_[a-z2-7]{25}[aeimquy4]$"`
		Field    string `json:"field,omitempty" maxLength:"64"`
		Purpose  string `json:"purpose,omitempty" maxLength:"64"`
		Reason   string `json:"reason,omitempty" maxLength:"64"`
	}
}

type decideOutput struct {
	Body struct {
		Allow   bool              `json:"allow"`
		Code    string            `json:"code"`
		Reasons []decision.Reason `json:"reasons"`
	}
}

// decide answers what would be decided for the actor himself, without doing it.
func (d Deps) decide(ctx context.Context, in *decideInput) (*decideOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	verdict, err := d.Vault.Would(ctx, actor, decision.Action(in.Body.Action), record.CustomerID(in.Body.Customer), record.FieldName(in.Body.Field),
		record.PurposeID(in.Body.Purpose), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	out := &decideOutput{}
	out.Body.Allow, out.Body.Code, out.Body.Reasons = verdict.Allow, verdict.Code, append([]decision.Reason{}, verdict.Reasons...)
	return out, nil
}
