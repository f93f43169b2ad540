package structure

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// folders returns the names of the functions' folders.
func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "internal" {
			names = append(names, entry.Name())
		}
	}
	return names
}

// linked says which functions, and only they, have a package in their binary.
var linked = []struct {
	pkg       string
	functions []string
	reason    string
}{
	{"github.com/nyaruka/phonenumbers", []string{"accept-submissions", "serve-console", "submit-form"}, "only functions that take values in validate"},
	{"kexin/web", []string{"serve-pages"}, "pages are served by the function that may do nothing"},
	{"go.etcd.io/bbolt", nil, "the embedded store is not for Lambda"},
	{"kexin/shared/filekeys", nil, "the key file is not for Lambda"},
	{"kexin/shared/vaulttest", nil, "test kits are for tests"},
	{"kexin/infra/local/embedded", nil, "the demonstration's switches exist only there"},
}

func TestFunctionsLinkWhatTheyNeed(t *testing.T) {
	found := built(t)
	for _, rule := range linked {
		for _, function := range folders(t) {
			has := slices.Contains(found["functions/"+function].Deps, rule.pkg)
			if may := slices.Contains(rule.functions, function); has && !may {
				t.Errorf("%s links %s, but %s", function, rule.pkg, rule.reason)
			}
		}
	}
	for _, function := range linked[0].functions {
		if !slices.Contains(found["functions/"+function].Deps, linked[0].pkg) {
			t.Errorf("%s does not validate phone numbers", function)
		}
	}
}

// A main composes and starts, nothing else: it has no types and few lines.
func TestMainsAreSmall(t *testing.T) {
	for _, s := range product(t) {
		if dir := s.pkg(); filepath.ToSlash(filepath.Dir(dir)) == "functions" {
			if lines := s.set.Position(s.file.End()).Line; lines > 120 {
				t.Errorf("%s has %d lines: what a function does belongs into a package that tests can reach", s.path, lines)
			}
		}
	}
}
