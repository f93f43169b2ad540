package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/infra/local/embedded"
)

// TestMain is also a small curl, so that the commands run where there is none: the tests need nothing but Go and a shell.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "curl" {
		if err := curl(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "curl:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if err := os.RemoveAll(tools); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var tools string // folder of the built command line, "" before commandLine

// commandLine builds cmd/kexin once for all tests and returns its path.
var commandLine = sync.OnceValues(func() (string, error) {
	var err error
	if tools, err = os.MkdirTemp("", "kexin-docs-"); err != nil {
		return "", err
	}
	path := filepath.Join(tools, "kexin")
	if out, err := exec.Command("go", "build", "-o", path, "kexin/cmd/kexin").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the command line: %w\n%s", err, out)
	}
	return path, nil
})

// blocks returns the commands of a document: everything in fences marked sh.
func blocks(text string) string {
	var script strings.Builder
	in := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case line == "```sh":
			in = true
		case strings.HasPrefix(line, "```"):
			in = false
		case in:
			script.WriteString(line + "\n")
		}
	}
	return script.String()
}

// serve runs a demonstration on loopback and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	server, err := embedded.Open(ctx, embedded.Options{Data: filepath.Join(t.TempDir(), "kexin-data"), Pack: "P06", Demo: true, BaseURL: base,
		Addr: listener.Addr().String(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Seed(ctx, 20, func(int) {}), server.Warm(ctx)); err != nil {
		t.Fatal(err)
	}
	front := &http.Server{Handler: server.Handler()}
	jobs := make(chan struct{})
	go func() { server.Run(ctx); close(jobs) }()
	go func() { _ = front.Serve(listener) }()
	t.Cleanup(func() {
		stop()
		<-jobs
		if err := errors.Join(front.Close(), server.Close()); err != nil {
			t.Error(err)
		}
	})
	return base
}

// workshop is a folder with bin/kexin, and with a curl when there is none or own is set.
func workshop(t *testing.T, own bool) (dir, path string) {
	t.Helper()
	dir = t.TempDir()
	bin := filepath.Join(dir, "bin")
	kexin, err := commandLine()
	if err := errors.Join(err, os.Mkdir(bin, 0o755), os.Symlink(kexin, filepath.Join(bin, "kexin"))); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("curl"); err != nil || own {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(self, filepath.Join(bin, "curl")); err != nil {
			t.Fatal(err)
		}
	}
	return dir, bin + string(os.PathListSeparator) + os.Getenv("PATH")
}

func run(t *testing.T, document string, own bool) string {
	t.Helper()
	script := blocks(read(t, document))
	if strings.Count(script, "\n") < 10 {
		t.Fatalf("%s has no commands", document)
	}
	dir, path := workshop(t, own)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "sh", "-eu")
	shell.Dir, shell.Stdin = dir, strings.NewReader(script)
	shell.Env = append(os.Environ(), "PATH="+path, "KEXIN_BASE_URL="+serve(t), "LANG=C")
	var errs bytes.Buffer
	shell.Stderr = &errs
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", document, err, out, errs.String())
	}
	return string(out)
}

func TestMobileCommands(t *testing.T) {
	t.Parallel()
	run(t, "mobile.md", false)
}

func TestMobileCommandsWithoutCurl(t *testing.T) {
	t.Parallel()
	run(t, "mobile.md", true)
}

// The walk of the README, and what it promises to show on the way.
func TestReadmeWalk(t *testing.T) {
	t.Parallel()
	out := run(t, "../README.md", false)
	rest := out
	for _, promise := range []string{
		`"masked":"139****5678"`,        // found
		`"value":"林小满"`,                 // read
		`"value":"110101199003077758"`,  // revealed
		`"action":"reveal"`,             // history
		`"state":"requested"`,           // export
		`"state":"approved"`,            // by the head
		`"built":1`,                     // built
		`: valid export exp_`,           // verified
		`: valid consent receipt sub_`,  // verified
		`/problems/retention-ended`,     // three years later
		`"complete":true`,               // purged
		`valid certificate of destruct`, // verified
	} {
		_, after, ok := strings.Cut(rest, promise)
		if !ok {
			t.Errorf("the walk does not show %s where it should\n%s", promise, out)
			return
		}
		rest = after
	}
}

// request is what the small curl was asked for.
type request struct {
	method, url, out, format string
	header                   http.Header
	body                     []byte
}

// curl understands the flags that the documents use.
func curl(args []string, stdout io.Writer) error {
	r := request{header: http.Header{}}
	for len(args) > 0 {
		rest, err := r.take(args)
		if err != nil {
			return err
		}
		args = rest
	}
	return r.send(stdout)
}

func (r *request) take(args []string) ([]string, error) {
	flag := args[0]
	switch flag {
	case "-s", "-S", "-sS":
		return args[1:], nil
	case "-o", "-w", "-H", "-X", "-d", "--data-binary":
	default:
		if strings.HasPrefix(flag, "-") || r.url != "" {
			return nil, fmt.Errorf("unknown argument %s", flag)
		}
		r.url = flag
		return args[1:], nil
	}
	if len(args) < 2 {
		return nil, fmt.Errorf("%s wants a value", flag)
	}
	return args[2:], r.set(flag, args[1])
}

func (r *request) set(flag, value string) error {
	switch flag {
	case "-o":
		r.out = value
	case "-w":
		r.format = value
	case "-X":
		r.method = value
	case "-H":
		name, text, _ := strings.Cut(value, ": ")
		r.header.Set(name, text)
	default:
		r.body = []byte(value)
		if path, isFile := strings.CutPrefix(value, "@"); isFile {
			data, err := os.ReadFile(path)
			r.body = data
			return err
		}
	}
	return nil
}

func (r *request) send(stdout io.Writer) error {
	if r.method == "" {
		r.method = http.MethodGet
		if r.body != nil {
			r.method = http.MethodPost
		}
	}
	req, err := http.NewRequest(r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header = r.header
	if r.body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		return err
	}
	if r.out != "" {
		err = os.WriteFile(r.out, data, 0o644)
	} else {
		_, err = stdout.Write(data)
	}
	if r.format != "" {
		fmt.Fprint(stdout, strings.NewReplacer("%{http_code}", fmt.Sprint(reply.StatusCode), `\n`, "\n").Replace(r.format))
	}
	return err
}
