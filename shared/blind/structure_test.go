package blind_test

import (
	"go/build"
	"path/filepath"
	"strings"
	"testing"
)

// imports adds to seen what the package in dir imports, and what the packages of Kexin among these import.
func imports(t *testing.T, root, dir string, seen map[string]bool) {
	pkg, err := build.ImportDir(filepath.Join(root, dir), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if sub, ok := strings.CutPrefix(path, "kexin/"); ok && !seen[path] {
			imports(t, root, sub, seen)
		}
		seen[path] = true
	}
}

// Dictionaries and phone metadata take milliseconds at every start; masks and tokens must not bring them in.
func TestMasksAndTokensLinkNoDictionary(t *testing.T) {
	seen := map[string]bool{}
	imports(t, "../..", "shared/blind", seen)
	imports(t, "../..", "shared/mask", seen)
	for _, path := range []string{"github.com/nyaruka/phonenumbers", "github.com/mozillazg/go-pinyin", "kexin/shared/validate"} {
		if seen[path] {
			t.Errorf("%s is linked", path)
		}
	}
	if !seen["kexin/shared/blind/pinyin"] {
		t.Errorf("imports not found: %v", seen)
	}
}
