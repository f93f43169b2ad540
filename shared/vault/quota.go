package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// quota counts what members of staff see of customers in a day: pages of lists, reads, reveals (limit daily_reads, USE-03). The count
// is one small row for each of them, which is written before anything is shown. A process takes a few reads at a time from it and hands
// them out itself, so that most reads write nothing more: never more than the limit in all, whatever runs at once. What a process has
// taken and not handed out goes with it when it ends; the less is left of the day, the less it takes (docs/quota.md).
type quota struct {
	mu    sync.Mutex
	staff map[record.StaffID]*allowance
}

// allowance is what a process holds of one person's reads of a day. mu is held while more is taken, so that readers wait for one write
// instead of racing for the row.
type allowance struct {
	mu    sync.Mutex
	row   rows.ReadsBody // as this process saw or wrote it last
	known bool           // row was seen; another process may have changed it since, which a write finds out
	left  int            // taken and not handed out
}

func (q *quota) of(id record.StaffID) *allowance {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.staff == nil {
		q.staff = map[record.StaffID]*allowance{}
	}
	if q.staff[id] == nil {
		q.staff[id] = &allowance{}
	}
	return q.staff[id]
}

// Bounds of what a process takes at once: a part of what is left of the day, so that many processes of one person do not strand much.
const (
	mostTaken = 8
	takenPart = 16
)

// takeTries is how often a process tries to be the one that changes the row: far more often than others can be faster.
const takeTries = 64

// counted decides about an act that shows customers, with the reads of the day so far, and counts it when it is allowed. giveBack takes
// it out of the count again, for an act that showed nothing in the end. Customers who read their own record have no quota. A person
// whose last read is taken meanwhile by another process is decided about again.
func (v *Vault) counted(ctx context.Context, actor Actor, decide func(reads int) error) (giveBack func(), err error) {
	if actor.Role == decision.RoleCustomer || actor.Staff == "" {
		return func() {}, decide(0)
	}
	for {
		reads, err := v.readsToday(ctx, actor)
		if err != nil {
			return nil, err
		}
		if err := decide(reads); err != nil {
			return nil, err
		}
		if giveBack, err = v.takeRead(ctx, actor.Staff); giveBack != nil || err != nil {
			return giveBack, err
		}
	}
}

// readsToday returns how much of the day's reads of a member of staff is used, as far as this process knows. It changes nothing.
func (v *Vault) readsToday(ctx context.Context, actor Actor) (int, error) {
	if actor.Role == decision.RoleCustomer || actor.Staff == "" {
		return 0, nil
	}
	a := v.reads.of(actor.Staff)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := v.today(ctx, actor.Staff, a); err != nil {
		return 0, err
	}
	return a.row.Taken - a.left, nil
}

// today brings a to the present day. A clock that is behind the row's does not begin a day again.
func (v *Vault) today(ctx context.Context, id record.StaffID, a *allowance) error {
	if !a.known {
		item, err := v.Store.Get(ctx, rows.Reads(id))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("read count of the day: %w", err)
		}
		a.row = rows.ReadsBody{}
		if err == nil {
			if err := rows.Decode(item.Body, &a.row); err != nil {
				return fmt.Errorf("read count of the day: %w", err)
			}
		}
		a.known = true
	}
	if day := record.Day(v.Now()).Unix(); day > a.row.Day {
		a.row.Day, a.row.Taken, a.left = day, 0, 0
	}
	return nil
}

// takeRead counts one read. It returns nil and no error when the day has none left.
func (v *Vault) takeRead(ctx context.Context, id record.StaffID) (giveBack func(), err error) {
	a := v.reads.of(id)
	a.mu.Lock()
	defer a.mu.Unlock()
	for range takeTries {
		if err := v.today(ctx, id, a); err != nil {
			return nil, err
		}
		if a.left > 0 {
			a.left--
			day := a.row.Day
			return func() { a.back(day) }, nil
		}
		if a.row.Taken >= v.Pack.Limits.DailyReads {
			return nil, nil
		}
		if err = v.refill(ctx, id, a); err != nil && !errors.Is(err, store.ErrCondition) && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrUnknownOutcome) {
			break
		}
	}
	return nil, fmt.Errorf("count reads of the day: %w", err)
}

// refill moves some reads from the row into a. After a failed condition another process was faster; after an unknown outcome what was
// perhaps taken is given up. Both have to look at the row again.
func (v *Vault) refill(ctx context.Context, id record.StaffID, a *allowance) error {
	condition := store.IfAbsent()
	if a.row.Version > 0 {
		condition = store.IfVersion(a.row.Version)
	}
	some := min(mostTaken, max(1, (v.Pack.Limits.DailyReads-a.row.Taken)/takenPart))
	next := a.row
	next.Version, next.Taken = next.Version+1, next.Taken+some
	item, err := next.Item(id)
	if err != nil {
		return err
	}
	if err := v.Store.Transact(ctx, "", store.PutIf(item, condition)); err != nil {
		a.known = false
		return err
	}
	a.row, a.left = next, some
	return nil
}

// back returns one read of day to what the process holds.
func (a *allowance) back(day int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.row.Day == day {
		a.left++
	}
}

// beyond decides about an act that is allowed otherwise and goes beyond a limit of the pack. The refusal names the policy that keeps the
// limit and the line that holds its number; e is the entry of the act. A pack whose policies let somebody go beyond a limit has its way.
func (v *Vault) beyond(ctx context.Context, actor Actor, e audit.Entry, req decision.Request, limit policy.LimitName) error {
	req.Actor, req.Now, req.Over = actor.Actor, v.Now(), limit
	verdict := v.Engine.Decide(req)
	if verdict.Allow {
		return nil
	}
	verdict.Reasons = append(verdict.Reasons, decision.Reason(v.Pack.LimitRule(limit)))
	e.Code, e.Reasons = verdict.Code, verdict.Reasons
	return v.refuse(ctx, e, req.Action, verdict)
}
