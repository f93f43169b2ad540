package objects

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// PartSize is the size of the parts in which large objects are sent and digested, in bytes.
const PartSize = 8 << 20

// Digest computes the digest of an object while it is written or read: the SHA-256 of contents up to PartSize; of larger ones the SHA-256
// of the SHA-256 of each part of PartSize bytes, which is what S3 computes, checks and stores for an upload in parts
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html, composite checksums), so that nobody has to
// read a large object twice.
type Digest struct {
	part   hash.Hash
	inPart int
	full   [][sha256.Size]byte // digests of the parts that are complete
	size   int64
}

// NewDigest returns the digest of nothing.
func NewDigest() *Digest { return &Digest{part: sha256.New()} }

// Write adds p; it never fails.
func (d *Digest) Write(p []byte) (int, error) {
	written := len(p)
	for len(p) > 0 {
		if d.inPart == PartSize {
			d.closePart()
		}
		n := min(len(p), PartSize-d.inPart)
		d.part.Write(p[:n])
		d.inPart += n
		p = p[n:]
	}
	d.size += int64(written)
	return written, nil
}

func (d *Digest) closePart() {
	d.full = append(d.full, d.partSum())
	d.part.Reset()
	d.inPart = 0
}

func (d *Digest) partSum() (sum [sha256.Size]byte) {
	d.part.Sum(sum[:0])
	return sum
}

// Size returns how many bytes were written.
func (d *Digest) Size() int64 { return d.size }

// Sum returns the digest of what was written so far.
func (d *Digest) Sum() [sha256.Size]byte {
	last := d.partSum()
	if len(d.full) == 0 {
		return last
	}
	all := sha256.New()
	for _, part := range d.full {
		all.Write(part[:])
	}
	all.Write(last[:])
	var sum [sha256.Size]byte
	all.Sum(sum[:0])
	return sum
}

// Checked returns a reader of r that fails with ErrCorrupt at its end unless exactly the bytes that want describes were read.
func Checked(r io.Reader, want Info) io.Reader { return &checkedReader{r, NewDigest(), want} }

type checkedReader struct {
	r      io.Reader
	digest *Digest
	want   Info
}

func (c *checkedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	_, _ = c.digest.Write(p[:n])
	if c.digest.Size() > c.want.Size || err != nil && c.complete() && c.digest.Sum() != c.want.SHA256 {
		return n, fmt.Errorf("read object: %w", ErrCorrupt)
	}
	if err == io.EOF && !c.complete() {
		return n, fmt.Errorf("read object that ends early: %w", ErrCorrupt)
	}
	return n, err
}

func (c *checkedReader) complete() bool { return c.digest.Size() == c.want.Size }
