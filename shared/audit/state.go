package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/store"
)

// state is the row that says what the log is. Runs are what the last commit appended: until a checkpoint of Size exists they may not
// be published yet, and whoever comes next publishes them again.
type state struct {
	V       int    `json:"v"`
	Size    int64  `json:"size"`
	Root    Digest `json:"root"`
	Extents Digest `json:"extents"` // chained digest of all runs, see chain
	// Before and BeforeRoot are the log before the last commit.
	Before     int64  `json:"before"`
	BeforeRoot Digest `json:"before_root"`
	Runs       []run  `json:"runs"`

	version int64
}

// run is a sequence of entries of one lane that lie together in the log.
type run struct {
	Writer string `json:"writer"`
	Lane   uint32 `json:"lane"`
	First  uint64 `json:"first"`
	Leaf   int64  `json:"leaf"`
	Count  int64  `json:"count"`
}

func (r run) id() LaneID { return LaneID{Writer: record.WriterID(r.Writer), Lane: r.Lane} }

// chain returns the digest of all runs so far and r.
func chain(before Digest, r run) Digest {
	text := fmt.Sprintf("%s\n%s %d %d %d %d\n", before, r.Writer, r.Lane, r.First, r.Leaf, r.Count)
	return sha256.Sum256([]byte(text))
}

// cursor is the row that says how far a lane is sealed, and the lane on its way through a run.
type cursor struct {
	V    int       `json:"v"`
	Next uint64    `json:"next"`
	Prev Digest    `json:"prev"`
	Last time.Time `json:"last"` // of the last entry, or of the start of the lane

	id           LaneID
	registration store.Item
	stored       bool   // the row exists, with storedNext
	storedNext   uint64 // what the row says
	ended, fresh bool   // a terminator, any entry has been taken in this run
	alarm        *Alarm
}

// sealedRow is the body of a SEALED row; lane and first sequence are in its key.
type sealedRow struct {
	V     int   `json:"v"`
	Leaf  int64 `json:"leaf"`
	Count int64 `json:"count"`
}

// signed is the body of the row of the latest checkpoint.
type signed struct {
	Size int64  `json:"size"`
	Note string `json:"note"`
}

const rowVersion = 1

// decodeRow fills v from the body of item.
func decodeRow(item store.Item, v any) error {
	if err := json.Unmarshal(item.Body, v); err != nil {
		return fmt.Errorf("%w: row %v", ErrAltered, item.Key)
	}
	return nil
}

func encodeRow(key store.Key, v any, version int64) (store.Item, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return store.Item{}, fmt.Errorf("encode row %v: %w", key, err)
	}
	return store.Item{Key: key, Body: body, Attrs: map[string]store.Attr{store.AttrVersion: store.N(version)}}, nil
}

// fetch fills v from the row at key; found is false when there is none.
func fetch(ctx context.Context, s store.Store, key store.Key, v any) (item store.Item, found bool, err error) {
	item, err = s.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Item{}, false, nil
	}
	if err != nil {
		return store.Item{}, false, fmt.Errorf("read row %v: %w", key, err)
	}
	return item, true, decodeRow(item, v)
}

// ifVersion is the condition that the row is as it was read: absent for version zero.
func ifVersion(version int64) store.Condition {
	if version == 0 {
		return store.IfAbsent()
	}
	return store.IfVersion(version)
}

func loadState(ctx context.Context, s store.Store) (state, error) {
	var st state
	item, found, err := fetch(ctx, s, logKey(keyState), &st)
	if err != nil || !found {
		return state{V: rowVersion}, err
	}
	if st.V != rowVersion {
		return state{}, fmt.Errorf("%w: version of log state", ErrAltered)
	}
	st.version = item.Int(store.AttrVersion)
	return st, nil
}

func loadCheckpoint(ctx context.Context, s store.Store) (signed, error) {
	var latest signed
	_, _, err := fetch(ctx, s, logKey(keyCheckpoint), &latest)
	return latest, err
}

// saveCheckpoint replaces the row of the latest checkpoint; its version is the size of the log.
func saveCheckpoint(ctx context.Context, s store.Store, before, next signed) error {
	item, err := encodeRow(logKey(keyCheckpoint), next, next.Size)
	if err != nil {
		return err
	}
	err = s.Transact(ctx, "", store.PutIf(item, ifVersion(before.Size)))
	if errors.Is(err, store.ErrCondition) {
		return ErrBusy
	}
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

// loadCursors returns the cursors of the lanes that items register, in the same order. At most 100 items.
func loadCursors(ctx context.Context, s store.Store, items []store.Item) ([]cursor, error) {
	cursors := make([]cursor, len(items))
	lookup := make([]store.Key, len(items))
	for i, item := range items {
		var err error
		if cursors[i], err = newCursor(item); err != nil {
			return nil, err
		}
		lookup[i] = cursorKey(cursors[i].id)
	}
	if len(lookup) == 0 {
		return nil, nil
	}
	rows, err := s.GetMany(ctx, lookup)
	if err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	byKey := make(map[string]store.Item, len(rows))
	for _, row := range rows {
		byKey[row.Key.PK] = row
	}
	for i := range cursors {
		row, ok := byKey[lookup[i].PK]
		if !ok {
			continue
		}
		if err := decodeRow(row, &cursors[i]); err != nil {
			return nil, err
		}
		cursors[i].stored, cursors[i].storedNext = true, cursors[i].Next
	}
	return cursors, nil
}

// newCursor returns the cursor at the start of the lane that item registers.
func newCursor(item store.Item) (cursor, error) {
	id, err := entry.ParseLaneID(item.Key.SK)
	if err != nil {
		return cursor{}, fmt.Errorf("%w: row %v", ErrAltered, item.Key)
	}
	var begun registration
	if err := decodeRow(item, &begun); err != nil {
		return cursor{}, err
	}
	return cursor{V: rowVersion, Last: begun.Started, id: id, registration: item}, nil
}

// save returns the op that replaces the row of c as it was read. The version of a cursor is its next sequence.
func (c *cursor) save() (store.Op, error) {
	item, err := encodeRow(cursorKey(c.id), c, int64(c.Next))
	if err != nil {
		return store.Op{}, err
	}
	condition := store.IfAbsent()
	if c.stored {
		condition = store.IfVersion(int64(c.storedNext))
	}
	return store.PutIf(item, condition), nil
}

// parseSealed returns the run that a SEALED row tells of.
func parseSealed(item store.Item) (run, error) {
	var row sealedRow
	if err := decodeRow(item, &row); err != nil {
		return run{}, err
	}
	lane, ok := strings.CutPrefix(item.Key.PK, prefixSealed)
	id, err := entry.ParseLaneID(lane)
	first, err2 := parseSeq(item.Key.SK)
	if !ok || err != nil || err2 != nil || row.V != rowVersion || row.Count < 1 || row.Leaf < 0 {
		return run{}, fmt.Errorf("%w: row %v", ErrAltered, item.Key)
	}
	return run{Writer: string(id.Writer), Lane: id.Lane, First: first, Leaf: row.Leaf, Count: row.Count}, nil
}
