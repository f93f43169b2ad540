package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// rawValue returns the bytes that keys.db holds at key, once it holds what the log held.
func rawValue(t *testing.T, s *Store, key store.Key) []byte {
	t.Helper()
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	var raw []byte
	err := s.keys.db.View(func(tx *bolt.Tx) error {
		raw = bytes.Clone(tx.Bucket([]byte(key.Table)).Get(rowKey(key)))
		return nil
	})
	if err != nil || raw == nil {
		t.Fatalf("no value at %v, %v", key, err)
	}
	return raw
}

// inFiles reports whether any file in dir holds needle.
func inFiles(t *testing.T, dir string, needle []byte) bool {
	t.Helper()
	found := false
	for _, path := range append(logOf(t, dir), filepath.Join(dir, mainName), filepath.Join(dir, keysName)) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(raw, needle)
	}
	return found
}

// TestRewriteLeavesNothing: a deleted row lies in the file until the rewrite and nowhere after it, and its key is gone.
func TestRewriteLeavesNothing(t *testing.T) {
	r := newReopened(t)
	head := row(store.Keys, "CUS#cus_destroyed", 1, "shred key")
	mustWrite(t, r, store.PutIf(head, store.IfAbsent()), store.PutIf(row(store.Records, "P", 1, "x"), store.IfAbsent()))
	for i := range 50 {
		mustWrite(t, r, store.PutIf(row(store.Inbox, fmt.Sprint("SUB#", i), int64(i), "envelope"), store.IfAbsent()))
	}
	sealed, oldKey := rawValue(t, r.Store, head.Key), r.keys.fileKey
	mustWrite(t, r, store.DeleteIf(head.Key, store.IfVersion(1)), store.PutIf(row(store.Audit, "LANE#", 1, "entry"), store.IfAbsent()))
	if !inFiles(t, r.dir, sealed) {
		t.Fatal("the deleted value is not even there before the rewrite: this test finds nothing")
	}
	moment := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	r.opts.Now = func() time.Time { return moment }
	at, err := r.Rewrite(t.Context())
	if err != nil || !at.Equal(moment) {
		t.Fatalf("rewrite at %v, %v", at, err)
	}
	for range 2 {
		if inFiles(t, r.dir, sealed) || inFiles(t, r.dir, []byte("cus_destroyed")) {
			t.Error("the deleted row is still in a file")
		}
		if _, err := r.opts.FileKeys.FileKey(oldKey); err == nil {
			t.Error("the old file key is still there")
		}
		for i := range 50 {
			if got := version(t, r, row(store.Inbox, fmt.Sprint("SUB#", i), 0, "").Key); got != int64(i) {
				t.Errorf("row %d has version %d", i, got)
			}
		}
		r.again()
	}
}

func (t tokens) count() int {
	n := 0
	for _, slot := range t {
		n += len(slot)
	}
	return n
}

// watchedKeys calls watch at each step of the life of file keys, and can fail there.
type watchedKeys struct {
	*dirFileKeys
	watch func(step string) error
}

func (k *watchedKeys) AddFileKey() (string, []byte, error) {
	if err := k.watch("before add"); err != nil {
		return "", nil, err
	}
	id, key, err := k.dirFileKeys.AddFileKey()
	return id, key, errors.Join(err, k.watch("after add"))
}

func (k *watchedKeys) FileKey(id string) ([]byte, error) {
	key, err := k.dirFileKeys.FileKey(id)
	return key, errors.Join(err, k.watch("new file"))
}

func (k *watchedKeys) RetireFileKeys(keep string) error {
	if err := k.watch("before retire"); err != nil {
		return err
	}
	return errors.Join(k.dirFileKeys.RetireFileKeys(keep), k.watch("after retire"))
}

var rewriteSteps = []string{"before add", "after add", "new file", "before retire", "after retire"}

// TestRewriteThatCrashes copies the directory as it is at each step and opens the copy.
func TestRewriteThatCrashes(t *testing.T) {
	t.Parallel()
	for _, step := range rewriteSteps {
		dir, copied := t.TempDir(), t.TempDir()
		armed := false
		keys := &watchedKeys{newDirFileKeys(filepath.Join(dir, "filekeys")), func(at string) error {
			if armed && at == step {
				return os.CopyFS(filepath.Join(copied, "store"), os.DirFS(dir))
			}
			return nil
		}}
		s, err := Open(dir, Options{FileKeys: keys})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			mustWrite(t, s, store.PutIf(row(store.Keys, fmt.Sprint("CUS#", i), 1, "head"), store.IfAbsent()),
				store.PutIf(row(store.Records, fmt.Sprint("CUS#", i), 1, "card"), store.IfAbsent()))
		}
		armed = true
		if _, err := s.Rewrite(t.Context()); err != nil {
			t.Errorf("%s: %v", step, err)
		}
		armed = false
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, at := range []string{dir, filepath.Join(copied, "store")} {
			opened := mustOpen(t, at)
			for i := range 10 {
				if version(t, opened, row(store.Keys, fmt.Sprint("CUS#", i), 0, "").Key) != 1 {
					t.Errorf("%s: head %d is lost", step, i)
				}
			}
			current, _, err := opened.opts.FileKeys.CurrentFileKey()
			if err != nil || current != opened.keys.fileKey {
				t.Errorf("%s: current key %s, file under %s, %v", step, current, opened.keys.fileKey, err)
			}
			if _, err := opened.Rewrite(t.Context()); err != nil {
				t.Errorf("%s: rewrite after it: %v", step, err)
			}
			if ids := newDirFileKeys(filepath.Join(at, "filekeys")).ids(); len(ids) != 1 {
				t.Errorf("%s: file keys left: %v", step, ids)
			}
		}
	}
}

// TestRewriteThatFails: an error at any step loses nothing, and the next rewrite succeeds.
func TestRewriteThatFails(t *testing.T) {
	for _, step := range rewriteSteps {
		dir := t.TempDir()
		armed := false
		keys := &watchedKeys{newDirFileKeys(filepath.Join(dir, "filekeys")), func(at string) error {
			if armed && at == step {
				return errDisk
			}
			return nil
		}}
		s, err := Open(dir, Options{FileKeys: keys})
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, s, store.PutIf(row(store.Keys, "P", 1, "x"), store.IfAbsent()))
		armed = true
		if _, err := s.Rewrite(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("%s: got %v", step, err)
		}
		armed = false
		mustWrite(t, s, store.PutIf(row(store.Keys, "P", 2, "x"), store.IfVersion(1)))
		if _, err := s.Rewrite(t.Context()); err != nil {
			t.Errorf("%s: second rewrite: %v", step, err)
		}
		if got := version(t, s, row(store.Keys, "P", 0, "").Key); got != 2 {
			t.Errorf("%s: version %d", step, got)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 4 {
			t.Errorf("%s: files left: %v, %v", step, entries, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRewriteThatIsCancelled(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	mustWrite(t, s, store.PutIf(row(store.Keys, "P", 1, "x"), store.IfAbsent()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.copyRows(ctx, s.keys); !errors.Is(err, context.Canceled) {
		t.Errorf("copying: %v", err)
	}
	if _, err := s.Rewrite(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("rewrite: %v", err)
	}
}

// TestTokensOutliveRewriteAndRestart: a token is remembered by both files over both, for its time.
func TestTokensOutliveRewriteAndRestart(t *testing.T) {
	r := newReopened(t)
	now := time.Now()
	clock := func() time.Time { return now }
	r.opts.Now = clock
	ops := func(table store.Table, version int64) []store.Op {
		return []store.Op{store.PutIf(row(table, "P", version, "x"), store.IfAbsent())}
	}
	both := append(ops(store.Inbox, 1), ops(store.Work, 1)...)
	all := map[store.Token][]store.Op{"keys": ops(store.Keys, 1), "main": ops(store.Records, 1), "both": both}
	for token, ops := range all {
		if err := r.Transact(t.Context(), token, ops...); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Rewrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Transact(t.Context(), "later", store.PutIf(row(store.Keys, "Q", 1, "x"), store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	r.again()
	r.opts.Now = clock
	now = now.Add(10 * time.Minute)
	for token, ops := range all {
		if err := r.Transact(t.Context(), token, ops...); err != nil {
			t.Errorf("%s repeated: %v", token, err)
		}
		if err := r.Transact(t.Context(), token, store.DeleteIf(ops[0].Item.Key, store.Blind())); !errors.Is(err, store.ErrTokenReused) {
			t.Errorf("%s reused: %v", token, err)
		}
	}
	now = now.Add(6 * time.Minute) // a little more than the memory
	for token, ops := range all {
		if err := r.Transact(t.Context(), token, ops...); !errors.Is(err, store.ErrCondition) {
			t.Errorf("%s forgotten: %v", token, err)
		}
	}
	now = now.Add(5 * time.Minute) // tokens are dropped by the five minutes
	for _, table := range []store.Table{store.Keys, store.Work} {
		if err := r.Transact(t.Context(), store.Token("new "+table), store.PutIf(row(table, "R", 1, "x"), store.IfAbsent())); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.tokens.count(); n != 2 {
		t.Errorf("%d tokens remembered", n)
	}
}
