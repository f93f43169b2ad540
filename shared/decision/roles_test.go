package decision

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"kexin/shared/policy"
	"kexin/shared/record"
)

// relations are the columns of testdata/roles.txt.
var relations = []struct {
	name  string
	apply func(*Resource)
}{
	{"own", func(*Resource) {}},
	{"free", func(r *Resource) { r.Owner = "" }},
	{"colleague", func(r *Resource) { r.Owner = other }},
	{"elsewhere", func(r *Resource) { r.Owner, r.Department = other, "sales" }},
	{"nobody", func(r *Resource) { *r = Resource{Section: r.Section} }},
}

const columnLevels = "u0123"

// readTable returns "R2 read own 2" → true for everything that testdata/roles.txt allows.
func readTable(t *testing.T) map[string]bool {
	file, err := os.Open("testdata/roles.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	allowed := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		if len(columns) == 0 || columns[0] == "#" || strings.HasPrefix(columns[0], "#") {
			continue
		}
		if len(columns) != 2+len(relations) {
			t.Fatalf("malformed line %q", lines.Text())
		}
		for _, action := range strings.Split(columns[1], ",") {
			for i, relation := range relations {
				for _, level := range strings.Trim(columns[2+i], "-") {
					allowed[key(columns[0], action, relation.name, level)] = true
				}
			}
		}
	}
	return allowed
}

func key(role, action, relation string, level rune) string {
	return strings.Join([]string{role, action, relation, string(level)}, " ")
}

func TestRoleMatrix(t *testing.T) {
	allowed := readTable(t)
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	for role := range pack.Roles {
		for _, action := range Actions() {
			for _, relation := range relations {
				for i, level := range columnLevels {
					request := ready(pack, role, action, sections[i-1])
					relation.apply(&request.Resource)
					name := key(string(role), string(action), relation.name, level)
					verdict := engine.Decide(request)
					if verdict.Allow != allowed[name] {
						t.Errorf("%s: allow is %v (%s, %v), the matrix says %v", name, verdict.Allow, verdict.Code, verdict.Reasons, allowed[name])
					}
					if verdict.Allow && len(verdict.Reasons) == 0 {
						t.Errorf("%s is allowed without a reason", name)
					}
					delete(allowed, name)
				}
			}
		}
	}
	for name := range allowed {
		t.Errorf("the matrix allows %s, which no role and action of the pack is", name)
	}
}

func TestAccountantsSeeFinancialDataOfOwnCustomersOnly(t *testing.T) {
	pack, sections := levels(t)
	pack.Sections[3].Category = "financial"
	engine := newEngine(t, pack)
	if v := engine.Decide(ready(pack, "R19", ActReveal, sections[3])); !v.Allow {
		t.Errorf("own financial data denied: %v", v)
	}
	if v := engine.Decide(ready(pack, "R19", ActReveal, sections[2])); v.Allow {
		t.Error("data that is not financial allowed")
	}
	colleague := ready(pack, "R19", ActReveal, sections[3])
	colleague.Resource.Owner = other
	if v := engine.Decide(colleague); v.Allow {
		t.Error("a colleague's customer allowed")
	}
}

func TestCustomerActsOnOwnRecordOnly(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	for _, action := range Actions() {
		own := Request{
			Actor: Actor{Staff: record.StaffID(customer), Role: RoleCustomer, Active: true}, Action: action, Now: now,
			Resource: Resource{Customer: customer, Department: mine, State: "live", Section: sections[3]},
		}
		want := strings.Contains(" read reveal history create update withdraw certificate ", " "+string(action)+" ")
		verdict := engine.Decide(own)
		if verdict.Allow != want {
			t.Errorf("%s of the own record: allow is %v (%s)", action, verdict.Allow, verdict.Code)
		}
		if verdict.Obligations != (Obligations{}) {
			t.Errorf("%s of the own record brings %+v", action, verdict.Obligations)
		}
		own.Resource.Customer = "cus_2"
		if engine.Decide(own).Allow {
			t.Errorf("%s of another's record allowed", action)
		}
		own.Resource.Customer, own.Actor.Staff = "", ""
		if engine.Decide(own).Allow {
			t.Errorf("%s of nobody's record allowed", action)
		}
	}
}

func TestOrdinaryEmployeeOfP06(t *testing.T) {
	pack := load(t, "P06")
	engine := newEngine(t, pack)
	for _, action := range Actions() {
		verdict := engine.Decide(ready(pack, "R23", action, nil))
		if verdict.Allow || verdict.Code != "forbidden" || verdict.Reasons[0].File != "P06/policies/p06.cedar" {
			t.Errorf("%s: %+v", action, verdict)
		}
	}
}

func TestWordsAgreeWithPacks(t *testing.T) {
	var words []string
	for _, action := range Actions() {
		words = append(words, string(action))
	}
	if got, want := strings.Join(words, " "), strings.Join(policy.Actions(), " "); got != want {
		t.Errorf("actions here are %s, in packs %s", got, want)
	}
}
