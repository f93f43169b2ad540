package archive

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
	"unicode/utf8"

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

func (o *Options) check() error {
	if o.Format != NDJSON && o.Format != CSV {
		return fmt.Errorf("%w: format %q", ErrOptions, o.Format)
	}
	if o.Language != record.Chinese && o.Language != record.English {
		return fmt.Errorf("%w: language %q", ErrOptions, o.Language)
	}
	if o.Sign == nil || o.Now == nil || len(o.Columns) == 0 {
		return fmt.Errorf("%w: signer, clock or columns missing", ErrOptions)
	}
	seen := map[record.FieldName]bool{"": true, customerColumn: true, watermarkColumn: true}
	for _, c := range o.Columns {
		if seen[c.Field] || c.Level < record.L0 || c.Level > record.L3 || checkValue(c.Field, string(c.Field)+c.Title.ZH+c.Title.EN) != nil {
			return fmt.Errorf("%w: column %q missing, reserved, malformed, without level or twice", ErrOptions, c.Field)
		}
		seen[c.Field] = true
	}
	return o.Facts.check()
}

// Builder writes one export as a signed ZIP in one pass; memory does not grow with the number of rows. It is not safe for concurrent use.
// While rows are encoded, the block before them is compressed and written by a second goroutine, which lasts for that one write; so when
// a Builder is given up without Close, one write of at most a block may still be under way.
type Builder struct {
	options  Options
	keyID    string
	created  time.Time
	layout   layout
	out      *counter
	entries  []entry
	data     *dataFile
	encoder  encoder
	columns  map[record.FieldName]bool
	buf      []byte // rows being encoded
	spare    []byte // rows being compressed, while a write is in flight
	flight   chan error
	inFlight bool
	rows     uint64
	err      error // sticky
	finished bool
}

const bufferSize = 64 << 10

// NewBuilder starts an archive on w. Nothing that it writes is valid before Close has returned nil. It fails with ErrOptions, or when w
// does.
func NewBuilder(w io.Writer, options Options) (*Builder, error) {
	return newBuilder(w, options, standardLayout)
}

func newBuilder(w io.Writer, options Options, l layout) (*Builder, error) {
	if err := options.check(); err != nil {
		return nil, fmt.Errorf("build archive: %w", err)
	}
	id, err := KeyID(options.Public)
	if err != nil {
		return nil, fmt.Errorf("build archive: %w: %w", ErrOptions, err)
	}
	b := &Builder{options: options, keyID: id, layout: l, out: &counter{w: w}}
	b.created = options.Now().UTC().Truncate(time.Second)
	b.encoder = newEncoder(options)
	b.columns = make(map[record.FieldName]bool, len(options.Columns))
	for _, c := range options.Columns {
		b.columns[c.Field] = true
	}
	first := entry{name: dataName(options.Facts.Watermark, options.Format), streamed: true}
	if _, err := b.out.Write(l.local(first)); err != nil {
		return nil, fmt.Errorf("build archive: write header: %w", err)
	}
	b.entries = []entry{first}
	b.data = newDataFile(b.out)
	b.flight = make(chan error, 1)
	b.spare = make([]byte, 0, bufferSize+bufferSize/4)
	b.buf = b.encoder.header(make([]byte, 0, bufferSize+bufferSize/4))
	return b, nil
}

// dataName carries the watermark, so that a lone data file still leads to its requester.
func dataName(w Watermark, f Format) string { return "data-" + string(w) + "." + string(f) }

// Row writes one customer. A field of values that is no column is refused with ErrRow, and the builder then fails for good, because it
// is about to let out what nobody approved; a column without value stays empty (CSV) or absent (NDJSON).
func (b *Builder) Row(customer record.CustomerID, values map[record.FieldName]string) error {
	if b.err != nil {
		return b.err
	}
	if b.finished || record.CheckID(record.PrefixCustomer, string(customer)) != nil {
		return b.refuse(fmt.Errorf("archive closed, or customer id malformed: %w", ErrRow))
	}
	start := len(b.buf)
	row, written := b.encoder.row(b.buf, customer, values)
	if written != len(values) || !utf8.Valid(row[start:]) {
		return b.refuse(b.explain(values))
	}
	b.buf = row
	b.rows++
	if len(b.buf) >= bufferSize {
		b.flush()
	}
	return b.err
}

func (b *Builder) refuse(err error) error {
	b.settle()
	b.err = fmt.Errorf("write row %d of the archive: %w", b.rows+1, err)
	return b.err
}

// explain finds what is wrong with values.
func (b *Builder) explain(values map[record.FieldName]string) error {
	for field, value := range values {
		if !b.columns[field] {
			return fmt.Errorf("field %.40q is not part of the export: %w", field, ErrRow)
		}
		if err := checkValue(field, value); err != nil {
			return err
		}
	}
	return ErrRow
}

// flush hands the encoded rows to the compressor and goes on without waiting for it.
func (b *Builder) flush() {
	b.settle()
	full := b.buf
	b.buf, b.spare = b.spare[:0], full
	if b.err != nil {
		return
	}
	b.inFlight = true
	go func() { b.flight <- b.data.write(full) }()
}

// settle waits for the write in flight.
func (b *Builder) settle() {
	if !b.inFlight {
		return
	}
	b.inFlight = false
	if err := <-b.flight; b.err == nil {
		b.err = err
	}
}

// Rows returns the number of rows written so far.
func (b *Builder) Rows() uint64 { return b.rows }

// Close ends the data file and writes README.txt, manifest.json and manifest.dsse.json, and returns the manifest as it was signed. It
// does not close the underlying writer. It fails when a row, the writer or Sign failed, or when the signature is not of Public.
func (b *Builder) Close(ctx context.Context) (*Manifest, error) {
	if b.finished {
		return nil, errors.New("close archive: closed before")
	}
	b.finished = true
	b.flush()
	b.settle()
	if b.err != nil {
		return nil, b.err
	}
	manifest, err := b.finish(ctx)
	if err != nil {
		b.err = fmt.Errorf("close archive: %w", err)
		return nil, b.err
	}
	return manifest, nil
}

func (b *Builder) finish(ctx context.Context) (*Manifest, error) {
	if err := b.endData(); err != nil {
		return nil, err
	}
	data := b.data.describe(b.entries[0].name)
	text := readme(b.options.Facts, data.Name)
	manifest := b.manifest(data, describe(ReadmeName, text))
	statement, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	signed, err := b.sign(ctx, statement)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{ReadmeName, text}, {ManifestName, statement}, {SignatureName, signed}} {
		if err := b.store(f.name, f.content); err != nil {
			return nil, err
		}
	}
	return manifest, b.directory()
}

func (b *Builder) manifest(files ...File) *Manifest {
	o := b.options
	return &Manifest{
		Format: ManifestFormat, Facts: o.Facts, Created: b.created, Language: o.Language, Data: o.Format,
		Rows: b.rows, Fields: o.Columns, Files: files,
	}
}

func (b *Builder) endData() error {
	if err := b.data.close(); err != nil {
		return err
	}
	e := &b.entries[0]
	e.crc, e.stored, e.size = b.data.crc, b.data.stored.n, b.data.size
	_, err := b.out.Write(b.layout.descriptor(*e))
	return err
}

// sign asks for the signature and checks it, so that a wrongly configured key shows at the build and not at the reader.
func (b *Builder) sign(ctx context.Context, statement []byte) ([]byte, error) {
	der, err := b.options.Sign(ctx, sha256.Sum256(preAuthentication(statement)))
	if err != nil {
		return nil, fmt.Errorf("sign manifest: %w", err)
	}
	signed, err := encodeEnvelope(statement, b.keyID, der)
	if err != nil {
		return nil, fmt.Errorf("sign manifest: %w", err)
	}
	if _, err := openEnvelope(signed, []*ecdsa.PublicKey{b.options.Public}); err != nil {
		return nil, fmt.Errorf("sign manifest: check: %w", err)
	}
	return signed, nil
}

// store writes a small file uncompressed, so that its bytes in the ZIP are its content.
func (b *Builder) store(name string, content []byte) error {
	n := uint64(len(content))
	e := entry{name: name, crc: crc32.ChecksumIEEE(content), stored: n, size: n, offset: b.out.n}
	b.entries = append(b.entries, e)
	if _, err := b.out.Write(b.layout.local(e)); err != nil {
		return err
	}
	_, err := b.out.Write(content)
	return err
}

func (b *Builder) directory() error {
	start := b.out.n
	for _, e := range b.entries {
		if _, err := b.out.Write(b.layout.central(e)); err != nil {
			return err
		}
	}
	_, err := b.out.Write(b.layout.end(len(b.entries), b.out.n-start, start))
	return err
}

func describe(name string, content []byte) File {
	sum := sha256.Sum256(content)
	text := hex.EncodeToString(sum[:])
	return File{Name: name, Size: uint64(len(content)), SHA256: text, StoredSize: uint64(len(content)), StoredSHA256: text}
}
