package objectstest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"kexin/shared/objects"
)

// Errors of a Faults.
var (
	ErrFault = errors.New("injected fault")
	ErrCrash = errors.New("injected crash: the process is gone")
)

// Kind is how a call goes wrong.
type Kind int

// The kinds of faults.
const (
	Before      Kind = iota // the call fails and has no effect
	After                   // the call takes effect and then fails
	CrashBefore             // as Before, and every later call fails too
	CrashAfter              // as After, and every later call fails too
)

// Kinds returns every kind.
func Kinds() []Kind { return []Kind{Before, After, CrashBefore, CrashAfter} }

// Faults passes calls on and lets the At-th of them, counted from 1, go wrong. At 0 only counts.
type Faults struct {
	inner objects.Objects
	at    int
	kind  Kind

	mu      sync.Mutex
	calls   int
	crashed bool
}

var _ objects.Objects = (*Faults)(nil)

// NewFaults returns inner with a fault of kind at the at-th call.
func NewFaults(inner objects.Objects, at int, kind Kind) *Faults {
	return &Faults{inner: inner, at: at, kind: kind}
}

// Calls returns how many calls were made.
func (f *Faults) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// next counts a call and returns the error that it must fail with before and after its effect.
func (f *Faults) next() (before, after error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.crashed {
		return ErrCrash, nil
	}
	if f.calls != f.at {
		return nil, nil
	}
	switch f.kind {
	case Before:
		return ErrFault, nil
	case After:
		return nil, ErrFault
	case CrashBefore:
		f.crashed = true
		return ErrCrash, nil
	default:
		f.crashed = true
		return nil, ErrCrash
	}
}

func (f *Faults) do(act func() error) error {
	before, after := f.next()
	if before != nil {
		return before
	}
	if err := act(); err != nil {
		return err
	}
	return after
}

// Put implements objects.Objects.
func (f *Faults) Put(ctx context.Context, name objects.Name, content io.Reader, options objects.PutOptions) (info objects.Info, err error) {
	err = f.do(func() (err error) {
		info, err = f.inner.Put(ctx, name, content, options)
		return err
	})
	if err != nil {
		return objects.Info{}, err
	}
	return info, nil
}

// Get implements objects.Objects.
func (f *Faults) Get(ctx context.Context, name objects.Name, r objects.Range) (reader io.ReadCloser, info objects.Info, err error) {
	err = f.do(func() (err error) {
		reader, info, err = f.inner.Get(ctx, name, r)
		return err
	})
	if err != nil {
		if reader != nil {
			_ = reader.Close()
		}
		return nil, objects.Info{}, err
	}
	return reader, info, nil
}

// Delete implements objects.Objects.
func (f *Faults) Delete(ctx context.Context, name objects.Name) error {
	return f.do(func() error { return f.inner.Delete(ctx, name) })
}

// Link implements objects.Objects.
func (f *Faults) Link(ctx context.Context, name objects.Name, ttl time.Duration) (link string, err error) {
	err = f.do(func() (err error) {
		link, err = f.inner.Link(ctx, name, ttl)
		return err
	})
	if err != nil {
		return "", err
	}
	return link, nil
}

// List implements objects.Objects.
func (f *Faults) List(ctx context.Context, bucket objects.Bucket, prefix, after string) (paths []string, err error) {
	err = f.do(func() (err error) {
		paths, err = f.inner.List(ctx, bucket, prefix, after)
		return err
	})
	if err != nil {
		return nil, err
	}
	return paths, nil
}
