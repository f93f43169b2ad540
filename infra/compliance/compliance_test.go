package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"kexin/infra/template"
	"kexin/shared/record"
)

var update = flag.Bool("update", false, "write the page")

func read(t *testing.T) template.Template {
	t.Helper()
	parsed, err := template.Find()
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func examined(t *testing.T, parsed template.Template, place Place) Report {
	t.Helper()
	report, err := examine(parsed, place)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const page = "../../docs/operations/compliance.md"

// TestSTO06EveryControlPasses holds the template against the list, and the page in docs against the report.
func TestSTO06EveryControlPasses(t *testing.T) {
	report := examined(t, read(t), Place{})
	for _, one := range report.Results {
		if !one.Pass || len(one.Evidence) == 0 {
			t.Errorf("%s: %v", one.ID, one.Faults)
		}
		if one.Asks.ZH == "" || one.Asks.EN == "" || one.Standard == "" {
			t.Errorf("%s: in one language, or without a standard", one.ID)
		}
	}
	var now bytes.Buffer
	now.WriteString("<!-- Written by go test ./infra/compliance -update. -->\n\n")
	if err := report.write(&now, record.English); err != nil {
		t.Fatal(err)
	}
	now.WriteString("\n`go run ./infra/compliance` prints this, with `-zh` in Chinese and with `-json` with all evidence.\n")
	if *update {
		if err := os.WriteFile(page, now.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(page); err != nil || !bytes.Equal(kept, now.Bytes()) {
		t.Errorf("docs/operations/compliance.md is not up to date: go test ./infra/compliance -update (%v)", err)
	}
}

// resource returns the properties of a resource, to be spoilt.
func resource(t template.Template, id string) template.Map {
	whole, _ := t.Resources[id].(template.Map)
	return template.At(whole, "Properties")
}

// spoilt are misconfigurations, each with the one control that must fail.
var spoilt = map[string]struct {
	control string
	spoil   func(template.Template)
}{
	"table not encrypted":       {"at-rest", func(t template.Template) { delete(resource(t, "KeysTable"), "SSESpecification") }},
	"log group not encrypted":   {"at-rest", func(t template.Template) { delete(resource(t, "ApproveLogs"), "KmsKeyId") }},
	"bucket without TLS policy": {"in-transit", func(t template.Template) { delete(t.Resources, "ArchivesBucketPolicy") }},
	"route without a token": {"authenticated", func(t template.Template) {
		template.At(resource(t, "Approve"), "Events", "ListStaff", "Properties")["Auth"] = template.Map{"Authorizer": "NONE"}
	}},
	"no authoriser":     {"authenticated", func(t template.Template) { delete(resource(t, "Api"), "Auth") }},
	"wildcard action":   {"least-privilege", func(t template.Template) { firstStatement(t, "ApproveRole")["Action"] = "dynamodb:*" }},
	"wildcard resource": {"least-privilege", func(t template.Template) { firstStatement(t, "ApproveRole")["Resource"] = "*" }},
	"shared role":       {"least-privilege", func(t template.Template) { resource(t, "Approve")["Role"] = resource(t, "SubmitForm")["Role"] }},
	"public bucket":     {"closed-to-public", func(t template.Template) { delete(resource(t, "EvidenceBucket"), "PublicAccessBlockConfiguration") }},
	"function URL": {"closed-to-public", func(t template.Template) {
		resource(t, "ServeConsole")["FunctionUrlConfig"] = template.Map{"AuthType": "NONE"}
	}},
	"no throttle":         {"throttled", func(t template.Template) { delete(resource(t, "Api"), "DefaultRouteSettings") }},
	"key not rotated":     {"key-management", func(t template.Template) { resource(t, "DataKey")["EnableKeyRotation"] = false }},
	"no recovery":         {"recoverable", func(t template.Template) { delete(resource(t, "AuditTable"), "PointInTimeRecoverySpecification") }},
	"no protection":       {"recoverable", func(t template.Template) { resource(t, "WorkTable")["DeletionProtectionEnabled"] = false }},
	"backups allowed":     {"destruction-holds", func(t template.Template) { delete(resource(t, "KeysTable"), "ResourcePolicy") }},
	"evidence not locked": {"evidence-immutable", func(t template.Template) { delete(resource(t, "EvidenceBucket"), "ObjectLockConfiguration") }},
	"logs for ever":       {"logs-bounded", func(t template.Template) { delete(resource(t, "SealAuditLogs"), "RetentionInDays") }},
	"no alarm on the log": {"watched", func(t template.Template) {
		for id, alarm := range t.Of("AWS::CloudWatch::Alarm") {
			if strings.Contains(text(alarm), "audit-rows-changed") {
				delete(t.Resources, id)
			}
		}
	}},
	"partial batches off": {"nothing-lost", func(t template.Template) {
		for _, event := range template.At(resource(t, "AcceptSubmissions"), "Events") {
			event, _ := event.(template.Map)
			delete(template.At(event, "Properties"), "FunctionResponseTypes")
		}
	}},
	"unregistered table": {"located", func(t template.Template) { t.Resources["MoreTable"] = t.Resources["WorkTable"] }},
	"replica":            {"located", func(t template.Template) { resource(t, "WorkTable")["Replicas"] = []any{"eu-west-1"} }},
}

func firstStatement(t template.Template, role string) template.Map {
	policy, _ := template.List(resource(t, role)["Policies"])[0].(template.Map)
	statement, _ := template.List(template.At(policy, "PolicyDocument")["Statement"])[0].(template.Map)
	return statement
}

// TestSTO06SeededMisconfiguration plants a fault at a time: exactly its control fails.
func TestSTO06SeededMisconfiguration(t *testing.T) {
	tried := map[string]bool{}
	for name, c := range spoilt {
		parsed := read(t)
		c.spoil(parsed)
		tried[c.control] = true
		for _, one := range examined(t, parsed, Place{}).Results {
			if one.Pass == (one.ID == c.control) {
				t.Errorf("%s: %s passes: %v, %v", name, one.ID, one.Pass, one.Faults)
			}
		}
	}
	for control := range checks {
		if !tried[control] {
			t.Errorf("%s: no fault was planted", control)
		}
	}
}

// TestSTO07Register lists key and place of every table and bucket, and refuses a region that the company does not allow.
func TestSTO07Register(t *testing.T) {
	parsed := read(t)
	report := examined(t, parsed, Place{Region: "eu-central-1", Allowed: []string{"eu-central-1", "eu-west-1"}})
	want := len(parsed.Of("AWS::DynamoDB::Table")) + len(parsed.Of("AWS::S3::Bucket"))
	if len(report.DataSets) != want || report.Failed() > 0 {
		t.Errorf("%d data sets of %d, %d controls failed", len(report.DataSets), want, report.Failed())
	}
	for _, set := range report.DataSets {
		if set.Region != "eu-central-1" || set.Key == "" || set.Holds.ZH == "" || set.Format.EN == "" {
			t.Errorf("%+v", set)
		}
	}
	var out, complaints bytes.Buffer
	args := []string{"-template", "../../template.yaml", "-region", "us-east-1", "-allowed", "eu-central-1", "-zh"}
	if code := run(args, &out, &complaints); code != 1 || !strings.Contains(out.String(), "us-east-1: not one that the company allows") || !strings.Contains(out.String(), "不通过") {
		t.Errorf("exit %d: %s%s", code, out.String(), complaints.String())
	}
	if code := run([]string{"-frob"}, &out, &complaints); code != 2 {
		t.Errorf("wrong flag: exit %d", code)
	}
}
