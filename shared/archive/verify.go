package archive

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// Alteration is the error of Verify: which part of the archive is wrong, and how. Err is one of the sentinels.
type Alteration struct {
	Part   string // file name, or a record of the ZIP such as "end of central directory"
	Detail string
	Err    error
}

// Error names the part.
func (a *Alteration) Error() string {
	return fmt.Sprintf("verify archive: %s %s: %v", a.Part, a.Detail, a.Err)
}

// Unwrap returns the sentinel.
func (a *Alteration) Unwrap() error { return a.Err }

func alteration(part, detail string, err error) error {
	return &Alteration{Part: part, Detail: detail, Err: err}
}

// maxStored bounds what Verify reads into memory: manifest and signature of any export stay far below.
const maxStored = 8 << 20

// Verify checks an opened archive (the ZIP) of size bytes against the public keys of its deployment: the signature of the manifest, the
// hash of every file and the exact layout of the ZIP, so that no byte of it can be changed, added or left out unnoticed. The error is an
// *Alteration that names the part and wraps ErrAltered, ErrTruncated, ErrKey (signed by none of the keys) or ErrFormat; other errors
// are those of reading zip. Memory does not grow with the size.
func Verify(zip io.ReaderAt, size int64, public ...*ecdsa.PublicKey) (*Manifest, error) {
	return (&verifier{zip: zip, size: uint64(max(size, 0)), layout: standardLayout}).verify(public)
}

type verifier struct {
	zip    io.ReaderAt
	size   uint64
	layout layout
}

func (v *verifier) verify(public []*ecdsa.PublicKey) (*Manifest, error) {
	entries, err := v.structure()
	if err != nil {
		return nil, err
	}
	content, err := v.small(entries[1:])
	if err != nil {
		return nil, err
	}
	statement, err := openEnvelope(content[2], public)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(statement, content[1]) {
		return nil, alteration(ManifestName, "is not what was signed", ErrAltered)
	}
	manifest, err := ParseManifest(statement)
	if err != nil {
		return nil, alteration(ManifestName, "cannot be read", err)
	}
	if err := matchFiles(manifest, entries, content[0]); err != nil {
		return nil, err
	}
	if err := v.checkData(manifest.Files[0], entries[0]); err != nil {
		return nil, err
	}
	if err := checkSums(entries[1:], content); err != nil {
		return nil, err
	}
	return manifest, nil
}

// small reads README.txt, the manifest and its signature.
func (v *verifier) small(entries []entry) ([][]byte, error) {
	content := make([][]byte, len(entries))
	for i, e := range entries {
		if e.stored > maxStored {
			return nil, alteration(e.name, "is too long", ErrFormat)
		}
		b, err := v.read(e.offset+uint64(len(v.layout.local(e))), e.stored, e.name)
		if err != nil {
			return nil, err
		}
		content[i] = b
	}
	return content, nil
}

// matchFiles compares README.txt and the names and sizes of the files with the manifest.
func matchFiles(m *Manifest, entries []entry, text []byte) error {
	if len(m.Files) != 2 {
		return alteration(ManifestName, "does not describe the files of an archive", ErrFormat)
	}
	for i, f := range m.Files {
		e := entries[i]
		if f.Name != e.name || f.Size != e.size || f.StoredSize != e.stored {
			return alteration(e.name, "has another name or size than in the manifest", ErrAltered)
		}
	}
	if m.Files[1] != describe(ReadmeName, text) {
		return alteration(ReadmeName, "does not match its hash", ErrAltered)
	}
	return nil
}

// checkData hashes the data file as it lies in the ZIP and as it unpacks.
func (v *verifier) checkData(f File, e entry) error {
	start := int64(len(v.layout.local(e)))
	stored := sha256.New()
	if _, err := io.Copy(stored, io.NewSectionReader(v.zip, start, int64(e.stored))); err != nil {
		return fmt.Errorf("verify archive: read %s: %w", f.Name, err)
	}
	if hex.EncodeToString(stored.Sum(nil)) != f.StoredSHA256 {
		return alteration(f.Name, "does not match its hash", ErrAltered)
	}
	plain, crc := sha256.New(), crc32.NewIEEE()
	unpacked := flate.NewReader(io.NewSectionReader(v.zip, start, int64(e.stored)))
	n, err := io.Copy(io.MultiWriter(plain, crc), io.LimitReader(unpacked, int64(f.Size)+1))
	if err != nil || uint64(n) != f.Size || hex.EncodeToString(plain.Sum(nil)) != f.SHA256 {
		return alteration(f.Name, "does not unpack to what was signed", ErrAltered)
	}
	if crc.Sum32() != e.crc {
		return alteration("ZIP records of "+e.name, "hold a wrong checksum", ErrAltered)
	}
	return nil
}

func checkSums(entries []entry, content [][]byte) error {
	for i, e := range entries {
		if crc32.ChecksumIEEE(content[i]) != e.crc {
			return alteration("ZIP records of "+e.name, "hold a wrong checksum", ErrAltered)
		}
	}
	return nil
}

// read returns n bytes at offset.
func (v *verifier) read(offset, n uint64, part string) ([]byte, error) {
	if offset > v.size || n > v.size-offset {
		return nil, alteration(part, "lies outside the file", ErrTruncated)
	}
	b := make([]byte, n)
	if _, err := v.zip.ReadAt(b, int64(offset)); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("verify archive: read %s: %w", part, err)
	}
	return b, nil
}
