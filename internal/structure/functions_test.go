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

// Groups of packages that roles have no use for.
var (
	opening  = []string{"kexin/shared/seal", "kexin/shared/vault", "kexin/shared/intake"}
	deciding = []string{"kexin/shared/decision"}
	policing = []string{"kexin/shared/policy", "kexin/packs", "github.com/goccy/go-yaml", "github.com/cedar-policy/cedar-go"}
	serving  = []string{"kexin/shared/httpapi", "kexin/shared/lambdahttp", "github.com/danielgtaylor/huma/v2"}
	taking   = []string{"kexin/shared/validate", "kexin/shared/collect", "github.com/nyaruka/phonenumbers", "google.golang.org/protobuf/proto"}
	finding  = []string{"kexin/shared/blind", "kexin/shared/indexes"}
	archives = []string{"kexin/shared/archive", "kexin/shared/exports"}
	rootKeys = []string{"kexin/shared/kmskeys", "github.com/aws/aws-sdk-go-v2/service/kms"}
	files    = []string{"kexin/shared/s3objects", "github.com/aws/aws-sdk-go-v2/service/s3"}
	queues   = []string{"github.com/aws/aws-sdk-go-v2/service/sqs"}
	purging  = []string{"kexin/shared/retention"}
	console  = []string{"kexin/shared/consoleapi"}
	forms    = []string{"kexin/shared/formapi"}
	rows     = []string{"kexin/shared/dynamostore", "github.com/aws/aws-sdk-go-v2/service/dynamodb", "kexin/shared/audit"}
	tools    = []string{"net/http/pprof", "testing", "kexin/shared/bench", "kexin/shared/fsck", "kexin/infra/local/embedded"}
)

// without says what is not in a function's binary at all, because its role has no use for it (design §7): code that is not there cannot be
// turned against the data, and costs no start.
var without = map[string][][]string{
	"submit-form":        {deciding, {"kexin/shared/vault", "kexin/shared/intake"}, finding, archives, files, queues, purging, console},
	"accept-submissions": {serving, archives, files, queues, purging, console, forms},
	"serve-console":      {purging, {"kexin/shared/approveapi", "kexin/shared/releaseapi", "kexin/shared/intake", "kexin/shared/rotation"}},
	"approve":            {taking, finding, archives, rootKeys, files, queues, purging, console, forms, {"kexin/shared/releaseapi"}},
	"open-restricted":    {taking, finding, archives, files, queues, purging, console, forms},
	"build-export":       {serving, taking, finding, queues, purging, console, forms},
	"release-archive":    {taking, finding, queues, purging, console, forms, {"kexin/shared/approveapi"}},
	"purge-expired":      {opening, deciding, serving, taking, finding, archives, rootKeys, queues, console, forms},
	"seal-audit":         {opening, deciding, policing, serving, taking, finding, archives, queues, purging, console, forms},
	"rotate-keys":        {{"kexin/shared/vault"}, deciding, policing, serving, taking, finding, archives, files, queues, purging, console, forms},
	"watch-audit":        {opening, deciding, policing, serving, taking, finding, archives, rootKeys, files, queues, purging, console, forms},
	"found-register":     {opening, serving, taking, finding, archives, rootKeys, files, queues, purging, console, forms},
	"serve-pages":        {opening, deciding, taking, finding, archives, rootKeys, files, queues, purging, console, forms, rows},
}

// Every function is in the table, and has nothing of what the table says that it is without.
func TestFunctionsAreWithoutWhatTheirRoleDoesNotNeed(t *testing.T) {
	found := built(t)
	for _, function := range folders(t) {
		groups, ok := without[function]
		if !ok {
			t.Errorf("%s is not in the table: say there what its role has no use for", function)
		}
		for _, group := range append(groups, tools) {
			for _, name := range group {
				if slices.Contains(found["functions/"+function].Deps, name) {
					t.Errorf("%s links %s, which its role has no use for", function, name)
				}
			}
		}
	}
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
