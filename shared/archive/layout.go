package archive

import (
	"encoding/binary"
	"math"
)

// The ZIP is written by hand rather than by archive/zip, because its exact bytes are part of the format: Verify derives every byte that
// is not content again and compares. Records and field names follow PKWARE's APPNOTE 6.3; times are fixed (1 January 1980), there are
// no attributes, comments or flags but bit 3 (sizes after the data) of the data file, and ZIP64 records only where they are needed.
const (
	sigLocal      = 0x04034b50
	sigDescriptor = 0x08074b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50

	methodStore   = 0
	methodDeflate = 8
	flagStreamed  = 1 << 3
	fixedDate     = 1<<5 | 1 // 1980-01-01
	version20     = 20
	version45     = 45 // ZIP64

	localSize   = 30
	centralSize = 46
	extra64Size = 28
	endSize     = 22
	end64Size   = 56
	locatorSize = 20
)

// entry is one file of the ZIP. The data file is compressed and streamed, so its sizes follow it; the others are stored.
type entry struct {
	name         string
	streamed     bool
	crc          uint32
	stored, size uint64
	offset       uint64
}

// layout encodes the records of a ZIP. limit is the first number that needs ZIP64; tests lower it to reach those records.
type layout struct{ limit uint64 }

var standardLayout = layout{limit: math.MaxUint32}

func (e entry) method() uint16 {
	if e.streamed {
		return methodDeflate
	}
	return methodStore
}

func (e entry) flags() uint16 {
	if e.streamed {
		return flagStreamed
	}
	return 0
}

func (l layout) bigSizes(e entry) bool { return e.stored >= l.limit || e.size >= l.limit }

func (l layout) big(e entry) bool { return l.bigSizes(e) || e.offset >= l.limit }

// local returns the local header. A streamed entry does not know its sum and sizes yet.
func (layout) local(e entry) []byte {
	crc, stored, size := e.crc, uint32(e.stored), uint32(e.size)
	if e.streamed {
		crc, stored, size = 0, 0, 0
	}
	b := make([]byte, 0, localSize+len(e.name))
	b = le.AppendUint32(b, sigLocal)
	b = appendCommon(b, version20, e, crc, stored, size)
	b = le.AppendUint16(b, 0) // extra field
	return append(b, e.name...)
}

var le = binary.LittleEndian

// appendCommon appends what local header and central directory share: version to name length.
func appendCommon(b []byte, version uint16, e entry, crc, stored, size uint32) []byte {
	b = le.AppendUint16(b, version)
	b = le.AppendUint16(b, e.flags())
	b = le.AppendUint16(b, e.method())
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, fixedDate)
	b = le.AppendUint32(b, crc)
	b = le.AppendUint32(b, stored)
	b = le.AppendUint32(b, size)
	return le.AppendUint16(b, uint16(len(e.name)))
}

// descriptor returns what follows the data of a streamed entry, and nothing for the others.
func (l layout) descriptor(e entry) []byte {
	if !e.streamed {
		return nil
	}
	b := le.AppendUint32(nil, sigDescriptor)
	b = le.AppendUint32(b, e.crc)
	if l.bigSizes(e) {
		b = le.AppendUint64(b, e.stored)
		return le.AppendUint64(b, e.size)
	}
	b = le.AppendUint32(b, uint32(e.stored))
	return le.AppendUint32(b, uint32(e.size))
}

// central returns the entry's record in the central directory.
func (l layout) central(e entry) []byte {
	version, stored, size, offset := uint16(version20), uint32(e.stored), uint32(e.size), uint32(e.offset)
	var extra []byte
	if l.big(e) {
		version, stored, size, offset = version45, math.MaxUint32, math.MaxUint32, math.MaxUint32
		extra = le.AppendUint16(nil, 1) // ZIP64 extended information
		extra = le.AppendUint16(extra, 24)
		extra = le.AppendUint64(extra, e.size)
		extra = le.AppendUint64(extra, e.stored)
		extra = le.AppendUint64(extra, e.offset)
	}
	b := le.AppendUint32(nil, sigCentral)
	b = le.AppendUint16(b, version) // made by: FAT, so unpackers apply their own permissions
	b = appendCommon(b, version, e, e.crc, stored, size)
	b = le.AppendUint16(b, uint16(len(extra)))
	b = append(b, make([]byte, 2+2+2+4)...) // comment, disk, attributes
	b = le.AppendUint32(b, offset)
	b = append(b, e.name...)
	return append(b, extra...)
}

// end returns the records after a central directory of count entries and size bytes at offset.
func (l layout) end(count int, size, offset uint64) []byte {
	var b []byte
	count16, size32, offset32 := uint16(count), uint32(size), uint32(offset)
	if offset >= l.limit || size >= l.limit {
		b = l.end64(uint64(count), size, offset)
		count16, size32, offset32 = math.MaxUint16, math.MaxUint32, math.MaxUint32
	}
	b = le.AppendUint32(b, sigEnd)
	b = le.AppendUint32(b, 0) // disks
	b = le.AppendUint16(b, count16)
	b = le.AppendUint16(b, count16)
	b = le.AppendUint32(b, size32)
	b = le.AppendUint32(b, offset32)
	return le.AppendUint16(b, 0) // comment
}

func (l layout) end64(count, size, offset uint64) []byte {
	b := le.AppendUint32(nil, sigEnd64)
	b = le.AppendUint64(b, end64Size-12)
	b = le.AppendUint16(b, version45)
	b = le.AppendUint16(b, version45)
	b = le.AppendUint64(b, 0) // disks
	b = le.AppendUint64(b, count)
	b = le.AppendUint64(b, count)
	b = le.AppendUint64(b, size)
	b = le.AppendUint64(b, offset)
	b = le.AppendUint32(b, sigLocator64)
	b = le.AppendUint32(b, 0) // disk
	b = le.AppendUint64(b, offset+size)
	return le.AppendUint32(b, 1) // disks
}
