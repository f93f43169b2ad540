package privileges_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kexin/infra/privileges"
	"kexin/shared/grants"
)

// operation finds the methods of the SDK's clients in the symbols of a program. The linker leaves out those that no code can reach, so that
// what is there is what the program could ask for.
var operation = regexp.MustCompile(`aws-sdk-go-v2/service/(\w+)\.\(\*(Client|PresignClient)\)\.([A-Z]\w*)$`)

// asks says which actions an operation of the SDK asks for, where the names differ. Operations without an action of their own ask nothing:
// a transaction is its items, and DescribeEndpoints and CreateSession are parts of clients that no option of ours calls.
var asks = map[string][]string{"dynamodb:TransactWriteItems": nil, "dynamodb:DescribeEndpoints": nil, "dynamodb:Options": nil, "kms:Options": nil, "s3:Options": nil,
	"sqs:Options": nil, "s3:CreateSession": nil, "s3:HeadObject": {"s3:GetObject"}, "s3:CreateMultipartUpload": {"s3:PutObject"}, "s3:UploadPart": {"s3:PutObject"},
	"s3:CompleteMultipartUpload": {"s3:PutObject"}, "s3:ListObjectVersions": {"s3:ListBucketVersions"}, "s3:ListObjectsV2": {"s3:ListBucket"},
	"s3:DeleteObject": {"s3:DeleteObjectVersion"}, "s3:PresignGetObject": {"s3:GetObject"}}

// unreached are actions that a program could ask for in code and that no role allows, with what happens then.
var unreached = map[string]string{
	"BuildExport s3:GetObject":  "after an upload with an unknown outcome it asks who put the object; refused, the outcome stays unknown and the next turn builds under another name",
	"PurgeExpired s3:GetObject": "after a refused deletion it asks whether a lock is the reason; refused, the deletion stays an error and is tried again",
	"ServePages dynamodb:*":     "its store names no table",
}

// withoutPhones is an overlay for go build in which package validate has no phone library. That library uses reflection by name, after which
// the linker keeps every method of every type: nothing could be seen. It asks AWS for nothing.
func withoutPhones(t *testing.T, folder string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	contact := filepath.Join(root, "shared/validate/contact.go")
	source, err := os.ReadFile(contact)
	if err != nil {
		t.Fatal(err)
	}
	real := `"github.com/nyaruka/phonenumbers"`
	if strings.Count(string(source), real) != 1 {
		t.Fatal("contact.go does not import the phone library: correct this test")
	}
	replaced := map[string]string{}
	for path, text := range map[string]string{contact: strings.Replace(string(source), real, `phonenumbers "kexin/shared/validate/nophones"`, 1),
		filepath.Join(root, "shared/validate/nophones/nophones.go"): noPhones} {
		replaced[path] = filepath.Join(folder, filepath.Base(path))
		if err := os.WriteFile(replaced[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	path := filepath.Join(folder, "overlay.json")
	if err != nil || os.WriteFile(path, overlay, 0o600) != nil {
		t.Fatal("write overlay", err)
	}
	return path
}

const noPhones = `package nophones
type PhoneNumber struct { CountryCode *int32; NationalNumber *uint64 }
const E164 = 0
func Parse(string, string) (*PhoneNumber, error) { return nil, nil }
func IsValidNumber(*PhoneNumber) bool { return false }
func Format(*PhoneNumber, int) string { return "" }
func GetCountryCodeForRegion(string) int { return 0 }
`

// linked returns the actions that the program of a function could ask for.
func linked(t *testing.T, f grants.Function, folder, overlay string) []string {
	t.Helper()
	binary := filepath.Join(folder, string(f))
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-overlay", overlay, "-tags", "lambda.norpc,codec.notfastpath", "-o", binary, "../../functions/"+string(f))
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", binary).Output()
	if err != nil || os.Remove(binary) != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(symbols), "dynamodb.(*Client).DeleteTable") {
		t.Fatalf("%s: the linker kept what nobody calls: something uses reflection by name", f)
	}
	var actions []string
	for line := range strings.SplitSeq(string(symbols), "\n") {
		found := operation.FindStringSubmatch(line)
		if found == nil {
			continue
		}
		name := found[1] + ":" + found[3]
		mapped, other := asks[name]
		if !other {
			mapped = []string{name}
		}
		actions = append(actions, mapped...)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// What a program could ask for in code was asked in the recorded walk, or there is a reason; and no role has an action for the function's own
// use that its program could not ask for.
func TestProgramsAndRolesHaveTheSameActions(t *testing.T) {
	if os.Getenv("KEXIN_TEST_LINKED") == "" {
		t.Log("not configured: KEXIN_TEST_LINKED (infra/privileges/check.sh)")
		return
	}
	j, calls, explained := here(t), recording(t), reasons(t)
	folder, reached := t.TempDir(), 0
	overlay := withoutPhones(t, folder)
	for _, f := range grants.Functions() {
		id := privileges.LogicalID(f)
		can := linked(t, f, folder, overlay)
		rights, err := j.Rights(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range can {
			reached++
			asked := slices.ContainsFunc(calls, func(c privileges.Call) bool { return c.Function == id && c.Action == action && c.Implied == "" })
			allowed := slices.ContainsFunc(rights, func(r privileges.Right) bool { return r.Action == action })
			service, _, _ := strings.Cut(action, ":")
			told := unreached[id+" "+action] + unreached[id+" "+service+":*"]
			if !asked && !allowed && told == "" && action != "dynamodb:DeleteItem" && action != "dynamodb:PutItem" { // the store's interface carries every write
				t.Errorf("%s could ask for %s, which was not recorded and is not allowed", id, action)
			}
			if !asked && allowed && !slices.ContainsFunc(explained, func(r privileges.Reason) bool {
				return r.Covers(privileges.Right{Function: id, Action: action, Resource: "*", Value: "*"})
			}) &&
				!leftOver(rights, explained, action) {
				t.Errorf("%s could ask for %s, which was not recorded; let the walk do it", id, action)
			}
		}
		for _, r := range rights {
			if !slices.Contains(can, r.Action) && !ofPlatform(r) {
				t.Errorf("%v: its program cannot ask for it", r)
			}
		}
	}
	t.Logf("%d actions that programs could ask for", reached)
}

// leftOver reports whether every right to action has a reason why it was not used.
func leftOver(rights []privileges.Right, explained []privileges.Reason, action string) bool {
	return !slices.ContainsFunc(rights, func(r privileges.Right) bool {
		return r.Action == action && !slices.ContainsFunc(explained, func(e privileges.Reason) bool { return e.Covers(r) })
	})
}

// ofPlatform reports whether a right is used by Lambda itself in the role's name, or by a client that is not the SDK's.
func ofPlatform(r privileges.Right) bool {
	return strings.HasPrefix(r.Action, "logs:") || strings.Contains(r.Resource, "/stream/") || r.Action == "dynamodb:ConditionCheckItem" ||
		strings.HasPrefix(r.Action, "sqs:") || r.Action == "lambda:InvokeFunction" || strings.HasPrefix(r.Action, "xray:")
}
