package embedded_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// program builds ./infra/local once and returns its path.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kexin-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kexin-local")
	if out, err := exec.Command("go", "build", "-o", path, "../../infra/local").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build server: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built.Load() {
		if path, err := program(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
	os.Exit(code)
}

// built says that program was called.
var built atomic.Bool

// process is the real server in a process of its own, on a demonstration store.
type process struct {
	t      *testing.T
	dir    string
	addr   string
	log    *lines
	client *http.Client
	cmd    *exec.Cmd
	ended  chan struct{}
}

func newProcess(t *testing.T) *process {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	p := &process{t: t, dir: filepath.Join(t.TempDir(), "data"), addr: addr, log: &lines{}, client: &http.Client{Timeout: 30 * time.Second}}
	t.Cleanup(p.kill)
	return p
}

// start starts the server.
func (p *process) start() {
	p.t.Helper()
	built.Store(true)
	path, err := program()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(path)
	p.cmd.Env = []string{"KEXIN_DEMO=1", "KEXIN_FORM_RATE=1000000", "KEXIN_ADDR=" + p.addr, "KEXIN_DATA=" + p.dir, "HOME=" + p.t.TempDir()}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() { _ = cmd.Wait(); close(ended) }()
}

// ready waits until the server answers. That it ends instead is a failure.
func (p *process) ready() {
	p.t.Helper()
	for range 1200 {
		select {
		case <-p.ended:
			p.t.Fatalf("the server ended:\n%s", p.log.tail())
		case <-time.After(25 * time.Millisecond):
		}
		if answer, err := p.send("", "GET", "/v1/forms", nil); err == nil && answer.status == 200 {
			return
		}
	}
	p.t.Fatalf("the server does not answer:\n%s", p.log.tail())
}

// kill ends the server as a power failure of the process would, and waits until it is gone.
func (p *process) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	p.client.CloseIdleConnections()
	p.cmd = nil
}

// send sends a request with a token, "" for none. An error means that nobody knows what became of it.
func (p *process) send(token, method, path string, body any, header ...string) (reply, error) {
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequest(method, "http://"+p.addr+path, reader)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := p.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, data}, err
}

// token returns a token of a demonstration account.
func (p *process) token(subject string) string {
	p.t.Helper()
	answer, err := p.send("", "POST", "/dev/token", map[string]string{"subject": subject})
	if err != nil || answer.status != 200 {
		p.t.Fatalf("token of %s: %v %d %s", subject, err, answer.status, answer.body)
	}
	return answer.text("token")
}

// opened opens the store of a process that has ended, in this one.
func (p *process) opened() *site {
	p.t.Helper()
	s := &site{t: p.t, dir: p.dir, log: &lines{}}
	s.open()
	p.t.Cleanup(s.close)
	return s
}
