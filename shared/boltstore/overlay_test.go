package boltstore

import (
	"bytes"
	"hash/maphash"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// write puts a row into an overlay as a batch would.
func (o *overlay) write(seed maphash.Seed, bucket bucketID, row, value []byte) {
	record := append(append(o.room(len(row)+len(value)), row...), value...)
	from := o.keep(record)
	c := change{bucket: bucket, hash: hashOf(seed, bucket, row), rowSize: uint32(len(row)), value: uint32(len(row)), size: uint32(len(value))}
	if value == nil {
		c.size = gone
	}
	o.put(c.entry(from))
}

// TestOverlayAgainstMap: rows that were put are found, newest value first, and come in order from any place in both directions.
func TestOverlayAgainstMap(t *testing.T) {
	part := rapid.OneOf(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 0xff}), 1, 3), rapid.SliceOfN(rapid.Byte(), 14, 18))
	rapid.Check(t, func(t *rapid.T) {
		seed, o, model := maphash.MakeSeed(), newOverlay(), map[string][]byte{}
		ascending := rapid.Bool().Draw(t, "ascending")
		for i := range rapid.IntRange(1, 9000).Draw(t, "rows") {
			row := []byte{byte(i >> 8), byte(i)}
			if !ascending {
				row = []byte{byte(i * 7919 >> 8), byte(i * 7919)}
			}
			write(o, seed, model, 1+bucketID(i%2), row, []byte{byte(i)})
		}
		for range rapid.IntRange(0, 60).Draw(t, "more") {
			value := rapid.SampledFrom([][]byte{nil, {}, []byte("x")}).Draw(t, "value")
			write(o, seed, model, bucketID(rapid.IntRange(0, 3).Draw(t, "bucket")), part.Draw(t, "row"), value)
		}
		var want []string
		for key := range model {
			want = append(want, key)
		}
		slices.Sort(want)
		checkFound(t, o, seed, model)
		bucket, row := bucketID(rapid.IntRange(0, 4).Draw(t, "from bucket")), part.Draw(t, "from row")
		place, _ := slices.BinarySearch(want, bucketKey(bucket, row))
		checkWalk(t, o, o.order.seek(bucket, row), want[place:], false)
		below := slices.Clone(want[:place])
		slices.Reverse(below)
		checkWalk(t, o, o.order.before(bucket, row), below, true)
	})
}

func bucketKey(bucket bucketID, row []byte) string {
	return string(append([]byte{byte(bucket)}, row...))
}

func write(o *overlay, seed maphash.Seed, model map[string][]byte, bucket bucketID, row, value []byte) {
	o.write(seed, bucket, row, value)
	model[bucketKey(bucket, row)] = value
}

func checkFound(t *rapid.T, o *overlay, seed maphash.Seed, model map[string][]byte) {
	for key, want := range model {
		bucket, row := bucketID(key[0]), []byte(key[1:])
		value, known := o.find(bucket, row, hashOf(seed, bucket, row))
		if !known || (value == nil) != (want == nil) || !bytes.Equal(value, want) {
			t.Fatalf("%q: found %q %t, want %q", key, value, known, want)
		}
	}
	if _, known := o.find(7, []byte("none"), hashOf(seed, 7, []byte("none"))); known {
		t.Fatal("found what was never put")
	}
}

func checkWalk(t *rapid.T, o *overlay, c idCursor, want []string, desc bool) {
	for _, key := range want {
		id, ok := c.id()
		if !ok || bucketKey(o.entries[id].bucket, o.rowOf(id)) != key {
			t.Fatalf("walk stands at %d %t, want %q", id, ok, key)
		}
		c.step(desc)
	}
	if id, ok := c.id(); ok {
		t.Fatalf("walk goes on to %q", o.rowOf(id))
	}
}
