package privileges_test

import (
	"slices"
	"strings"
	"testing"

	"kexin/infra/iam"
	"kexin/infra/privileges"
)

var everything = iam.Document{Statements: []iam.Statement{{Sid: "Everything", Actions: []string{"*"}, Resources: []string{"*"}}}}

// Callers who are none of the functions: an administrator of the account with every right in his own policies, one of another account, a
// role of this account without rights, and somebody without credentials.
func strangers(account string) map[string]struct {
	caller iam.Caller
	own    []iam.Document
} {
	type entry = struct {
		caller iam.Caller
		own    []iam.Document
	}
	return map[string]entry{
		"administrator":      {iam.Caller{ARN: "arn:aws:iam::" + account + ":role/administrator", Account: account}, []iam.Document{everything}},
		"another account":    {iam.Caller{ARN: "arn:aws:iam::999999999999:role/administrator", Account: "999999999999"}, []iam.Document{everything}},
		"role without right": {iam.Caller{ARN: "arn:aws:iam::" + account + ":role/other", Account: account}, nil},
		"nobody":             {iam.Caller{}, nil},
	}
}

func decideAs(t *testing.T, j privileges.Judge, who string, c privileges.Call) iam.Decision {
	t.Helper()
	s := strangers(j.Deployment.Account)[who]
	r, err := j.By(s.caller, c)
	if err != nil {
		t.Fatal(err)
	}
	d, err := iam.Decide(r, s.own, j.Deployment.PolicyOf(r.Resource))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// STO-10: whoever is none of the functions gets nothing from any table, key, bucket, queue or function, whatever he tries: without rights,
// from another account with every right there, or without credentials.
func TestSTO10OutsidersGetNothing(t *testing.T) {
	j := here(t)
	for _, s := range privileges.Universe(j.Deployment) {
		for _, who := range []string{"another account", "role without right", "nobody"} {
			if d := decideAs(t, j, who, s.Call); d.Verdict == iam.Allowed {
				t.Errorf("%s: %v is allowed", who, s.Call)
			}
		}
	}
}

// CLS-03 and design §4: an administrator with every right in his own policies opens and signs nothing with our keys, reads and writes no row
// of keys, inbox and restricted, and makes no copy of keys and inbox. He would have to change a policy first, which is seen.
func TestCLS03AdministratorsOpenNothing(t *testing.T) {
	j := here(t)
	met := 0
	for _, s := range privileges.Universe(j.Deployment) {
		id, _, _ := strings.Cut(strings.TrimPrefix(s.Resource, "<"), ".")
		_, verb, _ := strings.Cut(s.Action, ":")
		closed := s.Kind == privileges.Keys && id != "StorageKey" || s.Kind == privileges.Signing && verb == "Sign" && strings.HasSuffix(id, "KeyPair") ||
			s.Kind == privileges.Rows && slices.Contains([]string{"KeysTable", "InboxTable", "RestrictedTable"}, id) && !strings.Contains(s.Resource, "/index/") ||
			slices.Contains([]string{"KeysTable", "InboxTable"}, id) && slices.Contains([]string{"CreateBackup", "ExportTableToPointInTime", "CreateTableReplica",
				"StartAwsBackupJob", "Scan", "EnableKinesisStreamingDestination"}, verb)
		if !closed {
			continue
		}
		met++
		if d := decideAs(t, j, "administrator", s.Call); d.Verdict == iam.Allowed {
			t.Errorf("an administrator is allowed %v", s.Call)
		}
	}
	if met < 1000 {
		t.Errorf("only %d samples", met)
	}
}

// Each role is taken on by the one service that it is for, and by nobody else.
func TestRolesAreTrustedToOneService(t *testing.T) {
	j := here(t)
	for id, role := range j.Deployment.Roles {
		services := 0
		for _, service := range []string{"lambda.amazonaws.com", "scheduler.amazonaws.com", "apigateway.amazonaws.com", "ec2.amazonaws.com", "logs.amazonaws.com"} {
			r := iam.Request{Caller: iam.Caller{Service: service}, Action: "sts:AssumeRole", Resource: role.ARN, Account: j.Deployment.Account,
				Context: map[string][]string{"aws:SourceAccount": {j.Deployment.Account}}}
			d, err := iam.Decide(r, nil, &role.Trust)
			if err != nil {
				t.Fatal(err)
			}
			if d.Verdict == iam.Allowed {
				services++
			}
		}
		if services != 1 {
			t.Errorf("%s is trusted to %d services", id, services)
		}
	}
}

// Roles that are no function's (schedules, and what SAM adds) do nothing but invoke functions and say when they could not.
func TestOtherRolesOnlyInvoke(t *testing.T) {
	j := here(t)
	of := map[string]bool{}
	for _, role := range j.Deployment.Functions {
		of[role] = true
	}
	for id, role := range j.Deployment.Roles {
		for _, document := range role.Policies {
			for _, s := range document.Statements {
				for _, action := range s.Actions {
					if !of[id] && action != "lambda:InvokeFunction" && action != "sqs:SendMessage" {
						t.Errorf("%s may %s", id, action)
					}
				}
				if slices.ContainsFunc(s.Resources, func(r string) bool { return r == "*" }) || slices.ContainsFunc(s.Actions, func(a string) bool { return strings.Contains(a, "*") }) {
					t.Errorf("%s: wildcard in %s", id, s.Sid)
				}
			}
		}
	}
}
