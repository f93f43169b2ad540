package boltstore

import (
	"os"
	"syscall"
)

// syncData forces the content of f, and of its metadata what is needed to read it, to stable storage.
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err != syscall.EINTR {
			return err
		}
	}
}

// allocate lets f have blocks from offset on, which read as zeros.
func allocate(f *os.File, offset, size int64) error {
	return syscall.Fallocate(int(f.Fd()), 0, offset, size)
}
