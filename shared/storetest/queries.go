package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/store"
)

var queryTests = map[string]func(*suite){
	"QueryOrderAndBounds":      orderAndBounds,
	"QueryInPages":             inPages,
	"QueryOfBigBodies":         bigBodies,
	"QueryOfOnePartition":      onePartition,
	"QuerySeesItsOwnWrites":    seesOwnWrites,
	"CursorsAreBound":          cursorsAreBound,
	"KeysOnly":                 keysOnly,
	"MalformedQueries":         malformedQueries,
	"IndexByDepartment":        byDepartment,
	"IndexByCustomer":          byCustomer,
	"IndexFollowsChanges":      indexFollows,
	"IndexInPages":             indexInPages,
	"AllStopsAtTheFirstError":  allStops,
	"QueryWhileOthersWrite":    queryWhileWriting,
	"PagesStayWholeOverWrites": pagesOverWrites,
}

// fill puts items with sort keys into partition P of table.
func (s *suite) fill(table store.Table, sks ...string) {
	s.Helper()
	for _, sk := range sks {
		s.write(store.PutIf(item(key(table, "P", sk), "body "+sk, nil), store.IfAbsent()))
	}
}

func orderAndBounds(s *suite) {
	for _, table := range []store.Table{store.Keys, store.Work} {
		s.fill(table, "b", "a", "ba", "B", "é", "c", "b#1", "客")
		cases := []struct {
			from, before string
			want         string
		}{
			{"", "", "B a b b#1 ba c é 客"},
			{"b", "", "b b#1 ba c é 客"},
			{"", "b", "B a"},
			{"b", "c", "b b#1 ba"},
			{"b", "b", ""},
			{"c", "b", ""},
			{"bb", "z", "c"},
			{"客", "", "客"},
		}
		for _, c := range cases {
			q := store.Query{Table: table, PK: "P", From: c.from, Before: c.before}
			items, _ := s.all(q)
			q.Desc = true
			reversed, _ := s.all(q)
			slices.Reverse(reversed)
			if sortKeys(items) != c.want || sortKeys(reversed) != c.want {
				s.Errorf("%s from %q before %q: got %q, descending %q, want %q", table, c.from, c.before, sortKeys(items), sortKeys(reversed), c.want)
			}
		}
	}
}

func inPages(s *suite) {
	var sks []string
	for i := range 25 {
		sks = append(sks, fmt.Sprintf("%03d", i))
	}
	for _, table := range []store.Table{store.Inbox, store.Audit} {
		s.fill(table, sks...)
		for _, desc := range []bool{false, true} {
			items, pages := s.all(store.Query{Table: table, PK: "P", Limit: 4, Desc: desc, From: "002", Before: "023"})
			want := slices.Clone(sks[2:23])
			if desc {
				slices.Reverse(want)
			}
			if sortKeys(items) != strings.Join(want, " ") || pages < 6 {
				s.Errorf("descending %t: %d pages of %q", desc, pages, sortKeys(items))
			}
		}
	}
}

// bigBodies: a page ends by size even when the caller names no limit.
func bigBodies(s *suite) {
	for i := range 12 {
		s.write(store.PutIf(item(key(store.Records, "P", fmt.Sprintf("%02d", i)), strings.Repeat("x", 300<<10), nil), store.IfAbsent()))
	}
	items, pages := s.all(store.Query{Table: store.Records, PK: "P"})
	if len(items) != 12 || pages < 2 {
		s.Errorf("%d items in %d pages", len(items), pages)
	}
	for i, item := range items {
		if item.Key.SK != fmt.Sprintf("%02d", i) || len(item.Body) != 300<<10 {
			s.Errorf("item %d is %v with %d bytes", i, item.Key, len(item.Body))
		}
	}
}

func onePartition(s *suite) {
	for _, pk := range []string{"P", "P#1", "P0", "O", "p"} {
		s.write(store.PutIf(item(key(store.Keys, pk, "S"), pk, nil), store.IfAbsent()))
		s.write(store.PutIf(item(key(store.Inbox, pk, "S"), pk, nil), store.IfAbsent()))
	}
	items, _ := s.all(store.Query{Table: store.Keys, PK: "P"})
	if len(items) != 1 {
		s.Fatalf("got %d items", len(items))
	}
	s.same(items[0], item(key(store.Keys, "P", "S"), "P", nil))
	if none, _ := s.all(store.Query{Table: store.Keys, PK: "nobody"}); len(none) != 0 {
		s.Errorf("empty partition: %d items", len(none))
	}
}

func seesOwnWrites(s *suite) {
	for i := range 20 {
		s.fill(store.Keys, fmt.Sprintf("%02d", i))
		if items, _ := s.all(store.Query{Table: store.Keys, PK: "P"}); len(items) != i+1 {
			s.Fatalf("after %d writes: %d items", i+1, len(items))
		}
	}
}

func cursorsAreBound(s *suite) {
	s.fill(store.Keys, "a", "b", "c", "d", "e")
	s.fill(store.Work, "a", "b", "c", "d", "e")
	q := store.Query{Table: store.Keys, PK: "P", Limit: 2}
	page, err := s.store.Query(s.ctx, q)
	if err != nil || page.Next == "" {
		s.Fatalf("first page: %v", err)
	}
	others := map[string]func(*store.Query){
		"table": func(q *store.Query) { q.Table = store.Work }, "partition": func(q *store.Query) { q.PK = "Q" },
		"direction": func(q *store.Query) { q.Desc = true }, "from": func(q *store.Query) { q.From = "a" },
		"before": func(q *store.Query) { q.Before = "z" }, "keys only": func(q *store.Query) { q.KeysOnly = true },
		"garbage": func(q *store.Query) { q.Cursor = "!" }, "cut": func(q *store.Query) { q.Cursor = q.Cursor[:len(q.Cursor)-4] },
		"longer": func(q *store.Query) { q.Cursor += "AAAA" },
	}
	for i := range len(page.Next) {
		others[fmt.Sprint("letter ", i)] = func(q *store.Query) { q.Cursor = alterLetter(q.Cursor, i) }
	}
	for name, change := range others {
		other := q
		other.Cursor = page.Next
		change(&other)
		if _, err := s.store.Query(s.ctx, other); !errors.Is(err, store.ErrCursor) {
			s.Errorf("cursor with other %s: got %v", name, err)
		}
	}
	q.Cursor, q.Limit = page.Next, 10
	if rest, err := s.store.Query(s.ctx, q); err != nil || sortKeys(rest.Items) != "c d e" {
		s.Errorf("larger second page: %q, %v", sortKeys(rest.Items), err)
	}
}

func alterLetter(text string, i int) string {
	letter := byte('A')
	if text[i] == letter {
		letter = 'B'
	}
	return text[:i] + string(letter) + text[i+1:]
}

func keysOnly(s *suite) {
	for _, table := range []store.Table{store.Keys, store.Records} {
		want := versioned(key(table, "P", "S"), 9, "body")
		s.write(store.PutIf(want, store.IfAbsent()))
		items, _ := s.all(store.Query{Table: table, PK: "P", KeysOnly: true})
		if len(items) != 1 {
			s.Fatalf("%d items", len(items))
		}
		want.Body = items[0].Body // a backend may answer it all the same
		s.same(items[0], want)
	}
}

func malformedQueries(s *suite) {
	for _, q := range []store.Query{
		{}, {Table: store.Keys}, {Table: "nowhere", PK: "P"}, {Table: store.Keys, PK: "P", Limit: -1},
		{Table: store.Records, PK: "P", Index: "nothing"}, {Table: store.Keys, PK: "P", Index: store.ByDepartment},
		{Table: store.Audit, PK: "P", Index: store.ByCustomer, From: "one"},
	} {
		if _, err := s.store.Query(s.ctx, q); !errors.Is(err, store.ErrMalformed) {
			s.Errorf("%+v: got %v", q, err)
		}
	}
}

func card(customer, department, owner string) store.Item {
	return item(key(store.Records, "CUS#"+customer, "CARD"), "sealed", map[string]store.Attr{store.AttrVersion: store.N(1),
		store.AttrDepartment: store.S(department), store.AttrOwner: store.S(owner + "#" + customer)})
}

// listed returns a check that q answers these partition keys in this order, and only keys and the attributes of the index.
func (s *suite) listed(q store.Query, want ...string) func() error {
	_, partition, order := store.IndexAttrs(q.Index)
	return func() error {
		items, _ := s.all(q)
		var got []string
		for _, item := range items {
			got = append(got, strings.TrimPrefix(item.Key.PK, "CUS#")+strings.TrimPrefix(item.Key.SK, "CARD"))
			_, hasOrder := item.Attrs[order]
			if item.Str(partition) != q.PK || !hasOrder || len(item.Attrs) != 2 || len(item.Body) != 0 {
				return fmt.Errorf("index row %v carries %v", item.Key, item.Attrs)
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("%s of %s from %q before %q: got %v, want %v", q.Index, q.PK, q.From, q.Before, got, want)
		}
		return nil
	}
}

func byDepartment(s *suite) {
	for _, c := range []store.Item{card("1", "sales", "li"), card("2", "sales", "an"), card("3", "service", "li"), card("4", "sales", "wu")} {
		s.write(store.PutIf(c, store.IfAbsent()))
	}
	half := card("5", "sales", "li")
	delete(half.Attrs, store.AttrOwner)
	s.write(store.PutIf(half, store.IfAbsent()))
	sales := store.Query{Table: store.Records, PK: "sales", Index: store.ByDepartment}
	s.eventually(s.listed(sales, "2", "1", "4"))
	sales.Desc = true
	s.eventually(s.listed(sales, "4", "1", "2"))
	sales.Desc, sales.From, sales.Before = false, "li#", "li$"
	s.eventually(s.listed(sales, "1"))
	s.eventually(s.listed(store.Query{Table: store.Records, PK: "service", Index: store.ByDepartment}, "3"))
	s.eventually(s.listed(store.Query{Table: store.Records, PK: "nobody", Index: store.ByDepartment}))
}

func byCustomer(s *suite) {
	for i, nanos := range []int64{1000, 20, -5, 300, 1_800_000_000_000_000_000} {
		s.write(store.PutIf(item(key(store.Audit, "LANE#", fmt.Sprint(i)), "entry", map[string]store.Attr{
			store.AttrCustomer: store.S("cus_a"), store.AttrTime: store.N(nanos)}), store.IfAbsent()))
	}
	of := store.Query{Table: store.Audit, PK: "cus_a", Index: store.ByCustomer}
	s.eventually(s.listed(of, "LANE#2", "LANE#1", "LANE#3", "LANE#0", "LANE#4"))
	of.From, of.Before = "20", "1000"
	s.eventually(s.listed(of, "LANE#1", "LANE#3"))
	of.Desc, of.From, of.Before = true, "-5", ""
	s.eventually(s.listed(of, "LANE#4", "LANE#0", "LANE#3", "LANE#1", "LANE#2"))
}

func indexFollows(s *suite) {
	sales := store.Query{Table: store.Records, PK: "sales", Index: store.ByDepartment}
	service := store.Query{Table: store.Records, PK: "service", Index: store.ByDepartment}
	s.write(store.PutIf(card("1", "sales", "li"), store.IfAbsent()))
	s.eventually(s.listed(sales, "1"))
	s.write(store.PutIf(card("1", "service", "li"), store.IfPresent()))
	s.eventually(s.listed(sales))
	s.eventually(s.listed(service, "1"))
	bare := card("1", "", "")
	bare.Attrs = nil
	s.write(store.PutIf(bare, store.IfPresent()))
	s.eventually(s.listed(service))
	s.write(store.PutIf(card("1", "sales", "wu"), store.IfPresent()))
	s.eventually(s.listed(sales, "1"))
	s.write(store.DeleteIf(bare.Key, store.IfPresent()))
	s.eventually(s.listed(sales))
}

func indexInPages(s *suite) {
	var want []string
	for i := range 11 {
		name := fmt.Sprintf("%02d", i)
		s.write(store.PutIf(card(name, "sales", "li"), store.IfAbsent()))
		want = append(want, name)
	}
	s.eventually(s.listed(store.Query{Table: store.Records, PK: "sales", Index: store.ByDepartment, Limit: 3}, want...))
	slices.Reverse(want)
	s.eventually(s.listed(store.Query{Table: store.Records, PK: "sales", Index: store.ByDepartment, Limit: 3, Desc: true}, want...))
}

func allStops(s *suite) {
	s.fill(store.Work, "a", "b", "c")
	stop := errors.New("enough")
	seen := 0
	err := store.All(s.ctx, s.store, store.Query{Table: store.Work, PK: "P", Limit: 1}, func(store.Item) error {
		if seen++; seen == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || seen != 2 {
		s.Errorf("stopped after %d items with %v", seen, err)
	}
}

// queryWhileWriting: queries neither fail nor hang while transactions over both kinds of table are under way.
func queryWhileWriting(s *suite) {
	s.parallel(4, func(i int) error {
		for j := range 10 {
			if i == 0 {
				if _, err := s.store.Query(s.ctx, store.Query{Table: store.Keys, PK: "P"}); err != nil {
					return err
				}
				continue
			}
			var ops []store.Op
			for _, table := range []store.Table{store.Keys, store.Records} {
				ops = append(ops, store.PutIf(item(key(table, "P", fmt.Sprint(i, j)), "x", nil), store.IfAbsent()))
			}
			if err := s.store.Transact(s.ctx, "", ops...); err != nil {
				return err
			}
		}
		return nil
	})
	for _, table := range []store.Table{store.Keys, store.Records} {
		if items, _ := s.all(store.Query{Table: table, PK: "P"}); len(items) != 30 {
			s.Errorf("%s: %d items", table, len(items))
		}
	}
}

// pagesOverWrites: items that are there all the time are answered exactly once, whatever comes and goes between two pages.
func pagesOverWrites(s *suite) {
	s.fill(store.Work, "b", "d", "f", "h")
	q := store.Query{Table: store.Work, PK: "P", Limit: 2}
	first, err := s.store.Query(s.ctx, q)
	if err != nil || sortKeys(first.Items) != "b d" {
		s.Fatalf("first page %q, %v", sortKeys(first.Items), err)
	}
	s.write(store.DeleteIf(key(store.Work, "P", "d"), store.IfPresent()))
	s.fill(store.Work, "a", "e")
	q.Cursor = first.Next
	rest, _ := s.all(q)
	if sortKeys(rest) != "e f h" {
		s.Errorf("rest is %q", sortKeys(rest))
	}
}
