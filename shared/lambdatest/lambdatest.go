// Package lambdatest runs a function's real binary as Lambda does: it serves the Lambda Runtime API on loopback, starts the binary with
// a given environment, hands it events, and takes back answers and errors. It is a test kit: nothing that is deployed uses it.
package lambdatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options says what to run.
type Options struct {
	// Binary is the bootstrap to start; see Build.
	Binary string
	// Env is the whole environment of the process besides what Lambda itself sets, as NAME=value.
	Env []string
	// Timeout is how long one invocation may take; it is what the process is told as its deadline. Default 10 s.
	Timeout time.Duration
	// Start is how long the process may take until it asks for its first event. Default 20 s.
	Start time.Duration
}

// Sentinels.
var (
	// ErrInit: the process reported that it could not start.
	ErrInit = errors.New("function reported an init error")
	// ErrExited: the process has ended.
	ErrExited = errors.New("function process has ended")
	// ErrTimeout: the process did not answer in time.
	ErrTimeout = errors.New("function did not answer in time")
)

// Result is what the process answered to one event: a payload, or an error as Lambda would report it.
type Result struct {
	Payload []byte
	// Failed says that Payload is an error document and not an answer.
	Failed bool

	id string // of the event that it belongs to
}

// Runtime is one running process. Invoke may be called by one goroutine at a time, as Lambda does.
type Runtime struct {
	options  Options
	process  *exec.Cmd
	server   *http.Server
	output   output
	began    time.Time
	startup  time.Duration
	first    chan struct{} // closed at the first poll
	firstOne sync.Once
	events   chan delivery
	results  chan Result
	initErr  chan []byte
	ended    chan struct{} // closed when the process has ended
	number   int
	closing  sync.Once
}

type delivery struct {
	id       string
	deadline time.Time
	payload  []byte
}

const apiPath = "/2018-06-01/runtime/"

// Start starts the process and waits until it asks for its first event. Close must be called, also when ctx ends.
func Start(ctx context.Context, options Options) (*Runtime, error) {
	if options.Timeout == 0 {
		options.Timeout = 10 * time.Second
	}
	if options.Start == 0 {
		options.Start = 20 * time.Second
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for function: %w", err)
	}
	r := &Runtime{
		options: options, first: make(chan struct{}), events: make(chan delivery), results: make(chan Result, 1),
		initErr: make(chan []byte, 1), ended: make(chan struct{}),
	}
	r.server = &http.Server{Handler: r.routes(), ReadHeaderTimeout: 5 * time.Second}
	r.began = time.Now()
	go func() { _ = r.server.Serve(listener) }() // ends at Close
	if err := r.launch(listener.Addr().String()); err != nil {
		_ = r.server.Close()
		return nil, err
	}
	if err := r.awaitFirst(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Runtime) launch(address string) error {
	r.process = exec.Command(r.options.Binary)
	r.process.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + address, "AWS_LAMBDA_FUNCTION_NAME=under-test", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/under-test", "AWS_REGION=cn-north-1",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(r.options.Binary), "TZ=:UTC", "HOME=/nonexistent", "PATH=/usr/bin:/bin",
	}, r.options.Env...)
	r.process.Stdout, r.process.Stderr = &r.output, &r.output
	r.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.process.Start(); err != nil {
		return fmt.Errorf("start function: %w", err)
	}
	go func() {
		_ = r.process.Wait() // how it ended shows in its output
		close(r.ended)
	}()
	return nil
}

func (r *Runtime) awaitFirst(ctx context.Context) error {
	timer := time.NewTimer(r.options.Start)
	defer timer.Stop()
	select {
	case <-r.first:
		return nil
	case document := <-r.initErr:
		return fmt.Errorf("%w: %s", ErrInit, document)
	case <-r.ended:
		return fmt.Errorf("%w before it asked for an event: %s", ErrExited, r.Output())
	case <-timer.C:
		return fmt.Errorf("await first event: %w", ErrTimeout)
	case <-ctx.Done():
		return fmt.Errorf("await first event: %w", ctx.Err())
	}
}

// Startup returns the time from the start of the process to its first request for an event: what Lambda bills as init, without the
// download of the code.
func (r *Runtime) Startup() time.Duration { return r.startup }

// Output returns what the process has written to its standard output and error so far.
func (r *Runtime) Output() string { return r.output.String() }

// Invoke hands event to the process and waits for its result.
func (r *Runtime) Invoke(ctx context.Context, event []byte) (Result, error) {
	r.number++
	timer := time.NewTimer(r.options.Timeout)
	defer timer.Stop()
	next := delivery{fmt.Sprintf("00000000-0000-4000-8000-%012d", r.number), time.Now().Add(r.options.Timeout), event}
	select {
	case r.events <- next:
	case <-r.ended:
		return Result{}, ErrExited
	case <-timer.C:
		return Result{}, fmt.Errorf("hand over event: %w", ErrTimeout)
	case <-ctx.Done():
		return Result{}, fmt.Errorf("hand over event: %w", ctx.Err())
	}
	return r.await(ctx, timer.C, next.id)
}

// await returns the result of event id; one of an earlier event that nobody waited for any more is dropped.
func (r *Runtime) await(ctx context.Context, timeout <-chan time.Time, id string) (Result, error) {
	for {
		select {
		case result := <-r.results:
			if result.id == id {
				return result, nil
			}
		case <-r.ended:
			return r.last(id)
		case <-timeout:
			return Result{}, fmt.Errorf("await result: %w", ErrTimeout)
		case <-ctx.Done():
			return Result{}, fmt.Errorf("await result: %w", ctx.Err())
		}
	}
}

// last returns a result that came just before the process ended.
func (r *Runtime) last(id string) (Result, error) {
	select {
	case result := <-r.results:
		if result.id == id {
			return result, nil
		}
	default:
	}
	return Result{}, fmt.Errorf("%w: %s", ErrExited, r.Output())
}

// Close kills the process and everything it started, waits for its end, and stops serving. It may be called more than once.
func (r *Runtime) Close() {
	r.closing.Do(func() {
		_ = syscall.Kill(-r.process.Process.Pid, syscall.SIGKILL) // the group that this process leads; it may be gone already
		<-r.ended
		_ = r.server.Close()
	})
}

// CPU returns the processor time that the process took in its life, zero before Close.
func (r *Runtime) CPU() time.Duration {
	select {
	case <-r.ended:
		return r.process.ProcessState.UserTime() + r.process.ProcessState.SystemTime()
	default:
		return 0
	}
}

// Kill ends the process at once, as a crash of its machine would; Invoke then returns ErrExited.
func (r *Runtime) Kill() {
	_ = syscall.Kill(-r.process.Process.Pid, syscall.SIGKILL)
	<-r.ended
}

func (r *Runtime) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiPath+"invocation/next", r.next)
	mux.HandleFunc("POST "+apiPath+"invocation/{id}/response", func(w http.ResponseWriter, q *http.Request) { r.take(w, q, false) })
	mux.HandleFunc("POST "+apiPath+"invocation/{id}/error", func(w http.ResponseWriter, q *http.Request) { r.take(w, q, true) })
	mux.HandleFunc("POST "+apiPath+"init/error", func(w http.ResponseWriter, q *http.Request) {
		document, _ := io.ReadAll(q.Body)
		r.initErr <- document
		w.WriteHeader(http.StatusAccepted)
	})
	return mux
}

// next answers the process's long poll with the next event.
func (r *Runtime) next(w http.ResponseWriter, q *http.Request) {
	r.firstOne.Do(func() {
		r.startup = time.Since(r.began)
		close(r.first)
	})
	select {
	case event := <-r.events:
		header := w.Header()
		header.Set("Lambda-Runtime-Aws-Request-Id", event.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(event.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws-cn:lambda:cn-north-1:123456789012:function:under-test")
		header.Set("Lambda-Runtime-Trace-Id", "Root=1-65e2f8a1-3c9a1f0b2d4e6f8091a2b3c4;Sampled=0")
		header.Set("Content-Type", "application/json")
		_, _ = w.Write(event.payload)
	case <-q.Context().Done():
	}
}

// take receives the result of an event.
func (r *Runtime) take(w http.ResponseWriter, q *http.Request, failed bool) {
	payload, err := io.ReadAll(q.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	select {
	case r.results <- Result{payload, failed, q.PathValue("id")}:
	case <-r.ended:
	}
	w.WriteHeader(http.StatusAccepted)
}

// output collects what the process writes.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write collects p.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String returns what was collected.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Build builds the main package in folder (a path as go build takes it, such as ./functions/approve) as deployment does and returns the
// binary, which lies in into under the name bootstrap.
func Build(ctx context.Context, folder, into string) (string, error) {
	binary := filepath.Join(into, "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", "lambda.norpc,codec.notfastpath", "-ldflags", "-s -w", "-o", binary, folder)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build function: %w: %s", err, text)
	}
	return binary, nil
}
