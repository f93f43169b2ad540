package decision

import (
	"slices"
	"sync"
)

// remembered bounds the verdicts kept; when it is reached all are forgotten, which costs one evaluation each.
const remembered = 4096

// memory keeps verdicts by facts. Everything that changes from request to request (ownership, consent, clearances, time) is reduced to
// facts each time; only the evaluation of equal facts is spared.
type memory struct {
	mu       sync.RWMutex
	verdicts map[facts]Verdict
}

func (m *memory) get(f facts) (Verdict, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	verdict, ok := m.verdicts[f]
	verdict.Reasons = slices.Clone(verdict.Reasons)
	return verdict, ok
}

func (m *memory) put(f facts, verdict Verdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.verdicts == nil || len(m.verdicts) >= remembered {
		m.verdicts = make(map[facts]Verdict)
	}
	verdict.Reasons = slices.Clone(verdict.Reasons)
	m.verdicts[f] = verdict
}
