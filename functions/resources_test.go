package functions_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"kexin/infra/template"
	"kexin/shared/approveapi"
	"kexin/shared/consoleapi"
	"kexin/shared/formapi"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/releaseapi"
	"kexin/shared/store"
)

// operations returns "METHOD path" of everything that register adds, and whether it is public.
func operations(t *testing.T, register func(*httpapi.API)) map[string]bool {
	t.Helper()
	api := httpapi.New(httpapi.Info{Title: "t", Version: "0", Now: time.Now})
	register(api)
	data, err := api.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]struct {
			Security []map[string][]string `json:"security"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			found[strings.ToUpper(method)+" "+path] = len(operation.Security) == 0
		}
	}
	return found
}

// routeOf returns the route of an event of an HTTP API: METHOD and path, or $default for one without.
func routeOf(properties template.Map) string {
	method, path := properties["Method"], properties["Path"]
	if method == nil && path == nil {
		return "$default"
	}
	return fmt.Sprint(method, " ", path)
}

func TestRoutesAreThoseOfTheCode(t *testing.T) {
	parsed := read(t)
	apis := map[grants.Function]func(*httpapi.API){
		grants.SubmitForm:     func(a *httpapi.API) { formapi.Register(a, formapi.Deps{}) },
		grants.ServeConsole:   func(a *httpapi.API) { consoleapi.Register(a, consoleapi.Deps{}) },
		grants.Approve:        func(a *httpapi.API) { approveapi.Register(a, approveapi.Deps{}) },
		grants.ReleaseArchive: func(a *httpapi.API) { releaseapi.Register(a, releaseapi.Deps{}) },
	}
	for _, f := range grants.Functions() {
		want := map[string]bool{}
		if register, ok := apis[f]; ok {
			want = operations(t, register)
		}
		if f == grants.SubmitForm {
			for _, pattern := range formapi.Shared() {
				_, path, _ := strings.Cut(pattern, " ")
				want["OPTIONS "+path] = true
			}
		}
		if f == grants.ServePages { // every address that no other function has
			want["$default"] = true
		}
		got := map[string]bool{}
		for _, event := range template.At(parsed.Of("AWS::Serverless::Function")[logical(f)], "Events") {
			properties := template.At(event.(template.Map), "Properties")
			if event.(template.Map)["Type"] != "HttpApi" {
				continue
			}
			open := template.At(properties, "Auth")["Authorizer"] == "NONE"
			got[routeOf(properties)] = open
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: routes (and whether they are open)\n%v, want\n%v", f, got, want)
		}
	}
	if template.At(parsed.Of("AWS::Serverless::HttpApi")["Api"], "Auth")["DefaultAuthorizer"] != "Staff" {
		t.Error("routes are open by default")
	}
}

// restTarget returns the function that the REST API hands a path to: that of the most specific route.
func restTarget(paths template.Map, path string) string {
	_, exact := paths[path]
	for at := path; !exact; {
		cut := strings.LastIndex(at, "/")
		if cut < 0 {
			return ""
		}
		at = at[:cut]
		path = at + "/{proxy+}"
		_, exact = paths[path]
	}
	uri := encode(template.At(paths, path, "x-amazon-apigateway-any-method", "x-amazon-apigateway-integration")["uri"])
	_, id, _ := strings.Cut(uri, "/functions/${")
	id, _, _ = strings.Cut(id, ".Arn}")
	return id
}

// TestTheFirewallsRoutesLeadWhereTheOthersLead holds the REST API, which stands in for the HTTP API where a firewall is wanted, to its routes.
func TestTheFirewallsRoutesLeadWhereTheOthersLead(t *testing.T) {
	parsed := read(t)
	rest := parsed.Of("AWS::ApiGateway::RestApi")["Rest"]
	paths := template.At(rest, "Body", "paths")
	for id, function := range parsed.Of("AWS::Serverless::Function") {
		called := false
		for _, event := range template.At(function, "Events") {
			properties := template.At(event.(template.Map), "Properties")
			if event.(template.Map)["Type"] != "HttpApi" {
				continue
			}
			called = true
			path, _ := properties["Path"].(string)
			if path == "" {
				path = "/anything"
			}
			if got := restTarget(paths, path); got != id {
				t.Errorf("%s goes to %q, want %s", path, got, id)
			}
		}
		if permitted := parsed.Of("AWS::Lambda::Permission")["Rest"+id+"Permission"]; called != (permitted != nil) {
			t.Errorf("%s: may the REST API call it? %v", id, permitted)
		}
	}
	for path := range paths { // a route without a method at a parent would answer for it
		for at := path; strings.Count(at, "/") > 1; {
			at = at[:strings.LastIndex(at, "/")]
			if _, ok := paths[at]; !ok && at != "" {
				t.Errorf("%s hides %s", path, at)
			}
		}
	}
	if got := encode(parsed.Of("AWS::Serverless::HttpApi")["Api"]["DisableExecuteApiEndpoint"]); got != `{"Fn::If":["WithFirewall",true,false]}` {
		t.Errorf("there is a way past the firewall: %s", got)
	}
}

func TestTablesAreThoseOfTheStore(t *testing.T) {
	parsed := read(t)
	resources := parsed.Of("AWS::DynamoDB::Table")
	if len(resources) != len(tables) {
		t.Errorf("%d tables, want %d", len(resources), len(tables))
	}
	for table, id := range tables {
		properties := resources[id]
		kept := parsed.Resources[id].(template.Map)
		if properties["DeletionProtectionEnabled"] != true || kept["DeletionPolicy"] != "Retain" || kept["UpdateReplacePolicy"] != "Retain" {
			t.Errorf("%s: can be deleted with the stack", table)
		}
		if sse := template.At(properties, "SSESpecification"); sse["SSEType"] != "KMS" || sse["KMSMasterKeyId"] == nil {
			t.Errorf("%s: not encrypted under a key of ours", table)
		}
		short := table == store.Keys || table == store.Inbox
		days := encode(template.At(properties, "PointInTimeRecoverySpecification")["RecoveryPeriodInDays"])
		if short != (days == `{"Ref":"RecoveryDays"}`) {
			t.Errorf("%s: recovery period %s", table, days)
		}
		if denied := encode(properties["ResourcePolicy"]); short != strings.Contains(denied, "dynamodb:ExportTableToPointInTime") {
			t.Errorf("%s: copies: %s", table, denied)
		}
		if stream := template.At(properties, "StreamSpecification")["StreamViewType"]; (stream == "KEYS_ONLY") != (table == store.Inbox || table == store.Audit) {
			t.Errorf("%s: stream %v", table, stream)
		}
		if ttl := template.At(properties, "TimeToLiveSpecification")["AttributeName"]; (ttl == store.AttrExpiry) != (table == store.Inbox) {
			t.Errorf("%s: time to live %v", table, ttl)
		}
		if got, want := encode(properties["GlobalSecondaryIndexes"]), indexesOf(table); got != want {
			t.Errorf("%s: indexes %s, want %s", table, got, want)
		}
	}
}

// indexesOf returns the indexes that the store reads of a table, as the template writes them.
func indexesOf(table store.Table) string {
	var indexes []any
	for _, index := range []store.Index{store.ByDepartment, store.ByCustomer} {
		covered, partition, order := store.IndexAttrs(index)
		if covered == table {
			indexes = append(indexes, map[string]any{"IndexName": index, "Projection": map[string]string{"ProjectionType": "KEYS_ONLY"},
				"KeySchema": []any{map[string]string{"AttributeName": partition, "KeyType": "HASH"}, map[string]string{"AttributeName": order, "KeyType": "RANGE"}}})
		}
	}
	if indexes == nil {
		return "null"
	}
	return encode(indexes)
}

func TestSigningKeysSignAndOthersRotate(t *testing.T) {
	signing := []string{}
	for _, id := range signers {
		signing = append(signing, id)
	}
	for id, key := range read(t).Of("AWS::KMS::Key") {
		signs := key["KeyUsage"] == "SIGN_VERIFY" && key["KeySpec"] == "ECC_NIST_P256"
		if signs != slices.Contains(signing, id) || signs == (key["EnableKeyRotation"] == true) {
			t.Errorf("%s: usage %v, spec %v, rotation %v", id, key["KeyUsage"], key["KeySpec"], key["EnableKeyRotation"])
		}
	}
}

func TestBucketsKeepToThemselves(t *testing.T) {
	parsed := read(t)
	for id, bucket := range parsed.Of("AWS::S3::Bucket") {
		if block := encode(bucket["PublicAccessBlockConfiguration"]); strings.Count(block, "true") != 4 {
			t.Errorf("%s: public access: %s", id, block)
		}
		logs := id == "AccessLogsBucket" // S3 delivers access logs to no bucket under a key of ours
		if logs != (bucket["LoggingConfiguration"] == nil) {
			t.Errorf("%s: who reaches for it is not written down", id)
		}
		if template.At(bucket, "VersioningConfiguration")["Status"] != "Enabled" || !logs && !strings.Contains(encode(bucket["BucketEncryption"]), "aws:kms") {
			t.Errorf("%s: not versioned, or not encrypted under a key of ours", id)
		}
		if policy := encode(parsed.Of("AWS::S3::BucketPolicy")[id+"Policy"]); !strings.Contains(policy, `"aws:SecureTransport":"false"`) {
			t.Errorf("%s: takes requests without TLS", id)
		}
	}
	lock := template.At(parsed.Of("AWS::S3::Bucket")["EvidenceBucket"], "ObjectLockConfiguration", "Rule", "DefaultRetention")
	if lock["Mode"] != "COMPLIANCE" || lock["Years"] == nil {
		t.Errorf("evidence can be removed: %v", lock)
	}
}
