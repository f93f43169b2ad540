package audit

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// streamed returns the changes of table audit between two states, as a stream of it tells them.
func streamed(before, after map[store.Key]store.Item) []Change {
	var changes []Change
	for key, item := range after {
		old, had := before[key]
		if !had || !bytes.Equal(old.Body, item.Body) {
			changes = append(changes, Change{PK: key.PK, SK: key.SK, Modified: had})
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept {
			changes = append(changes, Change{PK: key.PK, SK: key.SK, Removed: true})
		}
	}
	return changes
}

// watched is a Watcher over the world's rows and what it raised.
type watched struct {
	*Watcher
	alarms []Tampering
}

func (w *world) watch() *watched {
	seen := &watched{}
	seen.Watcher = &Watcher{Store: w.mem, Log: w.log(1), Alarm: func(_ context.Context, found Tampering) { seen.alarms = append(seen.alarms, found) }}
	return seen
}

// TestWatcherIsQuietAboutWhatTheFunctionsDo: two runs of the sealer, the second of which ends lanes, change and remove rows by right.
func TestWatcherIsQuietAboutWhatTheFunctionsDo(t *testing.T) {
	w := newWorld(t)
	seen := w.watch()
	before, replaced, removed := w.mem.snapshot(), 0, 0
	for range 3 {
		w.record(w.log(1), 3)
		w.seal()
		w.clock.pass(2 * time.Hour)
		after := w.mem.snapshot()
		for _, change := range streamed(before, after) {
			if change.Modified {
				replaced++
			}
			if change.Removed {
				removed++
			}
			if err := seen.Look(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		before = after
	}
	if len(seen.alarms) > 0 || replaced == 0 || removed == 0 {
		t.Errorf("alarms %v after %d replaced and %d removed rows", seen.alarms, replaced, removed)
	}
}

func TestWatcherTellsOfTampering(t *testing.T) {
	w := newWorld(t)
	ref := w.record(w.log(1), 3)[1]
	w.seal()
	lane, id := ref.LaneID(), customer(4)
	mention := store.Key{Table: store.Audit, PK: "MENTION#" + string(id), SK: "x"}
	for _, c := range []struct {
		code   string
		key    store.Key
		change Change
	}{
		{"entry.modified", entryKey(ref.Position), Change{Modified: true}},
		{"entry.removed", entryKey(ref.Position), Change{Removed: true}},
		{"registration.modified", laneRow(prefixLanes, lane), Change{Modified: true}},
		{"registration.removed", laneRow(prefixLanes, lane), Change{Removed: true}}, // it did not end
		{"ended.removed", laneRow(prefixEnded, lane), Change{Removed: true}},
		{"cursor.removed", cursorKey(lane), Change{Removed: true}},
		{"sealed.modified", sealedKey(lane, 0), Change{Modified: true}},
		{"log.removed", logKey(keyState), Change{Removed: true}},
		{"mention.removed", mention, Change{Removed: true}},
		{"unknown.modified", store.Key{PK: "SUB#1", SK: "x"}, Change{Modified: true}},
	} {
		seen := w.watch()
		c.change.PK, c.change.SK = c.key.PK, c.key.SK
		ctx := telemetry.WithRequestID(t.Context(), "5c1f0f3e-0000-4000-8000-000000000001")
		if err := seen.Look(ctx, c.change); err != nil {
			t.Fatalf("%s: %v", c.code, err)
		}
		if len(seen.alarms) != 1 || seen.alarms[0].Code() != c.code {
			t.Errorf("%s: alarms %v", c.code, seen.alarms)
			continue
		}
		e := w.last(seen.Log)
		if e.Action != ActionWatch || e.Code != c.code || e.Request == "" {
			t.Errorf("%s: entry %+v", c.code, e)
		}
		if (e.Of != nil) != strings.HasPrefix(c.code, "entry") || e.Of != nil && *e.Of != ref.Position {
			t.Errorf("%s: entry is of %v", c.code, e.Of)
		}
		if got := e.Customer; (got == id) != (c.key == mention) {
			t.Errorf("%s: entry names %s", c.code, got)
		}
		if laneRow := strings.Contains(c.key.PK+c.key.SK, "wri_"); laneRow && e.Object != string(ref.Writer) {
			t.Errorf("%s: entry names writer %s", c.code, e.Object)
		}
	}
}

// last returns the only entry that a log with one lane has written.
func (w *world) last(l *Log) Entry {
	w.t.Helper()
	item, err := w.mem.Get(w.t.Context(), entryKey(Position{Writer: l.writer}))
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := entry.Parse(item.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// A change that cannot be judged, or whose entry cannot be written, comes again; the alarm is heard all the same.
func TestWatcherFailsLoudly(t *testing.T) {
	w := newWorld(t)
	lane := LaneID{Writer: record.WriterID(record.IDFromBytes(record.PrefixWriter, [16]byte{9}))}
	broken := errors.New("broken")
	seen := w.watch()
	seen.Store = failing{w.mem, broken}
	key := laneRow(prefixLanes, lane)
	if err := seen.Look(t.Context(), Change{PK: key.PK, SK: key.SK, Removed: true}); !errors.Is(err, broken) || len(seen.alarms) > 0 {
		t.Errorf("unreadable: %v, %v", err, seen.alarms)
	}
	seen = w.watch()
	seen.Log.cfg.Store = failing{w.mem, broken}
	if err := seen.Look(t.Context(), Change{PK: "LANE#" + lane.String(), SK: seqText(1), Removed: true}); err == nil || len(seen.alarms) != 1 {
		t.Errorf("unwritable: %v, %v", err, seen.alarms)
	}
}

// failing is a store that fails.
type failing struct {
	store.Store
	err error
}

func (f failing) Get(context.Context, store.Key) (store.Item, error) { return store.Item{}, f.err }

func (f failing) Transact(context.Context, store.Token, ...store.Op) error { return f.err }
