package boltstore

import (
	"errors"
	"fmt"
	"sync/atomic"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// trees are both files as one checkpoint left them: a read transaction of each, shared by all readers until the next checkpoint. bbolt's
// read transactions change nothing of their own when a bucket is read, so many goroutines may use one; a test with the race detector
// watches that this stays so.
type trees struct {
	main, keys *bolt.Tx
	buckets    [buckets]*bolt.Bucket
	sealer     *sealer
	users      atomic.Int64 // whoever reads, and the store while they are its newest
}

// beginTrees begins read transactions of both files.
func beginTrees(main *bolt.DB, keys *keysFile) (*trees, error) {
	t := &trees{sealer: keys.sealer}
	t.users.Store(1)
	var err error
	if t.main, err = main.Begin(false); err != nil {
		return nil, closedError(err)
	}
	if t.keys, err = keys.db.Begin(false); err != nil {
		_ = t.main.Rollback() // a read transaction has nothing to lose
		return nil, closedError(err)
	}
	for id := range buckets {
		tx := t.main
		if id.sealed() {
			tx = t.keys
		}
		if t.buckets[id] = tx.Bucket(bucketNames[id]); t.buckets[id] == nil {
			t.release()
			return nil, fmt.Errorf("find bucket %s: %w", bucketNames[id], ErrDamaged)
		}
	}
	return t, nil
}

// release ends one use.
func (t *trees) release() {
	if t != nil && t.users.Add(-1) == 0 {
		_ = errors.Join(t.main.Rollback(), t.keys.Rollback()) // read transactions have nothing to lose
	}
}

func closedError(err error) error {
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}
