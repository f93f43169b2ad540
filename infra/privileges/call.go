package privileges

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
)

// Call is one thing that a function asked of a service, as IAM judges it.
type Call struct {
	// Function is the logical id of who asked.
	Function string `json:"function"`
	// Action is the action's name, such as dynamodb:GetItem.
	Action string `json:"action"`
	// Resource is a symbol such as <KeysTable.Arn>, with what belongs to the ARN behind it.
	Resource string `json:"resource"`
	// Context has the values of the context keys, in order.
	Context map[string][]string `json:"context,omitempty"`
	// Implied is the call that made a service ask for this one in the function's name; empty for the function's own calls.
	Implied string `json:"implied,omitempty"`
	// By are the events in whose course it was asked: a route, or schedule, stream, queue, invocation.
	By []string `json:"by,omitempty"`
	// Count is how often it was asked in the recorded run.
	Count int `json:"count,omitempty"`
}

// String returns the call in one line.
func (c Call) String() string {
	text := c.Function + ": " + c.Action + " on " + c.Resource
	for _, key := range slices.Sorted(maps.Keys(c.Context)) {
		text += fmt.Sprintf(" %s=%s", key, strings.Join(c.Context[key], ","))
	}
	return text
}

// Recording is a set of calls, each with its count. It may be added to by several goroutines.
type Recording struct {
	mu    sync.Mutex
	calls map[string]Call
}

// Add counts calls after taking out of them what differs from run to run.
func (r *Recording) Add(calls ...Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls == nil {
		r.calls = map[string]Call{}
	}
	for _, c := range calls {
		c = normal(c)
		key := c.String()
		c.Count = max(c.Count, 1) + r.calls[key].Count
		c.By = slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.By, r.calls[key].By))))
		r.calls[key] = c
	}
}

// Calls returns the calls in order.
func (r *Recording) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.calls), func(a, b Call) int { return cmp.Compare(a.String(), b.String()) })
}

// Missing returns the calls of r that other does not have.
func (r *Recording) Missing(other *Recording) []Call {
	return slices.DeleteFunc(r.Calls(), func(c Call) bool {
		other.mu.Lock()
		defer other.mu.Unlock()
		_, ok := other.calls[c.String()]
		return ok
	})
}

// Load reads a recording that Save wrote.
func Load(path string) (*Recording, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	var calls []Call
	if err := json.Unmarshal(data, &calls); err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	r := &Recording{}
	r.Add(calls...)
	return r, nil
}

// Save writes a recording as JSON, a call on each line.
func (r *Recording) Save(path string) error {
	var lines []string
	for _, c := range r.Calls() {
		var line strings.Builder
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(c); err != nil {
			return fmt.Errorf("write recording: %w", err)
		}
		lines = append(lines, strings.TrimSpace(line.String()))
	}
	text := "[\n" + strings.Join(lines, ",\n") + "\n]\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write recording: %w", err)
	}
	return nil
}
