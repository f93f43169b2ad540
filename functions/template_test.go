package functions_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"kexin/functions/internal/boot"
	"kexin/infra/template"
	"kexin/shared/env"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// once reads the template for all tests; none changes it. KEXIN_TEST_TEMPLATE names another one, with a planted fault (infra/gates).
var once = sync.OnceValues(func() (template.Template, error) {
	return template.Read(cmp.Or(os.Getenv("KEXIN_TEST_TEMPLATE"), "../template.yaml"))
})

func read(t *testing.T) template.Template {
	t.Helper()
	parsed, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// logical returns the logical id of a function: its folder's name in Pascal case.
func logical(f grants.Function) string {
	id := ""
	for word := range strings.SplitSeq(string(f), "-") {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return id
}

func TestEveryFunctionIsEverywhere(t *testing.T) {
	want := grants.Functions()
	slices.Sort(want)
	same := func(where string, got []grants.Function) {
		t.Helper()
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", where, got, want)
		}
	}
	folders, err := filepath.Glob("*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	same("folders", named(folders, func(path string) string { return filepath.Dir(path) }))
	events, err := filepath.Glob("../events/*.json")
	if err != nil {
		t.Fatal(err)
	}
	same("events", named(events, func(path string) string { name, _, _ := strings.Cut(filepath.Base(path), "."); return name }))
	mk, err := os.ReadFile("../infra/build.mk")
	if err != nil {
		t.Fatal(err)
	}
	var targets, ids []string
	for _, match := range regexp.MustCompile(`(?m)^build-(\w+):\n\t\$\(lambda_build\) \./functions/([a-z-]+)$`).FindAllStringSubmatch(string(mk), -1) {
		targets = append(targets, match[2])
		if match[1] != logical(grants.Function(match[2])) {
			t.Errorf("target build-%s builds %s", match[1], match[2])
		}
	}
	same("build.mk", named(targets, func(name string) string { return name }))
	for id := range read(t).Of("AWS::Serverless::Function") {
		ids = append(ids, regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(id, "$1-$2"))
	}
	same("template", named(ids, strings.ToLower))
}

func named(list []string, name func(string) string) []grants.Function {
	var functions []grants.Function
	for _, text := range list {
		functions = append(functions, grants.Function(name(text)))
	}
	return functions
}

// sources is where the template takes the value of each setting from.
var sources = map[env.Variable]string{
	env.Pack: "Pack", env.Deployment: "Deployment", env.ManifestKey: "ManifestKey", env.OIDCIssuer: "OidcIssuer", env.OIDCAudience: "OidcAudience",
	env.TableInbox: "InboxTable", env.TableKeys: "KeysTable", env.TableRecords: "RecordsTable", env.TableRestricted: "RestrictedTable",
	env.TableAudit: "AuditTable", env.TableWork: "WorkTable", env.KMSData: "DataKey.Arn", env.KMSRestricted: "RestrictedKey.Arn",
	env.KMSStorage: "StorageKey.Arn", env.KMSManifest: "ManifestKeyPair.Arn", env.KMSArchives: "ArchivesKeyPair.Arn",
	env.KMSCheckpoints: "CheckpointsKeyPair.Arn", env.KMSReceipts: "ReceiptsKeyPair.Arn", env.BucketArchives: "ArchivesBucket",
	env.BucketEvidence: "EvidenceBucket", env.QueueExports: "ExportsQueue", env.OIDCClient: "OidcClient", env.OIDCScopes: "OidcScopes",
	env.BaseURL: "ConsoleOrigin", env.ConnectOrigins: "https://ArchivesBucket.RegionalDomainName OidcOrigins", env.FormOrigins: "FormOrigins", env.OpenRestricted: "OpenRestricted",
}

func reference(id, attribute string) (string, error) {
	if attribute == "" {
		return id, nil
	}
	return id + "." + attribute, nil
}

func TestEnvironmentIsWhatTheFunctionReads(t *testing.T) {
	parsed := read(t)
	if globals := template.At(parsed.Globals, "Function"); globals["Environment"] != nil {
		t.Error("settings for all functions: each has its own")
	}
	for _, f := range grants.Functions() {
		given := template.At(parsed.Of("AWS::Serverless::Function")[logical(f)], "Environment", "Variables")
		got := slices.Sorted(maps.Keys(given))
		var want []string
		for _, variable := range boot.Variables(f) {
			want = append(want, string(variable))
			if value, err := template.Resolve(given[string(variable)], reference); err != nil || value != sources[variable] {
				t.Errorf("%s: %s is %q, want %q, %v", f, variable, value, sources[variable], err)
			}
		}
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s: variables %v, want %v", f, got, want)
		}
	}
}

// right is one thing that a role may do: an action on a resource under conditions (as JSON).
type right struct{ action, resource, conditions string }

func rightsOf(t *testing.T, parsed template.Template, f grants.Function) []right {
	t.Helper()
	role := parsed.Of("AWS::IAM::Role")[logical(f)+"Role"]
	if _, managed := role["ManagedPolicyArns"]; managed || role == nil {
		t.Fatalf("%s: no role of its own, or one with policies that are not written out", f)
	}
	var rights []right
	for _, policy := range role["Policies"].([]any) {
		for _, statement := range template.At(policy.(template.Map), "PolicyDocument")["Statement"].([]any) {
			rights = append(rights, expand(t, f, statement.(template.Map))...)
		}
	}
	return rights
}

// expand lists what a statement allows, one action on one resource at a time.
func expand(t *testing.T, f grants.Function, statement template.Map) []right {
	t.Helper()
	if statement["Effect"] != "Allow" || statement["NotAction"] != nil || statement["NotResource"] != nil {
		t.Errorf("%s: statement %v does not simply allow", f, statement["Sid"])
	}
	conditions := resolved(t, statement["Condition"])
	var rights []right
	for _, action := range list(statement["Action"]) {
		for _, on := range list(statement["Resource"]) {
			resource, err := template.Resolve(on, brackets)
			if err != nil {
				t.Fatal(err)
			}
			rights = append(rights, right{action.(string), resource, conditions})
		}
	}
	return rights
}

func list(value any) []any {
	if values, ok := value.([]any); ok {
		return values
	}
	return []any{value}
}

func brackets(id, attribute string) (string, error) { return "<" + id + "." + attribute + ">", nil }

// resolved returns conditions as JSON with references as text and single values as lists.
func resolved(t *testing.T, condition any) string {
	t.Helper()
	if condition == nil {
		return ""
	}
	out := map[string]map[string][]string{}
	for operator, terms := range condition.(template.Map) {
		out[operator] = map[string][]string{}
		for key, values := range terms.(template.Map) {
			for _, value := range list(values) {
				text, err := template.Resolve(value, brackets)
				if err != nil {
					t.Fatal(err)
				}
				out[operator][key] = append(out[operator][key], text)
			}
			slices.Sort(out[operator][key])
		}
	}
	return encode(out)
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

var (
	tables  = map[store.Table]string{store.Inbox: "InboxTable", store.Keys: "KeysTable", store.Records: "RecordsTable", store.Restricted: "RestrictedTable", store.Audit: "AuditTable", store.Work: "WorkTable"}
	signers = map[keys.Signer]string{keys.SignManifest: "ManifestKeyPair", keys.SignArchives: "ArchivesKeyPair", keys.SignCheckpoints: "CheckpointsKeyPair", keys.SignReceipts: "ReceiptsKeyPair"}
	buckets = map[objects.Bucket]string{objects.Archives: "ArchivesBucket", objects.Evidence: "EvidenceBucket"}
	// whole are prefixes that are a whole partition key, so that the policy needs no pattern.
	whole = []string{rows.PrefixManifest, rows.PrefixStaff, rows.PrefixRequest, rows.PrefixApproval, rows.PrefixExport}
)

// expected translates the grants of a function into rights of IAM, pattern by pattern.
func expected(parsed template.Template, f grants.Function) map[right]bool {
	want := map[right]bool{}
	set := grants.Of(f)
	for _, grant := range set.Store {
		expectStore(want, f, grant)
	}
	expectKeys(want, f, set.Keys)
	for _, grant := range set.Objects {
		expectObjects(want, grant)
	}
	for _, r := range platform(parsed, f) {
		want[r] = true
	}
	return want
}

// oneAtATime are the functions that read a row at a time: their programs hold no other way (infra/privileges).
var oneAtATime = []grants.Function{grants.SubmitForm, grants.AcceptSubmissions, grants.ReleaseArchive, grants.RotateKeys, grants.WatchAudit, grants.FoundRegister}

func expectStore(want map[right]bool, f grants.Function, grant store.Grant) {
	arn := "<" + tables[grant.Table] + ".Arn>"
	if index, ok := strings.CutPrefix(grant.Prefix, "index:"); ok {
		want[right{"dynamodb:Query", arn + "/index/" + index, ""}] = true
		return
	}
	pattern := grant.Prefix + "*"
	if slices.Contains(whole, grant.Prefix) {
		pattern = grant.Prefix
	}
	for access, actions := range map[store.Access][]string{store.MayGet: {"dynamodb:GetItem", "dynamodb:BatchGetItem"}, store.MayQuery: {"dynamodb:Query"},
		store.MayPut: {"dynamodb:PutItem"}, store.MayDelete: {"dynamodb:DeleteItem"}, store.MayCheck: {"dynamodb:ConditionCheckItem"}} {
		if grant.Access&access == 0 {
			continue
		}
		if access == store.MayGet && slices.Contains(oneAtATime, f) {
			actions = actions[:1]
		}
		for _, action := range actions {
			want[right{action, arn, leading(f, action, pattern)}] = true
		}
	}
}

// leading is the condition on keys; the public form gets no old values back from what it writes.
func leading(f grants.Function, action, pattern string) string {
	conditions := map[string]map[string][]string{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": {pattern}}}
	if f == grants.SubmitForm && strings.HasPrefix(action, "dynamodb:Put") {
		conditions["StringEqualsIfExists"] = map[string][]string{"dynamodb:ReturnValues": {"NONE"}}
	}
	return encode(conditions)
}

func expectKeys(want map[right]bool, f grants.Function, grant keys.Grant) {
	for action, purposes := range map[string][]keys.Purpose{"kms:Encrypt": grant.Wrap, "kms:Decrypt": grant.Unwrap} {
		for _, purpose := range purposes {
			key := "<DataKey.Arn>"
			if purpose == keys.ForRecord {
				key = "<RestrictedKey.Arn>"
			}
			want[right{action, key, encode(map[string]map[string][]string{
				"StringEquals": {"kms:EncryptionContext:kexin:deployment": {"<Deployment.>"},
					"kms:EncryptionContext:kexin:purpose": {string(purpose)}},
				"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": {"kexin:deployment", "kexin:purpose"}}})}] = true
		}
	}
	for _, signer := range grant.Sign {
		want[right{"kms:Sign", "<" + signers[signer] + ".Arn>", encode(map[string]map[string][]string{"StringEquals": {
			"kms:SigningAlgorithm": {"ECDSA_SHA_256"}, "kms:MessageType": {"DIGEST"}}})}] = true
	}
	for variable, source := range sources { // whose public half a function may ask for is whose id it is given; rotate-keys is told its own
		if f != grants.RotateKeys && strings.HasSuffix(source, "KeyPair.Arn") && slices.Contains(boot.Variables(f), variable) {
			want[right{"kms:GetPublicKey", "<" + source + ">", ""}] = true
		}
	}
}

func expectObjects(want map[right]bool, grant objects.Grant) {
	arn := "<" + buckets[grant.Bucket] + ".Arn>"
	below, prefix := arn+"/"+grant.Prefix+"*", encode(map[string]map[string][]string{"StringLike": {"s3:prefix": {grant.Prefix + "*"}}})
	for access, rights := range map[objects.Access][]right{
		objects.MayPut: {{"s3:PutObject", below, ""}, {"s3:AbortMultipartUpload", below, ""}}, objects.MayGet: {{"s3:GetObject", below, ""}},
		objects.MayLink: {{"s3:GetObject", below, ""}}, objects.MayList: {{"s3:ListBucket", arn, prefix}},
		objects.MayDelete: {{"s3:DeleteObjectVersion", below, ""}, {"s3:ListBucketVersions", arn, prefix}},
	} {
		if grant.Access&access != 0 {
			for _, r := range rights {
				want[r] = true
			}
		}
	}
}

// platform is what a function needs to be run, told and heard at all.
func platform(parsed template.Template, f grants.Function) []right {
	rights := []right{}
	add := func(resource string, actions ...string) {
		for _, action := range actions {
			rights = append(rights, right{action, resource, ""})
		}
	}
	add("<"+logical(f)+"Logs.Arn>", "logs:CreateLogStream", "logs:PutLogEvents")
	if template.At(parsed.Of("AWS::Serverless::Function")[logical(f)], "DeadLetterQueue") != nil {
		add("<EventsDeadLetters.Arn>", "sqs:SendMessage")
	}
	switch f {
	case grants.AcceptSubmissions:
		add("<InboxTable.StreamArn>", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
	case grants.WatchAudit:
		add("<AuditTable.StreamArn>", "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
		add("<WatchAuditDeadLetters.Arn>", "sqs:SendMessage")
	case grants.ServeConsole:
		add("<ExportsQueue.Arn>", "sqs:SendMessage")
		add("<OpenRestricted.Arn>", "lambda:InvokeFunction")
	case grants.BuildExport:
		add("<ExportsQueue.Arn>", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
	}
	return rights
}

// single splits a right whose condition lists several patterns or purposes into one right for each.
func single(r right) []right {
	var conditions map[string]map[string][]string
	if r.conditions == "" || json.Unmarshal([]byte(r.conditions), &conditions) != nil {
		return []right{r}
	}
	rights := []right{}
	for _, at := range [][2]string{{"ForAllValues:StringLike", "dynamodb:LeadingKeys"}, {"StringEquals", "kms:EncryptionContext:kexin:purpose"}} {
		values := conditions[at[0]][at[1]]
		for _, value := range values {
			conditions[at[0]][at[1]] = []string{value}
			rights = append(rights, right{r.action, r.resource, encode(conditions)})
		}
		if values != nil {
			return rights
		}
	}
	return []right{r}
}

// TestRolesAllowExactlyTheGrants is the threat model's promise: what a stolen role can do is what the grants say, table by table, prefix by
// prefix, purpose by purpose.
func TestRolesAllowExactlyTheGrants(t *testing.T) {
	parsed := read(t)
	for _, f := range grants.Functions() {
		want := expected(parsed, f)
		if fn := parsed.Of("AWS::Serverless::Function")[logical(f)]; fn["Policies"] != nil || fmt.Sprint(fn["Role"]) != fmt.Sprint(template.Map{"Fn::GetAtt": []any{logical(f) + "Role", "Arn"}}) {
			t.Errorf("%s: not under its own role alone", f)
		}
		for _, r := range rightsOf(t, parsed, f) {
			if strings.ContainsAny(r.action, "*?") || r.resource == "*" {
				t.Errorf("%s: wildcard in %+v", f, r)
			}
			for _, one := range single(r) {
				if _, ok := want[one]; !ok {
					t.Errorf("%s may do more than its grants: %+v", f, one)
				}
				want[one] = false
			}
		}
		for r, missing := range want {
			if missing {
				t.Errorf("%s lacks %+v", f, r)
			}
		}
	}
}
