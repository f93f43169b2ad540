// Package dirobjects keeps objects as files of a folder, for the embedded server. An object is written under a temporary name, synced, and
// then linked to its own name, which fails when that is taken; so a crash leaves an object whole or not at all, and nothing is replaced.
// Objects lie at DIR/<bucket>/<path>= and folders of a path at DIR/<bucket>/<segment>: "=" occurs in no path, so "a" and "a/b" can
// both exist. Handler serves the links that Link makes.
//
// Locks bind this package only: whoever owns the machine can remove a file. Modes are 0700 and 0600.
package dirobjects

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kexin/shared/objects"
)

const (
	fileSuffix = "="    // ends the name of every file that holds an object
	tempFolder = "=tmp" // holds what is being written
	staleAfter = 24 * time.Hour
)

// Options configure a folder of objects.
type Options struct {
	LinkKey []byte           // signs links; at least 32 random bytes
	Now     func() time.Time // the clock; required
	BaseURL string           // what comes before the path of a link, such as http://127.0.0.1:8080/objects, without a slash at the end
	Rand    io.Reader        // names temporary files; nil means crypto/rand
}

// Dir is a folder of objects. It implements objects.Objects.
type Dir struct {
	root    string
	options Options
}

var _ objects.Objects = (*Dir)(nil)

// Open returns the objects in dir, which it makes when it is absent, and removes what uploads left there more than a day ago.
func Open(dir string, options Options) (*Dir, error) {
	if len(options.LinkKey) < 32 || options.Now == nil {
		return nil, errors.New("open objects: a link key of 32 bytes and a clock are required")
	}
	if options.Rand == nil {
		options.Rand = rand.Reader
	}
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	d := &Dir{root, options}
	if err := d.makeRoot(); err != nil {
		return nil, fmt.Errorf("open objects: %w", err)
	}
	return d, nil
}

func (d *Dir) makeRoot() error {
	if err := os.MkdirAll(filepath.Join(d.root, tempFolder), 0o700); err != nil {
		return err
	}
	for _, bucket := range objects.Buckets() {
		if err := os.MkdirAll(d.folder(bucket), 0o700); err != nil {
			return err
		}
	}
	if err := d.removeStale(); err != nil {
		return err
	}
	return syncFolder(d.root)
}

// removeStale leaves younger files alone, since another process may be writing them.
func (d *Dir) removeStale() error {
	entries, err := os.ReadDir(filepath.Join(d.root, tempFolder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || d.options.Now().Sub(info.ModTime()) < staleAfter {
			continue
		}
		if err := os.Remove(filepath.Join(d.root, tempFolder, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (d *Dir) folder(bucket objects.Bucket) string { return filepath.Join(d.root, string(bucket)) }

func (d *Dir) file(name objects.Name) string {
	return filepath.Join(d.folder(name.Bucket), filepath.FromSlash(name.Path)) + fileSuffix
}

// Get implements objects.Objects.
func (d *Dir) Get(ctx context.Context, name objects.Name, r objects.Range) (io.ReadCloser, objects.Info, error) {
	if err := objects.CheckName(name); err != nil {
		return nil, objects.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, objects.Info{}, err
	}
	file, info, err := d.open(name)
	if err != nil {
		return nil, objects.Info{}, fmt.Errorf("get object: %w", err)
	}
	offset, length, err := r.In(info.Size)
	if err != nil {
		_ = file.Close()
		return nil, objects.Info{}, fmt.Errorf("get object: %w", err)
	}
	content := objects.WithContext(ctx, io.NewSectionReader(file, headerSize+offset, length))
	if r.Whole() {
		content = objects.Checked(content, info)
	} else {
		info.SHA256 = [32]byte{}
	}
	return &readCloser{content, file}, info, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// open opens the file of an object and reads its header. A file that is shorter or longer than that says is ErrCorrupt.
func (d *Dir) open(name objects.Name) (*os.File, objects.Info, error) {
	file, err := os.Open(d.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, objects.Info{}, objects.ErrNotFound
	}
	if err != nil {
		return nil, objects.Info{}, hidePath(err)
	}
	info, err := readHeader(file)
	if stat, statErr := file.Stat(); err == nil && (statErr != nil || stat.Size() != headerSize+info.Size) {
		err = fmt.Errorf("file has another size: %w", objects.ErrCorrupt)
	}
	if err != nil {
		_ = file.Close()
		return nil, objects.Info{}, err
	}
	return file, info, nil
}

// Delete implements objects.Objects.
func (d *Dir) Delete(ctx context.Context, name objects.Name) error {
	if err := objects.CheckName(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.remove(name); err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	return nil
}

// remove deletes a file whose header cannot be read too, unless it lies in the bucket of evidence: a damaged header must not undo a lock.
func (d *Dir) remove(name objects.Name) error {
	file, info, err := d.open(name)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return nil
	case errors.Is(err, objects.ErrCorrupt) && name.Bucket != objects.Evidence:
	case err != nil:
		return err
	default:
		_ = file.Close()
	}
	if info.LockedUntil.After(d.options.Now()) {
		return objects.ErrLocked
	}
	path := d.file(name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return hidePath(err)
	}
	return d.prune(name.Bucket, filepath.Dir(path))
}

// prune syncs folder and removes it and those above it as long as they are empty.
func (d *Dir) prune(bucket objects.Bucket, folder string) error {
	for ; folder != d.folder(bucket); folder = filepath.Dir(folder) {
		if os.Remove(folder) != nil {
			break
		}
	}
	if err := syncFolder(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return hidePath(err)
	}
	return nil
}

// temporary makes a file for an upload. Its name is random, so that uploads do not meet.
func (d *Dir) temporary() (*os.File, error) {
	var random [16]byte
	if _, err := io.ReadFull(d.options.Rand, random[:]); err != nil {
		return nil, err
	}
	path := filepath.Join(d.root, tempFolder, hex.EncodeToString(random[:]))
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// hidePath takes the path out of an error of the file system, since it names an object.
func hidePath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s file: %w", path.Op, path.Err)
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return fmt.Errorf("%s file: %w", link.Op, link.Err)
	}
	return err
}
