package httpapi

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"kexin/shared/idempotency"
	"kexin/shared/problem"
)

// Conditional is embedded in the input of an operation that changes what a client has read. A request without the header is refused
// with 428, a malformed one with 400, both before the handler runs.
type Conditional struct {
	IfMatch string `header:"If-Match" required:"true" doc:"ETag of the version that the change is based on" example:"\"7\""`
}

// Version returns the version that the client has read; compare it with the current one and answer ErrStale when they differ.
func (c Conditional) Version() (int64, error) { return parseETag(c.IfMatch) }

// ErrStale returns the problem (412) of a change that is based on an old version.
func ErrStale() error {
	return problem.Of(problem.PreconditionFailed, problem.At("header.If-Match", problem.CodeInvalid))
}

// ETag returns the strong entity tag of a version, for the header of answers.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

var errETag = errors.New("malformed entity tag")

// parseETag is the inverse of ETag. Weak tags, lists and "*" are not taken: a change is based on one version.
func parseETag(text string) (int64, error) {
	digits := strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`)
	version, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || version < 0 || ETag(version) != text {
		return 0, errETag
	}
	return version, nil
}

// Repeatable is embedded in the input of an operation that creates. A request without the header, or with one of less than 128 random
// bits, is refused with 400 before the handler runs.
type Repeatable struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"22" maxLength:"64" pattern:"^[A-Za-z0-9_-]+$" doc:"At least 128 random bits as base64url or hex, the same for every repetition of one request"`
}

// Key returns the key of the request.
func (r Repeatable) Key() (idempotency.Key, error) {
	key, err := idempotency.Parse(r.IdempotencyKey)
	if err != nil {
		return "", problem.Of(problem.MalformedHeader, problem.At("header."+idempotency.Header, problem.CodeFormat))
	}
	return key, nil
}

// BodyMAC returns the proof that a repetition of the request of ctx has the same body.
func (r Repeatable) BodyMAC(ctx context.Context) ([32]byte, error) {
	key, err := r.Key()
	if err != nil {
		return [32]byte{}, err
	}
	return idempotency.BodyMAC(key, RawBody(ctx))
}

// Paged is embedded in the input of an operation that lists.
type Paged struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"Most entries of one page"`
	Cursor string `query:"cursor" minLength:"1" maxLength:"2048" pattern:"^[A-Za-z0-9_-]+$" doc:"next of the page before; leave out for the first"`
}

// Cursors seals positions in lists, so that clients can neither read nor make them. It is safe for concurrent use.
type Cursors struct {
	aead   cipher.AEAD
	random io.Reader
}

// NewCursors returns cursors under a key derived from secret (at least 16 bytes). All processes that serve one list share it.
func NewCursors(secret []byte, random io.Reader) (*Cursors, error) {
	if len(secret) < 16 {
		return nil, errors.New("make cursors: the secret is shorter than 16 bytes")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "kexin/cursor/1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive cursor key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make cursors: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make cursors: %w", err)
	}
	return &Cursors{aead, random}, nil
}

// Seal returns the cursor of position in the list that scope names: the operation, its filters and whoever asks, so that a cursor is
// good for nothing else. The position after the last page, "", has the cursor "".
func (c *Cursors) Seal(scope, position string) (string, error) {
	if position == "" {
		return "", nil
	}
	nonce := make([]byte, c.aead.NonceSize())
	if _, err := io.ReadFull(c.random, nonce); err != nil {
		return "", fmt.Errorf("draw nonce of cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(c.aead.Seal(nonce, nonce, []byte(position), []byte(scope))), nil
}

// Open returns the position of cursor in the list that scope names, or a problem (422) of query.cursor. The cursor "" has the
// position "".
func (c *Cursors) Open(scope, cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(sealed) < c.aead.NonceSize() {
		return "", cursorProblem()
	}
	size := c.aead.NonceSize()
	position, err := c.aead.Open(nil, sealed[:size], sealed[size:], []byte(scope))
	if err != nil {
		return "", cursorProblem()
	}
	return string(position), nil
}

func cursorProblem() error {
	return problem.Invalid(problem.At("query.cursor", problem.CodeCursor))
}
