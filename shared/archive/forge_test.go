package archive

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

// Somebody who knows the format changes every place that must agree, so that other ZIP programs see nothing wrong.
func TestConsistentForgeriesAreRefused(t *testing.T) {
	archive := sample(t, 3)
	v := &verifier{zip: bytes.NewReader(archive), size: uint64(len(archive)), layout: standardLayout}
	entries, err := v.structure()
	if err != nil {
		t.Fatal(err)
	}
	var content [][]byte
	for _, e := range entries {
		start := e.offset + uint64(len(v.layout.local(e)))
		content = append(content, bytes.Clone(archive[start:start+e.stored]))
	}
	if !bytes.Equal(assemble(entries, content, nil), archive) {
		t.Fatal("the forger does not know the format")
	}
	for i, e := range entries {
		forged := append([]entry(nil), entries...)
		forged[i].crc ^= 1
		refused(t, "checksum of "+e.name, assemble(forged, content, nil))
		forged = append([]entry(nil), entries...)
		forged[i].size++
		refused(t, "size of "+e.name, assemble(forged, content, nil))
	}
	forged := append([]entry(nil), entries...)
	forged[0].name = "data-wm-000000.csv"
	refused(t, "another watermark", assemble(forged, content, nil))
	forged[0].name = "data-wm-4k2p9x.ndjson"
	refused(t, "another format", assemble(forged, content, nil))
	refused(t, "bytes before the directory", assemble(entries, content, []byte("PK\x03\x04 hidden")))
	refused(t, "a file left out", assemble(entries[:3], content, nil))
	refused(t, "a file twice", assemble(append(entries[:4:4], entries[1]), append(content[:4:4], content[1]), nil))
	swapped := [][]byte{content[0], content[2], content[1], content[3]}
	refused(t, "contents swapped", assemble(entries, swapped, nil))
}

func refused(t *testing.T, name string, archive []byte) {
	t.Helper()
	if err := verifyBytes(t, archive); !errors.Is(err, ErrAltered) {
		t.Errorf("%s: %v", name, err)
	}
}

// assemble writes a ZIP of entries whose offsets follow the content; hidden lies before the central directory.
func assemble(entries []entry, content [][]byte, hidden []byte) []byte {
	l := standardLayout
	var out, directory []byte
	for i, e := range entries {
		e.offset, e.stored = uint64(len(out)), uint64(len(content[i]))
		out = append(out, l.local(e)...)
		out = append(out, content[i]...)
		out = append(out, l.descriptor(e)...)
		directory = append(directory, l.central(e)...)
	}
	out = append(out, hidden...)
	start := uint64(len(out))
	out = append(out, directory...)
	return append(out, l.end(len(entries), uint64(len(directory)), start)...)
}

// Who holds the key can still not write a plaintext in two ways: an empty last chunk after a full one is refused.
func TestNeedlessLastChunkIsRefused(t *testing.T) {
	h := testHeader()
	c, err := newChunks(testKey, h)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(h.encode())
	out := append(h.encode(), c.commitment...)
	out = c.aead.Seal(out, c.next(false), make([]byte, c.size), sum[:])
	c.count++
	out = c.aead.Seal(out, c.next(true), nil, sum[:])
	if _, err := openBytes(out, testKey); !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "chunk 1") {
		t.Error(err)
	}
}
