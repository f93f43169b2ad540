package telemetry

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"
	"time"
)

// Meter collects the measurements of one invocation and writes them as lines of CloudWatch's embedded metric format, which Lambda turns
// into metrics without any call. Dimensions are the function and at most one word of the catalogue's, so that no identifier can become
// one. It is safe for concurrent use.
type Meter struct {
	w        io.Writer
	function string
	now      func() time.Time

	mu     sync.Mutex
	series map[string]map[string]*series // by label, by name
}

// series is what one metric of one label has collected.
type series struct {
	metric Metric
	values []float64
}

// maxValues is how many values one line may hold for a metric.
const maxValues = 100

// NewMeter returns a meter of function (its kebab-case name) that writes to w with the time of now.
func NewMeter(w io.Writer, function string, now func() time.Time) *Meter {
	return &Meter{w: w, function: function, now: now, series: map[string]map[string]*series{}}
}

// WithMeter returns ctx whose measurements m collects.
func WithMeter(ctx context.Context, m *Meter) context.Context {
	return context.WithValue(ctx, meterKey, m)
}

// Measure reports one value of metric; label is the value of its second dimension, "" when it has none. Without a meter in ctx, as in
// the one-process server, it does nothing. Measuring never fails an act.
func Measure(ctx context.Context, metric Metric, value float64, label string) {
	if m, ok := ctx.Value(meterKey).(*Meter); ok {
		m.add(metric, value, safe(label))
	}
}

// add collects value: counts are added up, what is taken a percentile or maximum of is kept one by one, the last maxValues of them.
func (m *Meter) add(metric Metric, value float64, label string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := metric.By + "=" + label
	if m.series[key] == nil {
		m.series[key] = map[string]*series{}
	}
	s := m.series[key][metric.Name]
	if s == nil {
		s = &series{metric: metric}
		m.series[key][metric.Name] = s
	}
	switch {
	case metric.Unit == Count && len(s.values) == 1:
		s.values[0] += value
	case len(s.values) == maxValues:
		s.values = append(s.values[1:], value)
	default:
		s.values = append(s.values, value)
	}
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

// Flush writes what was collected, one line for each label, and forgets it. A line that cannot be written is lost.
func (m *Meter) Flush(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, key := range sortedKeys(m.series) {
		if encoded, err := json.Marshal(m.line(ctx, key, m.series[key])); err == nil {
			_, _ = m.w.Write(append(encoded, '\n'))
		}
	}
	clear(m.series)
}

// line is the metrics of one label. A metric with a second dimension is reported under both sets: per function, and per label too.
func (m *Meter) line(ctx context.Context, key string, all map[string]*series) map[string]any {
	directive := emfDirective{Namespace: Namespace, Dimensions: [][]string{{FunctionDimension}}}
	line := map[string]any{FunctionDimension: m.function}
	for _, name := range sortedKeys(all) {
		s := all[name]
		directive.Metrics = append(directive.Metrics, emfMetric{name, s.metric.Unit})
		line[name] = s.values
		if len(s.values) == 1 {
			line[name] = s.values[0]
		}
		if by := s.metric.By; by != "" && len(directive.Dimensions) == 1 {
			directive.Dimensions = append(directive.Dimensions, []string{FunctionDimension, by})
			line[by] = key[len(by)+1:]
		}
	}
	line["_aws"] = emfMeta{m.now().UnixMilli(), []emfDirective{directive}}
	if id := RequestID(ctx); id != "" {
		line["request_id"] = id
	}
	return line
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
