package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The log is a row of segments, one file each, numbered by generation: log-00000001, log-00000002 … A segment is a header and records
// without gaps; numbers are big endian.
//
//	header, 256 bytes
//	offset  bytes
//	     0      6  "KXNLOG"
//	     6      1  version: 1
//	     7      1  n, length of the file key's id
//	     8     32  id of the store
//	    40     16  pair: random, repeated by main.db and keys.db when they begin with this segment
//	    56     16  pair of the segment before; zeros in the first
//	    72      8  generation
//	    80      8  base: sequence number of the last batch before this segment
//	    88      n  id of the file key under which values of keys and inbox are sealed
//	   252      4  CRC-32C of bytes 0 … 251; what lies between is zero
//
//	record: one batch
//	     0      4  "KXRB"
//	     4      4  length of the payload
//	     8      8  sequence number: that of the record before plus one; base plus one in the first
//	    16      4  CRC-32C of the payload
//	    20      4  CRC-32C of pair and bytes 0 … 19
//	    24         payload: changes (change.go)
//
// Behind the last record lie zeros that were reserved, or nothing. What else lies there was being written when the process ended: it is
// no longer than one record, because the next is written when the last is on stable storage.
const (
	logPrefix      = "log-"
	logMagic       = "KXNLOG"
	logVersion     = 1
	logHeaderSize  = 256
	maxFileKeyID   = 252 - 88
	storeIDSize    = 32
	recordMagic    = "KXRB"
	recordOverhead = 24
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type pairID [16]byte

type logHeader struct {
	store            string
	pair, previous   pairID
	generation, base uint64
	fileKey          string
}

func (h logHeader) encode() ([]byte, error) {
	if len(h.store) != storeIDSize || len(h.fileKey) > maxFileKeyID {
		return nil, fmt.Errorf("make segment: %w: id of %d and %d bytes", ErrDamaged, len(h.store), len(h.fileKey))
	}
	out := make([]byte, logHeaderSize)
	copy(out, logMagic)
	out[6], out[7] = logVersion, byte(len(h.fileKey))
	copy(out[8:], h.store)
	copy(out[40:], h.pair[:])
	copy(out[56:], h.previous[:])
	binary.BigEndian.PutUint64(out[72:], h.generation)
	binary.BigEndian.PutUint64(out[80:], h.base)
	copy(out[88:], h.fileKey)
	binary.BigEndian.PutUint32(out[252:], crc32.Checksum(out[:252], castagnoli))
	return out, nil
}

// decodeLogHeader returns the header of a segment. Only what encode makes is taken.
func decodeLogHeader(raw []byte) (logHeader, error) {
	damaged := fmt.Errorf("read header of segment: %w", ErrDamaged)
	if len(raw) < logHeaderSize || int(raw[7]) > maxFileKeyID {
		return logHeader{}, damaged
	}
	h := logHeader{store: string(raw[8:40]), pair: pairID(raw[40:56]), previous: pairID(raw[56:72]),
		generation: binary.BigEndian.Uint64(raw[72:]), base: binary.BigEndian.Uint64(raw[80:]), fileKey: string(raw[88 : 88+int(raw[7])])}
	if again, err := h.encode(); err != nil || !bytes.Equal(again, raw[:logHeaderSize]) {
		return logHeader{}, damaged
	}
	return h, nil
}

func recordSum(pair pairID, head []byte) uint32 {
	return crc32.Update(crc32.Checksum(pair[:], castagnoli), castagnoli, head[:20])
}

// sealRecord fills the first recordOverhead bytes of record, whose rest is the payload.
func sealRecord(record []byte, pair pairID, seq uint64) {
	payload := record[recordOverhead:]
	copy(record, recordMagic)
	binary.BigEndian.PutUint32(record[4:], uint32(len(payload)))
	binary.BigEndian.PutUint64(record[8:], seq)
	binary.BigEndian.PutUint32(record[16:], crc32.Checksum(payload, castagnoli))
	binary.BigEndian.PutUint32(record[20:], recordSum(pair, record))
}

// recordHead is the head of the record at raw, if one is there.
func recordHead(raw []byte, pair pairID) (seq uint64, size int, ok bool) {
	if len(raw) < recordOverhead || string(raw[:4]) != recordMagic || binary.BigEndian.Uint32(raw[20:]) != recordSum(pair, raw) {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(raw[8:]), int(binary.BigEndian.Uint32(raw[4:])), true
}

// logEnd is how the records of a segment end.
type logEnd struct {
	seq  uint64 // of the last whole record, base when there is none
	at   int    // where it ends
	torn bool   // something that is no whole record follows
}

// readRecords calls visit for each whole record of a segment with its position. A record that is not whole ends the log, unless another
// follows it: then what was once on stable storage has changed, which is ErrDamaged.
func readRecords(raw []byte, h logHeader, visit func(record []byte, at int) error) (logEnd, error) {
	end := logEnd{seq: h.base, at: logHeaderSize}
	for end.at < len(raw) {
		seq, size, ok := recordHead(raw[end.at:], h.pair)
		if ok && seq != end.seq+1 {
			return end, fmt.Errorf("read log: %w: record %d after %d", ErrDamaged, seq, end.seq)
		}
		if !ok || size > len(raw)-end.at-recordOverhead {
			break
		}
		record := raw[end.at : end.at+recordOverhead+size]
		if crc32.Checksum(record[recordOverhead:], castagnoli) != binary.BigEndian.Uint32(record[16:]) {
			break
		}
		if err := visit(record, end.at); err != nil {
			return end, err
		}
		end.seq, end.at = seq, end.at+len(record)
	}
	return end, end.lookBehind(raw[end.at:], h)
}

// lookBehind looks at what lies behind the last whole record.
func (end *logEnd) lookBehind(rest []byte, h logHeader) error {
	end.torn = len(bytes.TrimLeft(rest, "\x00")) > 0
	for at := 0; ; at++ {
		next := bytes.Index(rest[at:], []byte(recordMagic))
		if next < 0 {
			return nil
		}
		at += next
		if seq, _, ok := recordHead(rest[at:], h.pair); ok && (at > 0 || seq != end.seq+1) {
			return fmt.Errorf("read log: %w: record %d is not whole and %d follows", ErrDamaged, end.seq+1, seq)
		}
	}
}

// segment is the file that batches are appended to. The writer's.
type segment struct {
	header   logHeader
	file     *os.File
	disk     *disk
	end      int64  // where the next record goes
	reserved int64  // up to where the file has blocks
	seq      uint64 // of the last record
}

func segmentName(generation uint64) string { return fmt.Sprintf("%s%08d", logPrefix, generation) }

// segmentNumbers returns the generations of the segments in the directory, ascending.
func (s *Store) segmentNumbers() ([]uint64, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var found []uint64
	for _, entry := range entries {
		digits, ok := strings.CutPrefix(entry.Name(), logPrefix)
		n, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil && entry.Name() == segmentName(n) {
			found = append(found, n)
		}
	}
	return found, nil // ReadDir sorts by name; names of one width sort by number
}

// createSegment makes the segment that header describes, on stable storage.
func (s *Store) createSegment(h logHeader) (*segment, error) {
	head, err := h.encode()
	if err != nil {
		return nil, err
	}
	name := segmentName(h.generation)
	g := &segment{header: h, disk: s.disk, end: logHeaderSize, seq: h.base}
	err = s.disk.do("create "+name, func() error {
		g.file, err = os.OpenFile(s.path(name), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("create segment: %w", errors.Join(err, g.close()))
	}
	for _, step := range []struct {
		name string
		act  func() error
	}{
		{"write head of " + name, func() error { _, err := g.file.WriteAt(head, 0); return err }},
		{"sync " + name, g.file.Sync},
		{"sync directory", func() error { return syncDir(s.dir) }},
	} {
		if err := s.disk.do(step.name, step.act); err != nil {
			return nil, fmt.Errorf("create segment: %w", errors.Join(err, g.close()))
		}
	}
	return g, nil
}

func (g *segment) close() error {
	if g == nil || g.file == nil {
		return nil
	}
	return g.file.Close()
}

// append writes a record and forces it to stable storage.
func (g *segment) append(record []byte) error {
	name := filepath.Base(g.file.Name())
	g.reserve(int64(len(record)))
	err := g.disk.do("append to "+name, func() error {
		_, err := g.file.WriteAt(record, g.end)
		return err
	})
	if err != nil {
		return fmt.Errorf("append to log: %w", err)
	}
	if err := g.disk.do("sync "+name, func() error { return syncData(g.file) }); err != nil {
		return fmt.Errorf("sync log: %w", err)
	}
	g.end += int64(len(record))
	g.seq++
	return nil
}

// Bounds of what is reserved at once: little for a store that is hardly used, and a long run of blocks for a busy one, so that appending
// seldom changes the file's metadata.
const (
	reserveLeast = 256 << 10
	reserveMost  = 16 << 20
)

// reserve lets the file have blocks for n more bytes. Where that cannot be done the file grows by writing, more slowly.
func (g *segment) reserve(n int64) {
	if g.end+n <= g.reserved {
		return
	}
	step := min(max(reserveLeast, g.end), reserveMost)
	if allocate(g.file, g.reserved, g.end+n+step-g.reserved) == nil {
		g.reserved = g.end + n + step
	}
}

// removeSegment removes a segment that nothing needs any more.
func (s *Store) removeSegment(generation uint64) error {
	name := segmentName(generation)
	err := s.disk.do("remove "+name, func() error { return os.Remove(s.path(name)) })
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove segment: %w", err)
	}
	return nil
}
