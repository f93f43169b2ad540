package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
)

// compression is the level at which data files are compressed: the best of klauspost's that still runs at several hundred megabytes a
// second on rows of customers (see BenchmarkBuilder).
const compression = 5

// counter counts and hashes what passes through it.
type counter struct {
	w   io.Writer
	n   uint64
	sum hash.Hash // nil: not hashed
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += uint64(n)
	if c.sum != nil {
		c.sum.Write(p[:n])
	}
	return n, err
}

// dataFile compresses the data file and keeps the sums of both its forms.
type dataFile struct {
	deflate *flate.Writer
	plain   hash.Hash
	crc     uint32
	size    uint64
	stored  *counter
}

func newDataFile(w io.Writer) *dataFile {
	d := &dataFile{plain: sha256.New(), stored: &counter{w: w, sum: sha256.New()}}
	// NewWriter fails only for levels outside its range.
	d.deflate, _ = flate.NewWriter(d.stored, compression)
	return d
}

func (d *dataFile) write(p []byte) error {
	d.plain.Write(p)
	d.crc = crc32.Update(d.crc, crc32.IEEETable, p)
	d.size += uint64(len(p))
	if _, err := d.deflate.Write(p); err != nil {
		return fmt.Errorf("write data of the archive: %w", err)
	}
	return nil
}

func (d *dataFile) close() error {
	if err := d.deflate.Close(); err != nil {
		return fmt.Errorf("write data of the archive: %w", err)
	}
	return nil
}

func (d *dataFile) describe(name string) File {
	return File{
		Name: name, Size: d.size, SHA256: hex.EncodeToString(d.plain.Sum(nil)),
		StoredSize: d.stored.n, StoredSHA256: hex.EncodeToString(d.stored.sum.Sum(nil)),
	}
}
