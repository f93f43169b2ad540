package filekeys

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

// A key file is one line of text and a body:
//
//	kexin key file 1 sealed argon2id T M P SALT NONCE ␊      body: AES-256-GCM of the content, tag of 16 bytes at the end
//	kexin key file 1 DEMONSTRATION-NOT-SEALED sha256 SUM ␊   body: the content in clear, SUM is its SHA-256
//
// T passes, M KiB of memory and P threads are Argon2id's parameters in decimal; SALT (16 bytes), NONCE (12) and SUM (32) are lower-case
// hexadecimal. The key of the seal is Argon2id(passphrase, SALT, T, M, P) of 32 bytes; the whole line with its end is the associated
// data. The content is JSON, see content. A file has exactly one encoding: anything that would be written otherwise is refused.
const (
	headerSealed = "kexin key file 1 sealed argon2id "
	headerDemo   = "kexin key file 1 DEMONSTRATION-NOT-SEALED sha256 "
	maxHeader    = 256
	maxFile      = 1 << 20
)

// cost holds the parameters of Argon2id. They come from the file, so they are bounded before they are used.
type cost struct {
	passes uint32
	memory uint32 // KiB
	lanes  uint8
}

// defaultCost is the second recommended option of RFC 9106 (section 4), for machines where 2 GiB is too much.
var defaultCost = cost{passes: 3, memory: 64 << 10, lanes: 4}

func (c cost) check() error {
	if c.passes < 1 || c.passes > 16 || c.lanes < 1 || c.lanes > 16 || c.memory < 8*uint32(c.lanes) || c.memory > 1<<20 {
		return fmt.Errorf("%w: argon2id parameters", ErrFormat)
	}
	return nil
}

// seal is the key that a passphrase gives and what is needed to derive it again. The passphrase itself is not kept.
type seal struct {
	cost cost
	salt [16]byte
	aead cipher.AEAD
}

func newSeal(random io.Reader, passphrase []byte, c cost) (*seal, error) {
	if c == (cost{}) {
		c = defaultCost
	}
	var salt [16]byte
	if _, err := io.ReadFull(random, salt[:]); err != nil {
		return nil, fmt.Errorf("draw salt: %w", err)
	}
	return deriveSeal(passphrase, salt, c)
}

// deriveSeal takes parameters that check has passed.
func deriveSeal(passphrase []byte, salt [16]byte, c cost) (*seal, error) {
	key := argon2.IDKey(passphrase, salt[:], c.passes, c.memory, c.lanes, 32)
	defer clear(key)
	aead, err := newAEAD(key)
	return &seal{cost: c, salt: salt, aead: aead}, err
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("%w: key size", ErrFormat)
	}
	return cipher.NewGCM(block)
}

func (s *seal) header(nonce [12]byte) []byte {
	return fmt.Appendf(nil, "%s%d %d %d %x %x\n", headerSealed, s.cost.passes, s.cost.memory, s.cost.lanes, s.salt, nonce)
}

// encode returns the bytes of a key file that holds c.
func (f *File) encode(c content) ([]byte, error) {
	body, err := c.encode()
	if err != nil {
		return nil, err
	}
	if f.seal == nil {
		return append(demoHeader(body), body...), nil
	}
	defer clear(body)
	var nonce [12]byte
	if _, err := io.ReadFull(f.random, nonce[:]); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	header := f.seal.header(nonce)
	return f.seal.aead.Seal(header, nonce[:], body, header[:len(header):len(header)]), nil
}

func demoHeader(body []byte) []byte {
	return fmt.Appendf(nil, "%s%x\n", headerDemo, sha256.Sum256(body))
}

// decode returns what the bytes of a key file hold, and its seal (nil for a demonstration).
func decode(image, passphrase []byte) (content, *seal, error) {
	end := bytes.IndexByte(image[:min(len(image), maxHeader)], '\n')
	if end < 0 || len(image) > maxFile {
		return content{}, nil, ErrFormat
	}
	header, body := image[:end+1], image[end+1:]
	switch {
	case bytes.HasPrefix(header, []byte(headerDemo)):
		c, err := decodeDemo(header, body, passphrase)
		return c, nil, err
	case bytes.HasPrefix(header, []byte(headerSealed)):
		return decodeSealed(header, body, passphrase)
	}
	return content{}, nil, ErrFormat
}

func decodeDemo(header, body, passphrase []byte) (content, error) {
	if len(passphrase) != 0 {
		return content{}, ErrUnsealed
	}
	if !bytes.Equal(header, demoHeader(body)) {
		return content{}, fmt.Errorf("%w: checksum", ErrFormat)
	}
	return decodeContent(body, true)
}

func decodeSealed(header, body, passphrase []byte) (content, *seal, error) {
	s, nonce, err := parseSealedHeader(header)
	if err != nil {
		return content{}, nil, err
	}
	if len(passphrase) == 0 {
		return content{}, nil, fmt.Errorf("%w: none was given", ErrPassphrase)
	}
	if s, err = deriveSeal(passphrase, s.salt, s.cost); err != nil {
		return content{}, nil, err
	}
	plain, err := s.aead.Open(nil, nonce[:], body, header)
	if err != nil {
		return content{}, nil, ErrPassphrase
	}
	defer clear(plain)
	c, err := decodeContent(plain, false)
	return c, s, err
}

// parseSealedHeader returns a seal without its key. Encoding the result again must give header, so there is one way to write it.
func parseSealedHeader(header []byte) (*seal, [12]byte, error) {
	var s seal
	var nonce [12]byte
	line := strings.TrimSuffix(strings.TrimPrefix(string(header), headerSealed), "\n")
	fields := strings.Split(line, " ")
	if len(fields) != 5 {
		return nil, nonce, fmt.Errorf("%w: header", ErrFormat)
	}
	_, err := fmt.Sscanf(strings.Join(fields[:3], " "), "%d %d %d", &s.cost.passes, &s.cost.memory, &s.cost.lanes)
	if err != nil || !unhex(s.salt[:], fields[3]) || !unhex(nonce[:], fields[4]) {
		return nil, nonce, fmt.Errorf("%w: header", ErrFormat)
	}
	if !bytes.Equal(s.header(nonce), header) {
		return nil, nonce, fmt.Errorf("%w: header", ErrFormat)
	}
	return &s, nonce, s.cost.check()
}

func unhex(to []byte, from string) bool {
	if hex.DecodedLen(len(from)) != len(to) {
		return false
	}
	_, err := hex.Decode(to, []byte(from))
	return err == nil
}
