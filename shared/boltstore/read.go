package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"sync"

	"kexin/shared/store"
)

// view is what a reader sees: newest first the overlay that is written to, the one that is being carried into the trees, the trees.
type view struct {
	active, frozen *overlay
	trees          *trees
	gate           *sync.RWMutex // to be held for reading active
	seed           maphash.Seed
}

// view returns the state of the store as it is now. The trees are older than both overlays, or hold a part of the frozen one already.
func (s *Store) view() (*view, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.viewLocked()
}

func (s *Store) viewLocked() (*view, error) {
	v := &view{active: s.active, frozen: s.frozen, trees: s.trees, gate: &s.gate, seed: s.seed}
	if v.trees != nil {
		v.trees.users.Add(1)
		return v, nil
	}
	if s.keys == nil || s.main == nil {
		return nil, ErrClosed
	}
	var err error
	v.trees, err = beginTrees(s.main, s.keys)
	return v, err
}

func (v *view) close() { v.trees.release() }

func (v *view) hash(bucket bucketID, row []byte) uint32 { return hashOf(v.seed, bucket, row) }

// get returns the stored value of a row, nil for none. The caller is the writer, or holds the gate.
func (v *view) get(bucket bucketID, row []byte, hash uint32) []byte {
	if value, known := v.active.find(bucket, row, hash); known {
		return value
	}
	return v.settled(bucket, row, hash)
}

// settled is get without the active overlay.
func (v *view) settled(bucket bucketID, row []byte, hash uint32) []byte {
	if value, known := v.frozen.find(bucket, row, hash); known {
		return value
	}
	return v.trees.buckets[bucket].Get(row)
}

func (v *view) decode(key store.Key, row, raw []byte, keysOnly bool) (store.Item, error) {
	value, sealed := raw, bucketOf(key.Table).sealed()
	if sealed {
		var err error
		if value, err = v.trees.sealer.open(key.Table, row, raw); err != nil {
			return store.Item{}, err
		}
	}
	attrs, body, err := decodeItem(value)
	if err != nil {
		return store.Item{}, err
	}
	if keysOnly {
		body = nil
	} else if !sealed {
		body = bytes.Clone(body)
	}
	return store.Item{Key: key, Attrs: attrs, Body: body}, nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Item{}, fmt.Errorf("get item: %w", err)
	}
	items, err := s.getMany(ctx, []store.Key{key})
	if err != nil {
		return store.Item{}, err
	}
	if len(items) == 0 {
		return store.Item{}, fmt.Errorf("get item: %w", store.ErrNotFound)
	}
	return items[0], nil
}

// GetMany implements store.Store. The items come from one snapshot.
func (s *Store) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	return s.getMany(ctx, keys)
}

// wanted is a row that a reader asks for.
type wanted struct {
	bucket bucketID
	hash   uint32
	known  bool // the active overlay knows it
	row    []byte
	raw    []byte // nil when there is none
}

func (s *Store) getMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	if err := s.ready(ctx); err != nil {
		return nil, fmt.Errorf("get items: %w", err)
	}
	rows := s.wanted(keys)
	v, err := s.lookUp(rows)
	if err != nil {
		return nil, fmt.Errorf("get items: %w", err)
	}
	defer v.close()
	items := make([]store.Item, 0, len(keys))
	for i := range rows {
		w := &rows[i]
		if !w.known {
			w.raw = v.settled(w.bucket, w.row, w.hash)
		}
		if w.raw == nil {
			continue
		}
		item, err := v.decode(keys[i], w.row, w.raw, false)
		if err != nil {
			return nil, fmt.Errorf("get items: %w", err)
		}
		items = append(items, item)
	}
	return items, nil
}

func (s *Store) wanted(keys []store.Key) []wanted {
	size := 0
	for _, key := range keys {
		size += len(key.PK) + len(key.SK) + 1
	}
	rows, room := make([]wanted, len(keys)), make([]byte, 0, size)
	for i, key := range keys {
		from := len(room)
		room = appendRow(room, key)
		w := &rows[i]
		w.bucket, w.row = bucketOf(key.Table), room[from:len(room):len(room)]
		w.hash = hashOf(s.seed, w.bucket, w.row)
	}
	return rows
}

// lookUp finds in one moment what the active overlay knows of rows, and the view that has the others.
func (s *Store) lookUp(rows []wanted) (*view, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	v, err := s.viewLocked()
	if err != nil {
		return nil, err
	}
	for i := range rows {
		w := &rows[i]
		w.raw, w.known = v.active.find(w.bucket, w.row, w.hash)
	}
	return v, nil
}
