package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"kexin/shared/store"
)

// Policed is a store that fails its test when a caller breaks the protocol. It passes every call on.
type Policed struct {
	store store.Store
	t     testing.TB

	mu        sync.Mutex
	markers   [][]byte
	destroyed []prefix // declared by Destroyed
	immutable []prefix
	gone      map[store.Key]bool // destroyed keys whose deletion was acknowledged
	written   map[store.Key]bool // immutable keys whose put was acknowledged
}

type prefix struct {
	table store.Table
	pk    string
}

var _ store.Store = (*Policed)(nil)

// Police wraps s. It fails t on an unconditional write and on an acknowledged overwrite or deletion of an immutable row: entries of
// audit lanes at once, others by Immutable.
func Police(t testing.TB, s store.Store) *Policed {
	return &Policed{store: s, t: t, gone: map[store.Key]bool{}, written: map[store.Key]bool{},
		immutable: []prefix{{store.Audit, "LANE#"}}}
}

// Marker registers clear text that must never reach a table: no key, attribute or body may contain it, nor its hex or base64 form.
func (p *Policed) Marker(texts ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range texts {
		p.markers = append(p.markers, []byte(text), []byte(hex.EncodeToString([]byte(text))))
		p.markers = append(p.markers, base64Forms(text)...)
	}
}

// base64Forms returns what text looks like inside base64 at each of the three alignments, without the letters that its neighbours share.
func base64Forms(text string) [][]byte {
	var forms [][]byte
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + text))
		from := []int{0, 2, 3}[shift]
		to := (shift + len(text)) * 8 / 6
		if to-from >= 6 {
			forms = append(forms, []byte(encoded[from:to]))
		}
	}
	return forms
}

// Destroyed declares that once a key of table under the prefix pk was deleted, reading it again is an error of the test.
func (p *Policed) Destroyed(table store.Table, pk string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.destroyed = append(p.destroyed, prefix{table, pk})
}

// Immutable declares that items of table under the prefix pk are written once.
func (p *Policed) Immutable(table store.Table, pk string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.immutable = append(p.immutable, prefix{table, pk})
}

func covers(prefixes []prefix, key store.Key) bool {
	for _, p := range prefixes {
		if p.table == key.Table && strings.HasPrefix(key.PK, p.pk) {
			return true
		}
	}
	return false
}

// Get implements store.Store.
func (p *Policed) Get(ctx context.Context, key store.Key) (store.Item, error) {
	p.t.Helper()
	p.watchRead(key)
	return p.store.Get(ctx, key)
}

// GetMany implements store.Store.
func (p *Policed) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	p.t.Helper()
	p.watchRead(keys...)
	return p.store.GetMany(ctx, keys)
}

// Query implements store.Store.
func (p *Policed) Query(ctx context.Context, q store.Query) (store.Page, error) {
	return p.store.Query(ctx, q)
}

// Transact implements store.Store.
func (p *Policed) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	p.t.Helper()
	for _, op := range ops {
		p.watchOp(op)
	}
	err := p.store.Transact(ctx, token, ops...)
	if err == nil {
		for _, op := range ops {
			p.acknowledged(op, token)
		}
	}
	return err
}

func (p *Policed) watchRead(keys ...store.Key) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		if p.gone[key] {
			p.t.Errorf("read of %v after its destruction", key)
		}
	}
}

func (p *Policed) watchOp(op store.Op) {
	p.t.Helper()
	if err := store.CheckTransact("", []store.Op{op}); errors.Is(err, store.ErrUnconditional) {
		p.t.Errorf("write of %v without a condition", op.Item.Key)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, part := range texts(op.Item) {
		for _, marker := range p.markers {
			if bytes.Contains(part, marker) {
				p.t.Errorf("write of %v holds clear text", op.Item.Key)
			}
		}
	}
}

func texts(item store.Item) [][]byte {
	parts := [][]byte{[]byte(item.Key.PK), []byte(item.Key.SK), item.Body}
	for name, attr := range item.Attrs {
		parts = append(parts, []byte(name), []byte(attr.Str))
	}
	return parts
}

// acknowledged notes the effect of op. A write that is repeated with its token has none, so writes with tokens count once.
func (p *Policed) acknowledged(op store.Op, token store.Token) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	key := op.Item.Key
	if op.Verb != store.Check && covers(p.immutable, key) {
		if p.written[key] && token == "" {
			p.t.Errorf("immutable item %v was written again", key)
		}
		p.written[key] = true
	}
	switch op.Verb {
	case store.Put:
		delete(p.gone, key)
	case store.Delete:
		p.gone[key] = covers(p.destroyed, key)
	}
}
