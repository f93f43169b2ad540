package boltstore

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kexin/shared/store"
)

// openTwice opens a store that a test closes and opens again in dir; the newest is closed at the end.
type reopened struct {
	*Store
	t   *testing.T
	dir string
}

func newReopened(t *testing.T) *reopened {
	r := &reopened{t: t, dir: t.TempDir()}
	r.open()
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func (r *reopened) open() {
	r.t.Helper()
	s, err := openAt(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Store = s
}

func (r *reopened) again() {
	r.t.Helper()
	if err := r.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.open()
}

// crash goes on with a copy of the directory as it is, as the next process would after a kill.
func (r *reopened) crash() {
	r.t.Helper()
	to := r.t.TempDir()
	copyStore(r.t, r, to)
	if err := r.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.dir = to
	r.open()
}

// version returns the version of key, 0 when it is absent.
func version(t *testing.T, s store.Store, key store.Key) int64 {
	t.Helper()
	item, err := s.Get(t.Context(), key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return item.Int(store.AttrVersion)
}

var errDisk = errors.New("disk failed")

func refusesAll(t *testing.T, s *Store) {
	t.Helper()
	k := store.Key{Table: store.Keys, PK: "P", SK: store.Only}
	_, errGet := s.Get(t.Context(), k)
	_, errQuery := s.Query(t.Context(), store.Query{Table: store.Keys, PK: "P"})
	_, errScan := s.Scan(t.Context(), store.Keys, 0, 1, "")
	_, errRewrite := s.Rewrite(t.Context())
	errWrite := s.Transact(t.Context(), "", store.DeleteIf(k, store.Blind()))
	for i, err := range []error{errGet, errQuery, errScan, errRewrite, errWrite} {
		if !errors.Is(err, ErrBroken) || errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("call %d on a broken store: %v", i, err)
		}
	}
}

// TestFilesOfDifferentStores: a file that is missing, older or of another store is found when the store is opened.
func TestFilesOfDifferentStores(t *testing.T) {
	t.Parallel()
	originals := map[bool]tampered{false: tamperable(t, false), true: tamperable(t, true)}
	for name, tamper := range map[string]func(t *testing.T, dir, older, other string){
		"older keys.db": func(t *testing.T, dir, older, _ string) { replace(t, dir, older, keysName) },
		"older main.db": func(t *testing.T, dir, older, _ string) { replace(t, dir, older, mainName) },
		"older files": func(t *testing.T, dir, older, _ string) {
			replace(t, dir, older, mainName)
			replace(t, dir, older, keysName)
		},
		"older main.db with its log": func(t *testing.T, dir, older, _ string) {
			replace(t, dir, older, mainName)
			replaceLog(t, dir, older)
		},
		"older keys.db with its log": func(t *testing.T, dir, older, _ string) {
			replace(t, dir, older, keysName)
			replaceLog(t, dir, older)
		},
		"older log":     replaceOlderLog,
		"other keys.db": func(t *testing.T, dir, _, other string) { replace(t, dir, other, keysName) },
		"other log":     func(t *testing.T, dir, _, other string) { replaceLog(t, dir, other) },
		"other files": func(t *testing.T, dir, _, other string) {
			replace(t, dir, other, mainName)
			replace(t, dir, other, keysName)
		},
		"lost keys.db": func(t *testing.T, dir, _, _ string) { lose(t, dir, keysName) },
		"lost main.db": func(t *testing.T, dir, _, _ string) { lose(t, dir, mainName) },
		"lost log":     func(t *testing.T, dir, _, _ string) { removeLog(t, dir) },
	} {
		for crashed, o := range originals {
			dir := t.TempDir()
			copyDir(t, dir, o.dir)
			tamper(t, dir, o.older, o.other)
			s, err := openAt(dir)
			if !errors.Is(err, ErrMismatch) {
				t.Errorf("%s, crashed %t: got %v", name, crashed, err)
			}
			if err == nil {
				_ = s.Close()
			}
		}
	}
}

// tampered names the directories of a store, of an older copy of it, and of another store.
type tampered struct{ dir, older, other string }

// tamperable makes them. The first holds a log when crashed.
func tamperable(t *testing.T, crashed bool) tampered {
	r, o := newReopened(t), newReopened(t)
	older := t.TempDir()
	for i := range 4 {
		for _, s := range []store.Store{r, o} {
			mustWrite(t, s, store.PutIf(row(store.Keys, "P", int64(i+1), "x"), equalOrAbsent(int64(i))),
				store.PutIf(row(store.Records, "P", int64(i+1), "x"), equalOrAbsent(int64(i))))
		}
		if i == 0 {
			copyStore(t, r, older)
		}
		if err := errors.Join(r.Checkpoint(t.Context()), o.Checkpoint(t.Context())); i < 2 && err != nil {
			t.Fatal(err)
		}
	}
	dir := r.dir
	if crashed {
		dir = t.TempDir()
		mustWrite(t, r, store.PutIf(row(store.Keys, "Q", 1, "x"), store.IfAbsent()))
		copyStore(t, r, dir)
	}
	if err := errors.Join(r.Close(), o.Close()); err != nil {
		t.Fatal(err)
	}
	return tampered{dir, older, o.dir}
}

func lose(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func logOf(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, logPrefix+"*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no log: %v", err)
	}
	return paths
}

func removeLog(t *testing.T, dir string) {
	t.Helper()
	for _, path := range logOf(t, dir) {
		lose(t, dir, filepath.Base(path))
	}
}

// replaceLog replaces the log by that of another directory.
func replaceLog(t *testing.T, to, from string) {
	t.Helper()
	removeLog(t, to)
	for _, path := range logOf(t, from) {
		replace(t, to, from, filepath.Base(path))
	}
}

func replaceOlderLog(t *testing.T, dir, older, _ string) { replaceLog(t, dir, older) }

func equalOrAbsent(version int64) store.Condition {
	return store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrVersion, Operand: store.N(version)}}}
}

// copyStore copies the files of r as they are between two batches, as a crash would leave them.
func copyStore(t *testing.T, r *reopened, to string) {
	t.Helper()
	err := r.inPlace(t.Context(), func() error {
		err := r.settleFlush()
		copyDir(t, to, r.dir)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyDir copies the files of a store and its file keys.
func copyDir(t *testing.T, to, from string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Error(err)
	}
}

// replace copies the file name from one directory to another.
func replace(t *testing.T, to, from, name string) {
	t.Helper()
	src, err := os.Open(filepath.Join(from, name))
	if err != nil {
		t.Error(err)
		return
	}
	defer src.Close()
	dst, err := os.Create(filepath.Join(to, name))
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Error(err)
	}
	if err := dst.Close(); err != nil {
		t.Error(err)
	}
}

// TestUnfinishedCreation: a crash while the store was being made leaves main.db without an id, or files under temporary names.
func TestUnfinishedCreation(t *testing.T) {
	dir := t.TempDir()
	half := newStore(dir, Options{FileKeys: newDirFileKeys(filepath.Join(dir, "filekeys"))})
	if err := half.makeMain(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{mainName, keysName} {
		if err := os.WriteFile(filepath.Join(dir, name+newSuffix+"-0123"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, dir)
	mustWrite(t, s, store.PutIf(row(store.Keys, "P", 1, "x"), store.IfAbsent()))
	left, err := filepath.Glob(filepath.Join(dir, "*"+newSuffix+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	info, err := os.Stat(filepath.Join(dir, keysName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of keys.db: %v, %v", info.Mode(), err)
	}
}

func TestOneProcessOnly(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir)
	opts := Options{FileKeys: newDirFileKeys(filepath.Join(dir, "filekeys")), LockTimeout: time.Millisecond}
	if _, err := Open(dir, opts); !errors.Is(err, ErrLocked) {
		t.Errorf("second opening: %v", err)
	}
}

func TestOpenNeedsFileKeys(t *testing.T) {
	if _, err := Open(t.TempDir(), Options{}); err == nil {
		t.Error("opened without file keys")
	}
}

func TestClosedStore(t *testing.T) {
	r := newReopened(t)
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
	k := store.Key{Table: store.Keys, PK: "P", SK: store.Only}
	_, errGet := r.Get(t.Context(), k)
	_, errRewrite := r.Rewrite(t.Context())
	errWrite := r.Transact(t.Context(), "", store.DeleteIf(k, store.Blind()))
	for i, err := range []error{errGet, errRewrite, errWrite} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d on a closed store: %v", i, err)
		}
	}
}
