package e2e

import (
	"bytes"
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

// demonstration returns the address of a demonstration server: the one that is named, or one of its own with a fresh store.
func demonstration(t *testing.T) string {
	if base := os.Getenv("KEXIN_TEST_URL"); base != "" {
		return base
	}
	addr := freeAddr(t)
	start(t, build(t), addr, "KEXIN_DEMO=1", "KEXIN_DATA="+filepath.Join(t.TempDir(), "data"))
	return "http://" + addr
}

// build builds the server and returns its path.
func build(t *testing.T) string {
	binary := filepath.Join(t.TempDir(), "kexin-local")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../infra/local")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build server: %v\n%s", err, out)
	}
	return binary
}

// environment returns what every server is started with, and settings.
func environment(t *testing.T, settings ...string) []string {
	return append(settings, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
}

// start runs a server at addr until the test ends.
func start(t *testing.T, binary, addr string, settings ...string) {
	var log bytes.Buffer
	server := exec.CommandContext(t.Context(), binary)
	server.Env = environment(t, append(settings, "KEXIN_ADDR="+addr)...)
	server.Stdout, server.Stderr = &log, &log
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 15 * time.Second
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("server said:\n%s", tail(log.Bytes(), 3000))
		}
	})
	awaitServer(t, "http://"+addr, ended)
}

func freeAddr(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func awaitServer(t *testing.T, base string, ended chan error) {
	deadline := time.Now().Add(2 * patience) // seeding 200 customers takes a while on a busy machine
	for time.Now().Before(deadline) {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("server ended: %v", err)
		default:
		}
		if _, status := get(t, base+"/v1/forms"); status == http.StatusOK {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("server does not answer")
}

func get(t *testing.T, url string) ([]byte, int) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, 0
	}
	return data, response.StatusCode
}

// tail returns the last n bytes.
func tail(data []byte, n int) []byte { return data[max(0, len(data)-n):] }
