package functions_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"kexin/infra/template"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/store"
)

// statements returns the statements of a policy document by Sid; those that stand under a condition of the template come without it.
func statements(t *testing.T, document template.Map) map[string]template.Map {
	t.Helper()
	found := map[string]template.Map{}
	for _, value := range list(document["Statement"]) {
		s := value.(template.Map)
		if branches, ok := s["Fn::If"].([]any); ok {
			s = branches[1].(template.Map)
		}
		sid, _ := s["Sid"].(string)
		if _, twice := found[sid]; sid == "" || twice {
			t.Fatalf("statement without a name of its own: %v", s)
		}
		found[sid] = s
	}
	return found
}

// callers returns the functions whose roles a statement's condition names.
func callers(t *testing.T, statement template.Map, operator string) []grants.Function {
	t.Helper()
	named := map[string]grants.Function{}
	for _, f := range grants.Functions() {
		name := encode(read(t).Of("AWS::IAM::Role")[logical(f)+"Role"]["RoleName"])
		named[strings.Replace(name, `":"`, `":"arn:${AWS::Partition}:iam::${AWS::AccountId}:role/`, 1)] = f
	}
	var functions []grants.Function
	for _, arn := range list(template.At(statement, "Condition", operator)["aws:PrincipalArn"]) {
		f, ok := named[encode(arn)]
		if !ok {
			t.Errorf("%s names a role that no function has: %s", statement["Sid"], encode(arn))
		}
		functions = append(functions, f)
	}
	slices.Sort(functions)
	return functions
}

// use is what a key's policy lets one function do with it.
type use struct {
	function        grants.Function
	action, purpose string
}

// usesOf lists what the policy of a key that wraps allows functions, and checks that it allows nothing else with the key.
func usesOf(t *testing.T, id string) map[use]bool {
	t.Helper()
	uses := map[use]bool{}
	for sid, s := range statements(t, template.At(read(t).Of("AWS::KMS::Key")[id], "KeyPolicy")) {
		if s["Effect"] != "Allow" || sid == "Administer" {
			continue
		}
		equal, all := template.At(s, "Condition", "StringEquals"), template.At(s, "Condition", "ForAllValues:StringEquals")
		if encode(equal["kms:EncryptionContext:kexin:deployment"]) != `{"Ref":"Deployment"}` || encode(all["kms:EncryptionContextKeys"]) != `["kexin:deployment","kexin:purpose"]` {
			t.Errorf("%s: %s is not bound to the deployment: %s", id, sid, encode(s["Condition"]))
		}
		for _, f := range callers(t, s, "ArnEquals") {
			for _, action := range list(s["Action"]) {
				for _, purpose := range list(equal["kms:EncryptionContext:kexin:purpose"]) {
					uses[use{f, action.(string), purpose.(string)}] = true
				}
			}
		}
	}
	return uses
}

func TestKeyPoliciesNameTheUsersOfTheGrants(t *testing.T) {
	want := map[string]map[use]bool{"DataKey": {}, "RestrictedKey": {}}
	users := map[string][]grants.Function{}
	for _, f := range grants.Functions() {
		for action, purposes := range map[string][]keys.Purpose{"kms:Encrypt": grants.Of(f).Keys.Wrap, "kms:Decrypt": grants.Of(f).Keys.Unwrap} {
			for _, purpose := range purposes {
				id := "DataKey"
				if purpose == keys.ForRecord {
					id = "RestrictedKey"
				}
				want[id][use{f, action, string(purpose)}] = true
				users[id] = append(users[id], f)
			}
		}
	}
	for id, uses := range want {
		if got := usesOf(t, id); !maps.Equal(got, uses) {
			t.Errorf("%s: its policy allows\n%v, the grants say\n%v", id, got, uses)
		}
		policy := statements(t, template.At(read(t).Of("AWS::KMS::Key")[id], "KeyPolicy"))
		slices.Sort(users[id])
		if got := callers(t, policy["OnlyTheFunctions"], "ArnNotEquals"); policy["OnlyTheFunctions"]["Effect"] != "Deny" || !slices.Equal(got, slices.Compact(users[id])) {
			t.Errorf("%s: denied to all but %v, want %v", id, got, users[id])
		}
	}
	for _, f := range grants.Functions() {
		for _, signer := range grants.Of(f).Keys.Sign {
			policy := statements(t, template.At(read(t).Of("AWS::KMS::Key")[signers[signer]], "KeyPolicy"))
			for sid, operator := range map[string]string{"Sign": "ArnEquals", "OnlyTheFunction": "ArnNotEquals"} {
				if got := callers(t, policy[sid], operator); !slices.Equal(got, []grants.Function{f}) {
					t.Errorf("%s: %s names %v, want %s", signer, sid, got, f)
				}
			}
		}
	}
}

// TestKeysAreNotOpenedByAdministrators looks for what a key's policy gives to whoever administers the account.
func TestKeysAreNotOpenedByAdministrators(t *testing.T) {
	for id, key := range read(t).Of("AWS::KMS::Key") {
		for sid, s := range statements(t, template.At(key, "KeyPolicy")) {
			everybody := strings.Contains(encode(s["Principal"]), `"*"`)
			if s["Effect"] == "Allow" && everybody && s["Condition"] == nil {
				t.Errorf("%s: %s allows everybody", id, sid)
			}
			for _, action := range list(s["Action"]) {
				crypto := slices.Contains([]string{"kms:Decrypt", "kms:Encrypt", "kms:Sign", "kms:CreateGrant", "kms:ReEncryptFrom", "kms:GenerateDataKey"}, action.(string))
				if strings.Contains(action.(string), "*") || crypto && s["Effect"] == "Allow" && s["Condition"] == nil {
					t.Errorf("%s: %s allows %s to whoever has it in his own policies", id, sid, action)
				}
			}
		}
	}
}

func TestTablesAreClosedToAllButTheirFunctions(t *testing.T) {
	for _, table := range []store.Table{store.Inbox, store.Keys, store.Restricted} {
		var want []grants.Function
		for _, f := range grants.Functions() {
			if slices.ContainsFunc(grants.Of(f).Store, func(g store.Grant) bool { return g.Table == table }) {
				want = append(want, f)
			}
		}
		slices.Sort(want)
		policy := statements(t, template.At(read(t).Of("AWS::DynamoDB::Table")[tables[table]], "ResourcePolicy", "PolicyDocument"))
		got := callers(t, policy["OnlyTheFunctions"], "ArnNotEquals")
		if policy["OnlyTheFunctions"]["Effect"] != "Deny" || !slices.Equal(got, want) {
			t.Errorf("%s: denied to all but %v, want %v", table, got, want)
		}
	}
	var removers []grants.Function
	for _, f := range grants.Functions() {
		if slices.ContainsFunc(grants.Of(f).Store, func(g store.Grant) bool { return g.Table == store.Audit && g.Access&store.MayDelete != 0 }) {
			removers = append(removers, f)
		}
	}
	policy := statements(t, template.At(read(t).Of("AWS::DynamoDB::Table")["AuditTable"], "ResourcePolicy", "PolicyDocument"))
	if got := callers(t, policy["NoChanges"], "ArnNotEquals"); policy["NoChanges"]["Effect"] != "Deny" || !slices.Equal(got, removers) {
		t.Errorf("entries can be removed by %v, want %v", got, removers)
	}
}
