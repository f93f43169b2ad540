package policy_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"kexin/packs"
	"kexin/shared/policy"
)

// good returns the base pack and the pack T of testdata/good.txtar.
func good(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(packs.FS, policy.Base, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(packs.FS, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	overlay(t, files, "testdata/good.txtar")
	return files
}

// overlay replaces files by those of an archive and returns the archive's comment.
func overlay(t testing.TB, files fstest.MapFS, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	parts := fileMarker.Split(string(data), -1)
	for i, marker := range fileMarker.FindAllStringSubmatch(string(data), -1) {
		files[marker[1]] = &fstest.MapFile{Data: []byte(parts[i+1])}
	}
	return parts[0]
}

// fileMarker is the line of a txtar archive that begins a file.
var fileMarker = regexp.MustCompile(`(?m)^-- (\S+) --\n`)

func TestGoodPackCompiles(t *testing.T) {
	pack, err := policy.Load(good(t), "T")
	if err != nil {
		t.Fatal(err)
	}
	if pack.Forms["repair"] == nil || pack.Fields["fault"].MaxLength == 0 || pack.Fields["fault"].Mask != "all" {
		t.Errorf("incomplete: %+v", pack.Fields["fault"])
	}
}

// TestBrokenPacks lays each archive of testdata/broken over the good pack. The lines of its comment that begin with "T/" or "core/" are
// all the problems that must be found, in order.
func TestBrokenPacks(t *testing.T) {
	names, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(names) < 30 {
		t.Fatalf("%d broken packs, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			files := good(t)
			var want []string
			for _, line := range strings.Split(overlay(t, files, name), "\n") {
				if strings.HasPrefix(line, "T/") || strings.HasPrefix(line, "core/") {
					want = append(want, line)
				}
			}
			_, err := policy.Load(files, "T")
			var problems *policy.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			if got := problems.Error(); got != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
		})
	}
}
