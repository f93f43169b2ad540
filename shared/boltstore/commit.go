package boltstore

import (
	"fmt"

	"kexin/shared/store"
)

// commitBatch makes b durable. When a commit fails the store is broken: only opening it again can tell what is on the disk.
func (s *Store) commitBatch(b *batch) error {
	err := s.commitFiles(b)
	if err != nil {
		s.breakDown()
		return fmt.Errorf("commit batch: %w: %w", store.ErrUnknownOutcome, err)
	}
	s.learn(b)
	return nil
}

// breakDown makes every later call fail. The overlay stays, so calls that run on see nothing of the failed batch in keys.db.
func (s *Store) breakDown() {
	s.broken.Store(true)
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.overlay != nil {
		close(s.settled)
	}
}

func (s *Store) commitFiles(b *batch) error {
	switch {
	case b.mainDirty && b.keysDirty:
		return s.commitBoth(b)
	case b.mainDirty:
		return s.commit(b.main)
	case b.keysDirty:
		return s.commit(b.keys)
	}
	return nil
}

// commitBoth commits keys.db with the undo record, then main.db with the batch's number. Meanwhile readers of keys.db see what the
// batch replaced. If the second commit fails the overlay stays, and the store is broken.
func (s *Store) commitBoth(b *batch) error {
	next := s.batch + 1
	undo := undoRecord{batch: next, changes: b.undo}
	if err := b.keys.Bucket(metaBucket).Put(metaUndo, undo.encode()); err != nil {
		return err
	}
	if err := b.main.Bucket(metaBucket).Put(metaBatch, encodeBatch(next)); err != nil {
		return err
	}
	s.publishOverlay(b.overlay)
	if err := s.commit(b.keys); err != nil {
		return err
	}
	if err := s.commit(b.main); err != nil {
		return err
	}
	s.batch = next
	s.clearOverlay()
	return nil
}

func (s *Store) publishOverlay(overlay map[string][]byte) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.overlay, s.settled = overlay, make(chan struct{})
}

// clearOverlay lets the readers that waited for a settled keys.db begin before the next batch can hide rows again: settledView counts
// on it.
func (s *Store) clearOverlay() {
	s.gate.Lock()
	s.overlay = nil
	close(s.settled)
	s.gate.Unlock()
	s.waiting.Wait()
}
