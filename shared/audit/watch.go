package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// ActionWatch is the action of the entries that a Watcher writes.
const ActionWatch = "watch_audit"

// Change is one changed row of table audit as the table's stream tells it: the keys, and no contents. Both flags false: it was put where
// nothing was.
type Change struct {
	PK, SK            string
	Modified, Removed bool
}

// Tampering is a change of a row of table audit that no function of this project makes. None can come from a crash: rows are put where
// nothing is, and what may be replaced or removed is in the table of allowed.
type Tampering struct {
	Row      string            // kind of the row: entry, registration, ended, cursor, sealed, log, mention, or unknown
	Change   string            // modified or removed
	Lane     LaneID            // the lane that the row belongs to; zero for other rows
	Entry    *Position         // the entry whose row it is; nil for other rows
	Customer record.CustomerID // whom a mention is about
}

// Code returns row and change as one code, such as "entry.removed".
func (f Tampering) Code() string { return f.Row + "." + f.Change }

// rowKinds names the rows of table audit and says which changes of them are right (see rows.go). The row of a mention is of package rows.
var rowKinds = []struct {
	prefix, name      string
	modified, removed bool
}{
	{prefixLane, "entry", false, false},
	{prefixLanes, "registration", false, true}, // removed when the lane has ended, together with a put of its ENDED row
	{prefixEnded, "ended", false, false},
	{prefixCursor, "cursor", true, false},
	{prefixSealed, "sealed", false, false},
	{"LOG#", "log", true, false},
	{"MENTION#", "mention", false, false},
}

// Watcher looks at every change of table audit after it happened and tells of those that nothing of this project makes: whoever may put
// rows can replace them too, because roles cannot demand conditions, and whoever took over the account can do anything. What it finds
// goes to Alarm at once and into the log as an entry. It sees no contents and is told of each change at least once.
type Watcher struct {
	Store store.Store // get on "ENDED#"
	Log   *Log
	// Alarm is told of each tampering before its entry is written, so that it is heard even when the log cannot be written.
	Alarm func(context.Context, Tampering)
}

// Look judges one change. An error means that the change should be looked at again: it could not be judged, or its entry not be written.
func (w *Watcher) Look(ctx context.Context, change Change) error {
	found, err := w.judge(ctx, change)
	if err != nil || found == nil {
		return err
	}
	w.Alarm(ctx, *found)
	if _, err := w.Log.Record(ctx, found.entry(w.Log.cfg.Function, telemetry.RequestID(ctx))); err != nil {
		return fmt.Errorf("record changed row of the log: %w", err)
	}
	return nil
}

// judge returns what is wrong with a change, nil when nothing is.
func (w *Watcher) judge(ctx context.Context, change Change) (*Tampering, error) {
	if !change.Modified && !change.Removed {
		return nil, nil // lanes are checked by their hashes when they are sealed
	}
	found := locate(change)
	for _, kind := range rowKinds {
		if kind.name != found.Row || !(change.Modified && kind.modified || change.Removed && kind.removed) {
			continue
		}
		if kind.prefix != prefixLanes {
			return nil, nil
		}
		moved, err := w.ended(ctx, found.Lane)
		if err != nil || moved {
			return nil, err
		}
	}
	return &found, nil
}

// ended reports whether the registration of a lane lies where the sealer moves it when the lane has ended.
func (w *Watcher) ended(ctx context.Context, id LaneID) (bool, error) {
	_, err := w.Store.Get(ctx, laneRow(prefixEnded, id))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for ended lane: %w", err)
	}
	return true, nil
}

// locate says which row a change is about.
func locate(change Change) Tampering {
	found := Tampering{Row: "unknown", Change: "modified"}
	if change.Removed {
		found.Change = "removed"
	}
	for _, kind := range rowKinds {
		rest, ok := strings.CutPrefix(change.PK, kind.prefix)
		if !ok {
			continue
		}
		found.Row = kind.name
		switch kind.prefix {
		case prefixLane, prefixCursor, prefixSealed:
			found.Lane, _ = entry.ParseLaneID(rest) // a row whose key means nothing has no lane, and is a finding all the same
		case prefixLanes, prefixEnded:
			found.Lane, _ = entry.ParseLaneID(change.SK)
		case "MENTION#":
			if record.CheckID(record.PrefixCustomer, rest) == nil {
				found.Customer = record.CustomerID(rest)
			}
		}
	}
	if at, err := parseEntryKey(store.Key{Table: store.Audit, PK: change.PK, SK: change.SK}); err == nil {
		found.Entry = &at
	}
	return found
}

// entry returns what the log says about f.
func (f Tampering) entry(function, request string) Entry {
	e := Entry{Actor: Actor{Kind: System, ID: function}, Action: ActionWatch, Verdict: Outcome, Code: f.Code(), Of: f.Entry,
		Object: string(f.Lane.Writer), Customer: f.Customer}
	if entry.IsRequestID(request) {
		e.Request = request
	}
	return e
}
