package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// logMark is the row "log" of both files: everything before this segment is in the file.
//
//	generation 8 | sequence number of the last batch before it 8 | pair of the segment 16
type logMark struct {
	generation, seq uint64
	pair            pairID
}

func (m logMark) encode() []byte {
	out := binary.BigEndian.AppendUint64(nil, m.generation)
	return append(binary.BigEndian.AppendUint64(out, m.seq), m.pair[:]...)
}

// markOf returns the mark of a file, false when it has none.
func markOf(db *bolt.DB) (logMark, bool, error) {
	raw, err := metaOf(db, metaLog)
	if err != nil || raw == nil {
		return logMark{}, false, err
	}
	if len(raw) != 32 {
		return logMark{}, false, fmt.Errorf("read log mark of %s: %w", fileName(db), ErrDamaged)
	}
	return logMark{binary.BigEndian.Uint64(raw), binary.BigEndian.Uint64(raw[8:]), pairID(raw[16:])}, true, nil
}

// loaded is a segment that was read.
type loaded struct {
	logHeader
	raw []byte
	end logEnd
}

// openLog brings both files and the log together: batches that the log has and the files have not are carried into the files, and the
// store goes on in an empty segment.
func (s *Store) openLog(storeID string) error {
	main, ok, err := markOf(s.main)
	if err != nil {
		return err
	}
	keys, keysToo, err := markOf(s.keys.db)
	if err != nil {
		return err
	}
	if !ok {
		return s.startLog(storeID, keys, keysToo)
	}
	if !keysToo {
		return fmt.Errorf("open log: %w: keys.db has no mark", ErrMismatch)
	}
	if err := s.loadTokens(); err != nil {
		return err
	}
	segments, err := s.readSegments(storeID, main, keys)
	if err != nil {
		return err
	}
	o, err := s.replay(segments, keys.generation)
	if err != nil {
		return err
	}
	return s.goOn(segments, o, keys)
}

// readSegments reads the segments from that of main.db on and checks that they, both files and each other belong together.
func (s *Store) readSegments(storeID string, main, keys logMark) ([]loaded, error) {
	numbers, err := s.segmentNumbers()
	if err != nil {
		return nil, err
	}
	var segments []loaded
	for i, n := range numbers {
		if n < main.generation {
			continue // a checkpoint was about to remove it
		}
		raw, err := os.ReadFile(s.path(segmentName(n)))
		if err != nil {
			return nil, fmt.Errorf("read segment: %w", err)
		}
		h, err := decodeLogHeader(raw)
		if err != nil && i == len(numbers)-1 && n > max(main.generation, keys.generation) {
			break // it was being made
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", segmentName(n), err)
		}
		if h.store != storeID || h.generation != n {
			return nil, fmt.Errorf("%s: %w", segmentName(n), ErrMismatch)
		}
		segments = append(segments, loaded{logHeader: h, raw: raw})
	}
	return segments, linked(segments, main, keys)
}

// linked checks that the first segment is that of main.db, that each follows the one before, and that keys.db begins with one of them.
func linked(segments []loaded, main, keys logMark) error {
	if len(segments) == 0 || !segments[0].begins(main) {
		return fmt.Errorf("link segments: %w: the log does not begin where main.db ends", ErrMismatch)
	}
	known := false
	for i, next := range segments {
		known = known || next.begins(keys)
		if i > 0 && (next.generation != segments[i-1].generation+1 || next.previous != segments[i-1].pair) {
			return fmt.Errorf("link segments: %w: %s does not follow", ErrMismatch, segmentName(next.generation))
		}
	}
	if !known {
		return fmt.Errorf("link segments: %w: keys.db is of another moment", ErrMismatch)
	}
	return nil
}

func (l loaded) begins(m logMark) bool {
	return l.generation == m.generation && l.pair == m.pair && l.base == m.seq
}

// replay returns what the segments hold. What keys.db has already is left out: it may be under another file key by now.
func (s *Store) replay(segments []loaded, keysGeneration uint64) (*overlay, error) {
	o := newOverlay()
	for i := range segments {
		l := &segments[i]
		if i > 0 && segments[i-1].end.seq != l.base {
			return nil, fmt.Errorf("read log: %w: %s ends before batch %d", ErrDamaged, segmentName(l.generation-1), l.base)
		}
		chunk := uint32(len(o.chunks))
		o.chunks = append(o.chunks, l.raw)
		var err error
		l.end, err = readRecords(l.raw, l.logHeader, func(record []byte, at int) error {
			return s.replayRecord(o, record, position{chunk, uint32(at)}, l.generation >= keysGeneration)
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", segmentName(l.generation), err)
		}
		if l.end.seq > l.base && l.generation >= keysGeneration && l.fileKey != s.keys.fileKey {
			return nil, fmt.Errorf("%s: %w: sealed under another file key", segmentName(l.generation), ErrMismatch)
		}
	}
	return o, nil
}

func (s *Store) replayRecord(o *overlay, record []byte, from position, withKeys bool) error {
	o.bytes += len(record)
	return readChanges(record, s.seed, func(c change) {
		switch {
		case c.bucket == noBucket:
			row := tokenRow{keyOfToken(c.token), c.remembered}
			o.tokens = append(o.tokens, row)
			s.tokens.add(row)
		case withKeys || !c.bucket.sealed():
			o.put(c.entry(from))
		}
	})
}

// goOn continues in the last segment when nothing has been written to it, else in a new one after a checkpoint of o.
func (s *Store) goOn(segments []loaded, o *overlay, keys logMark) error {
	last := &segments[len(segments)-1]
	s.log = &segment{header: last.logHeader, disk: s.disk, end: int64(last.end.at), seq: last.end.seq}
	if len(segments) == 1 && o.bytes == 0 && !last.end.torn && last.fileKey == s.keys.fileKey && keys.generation == last.generation {
		file, err := os.OpenFile(s.path(segmentName(last.generation)), os.O_RDWR, 0)
		if err != nil {
			return fmt.Errorf("open segment: %w", err)
		}
		s.log.file, s.active = file, newOverlay()
		return errors.Join(s.show(s.keys, nil), s.removeSegments(last.generation), s.removeAfter(last.generation))
	}
	next, err := s.follow(s.keys.fileKey)
	if err != nil {
		return err
	}
	s.log, s.active = next, newOverlay()
	return s.flush(o, next.header)
}

// removeAfter removes a segment that was being made when the process ended.
func (s *Store) removeAfter(generation uint64) error {
	return s.removeSegment(generation + 1)
}

// startLog makes the first segment of a store that is new or was written by a version without a log.
func (s *Store) startLog(storeID string, keys logMark, keysToo bool) error {
	if keysToo && (keys.generation != 1 || keys.seq != 0) {
		return fmt.Errorf("start log: %w: main.db has no mark", ErrMismatch)
	}
	if err := s.removeEmpty(); err != nil {
		return err
	}
	old, err := s.settleOld()
	if err != nil {
		return err
	}
	pair, err := s.newPair()
	if err != nil {
		return err
	}
	s.log, err = s.createSegment(logHeader{store: storeID, pair: pair, generation: 1, fileKey: s.keys.fileKey})
	if err != nil {
		return err
	}
	mark := logMark{generation: 1, pair: pair}
	if err := s.update(s.keys.db, mark.begin); err != nil {
		return fmt.Errorf("mark keys.db: %w", err)
	}
	err = s.update(s.main, func(tx *bolt.Tx) error { return errors.Join(mark.begin(tx), takeTokens(tx, old, s.opts.Now().Unix())) })
	if err != nil {
		return fmt.Errorf("mark main.db: %w", err)
	}
	s.active = newOverlay()
	return errors.Join(s.loadTokens(), s.show(s.keys, nil))
}

// begin sets the mark in a file, which takes it to the present format.
func (m logMark) begin(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	return errors.Join(meta.Put(metaLog, m.encode()), meta.Put(metaFormat, []byte{formatVersion}))
}

// removeEmpty removes the segments that an unfinished start left. They hold nothing; those that do belong to a main.db that is not here.
func (s *Store) removeEmpty() error {
	numbers, err := s.segmentNumbers()
	if err != nil {
		return err
	}
	for _, n := range numbers {
		raw, err := os.ReadFile(s.path(segmentName(n)))
		if err != nil {
			return fmt.Errorf("read segment: %w", err)
		}
		if n != 1 || len(raw) > logHeaderSize {
			return fmt.Errorf("start log: %w: there is a log already", ErrMismatch)
		}
		if err := s.removeSegment(n); err != nil {
			return err
		}
	}
	return nil
}
