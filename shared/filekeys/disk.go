package filekeys

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// step names a point at which writing a file can fail or the machine can stop. Tests stop there; nothing else does.
type step string

const (
	stepWritten  step = "written"  // the new bytes are in a file beside the old one
	stepSynced   step = "synced"   // and on the disk
	stepReplaced step = "replaced" // the new file has the name
	stepWiped    step = "wiped"    // the old bytes are overwritten
)

func noStep(step) error { return nil }

// readPrivate reads a regular file that only its owner can use, of at most maxFile bytes.
func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return nil, ErrMode
	}
	image, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(image) > maxFile {
		err = ErrFormat
	}
	return image, err
}

// createDurably gives image the name path, which must be free: ErrExists.
func createDurably(path string, image []byte, at func(step) error) error {
	temporary, err := writeBeside(path, image, at)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	if err := os.Link(temporary, path); errors.Is(err, fs.ErrExist) {
		return ErrExists
	} else if err != nil {
		return err
	}
	return syncDirectory(path)
}

// replaceDurably puts image in the place of the file at path. replaced says whether the name already leads to image; an error together
// with replaced means that it may lead to the old bytes again after a power cut.
func replaceDurably(path string, image []byte, at func(step) error) (replaced bool, err error) {
	temporary, err := writeBeside(path, image, at)
	if err != nil {
		return false, err
	}
	old, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false, errors.Join(err, os.Remove(temporary))
	}
	defer old.Close()
	if err := os.Rename(temporary, path); err != nil {
		return false, errors.Join(err, os.Remove(temporary))
	}
	if err := at(stepReplaced); err != nil {
		return true, err
	}
	if err := syncDirectory(path); err != nil {
		return true, err
	}
	wipe(old)
	return true, at(stepWiped)
}

// writeBeside writes image to a new file of mode 0600 in the directory of path and forces it to the disk.
func writeBeside(path string, image []byte, at func(step) error) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600 by contract of CreateTemp
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(image)
	err = errors.Join(err, at(stepWritten), file.Sync(), file.Close())
	if err == nil {
		err = at(stepSynced)
	}
	return file.Name(), err
}

func syncDirectory(path string) error {
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer directory.Close()
	if err := directory.Sync(); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// wipe overwrites a file that has lost its name. It is the best that can be done, not a promise: file systems that never write in place
// keep the old bytes. A file that still has another name (a hard link made as a copy) is left alone.
func wipe(file *os.File) {
	info, err := file.Stat()
	if err != nil || !nameless(info) {
		return
	}
	if _, err := file.WriteAt(make([]byte, info.Size()), 0); err == nil {
		_ = file.Sync()
	}
}
