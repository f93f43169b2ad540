package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// TestKeysFileHoldsNoClearText: neither bodies nor attributes of inbox and keys stand in keys.db as they are.
func TestKeysFileHoldsNoClearText(t *testing.T) {
	r := newReopened(t)
	for _, table := range []store.Table{store.Keys, store.Inbox} {
		item := row(table, "P", 1, "marker-of-the-body")
		item.Attrs[store.AttrState] = store.S("marker-of-the-attribute")
		mustWrite(t, r, store.PutIf(item, store.IfAbsent()), store.PutIf(row(store.Work, string(table), 1, "in main.db"), store.IfAbsent()))
		mustWrite(t, r, store.DeleteIf(item.Key, store.IfPresent()), store.PutIf(row(store.Work, string(table), 2, "x"), store.IfPresent()))
	}
	if !inFiles(t, r.dir, []byte("in main.db")) {
		t.Error("this test finds nothing")
	}
	for range 2 {
		if inFiles(t, r.dir, []byte("marker-of-the-")) {
			t.Error("clear text in a file")
		}
		r.again()
	}
}

// TestMovedOrAlteredValuesAreRefused: a sealed value opens only at its own row and as it was written.
func TestMovedOrAlteredValuesAreRefused(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	a, b := row(store.Keys, "A", 1, strings.Repeat("x", 40)), row(store.Keys, "B", 1, "y")
	mustWrite(t, s, store.PutIf(a, store.IfAbsent()), store.PutIf(b, store.IfAbsent()))
	raw := rawValue(t, s, a.Key)
	altered := map[string][]byte{"another row's": rawValue(t, s, b.Key), "cut": raw[:len(raw)-1], "short": raw[:5], "empty": {}}
	for i := range raw {
		flipped := bytes.Clone(raw)
		flipped[i] ^= 1
		altered[fmt.Sprint("flipped ", i)] = flipped
	}
	for name, value := range altered {
		err := s.keys.db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte(store.Keys)).Put(rowKey(a.Key), value) })
		if err := errors.Join(err, s.show(s.keys, nil)); err != nil {
			t.Fatal(err)
		}
		_, errGet := s.Get(t.Context(), a.Key)
		_, errQuery := s.Query(t.Context(), store.Query{Table: store.Keys, PK: "A"})
		_, errScan := s.Scan(t.Context(), store.Keys, 0, 1, "")
		errWrite := s.Transact(t.Context(), "", store.PutIf(a, store.IfVersion(1)))
		for i, err := range []error{errGet, errQuery, errScan, errWrite} {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%s value, call %d: got %v", name, i, err)
			}
		}
	}
	if got := version(t, s, b.Key); got != 1 {
		t.Errorf("the other row has version %d", got)
	}
}

func TestSealerRefusesOddKeys(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33} {
		if _, err := newSealer(make([]byte, size), nil); err == nil {
			t.Errorf("took a key of %d bytes", size)
		}
	}
}
