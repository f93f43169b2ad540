package policy_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"kexin/shared/policy"
)

// A limit that policies keep needs one that does: a number that nothing enforces does not compile.
func TestLimitsNeedWhatEnforcesThem(t *testing.T) {
	const gates = "core/policies/gates.cedar"
	for _, limit := range policy.AllLimits() {
		if limit.Package == "" {
			t.Errorf("nothing enforces limit %s", limit.Name)
		}
		note := []byte(`@limit("` + string(limit.Name) + `")`)
		files := good(t)
		if has := bytes.Contains(files[gates].Data, note); has != limit.ByPolicy {
			t.Errorf("limit %s: kept by a policy: %v, should be: %v", limit.Name, has, limit.ByPolicy)
		}
		if !limit.ByPolicy {
			continue
		}
		files[gates] = &fstest.MapFile{Data: bytes.ReplaceAll(files[gates].Data, note, nil)}
		_, err := policy.Load(files, "T")
		if err == nil || !strings.Contains(err.Error(), "limit "+string(limit.Name)+" is enforced by no policy") || !strings.Contains(err.Error(), "core/pack.yaml:") {
			t.Errorf("limit %s that nothing enforces: %v", limit.Name, err)
		}
	}
}

// The rule of a limit is where the value that counts stands.
func TestLimitRule(t *testing.T) {
	pack, err := policy.Load(good(t), "T")
	if err != nil {
		t.Fatal(err)
	}
	base := pack.LimitRule(policy.LimitExportRows)
	files := good(t)
	files["T/pack.yaml"] = &fstest.MapFile{Data: append(bytes.Clone(files["T/pack.yaml"].Data), "\nlimits:\n  export_rows: 5\n"...)}
	if pack, err = policy.Load(files, "T"); err != nil {
		t.Fatal(err)
	}
	stricter, lines := pack.LimitRule(policy.LimitExportRows), bytes.Count(files["T/pack.yaml"].Data, []byte("\n"))
	if base.Policy != "limit-export_rows" || base.File != "core/pack.yaml" || base.Line == 0 || stricter.File != "T/pack.yaml" || stricter.Line != lines {
		t.Errorf("rules %+v, %+v", base, stricter)
	}
}
