// Package approvals keeps requests for a second person and their answers. A request is a row that anybody who may act can put; an
// answer is a row that only the function approve can put, names the request by its digest, and never comes from the requester. Whoever
// relies on an approval verifies all of that himself.
package approvals

import (
	"context"
	"errors"
	"fmt"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Sentinels of the package.
var (
	// ErrNone: there is no such request, it has lapsed, or it is not (yet) approved.
	ErrNone = errors.New("not approved")
	// ErrOwn: nobody approves his own request.
	ErrOwn = errors.New("own request")
	// ErrTwice: this person has answered already.
	ErrTwice = errors.New("already answered")
	// ErrOther: the approval is of another request than this one.
	ErrOther = errors.New("approval of another request")
)

// MaxApprovers is the most answers that a request can need.
const MaxApprovers = 3

// Request is a stored request with its id and the digest that answers name.
type Request struct {
	ID     record.ApprovalID
	Digest [32]byte
	rows.RequestBody
}

// Answer is a stored answer.
type Answer struct{ rows.ApprovalBody }

// PutOp returns the operation that stores a request.
func PutOp(id record.ApprovalID, body rows.RequestBody) (store.Op, error) {
	body.Format = rows.Format
	encoded, err := rows.Encode(body)
	item := store.Item{Key: rows.RequestKey(id), Body: encoded, Attrs: map[string]store.Attr{store.AttrState: store.S("open")}}
	return store.PutIf(item, store.IfAbsent()), err
}

// Get returns a request, or ErrNone.
func Get(ctx context.Context, s store.Store, id record.ApprovalID) (Request, error) {
	item, err := s.Get(ctx, rows.RequestKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return Request{}, ErrNone
	}
	if err != nil {
		return Request{}, fmt.Errorf("read request: %w", err)
	}
	return decode(item)
}

func decode(item store.Item) (Request, error) {
	r := Request{ID: record.ApprovalID(item.Key.SK), Digest: rows.Digest(item.Body)}
	return r, rows.Decode(item.Body, &r.RequestBody)
}

// Open returns the requests that have not lapsed, at most limit.
func Open(ctx context.Context, s store.Store, now int64, limit int) ([]Request, error) {
	var open []Request
	stop := errors.New("enough")
	err := store.All(ctx, s, store.Query{Table: store.Work, PK: rows.PrefixRequest}, func(item store.Item) error {
		r, err := decode(item)
		if err != nil {
			return err
		}
		if r.Expires > now {
			open = append(open, r)
		}
		if len(open) >= limit {
			return stop
		}
		return nil
	})
	if errors.Is(err, stop) {
		err = nil
	}
	return open, err
}

// Answers returns the answers to a request that name exactly it.
func Answers(ctx context.Context, s store.Store, r Request) ([]Answer, error) {
	keys := make([]store.Key, 0, MaxApprovers)
	for n := range MaxApprovers {
		keys = append(keys, rows.ApprovalKey(r.ID, n))
	}
	items, err := s.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read approvals: %w", err)
	}
	var answers []Answer
	for _, item := range items {
		var a Answer
		if err := rows.Decode(item.Body, &a.ApprovalBody); err != nil {
			return nil, err
		}
		if a.Request == r.Digest && a.By != r.By {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

// Allowed reports whether the answers let the request happen: as many different persons said yes as it needs, and nobody said no.
func Allowed(r Request, answers []Answer) bool {
	people := map[record.StaffID]bool{}
	for _, a := range answers {
		if !a.Allow {
			return false
		}
		people[a.By] = true
	}
	return len(people) >= r.Needed
}

// Verify returns the request when it is approved, has not lapsed, and match accepts it as the one at hand; else ErrNone or ErrOther.
func Verify(ctx context.Context, s store.Store, id record.ApprovalID, now int64, match func(rows.RequestBody) bool) (Request, error) {
	r, err := Get(ctx, s, id)
	if err != nil {
		return r, err
	}
	if !match(r.RequestBody) {
		return r, ErrOther
	}
	answers, err := Answers(ctx, s, r)
	if err != nil {
		return r, err
	}
	if r.Expires <= now || !Allowed(r, answers) {
		return r, ErrNone
	}
	return r, nil
}

// AnswerOp returns the operation that stores by's answer in the next free place.
func AnswerOp(r Request, answers []Answer, body rows.ApprovalBody) (store.Op, error) {
	if body.By == r.By {
		return store.Op{}, ErrOwn
	}
	for _, a := range answers {
		if a.By == body.By {
			return store.Op{}, ErrTwice
		}
	}
	body.Format, body.Request = rows.Format, r.Digest
	encoded, err := rows.Encode(body)
	return store.PutIf(store.Item{Key: rows.ApprovalKey(r.ID, len(answers)), Body: encoded}, store.IfAbsent()), err
}
