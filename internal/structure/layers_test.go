package structure

import (
	"slices"
	"strings"
	"testing"
)

// layers is the direction of dependencies (design §9): a package may import packages of layers above its own in this list, and none of
// its own layer or below. A package that is not listed fails the test: whoever makes one says here where it belongs.
var layers = [][]string{
	// What passes and may be tried again, which the contracts say of their errors.
	{"shared/retry"},
	// Contracts and words that everything speaks. They import nothing else of the project.
	{"shared/record", "shared/store", "shared/keys", "shared/objects", "shared/telemetry", "shared/idempotency", "shared/blind/pinyin", "packs", "infra/template"},
	// Formats, rules and computations without I/O; backends of the contracts; the contracts as tests.
	{"shared/audit/entry", "shared/rows", "shared/seal", "shared/policy", "shared/problem", "shared/validate", "shared/mask", "shared/blind",
		"shared/env", "shared/archive", "shared/boltstore", "shared/filekeys", "shared/dirobjects", "shared/dynamostore", "shared/kmskeys",
		"shared/s3objects", "shared/cost", "infra/template", "shared/storetest", "shared/keystest", "shared/objectstest", "shared/lambdatest", "shared/oidctest"},
	// Parts of one act each: decide, prove, index, check a form, know a caller.
	{"shared/decision", "shared/evidence", "shared/indexes", "shared/collect", "shared/identity", "shared/grants"},
	// The log that every act goes through.
	{"shared/audit", "shared/faults"},
	// The door, and what works beside it without opening anything.
	{"shared/vault", "shared/approvals", "shared/staff", "shared/rotation", "shared/retention"},
	// Cases: sequences of acts, and what puts a function together. shared/vaulttest is a deployment for tests.
	{"shared/exports", "shared/founding", "shared/intake", "shared/system", "shared/fsck"},
	{"shared/system/sealing"},
	{"shared/system/ruled"},
	{"shared/vaulttest"},
	// The edge: HTTP without any knowledge of customers.
	{"shared/httpapi", "shared/lambdaevent"},
	{"shared/lambdahttp", "shared/staffapi", "shared/formapi"},
	{"shared/staffapi/exportrules"},
	// Functions as handlers.
	{"shared/approveapi", "shared/releaseapi", "shared/restricted"},
	{"shared/consoleapi", "web"},
	// What everybody may see: the pages and what they need to know first.
	{"shared/siteapi"},
	// What puts functions together: for Lambda, and for one process.
	{"functions/internal/boot", "infra/local/embedded"},
	// What some programs have beside that: one service each, or the policy.
	{"functions/internal/withpack"},
	{"functions/internal/*"},
	// The bench measures the one-process server as a whole.
	{"shared/bench"},
	// Reading and judging the template, for tests: text, policies, what would be deployed, the proof of privileges.
	{"infra/template", "infra/iam"},
	{"infra/deployed"},
	{"infra/privileges"},
	// Programs. They import nothing of each other.
	{"cmd/*", "functions/*", "infra/*"},
	// Tests of everything together, and this package.
	{"e2e", "e2e/*", "docs", "functions", "internal/*"},
}

func layerOf(pkg string) (int, bool) {
	for i, layer := range layers {
		if slices.Contains(layer, pkg) {
			return i, true
		}
	}
	for i, layer := range layers {
		for _, name := range layer {
			if prefix, wild := strings.CutSuffix(name, "*"); wild && strings.HasPrefix(pkg, prefix) {
				return i, true
			}
		}
	}
	return 0, false
}

func TestDependenciesPointOneWay(t *testing.T) {
	for name, p := range built(t) {
		own, ok := layerOf(name)
		if !ok {
			t.Errorf("%s is in no layer: add it to the table of this test, with the layers below it as all that it may import", name)
			continue
		}
		for _, path := range p.Imports {
			dependency, inside := strings.CutPrefix(path, module)
			if !inside {
				continue
			}
			if layer, ok := layerOf(dependency); ok && layer >= own {
				t.Errorf("%s imports %s, which is not below it", name, dependency)
			}
		}
	}
}

// apart says what a package must not have in its binary at all, however far down, and why.
var apart = []struct {
	pkg    string
	absent []string
	reason string
}{
	{"shared/retention", []string{"kexin/shared/seal", "kexin/shared/vault", "kexin/shared/decision"},
		"the purge can neither decrypt nor decide who may see something"},
	{"shared/formapi", []string{"kexin/shared/vault", "kexin/shared/indexes", "kexin/shared/blind", "kexin/shared/decision"},
		"the public form looks nothing up and opens nothing"},
	{"shared/formapi", []string{"kexin/web"}, "the public form's process holds no pages"},
	{"shared/siteapi", []string{"kexin/shared/store", "kexin/shared/keys", "kexin/shared/objects", "github.com/aws/"}, "pages are the same for everybody"},
	{"shared/archive", []string{"kexin/shared/store", "kexin/shared/vault", "kexin/shared/keys"}, "an archive is opened and verified without an installation"},
	{"cmd/kexin", []string{"kexin/shared/kmskeys"}, "the command line verifies without an account"},
	{"infra/local", []string{"github.com/aws/"}, "make run compiles quickly and needs no account"},
	{"infra/local/embedded", []string{"github.com/aws/"}, "make run compiles quickly and needs no account"},
	{"cmd/kexin", []string{"github.com/aws/"}, "verifying needs no account"},
	{"shared/vault", []string{"github.com/aws/", "go.etcd.io/bbolt", "kexin/shared/httpapi"}, "the door knows no backend and no protocol"},
}

func TestPackagesKeepTheirDistance(t *testing.T) {
	found := built(t)
	for _, rule := range apart {
		p, ok := found[rule.pkg]
		if !ok {
			t.Errorf("there is no package %s: correct the table of this test", rule.pkg)
			continue
		}
		for _, dependency := range p.Deps {
			for _, absent := range rule.absent {
				if dependency == absent || strings.HasPrefix(dependency, strings.TrimSuffix(absent, "/")+"/") {
					t.Errorf("%s depends on %s, but %s", rule.pkg, dependency, rule.reason)
				}
			}
		}
	}
}

// onlyIn says which packages alone may import something.
var onlyIn = []struct {
	path   string // a trailing slash means everything below
	users  []string
	reason string
}{
	{"github.com/aws/aws-sdk-go-v2/", []string{"shared/dynamostore", "shared/kmskeys", "shared/s3objects", "functions/internal/boot", "functions/*"},
		"what a backend needs of AWS stays behind its contract"},
	{"github.com/aws/aws-lambda-go/", []string{"shared/lambdaevent", "shared/lambdahttp", "functions/internal/boot", "functions/*"}, "a handler does not know how it is invoked"},
	{"go.etcd.io/bbolt", []string{"shared/boltstore"}, "files are read through the store's contract"},
	{"crypto/hpke", []string{"shared/seal"}, "seal is the only place that seals to branches"},
	{"crypto/aes", []string{"shared/seal", "shared/archive", "shared/filekeys", "shared/boltstore", "shared/httpapi", "shared/bench"},
		"records are sealed by seal, archives by archive, the key file by filekeys, values of keys.db by boltstore, cursors by httpapi; bench " +
			"times the bare cipher"},
	{"github.com/cedar-policy/cedar-go/", []string{"shared/policy", "shared/decision"}, "decisions are asked for, policies are not evaluated elsewhere"},
	{"github.com/nyaruka/phonenumbers", []string{"shared/validate"}, "the metadata costs every process that links it memory and time"},
	{"github.com/ugorji/go/codec", []string{"shared/rows"}, "rows have one encoding"},
	{"github.com/secure-systems-lab/go-securesystemslib/", []string{"shared/evidence", "shared/archive"}, "envelopes are signed and opened in one place"},
	{"kexin/shared/validate", []string{"shared/collect", "shared/faults", "shared/consoleapi", "shared/bench"}, "only functions that take values in link the phone metadata"},
	{"github.com/danielgtaylor/huma/", []string{"shared/httpapi", "shared/*api", "shared/restricted"}, "HTTP stays at the edge"},
	{"kexin/shared/storetest", []string{"shared/vaulttest"}, "test kits are for tests"},
	{"kexin/shared/keystest", []string{"shared/vaulttest"}, "test kits are for tests"},
	{"kexin/shared/objectstest", nil, "test kits are for tests"},
	{"kexin/shared/vaulttest", nil, "test kits are for tests"},
	{"kexin/infra/", []string{"infra/*", "shared/bench", "cmd/kexin"}, "nothing that is shared knows how it is run; the bench measures the server"},
	{"kexin/functions/", []string{"functions/*"}, "nothing that is shared knows how it is run"},
	{"kexin/shared/lambdatest", nil, "test kits are for tests"},
	{"kexin/shared/oidctest", nil, "test kits are for tests"},
	{"testing", []string{"shared/storetest", "shared/keystest", "shared/objectstest", "shared/vaulttest"}, "test kits are for tests"},
}

func TestOnlyTheRightPackagesImport(t *testing.T) {
	for _, s := range product(t) {
		for _, path := range s.imports() {
			for _, rule := range onlyIn {
				below, wild := strings.CutSuffix(rule.path, "/")
				hit := path == rule.path || wild && (path == below || strings.HasPrefix(path, rule.path))
				if hit && s.pkg() != strings.TrimPrefix(below, module) && !matches(rule.users, s.pkg()) {
					t.Errorf("%s imports %s, but %s", s.path, path, rule.reason)
				}
			}
		}
	}
}

// matches reports whether pkg is one of names; "*" in a name stands for anything.
func matches(names []string, pkg string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		before, after, wild := strings.Cut(name, "*")
		return pkg == name || wild && strings.HasPrefix(pkg, before) && strings.HasSuffix(pkg, after) && len(pkg) >= len(before)+len(after)
	})
}

// kept are libraries that stand for what this project never writes itself, however much smaller its own would be: who links one pays its
// bytes and milliseconds, and gets what many others have tested.
var kept = map[string]string{
	"shared/validate": "github.com/nyaruka/phonenumbers",                        // phone numbers of all countries
	"shared/rows":     "github.com/ugorji/go/codec",                             // CBOR
	"shared/evidence": "github.com/secure-systems-lab/go-securesystemslib/dsse", // signed envelopes
	"shared/policy":   "github.com/goccy/go-yaml",
	"shared/decision": "github.com/cedar-policy/cedar-go",
	"shared/identity": "github.com/coreos/go-oidc/v3/oidc",
}

func TestLibrariesAreUsed(t *testing.T) {
	found := built(t)
	for name, library := range kept {
		if !slices.Contains(found[name].Deps, library) {
			t.Errorf("%s does without %s: it is not ours to write", name, library)
		}
	}
}
