package dirobjects

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"kexin/shared/objects"
)

// List implements objects.Objects. It reads only folders that can hold paths of the answer.
func (d *Dir) List(ctx context.Context, bucket objects.Bucket, prefix, after string) ([]string, error) {
	if err := objects.CheckBucket(bucket); err != nil {
		return nil, err
	}
	walk := &walk{ctx: ctx, root: d.folder(bucket), prefix: prefix, after: after}
	if err := walk.folder(""); err != nil {
		return nil, fmt.Errorf("list objects: %w", hidePath(err))
	}
	return walk.found, nil
}

// walk collects paths in the order of their bytes: a folder's entries are sorted by the path they stand for, a folder with its slash, which
// all paths below it start with.
type walk struct {
	ctx           context.Context
	root          string
	prefix, after string
	found         []string
}

// folder walks the folder whose path is base, which is empty or ends with a slash.
func (w *walk) folder(base string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(w.root, filepath.FromSlash(base)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a deletion beside us may have removed it
		return err
	}
	for _, path := range paths(base, entries) {
		if len(w.found) == objects.MaxList {
			return nil
		}
		if err := w.path(path); err != nil {
			return err
		}
	}
	return nil
}

func paths(base string, entries []os.DirEntry) []string {
	all := make([]string, 0, len(entries))
	for _, entry := range entries {
		if entry.IsDir() {
			all = append(all, base+entry.Name()+"/")
		} else if name, isObject := strings.CutSuffix(entry.Name(), fileSuffix); isObject {
			all = append(all, base+name)
		}
	}
	sort.Strings(all)
	return all
}

func (w *walk) path(path string) error {
	if !strings.HasSuffix(path, "/") {
		if strings.HasPrefix(path, w.prefix) && path > w.after {
			w.found = append(w.found, path)
		}
		return nil
	}
	canMatch := strings.HasPrefix(path, w.prefix) || strings.HasPrefix(w.prefix, path)
	if !canMatch || w.after > path && !strings.HasPrefix(w.after, path) {
		return nil // everything below starts with path, so it sorts where path does
	}
	return w.folder(path)
}
