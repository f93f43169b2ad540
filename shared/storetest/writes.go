package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/store"
)

var writeTests = map[string]func(*suite){
	"RoundTripInEveryTable":       roundTrip,
	"GetOfAbsent":                 getOfAbsent,
	"GetManyKeepsOrder":           getManyKeepsOrder,
	"GetManyOfManyBigItems":       getManyBig,
	"AllOrNothing":                allOrNothing,
	"AcrossAllTables":             acrossTables,
	"DeleteRemoves":               deleteRemoves,
	"PutReplacesTheWholeItem":     putReplaces,
	"TokenRepeats":                tokenRepeats,
	"TokenWithOtherOps":           tokenReused,
	"TokenOfARefusedWrite":        tokenAfterRefusal,
	"MalformedWrites":             malformedWrites,
	"TooLarge":                    tooLarge,
	"HundredOps":                  hundredOps,
	"CancelledContext":            cancelled,
	"SixteenWritersCount":         sixteenWriters,
	"SixteenWritersCreateOnce":    createOnce,
	"CallerMayReuseItsMemory":     memoryIsNotShared,
	"AwkwardTextAndBytes":         awkward,
	"TransactionsMoveTwoCounters": twoCounters,
}

func roundTrip(s *suite) {
	attrs := map[string]store.Attr{store.AttrVersion: store.N(7), store.AttrState: store.S("live"), store.AttrDeadline: store.N(-1 << 62)}
	for _, table := range store.Tables() {
		want := item(key(table, "CUS#a", "CARD"), "body of "+string(table), attrs)
		s.lacks(want.Key)
		s.write(store.PutIf(want, store.IfAbsent()))
		s.has(want)
	}
}

func getOfAbsent(s *suite) {
	for _, table := range store.Tables() {
		s.lacks(key(table, "CUS#nobody", store.Only))
	}
}

func getManyKeepsOrder(s *suite) {
	var keys []store.Key
	for i := range 30 {
		table := store.Tables()[i%6]
		k := key(table, fmt.Sprintf("P#%d", 97*i%31), fmt.Sprint("S", i))
		keys = append(keys, k)
		if i%3 != 0 {
			s.write(store.PutIf(item(k, k.String(), nil), store.IfAbsent()))
		}
	}
	items, err := s.store.GetMany(s.ctx, keys)
	if err != nil || len(items) != 20 {
		s.Fatalf("got %d items, %v", len(items), err)
	}
	next := 0
	for i, k := range keys {
		if i%3 == 0 {
			continue
		}
		s.same(items[next], item(k, k.String(), nil))
		next++
	}
	if none, err := s.store.GetMany(s.ctx, nil); err != nil || len(none) != 0 {
		s.Errorf("no keys: got %d items, %v", len(none), err)
	}
	if _, err := s.store.GetMany(s.ctx, []store.Key{keys[1], keys[2], keys[1]}); !errors.Is(err, store.ErrMalformed) {
		s.Errorf("doubled key: got %v", err)
	}
}

// getManyBig asks for more than DynamoDB hands out in one answer (16 MiB).
func getManyBig(s *suite) {
	var keys []store.Key
	for i := range 60 {
		k := key(store.Records, fmt.Sprint("CUS#", i), "DOC")
		keys = append(keys, k)
		s.write(store.PutIf(item(k, strings.Repeat(string(rune('a'+i%26)), 300<<10), nil), store.IfAbsent()))
	}
	items, err := s.store.GetMany(s.ctx, keys)
	if err != nil || len(items) != len(keys) {
		s.Fatalf("got %d items, %v", len(items), err)
	}
	for i, got := range items {
		if got.Key != keys[i] || len(got.Body) != 300<<10 || got.Body[0] != byte('a'+i%26) {
			s.Errorf("item %d is %v", i, got.Key)
		}
	}
}

func allOrNothing(s *suite) {
	old := versioned(key(store.Keys, "CUS#a", store.Only), 1, "old")
	s.write(store.PutIf(old, store.IfAbsent()))
	fresh := item(key(store.Records, "CUS#a", "CARD"), "card", nil)
	gone := key(store.Work, "DUE#a", "x")
	s.write(store.PutIf(item(gone, "due", nil), store.IfAbsent()))
	err := s.refuse(store.ErrCondition,
		store.PutIf(fresh, store.IfAbsent()),
		store.PutIf(versioned(old.Key, 3, "new"), store.IfVersion(2)),
		store.DeleteIf(gone, store.IfPresent()),
		store.CheckIf(key(store.Audit, "LANE#x", "1"), store.IfPresent()))
	if store.FailedOp(err, 0) || !store.FailedOp(err, 1) || store.FailedOp(err, 2) {
		s.Errorf("failed ops of %v", err)
	}
	s.has(old)
	s.lacks(fresh.Key)
	s.has(item(gone, "due", nil))
}

func acrossTables(s *suite) {
	var ops []store.Op
	for _, table := range store.Tables() {
		ops = append(ops, store.PutIf(item(key(table, "P", "S"), string(table), nil), store.IfAbsent()))
	}
	s.write(ops...)
	for _, op := range ops {
		s.has(op.Item)
	}
	var removals []store.Op
	for _, op := range ops {
		removals = append(removals, store.DeleteIf(op.Item.Key, store.IfPresent()))
	}
	s.write(removals...)
	for _, op := range ops {
		s.lacks(op.Item.Key)
	}
}

func deleteRemoves(s *suite) {
	for _, table := range store.Tables() {
		k := key(table, "P", "S")
		s.write(store.DeleteIf(k, store.Blind()))
		s.write(store.DeleteIf(k, store.IfAbsent()))
		s.refuse(store.ErrCondition, store.DeleteIf(k, store.IfPresent()))
		s.write(store.PutIf(item(k, "x", nil), store.IfAbsent()))
		s.write(store.DeleteIf(k, store.IfPresent()))
		s.lacks(k)
		s.write(store.DeleteIf(k, store.Blind()))
		s.write(store.PutIf(item(k, "again", nil), store.IfAbsent()))
		s.has(item(k, "again", nil))
	}
}

func putReplaces(s *suite) {
	k := key(store.Keys, "CUS#a", store.Only)
	s.write(store.PutIf(item(k, "long body", map[string]store.Attr{store.AttrVersion: store.N(1), store.AttrHolds: store.N(2)}), store.IfAbsent()))
	s.write(store.PutIf(item(k, "", map[string]store.Attr{store.AttrState: store.S("live")}), store.IfVersion(1)))
	s.has(item(k, "", map[string]store.Attr{store.AttrState: store.S("live")}))
}

func tokenRepeats(s *suite) {
	for i, tables := range [][]store.Table{{store.Keys}, {store.Records}, {store.Keys, store.Records}} {
		token := s.token(fmt.Sprint(i))
		var ops []store.Op
		for _, table := range tables {
			ops = append(ops, store.PutIf(versioned(key(table, fmt.Sprint("P", i), "S"), 1, "x"), store.IfAbsent()))
		}
		for range 3 {
			if err := s.store.Transact(s.ctx, token, ops...); err != nil {
				s.Errorf("same token, same ops: %v", err)
			}
		}
		s.write(store.DeleteIf(ops[0].Item.Key, store.IfPresent()))
		if err := s.store.Transact(s.ctx, token, ops...); err != nil {
			s.Errorf("repeated after a deletion: %v", err)
		}
		s.lacks(ops[0].Item.Key)
	}
}

func tokenReused(s *suite) {
	put := func(table store.Table, body string) []store.Op {
		return []store.Op{store.PutIf(item(key(table, "P", "S"), body, nil), store.IfAbsent())}
	}
	if err := s.store.Transact(s.ctx, s.token("a"), put(store.Keys, "x")...); err != nil {
		s.Fatal(err)
	}
	for _, ops := range [][]store.Op{put(store.Keys, "y"), put(store.Work, "x"), {store.DeleteIf(key(store.Keys, "P", "S"), store.IfPresent())}} {
		if err := s.store.Transact(s.ctx, s.token("a"), ops...); !errors.Is(err, store.ErrTokenReused) {
			s.Errorf("same token, other ops: got %v", err)
		}
	}
	s.has(item(key(store.Keys, "P", "S"), "x", nil))
	s.lacks(key(store.Work, "P", "S"))
}

// tokenAfterRefusal: a refused write has no effect that a token could remember.
func tokenAfterRefusal(s *suite) {
	k := key(store.Records, "P", "S")
	op := store.PutIf(versioned(k, 2, "x"), store.IfVersion(1))
	if err := s.store.Transact(s.ctx, s.token("a"), op); !errors.Is(err, store.ErrCondition) {
		s.Errorf("first: %v", err)
	}
	s.write(store.PutIf(versioned(k, 1, "x"), store.IfAbsent()))
	if err := s.store.Transact(s.ctx, s.token("b"), op); err != nil {
		s.Errorf("second: %v", err)
	}
	s.has(versioned(k, 2, "x"))
}

func malformedWrites(s *suite) {
	k := key(store.Records, "P", "S")
	good := store.PutIf(item(k, "x", nil), store.IfAbsent())
	other := store.PutIf(item(key(store.Records, "P", "T"), "x", nil), store.IfAbsent())
	s.refuse(store.ErrUnconditional, store.PutIf(good.Item, store.Condition{}))
	s.refuse(store.ErrUnconditional, store.PutIf(good.Item, store.Blind()))
	s.refuse(store.ErrUnconditional, other, store.DeleteIf(k, store.Condition{}))
	s.refuse(store.ErrUnconditional, store.CheckIf(k, store.Blind()))
	s.refuse(store.ErrMalformed)
	s.refuse(store.ErrMalformed, good, store.DeleteIf(k, store.Blind()))
	for _, bad := range []store.Key{{}, key("nowhere", "P", "S"), key(store.Keys, "", "S"), key(store.Keys, "P", ""), key(store.Keys, "P\x00", "S"),
		key(store.Keys, "P", "\xff"), key(store.Keys, strings.Repeat("p", store.MaxPK+1), "S"), key(store.Keys, "P", strings.Repeat("s", store.MaxSK+1))} {
		s.refuse(store.ErrMalformed, other, store.PutIf(item(bad, "x", nil), store.IfAbsent()))
	}
	s.refuse(store.ErrMalformed, store.PutIf(item(k, "x", map[string]store.Attr{"unknown": store.N(1)}), store.IfAbsent()))
	s.refuse(store.ErrMalformed, store.PutIf(item(k, "x", map[string]store.Attr{store.AttrOwner: store.N(1)}), store.IfAbsent()))
	if err := s.store.Transact(s.ctx, store.Token(strings.Repeat("t", store.MaxToken+1)), good); !errors.Is(err, store.ErrMalformed) {
		s.Errorf("long token: %v", err)
	}
	s.lacks(k)
	s.lacks(other.Item.Key)
}

func tooLarge(s *suite) {
	k := key(store.Records, "P", "S")
	s.refuse(store.ErrTooLarge, store.PutIf(item(k, strings.Repeat("x", store.MaxBody+1), nil), store.IfAbsent()))
	s.write(store.PutIf(item(k, strings.Repeat("x", store.MaxBody), nil), store.IfAbsent()))
	s.has(item(k, strings.Repeat("x", store.MaxBody), nil))
	var ops []store.Op
	for i := range 13 {
		ops = append(ops, store.PutIf(item(key(store.Records, "Q", fmt.Sprint(i)), strings.Repeat("x", 340<<10), nil), store.IfAbsent()))
	}
	s.refuse(store.ErrTooLarge, ops...)
	s.lacks(ops[0].Item.Key)
	s.write(ops[:11]...)
	s.has(ops[10].Item)
}

func hundredOps(s *suite) {
	var ops []store.Op
	for i := range 101 {
		ops = append(ops, store.PutIf(item(key(store.Work, "Q", fmt.Sprint(i)), "x", nil), store.IfAbsent()))
	}
	s.refuse(store.ErrTooLarge, ops...)
	s.write(ops[:100]...)
	s.has(ops[99].Item)
	s.lacks(ops[100].Item.Key)
}

func cancelled(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	k := key(store.Keys, "P", "S")
	calls := map[string]error{"transact": s.store.Transact(ctx, "", store.PutIf(item(k, "x", nil), store.IfAbsent()))}
	_, calls["get"] = s.store.Get(ctx, k)
	_, calls["get many"] = s.store.GetMany(ctx, []store.Key{k})
	_, calls["query"] = s.store.Query(ctx, store.Query{Table: store.Keys, PK: "P"})
	for name, err := range calls {
		if !errors.Is(err, context.Canceled) {
			s.Errorf("%s: got %v", name, err)
		}
	}
	s.lacks(k)
}

func memoryIsNotShared(s *suite) {
	const large = 5000 // so that it lies in a page of its own in stores that map files
	body := bytes.Repeat([]byte("f"), large)
	want := item(key(store.Records, "P", "S"), string(body), nil)
	s.write(store.PutIf(store.Item{Key: want.Key, Body: body}, store.IfAbsent()))
	copy(body, "XXXXX")
	got, err := s.store.Get(s.ctx, want.Key)
	if err != nil {
		s.Fatal(err)
	}
	s.same(got, want)
	copy(got.Body, "YYYYY")
	s.has(want)
}

func awkward(s *suite) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	keys := []store.Key{key(store.Inbox, "春和 生活", "姓名#\n%"), key(store.Records, "P", "\u007f"), key(store.Work, strings.Repeat("p", store.MaxPK), strings.Repeat("s", store.MaxSK)),
		key(store.Audit, "#a:b/c", "\U0010ffff")}
	for _, k := range keys {
		want := store.Item{Key: k, Body: all, Attrs: map[string]store.Attr{store.AttrState: store.S(""), store.AttrVersion: store.N(0), store.AttrHolds: store.N(1<<63 - 1)}}
		s.write(store.PutIf(want, store.IfAbsent()))
		s.has(want)
		items, _ := s.all(store.Query{Table: k.Table, PK: k.PK})
		if len(items) != 1 || !slices.Equal(items[0].Body, bytes.Clone(all)) {
			s.Errorf("query of %q: %d items", k.PK, len(items))
		}
	}
}
