package walk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"kexin/shared/grants"
	"kexin/shared/record"
)

// tools are where infra/emulated/run.sh has put what the emulated deployment is made with, and where logs are kept.
type tools struct{ ministackTool, s3Tool, translated, work string }

func emulation() (tools, bool) {
	x := tools{os.Getenv("KEXIN_TEST_EMULATED_MINISTACK"), os.Getenv("KEXIN_TEST_EMULATED_S3"), os.Getenv("KEXIN_TEST_EMULATED_TEMPLATE"), os.Getenv("KEXIN_TEST_EMULATED_WORK")}
	return x, x.ministackTool != "" && x.s3Tool != "" && x.translated != "" && x.work != ""
}

// The account is also the name of the key that the emulator gives to functions.
const (
	account = "123456789012"
	secret  = "emulated"
	stackID = "kexin"
)

// emulator is AWS as MiniStack plays it, with versitygw for S3, and the deployment in it.
type emulator struct {
	tools
	*stack
	*faults
	tokens     *issuer
	parameters map[string]string
	state      string // folder of emulated.py
	code       string // folder of the programs
	report     report
	walker     *walker
}

// report is what emulated.py deploy tells.
type report struct {
	Status   string
	Failures []string
	Changed  []string
	Names    map[string]string
	Outputs  map[string]string
}

// newEmulator starts the servers, and nothing is deployed yet.
func newEmulator(t *testing.T, x tools) *emulator {
	t.Helper()
	certificate := filepath.Join(x.work, "issuer.pem")
	e := &emulator{tools: x, tokens: newSecureIssuer(t, certificate), state: t.TempDir(), code: t.TempDir()}
	ministack, objects := freeAddr(t), freeAddr(t)
	s := servers{dynamodb: "http://" + ministack, kms: "http://" + ministack, s3: "http://" + objects, access: account, secret: secret}
	e.faults = newFaults(t, map[string]string{"DYNAMODB": s.dynamodb, "KMS": s.kms, "SQS": s.kms, "LAMBDA": s.kms, "S3": s.s3})
	e.stack = clients(s)
	_, port, err := net.SplitHostPort(ministack)
	if err != nil {
		t.Fatal(err)
	}
	x.launch(t, "s3", objects, []string{"S3SERVER_ACCESS=" + account, "S3SERVER_SECRET=" + secret}, filepath.Join(x.s3Tool, "s3server"), "-listen", objects, "-dir", filepath.Join(x.work, "s3"))
	x.launch(t, "ministack", ministack, append([]string{"GATEWAY_PORT=" + port, "BIND_HOST=127.0.0.1", "MINISTACK_HOST=localhost", "SFTP_ENABLED=0",
		"IOT_MTLS_ENABLED=0", "AWS_ENDPOINT_URL=http://" + ministack, "AWS_ACCESS_KEY_ID=" + account, "AWS_SECRET_ACCESS_KEY=" + secret,
		"AWS_DEFAULT_REGION=" + region, "MINISTACK_REGION=" + region, "MINISTACK_ACCOUNT_ID=" + account, "SSL_CERT_FILE=" + certificate}, e.environ...), filepath.Join(x.ministackTool, "bin", "ministack"))
	e.parameters = map[string]string{"Deployment": record.IDFromBytes(record.PrefixDeployment, [16]byte([]byte(fmt.Sprint(time.Now().UnixNano()))[:16])),
		"Pack": "P06", "ManifestKey": "", "OidcIssuer": e.tokens.URL, "OidcAudience": "kexin", "ConsoleOrigin": "https://console.example",
		"AlarmEmail": "alarms@example.com", "MonthlyBudget": "100"}
	return e
}

// launch starts a server with a clean environment in a process group of its own, waits until it answers, and ends it with the test.
func (x tools) launch(t *testing.T, name, address string, environ []string, program string, args ...string) {
	t.Helper()
	home := filepath.Join(x.work, name)
	if err := os.MkdirAll(filepath.Join(home, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(x.work, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	process := exec.Command(program, args...)
	process.Dir, process.Stdout, process.Stderr = home, log, log
	process.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=" + home, "TMPDIR=" + filepath.Join(home, "tmp")}, environ...)
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = process.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-process.Process.Pid, syscall.SIGKILL) // the group holds this server and the functions that it started
		<-ended
	})
	err = again(t.Context(), func() (bool, error) {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil, err
	})
	if err != nil {
		t.Fatalf("%s: %v; %s", name, err, x.tail(name))
	}
}

// tail returns the end of a server's log.
func (x tools) tail(name string) string {
	text, err := os.ReadFile(filepath.Join(x.work, name+".log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-3000):])
}

// build builds every function as sam build does, for this machine.
func (e *emulator) build(t *testing.T) {
	t.Helper()
	binaries := buildAll(t)
	for f, binary := range binaries {
		folder := filepath.Join(e.code, logical(f))
		if err := errors.Join(os.Mkdir(folder, 0o700), os.Rename(binary, filepath.Join(folder, "bootstrap"))); err != nil {
			t.Fatal(err)
		}
	}
}

// rebuild makes programs that do the same and are not the same: bytes after the end of a program change its digest and nothing else.
func (e *emulator) rebuild(t *testing.T) {
	t.Helper()
	for _, f := range grants.Functions() {
		file, err := os.OpenFile(filepath.Join(e.code, logical(f), "bootstrap"), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = file.WriteString("next version")
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// tool runs a command of infra/emulated and returns what it printed.
func (e *emulator) tool(ctx context.Context, command, translated string) (string, error) {
	settings, err := json.Marshal(map[string]any{"endpoint": e.servers.kms, "objects": e.servers.s3, "access": account, "secret": secret, "stack": stackID,
		"translated": translated, "parameters": e.parameters, "code": e.code})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(e.state, "settings.json"), settings, 0o600); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	process := exec.CommandContext(ctx, filepath.Join(e.ministackTool, "bin", "python"), "-B", "../../infra/emulated/emulated.py", command, e.state)
	process.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + e.state, "AWS_EC2_METADATA_DISABLED=true"}
	out, err := process.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// deploy deploys a translated template, wants the stack to end in state, and after a success no difference between the two.
func (e *emulator) deploy(t *testing.T, translated, state string) {
	t.Helper()
	began := time.Now()
	command := "deploy+compare"
	if strings.Contains(state, "ROLLBACK") {
		command = "deploy"
	}
	out, err := e.tool(t.Context(), command, translated)
	if err != nil {
		t.Fatalf("deploy: %v\n%s\n%s", err, out, e.tail("ministack"))
	}
	text, err := os.ReadFile(filepath.Join(e.state, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	r := report{}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.Status != state {
		t.Fatalf("the stack is %s, want %s: %v", r.Status, state, r.Failures)
	}
	t.Logf("after %v: %s", time.Since(began).Round(time.Millisecond), out)
	if r.Names != nil {
		e.report = r
		maps.Copy(e.names, r.Names)
		maps.Copy(e.names, e.parameters)
	}
}

// compare wants no difference between what is deployed and a translated template.
func (e *emulator) compare(t *testing.T, translated string) {
	t.Helper()
	out, err := e.tool(t.Context(), "compare", translated)
	if err != nil {
		t.Fatalf("deployed is not what the template says: %v\n%s", err, out)
	}
	t.Log(out)
}

// call sends a signed request to the emulator; a status of 400 or more is an error.
func (e *emulator) call(ctx context.Context, service, method, path, target string, in any) ([]byte, int, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, method, e.servers.kms+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if target != "" {
		request.Header.Set("Content-Type", "application/x-amz-json-1.1")
		request.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: account, SecretAccessKey: secret}, request, hex.EncodeToString(sum[:]), service, region, time.Now()); err != nil {
		return nil, 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: status %d: %.300s", method, path, response.StatusCode, answer)
	} else if kind := response.Header.Get("X-Amz-Function-Error"); err == nil && kind != "" {
		err = fmt.Errorf("function error %s: %.300s", kind, answer)
	}
	return answer, response.StatusCode, err
}

// invoke hands an event to a function and waits for its answer.
func (e *emulator) invoke(ctx context.Context, f grants.Function, event []byte) ([]byte, error) {
	answer, _, err := e.call(ctx, "lambda", http.MethodPost, "/2015-03-31/functions/"+e.names[logical(f)]+"/invocations", "", json.RawMessage(event))
	var compact bytes.Buffer // as the function wrote it: the emulator reads the answer and writes it anew
	if json.Compact(&compact, answer) == nil {
		answer = compact.Bytes()
	}
	return answer, err
}

// job runs a scheduled function at once, with the event of a tick. What streams and queues bring, the emulator brings by itself.
func (e *emulator) job(ctx context.Context, function string) ([]byte, error) {
	if f := grants.Function(function); f != grants.AcceptSubmissions {
		return e.invoke(ctx, f, tickEvent())
	}
	return []byte("{}"), nil
}

func tickEvent() []byte {
	event, _ := json.Marshal(map[string]any{"version": "0", "id": "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c", "detail-type": "Scheduled Event",
		"source": "aws.scheduler", "account": account, "time": time.Now().UTC().Format(time.RFC3339), "region": region, "resources": []string{}, "detail": "{}"})
	return event
}

// configure changes a function behind the template's back; the returned act puts it back.
func (e *emulator) configure(t *testing.T, f grants.Function, timeout int) func() {
	t.Helper()
	path := "/2015-03-31/functions/" + e.names[logical(f)] + "/configuration"
	var before struct{ Timeout int }
	answer, _, err := e.call(t.Context(), "lambda", http.MethodGet, path, "", nil)
	if err := errors.Join(err, json.Unmarshal(answer, &before)); err != nil {
		t.Fatal(err)
	}
	set := func(seconds int) {
		if _, _, err := e.call(t.Context(), "lambda", http.MethodPut, path, "", map[string]int{"Timeout": seconds}); err != nil {
			t.Fatal(err)
		}
	}
	set(timeout)
	return func() { set(before.Timeout) }
}
