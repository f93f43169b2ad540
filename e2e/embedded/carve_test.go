package embedded_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"kexin/shared/filekeys"
	"kexin/shared/store"
)

// Layout of bbolt's pages (go.etcd.io/bbolt, internal/common/page.go): a header of 16 bytes (id, flags, count, overflow), then for a
// leaf one element of 16 bytes for each row (flags, position from the element, size of key, size of value).
const (
	headerSize  = 16
	elementSize = 16
	leafFlag    = 0x02
)

// carved is a row that lies somewhere in a keys.db, in use or not.
type carved struct {
	table store.Table
	row   string
	plain []byte
}

// carve opens every value in the raw bytes of a keys.db that a file key opens, also in pages that bbolt has given up.
func carve(raw, fileKey []byte) []carved {
	block, err := aes.NewCipher(fileKey)
	if err != nil {
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	var found []carved
	size := os.Getpagesize()
	for at := 0; at+size <= len(raw); at += size {
		flags, rows := binary.LittleEndian.Uint16(raw[at+8:]), int(binary.LittleEndian.Uint16(raw[at+10:]))
		if flags&leafFlag == 0 {
			continue
		}
		for i := range rows {
			key, value := element(raw[at:], headerSize+i*elementSize)
			if c, ok := unseal(aead, key, value); ok {
				found = append(found, c)
			}
		}
	}
	return found
}

// element returns key and value of a row of a leaf page, nil when it reaches beyond the file.
func element(page []byte, at int) (key, value []byte) {
	if at+elementSize > len(page) {
		return nil, nil
	}
	position, keySize, valueSize := int(binary.LittleEndian.Uint32(page[at+4:])), int(binary.LittleEndian.Uint32(page[at+8:])), int(binary.LittleEndian.Uint32(page[at+12:]))
	from := at + position
	if keySize > 1<<16 || valueSize > 1<<20 || from < 0 || from+keySize+valueSize > len(page) {
		return nil, nil
	}
	return page[from : from+keySize], page[from+keySize : from+keySize+valueSize]
}

// unseal opens a value of keys.db as docs/formats.md draws it.
func unseal(aead cipher.AEAD, row, sealed []byte) (carved, bool) {
	if len(sealed) < 1+12+16 || sealed[0] != 1 {
		return carved{}, false
	}
	for _, table := range []store.Table{store.Keys, store.Inbox} {
		as := append(append([]byte{1}, table...), 0)
		if plain, err := aead.Open(nil, sealed[1:13], sealed[13:], append(as, row...)); err == nil {
			return carved{table, string(row), plain}, true
		}
	}
	return carved{}, false
}

// carveLog opens every value of keys and inbox in the raw bytes of a segment of the log that a file key opens. It looks for puts
// (docs/formats.md) at every byte, so it also finds what lies behind the end of the log.
func carveLog(raw, fileKey []byte) []carved {
	block, err := aes.NewCipher(fileKey)
	if err != nil {
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	var found []carved
	for at, tag := range raw {
		if tag != 0x10 && tag != 0x11 {
			continue
		}
		row, rest := counted(raw[at+1:])
		value, _ := counted(rest)
		if c, ok := unseal(aead, row, value); ok {
			found = append(found, c)
		}
	}
	return found
}

// counted takes bytes after their uvarint length off raw, nil when there are not so many.
func counted(raw []byte) (taken, rest []byte) {
	size, n := binary.Uvarint(raw)
	if n <= 0 || size > uint64(len(raw)-n) {
		return nil, nil
	}
	return raw[n : n+int(size)], raw[n+int(size):]
}

// keysFiles are the files of a folder that hold shred keys: keys.db and the log, and the file key under which their values are sealed.
type keysFiles struct {
	raw, fileKey []byte
	log          [][]byte
}

// carve opens what a file key opens in all of them.
func (k keysFiles) carve(fileKey []byte) []carved {
	found := carve(k.raw, fileKey)
	for _, segment := range k.log {
		found = append(found, carveLog(segment, fileKey)...)
	}
	return found
}

// keysOn reads the files of a folder.
func keysOn(t *testing.T, dir string, passphrase []byte) keysFiles {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "store", "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	k := keysFiles{raw: raw}
	for _, path := range logOn(t, dir) {
		segment, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		k.log = append(k.log, segment)
	}
	file, err := filekeys.Open(filepath.Join(dir, "kexin.key"), passphrase, nullReader{})
	if err != nil {
		t.Fatal(err)
	}
	if _, k.fileKey, err = file.CurrentFileKey(); err != nil {
		t.Fatal(err)
	}
	return k
}

// logOn returns the segments of the log of a folder.
func logOn(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "store", "log-*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no log in %s: %v", dir, err)
	}
	return paths
}

// nullReader is randomness for key files that are only read.
type nullReader struct{}

// Read fills p with zeros.
func (nullReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }
