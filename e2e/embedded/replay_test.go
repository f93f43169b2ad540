package embedded_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
)

// TestReplays repeats every request that creates: with the same body it answers the same and stores nothing more, with another body it
// is refused, and of many at once one is done.
func TestReplays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tried := 0
	for _, op := range f.document().operations {
		if op.header("Idempotency-Key") {
			tried++
			t.Run(op.ID, func(t *testing.T) { (&replays{fixture: f, t: t, op: op}).everything() })
		}
	}
	if tried < 4 {
		t.Errorf("only %d operations take Idempotency-Key", tried)
	}
	f.job("accept-submissions")
	f.clean()
}

type replays struct {
	*fixture
	t  *testing.T
	op operation
}

func (r *replays) everything() {
	key := newKey()
	first := r.send1(key, 1)
	if first.status != r.want() {
		r.t.Fatalf("first: %d %s", first.status, first.body)
	}
	before := r.snapshot()
	if again := r.send1(key, 1); again.status != first.status || name(again) != name(first) || name(first) == "" {
		r.t.Errorf("again: %d %q, first %q", again.status, name(again), name(first))
	}
	problemOf(r.t, "another body", r.send1(key, 2), "", http.StatusUnprocessableEntity)
	r.unchanged(r.t, before)
	r.together("the same at once", func(int) int { return 3 })
	r.together("different ones at once", func(i int) int { return 4 + i })
}

// together sends several requests with one key at once: all that succeed are the same one, the others are refused.
func (r *replays) together(what string, n func(int) int) {
	r.t.Helper()
	key := newKey()
	answers := make([]reply, 8)
	requests := make([]*http.Request, len(answers))
	for i := range answers {
		requests[i] = r.request1(key, n(i))
	}
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			response, err := r.web.Client().Do(requests[i])
			if err == nil {
				answers[i] = reply{status: response.StatusCode, header: response.Header, body: readAll(response)}
			}
		})
	}
	group.Wait()
	var done []string
	for _, answer := range answers {
		if answer.status == r.want() {
			done = append(done, name(answer))
		} else {
			problemOf(r.t, what, answer, "", http.StatusUnprocessableEntity, http.StatusConflict)
		}
	}
	if len(done) == 0 || len(slices.Compact(slices.Sorted(slices.Values(done)))) != 1 {
		r.t.Errorf("%s: done %v", what, done)
	}
}

func (r *replays) want() int { return r.examples(0)[r.op.ID].want }

func (r *replays) send1(key string, n int) reply {
	r.t.Helper()
	return r.send(r.request1(key, n))
}

// request1 returns request n of the operation.
func (r *replays) request1(key string, n int) *http.Request {
	r.t.Helper()
	e := r.examples(1000 + n)[r.op.ID]
	if r.op.ID == "request-export" {
		e.body["fields"] = []any{"name", "phone", "id_number", "email", "contact_address", "service_request"}[:1+n%6]
		e.body["language"] = []string{"zh", "en"}[n/6%2]
	}
	return r.request(e.as, r.op.Method, e.path, e.body, "Idempotency-Key", key)
}

// name returns the id of what an answer says was made.
func name(r reply) string {
	for _, member := range []string{"submission", "customer", "export", "approval"} {
		if id := r.text(member); id != "" {
			return id
		}
	}
	return ""
}

// TestStaleVersions changes a customer on every path with the version from before.
func TestStaleVersions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	stale := f.etag("admin", f.customer)
	f.call(200, "admin", "PATCH", "/v1/customers/"+f.customer, filled{"purpose": "contract_service", "fields": filled{"name": "林清和"}}, stale...)
	tried := 0
	for _, op := range f.document().operations {
		e := f.examples(0)[op.ID]
		if !op.header("If-Match") {
			continue
		}
		tried++
		e.path = "/v1/customers/" + f.customer + op.Path[len("/v1/customers/{id}"):]
		before := f.snapshot()
		problemOf(t, op.ID, f.send(f.request(e.as, op.Method, e.path, e.body, stale...)), "", http.StatusPreconditionFailed)
		f.unchanged(t, before)
	}
	before := f.snapshot()
	merge := filled{"into": f.customer, "version": f.version(f.customer) - 1}
	problemOf(t, "merge", f.send(f.request("admin", "POST", "/v1/pending/"+f.merge+"/merge", merge)), "", http.StatusPreconditionFailed)
	f.unchanged(t, before)
	if tried < 4 {
		t.Errorf("only %d operations take If-Match", tried)
	}
	card := f.call(200, "admin", "GET", "/v1/pending", nil).list("pending")
	merge["version"] = versionOn(card, f.customer)
	f.call(200, "admin", "POST", "/v1/pending/"+f.merge+"/merge", merge)
}

// versionOn returns the version that the list of pending records shows of a customer that one of them may be.
func versionOn(pending []any, customer string) any {
	for _, p := range pending {
		for _, match := range p.(map[string]any)["matches"].([]any) {
			if card := match.(map[string]any); card["customer"] == customer {
				return card["version"]
			}
		}
	}
	return nil
}
