package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kexin/shared/grants"
	"kexin/shared/telemetry"
)

const (
	metricsPage  = "operations/metrics.md"
	metricsBegin = "<!-- metrics: written by go test ./docs -update -->\n"
	metricsEnd   = "<!-- end of metrics -->"
)

// The page about metrics is the catalogue of the code; alarms and dashboards are made from it.
func TestMetricsAreTheCatalogue(t *testing.T) {
	replaceTable(t, metricsPage, metricsBegin, metricsEnd, metricTable())
}

// replaceTable compares what stands between begin and end of page with want; with -update it writes it.
func replaceTable(t *testing.T, page, begin, end, want string) {
	t.Helper()
	text := read(t, page)
	before, rest, ok := strings.Cut(text, begin)
	have, after, ends := strings.Cut(rest, end)
	if !ok || !ends {
		t.Fatalf("%s has no place for the table %s", page, begin)
	}
	if have == want {
		return
	}
	if !*update {
		t.Fatalf("a table in %s is not what the code says: run go test ./docs -update", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func metricTable() string {
	var b strings.Builder
	b.WriteString("| name | unit | dimensions | statistic | measured by | what |\n|---|---|---|---|---|---|\n")
	for _, m := range telemetry.Catalogue() {
		dimensions, from := "`"+telemetry.FunctionDimension+"`", "every function"
		if m.By != "" {
			values := "actions of the audit log"
			if m.Values != nil {
				values = strings.Join(m.Values, ", ")
			}
			dimensions += "; also with `" + m.By + "`: " + values
		}
		if m.From != nil {
			from = "`" + strings.Join(m.From, "`, `") + "`"
		}
		b.WriteString("| `" + m.Name + "` | " + string(m.Unit) + " | " + dimensions + " | " + m.Statistic + " | " + from + " | " + m.About + " |\n")
	}
	return b.String()
}

// Every metric of the catalogue is measured by some package, and by functions that exist.
func TestMetricsAreMeasured(t *testing.T) {
	var code strings.Builder
	for _, pattern := range []string{"../shared/*/*.go", "../functions/*/*.go", "../functions/internal/*/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				code.WriteString(read(t, path))
			}
		}
	}
	known := map[string]bool{}
	for _, function := range grants.Functions() {
		known[string(function)] = true
	}
	names := regexp.MustCompile(`(?m)^\t([A-Z]\w*) += Metric\{Name: "([a-z-]+)"`)
	found := map[string]string{}
	for _, match := range names.FindAllStringSubmatch(read(t, "../shared/telemetry/catalogue.go"), -1) {
		found[match[2]] = match[1]
	}
	for _, m := range telemetry.Catalogue() {
		if !strings.Contains(code.String(), "telemetry."+found[m.Name]+",") {
			t.Errorf("nothing measures %s (telemetry.%s)", m.Name, found[m.Name])
		}
		for _, function := range m.From {
			if !known[function] {
				t.Errorf("%s is measured by %s, which does not exist", m.Name, function)
			}
		}
	}
}
