package boltstore

import (
	"bytes"
	"hash/maphash"
)

// bucketID numbers the buckets of both files. Log records name buckets by it, so the numbers are part of the format; those of keys.db
// come first.
type bucketID uint8

const noBucket bucketID = 0xff

// position is where bytes lie: which chunk of the arena, and from where in it.
type position struct{ chunk, at uint32 }

// entry is the newest value of one row. It holds no pointers, so the garbage collector passes over a hundred thousand of them at once.
type entry struct {
	hash       uint32
	row, value position
	size       uint32 // bytes of value; gone when the row was deleted
	rowSize    uint16
	bucket     bucketID
}

// gone is the size of a value that is not there: the row was deleted, whatever the trees hold.
const gone = ^uint32(0)

// overlay is what the log holds and the trees do not hold yet: for each row that was written its newest value. Its arena is the log
// records themselves, so a value is copied once, into its record. One goroutine adds to an active overlay under the store's gate; a
// frozen one no longer changes.
type overlay struct {
	chunks  [][]byte
	entries []entry
	slots   []uint32 // open addressing by hash: number of an entry plus one, 0 for none
	order   idTree
	bytes   int // of records
	tokens  []tokenRow
}

const (
	chunkSize  = 1 << 20
	firstSlots = 1 << 10
)

func newOverlay() *overlay {
	o := &overlay{slots: make([]uint32, firstSlots)}
	o.order.overlay = o
	return o
}

// empty reports whether nothing was ever put into the overlay.
func (o *overlay) empty() bool { return o.bytes == 0 }

// hashOf returns the hash of a row for find and put.
func hashOf(seed maphash.Seed, bucket bucketID, row []byte) uint32 {
	return uint32(maphash.Bytes(seed, row)) ^ uint32(bucket)*0x9e3779b1
}

// room returns an empty slice that has capacity for n bytes, at the end of the arena.
func (o *overlay) room(n int) []byte {
	if len(o.chunks) > 0 {
		if last := o.chunks[len(o.chunks)-1]; cap(last)-len(last) >= n {
			return last[len(last):]
		}
	}
	o.chunks = append(o.chunks, make([]byte, 0, max(chunkSize, n)))
	return o.chunks[len(o.chunks)-1]
}

// keep makes record, which was appended to what room returned, part of the arena, and returns where it lies.
func (o *overlay) keep(record []byte) position {
	last := len(o.chunks) - 1
	chunk := o.chunks[last]
	o.bytes += len(record)
	if free := chunk[len(chunk):cap(chunk)]; len(free) >= len(record) && &free[0] == &record[0] {
		o.chunks[last] = chunk[:len(chunk)+len(record)]
		return position{uint32(last), uint32(len(chunk))}
	}
	o.chunks = append(o.chunks, record) // it outgrew its room
	return position{uint32(last + 1), 0}
}

func (o *overlay) slice(at position, size uint32) []byte {
	chunk := o.chunks[at.chunk]
	return chunk[at.at : at.at+size : at.at+size]
}

func (o *overlay) rowOf(id uint32) []byte {
	e := &o.entries[id]
	return o.slice(e.row, uint32(e.rowSize))
}

// valueOf returns the value of an entry, nil when its row was deleted.
func (o *overlay) valueOf(id uint32) []byte {
	e := &o.entries[id]
	if e.size == gone {
		return nil
	}
	return o.slice(e.value, e.size)
}

// find returns the value of a row, nil when it was deleted, and whether the overlay knows the row.
func (o *overlay) find(bucket bucketID, row []byte, hash uint32) (value []byte, known bool) {
	if o == nil {
		return nil, false
	}
	slot := o.slot(bucket, row, hash)
	if o.slots[slot] == 0 {
		return nil, false
	}
	return o.valueOf(o.slots[slot] - 1), true
}

// slot returns the slot of a row, or the empty one where it belongs.
func (o *overlay) slot(bucket bucketID, row []byte, hash uint32) uint32 {
	mask := uint32(len(o.slots) - 1)
	for slot := hash & mask; ; slot = (slot + 1) & mask {
		id := o.slots[slot]
		if id == 0 {
			return slot
		}
		if e := &o.entries[id-1]; e.hash == hash && e.bucket == bucket && bytes.Equal(o.rowOf(id-1), row) {
			return slot
		}
	}
}

// put makes e the newest value of its row. Row and value lie in the arena.
func (o *overlay) put(e entry) {
	row := o.slice(e.row, uint32(e.rowSize))
	slot := o.slot(e.bucket, row, e.hash)
	if id := o.slots[slot]; id != 0 {
		known := &o.entries[id-1]
		known.value, known.size = e.value, e.size
		return
	}
	o.entries = append(o.entries, e)
	o.slots[slot] = uint32(len(o.entries))
	o.order.insert(uint32(len(o.entries) - 1))
	if 2*len(o.entries) > len(o.slots) {
		o.rehash()
	}
}

func (o *overlay) rehash() {
	o.slots = make([]uint32, 2*len(o.slots))
	mask := uint32(len(o.slots) - 1)
	for i := range o.entries {
		slot := o.entries[i].hash & mask
		for o.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		o.slots[slot] = uint32(i + 1)
	}
}

// compare orders the row of an entry against another, by bucket and then by bytes.
func (o *overlay) compare(id uint32, bucket bucketID, row []byte) int {
	if own := o.entries[id].bucket; own != bucket {
		return int(own) - int(bucket)
	}
	return bytes.Compare(o.rowOf(id), row)
}
