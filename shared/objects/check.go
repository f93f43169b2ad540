package objects

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Limits that every implementation keeps.
const (
	MaxList    = 1000             // paths in one answer of List
	MinLinkTTL = time.Second      // shortest life of a link
	MaxLinkTTL = 15 * time.Minute // longest life of a link
)

// DefaultType is the content type of an object that was put without one.
const DefaultType = "application/octet-stream"

// CheckName returns ErrName unless name has a known bucket and a path that CheckPath accepts.
func CheckName(name Name) error {
	if err := CheckBucket(name.Bucket); err != nil {
		return err
	}
	return CheckPath(name.Path)
}

// CheckBucket returns ErrName unless bucket is one of Buckets.
func CheckBucket(bucket Bucket) error {
	for _, known := range Buckets() {
		if bucket == known {
			return nil
		}
	}
	return ErrName
}

// CheckTTL returns ErrLink unless ttl lies between MinLinkTTL and MaxLinkTTL.
func CheckTTL(ttl time.Duration) error {
	if ttl < MinLinkTTL || ttl > MaxLinkTTL {
		return fmt.Errorf("life of a link outside %v to %v: %w", MinLinkTTL, MaxLinkTTL, ErrLink)
	}
	return nil
}

// Whole reports whether r asks for everything.
func (r Range) Whole() bool { return r == Range{} }

// In returns the bytes of r that an object of size has, or ErrRange when there are none. Everything of an empty object is an empty range.
func (r Range) In(size int64) (offset, length int64, err error) {
	if r.Offset < 0 || r.Length < 0 || r.Offset >= size && !(r.Whole() && size == 0) {
		return 0, 0, ErrRange
	}
	length = size - r.Offset
	if r.Length > 0 && r.Length < length {
		length = r.Length
	}
	return r.Offset, length, nil
}

// Normal returns options with the default type, and with a lock that has passed at now left out and any other rounded up to the second,
// which is what S3 keeps.
func (o PutOptions) Normal(now time.Time) PutOptions {
	if o.ContentType == "" {
		o.ContentType = DefaultType
	}
	if !o.LockUntil.After(now) {
		o.LockUntil = time.Time{}
		return o
	}
	if second := o.LockUntil.Truncate(time.Second); !second.Equal(o.LockUntil) {
		o.LockUntil = second.Add(time.Second)
	}
	o.LockUntil = o.LockUntil.UTC()
	return o
}

// WithContext returns a reader of r that fails with the error of ctx once it is done. It cannot interrupt a read that is under way.
func WithContext(ctx context.Context, r io.Reader) io.Reader { return &contextReader{ctx, r} }

type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
