// Package retry decides whether a call may be sent again: a budget that all calls of a process share, and a circuit that stops asking a
// service that throttles. It sends nothing and waits for nothing.
package retry

import (
	"sync"
	"time"
)

// Budget is what a process may spend on trying again: most retries at once, and one more for every ten calls that went well. When a
// service is down, a process so sends little more than its first attempts, instead of several times its load. It is safe for concurrent
// use; a nil Budget allows everything.
type Budget struct {
	mu   sync.Mutex
	left float64
	most float64
}

// earned is what a call that went well adds.
const earned = 0.1

// NewBudget returns a budget of most retries, all of them there.
func NewBudget(most int) *Budget { return &Budget{left: float64(most), most: float64(most)} }

// Spend takes one retry and reports whether there was one.
func (b *Budget) Spend() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// Earn notes a call that went well.
func (b *Budget) Earn() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = min(b.most, b.left+earned)
}

// Circuit stops calls to a service that throttled several in a row. It opens for a while, then lets one call through, the probe, whose
// end closes it or opens it for twice as long. It is safe for concurrent use.
type Circuit struct {
	now   func() time.Time
	limit int // throttled answers in a row that open it
	first time.Duration
	most  time.Duration

	mu      sync.Mutex
	row     int
	open    bool
	probing bool
	until   time.Time
	pause   time.Duration
}

// Event is what a call did to the circuit.
type Event string

// The events; none is "".
const (
	Opened Event = "opened"
	Closed Event = "closed"
)

// NewCircuit returns a closed circuit that limit throttled answers in a row open, for first at first and most at most.
func NewCircuit(now func() time.Time, limit int, first, most time.Duration) *Circuit {
	return &Circuit{now: now, limit: limit, first: first, most: most}
}

// Enter reports whether a call may be sent. After true, Leave must follow.
func (c *Circuit) Enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return true
	}
	if c.probing || c.now().Before(c.until) {
		return false
	}
	c.probing = true
	return true
}

// Outcome is how a call ended, as far as the circuit is concerned.
type Outcome uint8

// The outcomes.
const (
	Answered  Outcome = iota // whatever the answer says, the service gave one
	Throttled                // the service asked for fewer calls
	Unheard                  // no answer, or nobody waited for it: says nothing about throttling
)

// Leave notes how a call ended. Calls that were under way when the circuit opened change nothing but by an answer.
func (c *Circuit) Leave(outcome Outcome) Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	probe := c.open && c.probing
	c.probing = false
	switch {
	case outcome == Answered:
		was := c.open
		c.row, c.open, c.pause = 0, false, 0
		if was {
			return Closed
		}
	case outcome == Throttled && !c.open:
		if c.row++; c.row >= c.limit {
			return c.openLocked()
		}
	case probe:
		return c.openLocked()
	}
	return ""
}

func (c *Circuit) openLocked() Event {
	c.open, c.row = true, 0
	c.pause = min(max(c.first, 2*c.pause), c.most)
	c.until = c.now().Add(c.pause)
	return Opened
}
