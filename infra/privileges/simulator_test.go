package privileges_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kexin/infra/iam"
	"kexin/infra/privileges"
)

// question is a request for both evaluators.
type question struct {
	Caller   string              `json:"caller"`
	Account  string              `json:"account"`
	Action   string              `json:"action"`
	Resource string              `json:"resource"`
	Context  map[string][]string `json:"context"`
	Identity []string            `json:"identity"`
	Policy   string              `json:"policy,omitempty"`
	ours     iam.Decision
	call     privileges.Call
}

// exam is what is given to the other evaluator, and what it answers.
type exam struct {
	Policies map[string]any `json:"policies"`
	Requests []question     `json:"requests"`
	Verdicts []iam.Verdict  `json:"verdicts"`
	Ignored  []string       `json:"ignored"`
	Invalid  []string       `json:"invalid"`
	Forms    int            `json:"forms"`
	judge    privileges.Judge
}

func newExam(j privileges.Judge) *exam {
	e := &exam{Policies: map[string]any{}, judge: j}
	for id, role := range j.Deployment.Roles {
		for i, document := range role.Policies {
			e.Policies[fmt.Sprintf("%s %d", id, i)] = document.Source
		}
	}
	for arn, document := range j.Deployment.Guarded {
		e.Policies[arn] = document.Source
	}
	return e
}

func (e *exam) ask(t *testing.T, c privileges.Call) {
	t.Helper()
	d := e.judge.Deployment
	id := d.Functions[c.Function]
	r, err := e.judge.Request(c)
	if err != nil {
		t.Fatal(err)
	}
	q := question{Caller: r.Caller.ARN, Account: r.Account, Action: r.Action, Resource: r.Resource, Context: r.Complete(), call: c, Policy: d.GuardOf(r.Resource)}
	for i := range d.Roles[id].Policies {
		q.Identity = append(q.Identity, fmt.Sprintf("%s %d", id, i))
	}
	if q.ours, err = e.judge.Decide(c); err != nil {
		t.Fatal(err)
	}
	e.Requests = append(e.Requests, q)
}

func (e *exam) answer(t *testing.T, tools string) {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.json"), filepath.Join(folder, "out.json")
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), "node", "simulate.mjs", tools, in, out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	answer, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, e); err != nil || len(e.Verdicts) != len(e.Requests) {
		t.Fatalf("%d answers to %d requests, %v", len(e.Verdicts), len(e.Requests), err)
	}
}

// random returns a request of a function for something with a context put together by chance.
func random(rng *rand.Rand, function string, universe []privileges.Sample) privileges.Call {
	one, two := universe[rng.IntN(len(universe))].Call, universe[rng.IntN(len(universe))].Call
	c := privileges.Call{Function: function, Action: one.Action, Resource: one.Resource, Context: map[string][]string{}}
	for key, values := range one.Context {
		c.Context[key] = slices.Clone(values)
		if more := two.Context[key]; more != nil && rng.IntN(2) == 0 {
			c.Context[key] = more
			if key == "dynamodb:LeadingKeys" {
				c.Context[key] = slices.Concat(values, more)
			}
		}
		if rng.IntN(8) == 0 {
			delete(c.Context, key)
		}
	}
	return c
}

// unknown are the actions that iam-simulate does not know: it still judges them, but cannot check their context.
var unknown = []string{"dynamodb:CreateTableReplica"}

// Two evaluators that do not know of each other agree on every recorded call, on samples of everything that could be tried, and on requests
// put together by chance: with the template as it is deployed.
func TestBothEvaluatorsAgree(t *testing.T) {
	tools := os.Getenv("KEXIN_TEST_SIMULATOR")
	if tools == "" {
		t.Log("not configured: KEXIN_TEST_SIMULATOR (infra/privileges/check.sh)")
		return
	}
	j := here(t)
	e := newExam(j)
	for _, c := range recording(t) {
		e.ask(t, c)
	}
	recorded := len(e.Requests)
	rng := rand.New(rand.NewPCG(1, 2))
	universe := privileges.Universe(j.Deployment)
	for _, function := range j.Functions() {
		granted, err := privileges.GrantedTo(j.Deployment, function)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range universe {
			s.Function = function
			if granted.Covers(s.Call) || rng.IntN(12) == 0 {
				e.ask(t, s.Call)
			}
		}
		for range 300 {
			e.ask(t, random(rng, function, universe))
		}
	}
	e.answer(t, tools)
	allowed := 0
	for i, q := range e.Requests {
		if e.Verdicts[i] != q.ours.Verdict {
			t.Errorf("%v: ours says %s, iam-simulate %s", q.call, q.ours.Verdict, e.Verdicts[i])
		}
		if q.ours.Verdict == iam.Allowed {
			allowed++
		}
	}
	for _, text := range e.Ignored {
		t.Errorf("iam-simulate left out %s", text)
	}
	for _, text := range e.Invalid {
		if action, _, _ := strings.Cut(text, ": "); !slices.Contains(unknown, action) {
			t.Errorf("iam-simulate refuses %s", text)
		}
	}
	t.Logf("%d requests (%d recorded), %d of them allowed: both agree", len(e.Requests), recorded, allowed)
}
