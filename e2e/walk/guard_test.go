package walk

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"kexin/infra/deployed"
	"kexin/infra/iam"
	"kexin/infra/privileges"
	"kexin/infra/template"
)

// rewrite replaces the committed recording of what the functions ask of AWS: go test ./e2e/walk -run Bootstraps -record
var rewrite = flag.Bool("record", false, "write infra/privileges/recorded.json")

const recorded = "../../infra/privileges/recorded.json"

// guards is what all guards have in common: the judge over the template's policies, and the recording.
type guards struct {
	judge     privileges.Judge
	recording privileges.Recording
	event     sync.Map // what each function is doing, by its logical id
}

// begin notes that a function is handed an event.
func (g *guards) begin(function string, event []byte) {
	var e struct {
		RouteKey string
		Detail   string `json:"detail-type"`
		Records  []struct{ EventSource string }
	}
	kind := "invocation"
	switch err := json.Unmarshal(event, &e); {
	case err != nil:
	case e.RouteKey != "":
		kind = e.RouteKey
	case e.Detail != "":
		kind = "schedule"
	case len(e.Records) > 0:
		kind = map[string]string{"aws:dynamodb": "stream", "aws:sqs": "queue"}[e.Records[0].EventSource]
	}
	g.event.Store(function, kind)
}

func newGuards(t *testing.T, parsed template.Template) *guards {
	t.Helper()
	d, err := deployed.New(parsed.Root, deployed.Europe, privileges.Parameters())
	if err != nil {
		t.Fatal(err)
	}
	return &guards{judge: privileges.Judge{Deployment: d}}
}

// check holds the run against the committed recording: everything that was asked is there, and everything that is there was asked.
func (g *guards) check(t *testing.T) {
	if *rewrite {
		if err := g.recording.Save(recorded); err != nil {
			t.Fatal(err)
		}
	}
	known, err := privileges.Load(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range g.recording.Missing(known) {
		t.Errorf("not in %s (write it with -record): %v", recorded, c)
	}
	for _, c := range known.Missing(&g.recording) {
		t.Errorf("in %s, but this run did not ask for it: %v", recorded, c)
	}
}

// guard stands between one function and every service, notes what it asks, and refuses what its role in template.yaml does not allow.
type guard struct {
	*guards
	t        *testing.T
	function string
	observer privileges.Observer
	environ  []string // addresses that the function is given instead of the services' own
}

// newGuard returns the guard of function; lambda is what its invocations go to.
func newGuard(t *testing.T, k *stack, function string, lambda http.Handler) *guard {
	t.Helper()
	g := &guard{guards: k.guards, t: t, function: function, observer: privileges.Observer{Function: function, Symbol: k.symbol}}
	for service, target := range map[string]string{"DYNAMODB": k.dynamodb, "KMS": k.servers.kms, "S3": k.servers.s3, "SQS": k.servers.kms} {
		address, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		// The Host header stays what the function signed.
		g.listen(service, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address); r.Out.Host = r.In.Host }})
	}
	g.listen("LAMBDA", lambda)
	return g
}

func (g *guard) listen(service string, next http.Handler) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = g.judged(service, r, body)
		}
		if err != nil {
			g.t.Errorf("%s: %v", g.function, err)
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}))
	g.t.Cleanup(server.Close)
	g.environ = append(g.environ, "AWS_ENDPOINT_URL_"+service+"="+server.URL)
}

// judged notes a request, and refuses it when the role does not allow all that it asks, what it makes services ask included.
func (g *guard) judged(service string, r *http.Request, body []byte) error {
	calls, err := g.observer.Read(service, r, body)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", r.Method, service, err)
	}
	kind, _ := g.event.Load(g.function)
	for _, c := range calls {
		c.By = []string{fmt.Sprint(kind)}
		implied, err := g.judge.Implied(c)
		if err != nil {
			return err
		}
		for _, one := range append(implied, c) {
			g.recording.Add(one)
			decision, err := g.judge.Decide(one)
			if err != nil || decision.Verdict != iam.Allowed {
				return fmt.Errorf("its role does not allow %v: %s, %w", one, decision.Verdict, err)
			}
		}
	}
	return nil
}

// symbol writes what differs between deployments as recordings do.
func (k *stack) symbol(physical string) string {
	for id, name := range k.names {
		if name != physical || name == "" {
			continue
		}
		if _, parameter := k.template.Parameters[id]; parameter {
			if id == "Deployment" {
				return "<Deployment>"
			}
			continue
		}
		return deployed.Symbol(strings.TrimSuffix(id, ".Arn"))
	}
	return physical
}
