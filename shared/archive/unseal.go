package archive

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

// NewReader opens a container that NewWriter made and returns its plaintext and its header. No byte of a chunk is returned before the
// whole chunk is authentic; only io.EOF means that the archive was complete. Reading fails with ErrAltered or ErrTruncated, which name
// the chunk; opening with ErrFormat, ErrKey or ErrTruncated. Memory: two chunks.
func NewReader(r io.Reader, key []byte) (io.Reader, Header, error) {
	preamble := make([]byte, headerSize+commitSize)
	n, err := io.ReadFull(r, preamble)
	if err != nil && !ended(err) {
		return nil, Header{}, fmt.Errorf("read archive header: %w", err)
	}
	if err != nil && n >= len(magic) && string(preamble[:len(magic)]) == magic {
		return nil, Header{}, fmt.Errorf("open archive header: %w", ErrTruncated)
	}
	header, err := ParseHeader(preamble[:n])
	if err != nil {
		return nil, Header{}, fmt.Errorf("open archive header: %w", err)
	}
	c, err := newChunks(key, header)
	if err != nil {
		return nil, Header{}, fmt.Errorf("open archive: %w", err)
	}
	if subtle.ConstantTimeCompare(c.commitment, preamble[headerSize:]) != 1 {
		return nil, Header{}, fmt.Errorf("open archive: wrong key, or header altered: %w", ErrKey)
	}
	return &opener{chunks: c, r: r, in: make([]byte, c.size+tagSize+1), out: make([]byte, 0, c.size)}, header, nil
}

func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

type opener struct {
	*chunks
	r     io.Reader
	in    []byte // one sealed chunk and the first byte of the next
	out   []byte // room for the plaintext of one chunk
	held  int    // bytes of in that were read ahead: 0 or 1
	plain []byte // authentic and not yet returned
	err   error  // sticky
}

// Read returns authentic plaintext.
func (o *opener) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(o.plain) == 0 {
		if o.err != nil {
			return 0, o.err
		}
		o.plain, o.err = o.open()
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// open returns the next chunk; with the last one it returns io.EOF.
func (o *opener) open() ([]byte, error) {
	n, err := io.ReadFull(o.r, o.in[o.held:])
	if err != nil && !ended(err) {
		return nil, fmt.Errorf("read archive chunk %d: %w", o.count, err)
	}
	n += o.held
	last := n < len(o.in)
	sealed := o.in[:min(n, len(o.in)-1)]
	ahead := o.in[len(o.in)-1]
	if o.count == maxChunks || len(sealed) < tagSize || len(sealed) == tagSize && o.count > 0 {
		return nil, fmt.Errorf("open archive chunk %d: %w", o.count, ErrTruncated)
	}
	plain, err := o.aead.Open(o.out[:0], o.next(last), sealed, o.associated[:])
	if err != nil {
		return nil, o.explain(sealed, last)
	}
	o.count++
	if last {
		return plain, io.EOF
	}
	o.in[0], o.held = ahead, 1
	return plain, nil
}

// explain tells a missing or continued end from altered bytes: then the chunk is authentic in the other role.
func (o *opener) explain(sealed []byte, last bool) error {
	_, err := o.aead.Open(nil, o.next(!last), sealed, o.associated[:])
	switch {
	case err == nil && last:
		return fmt.Errorf("open archive: chunks after chunk %d are missing: %w", o.count, ErrTruncated)
	case err == nil:
		return fmt.Errorf("open archive: bytes follow the last chunk %d: %w", o.count, ErrAltered)
	case last && len(sealed) < o.size+tagSize:
		return fmt.Errorf("open archive: last chunk %d altered or cut off: %w", o.count, ErrAltered)
	}
	return fmt.Errorf("open archive: chunk %d altered or out of place: %w", o.count, ErrAltered)
}
