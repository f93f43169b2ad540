package consoleapi

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"kexin/shared/audit"
	"kexin/shared/collect"
	"kexin/shared/decision"
	"kexin/shared/evidence"
	"kexin/shared/faults"
	"kexin/shared/formapi"
	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/policy"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/restricted"
	"kexin/shared/rows"
	"kexin/shared/validate"
	"kexin/shared/vault"
)

// Shown is one value as an actor sees it: clear or masked.
type Shown struct {
	Value  string       `json:"value,omitempty"`
	Masked string       `json:"masked,omitempty"`
	Level  record.Level `json:"level"`
}

func shownFields(fields map[record.FieldName]vault.Shown) map[record.FieldName]Shown {
	shown := make(map[record.FieldName]Shown, len(fields))
	for name, f := range fields {
		shown[name] = Shown{f.Value.Reveal(), f.Masked, f.Level}
	}
	return shown
}

// Card is one line of a list.
type Card struct {
	Customer   record.CustomerID          `json:"customer"`
	Version    int64                      `json:"version"`
	Kind       record.Kind                `json:"kind"`
	Stage      record.Stage               `json:"stage"`
	State      string                     `json:"state"`
	Owner      record.StaffID             `json:"owner"`
	Department record.Department          `json:"department"`
	Fields     map[record.FieldName]Shown `json:"fields"`
}

func card(view vault.CardView) Card {
	return Card{view.Customer, view.Version, view.Kind, view.Stage, view.State, view.Owner, view.Department, shownFields(view.Fields)}
}

func cards(views []vault.CardView) []Card {
	list := make([]Card, 0, len(views))
	for _, view := range views {
		list = append(list, card(view))
	}
	return list
}

type createInput struct {
	httpapi.Repeatable
	Body struct {
		Form string `json:"form" maxLength:"64"`
		formapi.Submission
		Evidence struct {
			Script string `json:"script" maxLength:"64" doc:"Id of the notice text that was read to the customer"`
		} `json:"evidence"`
	}
}

type createOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Customer record.CustomerID `json:"customer"`
		State    string            `json:"state"`
		Version  int64             `json:"version"`
		Refused  []formapi.Refused `json:"refused"`
	}
}

func (d Deps) create(ctx context.Context, in *createInput) (*createOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	raw := in.Body.Raw(in.Body.Form)
	raw.Evidence = record.Evidence{Staff: actor.Staff, Script: in.Body.Evidence.Script}
	filled, refused, err := collect.Check(d.Pack, raw, collect.ByStaff, d.Now())
	if errors.Is(err, collect.ErrForm) {
		return nil, problem.Invalid(problem.At("body.form", problem.CodeNoMatch))
	}
	if err != nil {
		return nil, faults.Problem(err)
	}
	key, err := in.Key()
	if err != nil {
		return nil, err
	}
	place, err := key.Place("create-customer/" + string(actor.Staff))
	if err != nil {
		return nil, err
	}
	created, err := d.Vault.Create(ctx, actor, filled, hex.EncodeToString(place[:]), httpapi.RawBody(ctx))
	if err != nil {
		return nil, err
	}
	out := &createOutput{ETag: httpapi.ETag(created.Version)}
	out.Body.Customer, out.Body.State, out.Body.Version = created.Customer, created.State, created.Version
	out.Body.Refused = formapi.RefusedOf(refused)
	return out, nil
}

type searchInput struct {
	Body struct {
		Field string `json:"field" maxLength:"64"`
		Kind  string `json:"kind" enum:"identifier,exact,last4,two,initials"`
		Text  string `json:"text" minLength:"1" maxLength:"200"`
	}
}

type cardsOutput struct {
	Body struct {
		Customers []Card `json:"customers"`
		Next      string `json:"next,omitempty"`
	}
}

// search never has the value in a URL. A text that cannot be a value of the field finds nobody, which is no error.
func (d Deps) search(ctx context.Context, in *searchInput) (*cardsOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	name := record.FieldName(in.Body.Field)
	value, text := record.Value{}, in.Body.Text
	if field := d.Pack.Fields[name]; field != nil && (in.Body.Kind == "identifier" || in.Body.Kind == policy.SearchExact) {
		if value, err = collect.Canonical(field, in.Body.Text, d.Now()); err != nil {
			return nil, problem.Invalid(problem.WithText("body.text", problem.CodeInvalid, faults.Text("not_an_option")))
		}
		text = value.Reveal()
	}
	views, err := d.Vault.Search(ctx, actor, name, in.Body.Kind, text, value)
	if err != nil {
		return nil, err
	}
	out := &cardsOutput{}
	out.Body.Customers = cards(views)
	return out, nil
}

type listInput struct {
	httpapi.Paged
	Department string `query:"department" minLength:"1" maxLength:"64" doc:"Left out: every department whose customers one may list"`
	Owner      string `query:"owner" pattern:"^stf_[a-z2-7]{25}[aeimquy4]$"`
}

func (d Deps) list(ctx context.Context, in *listInput) (*cardsOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	department := record.Department(in.Department)
	if department != "" && d.Pack.Departments[department] == (record.Text{}) {
		return nil, problem.Invalid(problem.At("query.department", problem.CodeNoMatch))
	}
	list := scope("list-customers", actor, in.Department, in.Owner)
	position, err := d.Cursors.Open(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	views, next, err := d.Vault.List(ctx, actor, department, record.StaffID(in.Owner), in.Limit, position)
	if err != nil {
		return nil, err
	}
	out := &cardsOutput{}
	out.Body.Customers = cards(views)
	out.Body.Next, err = d.Cursors.Seal(list, next)
	return out, err
}

type openInput struct {
	CustomerPath
	Purpose string `query:"purpose" required:"true" maxLength:"64" doc:"Purpose for which the record is opened"`
}

// Record is a customer as an actor sees it for one purpose.
type Record struct {
	Customer   record.CustomerID          `json:"customer"`
	Version    int64                      `json:"version"`
	State      string                     `json:"state"`
	Kind       record.Kind                `json:"kind"`
	Stage      record.Stage               `json:"stage"`
	Owner      record.StaffID             `json:"owner"`
	Department record.Department          `json:"department"`
	Purpose    record.PurposeID           `json:"purpose"`
	Deadline   time.Time                  `json:"deadline"`
	Held       bool                       `json:"held"`
	Fields     map[record.FieldName]Shown `json:"fields"`
	Hidden     []record.FieldName         `json:"hidden"`
	Consents   []Consent                  `json:"consents"`
}

// Consent is the last word about one purpose.
type Consent struct {
	Purpose record.PurposeID     `json:"purpose"`
	Notice  record.NoticeVersion `json:"notice"`
	Live    bool                 `json:"live"`
}

type openOutput struct {
	ETag string `header:"ETag"`
	Body Record
}

func (d Deps) open(ctx context.Context, in *openInput) (*openOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	r, err := d.Vault.Open(ctx, actor, in.customer(), record.PurposeID(in.Purpose))
	if err != nil {
		return nil, err
	}
	out := &openOutput{ETag: httpapi.ETag(r.Version), Body: Record{Customer: r.Customer, Version: r.Version, State: r.State, Kind: r.Kind,
		Stage: r.Stage, Owner: r.Owner, Department: r.Department, Purpose: r.Purpose, Deadline: rows.At(r.Deadline), Held: r.Held,
		Fields: shownFields(r.Fields), Hidden: append([]record.FieldName{}, r.Hidden...), Consents: consents(d.Pack, r.Consents)}}
	return out, nil
}

func consents(pack *policy.Pack, states map[record.PurposeID]rows.ConsentState) []Consent {
	list := []Consent{}
	for id, state := range states {
		list = append(list, Consent{id, state.Notice, state.Live()})
	}
	sortBy(list, func(c Consent) string { return string(c.Purpose) })
	return list
}

type updateInput struct {
	CustomerPath
	httpapi.Conditional
	Body struct {
		Purpose string             `json:"purpose" maxLength:"64"`
		Fields  map[string]*string `json:"fields" doc:"New values; null removes a field"`
	}
}

func (d Deps) update(ctx context.Context, in *updateInput) (*versionOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	changes, err := d.changes(in.Body.Fields)
	if err != nil {
		return nil, err
	}
	return versioned(d.Vault.Update(ctx, actor, in.customer(), version, record.PurposeID(in.Body.Purpose), changes))
}

// changes brings new values into canonical form, by the same rules as on entry (UPD-04).
func (d Deps) changes(raw map[string]*string) (record.Fields, error) {
	changes := record.Fields{}
	var wrong collect.Faults
	for name, text := range raw {
		field := d.Pack.Fields[record.FieldName(name)]
		switch {
		case field == nil || field.Use != policy.UseCollect:
			wrong = append(wrong, collect.Fault{Field: "fields." + name, Code: collect.CodeUnknownField})
		case text == nil:
			changes[field.Name] = record.Value{}
		default:
			value, err := collect.Canonical(field, *text, d.Now())
			if err != nil {
				wrong = append(wrong, collect.Fault{Field: "fields." + name, Code: string(validate.CodeOf(err, validate.Code(problem.CodeInvalid)))})
			}
			changes[field.Name] = value
		}
	}
	if len(wrong) > 0 {
		sortBy(wrong, func(f collect.Fault) string { return f.Field })
		return nil, faults.Problem(wrong)
	}
	return changes, nil
}

type historyInput struct {
	CustomerPath
	Cursor string `query:"cursor" minLength:"1" maxLength:"2048" pattern:"^[A-Za-z0-9_-]+$" doc:"next of the page before; leave out for the first"`
}

// HistoryEntry is one act on a customer.
type HistoryEntry struct {
	At       time.Time          `json:"at"`
	Action   string             `json:"action"`
	Verdict  string             `json:"verdict"`
	Code     string             `json:"code,omitempty"`
	Actor    string             `json:"actor"`
	Role     record.Role        `json:"role,omitempty"`
	Purpose  record.PurposeID   `json:"purpose,omitempty"`
	Reason   string             `json:"reason,omitempty"`
	Fields   []record.FieldName `json:"fields,omitempty"`
	Approval record.ApprovalID  `json:"approval,omitempty"`
	Ref      string             `json:"ref"`
}

type historyOutput struct {
	Body struct {
		Entries []HistoryEntry `json:"entries"`
		Next    string         `json:"next,omitempty"`
	}
}

func (d Deps) history(ctx context.Context, in *historyInput) (*historyOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	list := scope("customer-history", actor, in.ID)
	position, err := d.Cursors.Open(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	entries, next, err := d.Vault.History(ctx, actor, in.customer(), position)
	return d.historyOut(entries, list, next, err)
}

// historyOut answers with entries and the cursor of the position next in list.
func (d Deps) historyOut(entries []vault.HistoryEntry, list, next string, err error) (*historyOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &historyOutput{}
	out.Body.Entries = make([]HistoryEntry, 0, len(entries))
	if out.Body.Next, err = d.Cursors.Seal(list, next); err != nil {
		return nil, err
	}
	for _, e := range entries {
		out.Body.Entries = append(out.Body.Entries, HistoryEntry{rows.At(e.At), e.Action, e.Verdict, e.Code, e.Actor.ID, e.Actor.Role, e.Purpose,
			e.Reason, e.Fields, e.Approval, e.Ref})
	}
	return out, nil
}

type revealInput struct {
	CustomerPath
	Body struct {
		Field    string `json:"field" maxLength:"64"`
		Purpose  string `json:"purpose" maxLength:"64"`
		Reason   string `json:"reason" maxLength:"64" doc:"Code of the pack's list"`
		Note     string `json:"note,omitempty" maxLength:"500" doc:"Why, in words; sealed beside the customer's data"`
		Approval string `json:"approval,omitempty" pattern:"^(apr_[a-z2-7]{25}[aeimquy4])?$" doc:"Id of the approval, for restricted fields"`
	}
}

type revealOutput struct {
	Status int
	Body   restricted.Reply
}

// reveal shows an L2 value itself and hands a request for an L3 value on with the raw token.
func (d Deps) reveal(ctx context.Context, in *revealInput) (*revealOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	if d.Pack.Reasons[in.Body.Reason] == (record.Text{}) && in.Body.Reason != "" {
		return nil, &vault.Problem{Field: "reason", Code: "unknown_reason"}
	}
	request := restricted.Request{Customer: in.customer(), Field: record.FieldName(in.Body.Field), Purpose: record.PurposeID(in.Body.Purpose),
		Reason: in.Body.Reason, Note: in.Body.Note, Approval: record.ApprovalID(in.Body.Approval)}
	section := d.Pack.SectionOf(request.Field)
	if section != nil && section.Level == record.L3 {
		return d.revealRestricted(ctx, actor, request)
	}
	revealed, err := d.Vault.Reveal(ctx, actor, vault.RevealRequest{Customer: request.Customer, Field: request.Field, Purpose: request.Purpose,
		Reason: request.Reason, Note: request.Note})
	if err != nil {
		return nil, err
	}
	return &revealOutput{200, restricted.ReplyOf(request.Field, revealed)}, nil
}

func (d Deps) revealRestricted(ctx context.Context, actor vault.Actor, request restricted.Request) (*revealOutput, error) {
	if request.Approval == "" {
		id, err := restricted.Ask(ctx, d.Vault, d.Pack, actor, request, d.Now, d.Random)
		if err != nil {
			return nil, err
		}
		return &revealOutput{202, restricted.Reply{Field: request.Field, Approval: id}}, nil
	}
	token, _ := identity.RawToken(ctx)
	reply, err := d.Opener.Open(ctx, token, request)
	return &revealOutput{200, reply}, err
}

// certificateOutput is evidence, passed on byte for byte.
type certificateOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// certificate proves the outcome entry of a destruction.
func (d Deps) certificate(ctx context.Context, in *CustomerPath) (*certificateOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	err = d.Vault.Allow(ctx, actor, decision.ActCertificate, decision.Resource{Customer: in.customer(), Department: actor.Department}, func(*decision.Request) {})
	if err != nil {
		return nil, err
	}
	ref, err := d.destruction(ctx, in.customer())
	if err != nil {
		return nil, err
	}
	inclusion, err := d.Prover.Prove(ctx, ref)
	if errors.Is(err, audit.ErrNotSealed) {
		return nil, problem.New(409, "not-sealed", record.Text{ZH: "日志尚未封存,请稍后再取", EN: "The log is not sealed yet. Please try again in a minute."}).RetryAfter(60)
	}
	if err != nil {
		return nil, err
	}
	data, err := evidence.NewCertificate(inclusion)
	return &certificateOutput{"application/json", data}, err
}

// destruction finds the outcome entry of a customer's destruction.
func (d Deps) destruction(ctx context.Context, id record.CustomerID) (audit.Ref, error) {
	cursor := ""
	for {
		list, next, err := audit.Trace(ctx, d.Store, id, cursor)
		if err != nil {
			return audit.Ref{}, err
		}
		for _, t := range list {
			if t.Entry.Action == "destroy" && t.Entry.Verdict == audit.Outcome {
				return t.Ref, nil
			}
		}
		if next == "" {
			return audit.Ref{}, vault.ErrNotFound
		}
		cursor = next
	}
}

type auditInput struct {
	Customer string `query:"customer" required:"true" pattern:"^cus_[a-z2-7]{25}[aeimquy4]$"`
	Cursor   string `query:"cursor" minLength:"1" maxLength:"2048" pattern:"^[A-Za-z0-9_-]+$" doc:"next of the page before; leave out for the first"`
}

// audit shows the entries about one customer to those who may read the log, also after the customer's destruction.
func (d Deps) audit(ctx context.Context, in *auditInput) (*historyOutput, error) {
	actor, err := d.actor(ctx)
	if err != nil {
		return nil, err
	}
	list := scope("read-audit", actor, in.Customer)
	position, err := d.Cursors.Open(list, in.Cursor)
	if err != nil {
		return nil, err
	}
	entries, next, err := d.Vault.ReadAudit(ctx, actor, record.CustomerID(in.Customer), position)
	return d.historyOut(entries, list, next, err)
}
