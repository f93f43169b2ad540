package storetest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"

	"kexin/shared/store"
)

// complaints is a test that only remembers what it was told.
type complaints struct {
	testing.TB
	told []string
}

func (c *complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	c.told = append(c.told, fmt.Sprintf(format, args...))
}

// simple is a store of items in a map, without conditions: only the wrappers are under test.
type simple map[store.Key]store.Item

func (s simple) Get(_ context.Context, k store.Key) (store.Item, error) {
	if item, ok := s[k]; ok {
		return item, nil
	}
	return store.Item{}, store.ErrNotFound
}

func (s simple) GetMany(_ context.Context, keys []store.Key) ([]store.Item, error) {
	var items []store.Item
	for _, k := range keys {
		if item, ok := s[k]; ok {
			items = append(items, item)
		}
	}
	return items, nil
}

func (s simple) Query(context.Context, store.Query) (store.Page, error) {
	return store.Page{Items: make([]store.Item, len(s))}, nil
}

func (s simple) Transact(_ context.Context, _ store.Token, ops ...store.Op) error {
	for _, op := range ops {
		switch op.Verb {
		case store.Put:
			s[op.Item.Key] = op.Item
		case store.Delete:
			delete(s, op.Item.Key)
		}
	}
	return nil
}

func TestPolice(t *testing.T) {
	const marker = "张三丰的秘密"
	head, lane := key(store.Keys, "CUS#a", store.Only), key(store.Audit, "LANE#w", "1")
	put := func(i store.Item) func(*Policed) error {
		return func(p *Policed) error { return p.Transact(t.Context(), "", store.PutIf(i, store.IfAbsent())) }
	}
	body := func(text string) func(*Policed) error { return put(item(head, "sealed "+text+" sealed", nil)) }
	get := func(p *Policed) error { _, err := p.Get(t.Context(), head); return err }
	many := func(p *Policed) error { _, err := p.GetMany(t.Context(), []store.Key{head}); return err }
	destroy := func(p *Policed) error { return p.Transact(t.Context(), "", store.DeleteIf(head, store.IfPresent())) }
	repeated := func(p *Policed) error {
		return p.Transact(t.Context(), "token", store.PutIf(item(lane, "entry", nil), store.IfAbsent()))
	}
	for _, c := range []struct {
		name  string
		steps []func(*Policed) error
		want  int
	}{
		{"good writes", []func(*Policed) error{body("x"), get, put(item(lane, "entry", nil)), many}, 0},
		{"put without condition", []func(*Policed) error{func(p *Policed) error {
			return p.Transact(t.Context(), "", store.PutIf(item(head, "x", nil), store.Condition{}))
		}}, 1},
		{"blind put", []func(*Policed) error{func(p *Policed) error {
			return p.Transact(t.Context(), "", store.PutIf(item(head, "x", nil), store.Blind()))
		}}, 1},
		{"blind deletion", []func(*Policed) error{func(p *Policed) error { return p.Transact(t.Context(), "", store.DeleteIf(head, store.Blind())) }}, 0},
		{"clear body", []func(*Policed) error{body(marker)}, 1},
		{"clear body in hex", []func(*Policed) error{body(hex.EncodeToString([]byte(marker)))}, 1},
		{"clear body in base64", []func(*Policed) error{body(base64.StdEncoding.EncodeToString([]byte(marker)))}, 1},
		{"clear body inside base64", []func(*Policed) error{body(base64.StdEncoding.EncodeToString([]byte("a" + marker + "b")))}, 1},
		{"clear body further inside base64", []func(*Policed) error{body(base64.StdEncoding.EncodeToString([]byte("ab" + marker + "b")))}, 1},
		{"clear attribute", []func(*Policed) error{put(item(head, "x", map[string]store.Attr{store.AttrOwner: store.S(marker)}))}, 1},
		{"clear partition key", []func(*Policed) error{put(item(key(store.Work, marker, "S"), "x", nil))}, 1},
		{"clear sort key", []func(*Policed) error{put(item(key(store.Work, "P", marker), "x", nil))}, 1},
		{"get after destruction", []func(*Policed) error{body("x"), destroy, get}, 1},
		{"get many after destruction", []func(*Policed) error{body("x"), destroy, many}, 1},
		{"get before destruction", []func(*Policed) error{body("x"), get, destroy}, 0},
		{"get after a new creation", []func(*Policed) error{body("x"), destroy, body("y"), get}, 0},
		{"entry written twice", []func(*Policed) error{put(item(lane, "entry", nil)), put(item(lane, "other", nil))}, 1},
		{"entry repeated by token", []func(*Policed) error{repeated, repeated}, 0},
		{"entry deleted", []func(*Policed) error{put(item(lane, "entry", nil)), func(p *Policed) error { return p.Transact(t.Context(), "", store.DeleteIf(lane, store.IfPresent())) }}, 1},
		{"cursor of lanes written twice", []func(*Policed) error{put(item(key(store.Audit, "LANES#1", "w"), "1", nil)), put(item(key(store.Audit, "LANES#1", "w"), "2", nil))}, 0},
		{"declared row written twice", []func(*Policed) error{put(item(key(store.Work, "APPROVAL#1", "S"), "1", nil)), put(item(key(store.Work, "APPROVAL#1", "S"), "2", nil))}, 1},
	} {
		told := &complaints{TB: t}
		p := Police(told, simple{})
		p.Marker(marker)
		p.Destroyed(store.Keys, "CUS#")
		p.Immutable(store.Work, "APPROVAL#")
		for _, step := range c.steps {
			_ = step(p)
		}
		if len(told.told) != c.want {
			t.Errorf("%s: %d complaints %q, want %d", c.name, len(told.told), told.told, c.want)
		}
	}
}

// calls makes one call of each kind and returns their errors.
func calls(t *testing.T, f *Faulty) []error {
	k := key(store.Keys, "P", "S")
	_, errGet := f.Get(t.Context(), k)
	errPut := f.Transact(t.Context(), "token", store.PutIf(item(k, "x", nil), store.IfAbsent()))
	items, errMany := f.GetMany(t.Context(), []store.Key{k})
	page, errQuery := f.Query(t.Context(), store.Query{Table: store.Keys, PK: "P", From: "A"})
	if errMany != nil && items != nil || errQuery != nil && page.Items != nil {
		t.Error("a failed read answered items")
	}
	return []error{errGet, errPut, errMany, errQuery}
}

func TestFaults(t *testing.T) {
	crashed := []error{ErrCrashed, ErrCrashed, ErrCrashed, ErrCrashed}
	for _, fault := range AllFaults() {
		for n := 1; n <= 4; n++ {
			inner := simple{}
			f := Faults(inner)
			f.At(n, fault)
			want := []error{store.ErrNotFound, nil, nil, nil}
			switch {
			case fault == CrashBefore || fault == CrashAfter:
				copy(want[n-1:], crashed)
			case n == 1 && fault == LoseAnswer: // the answer was an error already
			case n == 2 && fault != Fail:
				want[1] = store.ErrUnknownOutcome
			default:
				want[n-1] = ErrInjected
			}
			for i, err := range calls(t, f) {
				if !errors.Is(err, want[i]) {
					t.Errorf("%v at %d: call %d got %v, want %v", fault, n, i+1, err, want[i])
				}
			}
			done := fault == LoseAnswer || fault == CrashAfter || n > 2 || n == 1 && fault != CrashBefore
			if fault == CrashAfter && n == 1 {
				done = false
			}
			if (len(inner) == 1) != done {
				t.Errorf("%v at %d: %d items written, done should be %t", fault, n, len(inner), done)
			}
			if got := f.Crashed(); got != (fault == CrashBefore || fault == CrashAfter) {
				t.Errorf("%v at %d: crashed %t", fault, n, got)
			}
		}
	}
}

func TestCallLog(t *testing.T) {
	f := Faults(simple{})
	f.At(3, Fail)
	calls(t, f)
	var methods []string
	for _, call := range f.Calls() {
		methods = append(methods, call.Method)
		if len(call.Keys) != 1 || call.Keys[0].PK != "P" || call.String() == "" {
			t.Errorf("call %+v", call)
		}
	}
	log := f.Calls()
	if !slices.Equal(methods, []string{"Get", "Transact", "GetMany", "Query"}) || !errors.Is(log[2].Err, ErrInjected) || log[1].Token != "token" || len(log[1].Ops) != 1 {
		t.Errorf("log %+v", log)
	}
	f.Reset()
	calls(t, f)
	if len(f.Calls()) != 4 || f.Calls()[2].Err != nil {
		t.Errorf("after a reset: %+v", f.Calls())
	}
	for _, fault := range AllFaults() {
		if fault.String() == "" {
			t.Errorf("fault %d has no name", fault)
		}
	}
}
