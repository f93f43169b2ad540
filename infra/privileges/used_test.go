package privileges_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"kexin/infra/deployed"
	"kexin/infra/iam"
	"kexin/infra/privileges"
	"kexin/infra/template"
)

// judges returns a judge for each form of the template in each place: as it is written, and with KEXIN_TEST_TRANSLATED as SAM translates it,
// which is what is deployed.
func judges(t *testing.T) map[string]privileges.Judge {
	t.Helper()
	written, err := template.Find()
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]template.Map{"written": written.Root}
	if path := os.Getenv("KEXIN_TEST_TRANSLATED"); path != "" {
		if forms["translated"], err = deployed.ReadTranslated(path); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]privileges.Judge{}
	for form, root := range forms {
		for name, place := range map[string]deployed.Place{"": deployed.Europe, " in China": deployed.China} {
			d, err := deployed.New(root, place, privileges.Parameters())
			if err != nil {
				t.Fatalf("%s%s: %v", form, name, err)
			}
			found[form+name] = privileges.Judge{Deployment: d}
		}
	}
	return found
}

func here(t *testing.T) privileges.Judge {
	t.Helper()
	all := judges(t)
	if translated, ok := all["translated"]; ok {
		return translated
	}
	return all["written"]
}

// some returns the template as it is deployed, where that is at hand, and as it is written otherwise; in full, all that judges returns.
func some(t *testing.T) map[string]privileges.Judge {
	t.Helper()
	if os.Getenv("KEXIN_FULL") != "" {
		return judges(t)
	}
	return map[string]privileges.Judge{"template": here(t)}
}

func recording(t *testing.T) []privileges.Call {
	t.Helper()
	r, err := privileges.Load("recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	return r.Calls()
}

// Used ⊆ allowed: whatever the functions asked of AWS in the recorded walk, their roles, the keys' policies and the resources' policies
// allow, in every partition.
func TestEveryRecordedCallIsAllowed(t *testing.T) {
	calls := recording(t)
	for name, j := range judges(t) {
		for _, c := range calls {
			d, err := j.Decide(c)
			if err != nil || d.Verdict != iam.Allowed {
				t.Errorf("%s: %v: %s, %v", name, c, d.Verdict, err)
			}
		}
		for _, function := range j.Functions() {
			if function == "ServePages" { // it has no right that it could use
				continue
			}
			if !slices.ContainsFunc(calls, func(c privileges.Call) bool { return c.Function == function }) {
				t.Errorf("%s: nothing is recorded of %s", name, function)
			}
		}
	}
}

// STO-04: the same calls without TLS are refused where a resource has a policy that can refuse them.
func TestSTO04PlainTransportIsRefused(t *testing.T) {
	j := here(t)
	refused := 0
	for _, c := range recording(t) {
		if !strings.HasPrefix(c.Action, "s3:") && !strings.HasPrefix(c.Action, "sqs:") {
			continue
		}
		r, err := j.Request(c)
		if err != nil {
			t.Fatal(err)
		}
		r.Context["aws:SecureTransport"] = []string{"false"}
		role := j.Deployment.Roles[j.Deployment.Functions[c.Function]]
		d, err := iam.Decide(r, role.Policies, j.Deployment.PolicyOf(r.Resource))
		if err != nil || d.Verdict != iam.ExplicitlyDenied {
			t.Errorf("%v: %s, %v", c, d.Verdict, err)
		}
		refused++
	}
	if refused < 10 {
		t.Errorf("only %d calls", refused)
	}
}

// What AWS limits: 10,240 characters of policies in one role.
func TestRolesFitIntoIAM(t *testing.T) {
	for name, j := range judges(t) {
		for id, role := range j.Deployment.Roles {
			if role.Size > 10240 {
				t.Errorf("%s: policies of %s have %d characters", name, id, role.Size)
			}
		}
	}
}
