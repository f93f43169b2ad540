package boltstore

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kexin/shared/store"
)

// oldStore unpacks a store that was written by the last version without a log: 20 customers with tokens, made at fixtureTime. In "half"
// the commit of main.db then failed for a batch that raised customer 3, added customer 50 and removed the head of customer 4.
func oldStore(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{mainName, keysName} {
		packed, err := os.Open(filepath.Join("testdata", "format1-"+name, file+".gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		from, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(from)
		if err := errors.Join(err, os.WriteFile(filepath.Join(dir, file), raw, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := newDirFileKeys(filepath.Join(dir, "filekeys")).CurrentFileKey(); err != nil {
		t.Fatal(err)
	}
	return dir
}

var fixtureTime = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

func openOld(dir string, watch func(string) error) (*Store, error) {
	return Open(dir, Options{FileKeys: newDirFileKeys(filepath.Join(dir, "filekeys")), Now: func() time.Time { return fixtureTime.Add(time.Minute) }, watch: watch})
}

// TestStoreWithoutLog opens stores of format 1: everything is there, half a batch is taken back, tokens are remembered.
func TestStoreWithoutLog(t *testing.T) {
	for _, name := range []string{"whole", "half"} {
		dir := oldStore(t, name)
		for range 2 {
			s, err := openOld(dir, nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			checkOld(t, name, s)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func checkOld(t *testing.T, name string, s *Store) {
	t.Helper()
	for i := range 20 {
		head, card := row(store.Keys, fmt.Sprint("P", i), 1, "head"), row(store.Records, fmt.Sprint("P", i), 1, "card")
		if version(t, s, head.Key) != 1 || version(t, s, card.Key) != 1 {
			t.Errorf("%s: customer %d: versions %d and %d", name, i, version(t, s, head.Key), version(t, s, card.Key))
		}
	}
	page, err := s.Query(t.Context(), store.Query{Table: store.Records, Index: store.ByDepartment, PK: "d"})
	if err != nil || len(page.Items) != 20 {
		t.Errorf("%s: %d customers listed, %v", name, len(page.Items), err)
	}
	if got := version(t, s, row(store.Keys, "P50", 0, "").Key); got != 0 {
		t.Errorf("%s: customer 50 has version %d", name, got)
	}
	other := store.DeleteIf(row(store.Work, "W", 0, "").Key, store.Blind())
	for token, want := range map[store.Token]error{"both 7": store.ErrTokenReused, "keys alone": store.ErrTokenReused, "half": nil} {
		if err := s.Transact(t.Context(), token, other); !errors.Is(err, want) {
			t.Errorf("%s: token %q: %v, want %v", name, token, err, want)
		}
	}
	same := store.PutIf(row(store.Inbox, "SUB", 1, "envelope"), store.IfAbsent())
	if err := s.Transact(t.Context(), "keys alone", same); err != nil {
		t.Errorf("%s: repeated: %v", name, err)
	}
}

// TestMigrationThatCrashes: whatever step of the first opening fails or is the last, the next opening finishes it.
func TestMigrationThatCrashes(t *testing.T) {
	t.Parallel()
	counting := &faultyDisk{dir: oldStore(t, "half")}
	s, err := openOld(counting.dir, counting.watch)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || len(counting.steps) < 10 {
		t.Fatalf("%d steps, %v", len(counting.steps), err)
	}
	for at := 1; at <= len(counting.steps); at++ {
		for _, image := range []string{"", t.TempDir()} {
			d := &faultyDisk{dir: oldStore(t, "half"), at: at, image: image}
			if s, err := openOld(d.dir, d.watch); err == nil {
				_ = s.Close()
			}
			if image == "" {
				image = d.dir
			}
			s, err := openOld(image, nil)
			if err != nil {
				t.Errorf("%s: %v", counting.steps[at-1], err)
				continue
			}
			checkOld(t, counting.steps[at-1], s)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestOldFileBesideNewOne: a file of format 1 does not go with one that has a log.
func TestOldFileBesideNewOne(t *testing.T) {
	for _, name := range []string{mainName, keysName} {
		dir := oldStore(t, "whole")
		s, err := openOld(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		mustWrite(t, s, store.PutIf(row(store.Keys, "Q", 1, "x"), store.IfAbsent()))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		replace(t, dir, oldStore(t, "whole"), name)
		if _, err := openOld(dir, nil); !errors.Is(err, ErrMismatch) {
			t.Errorf("old %s: %v", name, err)
		}
	}
}
