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

// keysOn returns the raw keys.db of a folder and the file key under which it is sealed.
func keysOn(t *testing.T, dir string, passphrase []byte) (raw, fileKey []byte) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "store", "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := filekeys.Open(filepath.Join(dir, "kexin.key"), passphrase, nullReader{})
	if err != nil {
		t.Fatal(err)
	}
	_, fileKey, err = file.CurrentFileKey()
	if err != nil {
		t.Fatal(err)
	}
	return raw, fileKey
}

// nullReader is randomness for key files that are only read.
type nullReader struct{}

// Read fills p with zeros.
func (nullReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }
