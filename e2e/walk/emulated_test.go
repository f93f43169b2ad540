package walk

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/golang-jwt/jwt/v5"

	"kexin/infra/local/embedded"
	"kexin/shared/grants"
)

// TestEmulatedDeployment deploys the template onto an emulator as an engineer deploys it onto AWS, walks the script over its HTTP API, and
// then lets go wrong what goes wrong there. What the emulator is believed and not believed is in docs/operations/emulated.md.
func TestEmulatedDeployment(t *testing.T) {
	x, ok := emulation()
	if !ok {
		t.Log("nobody asked for an emulated deployment: infra/emulated/run.sh")
		return
	}
	began := time.Now()
	e := newEmulator(t, x)
	e.build(t)
	bin := t.TempDir()
	build(t, bin, "./cmd/kexin")
	step := func(name string, act func(*testing.T)) {
		began := time.Now()
		if !t.Run(name, act) && e.walker == nil {
			t.Fatalf("what follows needs %q", name)
		}
		t.Logf("%s: %v", name, time.Since(began).Round(100*time.Millisecond))
	}
	step("first deployment", e.first)
	step("tokens", e.authoriser)
	step("walk", func(t *testing.T) { e.walk(t, bin) })
	step("change lost by the stream", e.lostChange)
	step("walk while services throttle", func(t *testing.T) { e.throttledWalk(t, bin) })
	step("throttled call between functions", e.throttledInvocation)
	step("messages again, in part, and dead", e.messages)
	step("events twice", e.duplicates)
	step("killed in mid-work", e.interrupted)
	step("lost change found by the sweep", e.foundChange)
	step("schedules", e.schedules)
	step("second deployment", e.second)
	step("failing deployment", e.failing)
	step("stored and logged", e.stored)
	step("deletion", e.deletion)
	t.Logf("cold starts: %d; requests of functions: %v; in all %v", strings.Count(e.tailAll("ministack"), "environment spawned"), e.total, time.Since(began).Round(time.Second))
}

// first is docs/operations/aws.md: deploy, read the manifest's key, deploy with it, make the first manifest, hire.
func (e *emulator) first(t *testing.T) {
	e.deploy(t, e.translated, "CREATE_COMPLETE")
	public, err := e.stack.kms.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: aws.String(e.report.Outputs["ManifestKeyId"])})
	if err != nil {
		t.Fatal(err)
	}
	e.parameters["ManifestKey"] = base64.StdEncoding.EncodeToString(public.PublicKey)
	e.deploy(t, e.translated, "UPDATE_COMPLETE")
	event, err := os.ReadFile("../../events/rotate-keys.daily.json")
	if err != nil {
		t.Fatal(err)
	}
	if report, err := e.invoke(t.Context(), grants.RotateKeys, event); err != nil || !strings.Contains(string(report), `"rotated":true`) {
		t.Fatalf("first manifest: %s, %v\n%s", report, err, e.tail("ministack"))
	}
	e.found(t)
	e.walker = &walker{deployment: e.deployment(), ctx: context.WithoutCancel(t.Context()), tokens: map[string]string{}, client: &http.Client{Timeout: patience}}
	for _, account := range []string{"clerk", "admin", "auditor", "manager", "head"} {
		if e.walker.tokens[account], err = e.tokens.token(account); err != nil {
			t.Fatal(err)
		}
	}
}

// found writes the first staff register with the function that is made for it, which does so once.
func (e *emulator) found(t *testing.T) {
	var members []map[string]any
	until := time.Now().AddDate(1, 0, 0).Format(time.DateOnly)
	text, err := json.Marshal(embedded.Accounts())
	if err := errors.Join(err, json.Unmarshal(text, &members)); err != nil {
		t.Fatal(err)
	}
	for _, member := range members {
		member["nda"], member["training"], member["vetting"] = until, until, until
	}
	event, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if report, err := e.invoke(t.Context(), grants.FoundRegister, event); (err == nil) != want {
			t.Fatalf("first register: %s, %v", report, err)
		}
	}
}

// deployment is what the script runs against.
func (e *emulator) deployment() deployment {
	return deployment{name: "emulated", base: e.servers.kms + "/_aws/execute-api/" + e.names["Api"] + "/$default", job: e.job, fsck: e.check,
		token: func(_ context.Context, account string) (string, error) { return e.tokens.token(account) }}
}

func (e *emulator) walk(t *testing.T, bin string) { run(t, e.deployment(), bin, "walk.txt") }

// check is fsck of a deployment whose schedules go on meanwhile: what one turn has begun is looked at again when it has ended.
func (e *emulator) check(ctx context.Context) (string, error) {
	for turn := 0; ; turn++ {
		text, err := e.fsck(ctx)
		if turn == 3 || err != nil || strings.Contains(text, "findings: 0") {
			return text, err
		}
		time.Sleep(2 * time.Second)
	}
}

// authoriser asks with tokens that the gateway must refuse before any function runs.
func (e *emulator) authoriser(t *testing.T) {
	other := newSecureIssuer(t, filepath.Join(t.TempDir(), "other.pem"))
	spoil := func(i *issuer, claims jwt.MapClaims) string {
		token, err := i.tokenWith("clerk", claims)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	good := e.walker.tokens["clerk"]
	for name, token := range map[string]string{
		"none": "", "another audience": spoil(e.tokens, jwt.MapClaims{"aud": "other"}), "another issuer": spoil(e.tokens, jwt.MapClaims{"iss": "https://login.example"}),
		"expired": spoil(e.tokens, jwt.MapClaims{"exp": time.Now().Add(-time.Minute).Unix()}), "another key": spoil(other, jwt.MapClaims{"iss": e.tokens.URL}),
		"changed": good[:len(good)-8] + "AAAAAAAA"} {
		if status, body, err := e.walker.send(request{account: token, method: "GET", path: "/v1/me"}); err != nil || status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, %v: %.200s", name, status, err, body)
		}
	}
	if status, body, err := e.walker.send(request{account: "clerk", method: "GET", path: "/v1/me"}); err != nil || status != http.StatusOK {
		t.Errorf("a good token: status %d, %v: %.300s\n%s", status, err, body, e.tail("ministack"))
	}
}

// ask sends a request and wants its status; it returns the answer's member.
func (e *emulator) ask(t *testing.T, r request, status int, path string) string {
	t.Helper()
	got, body, err := e.walker.send(r)
	if err != nil || got != status {
		t.Fatalf("%s %s: status %d, want %d: %v %.300s", r.method, r.path, got, status, err, body)
	}
	return e.part(t, body, path)
}

func (e *emulator) part(t *testing.T, body []byte, path string) string {
	t.Helper()
	if path == "" {
		return ""
	}
	w := walker{last: body}
	value, err := w.member(path)
	if err != nil {
		t.Fatal(err)
	}
	return plain(value)
}

// until repeats a request until a member of its answer is want.
func (e *emulator) until(t *testing.T, r request, path, want string, limit time.Duration) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		status, body, err := e.walker.send(r)
		w := walker{last: body}
		value, missing := w.member(path)
		if got = fmt.Sprintf("status %d, %v, %.200s", status, err, body); err == nil && missing == nil && plain(value) == want {
			return
		}
	}
	t.Fatalf("%s %s: %s is not %s after %v: %s", r.method, r.path, path, want, limit, got)
}

// submit sends the public form for an invented person and returns the submission.
func (e *emulator) submit(t *testing.T, phone string) string {
	t.Helper()
	notice := e.ask(t, request{method: "GET", path: "/v1/forms/service"}, http.StatusOK, "notice.version")
	body, err := json.Marshal(map[string]any{"kind": "individual", "channel": "online_form", "notice": notice, "language": "zh",
		"consents": map[string]bool{"contract_service": true, "customer_service": false, "marketing": false}, "separate_consents": map[string]bool{"home_address": true},
		"fields": map[string]string{"name": "江晚晴", "phone": phone, "contact_address": "杭州市西湖区文三路1号", "home_address": "杭州市西湖区春和路9号2幢301室"}})
	if err != nil {
		t.Fatal(err)
	}
	return e.ask(t, request{method: "POST", path: "/v1/forms/service/submissions", key: rand.Text(), body: string(body)}, http.StatusCreated, "submission")
}

func search(phone string) request {
	return request{account: "clerk", method: "POST", path: "/v1/customers/search", body: `{"field":"phone","kind":"identifier","text":"` + phone + `"}`}
}

// customer waits until a submission is a customer, and returns it.
func (e *emulator) customer(t *testing.T, phone string, limit time.Duration) string {
	t.Helper()
	e.until(t, search(phone), "customers.0.fields.phone.masked", phone[:3]+"****"+phone[7:], limit)
	return e.ask(t, search(phone), http.StatusOK, "customers.0.customer")
}

func (e *emulator) tailAll(name string) string {
	text, err := os.ReadFile(filepath.Join(e.work, name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
