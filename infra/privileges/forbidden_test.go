package privileges_test

import (
	"slices"
	"testing"

	"kexin/infra/iam"
	"kexin/infra/privileges"
)

// forbidden returns, for one function, the samples of the universe that its rights do not cover. A right covers a sample with its action,
// its resource and all its values; the rest of its conditions is what the samples vary.
func forbidden(t *testing.T, j privileges.Judge, function string) []privileges.Sample {
	t.Helper()
	granted, err := privileges.GrantedTo(j.Deployment, function)
	if err != nil {
		t.Fatal(err)
	}
	var all []privileges.Sample
	for _, s := range privileges.Universe(j.Deployment) {
		s.Function = function
		if !granted.Covers(s.Call) {
			all = append(all, s)
		}
	}
	return all
}

// Allowed ∩ forbidden = ∅, first half: of everything that could be tried on the deployment's resources, a role allows nothing but what
// shared/grants says, whatever conditions stand in the template.
func TestNothingIsAllowedBeyondTheGrants(t *testing.T) {
	for name, j := range some(t) {
		for _, function := range j.Functions() {
			samples := forbidden(t, j, function)
			if len(samples) < 4000 {
				t.Errorf("%s: only %d samples for %s", name, len(samples), function)
			}
			for _, s := range samples {
				if d, err := j.Decide(s.Call); err != nil || d.Verdict == iam.Allowed {
					t.Errorf("%s: %v is %s, %v", name, s.Call, d.Verdict, err)
				}
			}
		}
	}
}

// Second half: what design §7 says that a function may not, nobody allows, also when the grants say otherwise.
func TestWhatDesignForbidsIsDenied(t *testing.T) {
	for name, j := range some(t) {
		universe := privileges.Universe(j.Deployment)
		for _, rule := range privileges.MayNot {
			met := 0
			for _, function := range j.Functions() {
				if !rule.Binds(function) {
					continue
				}
				for _, s := range universe {
					s.Function = function
					if !rule.Meant(s.Call) {
						continue
					}
					met++
					if d, err := j.Decide(s.Call); err != nil || d.Verdict == iam.Allowed {
						t.Errorf("%s: %s, but %v is %s, %v", name, rule.Says, s.Call, d.Verdict, err)
					}
				}
			}
			if met == 0 {
				t.Errorf("%s: nothing was tried of: %s", name, rule.Says)
			}
		}
		for _, function := range j.Functions() {
			if !slices.ContainsFunc(privileges.MayNot, func(r privileges.Rule) bool { return slices.Contains(r.Functions, function) }) {
				t.Errorf("no rule says what %s may not", function)
			}
		}
	}
}
