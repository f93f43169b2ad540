package rows

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// Appender is a body that writes its own encoding, because it is written at every act: the bytes that the generic coder would write,
// which a test compares.
type Appender interface {
	// AppendCBOR appends the value in deterministic CBOR.
	AppendCBOR(dst []byte) []byte
}

// reader is a body that reads the encoding that AppendCBOR writes. It may refuse what it does not expect: Decode then asks the generic
// coder, which decides.
type reader interface {
	readCBOR(in *cborReader)
}

// Major types and simple values of CBOR (RFC 8949).
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	cborFalse  = 0xf4
	cborTrue   = 0xf5
	cborNull   = 0xf6
)

func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n < 1<<8:
		return append(dst, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(dst, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// AppendArray appends the head of an array, or of a struct, of n members.
func AppendArray(dst []byte, n int) []byte { return appendHead(dst, majorArray, uint64(n)) }

// AppendInt appends an integer.
func AppendInt(dst []byte, n int64) []byte {
	if n < 0 {
		return appendHead(dst, majorNeg, uint64(-(n + 1)))
	}
	return appendHead(dst, majorUint, uint64(n))
}

// AppendText appends a text.
func AppendText[T ~string](dst []byte, text T) []byte {
	return append(appendHead(dst, majorText, uint64(len(text))), text...)
}

// AppendBytes appends bytes, null for nil.
func AppendBytes(dst, data []byte) []byte {
	if data == nil {
		return append(dst, cborNull)
	}
	return append(appendHead(dst, majorBytes, uint64(len(data))), data...)
}

// AppendBool appends a truth value.
func AppendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, cborTrue)
	}
	return append(dst, cborFalse)
}

// AppendList appends a list by each, null for nil.
func AppendList[T any](dst []byte, list []T, each func([]byte, *T) []byte) []byte {
	if list == nil {
		return append(dst, cborNull)
	}
	dst = AppendArray(dst, len(list))
	for i := range list {
		dst = each(dst, &list[i])
	}
	return dst
}

// appendMap appends a map in order of its keys, null for nil.
func appendMap[K ~string, V any](dst []byte, m map[K]V, each func([]byte, V) []byte) []byte {
	if m == nil {
		return append(dst, cborNull)
	}
	var room [8]K
	keys := room[:0]
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	dst = appendHead(dst, majorMap, uint64(len(keys)))
	for _, key := range keys {
		dst = each(AppendText(dst, key), m[key])
	}
	return dst
}

// cborReader reads what Append* wrote: shortest heads, definite lengths. bad is set by anything else. Texts share the memory of one copy
// of the body, bytes that of another.
type cborReader struct {
	text string
	data []byte
	at   int
	bad  bool
}

func newReader(body []byte) *cborReader {
	return &cborReader{text: string(body), data: bytes.Clone(body)}
}

// done reports whether everything was read as expected.
func (r *cborReader) done() bool { return !r.bad && r.at == len(r.text) }

// null reports whether null is next, and reads it.
func (r *cborReader) null() bool {
	if r.at < len(r.text) && r.text[r.at] == cborNull {
		r.at++
		return true
	}
	return false
}

// head reads a head of the major type and returns its number.
func (r *cborReader) head(major byte) uint64 {
	if r.bad || r.at >= len(r.text) || r.text[r.at]&0xe0 != major {
		r.bad = true
		return 0
	}
	short := r.text[r.at] & 0x1f
	r.at++
	if short < 24 {
		return uint64(short)
	}
	size := 1 << (short - 24)
	if short > 27 || len(r.text)-r.at < size {
		r.bad = true
		return 0
	}
	var n uint64
	for range size {
		n = n<<8 | uint64(r.text[r.at])
		r.at++
	}
	least := [...]uint64{24, 1 << 8, 1 << 16, 1 << 32}[short-24]
	r.bad = n < least
	return n
}

// count reads the number of members of an array or map; there cannot be more than bytes left.
func (r *cborReader) count(major byte) int {
	n := r.head(major)
	if n > uint64(len(r.text)-r.at) {
		r.bad = true
		return 0
	}
	return int(n)
}

// fields reads the head of a struct of n members.
func (r *cborReader) fields(n int) {
	if r.count(majorArray) != n {
		r.bad = true
	}
}

func (r *cborReader) int() int64 {
	if r.at < len(r.text) && r.text[r.at]&0xe0 == majorNeg {
		n := r.head(majorNeg)
		r.bad = r.bad || n > 1<<63-1
		return -int64(n&(1<<63-1)) - 1
	}
	n := r.head(majorUint)
	r.bad = r.bad || n > 1<<63-1
	return int64(n & (1<<63 - 1))
}

// span reads the head of bytes or text and returns where they lie.
func (r *cborReader) span(major byte) (from, to int) {
	n := r.count(major)
	from = r.at
	r.at += n
	return from, r.at
}

func (r *cborReader) bytes() []byte {
	if r.null() {
		return nil
	}
	from, to := r.span(majorBytes)
	return r.data[from:to:to]
}

func (r *cborReader) bool() bool {
	if r.bad || r.at >= len(r.text) || r.text[r.at] != cborFalse && r.text[r.at] != cborTrue {
		r.bad = true
		return false
	}
	r.at++
	return r.text[r.at-1] == cborTrue
}

func (r *cborReader) array(into []byte) {
	from, to := r.span(majorBytes)
	r.bad = r.bad || to-from != len(into)
	copy(into, r.text[from:to])
}

func readText[T ~string](r *cborReader) T {
	from, to := r.span(majorText)
	return T(r.text[from:to])
}

func readList[T any](r *cborReader, each func(*cborReader, *T)) []T {
	if r.null() {
		return nil
	}
	n := r.count(majorArray)
	if r.bad {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		if each(r, &list[i]); r.bad {
			return nil
		}
	}
	return list
}

func readMap[K ~string, V any](r *cborReader, each func(*cborReader) V) map[K]V {
	if r.null() {
		return nil
	}
	n := r.count(majorMap)
	if r.bad {
		return nil
	}
	m := make(map[K]V, n)
	var before K
	for i := range n {
		key := readText[K](r)
		r.bad = r.bad || i > 0 && key <= before
		if m[key] = each(r); r.bad {
			return nil
		}
		before = key
	}
	return m
}
