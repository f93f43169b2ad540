package boltstore

import (
	"encoding/binary"
	"fmt"
	"slices"

	"kexin/shared/store"
)

// An item's value is
//
//	0      1           …                                                    end
//	+------+-----------+-------------------------------------------+--------+
//	| 0x01 | uvarint n | n × { uvarint length, name, value }       | body   |
//	+------+-----------+-------------------------------------------+--------+
//	value: 0x00, uvarint length, bytes of a string | 0x01, varint of an integer
//
// Names ascend strictly and lengths take their shortest form, so an item has one encoding. In main.db this is the value itself; in
// keys.db it is sealed (sealer).
const itemVersion = 1

const (
	kindStr = 0
	kindInt = 1
)

// mostAttrs is how many attributes the contract names.
const mostAttrs = 9

func encodeItem(item store.Item) []byte { return appendItem(nil, item) }

// appendItem appends the encoding of item to out.
func appendItem(out []byte, item store.Item) []byte {
	var room [mostAttrs]string
	names := room[:0]
	for name := range item.Attrs {
		names = append(names, name)
	}
	slices.Sort(names)
	out = append(out, itemVersion)
	out = binary.AppendUvarint(out, uint64(len(names)))
	for _, name := range names {
		out = appendText(out, name)
		out = appendAttr(out, item.Attrs[name])
	}
	return append(out, item.Body...)
}

func appendText(out []byte, text string) []byte {
	out = binary.AppendUvarint(out, uint64(len(text)))
	return append(out, text...)
}

func appendAttr(out []byte, attr store.Attr) []byte {
	if attr.IsInt {
		return binary.AppendVarint(append(out, kindInt), attr.Int)
	}
	return appendText(append(out, kindStr), attr.Str)
}

// decodeItem returns the attributes and the body of value. The body shares the memory of value.
func decodeItem(value []byte) (map[string]store.Attr, []byte, error) {
	d := decoder{rest: value}
	if d.byte() != itemVersion {
		return nil, nil, fmt.Errorf("decode item: %w", ErrDamaged)
	}
	n := d.uvarint()
	var attrs map[string]store.Attr
	last := ""
	for i := uint64(0); i < n && !d.bad; i++ {
		name := attrName(d.bytes())
		if i > 0 && name <= last {
			d.bad = true
		}
		if attrs == nil {
			attrs = make(map[string]store.Attr, min(n, mostAttrs))
		}
		attrs[name], last = d.attr(), name
	}
	if d.bad {
		return nil, nil, fmt.Errorf("decode item: %w", ErrDamaged)
	}
	return attrs, d.rest, nil
}

// attrName returns the text of a name; the names of the contract need no memory of their own.
func attrName(raw []byte) string {
	switch string(raw) {
	case store.AttrVersion:
		return store.AttrVersion
	case store.AttrDeadline:
		return store.AttrDeadline
	case store.AttrHolds:
		return store.AttrHolds
	case store.AttrState:
		return store.AttrState
	case store.AttrDepartment:
		return store.AttrDepartment
	case store.AttrOwner:
		return store.AttrOwner
	case store.AttrCustomer:
		return store.AttrCustomer
	case store.AttrTime:
		return store.AttrTime
	}
	return string(raw)
}

// decoder takes values off rest; after the first that is not there or not in its shortest form, bad is set and all answers are zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) byte() byte {
	if d.bad || len(d.rest) == 0 {
		d.bad = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	return d.took(v, n)
}

// took checks that a varint of n bytes was there and ended without a padding zero byte.
func (d *decoder) took(v uint64, n int) uint64 {
	if d.bad || n <= 0 || n > 1 && d.rest[n-1] == 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.took(0, n)
	return v
}

func (d *decoder) bytes() []byte {
	size := d.uvarint()
	if d.bad || size > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	b := d.rest[:size]
	d.rest = d.rest[size:]
	return b
}

func (d *decoder) attr() store.Attr {
	switch d.byte() {
	case kindStr:
		return store.S(string(d.bytes()))
	case kindInt:
		return store.N(d.varint())
	}
	d.bad = true
	return store.Attr{}
}
