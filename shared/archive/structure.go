package archive

import (
	"bytes"
	"math"
	"strings"
)

const (
	partEnd     = "end of central directory"
	partCentral = "central directory"
	fileCount   = 4
	// maxCentral bounds the central directory: four entries with names of at most 255 bytes.
	maxCentral = fileCount * (centralSize + 255 + extra64Size)
)

// structure reads the records of the ZIP from its end and proves that they are exactly those that a Builder writes for these entries,
// one after the other from the first byte to the last. What is left open are the contents, and the sums and sizes that describe them.
func (v *verifier) structure() ([]entry, error) {
	offset, size, err := v.end()
	if err != nil {
		return nil, err
	}
	raw, err := v.read(offset, size, partCentral)
	if err != nil {
		return nil, err
	}
	entries, err := v.central(raw)
	if err != nil {
		return nil, err
	}
	return entries, v.chain(entries, offset)
}

// end finds the central directory.
func (v *verifier) end() (offset, size uint64, err error) {
	if v.size < endSize {
		return 0, 0, alteration(partEnd, "is missing", ErrTruncated)
	}
	tail, err := v.read(v.size-endSize, endSize, partEnd)
	if err != nil {
		return 0, 0, err
	}
	if le.Uint32(tail) != sigEnd {
		return 0, 0, v.noEnd()
	}
	size, offset = uint64(le.Uint32(tail[12:])), uint64(le.Uint32(tail[16:]))
	if offset == math.MaxUint32 && v.size >= endSize+locatorSize+end64Size {
		if tail, err = v.read(v.size-endSize-locatorSize-end64Size, endSize+locatorSize+end64Size, partEnd); err != nil {
			return 0, 0, err
		}
		size, offset = le.Uint64(tail[40:]), le.Uint64(tail[48:])
	}
	if size > maxCentral || offset > v.size || offset+size+uint64(len(tail)) != v.size {
		return 0, 0, alteration(partEnd, "does not fit the length of the file", ErrAltered)
	}
	if !bytes.Equal(tail, v.layout.end(fileCount, size, offset)) {
		return 0, 0, alteration(partEnd, "is not as it was written", ErrAltered)
	}
	return offset, size, nil
}

// noEnd tells a cut or altered archive from a file that never was one.
func (v *verifier) noEnd() error {
	head, err := v.read(0, 4, partEnd)
	if err != nil {
		return err
	}
	if le.Uint32(head) != sigLocal {
		return alteration("file", "does not begin or end as an archive", ErrFormat)
	}
	return alteration(partEnd, "is not where it should be: cut off, altered or followed by other bytes", ErrAltered)
}

// central parses the central directory and proves that it has no freedom beside names, sums, sizes and offsets.
func (v *verifier) central(raw []byte) ([]entry, error) {
	var entries []entry
	for len(raw) > 0 {
		e, ok := parseCentral(raw)
		e.streamed = len(entries) == 0
		again := v.layout.central(e)
		if !ok || !bytes.HasPrefix(raw, again) {
			return nil, alteration(partCentral, "is not as it was written", ErrAltered)
		}
		entries = append(entries, e)
		raw = raw[len(again):]
	}
	if len(entries) != fileCount {
		return nil, alteration(partCentral, "does not list four files", ErrAltered)
	}
	return entries, checkNames(entries)
}

func parseCentral(raw []byte) (entry, bool) {
	if len(raw) < centralSize {
		return entry{}, false
	}
	nameLen, extraLen := int(le.Uint16(raw[28:])), int(le.Uint16(raw[30:]))
	if len(raw) < centralSize+nameLen+extraLen {
		return entry{}, false
	}
	e := entry{
		name: string(raw[centralSize : centralSize+nameLen]), crc: le.Uint32(raw[16:]),
		stored: uint64(le.Uint32(raw[20:])), size: uint64(le.Uint32(raw[24:])), offset: uint64(le.Uint32(raw[42:])),
	}
	if extraLen == extra64Size {
		extra := raw[centralSize+nameLen:]
		e.size, e.stored, e.offset = le.Uint64(extra[4:]), le.Uint64(extra[12:]), le.Uint64(extra[20:])
	}
	return e, true
}

func checkNames(entries []entry) error {
	middle, ok := strings.CutPrefix(entries[0].name, "data-")
	mark, format, found := strings.Cut(middle, ".")
	if !ok || !found || !watermarkForm.MatchString(mark) || Format(format) != NDJSON && Format(format) != CSV {
		return alteration(partCentral, "names a data file that no export has", ErrAltered)
	}
	for i, want := range []string{ReadmeName, ManifestName, SignatureName} {
		if entries[i+1].name != want {
			return alteration(partCentral, "does not list "+want, ErrAltered)
		}
	}
	return nil
}

// chain proves that local headers and descriptors agree with the central directory and that entries follow each other without a gap.
func (v *verifier) chain(entries []entry, directory uint64) error {
	at := uint64(0)
	for _, e := range entries {
		local, descriptor := v.layout.local(e), v.layout.descriptor(e)
		part := "ZIP records of " + e.name
		if e.offset != at || e.stored > v.size {
			return alteration(part, "place the file elsewhere", ErrAltered)
		}
		if err := v.same(at, local, part); err != nil {
			return err
		}
		if err := v.same(at+uint64(len(local))+e.stored, descriptor, part); err != nil {
			return err
		}
		if !e.streamed && e.stored != e.size {
			return alteration(part, "hold two sizes of one file", ErrAltered)
		}
		at += uint64(len(local)) + e.stored + uint64(len(descriptor))
	}
	if at != directory {
		return alteration(partCentral, "does not follow the last file", ErrAltered)
	}
	return nil
}

func (v *verifier) same(offset uint64, want []byte, part string) error {
	have, err := v.read(offset, uint64(len(want)), part)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, want) {
		return alteration(part, "are not as they were written", ErrAltered)
	}
	return nil
}
