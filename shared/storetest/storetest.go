// Package storetest is the contract of package store as a test suite, and two wrappers for tests of what is built on a store: Police
// fails the test when the protocol is broken, Faults lets calls fail in the ways that real stores do.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"kexin/shared/store"
)

// Run runs the contract suite; open returns an empty store for each subtest and registers its own cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, section := range []map[string]func(*suite){writeTests, conditionTests, queryTests, scanTests} {
		for name, test := range section {
			t.Run(name, func(t *testing.T) { test(&suite{T: t, ctx: t.Context(), store: open(t), run: rand.Text()[:16]}) })
		}
	}
}

// suite is one test of the contract with its store.
type suite struct {
	*testing.T
	ctx   context.Context
	store store.Store
	run   string // random: tokens of DynamoDB hold for all tables of an account
}

// token returns a token that no other test uses.
func (s *suite) token(name string) store.Token { return store.Token(s.run + "-" + name) }

func key(table store.Table, pk, sk string) store.Key { return store.Key{Table: table, PK: pk, SK: sk} }

func item(k store.Key, body string, attrs map[string]store.Attr) store.Item {
	return store.Item{Key: k, Body: []byte(body), Attrs: attrs}
}

func versioned(k store.Key, version int64, body string) store.Item {
	return item(k, body, map[string]store.Attr{store.AttrVersion: store.N(version)})
}

// write carries out ops or ends the test.
func (s *suite) write(ops ...store.Op) {
	s.Helper()
	if err := s.store.Transact(s.ctx, "", ops...); err != nil {
		s.Fatalf("write: %v", err)
	}
}

// refuse expects that ops fail with want.
func (s *suite) refuse(want error, ops ...store.Op) error {
	s.Helper()
	err := s.store.Transact(s.ctx, "", ops...)
	if !errors.Is(err, want) {
		s.Errorf("write: got %v, want %v", err, want)
	}
	return err
}

// has expects item to be in the store as it is.
func (s *suite) has(want store.Item) {
	s.Helper()
	got, err := s.store.Get(s.ctx, want.Key)
	if err != nil {
		s.Errorf("get %v: %v", want.Key, err)
		return
	}
	s.same(got, want)
}

func (s *suite) same(got, want store.Item) {
	s.Helper()
	if got.Key != want.Key || !bytes.Equal(got.Body, want.Body) || !maps.Equal(got.Attrs, want.Attrs) {
		s.Errorf("item %v: got %d bytes %v, want %v with %d bytes %v", got.Key, len(got.Body), got.Attrs, want.Key, len(want.Body), want.Attrs)
	}
}

// lacks expects that no item has key.
func (s *suite) lacks(k store.Key) {
	s.Helper()
	if _, err := s.store.Get(s.ctx, k); !errors.Is(err, store.ErrNotFound) {
		s.Errorf("get %v: got %v, want ErrNotFound", k, err)
	}
}

// eventually tries check until it returns nil, for indexes that lag.
func (s *suite) eventually(check func() error) {
	s.Helper()
	var err error
	for range 200 {
		if err = check(); err == nil {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.Errorf("after many tries: %v", err)
}

// all returns every item of q page by page, and the number of pages.
func (s *suite) all(q store.Query) ([]store.Item, int) {
	s.Helper()
	var items []store.Item
	for pages := 1; ; pages++ {
		page, err := s.store.Query(s.ctx, q)
		if err != nil {
			s.Fatalf("query page %d: %v", pages, err)
		}
		if q.Limit > 0 && len(page.Items) > q.Limit {
			s.Errorf("page of %d items, limit %d", len(page.Items), q.Limit)
		}
		items = append(items, page.Items...)
		if page.Next == "" {
			return items, pages
		}
		if pages > 1000 {
			s.Fatal("query does not end")
		}
		q.Cursor = page.Next
	}
}

// sortKeys returns the sort keys of items as one text.
func sortKeys(items []store.Item) string {
	var out bytes.Buffer
	for _, item := range items {
		fmt.Fprint(&out, item.Key.SK, " ")
	}
	return string(bytes.TrimSpace(out.Bytes()))
}
