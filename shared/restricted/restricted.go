// Package restricted opens L3 values one at a time: the function open-restricted. It is invoked with the caller's raw token, verifies it
// itself, looks up the member of staff itself, and reads the approval from rows that only the function approve can write. It trusts no
// verdict of whoever invoked it.
package restricted

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"kexin/shared/approvals"
	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/identity"
	"kexin/shared/policy"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Request asks for one value.
type Request struct {
	Customer record.CustomerID `json:"customer"`
	Field    record.FieldName  `json:"field"`
	Purpose  record.PurposeID  `json:"purpose"`
	Reason   string            `json:"reason"`
	Note     string            `json:"note,omitempty"`
	Approval record.ApprovalID `json:"approval,omitempty"`
}

// Reply is a value for a limited time, or the approval that must be waited for.
type Reply struct {
	Reveal   record.RevealID   `json:"reveal,omitempty"`
	Field    record.FieldName  `json:"field"`
	Value    string            `json:"value,omitempty"`
	Until    *time.Time        `json:"until,omitempty"`
	Seconds  int               `json:"seconds,omitempty"`
	Approval record.ApprovalID `json:"approval,omitempty" doc:"Request for approval that a second person must answer first"`
}

// ReplyOf returns a revealed value as it is answered.
func ReplyOf(field record.FieldName, r *vault.Revealed) Reply {
	until := rows.At(r.Until)
	return Reply{Reveal: r.Reveal, Field: field, Value: r.Value.Reveal(), Until: &until, Seconds: r.Seconds}
}

// Deps are what open-restricted holds.
type Deps struct {
	Verifier identity.Verifier
	Register staff.Register
	Store    store.Store
	Vault    *vault.Vault
	Log      *audit.Log
	Now      func() time.Time
}

// Open shows one restricted value when a second person has approved exactly this request of exactly this person.
func (d Deps) Open(ctx context.Context, token string, request Request) (Reply, error) {
	principal, err := d.Verifier.Verify(ctx, token)
	if err != nil {
		return Reply{}, problem.Of(problem.Unauthorized)
	}
	actor, _, err := staffapi.Actor(identity.With(ctx, principal, token), d.Register, d.Log)
	if err != nil {
		return Reply{}, err
	}
	approved, err := d.approved(ctx, actor, request)
	if err != nil {
		return Reply{}, err
	}
	revealed, err := d.Vault.Reveal(ctx, actor, vault.RevealRequest{Customer: request.Customer, Field: request.Field, Purpose: request.Purpose,
		Reason: request.Reason, Note: request.Note, Approved: approved, Approval: request.Approval})
	if err != nil {
		return Reply{}, staffapi.Fail(err)
	}
	return ReplyOf(request.Field, revealed), nil
}

func (d Deps) approved(ctx context.Context, actor vault.Actor, request Request) (bool, error) {
	match := func(r rows.RequestBody) bool {
		return r.Action == string(decision.ActReveal) && r.By == actor.Staff && r.Customer == request.Customer && r.Purpose == request.Purpose &&
			r.Reason == request.Reason && slices.Equal(r.Fields, []record.FieldName{request.Field})
	}
	_, err := approvals.Verify(ctx, d.Store, request.Approval, d.Now().Unix(), match)
	return err == nil, err
}

// Ask puts the request for approval of one restricted reveal, when the decision is no only for want of a second person.
func Ask(ctx context.Context, v *vault.Vault, pack *policy.Pack, actor vault.Actor, request Request, now func() time.Time, random io.Reader) (record.ApprovalID, error) {
	text, err := record.NewID(random, record.PrefixApproval)
	if err != nil {
		return "", err
	}
	id := record.ApprovalID(text)
	dept, err := v.MayAsk(ctx, actor, request.Customer, request.Field, request.Purpose, request.Reason)
	if err != nil {
		return "", err
	}
	at := now()
	op, err := approvals.PutOp(id, rows.RequestBody{Action: string(decision.ActReveal), By: actor.Staff, Role: actor.Role, Dept: dept,
		Customer: request.Customer, Section: pack.SectionOf(request.Field).ID, Fields: []record.FieldName{request.Field}, Purpose: request.Purpose,
		Reason: request.Reason, Level: record.L3, Needed: 1, Created: at.Unix(), Expires: pack.Limits.ApprovalLife.After(at).Unix()})
	if err != nil {
		return "", err
	}
	_, err = v.RecordAct(ctx, actor, decision.ActReveal, func(e *audit.Entry) {
		e.Code, e.Customer, e.Purpose, e.Reason, e.Approval = "asked", request.Customer, request.Purpose, request.Reason, id
		e.Fields = []record.FieldName{request.Field}
	}, op)
	if err != nil {
		return "", fmt.Errorf("ask for approval: %w", err)
	}
	return id, nil
}
