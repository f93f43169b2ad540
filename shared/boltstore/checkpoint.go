package boltstore

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

const (
	// checkpointAt is how many bytes of log the overlay holds before it is carried into the trees. The more, the more rows share one
	// rewriting of a page; at most three times as much is in memory, and is read again by the start after a crash.
	checkpointAt = 64 << 20
	// checkpointRows is how many rows go into one transaction of bbolt, which keeps all their pages in memory.
	checkpointRows = 4096
)

// Checkpoint carries everything that was written before the call into the trees and returns when that is done. The store does so by
// itself when the log has grown; calling it is for whoever measures, or is about to copy the files.
func (s *Store) Checkpoint(ctx context.Context) error {
	err := s.inPlace(ctx, func() error {
		if err := s.settleFlush(); err != nil || s.active.empty() {
			return err
		}
		if err := s.rotate(); err != nil {
			return err
		}
		return s.settleFlush()
	})
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// Logged returns how many bytes were appended to the log since the store was opened.
func (s *Store) Logged() int64 { return s.logged.Load() }

// inPlace carries out job in the writer's place: no transaction is under way meanwhile.
func (s *Store) inPlace(ctx context.Context, job func() error) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	done := make(chan error, 1)
	select {
	case s.jobs <- func() { done <- job() }:
		return <-done
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
}

// settleFlush waits until no checkpoint is under way, and returns why the store cannot go on, if so.
func (s *Store) settleFlush() error {
	if s.flushing != nil {
		<-s.flushing
		s.flushing = nil
	}
	return s.failure()
}

// relieve begins a checkpoint when the overlay has grown large. When it has grown twice as large, the one under way is waited for.
func (s *Store) relieve() {
	if s.active.bytes < s.opts.checkpointAt || s.broken.Load() {
		return
	}
	select {
	case <-s.flushing: // nil blocks for ever: there is none
		s.flushing = nil
	default:
	}
	if s.flushing != nil && s.active.bytes < 2*s.opts.checkpointAt {
		return
	}
	if s.settleFlush() == nil {
		_ = s.rotate() // the store is broken when it failed, and says so to the next caller
	}
}

// rotate freezes the overlay, goes on in a new segment and lets a checkpoint begin.
func (s *Store) rotate() error {
	next, err := s.follow(s.keys.fileKey)
	if err != nil {
		s.fail(err)
		return err
	}
	old, frozen := s.log, s.active
	s.gate.Lock()
	s.frozen, s.active = frozen, newOverlay()
	s.gate.Unlock()
	s.log = next
	done := make(chan struct{})
	s.flushing = done
	go func() {
		defer close(done)
		if err := errors.Join(old.close(), s.flush(frozen, next.header)); err != nil {
			s.fail(err)
		}
	}()
	return nil
}

// follow makes the segment after the current one.
func (s *Store) follow(fileKey string) (*segment, error) {
	h := s.log.header
	pair, err := s.newPair()
	if err != nil {
		return nil, err
	}
	return s.createSegment(logHeader{store: h.store, pair: pair, previous: h.pair, generation: h.generation + 1, base: s.log.seq, fileKey: fileKey})
}

// flush carries o into the trees, which then begin with the segment of next, and removes the segments before it. What a crash leaves
// after each step, and how Open settles it:
//
//	segment of next made       one that is empty or has the batches since; all segments are read again
//	some rows in keys.db       rows that the log has too; they are written again
//	keys.db begins with next   the same for the rows of main.db; those of keys.db are passed over
//	main.db begins with next   segments that nothing needs; they are removed
func (s *Store) flush(o *overlay, next logHeader) error {
	s.giveWay(o)
	mark := logMark{next.generation, next.base, next.pair}
	if err := s.flushFile(s.keys.db, o, mark, bucketInbox, bucketRecords, nil); err != nil {
		return err
	}
	if err := s.flushMain(o, mark); err != nil {
		return err
	}
	if err := s.show(s.keys, nil); err != nil {
		return err
	}
	return s.removeSegments(next.generation)
}

func (s *Store) flushMain(o *overlay, mark logMark) error {
	return s.flushFile(s.main, o, mark, bucketRecords, buckets, func(tx *bolt.Tx) error {
		return storeTokens(tx, mark.generation-1, o.tokens, s.opts.Now().Unix())
	})
}

// flushFile writes the rows of o in the buckets from ≤ b < before, some at a time; the last commit also carries out last and sets mark.
func (s *Store) flushFile(db *bolt.DB, o *overlay, mark logMark, from, before bucketID, last func(*bolt.Tx) error) error {
	cursor := o.order.seek(from, nil)
	for done := false; !done; {
		err := s.update(db, func(tx *bolt.Tx) error {
			var err error
			if done, err = flushRows(tx, o, &cursor, before); err != nil || !done {
				return err
			}
			if last != nil {
				if err := last(tx); err != nil {
					return err
				}
			}
			return tx.Bucket(metaBucket).Put(metaLog, mark.encode())
		})
		if err != nil {
			return fmt.Errorf("carry rows into %s: %w", fileName(db), err)
		}
	}
	return nil
}

// flushRows writes the next rows and reports whether there are no more.
func flushRows(tx *bolt.Tx, o *overlay, cursor *idCursor, before bucketID) (bool, error) {
	var bucket *bolt.Bucket
	current := noBucket
	for range checkpointRows {
		id, ok := cursor.id()
		if !ok || o.entries[id].bucket >= before {
			return true, nil
		}
		if b := o.entries[id].bucket; b != current {
			bucket, current = tx.Bucket(bucketNames[b]), b
		}
		if err := carry(bucket, o.rowOf(id), o.valueOf(id)); err != nil {
			return false, err
		}
		cursor.step(false)
	}
	return false, nil
}

func carry(bucket *bolt.Bucket, row, value []byte) error {
	if value == nil {
		return bucket.Delete(row)
	}
	return bucket.Put(row, value)
}

// update is bbolt's Update with a commit that tests can watch.
func (s *Store) update(db *bolt.DB, change func(*bolt.Tx) error) error {
	tx, err := db.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := change(tx); err != nil {
		return err
	}
	return s.disk.do("commit "+fileName(db), tx.Commit)
}

// show lets readers see the trees as they are now, keys being the file of keys and inbox. The frozen overlay is no longer needed; active
// replaces the active one unless it is nil.
func (s *Store) show(keys *keysFile, active *overlay) error {
	fresh, err := beginTrees(s.main, keys)
	if err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	s.gate.Lock()
	old := s.trees
	s.keys, s.trees, s.frozen = keys, fresh, nil
	if active != nil {
		s.active = active
	}
	s.gate.Unlock()
	old.release()
	return nil
}

// giveWay lets readers begin transactions of their own until the next show, when a file might outgrow its mapping: bbolt maps a file anew
// only while nobody reads.
func (s *Store) giveWay(o *overlay) {
	most := int64(o.bytes)*4 + int64(len(o.entries))*4*int64(s.main.Info().PageSize)
	if s.mainMapped.fits(s.main, most) && s.keysMapped.fits(s.keys.db, most) {
		return
	}
	s.gate.Lock()
	old := s.trees
	s.trees = nil
	s.gate.Unlock()
	old.release()
}

// removeSegments removes the segments before generation.
func (s *Store) removeSegments(generation uint64) error {
	numbers, err := s.segmentNumbers()
	if err != nil {
		return err
	}
	for _, n := range numbers {
		if n >= generation {
			break
		}
		if err := s.removeSegment(n); err != nil {
			return err
		}
	}
	return nil
}
