package walk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestWalkEmbedded runs the script against the server that `make run` starts, with the command line that is shipped beside it.
func TestWalkEmbedded(t *testing.T) {
	bin := t.TempDir()
	build(t, bin, "./infra/local", "./cmd/kexin")
	e := &server{bin: bin, data: filepath.Join(t.TempDir(), "data"), addr: freeAddr(t)}
	e.start(t)
	run(t, deployment{name: "embedded", base: "http://" + e.addr, token: e.token, job: e.job, advance: e.advance, fsck: e.fsck}, bin, "walk.txt")
}

// build builds programs of the repository into folder.
func build(t *testing.T, folder string, packages ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", append([]string{"build", "-o", folder + "/"}, packages...)...)
	command.Dir = "../.."
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// server is a demonstration server of its own.
type server struct {
	bin, data, addr string
	process         *exec.Cmd
	ended           chan error
	log             bytes.Buffer
}

func (e *server) start(t *testing.T) {
	t.Helper()
	e.process = exec.Command(filepath.Join(e.bin, "local"))
	e.process.Env = []string{"KEXIN_DEMO=1", "KEXIN_ADDR=" + e.addr, "KEXIN_DATA=" + e.data, "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	e.process.Stdout, e.process.Stderr = &e.log, &e.log
	if err := e.process.Start(); err != nil {
		t.Fatal(err)
	}
	e.ended = make(chan error, 1)
	go func() { e.ended <- e.process.Wait(); close(e.ended) }()
	t.Cleanup(func() {
		if err := e.stop(); err != nil || t.Failed() {
			t.Logf("the server ended with %v and said:\n%s", err, e.log.Bytes())
		}
	})
	err := again(t.Context(), func() (bool, error) {
		select {
		case err := <-e.ended:
			t.Fatalf("the server ended: %v\n%s", err, e.log.Bytes())
		default:
		}
		_, err := e.dev(t.Context(), http.MethodGet, "/v1/forms", nil)
		return err == nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// stop ends the server in good order. It may be called more than once.
func (e *server) stop() error {
	_ = e.process.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-e.ended:
		return err
	case <-time.After(patience):
		return fmt.Errorf("server does not end: %w", e.process.Process.Kill())
	}
}

// dev uses a switch of the demonstration.
func (e *server) dev(ctx context.Context, method, path string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+e.addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if in == nil {
		request.Body = http.NoBody
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d: %s", path, response.StatusCode, answer)
	}
	return answer, err
}

func (e *server) token(ctx context.Context, account string) (string, error) {
	answer, err := e.dev(ctx, http.MethodPost, "/dev/token", map[string]string{"subject": account})
	if err != nil {
		return "", err
	}
	var out struct{ Token string }
	return out.Token, json.Unmarshal(answer, &out)
}

func (e *server) job(ctx context.Context, function string) ([]byte, error) {
	return e.dev(ctx, http.MethodPost, "/dev/jobs/"+function, nil)
}

func (e *server) advance(ctx context.Context, period string) error {
	_, err := e.dev(ctx, http.MethodPost, "/dev/clock", map[string]string{"advance": period})
	return err
}

// fsck ends the server, because files can be open in one process only, and runs the command line on them.
func (e *server) fsck(ctx context.Context) (string, error) {
	if err := e.stop(); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(e.bin, "kexin"), "fsck", "--data", e.data).CombinedOutput()
	return string(out), err
}
