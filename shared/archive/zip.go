package archive

import (
	"context"
	"crypto/ecdsa"
	"io"
	"time"

	"kexin/shared/record"
)

// Options state what a Builder writes.
type Options struct {
	Format   Format
	Language record.Language // language of CSV headers
	Columns  []Column        // in the order in which they are written; at least one, no field twice
	Facts    Facts
	// Sign returns an ASN.1 DER ECDSA P-256 signature of a SHA-256 digest, made with the key whose public half is Public: keys.Sign with
	// keys.SignArchives. Close calls it once.
	Sign   func(ctx context.Context, digest [32]byte) ([]byte, error)
	Public *ecdsa.PublicKey
	Now    func() time.Time
}

// Builder writes one export as a signed ZIP in one pass; memory does not grow with the number of rows. It is not safe for concurrent use.
type Builder struct{}

// NewBuilder starts an archive on w. Nothing that it writes is valid before Close has returned nil.
func NewBuilder(w io.Writer, options Options) (*Builder, error) { return nil, nil }

// Row writes one customer. A field of values that is no column is refused with ErrRow, and the builder then fails for good, because it
// is about to let out what nobody approved; a column without value stays empty (CSV) or absent (NDJSON).
func (b *Builder) Row(customer record.CustomerID, values map[record.FieldName]string) error {
	return nil
}

// Rows returns the number of rows written so far.
func (b *Builder) Rows() uint64 { return 0 }

// Close ends the data file and writes README.txt, manifest.json and manifest.dsse.json, and returns the manifest as it was signed. It
// does not close the underlying writer.
func (b *Builder) Close(ctx context.Context) (*Manifest, error) { return nil, nil }
