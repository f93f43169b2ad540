package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"kexin/shared/store"
)

// Each table is a bucket of its file. A row's key is PK, 0x00, SK; parts of keys hold no zero byte (store.CheckKey), so rows of one
// partition lie together in the order of their sort keys.
//
// Each index is a bucket of main.db whose rows are keys without values:
//
//	partition, 0x00, order, PK, 0x00, SK     order: text and 0x00, or eight bytes, big endian, sign bit inverted

func rowKey(key store.Key) []byte { return appendRow(make([]byte, 0, len(key.PK)+1+len(key.SK)), key) }

func appendRow(out []byte, key store.Key) []byte {
	out = append(append(out, key.PK...), 0)
	return append(out, key.SK...)
}

func parseRowKey(table store.Table, row []byte) (store.Key, error) {
	pk, sk, ok := bytes.Cut(row, []byte{0})
	if !ok {
		return store.Key{}, fmt.Errorf("parse row key: %w", ErrDamaged)
	}
	return store.Key{Table: table, PK: string(pk), SK: string(sk)}, nil
}

func indexName(index store.Index) []byte { return []byte("index:" + string(index)) }

// indexOver returns the index over a table that has one.
func indexOver(table store.Table) store.Index {
	if table == store.Audit {
		return store.ByCustomer
	}
	return store.ByDepartment
}

// indexKey returns the row of index for an item with attrs, or nil when the index does not list it.
func indexKey(index store.Index, item store.Item) []byte {
	_, partition, order := store.IndexAttrs(index)
	p, hasPartition := item.Attrs[partition]
	o, hasOrder := item.Attrs[order]
	if !hasPartition || !hasOrder {
		return nil
	}
	out := make([]byte, 0, len(p.Str)+len(o.Str)+len(item.Key.PK)+len(item.Key.SK)+16)
	out = append(append(out, p.Str...), 0)
	out = appendOrder(out, o)
	if !o.IsInt {
		out = append(out, 0)
	}
	return appendRow(out, item.Key)
}

// appendOrder appends an order attribute such that bytes sort as values do.
func appendOrder(out []byte, order store.Attr) []byte {
	if order.IsInt {
		return binary.BigEndian.AppendUint64(out, uint64(order.Int)^(1<<63))
	}
	return append(out, order.Str...)
}

func parseIndexKey(index store.Index, row []byte) (store.Item, error) {
	table, partition, order := store.IndexAttrs(index)
	p, rest, ok := bytes.Cut(row, []byte{0})
	var o store.Attr
	if store.IndexOrderIsInt(index) && len(rest) >= 8 {
		o, rest = store.N(int64(binary.BigEndian.Uint64(rest)^(1<<63))), rest[8:]
	} else {
		var text []byte
		text, rest, _ = bytes.Cut(rest, []byte{0})
		o = store.S(string(text))
	}
	key, err := parseRowKey(table, rest)
	if !ok || err != nil {
		return store.Item{}, fmt.Errorf("parse row of index: %w", ErrDamaged)
	}
	return store.Item{Key: key, Attrs: map[string]store.Attr{partition: store.S(string(p)), order: o}}, nil
}

// span is a range of rows: from ≤ row < before.
type span struct{ from, before []byte }

func (rows span) holds(row []byte) bool {
	return bytes.Compare(row, rows.from) >= 0 && bytes.Compare(row, rows.before) < 0
}

// querySpan returns the rows that q asks for, before its cursor.
func querySpan(q store.Query) (span, error) {
	prefix := append([]byte(q.PK), 0)
	from, err := bound(q, q.From)
	if err != nil {
		return span{}, err
	}
	before, err := bound(q, q.Before)
	if err != nil {
		return span{}, err
	}
	rows := span{append(bytes.Clone(prefix), from...), append(bytes.Clone(prefix), before...)}
	if q.Before == "" {
		rows.before[len(prefix)-1] = 1
	}
	return rows, nil
}

// bound returns the bytes of a bound of q: a sort key, or the order attribute of an index.
func bound(q store.Query, text string) ([]byte, error) {
	if text == "" || q.Index == "" || !store.IndexOrderIsInt(q.Index) {
		return []byte(text), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: bound is no integer", store.ErrMalformed)
	}
	return appendOrder(nil, store.N(n)), nil
}

// after narrows rows to what follows position in the direction of q.
func (rows span) after(position []byte, desc bool) (span, error) {
	if bytes.Compare(position, rows.from) < 0 || bytes.Compare(position, rows.before) >= 0 {
		return span{}, fmt.Errorf("continue query: %w", store.ErrCursor)
	}
	if desc {
		return span{rows.from, position}, nil
	}
	return span{append(bytes.Clone(position), 0), rows.before}, nil
}
