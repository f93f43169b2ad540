// Package approveapi is the function approve over HTTP: second persons answer requests, and with two persons the staff register changes.
// It opens nothing and holds no key.
package approveapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/approvals"
	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/httpapi"
	"kexin/shared/policy"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Deps are what approve holds. Its vault has neither writer nor ring: it decides and records, and can open nothing.
type Deps struct {
	Vault    *vault.Vault
	Store    store.Store
	Log      *audit.Log
	Register staff.Register
	Pack     *policy.Pack
	Now      func() time.Time
	Random   io.Reader
}

// Register adds the operations of approve; api authenticates.
func Register(api *httpapi.API, d Deps) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status}
	}
	httpapi.Register(api, op("list-approvals", http.MethodGet, "/v1/approvals", "Open requests for approval", 200), wrap(d.list))
	httpapi.Register(api, op("answer-approval", http.MethodPost, "/v1/approvals/{id}", "Approve or refuse a request", 200), wrap(d.answer))
	httpapi.Register(api, op("list-staff", http.MethodGet, "/v1/staff", "The staff register", 200), wrap(d.staff))
	httpapi.Register(api, op("change-staff", http.MethodPost, "/v1/staff/changes", "Ask for a change of the staff register", 202), wrap(d.change))
}

// wrap turns the domain's errors with details into problems.
func wrap[I, O any](handler func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, staffapi.Fail(err)
		}
		return out, nil
	}
}

// Request is an open request as approvers see it.
type Request struct {
	Approval record.ApprovalID  `json:"approval"`
	Action   string             `json:"action"`
	By       record.StaffID     `json:"by"`
	Name     string             `json:"name"`
	Role     record.Role        `json:"role"`
	Customer record.CustomerID  `json:"customer,omitempty"`
	Fields   []record.FieldName `json:"fields,omitempty"`
	Purpose  record.PurposeID   `json:"purpose,omitempty"`
	Reason   string             `json:"reason,omitempty"`
	Export   record.ExportID    `json:"export,omitempty"`
	Level    string             `json:"level,omitempty"`
	Needed   int                `json:"needed"`
	Given    int                `json:"given"`
	State    string             `json:"state" enum:"open,approved,refused"`
	Change   *Change            `json:"change,omitempty" doc:"Requested entry of the staff register"`
	Created  time.Time          `json:"created"`
	Expires  time.Time          `json:"expires"`
}

type approvalsOutput struct {
	Body struct {
		Requests []Request `json:"requests"`
	}
}

func (d Deps) list(ctx context.Context, _ *struct{}) (*approvalsOutput, error) {
	if _, _, err := staffapi.Actor(ctx, d.Register, d.Log); err != nil {
		return nil, err
	}
	open, err := approvals.Open(ctx, d.Store, d.Now().Unix(), 200)
	if err != nil {
		return nil, err
	}
	out := &approvalsOutput{}
	out.Body.Requests = make([]Request, 0, len(open))
	for _, r := range open {
		view, err := d.view(ctx, r)
		if err != nil {
			return nil, err
		}
		out.Body.Requests = append(out.Body.Requests, view)
	}
	return out, nil
}

func (d Deps) view(ctx context.Context, r approvals.Request) (Request, error) {
	answers, err := approvals.Answers(ctx, d.Store, r)
	if err != nil {
		return Request{}, err
	}
	view := Request{Approval: r.ID, Action: r.Action, By: r.By, Role: r.Role, Customer: r.Customer, Fields: r.Fields, Purpose: r.Purpose,
		Reason: r.Reason, Export: r.Export, Needed: r.Needed, State: state(r, answers), Created: rows.At(r.Created), Expires: rows.At(r.Expires)}
	if r.Level != 0 {
		view.Level = r.Level.String()
	}
	for _, a := range answers {
		if a.Allow {
			view.Given++
		}
	}
	if member, err := d.Register.Get(ctx, r.By); err == nil {
		view.Name = member.Name
	}
	if r.Action == string(decision.ActStaffWrite) {
		view.Change = &Change{}
		if err := json.Unmarshal(r.Detail, view.Change); err != nil {
			return view, fmt.Errorf("read requested change: %w", err)
		}
	}
	return view, nil
}

func state(r approvals.Request, answers []approvals.Answer) string {
	for _, a := range answers {
		if !a.Allow {
			return "refused"
		}
	}
	if approvals.Allowed(r, answers) {
		return "approved"
	}
	return "open"
}

type answerInput struct {
	ID   string `path:"id" pattern:"^apr_[a-z2-7]{25}[aeimquy4]$"`
	Body struct {
		Allow bool `json:"allow"`
	}
}

type answerOutput struct{ Body Request }

// answer records one person's answer: never the requester's, never twice, and only when the decision lets this role approve this level.
func (d Deps) answer(ctx context.Context, in *answerInput) (*answerOutput, error) {
	actor, _, err := staffapi.Actor(ctx, d.Register, d.Log)
	if err != nil {
		return nil, err
	}
	r, err := approvals.Get(ctx, d.Store, record.ApprovalID(in.ID))
	if errors.Is(err, approvals.ErrNone) || err == nil && r.Expires <= d.Now().Unix() {
		return nil, problem.Of(problem.NotFound)
	}
	if err != nil {
		return nil, err
	}
	if err := d.mayAnswer(ctx, actor, r); err != nil {
		return nil, err
	}
	answers, err := approvals.Answers(ctx, d.Store, r)
	if err != nil {
		return nil, err
	}
	ops, err := d.answerOps(ctx, actor, r, answers, in.Body.Allow)
	if err != nil {
		return nil, err
	}
	_, err = d.Vault.RecordAct(ctx, actor, decision.ActApprove, func(e *audit.Entry) {
		e.Approval, e.Customer, e.Export, e.Purpose, e.Fields = r.ID, r.Customer, r.Export, r.Purpose, r.Fields
		if e.Code = "approved"; !in.Body.Allow {
			e.Code = "refused"
		}
	}, ops...)
	if errors.Is(err, store.ErrCondition) {
		return nil, vault.ErrConflict
	}
	if err != nil {
		return nil, err
	}
	view, err := d.view(ctx, r)
	return &answerOutput{view}, err
}

// mayAnswer decides, and records a refusal.
func (d Deps) mayAnswer(ctx context.Context, actor vault.Actor, r approvals.Request) error {
	resource := decision.Resource{Customer: r.Customer, Department: r.Dept, State: rows.StateLive}
	if section := d.section(r); section != nil {
		resource.Section = &decision.Section{ID: section.ID, Level: section.Level, Category: section.Category, Purposes: section.Purposes,
			Sensitive: section.Consent != ""}
		resource.Consented = true
	}
	return d.Vault.Allow(ctx, actor, decision.ActApprove, resource, func(req *decision.Request) {
		req.Purpose, req.Requester = r.Purpose, r.By
	})
}

// section returns the section of the highest level that a request is about, or nil.
func (d Deps) section(r approvals.Request) *policy.Section {
	var highest *policy.Section
	for _, name := range r.Fields {
		if section := d.Pack.SectionOf(name); section != nil && (highest == nil || section.Level > highest.Level) {
			highest = section
		}
	}
	return highest
}

// answerOps returns the operations of an answer; the one that completes a change of the staff register carries it out.
func (d Deps) answerOps(ctx context.Context, actor vault.Actor, r approvals.Request, answers []approvals.Answer, allow bool) ([]store.Op, error) {
	body := rows.ApprovalBody{By: actor.Staff, Role: actor.Role, At: d.Now().Unix(), Allow: allow}
	op, err := approvals.AnswerOp(r, answers, body)
	if err != nil {
		return nil, err
	}
	ops := []store.Op{op}
	body.Request = r.Digest
	complete := allow && approvals.Allowed(r, append(answers, approvals.Answer{ApprovalBody: body}))
	if r.Action != string(decision.ActStaffWrite) || !complete {
		return ops, nil
	}
	more, err := d.apply(ctx, r)
	return append(ops, more...), err
}
