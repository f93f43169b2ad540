package dirobjects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kexin/shared/objects"
)

// linkTries is how often Put makes the folders again when a deletion beside it removes them while they are empty.
const linkTries = 100

// Put implements objects.Objects.
func (d *Dir) Put(ctx context.Context, name objects.Name, content io.Reader, options objects.PutOptions) (objects.Info, error) {
	if err := objects.CheckName(name); err != nil {
		return objects.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return objects.Info{}, err
	}
	if _, err := os.Lstat(d.file(name)); err == nil {
		return objects.Info{}, fmt.Errorf("put object: %w", objects.ErrExists) // early: the link below is what decides
	}
	info, err := d.put(ctx, name, content, options.Normal(d.options.Now()))
	if err != nil {
		return objects.Info{}, fmt.Errorf("put object: %w", hidePath(err))
	}
	return info, nil
}

func (d *Dir) put(ctx context.Context, name objects.Name, content io.Reader, options objects.PutOptions) (objects.Info, error) {
	temp, err := d.temporary()
	if err != nil {
		return objects.Info{}, err
	}
	defer os.Remove(temp.Name())
	info, err := fill(temp, objects.WithContext(ctx, content), options)
	if err = errors.Join(err, temp.Close()); err != nil {
		return objects.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return objects.Info{}, err
	}
	return info, d.publish(temp.Name(), name)
}

// fill writes the content, then the header before it, and syncs both.
func fill(file *os.File, content io.Reader, options objects.PutOptions) (objects.Info, error) {
	digest := objects.NewDigest()
	if _, err := file.Seek(headerSize, io.SeekStart); err != nil {
		return objects.Info{}, err
	}
	if _, err := io.Copy(io.MultiWriter(file, digest), content); err != nil {
		return objects.Info{}, err
	}
	info := objects.Info{Size: digest.Size(), SHA256: digest.Sum(), ContentType: options.ContentType, LockedUntil: options.LockUntil}
	header, err := encodeHeader(info)
	if err != nil {
		return objects.Info{}, err
	}
	if _, err := file.WriteAt(header, 0); err != nil {
		return objects.Info{}, err
	}
	return info, file.Sync()
}

// publish gives the file its name, unless it is taken, and makes that durable.
func (d *Dir) publish(temp string, name objects.Name) error {
	path := d.file(name)
	err := fs.ErrNotExist
	for try := 0; try < linkTries && errors.Is(err, fs.ErrNotExist); try++ {
		if err := d.makeFolders(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		err = os.Link(temp, path)
	}
	if errors.Is(err, fs.ErrExist) {
		return objects.ErrExists
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// makeFolders makes the folders of a path and syncs the parent of each that was absent.
func (d *Dir) makeFolders(name objects.Name) error {
	folder := d.folder(name.Bucket)
	segments := strings.Split(name.Path, "/")
	for _, segment := range segments[:len(segments)-1] {
		parent := folder
		folder = filepath.Join(folder, segment)
		err := os.Mkdir(folder, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := syncFolder(parent); err != nil {
			return err
		}
	}
	return nil
}
