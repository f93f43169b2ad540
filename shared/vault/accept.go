package vault

import (
	"context"
	"errors"
	"fmt"

	"kexin/shared/audit"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// Accept opens the envelope of a submission, checks it again, and makes it a live record, or a pending one when an identifier of it is
// already known. The transaction that stores the record takes the envelope out of the submission's row, so accepting twice has one
// effect. What is not a valid submission is refused, recorded, and its envelope removed. A submission that is gone or already accepted
// is no error: Created is zero.
func (v *Vault) Accept(ctx context.Context, id record.SubmissionID) (Created, error) {
	if v.Ring == nil || v.Check == nil || v.Index == nil {
		return Created{}, ErrIncapable
	}
	item, err := v.Store.Get(ctx, rows.Submission(id))
	if errors.Is(err, store.ErrNotFound) {
		return Created{}, nil
	}
	if err != nil {
		return Created{}, fmt.Errorf("read submission: %w", err)
	}
	if item.Str(store.AttrState) != rows.SubmissionSealed {
		return Created{}, nil
	}
	var body rows.SubmissionBody
	if err := rows.Decode(item.Body, &body); err != nil {
		return Created{}, v.refuseSubmission(ctx, id, rows.SubmissionBody{}, "bad-row")
	}
	filled, code, err := v.openSubmission(ctx, id, body)
	if err != nil {
		return Created{}, err
	}
	if code != "" {
		return Created{}, v.refuseSubmission(ctx, id, body, code)
	}
	return v.acceptFilled(ctx, id, body, filled)
}

// openSubmission returns what the form said, or the code why it is refused.
func (v *Vault) openSubmission(ctx context.Context, id record.SubmissionID, body rows.SubmissionBody) (*record.Filled, string, error) {
	if v.Now().After(v.Pack.Limits.SubmissionLife.After(rows.At(body.Received))) {
		return nil, "submission-expired", nil
	}
	place := seal.EnvelopePlace{Submission: id, Form: body.Form, Schema: body.Schema}
	plain, err := v.Ring.OpenEnvelope(ctx, place, body.Envelope)
	if errors.Is(err, seal.ErrOpen) || errors.Is(err, seal.ErrFormat) || errors.Is(err, store.ErrNotFound) {
		return nil, "bad-envelope", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer clear(plain)
	filled, err := v.Check(plain, rows.At(body.Received))
	if err != nil {
		return nil, "bad-submission", nil // the reason may name a value: the code is all that is kept
	}
	if v.Pack.Forms[filled.Form] == nil || filled.Form != body.Form {
		return nil, "bad-form", nil
	}
	return filled, "", nil
}

func (v *Vault) acceptFilled(ctx context.Context, id record.SubmissionID, body rows.SubmissionBody, filled *record.Filled) (Created, error) {
	strip, err := v.strip(id, body, rows.SubmissionAccepted)
	if err != nil {
		return Created{}, err
	}
	customer, err := record.NewID(v.Random, record.PrefixCustomer)
	if err != nil {
		return Created{}, err
	}
	form := v.Pack.Forms[filled.Form]
	e := v.system("accept")
	e.Submission, e.Purpose = id, v.firstPurpose(filled)
	mac := v.Index.MAC("submission", []byte(id))
	created, err := v.store(ctx, e, record.CustomerID(customer), filled, mac, newcomer{department: form.Department}, []store.Op{strip})
	if errors.Is(err, store.ErrCondition) { // somebody else accepted it meanwhile
		return Created{}, nil
	}
	return created, err
}

// keepAnswers is how long the row of an accepted submission answers repeated requests, in seconds.
const keepAnswers = 24 * 60 * 60

// strip returns the put that takes the envelope out of a submission's row, on condition that it still waits.
func (v *Vault) strip(id record.SubmissionID, body rows.SubmissionBody, state string) (store.Op, error) {
	body.Envelope = nil
	item, err := body.Item(id, state, v.Now().Unix()+keepAnswers)
	return store.PutIf(item, store.IfEqual(store.AttrState, store.S(rows.SubmissionSealed))), err
}

func (v *Vault) refuseSubmission(ctx context.Context, id record.SubmissionID, body rows.SubmissionBody, code string) error {
	strip, err := v.strip(id, body, rows.SubmissionRefused)
	if err != nil {
		return err
	}
	e := v.system("accept")
	e.Verdict, e.Code, e.Submission = audit.Deny, code, id
	_, err = v.Log.Act(ctx, e, strip)
	if errors.Is(err, store.ErrCondition) {
		return nil
	}
	return err
}
