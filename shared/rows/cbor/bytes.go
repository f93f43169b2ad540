package cbor

import (
	"encoding/binary"
	"math"
	"reflect"
)

// Major types of RFC 8949, in the upper three bits of the first byte, and the simple values.
const (
	positive = 0 << 5
	negative = 1 << 5
	blobs    = 2 << 5
	texts    = 3 << 5
	arrays   = 4 << 5
	maps     = 5 << 5

	no   = 0xf4
	yes  = 0xf5
	null = 0xf6
)

// Arguments below short stand in the first byte itself; above it, that byte says how many follow.
const short = 24

// head appends the first byte of a major type and its argument, as short as can be.
func head(b []byte, major byte, n uint64) []byte {
	switch {
	case n < short:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|short, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|(short+1)), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|(short+2)), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|(short+3)), n)
}

func text(b []byte, s string) []byte { return append(head(b, texts, uint64(len(s))), s...) }

func writeBool(b []byte, v reflect.Value) ([]byte, error) {
	if v.Bool() {
		return append(b, yes), nil
	}
	return append(b, no), nil
}

func writeString(b []byte, v reflect.Value) ([]byte, error) { return text(b, v.String()), nil }

func writeInt(b []byte, v reflect.Value) ([]byte, error) {
	if n := v.Int(); n < 0 {
		return head(b, negative, uint64(-1-n)), nil
	}
	return head(b, positive, uint64(v.Int())), nil
}

func writeUint(b []byte, v reflect.Value) ([]byte, error) { return head(b, positive, v.Uint()), nil }

func writeBytes(b []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(b, null), nil
	}
	return append(head(b, blobs, uint64(v.Len())), v.Bytes()...), nil
}

// writeBlock writes an array of bytes, which need not be addressable.
func writeBlock(b []byte, v reflect.Value) ([]byte, error) {
	b = head(b, blobs, uint64(v.Len()))
	if v.CanAddr() {
		return append(b, v.Bytes()...), nil
	}
	at := len(b)
	b = append(b, make([]byte, v.Len())...)
	reflect.Copy(reflect.ValueOf(b[at:]), v)
	return b, nil
}

func readBlock(r *reader, v reflect.Value) error {
	piece, isNull, err := r.piece(blobs)
	if err != nil || isNull || len(piece) != v.Len() {
		return ErrForm
	}
	reflect.Copy(v, reflect.ValueOf(piece))
	return nil
}

func writeAny(b []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(b, null), nil
	}
	return Append(b, v.Elem().Interface())
}

// reader takes values off the front of data.
type reader struct{ data []byte }

// take reads the first byte of a value, of which it returns the major type, and its argument. Simple values have themselves as argument.
func (r *reader) take() (major byte, n uint64, err error) {
	if len(r.data) == 0 {
		return 0, 0, ErrForm
	}
	first := r.data[0]
	major, low := first&0xe0, first&0x1f
	if major == 7<<5 {
		r.data = r.data[1:]
		return major, uint64(first), formUnless(first == no || first == yes || first == null)
	}
	if low < short {
		r.data = r.data[1:]
		return major, uint64(low), nil
	}
	return r.takeLong(major, low)
}

// takeLong reads an argument of several bytes and refuses one that has a shorter form.
func (r *reader) takeLong(major, low byte) (byte, uint64, error) {
	if low > short+3 {
		return 0, 0, ErrForm
	}
	size := 1 << (low - short)
	if len(r.data) < 1+size {
		return 0, 0, ErrForm
	}
	n := uint64(0)
	for _, b := range r.data[1 : 1+size] {
		n = n<<8 | uint64(b)
	}
	least := []uint64{short, math.MaxUint8 + 1, math.MaxUint16 + 1, math.MaxUint32 + 1}[low-short]
	r.data = r.data[1+size:]
	return major, n, formUnless(n >= least)
}

// length reads the head of an array or map of at most as many members as there are bytes left.
func (r *reader) length(want byte) (n int, isNull bool, err error) {
	major, size, err := r.take()
	switch {
	case err != nil:
		return 0, false, err
	case major == 7<<5 && size == null:
		return 0, true, nil
	case major != want || size > uint64(len(r.data)):
		return 0, false, ErrForm
	}
	return int(size), false, nil
}

// piece reads what follows the head of a text or of bytes. It is part of the data and not a copy.
func (r *reader) piece(want byte) (piece []byte, isNull bool, err error) {
	n, isNull, err := r.length(want)
	if err != nil || isNull {
		return nil, isNull, err
	}
	piece, r.data = r.data[:n:n], r.data[n:]
	return piece, false, nil
}

func (r *reader) text() (string, error) {
	piece, isNull, err := r.piece(texts)
	if err == nil && isNull {
		err = ErrForm
	}
	return string(piece), err
}

func readString(r *reader, v reflect.Value) error {
	piece, _, err := r.piece(texts)
	v.SetString(string(piece))
	return err
}

func readBytes(r *reader, v reflect.Value) error {
	piece, isNull, err := r.piece(blobs)
	if err != nil || isNull {
		v.SetZero()
		return err
	}
	v.SetBytes(append(make([]byte, 0, len(piece)), piece...))
	return nil
}

func readBool(r *reader, v reflect.Value) error {
	major, n, err := r.take()
	if err != nil || major != 7<<5 {
		return ErrForm
	}
	v.SetBool(n == yes)
	return nil
}

func readInt(r *reader, v reflect.Value) error {
	major, n, err := r.take()
	switch {
	case err != nil:
		return err
	case major == 7<<5 && n == null:
		v.SetInt(0)
		return nil
	case major != positive && major != negative || n > math.MaxInt64:
		return ErrForm
	}
	value := int64(n)
	if major == negative {
		value = -1 - value
	}
	if v.OverflowInt(value) {
		return ErrForm
	}
	v.SetInt(value)
	return nil
}

func readUint(r *reader, v reflect.Value) error {
	major, n, err := r.take()
	switch {
	case err != nil:
		return err
	case major == 7<<5 && n == null:
		v.SetUint(0)
		return nil
	case major != positive || v.OverflowUint(n):
		return ErrForm
	}
	v.SetUint(n)
	return nil
}
