package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kexin/shared/audit"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// mention says in the partition of one customer what an entry that names many customers says of it: that a list showed its card, or
// that an export was about to read it. So "who read this customer" finds those acts too.
type mention struct {
	Format  int
	At      int64 // Unix nanoseconds
	Action  string
	Actor   audit.Actor
	Purpose record.PurposeID
	Reason  string
	Fields  []record.FieldName
	Object  string // lst_… of the list, exp_… of the export, as in the entry
}

func mentionOf(e audit.Entry, object string, at time.Time) ([]byte, error) {
	return rows.Encode(mention{rows.Format, at.UnixNano(), e.Action, e.Actor, e.Purpose, e.Reason, e.Fields, object})
}

// maxTrace bounds the acts on one customer that one answer sorts.
const maxTrace = 20_000

// tracePage is how many acts one page of a history has.
const tracePage = 100

// trace returns a page of everything that was done to a customer, oldest first: the entries that name it alone, the lists that showed
// it, the exports that read it. The rosters of exports go with a destruction; the entries that name them stay in the log.
func (v *Vault) trace(ctx context.Context, id record.CustomerID, cursor string) ([]HistoryEntry, string, error) {
	from, err := traceOffset(cursor)
	if err != nil {
		return nil, "", err
	}
	all, err := v.traceAll(ctx, id)
	if err != nil {
		return nil, "", fmt.Errorf("trace customer: %w", err)
	}
	slices.SortStableFunc(all, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	page := all[min(from, len(all)):min(from+tracePage, len(all))]
	list := make([]HistoryEntry, 0, len(page))
	for _, t := range page {
		list = append(list, t.HistoryEntry)
	}
	next := ""
	if from+tracePage < len(all) {
		next = "after/" + strconv.Itoa(from+tracePage)
	}
	return list, next, nil
}

func traceOffset(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	number, ok := strings.CutPrefix(cursor, "after/")
	offset, parsed := strconv.Atoi(number)
	if !ok || parsed != nil || offset < 0 || offset > maxTrace {
		return 0, store.ErrCursor
	}
	return offset, nil
}

// timed is an act with its moment in nanoseconds, for sorting.
type timed struct {
	at int64
	HistoryEntry
}

var errEnough = errors.New("enough")

func (v *Vault) traceAll(ctx context.Context, id record.CustomerID) ([]timed, error) {
	var all []timed
	for cursor := ""; ; {
		traced, next, err := audit.Trace(ctx, v.Store, id, cursor)
		if err != nil {
			return nil, err
		}
		for _, t := range traced {
			all = append(all, timed{t.Entry.Time.UnixNano(), historyEntry(t)})
		}
		if cursor = next; next == "" || len(all) >= maxTrace {
			break
		}
	}
	for _, q := range []store.Query{
		{Table: store.Audit, PK: rows.PrefixMention + string(id)}, {Table: store.Work, PK: rows.PrefixRoster + string(id)}} {
		err := store.All(ctx, v.Store, q, func(item store.Item) error {
			if len(all) >= maxTrace {
				return errEnough
			}
			m := mention{}
			all = append(all, timed{})
			err := rows.Decode(item.Body, &m)
			all[len(all)-1] = timed{m.At, m.entry()}
			return err
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
	}
	return all, nil
}

func (m mention) entry() HistoryEntry {
	return HistoryEntry{At: time.Unix(0, m.At).Unix(), Action: m.Action, Verdict: string(audit.Allow), Code: "named", Actor: m.Actor,
		Purpose: m.Purpose, Reason: m.Reason, Fields: m.Fields, Ref: m.Object}
}
