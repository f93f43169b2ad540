package store

import (
	"context"
	"strings"
)

// Access is a set of verbs on items.
type Access uint8

// The kinds of access.
const (
	MayGet Access = 1 << iota
	MayQuery
	MayPut
	MayDelete
	MayCheck
)

// Grant allows access to the items of a table whose partition key starts with Prefix.
type Grant struct {
	Table  Table
	Prefix string
	Access Access
}

// Restrict returns s limited to grants: any other call fails with ErrNotGranted before it reaches s. The same grants are what
// template.yaml states as IAM policies, so that embedded functions run with the rights that they have on AWS.
func Restrict(s Store, grants ...Grant) Store { return &restricted{s, grants} }

type restricted struct {
	store  Store
	grants []Grant
}

func (r *restricted) may(access Access, table Table, pk string) error {
	for _, g := range r.grants {
		if g.Table == table && g.Access&access != 0 && strings.HasPrefix(pk, g.Prefix) {
			return nil
		}
	}
	return ErrNotGranted
}

func (r *restricted) Get(ctx context.Context, key Key) (Item, error) {
	if err := r.may(MayGet, key.Table, key.PK); err != nil {
		return Item{}, err
	}
	return r.store.Get(ctx, key)
}

func (r *restricted) GetMany(ctx context.Context, keys []Key) ([]Item, error) {
	for _, key := range keys {
		if err := r.may(MayGet, key.Table, key.PK); err != nil {
			return nil, err
		}
	}
	return r.store.GetMany(ctx, keys)
}

func (r *restricted) Query(ctx context.Context, q Query) (Page, error) {
	prefix := q.PK
	if q.Index != "" {
		prefix = indexPrefix(q.Index)
	}
	if err := r.may(MayQuery, q.Table, prefix); err != nil {
		return Page{}, err
	}
	return r.store.Query(ctx, q)
}

// indexPrefix is the prefix that a grant must cover to query an index: "index:" and its name, so that reading a partition and listing
// an index are granted apart.
func indexPrefix(index Index) string { return "index:" + string(index) }

func (r *restricted) Transact(ctx context.Context, token Token, ops ...Op) error {
	for _, op := range ops {
		if err := r.may(op.access(), op.Item.Key.Table, op.Item.Key.PK); err != nil {
			return err
		}
	}
	return r.store.Transact(ctx, token, ops...)
}

func (op Op) access() Access {
	switch op.Verb {
	case Put:
		return MayPut
	case Delete:
		return MayDelete
	}
	return MayCheck
}
