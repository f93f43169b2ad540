package store

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// sized returns an item of size bytes by Size.
func sized(table Table, size int) Item {
	item := Item{Key: Key{table, "P", "S"}}
	item.Body = make([]byte, size-Size(item)-len(attrBody))
	return item
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		name string
		item Item
		want int
	}{
		{"key", Item{Key: Key{Keys, "CUS#a", "."}}, 2 + 5 + 2 + 1},
		{"body", Item{Key: Key{Keys, "P", "S"}, Body: make([]byte, 100)}, 6 + 1 + 100},
		{"text attribute", Item{Key: Key{Keys, "P", "S"}, Attrs: map[string]Attr{AttrState: S("live")}}, 6 + 2 + 4},
		{"Chinese text", Item{Key: Key{Keys, "客", "S"}}, 2 + 3 + 2 + 1},
		{"number", Item{Key: Key{Keys, "P", "S"}, Attrs: map[string]Attr{AttrVersion: N(7)}}, 6 + 1 + 2},
	} {
		if got := Size(c.item); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
	for n, want := range map[int64]int{0: 1, 1: 2, 99: 2, 100: 2, 101: 3, 1000: 2, 12345: 4, 10000: 2, 120000: 2, -7: 3, 1_800_000_000: 2, 1_792_345_678: 6} {
		if got := numberSize(n); got != want {
			t.Errorf("number %d: %d bytes, want %d", n, got, want)
		}
	}
}

func TestWriteUnits(t *testing.T) {
	put := func(size int) Op { return PutIf(sized(Keys, size), IfAbsent()) }
	old := func(size int) *Item { item := sized(Keys, size); return &item }
	one := func(op Op, current *Item) Cost { return WriteUnits("", []Op{op}, []*Item{current}) }
	key := Key{Keys, "P", "S"}
	for _, c := range []struct {
		name string
		got  Cost
		base int
	}{
		{"small put", one(put(20), nil), 1},
		{"a KiB", one(put(1024), nil), 1},
		{"a KiB and a byte", one(put(1025), nil), 2},
		{"put over a larger item", one(put(20), old(5000)), 5},
		{"put over a smaller item", one(put(5000), old(20)), 5},
		{"deletion", one(DeleteIf(key, Blind()), old(2049)), 3},
		{"deletion of nothing", one(DeleteIf(key, Blind()), nil), 1},
		{"check alone is a transaction", one(CheckIf(key, IfPresent()), old(1025)), 4},
		{"token makes a transaction", WriteUnits("token", []Op{put(1025)}, []*Item{nil}), 4},
		// The example of AWS's page on transactions: three items of up to 500 bytes cost six units.
		{"three small items", WriteUnits("", []Op{put(500), put(500), put(500)}, make([]*Item, 3)), 6},
		// DynamoDB Local reports 2 for this; AWS's rule gives 8.
		{"four items of 900 bytes", WriteUnits("", []Op{put(900), put(900), put(900), put(900)}, make([]*Item, 4)), 8},
	} {
		if c.got != (Cost{Base: c.base}) {
			t.Errorf("%s: %+v, want %d", c.name, c.got, c.base)
		}
	}
}

func TestIndexUnits(t *testing.T) {
	card := func(department, owner string) *Item {
		return &Item{Key: Key{Records, "CUS#a", "CARD"}, Body: make([]byte, 3000), Attrs: map[string]Attr{AttrDepartment: S(department), AttrOwner: S(owner)}}
	}
	bare := &Item{Key: Key{Records, "CUS#a", "CARD"}}
	entry := &Item{Key: Key{Audit, "LANE#", "1"}, Attrs: map[string]Attr{AttrCustomer: S("cus_a"), AttrTime: N(1)}}
	deletion := DeleteIf(bare.Key, Blind())
	for _, c := range []struct {
		name    string
		op      Op
		current *Item
		want    int
	}{
		{"new row", PutIf(*card("sales", "li"), IfAbsent()), nil, 1},
		{"same row", PutIf(*card("sales", "li"), IfPresent()), card("sales", "li"), 0},
		{"moved row", PutIf(*card("sales", "wu"), IfPresent()), card("sales", "li"), 2},
		{"row that ends", PutIf(*bare, IfPresent()), card("sales", "li"), 1},
		{"deleted row", deletion, card("sales", "li"), 1},
		{"item without a row", PutIf(*bare, IfAbsent()), nil, 0},
		{"deletion without a row", deletion, bare, 0},
		{"check", CheckIf(bare.Key, IfPresent()), card("sales", "li"), 0},
		{"audit entry", PutIf(*entry, IfAbsent()), nil, 1},
		{"attributes of another table's index", PutIf(Item{Key: Key{Work, "P", "S"}, Attrs: card("sales", "li").Attrs}, IfAbsent()), nil, 0},
		{"large row", PutIf(*card(strings.Repeat("d", 900), strings.Repeat("o", 900)), IfAbsent()), nil, 2},
	} {
		if got := OpUnits(c.op, c.current).Index; got != c.want {
			t.Errorf("%s: %d units, want %d", c.name, got, c.want)
		}
	}
	double := WriteUnits("token", []Op{PutIf(*card("sales", "li"), IfAbsent())}, []*Item{nil})
	if double != (Cost{Base: 6, Index: 1}) {
		t.Errorf("index rows of a transaction: %+v", double)
	}
}

func TestReadUnits(t *testing.T) {
	for _, c := range []struct {
		size   int
		strong bool
		want   float64
	}{{0, true, 1}, {0, false, 0.5}, {4096, true, 1}, {4097, true, 2}, {4097, false, 1}, {10000, true, 3}} {
		if got := ReadUnits(c.size, c.strong); got != c.want {
			t.Errorf("%d bytes, strong %t: %v units, want %v", c.size, c.strong, got, c.want)
		}
	}
}

func TestCounted(t *testing.T) {
	head, card := sized(Keys, 2000), sized(Records, 5000)
	inner := &recorder{items: map[Key]Item{head.Key: head, card.Key: card}}
	c := Counted(inner)
	absent := Key{Keys, "nobody", "S"}
	check := func(name string, table Table, want Use) {
		t.Helper()
		if got := c.Of(table); got != want {
			t.Errorf("%s: %s has %+v, want %+v", name, table, got, want)
		}
	}
	_, _ = c.Get(t.Context(), head.Key)
	_, _ = c.Get(t.Context(), absent)
	check("gets", Keys, Use{Gets: 2, ReadUnits: 2})
	_, _ = c.GetMany(t.Context(), []Key{head.Key, card.Key, absent})
	check("get many", Keys, Use{Gets: 3, ReadUnits: 4})
	check("get many", Records, Use{Gets: 1, ReadUnits: 2})
	if total := c.Total(); total != (Use{Gets: 3, ReadUnits: 6}) {
		t.Errorf("total %+v", total)
	}
	c.Reset()
	_, _ = c.Query(t.Context(), Query{Table: Records, PK: "P"})
	check("query", Records, Use{Queries: 1, ReadUnits: 2})
	_, _ = c.Query(t.Context(), Query{Table: Records, PK: "P", Index: ByDepartment})
	check("index query", Records, Use{Queries: 2, ReadUnits: 3})
	c.Reset()
	ops := []Op{PutIf(sized(Keys, 100), IfPresent()), DeleteIf(card.Key, IfPresent()), CheckIf(absent, IfAbsent())}
	if err := c.Transact(t.Context(), "", ops...); err != nil {
		t.Fatal(err)
	}
	check("write", Keys, Use{Transactions: 1, Puts: 1, Checks: 1, WriteUnits: 6})
	check("write", Records, Use{Transactions: 1, Deletes: 1, WriteUnits: 10})
	if total := c.Total(); total != (Use{Transactions: 1, Puts: 1, Deletes: 1, Checks: 1, WriteUnits: 16}) {
		t.Errorf("total %+v", total)
	}
}

func TestCountedFailures(t *testing.T) {
	inner := &recorder{items: map[Key]Item{}}
	c := Counted(inner)
	inner.err = errors.New("unavailable")
	if err := c.Transact(t.Context(), "", PutIf(sized(Keys, 100), IfAbsent())); err == nil {
		t.Error("no error")
	}
	_, _ = c.Query(t.Context(), Query{Table: Keys, PK: "P"})
	_, _ = c.GetMany(t.Context(), []Key{{Keys, "P", "S"}})
	if total := c.Total(); total != (Use{}) {
		t.Errorf("failures were counted: %+v", total)
	}
}

// refusing is a store in which every condition fails.
type refusing struct{ recorder }

func (*refusing) GetMany(context.Context, []Key) ([]Item, error) { return nil, nil }
func (*refusing) Transact(context.Context, Token, ...Op) error {
	return &ConditionError{Failed: []int{0}}
}

func TestCountedRefusals(t *testing.T) {
	c := Counted(&refusing{})
	err := c.Transact(t.Context(), "", PutIf(sized(Keys, 5000), IfAbsent()), PutIf(Item{Key: Key{Keys, "Q", "S"}}, IfAbsent()))
	if !errors.Is(err, ErrCondition) {
		t.Errorf("got %v", err)
	}
	if total := c.Total(); total != (Use{Transactions: 1, Puts: 2, WriteUnits: 4}) {
		t.Errorf("got %+v", total)
	}
}
