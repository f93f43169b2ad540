package filekeys

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"kexin/shared/keys"
)

func mustAdd(t *testing.T, f *File) (string, []byte) {
	t.Helper()
	id, key, err := f.AddFileKey()
	if err != nil {
		t.Fatal(err)
	}
	return id, key
}

func currentID(t *testing.T, f *File) string {
	t.Helper()
	id, key, err := f.CurrentFileKey()
	if err != nil || len(key) != keySize {
		t.Fatalf("current file key: %d bytes, %v", len(key), err)
	}
	return id
}

// The life of a file key: added and durable, not yet current; kept, and then the only one, also for whoever opens the file.
func TestFileKeyLife(t *testing.T) {
	for _, o := range []CreateOptions{options(), demonstration()} {
		f := mustCreate(t, o)
		first := currentID(t, f)
		second, key := mustAdd(t, f)
		again := mustOpen(t, f.path, o.Passphrase)
		if got, err := again.FileKey(second); err != nil || !bytes.Equal(got, key) || currentID(t, again) != first {
			t.Errorf("after adding: key differs or is current already, %v", err)
		}
		for range 2 {
			if err := f.RetireFileKeys(second); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range []*File{f, mustOpen(t, f.path, o.Passphrase)} {
			if currentID(t, f) != second {
				t.Error("the kept key is not current")
			}
			if _, err := f.FileKey(first); !errors.Is(err, ErrNoFileKey) {
				t.Errorf("retired key: error %v, want ErrNoFileKey", err)
			}
		}
	}
}

func TestFileKeyIsACopy(t *testing.T) {
	f := mustCreate(t, options())
	id, key := mustAdd(t, f)
	for range 2 {
		clear(key)
		got, err := f.FileKey(id)
		if err != nil || bytes.Equal(got, key) {
			t.Errorf("the caller's copy reaches into the file, %v", err)
		}
		key = got
	}
}

func TestUnknownFileKey(t *testing.T) {
	f := mustCreate(t, options())
	before := read(t, f.path)
	for _, id := range []string{"", "x", "0102030405060708", "../keys"} {
		if _, err := f.FileKey(id); !errors.Is(err, ErrNoFileKey) {
			t.Errorf("file key %q: error %v, want ErrNoFileKey", id, err)
		}
		if err := f.RetireFileKeys(id); !errors.Is(err, ErrNoFileKey) {
			t.Errorf("retire but %q: error %v, want ErrNoFileKey", id, err)
		}
	}
	if !bytes.Equal(before, read(t, f.path)) {
		t.Error("a refused change changed the file")
	}
}

// The old bytes are overwritten when the file loses its last name, and left alone while it has another.
func TestRetireWipesTheOldFile(t *testing.T) {
	f := mustCreate(t, demonstration())
	_, old, _ := f.CurrentFileKey()
	second, _ := mustAdd(t, f)
	before, err := os.Open(f.path)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	size := len(read(t, f.path))
	if err := f.RetireFileKeys(second); err != nil {
		t.Fatal(err)
	}
	left := make([]byte, size)
	if _, err := before.ReadAt(left, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(left, make([]byte, size)) {
		t.Error("the old file still holds its bytes")
	}
	for _, secret := range [][]byte{old} {
		if bytes.Contains(read(t, f.path), secret) {
			t.Error("the new file holds the retired key")
		}
	}
}

func TestRewriteLeavesHardLinksAlone(t *testing.T) {
	f := mustCreate(t, options())
	copied := f.path + ".copy"
	if err := os.Link(f.path, copied); err != nil {
		t.Fatal(err)
	}
	before := read(t, copied)
	mustAdd(t, f)
	if !bytes.Equal(before, read(t, copied)) {
		t.Error("a copy made by hard link was overwritten")
	}
}

var errCrash = errors.New("crash")

// Whatever step of a rewrite fails or is the last before a crash, the file opens and holds the old keys or the new ones, the process
// that goes on agrees with the file, and trying again ends well.
func TestRewriteFailsAtEveryStep(t *testing.T) {
	for _, at := range []step{stepWritten, stepSynced, stepReplaced, stepWiped} {
		f := mustCreate(t, options())
		first := currentID(t, f)
		second, _ := mustAdd(t, f)
		f.step = func(s step) error {
			if s == at {
				return errCrash
			}
			return nil
		}
		if err := f.RetireFileKeys(second); !errors.Is(err, errCrash) {
			t.Fatalf("%s: error %v", at, err)
		}
		inFile, inProcess := currentID(t, mustOpen(t, f.path, passphrase)), currentID(t, f)
		if inFile != inProcess || (inFile == second) != (at == stepReplaced || at == stepWiped) {
			t.Errorf("%s: current in file %s, in process %s; first was %s", at, inFile, inProcess, first)
		}
		noFiles(t, filepath.Dir(f.path), "keys")
		f.step = noStep
		if err := f.RetireFileKeys(second); err != nil || currentID(t, mustOpen(t, f.path, passphrase)) != second {
			t.Errorf("%s: trying again: %v", at, err)
		}
	}
}

func TestChangeByAnotherProcessIsNoticed(t *testing.T) {
	one := mustCreate(t, options())
	two := mustOpen(t, one.path, passphrase)
	id, _ := mustAdd(t, two)
	if _, _, err := one.AddFileKey(); !errors.Is(err, ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
	if _, err := mustOpen(t, one.path, passphrase).FileKey(id); err != nil {
		t.Errorf("the other process's key is lost: %v", err)
	}
}

func TestChangesAtOnce(t *testing.T) {
	f := mustCreate(t, options())
	var group sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		group.Go(func() {
			id, _, err := f.AddFileKey()
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
			if _, err := f.Wrap(t.Context(), keys.ForRecord, []byte("meanwhile")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	again := mustOpen(t, f.path, passphrase)
	for _, id := range ids {
		if _, err := again.FileKey(id); err != nil {
			t.Errorf("key %s is lost: %v", id, err)
		}
	}
}

// Every rewrite draws a nonce of its own: the key of the seal stays the same.
func TestRewriteNeverRepeatsANonce(t *testing.T) {
	f := mustCreate(t, options())
	seen := map[[32]byte]bool{}
	for range 4 {
		s, nonce, err := parseSealedHeader(append(bytes.SplitN(read(t, f.path), []byte("\n"), 2)[0], '\n'))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(append(s.salt[:], nonce[:]...)); seen[sum] {
			t.Error("a nonce is repeated")
		} else {
			seen[sum] = true
		}
		mustAdd(t, f)
	}
}

func TestRotateAddsToBothGroups(t *testing.T) {
	f := mustCreate(t, options())
	for _, p := range []keys.Purpose{keys.ForIndex, keys.ForRecord} {
		before, err := f.Wrap(t.Context(), p, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, err := f.Wrap(t.Context(), p, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(before[2:wrapHeader], after[2:wrapHeader]) {
			t.Errorf("%s is still wrapped under the old key", p)
		}
	}
	if _, err := Open(f.path, passphrase, rand.Reader); err != nil {
		t.Error(err)
	}
}
