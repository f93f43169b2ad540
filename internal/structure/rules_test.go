package structure

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// call is the use of a name of an imported package, such as time.Now.
type call struct {
	name string // path of the package, ".", name
	node ast.Node
}

// uses returns every use of an imported name in a file.
func uses(s source) []call {
	local := map[string]string{}
	for _, spec := range s.file.Imports {
		path := strings.Trim(spec.Path.Value, `"`)
		name := path[strings.LastIndex(path, "/")+1:]
		if regexp.MustCompile(`^v\d+$`).MatchString(name) {
			name = path[:len(path)-len(name)-1]
			name = name[strings.LastIndex(name, "/")+1:]
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		local[name] = path
	}
	var found []call
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && local[x.Name] != "" {
				found = append(found, call{local[x.Name] + "." + n.Sel.Name, n})
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "panic" {
				found = append(found, call{"panic", n})
			}
		}
		return true
	})
	return found
}

// ban forbids names outside of places. A place is a package or a file; "*" stands for anything.
type ban struct {
	names  string // regular expression over the whole name
	except map[string]string
}

var kit = "test kit"

// bans holds each rule with its exceptions and their reasons.
var bans = map[string]ban{
	"only main ends a process": {`panic|os\.Exit|log\.(Fatal|Panic).*|runtime\.Goexit`, map[string]string{
		"cmd/kexin/main.go": "main", "infra/local/main.go": "main", "infra/gates/rules/main.go": "main", "infra/compliance/main.go": "main", "infra/tickets/main.go": "main", "functions/*": "main",
		"shared/httpapi/serve.go": "panics with http.ErrAbortHandler: the documented way to cut off an answer that began",
	}},
	"time is injected": {`time\.(Now|Since|Until|After|AfterFunc|Tick|NewTicker|NewTimer|Sleep)`, map[string]string{
		"infra/local/*":                     "composition: the machine's clock enters here",
		"infra/tickets/*":                   "a program: the machine's clock enters here",
		"cmd/kexin/*":                       "a program: the machine's clock enters here",
		"functions/*":                       "composition: the machine's clock enters here",
		"shared/boltstore/boltstore.go":     "default of an option",
		"shared/dynamostore/dynamostore.go": "default of an option; pauses between attempts, which ctx ends",
		"shared/kmskeys/call.go":            "pauses between attempts, which ctx ends",
		"shared/kmskeys/kmskeys.go":         "default of an option",
		"shared/audit/write.go":             "pauses between attempts, which ctx ends",
		"shared/audit/sealer.go":            "time left before the deadline of ctx, which the machine's clock sets",
		"shared/retention/retention.go":     "time left before the deadline of ctx, which the machine's clock sets",
		"shared/lambdaevent/lambdaevent.go": "time left before the deadline of ctx, which the machine's clock sets",
		"shared/lambdatest/*":               kit,
		"shared/storetest/*":                kit,
	}},
	"randomness is injected": {`crypto/rand\..*|math/rand(/v2)?\..*|crypto/ecdsa\.GenerateKey|.*\.GenerateKey`, map[string]string{
		"infra/local/*":                     "composition: the machine's source enters here; invented people have a fixed seed",
		"cmd/kexin/*":                       "a program: the machine's source enters here",
		"functions/*":                       "composition: the machine's source enters here",
		"shared/boltstore/boltstore.go":     "default of an option",
		"shared/dynamostore/dynamostore.go": "default of an option: tokens and pauses",
		"shared/dirobjects/*":               "names of unfinished files, which are no secret",
		"shared/kmskeys/*":                  "default of an option: pauses",
		"shared/s3objects/*":                "names of attempts, which are no secret",
		"shared/evidence/process.go":        "ecdsa.GenerateKey with the injected source, which newer Go replaces by its own",
		"shared/vaulttest/*":                kit,
		"shared/storetest/*":                kit,
		"shared/objectstest/*":              kit,
		"shared/oidctest/*":                 kit,
	}},
	"settings come from package env": {`os\.(Getenv|LookupEnv|Environ|Setenv)`, map[string]string{
		"infra/local/main.go":  "hands the environment to package env",
		"functions/*":          "hands the environment to package env",
		"cmd/kexin/main.go":    "language of the user",
		"shared/lambdatest/*":  kit,
		"shared/objectstest/*": kit,
	}},
	"sections are opened and sealed at the door": {`kexin/shared/seal\.(OpenItem|SealItem|NewShred)`, map[string]string{
		"shared/vault/section.go": "the door", "shared/bench/*": "times sealing, of zeros"}},
	"envelopes are opened at the door": {`.*\.OpenEnvelope`, map[string]string{"shared/evidence/*": "another envelope: DSSE", "cmd/kexin/*": "another envelope: DSSE"}},
	"processes are not started":        {`os/exec\.Command.*`, map[string]string{"shared/lambdatest/*": kit}},
	"nothing is printed past the log": {`fmt\.Print.*|log\.(Print.*|Default|Writer)|log/slog\.(Info|Warn|Error|Debug|Log|Default|SetDefault)(Context)?`, map[string]string{
		"cmd/kexin/*": "a command line prints",
	}},
}

func (b ban) excused(s source) bool {
	for place := range b.except {
		if place == s.path || place == s.pkg() || matches([]string{place}, s.path) {
			return true
		}
	}
	return false
}

func TestNamesThatAreBanned(t *testing.T) {
	for rule, b := range bans {
		pattern := regexp.MustCompile("^(" + b.names + ")$")
		for _, s := range product(t) {
			if b.excused(s) {
				continue
			}
			for _, use := range uses(s) {
				if pattern.MatchString(use.name) {
					t.Errorf("%s: %s uses %s; if it must, add it to the exceptions with the reason", s.line(use.node), rule, use.name)
				}
			}
		}
	}
}

// An exception that nothing needs any more would hide the next use.
func TestExceptionsAreNeeded(t *testing.T) {
	for rule, b := range bans {
		pattern := regexp.MustCompile("^(" + b.names + ")$")
		for place := range b.except {
			if strings.HasPrefix(place, "functions/") || strings.HasPrefix(place, "shared/evidence/") || strings.HasPrefix(place, "cmd/kexin/") {
				continue // whole kinds of places
			}
			one := ban{except: map[string]string{place: ""}}
			needed := slices.ContainsFunc(product(t), func(s source) bool {
				return one.excused(s) && slices.ContainsFunc(uses(s), func(u call) bool { return pattern.MatchString(u.name) })
			})
			if !needed {
				t.Errorf("%s: the exception for %s is not needed", rule, place)
			}
		}
	}
}

func TestNoTestIsSkipped(t *testing.T) {
	for _, s := range all(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, sel.Sel.Name) {
				if x, ok := sel.X.(*ast.Ident); ok && (x.Name == "t" || x.Name == "b" || x.Name == "f") {
					t.Errorf("%s: a skipped test is a test that nobody runs", s.line(n))
				}
			}
			return true
		})
	}
}

// Nothing starts at import: a process does what its main says.
func TestNoInit(t *testing.T) {
	for _, s := range product(t) {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init", s.line(f))
			}
		}
	}
}
