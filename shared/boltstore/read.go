package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"kexin/shared/store"
)

// view is a read transaction of one file.
type view struct {
	tx      *bolt.Tx
	sealer  *sealer           // of keys.db; nil for main.db
	overlay map[string][]byte // rows of keys.db to be shown as they were
}

func (v *view) close() { _ = v.tx.Rollback() } // a read transaction has nothing to lose

// viewOf begins a read transaction of the file that holds table.
func (s *Store) viewOf(table store.Table) (*view, error) {
	if !inKeys(table) {
		tx, err := s.main.Begin(false)
		return &view{tx: tx}, closedError(err)
	}
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.viewKeysLocked()
}

func (s *Store) viewKeysLocked() (*view, error) {
	tx, err := s.keys.db.Begin(false)
	return &view{tx: tx, sealer: s.keys.sealer, overlay: s.overlay}, closedError(err)
}

func closedError(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// settledView is viewOf that waits until no half-committed batch hides rows: the whole file is as its readers may see it.
func (s *Store) settledView(ctx context.Context, table store.Table) (*view, error) {
	if !inKeys(table) {
		return s.viewOf(table)
	}
	s.gate.RLock()
	if s.overlay == nil {
		defer s.gate.RUnlock()
		return s.viewKeysLocked()
	}
	settled := s.settled
	s.waiting.Add(1)
	defer s.waiting.Done()
	s.gate.RUnlock()
	select {
	case <-settled:
		if err := s.ready(ctx); err != nil {
			return nil, err
		}
		return s.viewOf(table)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.quit:
		return nil, ErrClosed
	}
}

// item returns the item at key, or store.ErrNotFound. It shares no memory with the file.
func (v *view) item(key store.Key) (store.Item, error) {
	row := rowKey(key)
	raw, hidden := v.overlay[overlayKey([]byte(key.Table), row)]
	if !hidden {
		raw = v.tx.Bucket([]byte(key.Table)).Get(row)
	}
	if raw == nil {
		return store.Item{}, store.ErrNotFound
	}
	return v.decode(key, row, raw, false)
}

func (v *view) decode(key store.Key, row, raw []byte, keysOnly bool) (store.Item, error) {
	value := raw
	if v.sealer != nil {
		var err error
		if value, err = v.sealer.open(key.Table, row, raw); err != nil {
			return store.Item{}, err
		}
	}
	attrs, body, err := decodeItem(value)
	if err != nil {
		return store.Item{}, err
	}
	if keysOnly {
		body = nil
	} else if v.sealer == nil {
		body = bytes.Clone(body)
	}
	return store.Item{Key: key, Attrs: attrs, Body: body}, nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if err := store.CheckKey(key); err != nil {
		return store.Item{}, fmt.Errorf("get item: %w", err)
	}
	items, err := s.GetMany(ctx, []store.Key{key})
	if err != nil {
		return store.Item{}, err
	}
	if len(items) == 0 {
		return store.Item{}, fmt.Errorf("get item: %w", store.ErrNotFound)
	}
	return items[0], nil
}

// GetMany implements store.Store. Items of one file come from one snapshot.
func (s *Store) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	if err := store.CheckKeys(keys); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, fmt.Errorf("get items: %w", err)
	}
	var views [2]*view
	defer func() {
		for _, v := range views {
			if v != nil {
				v.close()
			}
		}
	}()
	items := make([]store.Item, 0, len(keys))
	for _, key := range keys {
		file := 0
		if inKeys(key.Table) {
			file = 1
		}
		if views[file] == nil {
			v, err := s.viewOf(key.Table)
			if err != nil {
				return nil, fmt.Errorf("get items: %w", err)
			}
			views[file] = v
		}
		item, err := views[file].item(key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("get items: %w", err)
		}
		items = append(items, item)
	}
	return items, nil
}
