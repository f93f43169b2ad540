package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// Unit is a unit of CloudWatch's embedded metric format.
type Unit string

// The units in use.
const (
	Count        Unit = "Count"
	Milliseconds Unit = "Milliseconds"
	Bytes        Unit = "Bytes"
)

// Metrics writes measurements as lines of CloudWatch's embedded metric format, which Lambda turns into metrics without any call. The
// only dimension is the function, so that no identifier can become one. It is safe for concurrent use.
type Metrics struct {
	mu       sync.Mutex
	w        io.Writer
	function string
	now      func() time.Time
}

// NewMetrics returns metrics of function (its kebab-case name) that are written to w with the time of now.
func NewMetrics(w io.Writer, function string, now func() time.Time) *Metrics {
	return &Metrics{w: w, function: function, now: now}
}

type emfMetric struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

type emfDirective struct {
	Namespace  string      `json:"Namespace"`
	Dimensions [][]string  `json:"Dimensions"`
	Metrics    []emfMetric `json:"Metrics"`
}

type emfMeta struct {
	Timestamp int64          `json:"Timestamp"` // milliseconds since 1970
	Directive []emfDirective `json:"CloudWatchMetrics"`
}

// Add reports value of the metric name, a constant of the code such as "refused-reads". A line that cannot be written is lost:
// measuring never fails an act. A nil Metrics reports nothing.
func (m *Metrics) Add(ctx context.Context, name string, value float64, unit Unit) {
	if m == nil {
		return
	}
	line := map[string]any{
		"_aws": emfMeta{m.now().UnixMilli(), []emfDirective{{
			Namespace: "Kexin", Dimensions: [][]string{{"function"}}, Metrics: []emfMetric{{name, unit}},
		}}},
		"function": m.function,
		name:       value,
	}
	if id := RequestID(ctx); id != "" {
		line["request_id"] = id
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _ = m.w.Write(append(encoded, '\n'))
}
