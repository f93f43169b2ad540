package retention

import (
	"context"
	"fmt"
	"slices"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// late is what a run found to be overdue by more than a limit of the pack allows, whether it could destroy it or not.
type late struct {
	customers int
	oldest    int64 // deadline, Unix seconds
}

// within returns the limit within which a section that has ended is to be destroyed: that of withdrawn data when a withdrawal ended it.
func (r *run) within(head *rows.Head, state *rows.SectionState) policy.LimitName {
	section := r.Pack.Section(state.ID)
	if section == nil {
		return policy.LimitDestroyWithin
	}
	withdrawn := func(c rows.ConsentState) bool { return c.Withdrawn != 0 && c.Withdrawn == state.Deadline }
	if section.Consent != "" && withdrawn(head.Separate[section.Consent]) ||
		slices.ContainsFunc(section.Purposes, func(id record.PurposeID) bool { return withdrawn(head.Consents[id]) }) {
		return policy.LimitWithdrawnDestroy
	}
	return policy.LimitDestroyWithin
}

// noteLate counts a customer who has anything that should have been destroyed before now, once for each limit.
func (r *run) noteLate(head *rows.Head) {
	if head.Holds > 0 {
		return
	}
	oldest := map[policy.LimitName]int64{}
	for i := range head.Sections {
		state := &head.Sections[i]
		limit := r.within(head, state)
		period := r.Pack.Limits.DestroyWithin
		if limit == policy.LimitWithdrawnDestroy {
			period = r.Pack.Limits.WithdrawnDestroy
		}
		if !r.now.After(period.After(rows.At(state.Deadline))) {
			continue
		}
		if at, ok := oldest[limit]; !ok || state.Deadline < at {
			oldest[limit] = state.Deadline
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for limit, at := range oldest {
		if r.late == nil {
			r.late = map[policy.LimitName]*late{}
		}
		if r.late[limit] == nil {
			r.late[limit] = &late{oldest: at}
		}
		r.late[limit].customers++
		r.late[limit].oldest = min(r.late[limit].oldest, at)
	}
	if len(oldest) > 0 {
		r.report.Late++
	}
}

// lookedAt is how many customers of a stopped run are looked at for what is late: the oldest ones.
const lookedAt = 10_000

// noteLateRows looks at the customers of due rows that a run leaves alone because they are too many.
func (r *run) noteLateRows(ctx context.Context, due []store.Key) error {
	for part := range slices.Chunk(due, 100) { // what the store reads at once
		keys := make([]store.Key, 0, len(part))
		for _, key := range part {
			keys = append(keys, rows.HeadKey(record.CustomerID(key.SK)))
		}
		items, err := r.Store.GetMany(ctx, keys)
		if err != nil {
			return fmt.Errorf("read heads: %w", err)
		}
		for _, item := range items {
			head, err := rows.DecodeHead(item)
			if err != nil {
				return fmt.Errorf("read head: %w", err)
			}
			r.noteLate(head)
		}
	}
	return nil
}

// recordLate writes an entry for each limit that was not kept, which names the limit and where it is written.
func (r *run) recordLate(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, limit := range []policy.LimitName{policy.LimitDestroyWithin, policy.LimitWithdrawnDestroy} {
		found := r.late[limit]
		if found == nil {
			continue
		}
		e := r.entry("purge", "")
		e.Verdict, e.Code, e.Reasons = audit.Deny, "late", []audit.Reason{audit.Reason(r.Pack.LimitRule(limit))}
		e.Facts = audit.Facts{"customers": entry.Count(found.customers), "due": entry.Moment(rows.At(found.oldest)), "rule": string(limit)}
		if _, err := r.Log.Record(ctx, e); err != nil {
			return fmt.Errorf("record what is late: %w", err)
		}
	}
	return nil
}
