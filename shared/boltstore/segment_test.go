package boltstore

import (
	"bytes"
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kexin/shared/store"
)

var aHeader = logHeader{store: strings.Repeat("ab", 16), pair: pairID{1, 2, 3}, previous: pairID{9}, generation: 7, base: 40, fileKey: "key-1"}

// aSegment returns a segment with some records, and where each ends.
func aSegment(t testing.TB, payloads ...string) ([]byte, []int) {
	t.Helper()
	raw, err := aHeader.encode()
	if err != nil {
		t.Fatal(err)
	}
	var ends []int
	for i, payload := range payloads {
		record := append(make([]byte, recordOverhead), payload...)
		sealRecord(record, aHeader.pair, aHeader.base+1+uint64(i))
		raw = append(raw, record...)
		ends = append(ends, len(raw))
	}
	return raw, ends
}

func nothing([]byte, int) error { return nil }

// TestTornTail: cut anywhere, or with zeros from there on, a segment has the records that are whole, and says so.
func TestTornTail(t *testing.T) {
	raw, ends := aSegment(t, "one", strings.Repeat("two", 30), recordMagic+"three")
	for cut := logHeaderSize; cut <= len(raw); cut++ {
		zeros := append(bytes.Clone(raw[:cut]), make([]byte, 100)...)
		for _, torn := range [][]byte{raw[:cut], zeros} {
			whole := 0
			for whole < len(ends) && ends[whole] <= cut {
				whole++
			}
			n := 0
			end, err := readRecords(torn, aHeader, func([]byte, int) error { n++; return nil })
			if err != nil || n != whole || end.seq != aHeader.base+uint64(whole) {
				t.Fatalf("cut at %d: %d records up to %d, %v, want %d", cut, n, end.seq, err, whole)
			}
			clean := cut == logHeaderSize || whole > 0 && cut == ends[whole-1]
			if end.torn == clean {
				t.Fatalf("cut at %d: torn %t", cut, end.torn)
			}
		}
	}
}

// TestDamagedRecord: a byte that changed in a record that another follows is damage; in the last it cannot be told from a torn one.
func TestDamagedRecord(t *testing.T) {
	raw, ends := aSegment(t, "one", "two", "three")
	for at := logHeaderSize; at < len(raw); at++ {
		altered := bytes.Clone(raw)
		altered[at] ^= 0x40
		n := 0
		end, err := readRecords(altered, aHeader, func([]byte, int) error { n++; return nil })
		if at < ends[1] {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d: %d records, %v", at, n, err)
			}
		} else if err != nil || n != 2 || !end.torn {
			t.Errorf("byte %d of the last record: %d records, torn %t, %v", at, n, end.torn, err)
		}
	}
	for at := range logHeaderSize {
		altered := bytes.Clone(raw)
		altered[at] ^= 0x40
		if _, err := decodeLogHeader(altered); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d of the header: %v", at, err)
		}
	}
}

// TestRecordsOfAnotherSegment: records do not count in a segment with another pair, and none may be left out, doubled or exchanged.
func TestRecordsOfAnotherSegment(t *testing.T) {
	raw, ends := aSegment(t, "one", "two", "three")
	other := aHeader
	other.pair[15] ^= 1
	if end, err := readRecords(raw, other, nothing); err != nil || end.seq != aHeader.base {
		t.Errorf("under another pair: records up to %d, %v", end.seq, err)
	}
	parts := [][]byte{raw[:logHeaderSize], raw[logHeaderSize:ends[0]], raw[ends[0]:ends[1]], raw[ends[1]:]}
	for name, order := range map[string][]int{"left out": {0, 1, 3}, "first left out": {0, 2, 3}, "doubled": {0, 1, 1, 2}, "exchanged": {0, 2, 1, 3}} {
		var mixed []byte
		for _, part := range order {
			mixed = append(mixed, parts[part]...)
		}
		if _, err := readRecords(mixed, aHeader, nothing); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzLog: whatever lies in a segment, reading it ends with whole records or ErrDamaged.
func FuzzLog(f *testing.F) {
	raw, _ := aSegment(f, "one", "\x11\x03a\x00b\x01v\x24\x01r", strings.Repeat("x", 300))
	f.Add(raw, 0, byte(0))
	f.Add(raw, 300, byte(1))
	f.Add(raw[:280], 260, byte(0xff))
	seed := maphash.MakeSeed()
	f.Fuzz(func(t *testing.T, raw []byte, at int, flip byte) {
		raw = bytes.Clone(raw)
		if at >= 0 && at < len(raw) {
			raw[at] ^= flip
		}
		h, err := decodeLogHeader(raw)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("header: %v", err)
			}
			return
		}
		end, err := readRecords(raw, h, func(record []byte, _ int) error {
			if err := readChanges(record, seed, func(change) {}); err != nil && !errors.Is(err, ErrDamaged) {
				t.Errorf("changes: %v", err)
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrDamaged) || end.at > len(raw) {
			t.Errorf("ends at %d of %d, %v", end.at, len(raw), err)
		}
	})
}

// FuzzChanges: a payload that is read is read to its end, within its bounds.
func FuzzChanges(f *testing.F) {
	f.Add([]byte("\x11\x03a\x00b\x01v\x24\x01r"))
	f.Add(appendToken([]byte("\x10\x01a\x00"), "token", remembered{at: 1}))
	f.Add([]byte{tagPut + byte(buckets), 1, 'a', 0})
	seed := maphash.MakeSeed()
	f.Fuzz(func(t *testing.T, payload []byte) {
		record := append(make([]byte, recordOverhead), payload...)
		var again []byte
		err := readChanges(record, seed, func(c change) { again = appendAgain(again, record, c) })
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("error %v", err)
		}
		if err == nil && !bytes.Equal(again, payload) {
			t.Errorf("%x is read as %x", payload, again)
		}
	})
}

func appendAgain(out, record []byte, c change) []byte {
	if c.bucket == noBucket {
		return appendToken(out, c.token, c.remembered)
	}
	row := record[c.row : c.row+c.rowSize]
	if c.size == gone {
		out, _ = appendDeletion(out, c.bucket, row)
		return out
	}
	out, _ = appendChange(out, c.bucket, row, int(c.size))
	return append(out, record[c.value:c.value+c.size]...)
}

// crashed returns a directory with a log of n records, and the path of its segment.
func crashed(t *testing.T, n int) (dir, path string) {
	t.Helper()
	r := newReopened(t)
	for i := range n {
		mustWrite(t, r, store.PutIf(row(store.Keys, "P", int64(i+1), "x"), equalOrAbsent(int64(i))),
			store.PutIf(row(store.Records, "P", int64(i+1), "x"), equalOrAbsent(int64(i))))
	}
	dir = t.TempDir()
	copyStore(t, r, dir)
	return dir, logOf(t, dir)[0]
}

// TestOpenCutsTheTail: a store whose last record is torn opens without it; one whose log is damaged before that does not open.
func TestOpenCutsTheTail(t *testing.T) {
	t.Parallel()
	dir, path := crashed(t, 3)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := decodeLogHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	starts := []int{}
	end, err := readRecords(raw, h, func(_ []byte, at int) error { starts = append(starts, at); return nil })
	if err != nil || len(starts) != 3 {
		t.Fatalf("%d records, %v", len(starts), err)
	}
	step := (end.at - logHeaderSize) / 10
	if os.Getenv("KEXIN_FULL") == "1" {
		step = 1
	}
	for cut := logHeaderSize; cut < end.at; cut += step {
		want := int64(0)
		for i := range starts[:2] {
			if cut >= starts[i+1] {
				want = int64(i + 1)
			}
		}
		opened := t.TempDir()
		copyDir(t, opened, dir)
		if err := os.WriteFile(filepath.Join(opened, filepath.Base(path)), raw[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, opened)
		if head, card := version(t, s, row(store.Keys, "P", 0, "").Key), version(t, s, row(store.Records, "P", 0, "").Key); head != want || card != want {
			t.Errorf("cut at %d: versions %d and %d, want %d", cut, head, card, want)
		}
		mustWrite(t, s, store.PutIf(row(store.Keys, "Q", 1, "x"), store.IfAbsent()))
	}
	raw[starts[1]+recordOverhead+3] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAt(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("damaged in the middle: %v", err)
	}
}

// TestCrashedRecovery: a start that ends in the middle of its recovery is finished by the next, also when the tail was torn.
func TestCrashedRecovery(t *testing.T) {
	t.Parallel()
	for _, torn := range []bool{false, true} {
		dir, path := crashed(t, 3)
		if torn {
			loseLastRecord(t, path)
		}
		whole := t.TempDir()
		copyDir(t, whole, dir)
		counting := &faultyDisk{dir: whole}
		reopenWith(t, counting)
		for at := 1; at <= len(counting.steps); at++ {
			for _, image := range []string{"", t.TempDir()} {
				d := &faultyDisk{dir: t.TempDir(), at: at, image: image}
				copyDir(t, d.dir, dir)
				reopenWith(t, d)
				if image == "" {
					image = d.dir
				}
				s, err := openAt(image)
				if err != nil {
					t.Errorf("torn %t, step %s: %v", torn, counting.steps[at-1], err)
					continue
				}
				want := map[bool]int64{false: 3, true: 2}[torn]
				if head, card := version(t, s, row(store.Keys, "P", 0, "").Key), version(t, s, row(store.Records, "P", 0, "").Key); head != want || card != want {
					t.Errorf("torn %t, step %s: versions %d and %d", torn, counting.steps[at-1], head, card)
				}
				if left := logOf(t, image); len(left) != 1 {
					t.Errorf("torn %t, step %s: segments left: %v", torn, counting.steps[at-1], left)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// reopenWith opens and closes a store, whatever fails.
func reopenWith(t *testing.T, d *faultyDisk) {
	t.Helper()
	s, err := Open(d.dir, Options{FileKeys: newDirFileKeys(filepath.Join(d.dir, "filekeys")), watch: d.watch})
	if err == nil {
		_ = s.Close()
	}
}
