package boltstore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/store"
)

func TestItemEncodingIsFixed(t *testing.T) {
	item := store.Item{Body: []byte("body"), Attrs: map[string]store.Attr{store.AttrVersion: store.N(-3), store.AttrState: store.S("live")}}
	const want = "0102" + "02737400046c697665" + "01760105" + "626f6479"
	if got := hex.EncodeToString(encodeItem(item)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestItemRoundTrip(t *testing.T) {
	attr := rapid.OneOf(rapid.Map(rapid.String(), store.S), rapid.Map(rapid.Int64(), store.N))
	rapid.Check(t, func(t *rapid.T) {
		item := store.Item{Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
			Attrs: rapid.MapOf(rapid.SampledFrom(store.Attrs()), attr).Draw(t, "attrs")}
		attrs, body, err := decodeItem(encodeItem(item))
		if err != nil || !bytes.Equal(body, item.Body) || !maps.Equal(attrs, item.Attrs) {
			t.Fatalf("got %v %v %v", attrs, body, err)
		}
	})
}

// FuzzItem: whatever decodes has been encoded in exactly these bytes.
func FuzzItem(f *testing.F) {
	f.Add(encodeItem(store.Item{}))
	f.Add(encodeItem(row(store.Keys, "P", 1<<40, "body")))
	f.Add([]byte{itemVersion, 0x80, 0x00})
	f.Add([]byte{itemVersion, 1, 1, 'v', kindInt, 0x80, 0x00})
	f.Fuzz(func(t *testing.T, raw []byte) {
		attrs, body, err := decodeItem(raw)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v", err)
			}
			return
		}
		if again := encodeItem(store.Item{Attrs: attrs, Body: body}); !bytes.Equal(again, raw) {
			t.Errorf("%x decodes, but is encoded as %x", raw, again)
		}
	})
}

func FuzzUndoRecord(f *testing.F) {
	f.Add(undoRecord{batch: 7, changes: []oldChange{{[]byte("keys"), []byte("a\x00b"), nil}, {[]byte("inbox"), []byte("c\x00d"), []byte("sealed")}}}.encode())
	f.Add(undoRecord{}.encode())
	f.Fuzz(func(t *testing.T, raw []byte) {
		undo, err := decodeUndo(raw)
		if err != nil {
			return
		}
		if again := undo.encode(); !bytes.Equal(again, raw) {
			t.Errorf("%x decodes, but is encoded as %x", raw, again)
		}
	})
}

func FuzzIndexKey(f *testing.F) {
	f.Add("sales", "li#1", int64(0), "CUS#1", "CARD")
	f.Add("p", "o", int64(-1), "k", "\x01")
	f.Fuzz(func(t *testing.T, partition, order string, nanos int64, pk, sk string) {
		for _, index := range []store.Index{store.ByDepartment, store.ByCustomer} {
			table, p, o := store.IndexAttrs(index)
			value := store.S(order)
			if store.IndexOrderIsInt(index) {
				value = store.N(nanos)
			}
			item := store.Item{Key: store.Key{Table: table, PK: pk, SK: sk}, Attrs: map[string]store.Attr{p: store.S(partition), o: value}}
			if store.CheckTransact("", []store.Op{store.PutIf(item, store.IfAbsent())}) != nil {
				continue
			}
			got, err := parseIndexKey(index, indexKey(index, item))
			if err != nil || got.Key != item.Key || !maps.Equal(got.Attrs, item.Attrs) {
				t.Errorf("%s: got %v, %v from %v", index, got, err, item)
			}
		}
	})
}

func TestIndexOrderOfIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := rapid.Int64().Draw(t, "m"), rapid.Int64().Draw(t, "n")
		if got := bytes.Compare(appendOrder(nil, store.N(m)), appendOrder(nil, store.N(n))); got != compare(m, n) {
			t.Fatalf("%d and %d compare %d", m, n, got)
		}
	})
}

func compare(m, n int64) int {
	switch {
	case m < n:
		return -1
	case m > n:
		return 1
	}
	return 0
}
