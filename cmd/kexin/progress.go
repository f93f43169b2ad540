package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// progress is a line on stderr that says what is under way. It is safe for concurrent use.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	now   func() time.Time
	shown time.Time
	step  string
}

func newProgress(out io.Writer, now func() time.Time) *progress { return &progress{out: out, now: now} }

// progressEvery is how often the line changes.
const progressEvery = 200 * time.Millisecond

// barWidth is the width of the bar in characters.
const barWidth = 24

// tell shows a step with its bar.
func (p *progress) tell(step string, done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if step == p.step && now.Sub(p.shown) < progressEvery && done < total {
		return
	}
	p.shown, p.step = now, step
	filled := barWidth * min(done, total) / max(total, 1)
	fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %d/%d %s", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), done, total, step)
}

// count shows a step whose end is not known.
func (p *progress) count(step string, done int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if step == p.step && now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown, p.step = now, step
	fmt.Fprintf(p.out, "\r\x1b[K%d %s", done, step)
}

// end takes the line away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step != "" {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
