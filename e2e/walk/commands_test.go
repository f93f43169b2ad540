package walk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// deployment is what the script runs against.
type deployment struct {
	name string // condition of the script
	base string // address of the API
	// token returns a token of a member of staff of the demonstration company.
	token func(ctx context.Context, account string) (string, error)
	// job runs a scheduled function, and what would wake it, and returns its report.
	job func(ctx context.Context, function string) ([]byte, error)
	// advance moves the clock; only a demonstration has one that moves.
	advance func(ctx context.Context, period string) error
	// fsck checks everything that is stored; it may end the deployment.
	fsck func(ctx context.Context) (string, error)
}

// walker is one run of the script.
type walker struct {
	deployment
	ctx    context.Context
	tokens map[string]string
	last   []byte // body of the last answer
	client *http.Client
}

const patience = 30 * time.Second

// run runs a script against d. kexin is the folder of the command line.
func run(t *testing.T, d deployment, kexin string, script string) {
	w := &walker{deployment: d, ctx: t.Context(), tokens: map[string]string{}, client: &http.Client{Timeout: patience}}
	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/" + script}, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			e.Setenv("KEY", rand.Text()) // the form's idempotency key
			e.Setenv("PATH", kexin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Condition: func(condition string) (bool, error) {
			if condition != "embedded" && condition != "bootstraps" && condition != "emulated" {
				return false, fmt.Errorf("unknown condition %q", condition)
			}
			return condition == d.name, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"http": w.http, "jsonget": w.jsonGet, "save": w.save, "as": w.as,
			"job": w.runJob, "advance": w.moveClock, "until": w.until, "fetch": w.fetch, "fsck": w.runFsck},
	})
}

// as gets a token: as ACCOUNT. Requests name the account afterwards.
func (w *walker) as(ts *testscript.TestScript, _ bool, args []string) {
	for _, account := range args {
		token, err := w.token(w.ctx, account)
		ts.Check(err)
		w.tokens[account] = token
	}
}

// request is one call of the command http.
type request struct {
	account, key, match, method, path, body string
	status                                  int
}

// parse reads [-as ACCOUNT] [-key KEY] [-once] [-match VERSION] STATUS METHOD PATH [BODY].
func parse(args []string) (request, error) {
	var r request
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-as":
			r.account = args[1]
		case "-key":
			r.key = args[1]
		case "-match":
			r.match = args[1]
		case "-once":
			r.key = rand.Text()
			args = args[1:]
			continue
		default:
			return r, fmt.Errorf("unknown flag %s", args[0])
		}
		args = args[2:]
	}
	if len(args) < 3 || len(args) > 4 {
		return r, fmt.Errorf("usage: http [-as ACCOUNT] [-key KEY] [-once] [-match VERSION] STATUS METHOD PATH [BODY]")
	}
	status, err := strconv.Atoi(args[0])
	r.status, r.method, r.path = status, args[1], args[2]
	if len(args) == 4 {
		r.body = args[3]
	}
	return r, err
}

func (w *walker) send(r request) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, r.method, w.base+r.path, strings.NewReader(r.body))
	if err != nil {
		return 0, nil, err
	}
	set := func(name, value string) {
		if value != "" {
			q.Header.Set(name, value)
		}
	}
	set("Idempotency-Key", r.key)
	set("Accept-Language", "en")
	if r.body != "" {
		set("Content-Type", "application/json")
	}
	if r.match != "" {
		set("If-Match", `"`+r.match+`"`)
	}
	if r.account != "" {
		token, ok := w.tokens[r.account]
		if !ok {
			token = r.account // a token of the script's own
		}
		set("Authorization", "Bearer "+token)
	}
	response, err := w.client.Do(q)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// http sends one request and wants its status; the body is the output of the command.
func (w *walker) http(ts *testscript.TestScript, _ bool, args []string) {
	r, err := parse(args)
	ts.Check(err)
	status, body, err := w.send(r)
	ts.Check(err)
	w.answer(ts, body)
	if status != r.status {
		ts.Fatalf("%s %s: status %d, want %d\n%s", r.method, r.path, status, r.status, body)
	}
}

func (w *walker) answer(ts *testscript.TestScript, body []byte) {
	w.last = bytes.TrimSpace(body)
	_, _ = fmt.Fprintf(ts.Stdout(), "%s\n", w.last)
}

// member returns the member of the last answer at a path like customers.0.customer; "." is the whole.
func (w *walker) member(path string) (json.RawMessage, error) {
	value := json.RawMessage(w.last)
	if path == "." {
		return value, nil
	}
	for name := range strings.SplitSeq(path, ".") {
		var list []json.RawMessage
		var object map[string]json.RawMessage
		if at, err := strconv.Atoi(name); err == nil && json.Unmarshal(value, &list) == nil {
			if at >= len(list) {
				return nil, fmt.Errorf("%s: only %d elements: %s", path, len(list), w.last)
			}
			value = list[at]
			continue
		}
		if err := json.Unmarshal(value, &object); err != nil || object[name] == nil {
			return nil, fmt.Errorf("no %s in %s", path, w.last)
		}
		value = object[name]
	}
	return value, nil
}

func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// jsonGet sets variables from the last answer: jsonget NAME=PATH...
func (w *walker) jsonGet(ts *testscript.TestScript, _ bool, args []string) {
	for _, arg := range args {
		name, path, _ := strings.Cut(arg, "=")
		value, err := w.member(path)
		ts.Check(err)
		ts.Setenv(name, plain(value))
	}
}

// save writes a member of the last answer into a file: save FILE [PATH].
func (w *walker) save(ts *testscript.TestScript, _ bool, args []string) {
	value, err := w.member(append(args, ".")[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(plain(value)), 0o600))
}

// runJob runs a scheduled function: job FUNCTION. A turn that meets another one is taken again.
func (w *walker) runJob(ts *testscript.TestScript, _ bool, args []string) {
	var report []byte
	err := again(w.ctx, func() (bool, error) {
		var err error
		report, err = w.job(w.ctx, args[0])
		return err == nil, err
	})
	ts.Check(err)
	w.answer(ts, report)
}

// until repeats a request until a member of its answer is VALUE: until PATH=VALUE [-as ACCOUNT] STATUS METHOD PATH [BODY].
func (w *walker) until(ts *testscript.TestScript, _ bool, args []string) {
	r, err := parse(args[1:])
	ts.Check(err)
	path, want, _ := strings.Cut(args[0], "=")
	ts.Check(again(w.ctx, func() (bool, error) {
		status, body, err := w.send(r)
		if err != nil || status != r.status {
			return false, fmt.Errorf("status %d: %s: %w", status, body, err)
		}
		w.last = bytes.TrimSpace(body)
		value, err := w.member(path)
		return err == nil && plain(value) == want, err
	}))
}

// again repeats act for a while until it is done.
func again(ctx context.Context, act func() (bool, error)) error {
	for deadline := time.Now().Add(patience); ; {
		done, err := act()
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not done in %v: %w", patience, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// fetch downloads a link: fetch URL FILE.
func (w *walker) fetch(ts *testscript.TestScript, _ bool, args []string) {
	link := args[0]
	if strings.HasPrefix(link, "/") {
		link = w.base + link
	}
	q, err := http.NewRequestWithContext(w.ctx, http.MethodGet, link, nil)
	ts.Check(err)
	response, err := w.client.Do(q)
	ts.Check(err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("fetch: status %d: %s", response.StatusCode, body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o600))
}

func (w *walker) moveClock(ts *testscript.TestScript, _ bool, args []string) {
	if w.advance == nil {
		ts.Fatalf("the clock of %s cannot be moved", w.name)
	}
	ts.Check(w.advance(w.ctx, args[0]))
}

func (w *walker) runFsck(ts *testscript.TestScript, _ bool, _ []string) {
	report, err := w.fsck(w.ctx)
	_, _ = fmt.Fprintln(ts.Stdout(), report)
	ts.Check(err)
}
