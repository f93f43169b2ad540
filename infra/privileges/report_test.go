package privileges_test

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"testing"

	"kexin/infra/privileges"
)

var update = flag.Bool("update", false, "write docs/operations/privileges.md")

const page = "../../docs/operations/privileges.md"

func facts(t *testing.T) privileges.Facts {
	t.Helper()
	j := judges(t)["written"]
	f := privileges.Facts{Uses: map[string][]privileges.Use{}, Reasons: reasons(t), Denied: map[privileges.Kind]int{}, Rules: map[string]int{}, Tools: tools(t)}
	calls, universe := recording(t), privileges.Universe(j.Deployment)
	for _, function := range j.Functions() {
		uses, err := j.Uses(function, calls)
		if err != nil {
			t.Fatal(err)
		}
		f.Uses[function] = uses
		for _, s := range forbidden(t, j, function) {
			f.Denied[s.Kind]++
		}
		for _, rule := range privileges.MayNot {
			for _, s := range universe {
				if s.Function = function; rule.Binds(function) && rule.Meant(s.Call) {
					f.Rules[rule.Says]++
				}
			}
		}
	}
	return f
}

// tools returns the versions that the proof installs.
func tools(t *testing.T) []string {
	t.Helper()
	var manifest struct{ Dependencies map[string]string }
	data, err := os.ReadFile("tools/package.json")
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	requirements, err2 := os.ReadFile("../gates/requirements.txt")
	translator := regexp.MustCompile(`aws-sam-translator==(\S+)`).FindSubmatch(requirements)
	if err != nil || err2 != nil || translator == nil {
		t.Fatal(err, err2)
	}
	return []string{"@cloud-copilot/iam-simulate " + manifest.Dependencies["@cloud-copilot/iam-simulate"] + " (for tests only)",
		"aws-sam-translator " + string(translator[1]), "our own evaluator `infra/iam`"}
}

func TestReportIsUpToDate(t *testing.T) {
	want := privileges.Report(facts(t))
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Errorf("%s is out of date: go test ./infra/privileges -update (%v)", page, err)
	}
}
