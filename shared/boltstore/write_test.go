package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/store"
)

// together serves requests as one batch and returns their answers.
func together(s *Store, requests ...*request) []error {
	s.jobs <- func() { s.serve(slices.Clone(requests)) }
	answers := make([]error, len(requests))
	for i, r := range requests {
		answers[i] = <-r.answer
	}
	return answers
}

// TestBatchIsOneAfterTheOther: each transaction of a batch sees the ones before it; a refused one is left out and harms no other.
func TestBatchIsOneAfterTheOther(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	step := func(from int64, token store.Token) *request {
		return s.newRequest(token, []store.Op{store.PutIf(row(store.Keys, "P", from+1, "x"), equalOrAbsent(from)),
			store.PutIf(row(store.Records, fmt.Sprint("P", from, token), 1, "x"), store.IfAbsent())})
	}
	before := s.log.seq
	answers := together(s, step(0, "a"), step(0, "b"), step(1, "c"), step(7, "d"), step(0, "a"), step(2, "a"), step(2, "e"))
	for i, want := range []error{nil, store.ErrCondition, nil, store.ErrCondition, nil, store.ErrTokenReused, nil} {
		if !errors.Is(answers[i], want) {
			t.Errorf("answer %d is %v, want %v", i, answers[i], want)
		}
	}
	if got := version(t, s, row(store.Keys, "P", 0, "").Key); got != 3 || s.log.seq != before+1 {
		t.Errorf("version %d after %d records", got, s.log.seq-before)
	}
	for name, want := range map[string]int64{"P0a": 1, "P0b": 0, "P1c": 1, "P7d": 0, "P2a": 0, "P2e": 1} {
		if got := version(t, s, row(store.Records, name, 0, "").Key); got != want {
			t.Errorf("%s: version %d, want %d", name, got, want)
		}
	}
}

// TestWritesOnlyWhatChanged: a batch that changes something is one record of the log, one that changes nothing none.
func TestWritesOnlyWhatChanged(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	inKeys, inMain := row(store.Keys, "P", 1, "x"), row(store.Work, "P", 1, "x")
	for _, c := range []struct {
		want uint64
		ops  []store.Op
	}{
		{1, []store.Op{store.PutIf(inKeys, store.IfAbsent())}},
		{1, []store.Op{store.PutIf(inMain, store.IfAbsent()), store.CheckIf(inKeys.Key, store.IfPresent())}},
		{0, []store.Op{store.CheckIf(inKeys.Key, store.IfPresent()), store.CheckIf(inMain.Key, store.IfPresent())}},
		{0, []store.Op{store.PutIf(inKeys, store.IfAbsent())}},
		{0, []store.Op{store.DeleteIf(row(store.Keys, "Q", 0, "").Key, store.Blind())}},
		{1, []store.Op{store.DeleteIf(inKeys.Key, store.IfPresent()), store.DeleteIf(inMain.Key, store.IfPresent())}},
	} {
		before := s.log.seq
		_ = s.Transact(t.Context(), "token", c.ops...)
		_ = s.Transact(t.Context(), "", c.ops...)
		if got := s.log.seq - before; got != c.want {
			t.Errorf("%v: %d records, want %d", c.ops, got, c.want)
		}
	}
}

// TestManyReadersWritersAndRewrites lets everything happen at once; transactions keep a row of each file at the same version.
func TestManyReadersWritersAndRewrites(t *testing.T) {
	t.Parallel()
	for _, mapped := range []int64{mainMap, 0} {
		s := mustOpen(t, t.TempDir())
		s.mainMapped.bytes = mapped // with 0, readers begin transactions of their own while rows are carried
		manyAtOnce(t, s)
	}
}

func manyAtOnce(t *testing.T, s *Store) {
	versions := int64(8)
	if os.Getenv("KEXIN_FULL") == "1" {
		versions = 200
	}
	keysOf := func(i int) (store.Key, store.Key) {
		return row(store.Keys, fmt.Sprint("CUS#", i), 0, "").Key, row(store.Records, fmt.Sprint("CUS#", i), 0, "").Key
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writers, others sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			a, b := keysOf(i)
			for v := range versions {
				err := s.Transact(ctx, "", store.PutIf(row(a.Table, a.PK, v+1, "x"), equalOrAbsent(v)), store.PutIf(row(b.Table, b.PK, v+1, "x"), equalOrAbsent(v)))
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
				if got := version(t, s, a); got != v+1 {
					t.Errorf("writer %d reads version %d of %d", i, got, v+1)
				}
			}
		})
	}
	others.Go(func() {
		for ctx.Err() == nil {
			_, err := s.Rewrite(ctx)
			if err = errors.Join(err, s.Checkpoint(ctx)); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("rewrite and checkpoint: %v", err)
			}
		}
	})
	for i := range 4 {
		others.Go(func() {
			a, _ := keysOf(i)
			var last int64
			for ctx.Err() == nil {
				page, err := s.Query(ctx, store.Query{Table: store.Keys, PK: a.PK})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("query: %v", err)
				}
				if len(page.Items) == 0 {
					continue
				}
				if got := page.Items[0].Int(store.AttrVersion); got < last {
					t.Errorf("version went back from %d to %d", last, got)
				} else {
					last = got
				}
			}
		})
	}
	writers.Wait()
	cancel()
	others.Wait()
	for i := range 4 {
		a, b := keysOf(i)
		if version(t, s, a) != versions || version(t, s, b) != versions {
			t.Errorf("customer %d: versions %d and %d", i, version(t, s, a), version(t, s, b))
		}
	}
}

// model is what the store should hold.
type model map[store.Key]store.Item

func (m model) transact(ops []store.Op) bool {
	for _, op := range ops {
		current, ok := m[op.Item.Key]
		if ok && !op.If.Holds(&current) || !ok && !op.If.Holds(nil) {
			return false
		}
	}
	for _, op := range ops {
		switch op.Verb {
		case store.Put:
			m[op.Item.Key] = op.Item
		case store.Delete:
			delete(m, op.Item.Key)
		}
	}
	return true
}

// listed returns what index should answer for partition.
func (m model) listed(index store.Index, partition string) []store.Key {
	var items []store.Item
	for _, item := range m {
		table, p, _ := store.IndexAttrs(index)
		if row := store.IndexRow(index, &item); item.Key.Table == table && row != nil && row.Str(p) == partition {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b store.Item) int { return slices.Compare(indexKey(index, a), indexKey(index, b)) })
	var keys []store.Key
	for _, item := range items {
		keys = append(keys, item.Key)
	}
	return keys
}

// TestModel compares the store with a map under random transactions, rewrites and restarts.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newReopened(t)
		defer r.Close()
		want := model{}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				ops := drawOps(rt)
				err := r.Transact(t.Context(), "", ops...)
				if held := want.transact(ops); held != (err == nil) || err != nil && !errors.Is(err, store.ErrCondition) {
					rt.Fatalf("%v: got %v, model says %t", ops, err, held)
				}
			},
			"reopen": func(*rapid.T) { r.again() },
			"crash":  func(*rapid.T) { r.crash() },
			"checkpoint": func(rt *rapid.T) {
				if err := r.Checkpoint(t.Context()); err != nil {
					rt.Fatal(err)
				}
			},
			"rewrite": func(rt *rapid.T) {
				if _, err := r.Rewrite(t.Context()); err != nil {
					rt.Fatal(err)
				}
			},
			"": func(rt *rapid.T) { compareWith(rt, t.Context(), r.Store, want) },
		})
	})
}

func drawOps(rt *rapid.T) []store.Op {
	keys := rapid.SliceOfNDistinct(rapid.Custom(func(rt *rapid.T) store.Key {
		return store.Key{Table: rapid.SampledFrom(store.Tables()).Draw(rt, "table"), PK: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "pk"),
			SK: rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "sk")}
	}), 1, 5, rapid.ID).Draw(rt, "keys")
	var ops []store.Op
	for _, key := range keys {
		cond := rapid.SampledFrom([]store.Condition{equalOrAbsent(1), equalOrAbsent(2), store.IfAbsent(), store.IfPresent()}).Draw(rt, "if")
		item := store.Item{Key: key, Body: []byte(rapid.String().Draw(rt, "body")), Attrs: map[string]store.Attr{
			store.AttrVersion: store.N(rapid.Int64Range(1, 2).Draw(rt, "version"))}}
		if rapid.Bool().Draw(rt, "listed") {
			item.Attrs[store.AttrDepartment] = store.S(rapid.SampledFrom([]string{"d", "e"}).Draw(rt, "department"))
			item.Attrs[store.AttrOwner] = store.S(rapid.SampledFrom([]string{"o", "p"}).Draw(rt, "owner"))
			item.Attrs[store.AttrCustomer] = store.S("d")
			item.Attrs[store.AttrTime] = store.N(rapid.Int64Range(-1, 1).Draw(rt, "time"))
		}
		ops = append(ops, rapid.SampledFrom([]store.Op{store.PutIf(item, cond), store.DeleteIf(key, cond), store.CheckIf(key, cond)}).Draw(rt, "op"))
	}
	return ops
}

func compareWith(rt *rapid.T, ctx context.Context, s *Store, want model) {
	count := 0
	for _, table := range store.Tables() {
		page, err := s.Scan(ctx, table, 0, 1, "")
		if err != nil {
			rt.Fatal(err)
		}
		for _, item := range page.Items {
			if count++; string(item.Body) != string(want[item.Key].Body) || item.Int(store.AttrVersion) != func() int64 { i := want[item.Key]; return i.Int(store.AttrVersion) }() {
				rt.Fatalf("%v differs", item.Key)
			}
		}
	}
	if count != len(want) {
		rt.Fatalf("%d items, want %d", count, len(want))
	}
	for _, index := range []store.Index{store.ByDepartment, store.ByCustomer} {
		for _, partition := range []string{"d", "e"} {
			table, _, _ := store.IndexAttrs(index)
			page, err := s.Query(ctx, store.Query{Table: table, PK: partition, Index: index})
			var got []store.Key
			for _, item := range page.Items {
				got = append(got, item.Key)
			}
			if err != nil || !slices.Equal(got, want.listed(index, partition)) {
				rt.Fatalf("%s of %s: %v, %v", index, partition, got, err)
			}
		}
	}
}
