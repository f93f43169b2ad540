package archive

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"kexin/shared/record"
)

// The sealed container KXA1. A preamble of 100 bytes is followed by chunks:
//
//	offset  bytes
//	     0      4  magic "KXA1"
//	     4      1  version: 1
//	     5      1  algorithm: 1 = HKDF-SHA-256, AES-256-GCM in chunks (STREAM)
//	     6      1  exponent e, 12 … 20: a chunk holds 2^e bytes of plaintext
//	     7      1  reserved: 0
//	     8     16  file id, random
//	    24     30  deployment id, ASCII
//	    54     30  export id, ASCII                                — bytes 0 … 83 are the header
//	    84     16  commitment: tells a wrong key from altered bytes and ties the file to one key
//	   100         chunks: ciphertext, then a tag of 16 bytes; every chunk but the last holds 2^e bytes of plaintext, the last
//	               1 … 2^e (none only when the whole plaintext is empty)
//
//	okm        = HKDF-SHA-256(archive key, salt = file id, info = header, 55 bytes)
//	AES key    = okm[0:32]      nonce prefix = okm[32:39]      commitment = okm[39:55]
//	nonce      = prefix (7) | number of the chunk (4, big endian) | 1 for the last chunk, else 0 (1)
//	associated = SHA-256(header)
const (
	magic           = "KXA1"
	containerOne    = 1
	algorithmOne    = 1
	idBytes         = 30
	headerSize      = 8 + 16 + 2*idBytes
	commitSize      = 16
	prefixSize      = 7
	tagSize         = 16
	minExponent     = 12
	maxExponent     = 20
	defaultExponent = 16
	maxChunks       = 1 << 32
)

// Header says which export a sealed archive is. It is readable without the key and bound to every chunk.
type Header struct {
	Deployment record.DeploymentID
	Export     record.ExportID
	// FileID is drawn by NewWriter; what a caller sets is ignored.
	FileID [16]byte
	// ChunkExponent is the binary logarithm of the chunk size, 12 to 20; zero stands for 16 (64 KiB).
	ChunkExponent uint8
}

func (h Header) encode() []byte {
	b := make([]byte, 0, headerSize)
	b = append(b, magic...)
	b = append(b, containerOne, algorithmOne, h.ChunkExponent, 0)
	b = append(b, h.FileID[:]...)
	b = append(b, h.Deployment...)
	return append(b, h.Export...)
}

func (h Header) check() error {
	if record.CheckID(record.PrefixDeployment, string(h.Deployment)) != nil {
		return fmt.Errorf("deployment of the archive: %w", ErrFormat)
	}
	if record.CheckID(record.PrefixExport, string(h.Export)) != nil {
		return fmt.Errorf("export of the archive: %w", ErrFormat)
	}
	if h.ChunkExponent < minExponent || h.ChunkExponent > maxExponent {
		return fmt.Errorf("chunk size of the archive: %w", ErrFormat)
	}
	return nil
}

// ParseHeader reads what the first bytes of a sealed archive (84 or more) say about it. Nothing of it is authenticated before NewReader
// has accepted the key. It fails with ErrFormat.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < headerSize || string(b[:4]) != magic {
		return Header{}, fmt.Errorf("magic of the archive: %w", ErrFormat)
	}
	if b[4] != containerOne || b[5] != algorithmOne || b[7] != 0 {
		return Header{}, fmt.Errorf("version %d, algorithm %d of the archive: %w", b[4], b[5], ErrFormat)
	}
	h := Header{ChunkExponent: b[6], FileID: [16]byte(b[8:24])}
	h.Deployment = record.DeploymentID(b[24 : 24+idBytes])
	h.Export = record.ExportID(b[24+idBytes : headerSize])
	return h, h.check()
}

// chunks is what both directions derive from the key and the header.
type chunks struct {
	aead       cipher.AEAD
	associated [sha256.Size]byte
	nonce      [12]byte
	commitment []byte
	size       int    // plaintext bytes of a full chunk
	count      uint64 // chunks done
}

func newChunks(key []byte, h Header) (*chunks, error) {
	if len(key) != KeySize {
		return nil, ErrKey
	}
	header := h.encode()
	okm, err := hkdf.Key(sha256.New, key, h.FileID[:], string(header), KeySize+prefixSize+commitSize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(okm[:KeySize])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	c := &chunks{aead: aead, associated: sha256.Sum256(header), size: 1 << h.ChunkExponent}
	copy(c.nonce[:], okm[KeySize:KeySize+prefixSize])
	c.commitment = okm[KeySize+prefixSize:]
	return c, nil
}

// next returns the nonce of the chunk that is due.
func (c *chunks) next(last bool) []byte {
	binary.BigEndian.PutUint32(c.nonce[prefixSize:], uint32(c.count))
	c.nonce[11] = 0
	if last {
		c.nonce[11] = 1
	}
	return c.nonce[:]
}

// NewWriter seals what is written to it under key (KeySize bytes) and writes the container to w; it writes the preamble at once. Close
// ends the container but does not close w; a container that was not closed is refused by readers as cut off, so a build that fails
// needs no clean-up to be harmless. Memory: one chunk. It fails with ErrKey, ErrFormat (header), or when random or w fail.
func NewWriter(w io.Writer, key []byte, header Header, random io.Reader) (io.WriteCloser, error) {
	if header.ChunkExponent == 0 {
		header.ChunkExponent = defaultExponent
	}
	if err := header.check(); err != nil {
		return nil, fmt.Errorf("seal archive: %w", err)
	}
	if _, err := io.ReadFull(random, header.FileID[:]); err != nil {
		return nil, fmt.Errorf("draw file id of the archive: %w", err)
	}
	c, err := newChunks(key, header)
	if err != nil {
		return nil, fmt.Errorf("seal archive: %w", err)
	}
	if _, err := w.Write(append(header.encode(), c.commitment...)); err != nil {
		return nil, fmt.Errorf("write archive header: %w", err)
	}
	return &sealer{chunks: c, w: w, buf: make([]byte, 0, c.size+tagSize)}, nil
}

type sealer struct {
	*chunks
	w   io.Writer
	buf []byte
	err error // sticky: after a failed write nothing more may follow
}

// Write takes part in the container; a full chunk is written when its successor begins, because only then it is known not to be the last.
func (s *sealer) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if s.err == nil && len(s.buf) == s.size {
			s.flush(false)
		}
		if s.err != nil {
			return n, s.err
		}
		k := copy(s.buf[len(s.buf):s.size], p)
		s.buf = s.buf[:len(s.buf)+k]
		p, n = p[k:], n+k
	}
	return n, s.err
}

// Close writes the last chunk.
func (s *sealer) Close() error {
	if s.err != nil {
		return s.err
	}
	s.flush(true)
	if s.err != nil {
		return s.err
	}
	s.err = fmt.Errorf("write to a closed archive: %w", io.ErrClosedPipe)
	return nil
}

func (s *sealer) flush(last bool) {
	if s.count == maxChunks {
		s.err = fmt.Errorf("seal archive: more than 2^32 chunks: %w", ErrFormat)
		return
	}
	sealed := s.aead.Seal(s.buf[:0], s.next(last), s.buf, s.associated[:])
	if _, err := s.w.Write(sealed); err != nil {
		s.err = fmt.Errorf("write archive chunk: %w", err)
	}
	s.count++
	s.buf = s.buf[:0]
}
