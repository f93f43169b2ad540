package boltstore

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"

	"kexin/shared/store"
)

// The payload of a record is what its batch changed, in order:
//
//	0x10 + bucket | uvarint n | row n | uvarint m | value m      put
//	0x20 + bucket | uvarint n | row n                            deletion
//	0x30 | Unix seconds 8 | SHA-256 of the ops 32 | uvarint n | token n
//
// Buckets by number: 0 inbox, 1 keys, 2 records, 3 restricted, 4 audit, 5 work, 6 index by department, 7 index by customer. Rows and
// values stand as they stand in the trees: values of inbox and keys are sealed, rows of indexes have none. Changes name what is, not
// what is to be done, so carrying them out twice is carrying them out once.
const (
	tagPut   = 0x10
	tagGone  = 0x20
	tagToken = 0x30
)

const (
	bucketInbox bucketID = iota
	bucketKeys
	bucketRecords
	bucketRestricted
	bucketAudit
	bucketWork
	bucketByDepartment
	bucketByCustomer
	buckets
)

var bucketNames = [buckets][]byte{[]byte(store.Inbox), []byte(store.Keys), []byte(store.Records), []byte(store.Restricted),
	[]byte(store.Audit), []byte(store.Work), indexName(store.ByDepartment), indexName(store.ByCustomer)}

// sealed reports whether the bucket is one of keys.db.
func (b bucketID) sealed() bool { return b <= bucketKeys }

func bucketOf(table store.Table) bucketID {
	switch table {
	case store.Inbox:
		return bucketInbox
	case store.Keys:
		return bucketKeys
	case store.Records:
		return bucketRecords
	case store.Restricted:
		return bucketRestricted
	case store.Audit:
		return bucketAudit
	case store.Work:
		return bucketWork
	}
	return noBucket
}

func bucketOfIndex(index store.Index) bucketID {
	if index == store.ByCustomer {
		return bucketByCustomer
	}
	return bucketByDepartment
}

// change is one change of a record, with its places in it.
type change struct {
	bucket       bucketID
	hash         uint32
	row, rowSize uint32
	value, size  uint32 // size is gone for a deletion
	previous     int32  // change before in the batch with the same hash, -1 for none
	token        store.Token
	remembered   remembered
}

// entry returns the change as an entry of an overlay in whose arena its record lies at from.
func (c *change) entry(from position) entry {
	return entry{hash: c.hash, bucket: c.bucket, rowSize: uint16(c.rowSize), size: c.size,
		row: position{from.chunk, from.at + c.row}, value: position{from.chunk, from.at + c.value}}
}

// appendChange appends a change to record; a nil value deletes. What is sealed is sealed into its place.
func appendChange(record []byte, bucket bucketID, row []byte, size int) ([]byte, uint32) {
	record = append(record, tagPut+byte(bucket))
	record = binary.AppendUvarint(record, uint64(len(row)))
	at := uint32(len(record))
	record = append(record, row...)
	return binary.AppendUvarint(record, uint64(size)), at
}

func appendDeletion(record []byte, bucket bucketID, row []byte) ([]byte, uint32) {
	record = append(record, tagGone+byte(bucket))
	record = binary.AppendUvarint(record, uint64(len(row)))
	return append(record, row...), uint32(len(record))
}

func appendToken(record []byte, token store.Token, r remembered) []byte {
	record = binary.BigEndian.AppendUint64(append(record, tagToken), uint64(r.at))
	record = append(record, r.digest[:]...)
	return appendText(record, string(token))
}

// readChanges calls visit for each change of a whole record.
func readChanges(record []byte, seed maphash.Seed, visit func(change)) error {
	d := decoder{rest: record[recordOverhead:]}
	for len(d.rest) > 0 && !d.bad {
		c, ok := readChange(&d, record, seed)
		if !ok || d.bad {
			break
		}
		visit(c)
	}
	if d.bad || len(d.rest) > 0 {
		return fmt.Errorf("read record: %w", ErrDamaged)
	}
	return nil
}

func readChange(d *decoder, record []byte, seed maphash.Seed) (change, bool) {
	tag := d.byte()
	if tag == tagToken {
		return change{bucket: noBucket, remembered: d.remembered(), token: store.Token(d.bytes())}, true
	}
	c := change{bucket: bucketID(tag & 0x0f), size: gone}
	if c.bucket >= buckets || tag&0xf0 != tagPut && tag&0xf0 != tagGone {
		return c, false
	}
	row := d.bytes()
	c.row, c.rowSize = uint32(len(record)-len(d.rest)-len(row)), uint32(len(row))
	if tag&0xf0 == tagPut {
		value := d.bytes()
		c.value, c.size = uint32(len(record)-len(d.rest)-len(value)), uint32(len(value))
	}
	c.hash = hashOf(seed, c.bucket, row)
	return c, len(row) > 0 && len(row) <= maxRow
}

// maxRow is beyond any row: index rows hold an attribute of an item, its keys and the attribute that orders it.
const maxRow = 1<<16 - 1
