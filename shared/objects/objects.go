// Package objects is the contract between Kexin and what keeps its files: S3 (s3objects) or a folder (dirobjects). Objects are written
// once, streamed both ways, checked on reading, lent by expiring links, and locked where they are evidence. Package objectstest is the
// contract as tests.
package objects

import (
	"context"
	"errors"
	"io"
	"time"

	"kexin/shared/retry"
)

// Bucket is one of the buckets of the design.
type Bucket string

// The buckets: export archives (ciphertext only), evidence (the sealed log, locked), uploads of import files.
const (
	Archives Bucket = "archives"
	Evidence Bucket = "evidence"
)

// Buckets returns every bucket in a fixed order.
func Buckets() []Bucket { return []Bucket{Archives, Evidence} }

// Name addresses an object. Path has 1 to 512 bytes of a-z A-Z 0-9 . _ - / with no empty, "." or ".." segment and none of more than 200
// bytes, so that every path is also a path of files.
type Name struct {
	Bucket Bucket
	Path   string
}

// Info describes a stored object. SHA256 is what Digest computes: the plain SHA-256 of contents up to PartSize. It is zero when only a
// range was read.
type Info struct {
	Size        int64
	SHA256      [32]byte
	ContentType string
	LockedUntil time.Time // zero: not locked
}

// PutOptions state how an object is kept.
type PutOptions struct {
	ContentType string
	LockUntil   time.Time // with a time in the future the object can be neither replaced nor deleted before it
}

// Range selects bytes from Offset on: Length of them, or all the rest when Length is zero.
type Range struct{ Offset, Length int64 }

// Objects keeps files. All methods are safe for concurrent use and honour ctx.
type Objects interface {
	// Put streams content into a new object and returns when it is durable. ErrExists: the name is taken (nothing is replaced, ever).
	// When content or ctx fails, no object appears. Memory use does not grow with the size.
	Put(ctx context.Context, name Name, content io.Reader, options PutOptions) (Info, error)
	// Get streams a range of the object. Reading to the end of a whole object fails with ErrCorrupt when the bytes are not those that
	// were put; a range is not checked. ErrNotFound; ErrRange when Offset is beyond the last byte. The caller closes the reader.
	Get(ctx context.Context, name Name, r Range) (io.ReadCloser, Info, error)
	// Delete removes the object with all its versions; removing nothing is no error. ErrLocked while a lock holds.
	Delete(ctx context.Context, name Name) error
	// Link returns a URL that hands out the object by GET without credentials until ttl (1 s to 15 min) has passed; an altered or expired
	// link is refused by the server.
	Link(ctx context.Context, name Name, ttl time.Duration) (string, error)
	// List returns up to 1,000 paths of bucket that start with prefix, in order, after the path after; an empty answer ends the walk.
	List(ctx context.Context, bucket Bucket, prefix, after string) ([]string, error)
}

// Sentinels of the contract.
var (
	ErrNotFound   = errors.New("object not found")
	ErrExists     = errors.New("object exists")
	ErrLocked     = errors.New("object is locked")
	ErrCorrupt    = errors.New("object does not match its checksum")
	ErrRange      = errors.New("range outside the object")
	ErrName       = errors.New("malformed object name")
	ErrLink       = errors.New("link expired or altered")
	ErrNotGranted = errors.New("object access not granted to this function")

	// ErrUnavailable: the backend did not answer, or not as it should, and was asked again within the call's time.
	ErrUnavailable = retry.Later("objects unavailable", 2)
)

// CheckPath returns ErrName unless path follows the rule of Name.
func CheckPath(path string) error {
	if len(path) == 0 || len(path) > 512 {
		return ErrName
	}
	start := 0
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '/' {
			if !pathByte(path[i]) {
				return ErrName
			}
			continue
		}
		if segment := path[start:i]; segment == "" || segment == "." || segment == ".." || len(segment) > 200 {
			return ErrName
		}
		start = i + 1
	}
	return nil
}

func pathByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '.' || b == '_' || b == '-'
}
