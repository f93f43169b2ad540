package start

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kexin/functions/internal/boot"
	"kexin/shared/env"
	"kexin/shared/grants"
	"kexin/shared/lambdatest"
	"kexin/shared/record"
)

var update = flag.Bool("update", false, "measure, and write the table of docs/performance.md")

// floors say which clients a function has: d DynamoDB, k KMS, s S3, q SQS. testdata/floor has a handler for each set.
var floors = map[grants.Function]string{grants.SubmitForm: "dk", grants.AcceptSubmissions: "dk", grants.ServeConsole: "dksq", grants.Approve: "d",
	grants.OpenRestricted: "dk", grants.BuildExport: "dks", grants.ReleaseArchive: "dks", grants.PurgeExpired: "ds", grants.SealAudit: "dks",
	grants.RotateKeys: "dk", grants.WatchAudit: "d", grants.FoundRegister: "d", grants.ServePages: "none"}

// rounds is how often each process is started; the median counts.
const rounds = 9

const (
	page   = "../../../docs/performance.md"
	begins = "<!-- start: written by go test ./functions/internal/start -update -->\n"
	ends   = "<!-- end of start -->"
)

// TestEveryFunctionHasAFloor keeps the table complete; measuring takes minutes and is asked for.
func TestEveryFunctionHasAFloor(t *testing.T) {
	if *update {
		measure(t)
	}
	for _, function := range grants.Functions() {
		if _, err := os.Stat("testdata/floor/" + floors[function] + "/main.go"); floors[function] == "" || err != nil {
			t.Errorf("%s has no floor: %v", function, err)
		}
		if !strings.Contains(table(t), "| `"+string(function)+"` |") {
			t.Errorf("docs/performance.md has no line for %s: run go test ./functions/internal/start -update", function)
		}
	}
}

func table(t *testing.T) string {
	t.Helper()
	_, text, _ := marked(t, begins, ends)
	return text
}

// marked returns what stands before, between and after two marks of the page.
func marked(t *testing.T, from, to string) (before, between, after string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), from)
	between, after, found := strings.Cut(rest, to)
	if !ok || !found {
		t.Fatalf("%s has no place for the table", page)
	}
	return before, between, after
}

// rewrite puts text between two marks of the page.
func rewrite(t *testing.T, from, text, to string) {
	t.Helper()
	before, _, after := marked(t, from, to)
	if err := os.WriteFile(page, []byte(before+from+text+to+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// program is one binary with what it cost.
type program struct {
	binary string
	size   int64
	polls  []time.Duration
}

func (p *program) poll() float64 {
	slices.Sort(p.polls)
	return float64(p.polls[len(p.polls)/2].Microseconds()) / 1000
}

func measure(t *testing.T) {
	built := map[string]*program{}
	for _, function := range grants.Functions() {
		built[string(function)] = build(t, "../../"+string(function))
		if floor := floors[function]; built[floor] == nil {
			built[floor] = build(t, "./testdata/floor/"+floor)
		}
	}
	for range rounds { // in turns, so that what else the machine does falls on all alike
		for _, function := range grants.Functions() {
			run(t, built[string(function)], function)
			run(t, built[floors[function]], function)
		}
	}
	var b strings.Builder
	b.WriteString("| function | binary, MB | floor | ratio | first poll, ms | floor | ratio |\n|---|---|---|---|---|---|---|\n")
	for _, function := range grants.Functions() {
		own, floor := built[string(function)], built[floors[function]]
		fmt.Fprintf(&b, "| `%s` | %.2f | %.2f | %.2f | %.1f | %.1f | %.2f |\n", function, float64(own.size)/1e6, float64(floor.size)/1e6,
			float64(own.size)/float64(floor.size), own.poll(), floor.poll(), own.poll()/floor.poll())
	}
	rewrite(t, begins, b.String(), ends)
}

func build(t *testing.T, folder string) *program {
	t.Helper()
	binary, err := lambdatest.Build(t.Context(), folder, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	return &program{binary: binary, size: info.Size()}
}

// run starts p once with the settings of function.
func run(t *testing.T, p *program, function grants.Function) {
	t.Helper()
	process, err := lambdatest.Start(t.Context(), lambdatest.Options{Binary: p.binary, Env: environ(function)})
	if err != nil {
		t.Fatalf("%s: %v", function, err)
	}
	p.polls = append(p.polls, process.Startup())
	process.Close()
}

// values are what settings look like; the others are names.
var values = map[env.Variable]string{env.Deployment: record.IDFromBytes(record.PrefixDeployment, [16]byte{1}), env.Pack: "P06",
	env.ManifestKey: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==",
	env.OIDCIssuer:  "https://login.example", env.BaseURL: "https://forms.example", env.QueueExports: "https://sqs.example/q", env.FormOrigins: "https://shop.example"}

func environ(function grants.Function) []string {
	list := []string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_SESSION_TOKEN=c", "AWS_ENDPOINT_URL=http://127.0.0.1:9"}
	names := boot.Variables(function)
	if function == grants.ServePages { // reads its settings itself
		names = []env.Variable{env.Pack, env.OIDCIssuer, env.OIDCAudience, env.BaseURL}
	}
	for _, name := range names {
		value, ok := values[name]
		if !ok {
			value = strings.ToLower(strings.ReplaceAll(string(name), "_", "-"))
		}
		list = append(list, string(name)+"="+value)
	}
	return list
}
