package walk

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// schedules fires each schedule of the deployment once more, a moment from now and with all that it is given, and waits until its function
// has run. What would wake them only after a minute, an hour or a day is the same target, role and event.
func (e *emulator) schedules(t *testing.T) {
	templates := e.wanted(t)["Resources"].(map[string]any)
	fired := map[string]string{}
	began := time.Now()
	for id, resource := range templates {
		if resource.(map[string]any)["Type"] != "AWS::Scheduler::Schedule" {
			continue
		}
		answer, _, err := e.call(t.Context(), "scheduler", http.MethodGet, "/schedules/"+url.PathEscape(e.names[id]), "", nil)
		var schedule map[string]any
		if err := errors.Join(err, json.Unmarshal(answer, &schedule)); err != nil {
			t.Fatal(err)
		}
		maps.DeleteFunc(schedule, func(name string, _ any) bool {
			return name != "Target" && name != "FlexibleTimeWindow" && name != "State"
		})
		schedule["ScheduleExpression"] = "at(" + time.Now().UTC().Add(time.Second).Format("2006-01-02T15:04:05") + ")"
		schedule["ActionAfterCompletion"] = "DELETE"
		if _, _, err := e.call(t.Context(), "scheduler", http.MethodPost, "/schedules/once-"+id, "", schedule); err != nil {
			t.Fatal(err)
		}
		arn := schedule["Target"].(map[string]any)["Arn"].(string)
		fired[id] = arn[strings.LastIndex(arn, ":")+1:]
	}
	if len(fired) < 5 {
		t.Errorf("only %d schedules", len(fired))
	}
	for id, function := range fired {
		err := again(t.Context(), func() (bool, error) {
			said, err := e.said(t, function, began)
			return strings.Contains(said, "REPORT"), err
		})
		said, _ := e.said(t, function, began)
		if err != nil || strings.Contains(said, "ERROR") || strings.Contains(said, "errorMessage") {
			t.Errorf("%s: %v; %s said %s", id, err, function, said)
		}
	}
}

// said returns what a function has written to its log since a moment.
func (e *emulator) said(t *testing.T, function string, since time.Time) (string, error) {
	answer, _, err := e.call(t.Context(), "lambda", http.MethodGet, "/2015-03-31/functions/"+function+"/configuration", "", nil)
	var config struct{ LoggingConfig struct{ LogGroup string } }
	if err := errors.Join(err, json.Unmarshal(answer, &config)); err != nil {
		return "", err
	}
	group := config.LoggingConfig.LogGroup
	answer, _, err = e.call(t.Context(), "logs", http.MethodPost, "/", "Logs_20140328.FilterLogEvents", map[string]any{"logGroupName": group, "startTime": since.UnixMilli()})
	var out struct{ Events []struct{ Message string } }
	err = errors.Join(err, json.Unmarshal(answer, &out))
	var text strings.Builder
	for _, event := range out.Events {
		_, _ = fmt.Fprintln(&text, event.Message)
	}
	return text.String(), err
}

func (e *emulator) wanted(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(e.translated)
	var template map[string]any
	if err := errors.Join(err, json.Unmarshal(text, &template)); err != nil {
		t.Fatal(err)
	}
	return template
}

// counts returns how many items each table has that only acts change, and not the time that passes.
func (e *emulator) counts(t *testing.T) map[string]int32 {
	t.Helper()
	found := map[string]int32{}
	for _, id := range []string{"KeysTable", "RecordsTable", "RestrictedTable"} {
		name := e.names[id]
		out, err := e.dynamo.Scan(t.Context(), &dynamodb.ScanInput{TableName: &name, Select: "COUNT"})
		if err != nil {
			t.Fatal(err)
		}
		found[id] = out.Count
	}
	return found
}

// second deploys new programs and other parameters over what is there by now: nothing is lost, and the walk goes on.
func (e *emulator) second(t *testing.T) {
	const phone = "13911110002"
	customer, before := e.customer(t, phone, patience), e.counts(t)
	e.rebuild(t)
	e.parameters["LogDays"], e.parameters["RecoveryDays"], e.parameters["ExportSpikeRows"] = "365", "2", "4000"
	e.deploy(t, e.translated, "UPDATE_COMPLETE")
	if after := e.counts(t); !maps.Equal(before, after) {
		t.Errorf("items before and after: %v, %v", before, after)
	}
	began := time.Now()
	if same := e.customer(t, phone, patience); same != customer {
		t.Errorf("customer %s became %s", customer, same)
	}
	t.Logf("first answer of the new program after %v", time.Since(began).Round(time.Millisecond))
	e.goesOn(t, "13911110005")
}

// goesOn collects, finds and exports once more.
func (e *emulator) goesOn(t *testing.T, phone string) {
	t.Helper()
	e.submit(t, phone)
	e.customer(t, phone, patience)
	e.ready(t, e.order(t))
}

// failing deploys a template whose last resource cannot be made, with other memory for every function: all of it is taken back.
func (e *emulator) failing(t *testing.T) {
	template, before := e.wanted(t), e.counts(t)
	var functions []string
	for id, resource := range template["Resources"].(map[string]any) {
		if r := resource.(map[string]any); r["Type"] == "AWS::Lambda::Function" {
			r["Properties"].(map[string]any)["MemorySize"] = 3008
			functions = append(functions, id)
		}
	}
	template["Resources"].(map[string]any)["Impossible"] = map[string]any{"Type": "AWS::KMS::Key", "DependsOn": functions,
		"Properties": map[string]any{"KeySpec": "NO_SUCH_SPEC", "KeyPolicy": map[string]any{}}}
	text, err := json.Marshal(template)
	path := filepath.Join(e.state, "failing.json")
	if err := errors.Join(err, os.WriteFile(path, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	e.deploy(t, path, "UPDATE_ROLLBACK_COMPLETE")
	if out, err := e.tool(t.Context(), "compare", path); err == nil || !strings.Contains(out, "MemorySize: the template says 3008") {
		t.Errorf("the comparison sees nothing of what was taken back: %s", out)
	}
	e.compare(t, e.translated)
	if after := e.counts(t); !maps.Equal(before, after) {
		t.Errorf("items before and after: %v, %v", before, after)
	}
	e.goesOn(t, "13911110006")
}

// stored checks everything that is stored, and looks for values in all that the functions and the emulator wrote.
func (e *emulator) stored(t *testing.T) {
	if _, err := e.job(t.Context(), "seal-audit"); err != nil {
		t.Error(err)
	}
	report, err := e.check(t.Context())
	if err != nil || !strings.Contains(report, "findings: 0") {
		t.Errorf("%v: %s", err, report)
	}
	t.Log(report)
	log := e.tailAll("ministack")
	for _, value := range []string{"江晚", "1391111", "11010519491231002X", "春和路9号", "文三路1号", "上门核对", "客户来电"} {
		if at := strings.Index(log, value); at >= 0 {
			t.Errorf("%s in a log: %s", value, log[max(0, at-200):min(len(log), at+200)])
		}
	}
}

// deletion deletes the stack: functions and routes go, and what the template retains stays with all that is in it.
func (e *emulator) deletion(t *testing.T) {
	before := e.counts(t)
	name := e.names["KeysTable"]
	if _, err := e.dynamo.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &name}); err == nil {
		t.Fatal("a protected table can be deleted")
	}
	if out, err := e.tool(t.Context(), "delete", e.translated); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := e.invoke(t.Context(), "purge-expired", tickEvent()); err == nil {
		t.Error("a function of a deleted stack answers")
	}
	if after := e.counts(t); !maps.Equal(before, after) {
		t.Errorf("items before and after: %v, %v", before, after)
	}
	for id, resource := range e.wanted(t)["Resources"].(map[string]any) {
		switch resource.(map[string]any)["Type"] {
		case "AWS::KMS::Key":
			key := e.names[id]
			if out, err := e.stack.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &key}); err != nil || out.KeyMetadata.KeyState != kmstypes.KeyStateEnabled {
				t.Errorf("%s: %v", id, err)
			}
		case "AWS::S3::Bucket":
			bucket := e.names[id]
			if _, err := e.stack.s3.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &bucket}); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	if report, err := e.check(t.Context()); err != nil || !strings.Contains(report, "findings: 0") {
		t.Errorf("what was retained: %v: %s", err, report)
	}
}
