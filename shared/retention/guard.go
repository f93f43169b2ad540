package retention

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"kexin/shared/audit"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// ClockCheck tells whether a clock may be trusted with destruction.
type ClockCheck interface {
	// Check returns an error wrapping ErrClock when now is behind what is already recorded or too far from other evidence of time.
	Check(ctx context.Context, now time.Time) error
}

// Heartbeat trusts a clock that never goes back and never jumps further than Leap beyond its last beat. It is for embedded stores,
// where no other clock is at hand: the server beats while it runs.
type Heartbeat struct {
	Store store.Store
	Leap  time.Duration
	// Offset is the recorded offset of a demonstration's clock: moving it by hand is no jump.
	Offset func() time.Duration
}

// Check compares now with the last beat and beats.
func (h Heartbeat) Check(ctx context.Context, now time.Time) error {
	offset := time.Duration(0)
	if h.Offset != nil {
		offset = h.Offset()
	}
	real := now.Add(-offset)
	item, err := h.Store.Get(ctx, rows.Job("purge-expired", "heartbeat"))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read heartbeat: %w", err)
	}
	if err == nil {
		last := time.Unix(item.Int(store.AttrTime), 0)
		if real.Before(last.Add(-time.Second)) {
			return fmt.Errorf("%w: behind the last heartbeat", ErrClock)
		}
		if real.Sub(last) > h.Leap {
			return fmt.Errorf("%w: too far beyond the last heartbeat", ErrClock)
		}
	}
	return h.Beat(ctx, real)
}

// Beat records that the clock showed real, which is without a demonstration's offset.
func (h Heartbeat) Beat(ctx context.Context, real time.Time) error {
	item := store.Item{Key: rows.Job("purge-expired", "heartbeat"), Body: []byte{rows.Format}, Attrs: map[string]store.Attr{
		store.AttrTime: store.N(real.Unix()), store.AttrState: store.S("beat")}}
	cond := store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrState, Operand: store.S("beat")}}}
	if err := h.Store.Transact(ctx, "", store.PutIf(item, cond)); err != nil {
		return fmt.Errorf("beat: %w", err)
	}
	return nil
}

// StoreClock trusts a clock that is within Away of the store's own, such as the Date header of DynamoDB.
type StoreClock struct {
	Time func(ctx context.Context) (time.Time, error)
	Away time.Duration
}

// Check compares now with the store's time.
func (s StoreClock) Check(ctx context.Context, now time.Time) error {
	at, err := s.Time(ctx)
	if err != nil {
		return fmt.Errorf("%w: no time from the store: %w", ErrClock, err)
	}
	if away := now.Sub(at).Abs(); away > s.Away {
		return fmt.Errorf("%w: away from the store's", ErrClock)
	}
	return nil
}

// withinLimit stops a run that would destroy more customers than the pack allows, and opens a request for a second person's approval.
// An approved request lets a run destroy up to the number that was approved.
func (r *run) withinLimit(ctx context.Context, days []time.Time) error {
	due := 0
	var first []store.Key
	err := r.walk(ctx, days, func(item store.Item) error {
		if item.Str(store.AttrState) == rows.DueWaiting && item.Int(store.AttrDeadline) <= r.now.Unix() {
			if due++; due <= lookedAt {
				first = append(first, item.Key)
			}
			r.left(item.Int(store.AttrDeadline))
		}
		return r.timeLeft(ctx)
	})
	if err != nil || due <= r.Pack.Limits.PurgeCustomers {
		return err
	}
	all, err := r.customers(ctx)
	if err != nil || float64(due) <= math.Floor(r.Pack.Limits.PurgeShare*float64(all)) {
		return err
	}
	if err := r.needApproval(ctx, due); err != nil {
		return errors.Join(err, r.noteLateRows(ctx, first))
	}
	return nil
}

// customers counts the customers of all departments by the index.
func (r *run) customers(ctx context.Context) (int, error) {
	all := 0
	for department := range r.Pack.Departments {
		err := store.All(ctx, r.Store, store.Query{Table: store.Records, Index: store.ByDepartment, PK: string(department), KeysOnly: true},
			func(store.Item) error { all++; return nil })
		if err != nil {
			return 0, fmt.Errorf("count customers: %w", err)
		}
	}
	return all, nil
}

// purgeRequest is the fixed id under which a run asks for approval on a day: one request a day, answered once.
func purgeRequest(on time.Time) record.ApprovalID {
	day := rows.Digest([]byte("kexin/purge/" + on.UTC().Format(time.DateOnly)))
	return record.ApprovalID(record.IDFromBytes(record.PrefixApproval, [16]byte(day[:16])))
}

func (r *run) needApproval(ctx context.Context, due int) error {
	id := purgeRequest(r.now)
	for _, asked := range []record.ApprovalID{id, purgeRequest(r.now.AddDate(0, 0, -1))} { // yesterday's answer may have come late
		approved, err := r.approved(ctx, asked, due)
		if err != nil || approved {
			return err
		}
	}
	r.report.Waiting = string(id)
	body, err := rows.Encode(rows.RequestBody{Format: rows.Format, Action: "purge", Needed: 1, Created: r.now.Unix(),
		Expires: r.now.AddDate(0, 0, 2).Unix(), Detail: fmt.Appendf(nil, "%d", due)})
	if err != nil {
		return err
	}
	e := r.entry("purge", "")
	e.Verdict, e.Code, e.Approval, e.Facts = audit.Deny, "too-many", id, audit.Facts{"customers": fmt.Sprint(due),
		"limit": fmt.Sprint(r.Pack.Limits.PurgeCustomers)}
	item := store.Item{Key: rows.RequestKey(id), Body: body, Attrs: map[string]store.Attr{store.AttrState: store.S("open")}}
	if _, err := r.Log.Act(ctx, e, store.PutIf(item, store.IfAbsent())); err != nil && !errors.Is(err, store.ErrCondition) {
		return err
	}
	return fmt.Errorf("%w: %d customers", ErrTooMany, due)
}

// approved reports whether a second person let a run destroy due customers.
func (r *run) approved(ctx context.Context, id record.ApprovalID, due int) (bool, error) {
	items, err := r.Store.GetMany(ctx, []store.Key{rows.RequestKey(id), rows.ApprovalKey(id, 0)})
	if err != nil || len(items) != 2 {
		return false, err
	}
	var request rows.RequestBody
	var approval rows.ApprovalBody
	if err := errors.Join(rows.Decode(items[0].Body, &request), rows.Decode(items[1].Body, &approval)); err != nil {
		return false, err
	}
	var limit int
	if _, err := fmt.Sscan(string(request.Detail), &limit); err != nil {
		return false, rows.ErrFormat
	}
	return approval.Allow && approval.Request == rows.Digest(items[0].Body) && due <= limit && r.now.Unix() < request.Expires, nil
}
