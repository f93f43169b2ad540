package vaulttest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"kexin/shared/store"
)

// Memory is a store in memory that keeps the contract of package store. It copies in no time, so that a fault matrix can begin each of
// its cells from the same prepared state, and its contents can be compared.
type Memory struct {
	mu     sync.Mutex
	tables map[store.Table]map[string]map[string]store.Item // by partition and sort key
	tokens map[store.Token][sha256.Size]byte
}

var _ store.Store = (*Memory)(nil)
var _ store.Scanner = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	m := &Memory{tables: map[store.Table]map[string]map[string]store.Item{}, tokens: map[store.Token][sha256.Size]byte{}}
	for _, table := range store.Tables() {
		m.tables[table] = map[string]map[string]store.Item{}
	}
	return m
}

// Clone returns a store of its own with the same contents. Items are shared, because nobody changes one in place.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := NewMemory()
	for table, partitions := range m.tables {
		for pk, items := range partitions {
			c.tables[table][pk] = maps.Clone(items)
		}
	}
	c.tokens = maps.Clone(m.tokens)
	return c
}

// Items returns everything in tables, all of them when none is named.
func (m *Memory) Items(tables ...store.Table) map[store.Key]store.Item {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[store.Key]store.Item{}
	for table, partitions := range m.tables {
		if len(tables) > 0 && !slices.Contains(tables, table) {
			continue
		}
		for _, items := range partitions {
			for _, item := range items {
				all[item.Key] = item
			}
		}
	}
	return all
}

// Set puts an item past the contract, as an attacker with the table would.
func (m *Memory) Set(item store.Item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(item)
}

// Remove deletes an item past the contract.
func (m *Memory) Remove(key store.Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(key)
}

func (m *Memory) put(item store.Item) {
	item.Body, item.Attrs = slices.Clone(item.Body), maps.Clone(item.Attrs)
	partitions := m.tables[item.Key.Table]
	if partitions[item.Key.PK] == nil {
		partitions[item.Key.PK] = map[string]store.Item{}
	}
	partitions[item.Key.PK][item.Key.SK] = item
}

func (m *Memory) remove(key store.Key) { delete(m.tables[key.Table][key.PK], key.SK) }

func (m *Memory) find(key store.Key) *store.Item {
	item, ok := m.tables[key.Table][key.PK][key.SK]
	if !ok {
		return nil
	}
	return &item
}

// copied returns item with a body of its own: callers may clear what they read.
func copied(item store.Item) store.Item {
	item.Body, item.Attrs = slices.Clone(item.Body), maps.Clone(item.Attrs)
	return item
}

// Get implements store.Store.
func (m *Memory) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if err := errors.Join(store.CheckKey(key), ctx.Err()); err != nil {
		return store.Item{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	item := m.find(key)
	if item == nil {
		return store.Item{}, store.ErrNotFound
	}
	return copied(*item), nil
}

// GetMany implements store.Store.
func (m *Memory) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	if err := errors.Join(store.CheckKeys(keys), ctx.Err()); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var items []store.Item
	for _, key := range keys {
		if item := m.find(key); item != nil {
			items = append(items, copied(*item))
		}
	}
	return items, nil
}

// Transact implements store.Store.
func (m *Memory) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if err := errors.Join(store.CheckTransact(token, ops), ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	digest := digestOf(ops)
	if known, ok := m.tokens[token]; ok && token != "" {
		if known != digest {
			return store.ErrTokenReused
		}
		return nil
	}
	if failed := m.failing(ops); len(failed) > 0 {
		return &store.ConditionError{Failed: failed}
	}
	for _, op := range ops {
		switch op.Verb {
		case store.Put:
			m.put(op.Item)
		case store.Delete:
			m.remove(op.Item.Key)
		}
	}
	if token != "" {
		m.tokens[token] = digest
	}
	return nil
}

func (m *Memory) failing(ops []store.Op) []int {
	var failed []int
	for i, op := range ops {
		if !op.If.Holds(m.find(op.Item.Key)) {
			failed = append(failed, i)
		}
	}
	return failed
}

func digestOf(ops []store.Op) [sha256.Size]byte {
	h := sha256.New()
	for _, op := range ops {
		fmt.Fprintf(h, "%d %q %q %q %x %v %v\n", op.Verb, op.Item.Key.Table, op.Item.Key.PK, op.Item.Key.SK, op.Item.Body, op.Item.Attrs, op.If)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Query implements store.Store.
func (m *Memory) Query(ctx context.Context, q store.Query) (store.Page, error) {
	if err := errors.Join(store.CheckQuery(q), checkBounds(q), ctx.Err()); err != nil {
		return store.Page{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.matching(q)
	after := ""
	if q.Cursor != "" {
		position, err := store.DecodeCursor(q)
		if err != nil || len(position) != 1 {
			return store.Page{}, store.ErrCursor
		}
		after = position[0]
	}
	return pageOf(found, after, q.Desc, q.Limit, func(last string) string { return store.EncodeCursor(q, last) }), nil
}

// checkBounds refuses bounds of an integer order that are no integers.
func checkBounds(q store.Query) error {
	if q.Index == "" || !store.IndexOrderIsInt(q.Index) {
		return nil
	}
	for _, bound := range []string{q.From, q.Before} {
		if _, err := strconv.ParseInt(bound, 10, 64); bound != "" && err != nil {
			return store.ErrMalformed
		}
	}
	return nil
}

// ordered is an item with the text that it is ordered by.
type ordered struct {
	order string
	item  store.Item
}

func (m *Memory) matching(q store.Query) []ordered {
	var found []ordered
	if q.Index != "" {
		for _, items := range m.tables[q.Table] {
			for _, item := range items {
				if row := store.IndexRow(q.Index, &item); row != nil && indexed(q, *row) {
					found = append(found, ordered{indexOrder(q.Index, *row) + "\x00" + row.Key.PK + "\x00" + row.Key.SK, *row})
				}
			}
		}
		return found
	}
	for sk, item := range m.tables[q.Table][q.PK] {
		if sk < q.From || q.Before != "" && sk >= q.Before {
			continue
		}
		item = copied(item)
		if q.KeysOnly {
			item.Body = nil
		}
		found = append(found, ordered{sk, item})
	}
	return found
}

func indexed(q store.Query, row store.Item) bool {
	_, partition, order := store.IndexAttrs(q.Index)
	if row.Str(partition) != q.PK {
		return false
	}
	if store.IndexOrderIsInt(q.Index) {
		from, errFrom := strconv.ParseInt(q.From, 10, 64)
		before, errBefore := strconv.ParseInt(q.Before, 10, 64)
		return (errFrom != nil || row.Int(order) >= from) && (errBefore != nil || row.Int(order) < before)
	}
	return row.Str(order) >= q.From && (q.Before == "" || row.Str(order) < q.Before)
}

func indexOrder(index store.Index, row store.Item) string {
	_, _, order := store.IndexAttrs(index)
	if store.IndexOrderIsInt(index) {
		return fmt.Sprintf("%020d", uint64(row.Int(order))^1<<63)
	}
	return row.Str(order)
}

const memoryPage = 1 << 20

func pageOf(found []ordered, after string, desc bool, limit int, cursor func(string) string) store.Page {
	sort.Slice(found, func(i, j int) bool { return (found[i].order < found[j].order) != desc })
	var page store.Page
	size := 0
	for i, f := range found {
		if after != "" && (!desc && f.order <= after || desc && f.order >= after) {
			continue
		}
		if limit > 0 && len(page.Items) == limit || size >= memoryPage {
			page.Next = cursor(found[i-1].order)
			return page
		}
		page.Items, size = append(page.Items, f.item), size+store.Size(f.item)
	}
	return page
}

// Scan implements store.Scanner.
func (m *Memory) Scan(ctx context.Context, table store.Table, segment, of int, cursor string) (store.Page, error) {
	if err := errors.Join(store.CheckScan(table, segment, of), ctx.Err()); err != nil {
		return store.Page{}, err
	}
	q := store.ScanQuery(table, segment, of, cursor)
	after := ""
	if cursor != "" {
		position, err := store.DecodeCursor(q)
		if err != nil || len(position) != 1 {
			return store.Page{}, store.ErrCursor
		}
		after = position[0]
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []ordered
	for pk, items := range m.tables[table] {
		sum := sha256.Sum256([]byte(pk))
		if int(sum[0])%of != segment {
			continue
		}
		for sk, item := range items {
			found = append(found, ordered{pk + "\x00" + sk, copied(item)})
		}
	}
	return pageOf(found, after, false, 0, func(last string) string { return store.EncodeCursor(q, last) }), nil
}

// Diff names the keys under which two sets of items differ, sorted.
func Diff(a, b map[store.Key]store.Item) []string {
	var differing []string
	for key, item := range a {
		other, ok := b[key]
		if !ok || string(other.Body) != string(item.Body) || !maps.Equal(other.Attrs, item.Attrs) {
			differing = append(differing, key.String())
		}
	}
	for key := range b {
		if _, ok := a[key]; !ok {
			differing = append(differing, key.String())
		}
	}
	sort.Strings(differing)
	return slices.DeleteFunc(differing, func(name string) bool { return strings.HasPrefix(name, "audit/LANES#") })
}
