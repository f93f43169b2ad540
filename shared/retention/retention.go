// Package retention destroys what has ended. It holds no right to decrypt or to sign: deleting a shred key ends a section wherever
// copies of it lie, and deleting the head ends a customer (design §4). A crash anywhere is finished by the next run, because the
// transaction that destroys turns the due row in place into a residue row that names what is left to do.
package retention

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kexin/shared/audit"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Sentinels of the package.
var (
	// ErrTooMany: the run would destroy more than the pack allows without a second person. A request for approval is open.
	ErrTooMany = errors.New("purge would destroy more than the limit")
	// ErrClock: the clock cannot be trusted. Nothing is destroyed; expired data stays refused at read time.
	ErrClock = errors.New("clock cannot be trusted")
)

// Rewriter removes deleted keys from the medium: the embedded store rewrites its keys file under a new file key. On AWS there is none,
// and the recovery window of the tables bounds the time instead.
type Rewriter interface {
	// Rewrite returns the moment from which on nothing deleted before can be read from the store's own files.
	Rewrite(ctx context.Context) (time.Time, error)
}

// Archives removes the ciphertext of void archives. It may be nil: without its key an archive is noise.
type Archives interface {
	// Remove deletes an archive's object; removing nothing is no error.
	Remove(ctx context.Context, path string) error
}

// Purge destroys what is due. Every member but Rewriter, Archives and Progress is required.
type Purge struct {
	Store    store.Store
	Log      *audit.Log
	Pack     *policy.Pack
	Clock    ClockCheck
	Rewriter Rewriter
	Archives Archives
	Now      func() time.Time
	Since    time.Time     // no due row is older than this moment: the start of the deployment
	Workers  int           // customers under way at once
	Together bool          // delete bodies in one transaction: right where it costs one fsync, wrong where it costs twice the units
	Margin   time.Duration // stop this long before the deadline of ctx
	Progress func(Report)
}

// Report says what a run did.
type Report struct {
	Destroyed int    `json:"destroyed"`         // customers
	Sections  int    `json:"sections"`          // sections of customers that live on
	Finished  int    `json:"finished"`          // destructions whose residue is done: their certificates can be had
	Held      int    `json:"held"`              // put aside because of a legal hold
	Voided    int    `json:"voided"`            // archives
	Failed    int    `json:"failed"`            // rows left for the next run because of an error
	Late      int    `json:"late"`              // customers found overdue by more than the pack allows (destroy_within, withdrawn_destroy)
	Complete  bool   `json:"complete"`          // nothing due is left
	Waiting   string `json:"waiting,omitempty"` // id of the request for approval that the run waits for
	FirstErr  string `json:"first_error,omitempty"`
}

// run is one run of the purge.
type run struct {
	*Purge
	now       time.Time
	oldest    int64           // deadline of the oldest row that is overdue and not dealt with, as far as the run knows; 0 for none
	rewritten time.Time       // moment of the rewrite, once it has happened
	occupied  map[string]bool // partitions that had rows when the run began; nil before it has looked
	mu        sync.Mutex
	report    Report
	late      map[policy.LimitName]*late
}

// Run destroys everything that is due, in order of days, and returns what it did. It stops before the deadline of ctx with Report.Complete
// false and no error. Running it again, or twice at once, does no harm.
func (p *Purge) Run(ctx context.Context) (Report, error) {
	r := &run{Purge: p, now: p.Now()}
	report, err := r.purge(ctx)
	r.measure(ctx, err)
	return report, err
}

func (r *run) purge(ctx context.Context) (Report, error) {
	if err := r.Clock.Check(ctx, r.now); err != nil {
		return r.report, r.stopped(ctx, "clock", err)
	}
	days, err := r.days(ctx)
	if err != nil {
		return r.report, err
	}
	err = r.destroyAll(ctx, days)
	return r.report, errors.Join(err, r.recordLate(ctx))
}

// destroyAll does the work of a run whose clock is trusted.
func (r *run) destroyAll(ctx context.Context, days []time.Time) error {
	if err := r.withinLimit(ctx, days); errors.Is(err, errTimeUp) {
		return nil // what is left waits for the next run
	} else if err != nil {
		return err
	}
	r.oldest = 0 // what is left is counted as it is met
	if err := r.work(ctx, days); errors.Is(err, errTimeUp) {
		return nil // what is left waits for the next run
	} else if err != nil {
		return err
	}
	r.report.Complete = r.report.Failed == 0
	return r.advance(ctx, days)
}

// work destroys what is due, removes the deleted keys from the medium, and finishes the destructions that the medium has forgotten.
func (r *run) work(ctx context.Context, days []time.Time) error {
	if err := r.pass(ctx, r.dueRows(days), r.destroyDue); err != nil {
		return err
	}
	residue, err := r.residue(ctx, days)
	if err != nil {
		return err
	}
	if err := r.rewrite(ctx, len(residue) > 0); err != nil {
		return err
	}
	return r.pass(ctx, func(_ context.Context, visit func(store.Item) error) error {
		for _, item := range residue {
			if err := visit(item); err != nil {
				return err
			}
		}
		return nil
	}, r.finish)
}

// stopped records why a run did nothing.
func (r *run) stopped(ctx context.Context, code string, cause error) error {
	e := audit.Entry{Action: "purge", Verdict: audit.Deny, Code: code, Pack: r.Pack.Version,
		Actor: audit.Actor{Kind: audit.System, ID: "purge-expired"}}
	if _, err := r.Log.Record(ctx, e); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// rewrite removes deleted keys from the medium, when any were deleted.
func (r *run) rewrite(ctx context.Context, residue bool) (err error) {
	if r.Rewriter == nil || !residue && r.report.Destroyed+r.report.Sections == 0 {
		return nil
	}
	if r.rewritten, err = r.Rewriter.Rewrite(ctx); err != nil {
		return fmt.Errorf("rewrite keys: %w", err)
	}
	return nil
}

// irrecoverable returns the moment after which nothing can bring back what was destroyed before this run began to finish: that of the
// rewrite, or the end of the recovery window of the tables, counted from now because each deletion lies before.
func (r *run) irrecoverable() time.Time {
	if r.Rewriter != nil {
		return r.rewritten
	}
	return r.Now().Add(time.Duration(r.Pack.Limits.RecoveryDays) * 24 * time.Hour)
}

// residue returns the residue rows that exist before the medium is rewritten. A destruction that another run commits later is not among
// them: it is finished after a rewrite that comes after it.
func (r *run) residue(ctx context.Context, days []time.Time) ([]store.Item, error) {
	var found []store.Item
	err := r.walk(ctx, days, func(item store.Item) error {
		if item.Str(store.AttrState) == rows.DueResidue {
			found = append(found, item)
		}
		return r.timeLeft(ctx)
	})
	return found, err
}

// days returns the days whose due rows the run looks at, oldest first.
func (r *run) days(ctx context.Context) ([]time.Time, error) {
	from := r.Since
	item, err := r.Store.Get(ctx, rows.Job("purge-expired", "cursor"))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("read purge cursor: %w", err)
	}
	if err == nil { // a writer's clock may be behind: the day before the cursor is looked at again
		from = rows.At(item.Int(store.AttrTime)).AddDate(0, 0, -1)
	}
	var days []time.Time
	for day := from.UTC().Truncate(24 * time.Hour); !day.After(r.now); day = day.AddDate(0, 0, 1) {
		days = append(days, day)
	}
	return days, nil
}

// advance moves the cursor to the first day that still has rows, so that the next run does not look at finished days again.
func (r *run) advance(ctx context.Context, days []time.Time) error {
	if len(days) == 0 {
		return nil
	}
	first := days[len(days)-1]
	for _, day := range days {
		if left, err := r.anyLeft(ctx, day); err != nil {
			return err
		} else if left {
			first = day
			break
		}
	}
	key := rows.Job("purge-expired", "cursor")
	item := store.Item{Key: key, Body: []byte{rows.Format}, Attrs: map[string]store.Attr{
		store.AttrTime: store.N(first.Unix()), store.AttrState: store.S("cursor")}}
	cond := store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrState, Operand: store.S("cursor")}}}
	if err := r.Store.Transact(ctx, "", store.PutIf(item, cond)); err != nil {
		return fmt.Errorf("advance purge cursor: %w", err)
	}
	return nil
}

func (r *run) anyLeft(ctx context.Context, day time.Time) (bool, error) {
	for _, shard := range rows.ShardNames() {
		page, err := r.Store.Query(ctx, store.Query{Table: store.Work, PK: rows.DuePartition(day, shard), Limit: 1})
		if err != nil {
			return false, fmt.Errorf("look for due rows: %w", err)
		}
		if len(page.Items) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// walk visits the due rows of days. The first walk of a run looks into every partition and remembers which have rows; those after it
// look into these only. A row that somebody puts meanwhile into another partition waits for the next run: the cursor does not pass it,
// because advance looks into every partition again.
func (r *run) walk(ctx context.Context, days []time.Time, visit func(store.Item) error) error {
	occupied := map[string]bool{}
	for _, day := range days {
		for _, shard := range rows.ShardNames() {
			q := store.Query{Table: store.Work, PK: rows.DuePartition(day, shard), Limit: 500}
			if r.occupied != nil && !r.occupied[q.PK] {
				continue
			}
			err := store.All(ctx, r.Store, q, func(item store.Item) error {
				occupied[q.PK] = true
				return visit(item)
			})
			if err != nil {
				return err
			}
		}
	}
	r.occupied = occupied
	return nil
}

// source lists rows to act on.
type source func(ctx context.Context, visit func(store.Item) error) error

func (r *run) dueRows(days []time.Time) source {
	return func(ctx context.Context, visit func(store.Item) error) error { return r.walk(ctx, days, visit) }
}

// pass hands every row of list to act, several at once, and counts failures; only the end of time or of ctx stops it.
func (r *run) pass(ctx context.Context, list source, act func(context.Context, store.Item) error) error {
	items := make(chan store.Item)
	var group sync.WaitGroup
	for range max(r.Workers, 1) {
		group.Go(func() {
			for item := range items {
				if err := act(ctx, item); err != nil {
					r.failed(err)
					r.left(item.Int(store.AttrDeadline))
				}
			}
		})
	}
	err := list(ctx, func(item store.Item) error {
		if err := r.timeLeft(ctx); err != nil {
			r.left(dayOf(item))
			return err
		}
		select {
		case items <- item:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	close(items)
	group.Wait()
	r.tell()
	return err
}

// errTimeUp stops a run before the deadline of its ctx.
var errTimeUp = errors.New("time is up")

// timeLeft fails with errTimeUp when less than the margin is left.
func (r *run) timeLeft(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < r.Margin {
		return errTimeUp
	}
	return ctx.Err()
}

func (r *run) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Failed++
	if r.report.FirstErr == "" {
		r.report.FirstErr = err.Error()
	}
}

func (r *run) count(add func(*Report)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	add(&r.report)
}

func (r *run) tell() {
	if r.Progress != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.Progress(r.report)
	}
}

func (r *run) entry(action string, id record.CustomerID) audit.Entry {
	return audit.Entry{Action: action, Verdict: audit.Allow, Customer: id, Pack: r.Pack.Version,
		Actor: audit.Actor{Kind: audit.System, ID: "purge-expired"}}
}
