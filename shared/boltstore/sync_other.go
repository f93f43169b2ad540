//go:build !linux

package boltstore

import (
	"errors"
	"os"
)

// syncData forces f to stable storage.
func syncData(f *os.File) error { return f.Sync() }

// allocate is not known here: files grow by being written.
func allocate(*os.File, int64, int64) error { return errors.ErrUnsupported }
