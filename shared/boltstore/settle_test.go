package boltstore

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

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

// TestCommitThatFails lets each commit of a transaction over one or both files fail before or after its effect. The caller learns that
// the outcome is unknown, the store refuses to go on, and once opened again it holds all or nothing; the token finds out which.
func TestCommitThatFails(t *testing.T) {
	for _, tables := range [][]store.Table{{store.Keys}, {store.Records}, {store.Keys, store.Records, store.Inbox, store.Audit}} {
		for failing := range min(len(tables), 2) {
			for _, effect := range []bool{false, true} {
				commitFails(t, tables, failing, effect)
			}
		}
	}
}

func commitFails(t *testing.T, tables []store.Table, failing int, effect bool) {
	r := newReopened(t)
	var ops []store.Op
	for _, table := range tables {
		mustWrite(t, r, store.PutIf(row(table, "P", 1, "old"), store.IfAbsent()))
		ops = append(ops, store.PutIf(row(table, "P", 2, "new"), store.IfVersion(1)))
	}
	commits := 0
	r.commit = func(tx *bolt.Tx) error {
		if commits++; commits-1 != failing {
			return tx.Commit()
		}
		if effect {
			return errors.Join(tx.Commit(), errDisk)
		}
		return errDisk
	}
	if err := r.Transact(t.Context(), "token", ops...); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("%v, commit %d, effect %t: got %v", tables, failing, effect, err)
	}
	refusesAll(t, r.Store)
	r.again()
	first := version(t, r, ops[0].Item.Key)
	if want := int64(1); len(tables) == 1 && effect || failing == 1 && effect {
		want = 2
		if first != want {
			t.Errorf("%v, commit %d, effect %t: version %d, want %d", tables, failing, effect, first, want)
		}
	}
	for _, op := range ops {
		if got := version(t, r, op.Item.Key); got != first {
			t.Errorf("%v, commit %d, effect %t: %v has version %d, the first %d", tables, failing, effect, op.Item.Key, got, first)
		}
	}
	if err := r.Transact(t.Context(), "token", ops...); err != nil {
		t.Errorf("%v, commit %d, effect %t: repeated: %v", tables, failing, effect, err)
	}
	for _, op := range ops {
		if got := version(t, r, op.Item.Key); got != 2 {
			t.Errorf("%v: version %d after repetition", op.Item.Key, got)
		}
	}
}

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

// TestDeletionsAreTakenBack: a batch that deletes, replaces and creates rows of keys.db is taken back as a whole.
func TestDeletionsAreTakenBack(t *testing.T) {
	r := newReopened(t)
	gone, kept, fresh := row(store.Keys, "GONE", 1, "a"), row(store.Inbox, "KEPT", 1, "b"), row(store.Keys, "FRESH", 1, "c")
	mustWrite(t, r, store.PutIf(gone, store.IfAbsent()), store.PutIf(kept, store.IfAbsent()))
	first := true
	r.commit = func(tx *bolt.Tx) error {
		if first {
			first = false
			return tx.Commit()
		}
		return errDisk
	}
	err := r.Transact(t.Context(), "", store.DeleteIf(gone.Key, store.IfPresent()), store.PutIf(row(store.Inbox, "KEPT", 2, "bb"), store.IfVersion(1)),
		store.PutIf(fresh, store.IfAbsent()), store.PutIf(row(store.Audit, "LANE#", 1, "entry"), store.IfAbsent()))
	if !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("got %v", err)
	}
	r.again()
	for key, want := range map[store.Key]int64{gone.Key: 1, kept.Key: 1, fresh.Key: 0, row(store.Audit, "LANE#", 0, "").Key: 0} {
		if got := version(t, r, key); got != want {
			t.Errorf("%v has version %d, want %d", key, got, want)
		}
	}
}

// TestHalfCommittedIsNotSeen holds a batch between its two commits: readers see what was there before, queries of keys.db wait.
func TestHalfCommittedIsNotSeen(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	old, fresh := row(store.Keys, "P", 1, "old"), row(store.Keys, "FRESH", 1, "x")
	mustWrite(t, s, store.PutIf(old, store.IfAbsent()))
	between, goOn := make(chan struct{}), make(chan struct{})
	commits := 0
	s.commit = func(tx *bolt.Tx) error {
		if commits++; commits == 2 {
			close(between)
			<-goOn
		}
		return tx.Commit()
	}
	written := make(chan error, 1)
	go func() {
		written <- s.Transact(context.Background(), "", store.PutIf(row(store.Keys, "P", 2, "new"), store.IfVersion(1)),
			store.PutIf(fresh, store.IfAbsent()), store.PutIf(row(store.Records, "P", 2, "new"), store.IfAbsent()))
	}()
	<-between
	for key, want := range map[store.Key]int64{old.Key: 1, fresh.Key: 0, row(store.Records, "P", 0, "").Key: 0} {
		if got := version(t, s, key); got != want {
			t.Errorf("between the commits %v has version %d, want %d", key, got, want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.settledView(ended, store.Keys); !errors.Is(err, context.Canceled) {
		t.Errorf("query that gave up: %v", err)
	}
	asked := make(chan []store.Item, 1)
	go func() {
		page, _ := s.Query(context.Background(), store.Query{Table: store.Keys, PK: "P"})
		asked <- page.Items
	}()
	select {
	case items := <-asked:
		t.Errorf("query answered %d items between the commits", len(items))
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	if err := <-written; err != nil {
		t.Error(err)
	}
	if items := <-asked; len(items) != 1 || items[0].Int(store.AttrVersion) != 2 {
		t.Errorf("query answered %v", items)
	}
}

// TestFilesOfDifferentStores: a file that is missing, older or of another store is found when the store is opened.
func TestFilesOfDifferentStores(t *testing.T) {
	for name, tamper := range map[string]func(t *testing.T, dir, older, other string){
		"older keys.db": func(t *testing.T, dir, older, _ string) { replace(t, dir, older, keysName) },
		"older main.db": func(t *testing.T, dir, older, _ string) { replace(t, dir, older, mainName) },
		"other keys.db": func(t *testing.T, dir, _, other string) { replace(t, dir, other, keysName) },
		"lost keys.db": func(t *testing.T, dir, _, _ string) {
			if err := os.Remove(filepath.Join(dir, keysName)); err != nil {
				t.Fatal(err)
			}
		},
		"lost main.db": func(t *testing.T, dir, _, _ string) {
			if err := os.Remove(filepath.Join(dir, mainName)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		r, other, older := newReopened(t), newReopened(t), t.TempDir()
		for i := range 4 {
			for _, s := range []store.Store{r, other} {
				mustWrite(t, s, store.PutIf(row(store.Keys, "P", int64(i+1), "x"), equalOrAbsent(int64(i))),
					store.PutIf(row(store.Records, "P", int64(i+1), "x"), equalOrAbsent(int64(i))))
			}
			if i == 0 {
				copyStore(t, r, older)
			}
		}
		if err := errors.Join(r.Close(), other.Close()); err != nil {
			t.Fatal(err)
		}
		tamper(t, r.dir, older, other.dir)
		s, err := openAt(r.dir)
		if !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: got %v", name, err)
		}
		if err == nil {
			_ = s.Close()
		}
	}
}

func equalOrAbsent(version int64) store.Condition {
	return store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrVersion, Operand: store.N(version)}}}
}

// copyStore copies the files of r as they are between two batches.
func copyStore(t *testing.T, r *reopened, to string) {
	t.Helper()
	done := make(chan struct{})
	r.jobs <- func() {
		defer close(done)
		for _, name := range []string{mainName, keysName} {
			replace(t, to, r.dir, name)
		}
	}
	<-done
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
	half := &Store{dir: dir, opts: withDefaults(Options{FileKeys: newDirFileKeys(filepath.Join(dir, "filekeys"))})}
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

// TestTokenIsTakenBackToo: when half a batch is taken back, a transaction of it that touched keys.db alone is not remembered either.
func TestTokenIsTakenBackToo(t *testing.T) {
	r := newReopened(t)
	first := true
	r.commit = func(tx *bolt.Tx) error {
		if first {
			first = false
			return tx.Commit()
		}
		return errDisk
	}
	op := store.PutIf(row(store.Keys, "P", 1, "x"), store.IfAbsent())
	answers := together(r.Store, newRequest("token", []store.Op{op}), newRequest("", []store.Op{store.PutIf(row(store.Work, "P", 1, "x"), store.IfAbsent())}))
	for i, err := range answers {
		if !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("answer %d: %v", i, err)
		}
	}
	r.again()
	if err := r.Transact(t.Context(), "token", op); err != nil || version(t, r, op.Item.Key) != 1 {
		t.Errorf("repeated: version %d, %v", version(t, r, op.Item.Key), err)
	}
}

// TestNextBatchWaitsForReaders: a reader that waited for a settled keys.db has begun before the next batch can hide rows again.
func TestNextBatchWaitsForReaders(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	s.waiting.Add(1)
	written := make(chan error, 1)
	go func() {
		written <- s.Transact(context.Background(), "", store.PutIf(row(store.Keys, "P", 1, "x"), store.IfAbsent()),
			store.PutIf(row(store.Work, "P", 1, "x"), store.IfAbsent()))
	}()
	select {
	case err := <-written:
		t.Errorf("the writer went on, %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	s.waiting.Done()
	if err := <-written; err != nil {
		t.Error(err)
	}
}
