package approveapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"kexin/shared/approvals"
	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/httpapi"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Change is a requested entry of the staff register. The login is given by issuer and subject of its tokens; an empty one keeps the
// present login.
type Change struct {
	Staff      string      `json:"staff,omitempty" pattern:"^stf_[a-z2-7]{25}[aeimquy4]$" doc:"Member to change; leave out for a new one"`
	Name       string      `json:"name" minLength:"1" maxLength:"60"`
	Role       string      `json:"role" maxLength:"8"`
	Title      record.Text `json:"title"`
	Department string      `json:"department" maxLength:"64"`
	NDA        string      `json:"nda,omitempty" format:"date" doc:"Last day on which the confidentiality agreement holds"`
	Training   string      `json:"training,omitempty" format:"date"`
	Vetting    string      `json:"vetting,omitempty" format:"date"`
	Active     bool        `json:"active"`
	Issuer     string      `json:"issuer,omitempty" maxLength:"256"`
	Subject    string      `json:"subject,omitempty" maxLength:"256"`
}

type staffOutput struct {
	Body struct {
		Staff []staffapi.Member `json:"staff"`
	}
}

func (d Deps) staff(ctx context.Context, _ *struct{}) (*staffOutput, error) {
	if _, _, err := staffapi.Actor(ctx, d.Register, d.Log); err != nil {
		return nil, err
	}
	members, err := d.Register.List(ctx)
	out := &staffOutput{}
	out.Body.Staff = make([]staffapi.Member, 0, len(members))
	for _, m := range members {
		out.Body.Staff = append(out.Body.Staff, staffapi.MemberOf(m))
	}
	return out, err
}

type changeInput struct {
	httpapi.Repeatable
	Body Change
}

type changeOutput struct {
	Body struct {
		Approval record.ApprovalID `json:"approval"`
	}
}

// change stores a request for a change of the register. A second person's approval carries it out.
func (d Deps) change(ctx context.Context, in *changeInput) (*changeOutput, error) {
	actor, _, err := staffapi.Actor(ctx, d.Register, d.Log)
	if err != nil {
		return nil, err
	}
	if err := d.checkChange(ctx, in.Body); err != nil {
		return nil, err
	}
	err = d.Vault.Allow(ctx, actor, decision.ActStaffWrite, decision.Resource{Department: record.Department(in.Body.Department)},
		func(req *decision.Request) { req.Approved = true }) // whether he may ask; the second person is asked next
	if err != nil {
		return nil, err
	}
	key, err := in.Key()
	if err != nil {
		return nil, err
	}
	place, err := key.Place("change-staff/" + string(actor.Staff))
	if err != nil {
		return nil, err
	}
	id := record.ApprovalID(record.IDFromBytes(record.PrefixApproval, place))
	detail, err := json.Marshal(in.Body)
	if err != nil {
		return nil, fmt.Errorf("encode change: %w", err)
	}
	now := d.Now()
	op, err := approvals.PutOp(id, rows.RequestBody{Action: string(decision.ActStaffWrite), By: actor.Staff, Role: actor.Role,
		Dept: record.Department(in.Body.Department), Needed: 1, Created: now.Unix(), Expires: d.Pack.Limits.ApprovalLife.After(now).Unix(), Detail: detail})
	if err != nil {
		return nil, err
	}
	_, err = d.Vault.RecordAct(ctx, actor, decision.ActStaffWrite, func(e *audit.Entry) {
		e.Code, e.Approval, e.Object = "asked", id, in.Body.Staff
	}, op)
	if errors.Is(err, store.ErrCondition) { // a repetition meets its own request
		err = d.repeated(ctx, id, detail)
	}
	if err != nil {
		return nil, err
	}
	out := &changeOutput{}
	out.Body.Approval = id
	return out, nil
}

// repeated returns vault.ErrReplayed when the request that is stored under an idempotency key asks for another change than detail.
func (d Deps) repeated(ctx context.Context, id record.ApprovalID, detail []byte) error {
	before, err := approvals.Get(ctx, d.Store, id)
	if err == nil && !bytes.Equal(before.Detail, detail) {
		return vault.ErrReplayed
	}
	return err
}

func (d Deps) checkChange(ctx context.Context, c Change) error {
	switch {
	case d.Pack.Roles[record.Role(c.Role)] == nil:
		return problem.Invalid(problem.At("body.role", problem.CodeEnum))
	case d.Pack.Departments[record.Department(c.Department)] == (record.Text{}):
		return problem.Invalid(problem.At("body.department", problem.CodeEnum))
	case (c.Issuer == "") != (c.Subject == ""), c.Staff == "" && c.Subject == "":
		return problem.Invalid(problem.At("body.subject", problem.CodeRequired))
	}
	if c.Staff == "" {
		return nil
	}
	_, err := d.Register.Get(ctx, record.StaffID(c.Staff))
	if errors.Is(err, staff.ErrUnknown) {
		return problem.Invalid(problem.At("body.staff", problem.CodeNoMatch))
	}
	return err
}

// apply returns the operations that carry out an approved change.
func (d Deps) apply(ctx context.Context, r approvals.Request) ([]store.Op, error) {
	var c Change
	if err := json.Unmarshal(r.Detail, &c); err != nil {
		return nil, fmt.Errorf("read requested change: %w", err)
	}
	id, before, err := d.target(ctx, c)
	if err != nil {
		return nil, err
	}
	body := rows.StaffBody{Name: c.Name, Role: record.Role(c.Role), Title: c.Title, Department: record.Department(c.Department),
		NDA: staff.EndOf(c.NDA), Training: staff.EndOf(c.Training), Vetting: staff.EndOf(c.Vetting), Active: c.Active, Subject: before.Subject}
	if c.Subject != "" {
		body.Subject = rows.SubjectHash(c.Issuer, c.Subject)
	}
	return staff.PutOps(id, body, before.Version, before.Subject)
}

// target returns the member that a change is of: a present one, or a new id.
func (d Deps) target(ctx context.Context, c Change) (record.StaffID, staff.Member, error) {
	if c.Staff != "" {
		member, err := d.Register.Get(ctx, record.StaffID(c.Staff))
		return record.StaffID(c.Staff), member, err
	}
	id, err := record.NewID(d.Random, record.PrefixStaff)
	return record.StaffID(id), staff.Member{}, err
}
