package boltstore

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"kexin/shared/store"
)

// dirFileKeys keeps file keys as the names of files, so that they outlive a killed process. A key is derived from its name, which would
// be no secret anywhere else.
type dirFileKeys struct {
	dir string
	mu  sync.Mutex
}

const currentName = "current"

func newDirFileKeys(dir string) *dirFileKeys { return &dirFileKeys{dir: dir} }

func (k *dirFileKeys) FileKey(id string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(k.dir, id)); err != nil {
		return nil, errors.New("file key is not there")
	}
	key := sha256.Sum256([]byte("file key " + id))
	return key[:], nil
}

func (k *dirFileKeys) CurrentFileKey() (string, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, err := os.ReadFile(filepath.Join(k.dir, currentName))
	if errors.Is(err, os.ErrNotExist) {
		id = []byte("1")
		err = errors.Join(os.MkdirAll(k.dir, 0o700), os.WriteFile(filepath.Join(k.dir, "1"), nil, 0o600), k.setCurrent("1"))
	}
	if err != nil {
		return "", nil, err
	}
	key, err := k.FileKey(string(id))
	return string(id), key, err
}

func (k *dirFileKeys) setCurrent(id string) error {
	temp := filepath.Join(k.dir, "current.new")
	return errors.Join(os.WriteFile(temp, []byte(id), 0o600), os.Rename(temp, filepath.Join(k.dir, currentName)))
}

func (k *dirFileKeys) ids() []string {
	entries, _ := os.ReadDir(k.dir)
	var ids []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), currentName) {
			ids = append(ids, entry.Name())
		}
	}
	return ids
}

func (k *dirFileKeys) AddFileKey() (string, []byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	last := 0
	for _, id := range k.ids() {
		if n, err := strconv.Atoi(id); err == nil {
			last = max(last, n)
		}
	}
	id := strconv.Itoa(last + 1)
	if err := os.WriteFile(filepath.Join(k.dir, id), nil, 0o600); err != nil {
		return "", nil, err
	}
	key, err := k.FileKey(id)
	return id, key, err
}

func (k *dirFileKeys) RetireFileKeys(keep string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.setCurrent(keep); err != nil {
		return err
	}
	for _, id := range k.ids() {
		if id != keep {
			if err := os.Remove(filepath.Join(k.dir, id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// openAt opens the store in dir with its file keys beside it. It checkpoints often.
func openAt(dir string) (*Store, error) {
	return Open(dir, Options{FileKeys: newDirFileKeys(filepath.Join(dir, "filekeys")), checkpointAt: 128 << 10})
}

func mustOpen(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := openAt(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustWrite(t testing.TB, s store.Store, ops ...store.Op) {
	t.Helper()
	if err := s.Transact(t.Context(), "", ops...); err != nil {
		t.Fatal(err)
	}
}

// row returns an item with a version and a body.
func row(table store.Table, pk string, version int64, body string) store.Item {
	return store.Item{Key: store.Key{Table: table, PK: pk, SK: store.Only}, Body: []byte(body),
		Attrs: map[string]store.Attr{store.AttrVersion: store.N(version)}}
}
