package store

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func sample(attrs map[string]Attr) *Item {
	return &Item{Key: Key{Keys, "CUS#a", Only}, Attrs: attrs}
}

func TestConditionHolds(t *testing.T) {
	empty, live := sample(nil), sample(map[string]Attr{AttrVersion: N(3), AttrState: S("live"), AttrDeadline: N(100), AttrHolds: S("0")})
	absentOrLive := Condition{Terms: []Term{{Test: AbsentOrAttr, Name: AttrState, Operand: S("live")}}}
	for _, c := range []struct {
		name                string
		cond                Condition
		absent, empty, live bool
	}{
		{"absent", IfAbsent(), true, false, false},
		{"present", IfPresent(), false, true, true},
		{"version", IfVersion(3), false, false, true},
		{"other version", IfVersion(4), false, false, false},
		{"equal text", IfEqual(AttrState, S("live")), false, false, true},
		{"equal of the other type", IfEqual(AttrVersion, S("3")), false, false, false},
		{"equal to zero", IfEqual(AttrDeadline, N(0)), false, false, false},
		{"at most, at the limit", AtMostInt(AttrDeadline, 100), false, false, true},
		{"at most, above", AtMostInt(AttrDeadline, 99), false, false, false},
		{"at most of a text", AtMostInt(AttrHolds, 5), false, false, false},
		{"absent or equal", absentOrLive, true, false, true},
		{"absent or other", Condition{Terms: []Term{{Test: AbsentOrAttr, Name: AttrState, Operand: S("gone")}}}, true, false, false},
		{"two that hold", IfVersion(3).And(AtMostInt(AttrDeadline, 100)), false, false, true},
		{"one of two", IfVersion(3).And(AtMostInt(AttrDeadline, 0)), false, false, false},
		{"contradiction", IfAbsent().And(IfPresent()), false, false, false},
		{"blind", Blind(), true, true, true},
		{"unknown test", Condition{Terms: []Term{{Test: 99}}}, false, false, false},
	} {
		if got := c.cond.Holds(nil); got != c.absent {
			t.Errorf("%s of nothing: %t", c.name, got)
		}
		if got := c.cond.Holds(empty); got != c.empty {
			t.Errorf("%s of an item without attributes: %t", c.name, got)
		}
		if got := c.cond.Holds(live); got != c.live {
			t.Errorf("%s of a live item: %t", c.name, got)
		}
	}
}

func TestAndLeavesItsPartsAlone(t *testing.T) {
	base := IfVersion(1)
	first, second := base.And(IfPresent()), base.And(IfAbsent())
	if len(base.Terms) != 1 || first.Terms[1].Test != Present || second.Terms[1].Test != Absent {
		t.Errorf("%v %v %v", base, first, second)
	}
	if Blind().IsBlind() != true || IfPresent().IsBlind() {
		t.Error("blindness")
	}
}

func TestFailedOp(t *testing.T) {
	err := fmt.Errorf("write: %w", &ConditionError{Failed: []int{1, 3}})
	if !errors.Is(err, ErrCondition) || !FailedOp(err, 1) || !FailedOp(err, 3) || FailedOp(err, 0) || FailedOp(ErrCondition, 0) || FailedOp(nil, 0) {
		t.Errorf("failed ops of %v", err)
	}
}

// recorder counts the calls that reach it.
type recorder struct {
	calls int
	items map[Key]Item
	err   error
}

func (r *recorder) Get(_ context.Context, key Key) (Item, error) {
	r.calls++
	if item, ok := r.items[key]; ok {
		return item, nil
	}
	return Item{}, ErrNotFound
}

func (r *recorder) GetMany(_ context.Context, keys []Key) ([]Item, error) {
	r.calls++
	var items []Item
	for _, key := range keys {
		if item, ok := r.items[key]; ok {
			items = append(items, item)
		}
	}
	return items, r.err
}

func (r *recorder) Query(_ context.Context, q Query) (Page, error) {
	r.calls++
	var page Page
	for _, item := range r.items {
		page.Items = append(page.Items, item)
	}
	return page, r.err
}

func (r *recorder) Transact(context.Context, Token, ...Op) error {
	r.calls++
	return r.err
}

func TestRestrict(t *testing.T) {
	inner := &recorder{}
	s := Restrict(inner, Grant{Keys, "CUS#", MayGet | MayCheck}, Grant{Inbox, "SUB#", MayPut}, Grant{Work, "", MayDelete | MayQuery},
		Grant{Records, "index:by-department", MayQuery})
	head, sub, due := Key{Keys, "CUS#a", Only}, Key{Inbox, "SUB#a", Only}, Key{Work, "DUE#a", "x"}
	get := func(key Key) error { _, err := s.Get(t.Context(), key); return err }
	many := func(keys ...Key) error { _, err := s.GetMany(t.Context(), keys); return err }
	query := func(q Query) error { _, err := s.Query(t.Context(), q); return err }
	write := func(ops ...Op) error { return s.Transact(t.Context(), "", ops...) }
	for _, c := range []struct {
		name    string
		granted bool
		err     error
	}{
		{"get", true, get(head)},
		{"get of another prefix", false, get(Key{Keys, "IDX#a", Only})},
		{"get of a shorter key", false, get(Key{Keys, "CUS", Only})},
		{"get of another table", false, get(Key{Records, "CUS#a", Only})},
		{"get where only puts are granted", false, get(sub)},
		{"get many", true, many(head, Key{Keys, "CUS#b", Only})},
		{"get many, one refused", false, many(head, sub)},
		{"query", true, query(Query{Table: Work, PK: "DUE#a"})},
		{"query of another table", false, query(Query{Table: Keys, PK: "CUS#a"})},
		{"query of an index", true, query(Query{Table: Records, PK: "sales", Index: ByDepartment})},
		{"query of a partition where an index is granted", false, query(Query{Table: Records, PK: "CUS#a"})},
		{"query of another index", false, query(Query{Table: Audit, PK: "CUS#a", Index: ByCustomer})},
		{"put", true, write(PutIf(Item{Key: sub}, IfAbsent()))},
		{"put where gets are granted", false, write(PutIf(Item{Key: head}, IfAbsent()))},
		{"delete", true, write(DeleteIf(due, Blind()))},
		{"delete where puts are granted", false, write(DeleteIf(sub, Blind()))},
		{"check", true, write(CheckIf(head, IfPresent()))},
		{"check where puts are granted", false, write(CheckIf(sub, IfPresent()))},
		{"all of several", true, write(PutIf(Item{Key: sub}, IfAbsent()), CheckIf(head, IfPresent()), DeleteIf(due, Blind()))},
		{"all but one of several", false, write(PutIf(Item{Key: sub}, IfAbsent()), PutIf(Item{Key: head}, IfPresent()))},
	} {
		if got := !errors.Is(c.err, ErrNotGranted); got != c.granted {
			t.Errorf("%s: got %v", c.name, c.err)
		}
	}
	if inner.calls != 8 {
		t.Errorf("%d calls reached the store, want those that are granted", inner.calls)
	}
}

func TestRestrictWithoutGrants(t *testing.T) {
	inner := &recorder{}
	if _, err := Restrict(inner).Get(t.Context(), Key{Keys, "P", "S"}); !errors.Is(err, ErrNotGranted) || inner.calls != 0 {
		t.Errorf("got %v after %d calls", err, inner.calls)
	}
}

func TestTablesAndAttrsAreKnown(t *testing.T) {
	for _, table := range Tables() {
		if !knownTable(table) {
			t.Errorf("table %s is unknown", table)
		}
	}
	for _, attr := range Attrs() {
		if !knownAttr(attr) || attr == attrPK || attr == attrSK || attr == attrBody {
			t.Errorf("attribute %s is unknown or taken", attr)
		}
	}
}

func TestCursorRoundTrip(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		q := Query{Table: Keys, PK: text.Draw(t, "pk"), From: text.Draw(t, "from"), Before: text.Draw(t, "before"), Desc: rapid.Bool().Draw(t, "desc")}
		position := rapid.SliceOfN(text, 1, 4).Draw(t, "position")
		q.Cursor = EncodeCursor(q, position...)
		got, err := DecodeCursor(q)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(position) {
			t.Fatalf("got %q, %v", got, err)
		}
		q.PK += "x"
		if _, err := DecodeCursor(q); !errors.Is(err, ErrCursor) {
			t.Fatalf("other query: %v", err)
		}
	})
}

// FuzzCursor: whatever is taken for a cursor of a query has been made for it.
func FuzzCursor(f *testing.F) {
	q := Query{Table: Keys, PK: "P"}
	f.Add(EncodeCursor(q, "a", "b"))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		q.Cursor = cursor
		if position, err := DecodeCursor(q); err == nil && EncodeCursor(q, position...) != cursor {
			t.Errorf("%q is taken, but not made", cursor)
		}
	})
}

func TestScanQueriesDiffer(t *testing.T) {
	cursor := EncodeCursor(ScanQuery(Keys, 1, 4, ""), "row")
	for _, q := range []Query{ScanQuery(Keys, 1, 5, cursor), ScanQuery(Keys, 2, 4, cursor), ScanQuery(Work, 1, 4, cursor), {Table: Keys, Cursor: cursor}} {
		if _, err := DecodeCursor(q); !errors.Is(err, ErrCursor) {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}
