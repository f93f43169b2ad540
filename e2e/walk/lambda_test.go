package walk

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"kexin/infra/template"
	"kexin/shared/grants"
	"kexin/shared/lambdatest"
)

// lambda runs one process of every function, and is the two ways in which they are called: API Gateway, and Lambda's own API.
type lambda struct {
	stack   *stack
	api     *httptest.Server       // HTTP API with the template's routes
	mu      map[string]*sync.Mutex // one event at a time for each process
	running map[string]*lambdatest.Runtime
	number  atomic.Int64
}

// logical returns the logical id of a function.
func logical(f grants.Function) string {
	id := ""
	for word := range strings.SplitSeq(string(f), "-") {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return id
}

// newLambda builds every function as deployment does, for this machine, and starts it with its own environment and nothing else, behind a
// guard that holds it to its role.
func newLambda(t *testing.T, k *stack) *lambda {
	t.Helper()
	l := &lambda{stack: k, mu: map[string]*sync.Mutex{}, running: map[string]*lambdatest.Runtime{}}
	binaries := buildAll(t)
	for _, f := range grants.Functions() {
		g := newGuard(t, k, logical(f), http.HandlerFunc(l.invocation))
		environ, err := k.environment(logical(f), g.environ)
		if err != nil {
			t.Fatal(err)
		}
		timeout, _ := k.functions[logical(f)]["Timeout"].(int64)
		runtime, err := lambdatest.Start(t.Context(), lambdatest.Options{Binary: binaries[f], Env: environ, Timeout: time.Duration(timeout) * time.Second})
		if err != nil {
			t.Fatalf("start %s: %v", f, err)
		}
		t.Cleanup(func() {
			runtime.Close()
			if t.Failed() {
				said := runtime.Output()
				t.Logf("%s said:\n%s", f, said[max(0, len(said)-2000):])
			}
		})
		l.running[logical(f)], l.mu[logical(f)] = runtime, &sync.Mutex{}
		t.Logf("%s: %v from its start to its first request for an event", f, runtime.Startup().Round(time.Millisecond))
	}
	l.api = httptest.NewServer(l.routes())
	t.Cleanup(l.api.Close)
	return l
}

func buildAll(t *testing.T) map[grants.Function]string {
	t.Helper()
	var mu sync.Mutex
	binaries := map[grants.Function]string{}
	folder := t.TempDir()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(2)
	for _, f := range grants.Functions() {
		group.Go(func() error {
			into := filepath.Join(folder, string(f))
			if err := os.Mkdir(into, 0o700); err != nil {
				return err
			}
			binary, err := lambdatest.Build(ctx, "../../functions/"+string(f), into)
			mu.Lock()
			defer mu.Unlock()
			binaries[f] = binary
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return binaries
}

// invoke hands an event to a function's process.
func (l *lambda) invoke(ctx context.Context, id string, event []byte) ([]byte, error) {
	l.mu[id].Lock()
	defer l.mu[id].Unlock()
	l.stack.guards.begin(id, event)
	result, err := l.running[id].Invoke(ctx, event)
	if err == nil && result.Failed {
		err = fmt.Errorf("%s failed: %s", id, result.Payload)
	}
	return result.Payload, err
}

// invocation is Lambda's own API: POST /2015-03-31/functions/{name}/invocations, of a caller that signs.
func (l *lambda) invocation(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/"), "/invocations")
	event, err := io.ReadAll(r.Body)
	if err != nil || l.running[id] == nil || !strings.Contains(r.Header.Get("Authorization"), "/lambda/aws4_request") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	answer, err := l.invoke(r.Context(), id, event)
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
	}
	_, _ = w.Write(answer)
}

// routes is API Gateway: the routes of the template, each to its function. Tokens are left to the functions, which verify them anyway.
func (l *lambda) routes() http.Handler {
	mux := http.NewServeMux()
	for id, function := range l.stack.functions {
		for _, event := range template.At(function, "Events") {
			properties := template.At(event.(template.Map), "Properties")
			if event.(template.Map)["Type"] == "HttpApi" {
				route := "/" // $default
				if properties["Path"] != nil {
					route = properties["Method"].(string) + " " + properties["Path"].(string)
				}
				mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) { l.gateway(w, r, id) })
			}
		}
	}
	return mux
}

// gateway turns a request into an event of payload format 2.0, and the answer back.
func (l *lambda) gateway(w http.ResponseWriter, r *http.Request, id string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	request := fmt.Sprintf("walk%010dA=", l.number.Add(1)) // of the form that API Gateway gives
	headers := map[string]string{"host": r.Host}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	event := map[string]any{"version": "2.0", "routeKey": r.Pattern, "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": headers,
		"requestContext": map[string]any{"requestId": request, "stage": "$default", "domainName": r.Host,
			"http": map[string]string{"method": r.Method, "path": r.URL.Path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}},
		"body": string(body), "isBase64Encoded": false}
	if !utf8.Valid(body) {
		event["body"], event["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
	}
	encoded, err := json.Marshal(event)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer, err := l.invoke(r.Context(), id, encoded)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, err.Error())
		return
	}
	writeAnswer(w, answer)
}

func writeAnswer(w http.ResponseWriter, encoded []byte) {
	var answer struct {
		StatusCode      int
		Headers         map[string]string
		Body            string
		IsBase64Encoded bool
	}
	if err := json.Unmarshal(encoded, &answer); err != nil || answer.StatusCode == 0 {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.StatusCode)
	body := []byte(answer.Body)
	if answer.IsBase64Encoded {
		body, _ = base64.StdEncoding.DecodeString(answer.Body)
	}
	_, _ = w.Write(body)
}
