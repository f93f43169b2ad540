package embedded_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/infra/local/embedded"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// TestKilledWhileItIsMade kills the server at any moment of its very first start; the next start goes on without a hand.
func TestKilledWhileItIsMade(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	for range count(4, 40) {
		p.start()
		time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
		p.kill()
	}
	p.start()
	p.ready()
	for _, account := range embedded.Accounts() {
		if answer, err := p.send(p.token(account.Subject), "GET", "/v1/me", nil); err != nil || answer.status != 200 {
			t.Errorf("%s: %v %d %s", account.Subject, err, answer.status, answer.body)
		}
	}
	p.kill()
	s := p.opened()
	if got := len(s.heads()); got != 200 {
		t.Errorf("%d customers", got)
	}
	s.job("seal-audit") // finishes what it was killed in
	s.clean()
}

// heads returns the state of every customer.
func (s *site) heads() map[string]string {
	s.t.Helper()
	heads := map[string]string{}
	for key, item := range s.rows(store.Keys) {
		if id, ok := strings.CutPrefix(key.PK, rows.PrefixCustomer); ok {
			heads[id] = item.Str(store.AttrState)
		}
	}
	return heads
}

// TestKilledUnderLoad kills the server with signal 9 while several clients write, read and destroy, again and again. After each start everything
// that was acknowledged is there, and a write whose answer was lost can be repeated; at the end fsck finds nothing.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	p.start()
	p.ready()
	l := &load{process: p, token1: p.token("clerk")}
	for i := range 6 {
		l.workers = append(l.workers, &worker{load: l, n: i * 1_000_000})
	}
	l.reaper = &reaper{load: l, admin: p.token("admin"), asked: map[string]bool{}, unknown: map[string]bool{}}
	kills, wanted := 0, count(10, 200)
	for ; kills < wanted || l.idle() && kills < 5*wanted; kills++ { // on a busy machine it takes more kills until everything was tried
		l.round(time.Duration(30+rand.IntN(250)) * time.Millisecond)
		p.start()
		p.ready()
		l.each((*worker).check)
		l.reaper.check()
		if kills%3 == 2 {
			l.nextDay()
		}
	}
	t.Logf("%d kills; acknowledged: %v", kills, l.totals())
	if l.idle() {
		t.Errorf("the load was no load: %v", l.totals())
	}
	p.kill()
	l.final(p.opened())
}

// load is what the clients do together.
type load struct {
	*process
	token1  string
	workers []*worker
	reaper  *reaper
}

// nextDay lets a day pass: all workers read as one member of staff, whose reads of a day are limited.
func (l *load) nextDay() {
	answer, err := l.send("", "POST", "/dev/clock", map[string]string{"advance": "P1D"})
	if err != nil || answer.status != 200 {
		l.t.Errorf("clock: %v %d %s", err, answer.status, answer.body)
	}
}

// idle reports whether some kind of act was never acknowledged, or no answer was ever lost.
func (l *load) idle() bool {
	total := l.totals()
	for _, kind := range []string{"submit", "create", "update", "destroyed", "lost answers"} {
		if total[kind] == 0 {
			return true
		}
	}
	return false
}

// round lets every worker write until the server is killed after a while.
func (l *load) round(after time.Duration) {
	stop := make(chan struct{})
	var group sync.WaitGroup
	for _, w := range l.workers {
		group.Go(func() { w.run(stop) })
	}
	group.Go(func() { l.reaper.run(stop) })
	time.Sleep(after)
	l.kill()
	close(stop)
	group.Wait()
}

func (l *load) each(act func(*worker)) {
	var group sync.WaitGroup
	for _, w := range l.workers {
		group.Go(func() { act(w) })
	}
	group.Wait()
}

func (l *load) totals() map[string]int {
	total := map[string]int{}
	for _, w := range l.workers {
		for what, n := range w.done {
			total[what] += n
		}
	}
	total["destroyed"] = l.reaper.gone
	return total
}

// final counts what is stored after everything is accepted: each person once.
func (l *load) final(s *site) {
	s.job("accept-submissions")
	s.job("purge-expired")
	s.job("seal-audit")
	want := 200 + l.reaper.final(s)
	for _, w := range l.workers {
		want += len(w.phones)
	}
	states := map[string]int{}
	for state := range maps.Values(s.heads()) {
		states[state]++
	}
	if states[rows.StateLive] != want || len(states) != 1 {
		s.t.Errorf("customers by state: %v, want %d live", states, want)
	}
	for _, w := range l.workers {
		phones := slices.Collect(maps.Keys(w.phones))
		for _, phone := range phones[:min(len(phones), count(10, 100))] {
			if found := s.find("admin", phone); len(found) != 1 {
				s.t.Errorf("%s is found %d times", phone, len(found))
			}
		}
	}
	s.clean()
}

// worker is one client. It does one thing after the other, so that at most one answer of it is lost by a kill.
type worker struct {
	*load
	n      int
	done   map[string]int
	phones map[string]bool // of everybody whose form was acknowledged or may have been stored
	fresh  []ack           // acknowledged since the last check
	open   *ack            // sent, and no answer came
	own    string          // customer that this worker changes
	etag   string
	name   string // last acknowledged name of it
	failed string // first answer that cannot be
}

// ack is a write and what was answered.
type ack struct {
	what   string
	path   string
	token  string
	body   any
	header []string
	id     string
}

func (w *worker) run(stop <-chan struct{}) {
	if w.done == nil {
		w.done, w.phones = map[string]int{}, map[string]bool{}
	}
	for w.open == nil {
		select {
		case <-stop:
			return
		default:
		}
		w.step()
	}
}

// step does the next thing: submissions most of all, customers entered by staff, changes, reads.
func (w *worker) step() {
	w.n++
	switch {
	case w.own == "" || w.n%5 == 0:
		w.write(ack{what: "create", path: "/v1/customers", token: w.token1, body: byStaff(brief(w.n)), header: once()})
	case w.n%5 == 1:
		w.change()
	case w.n%5 == 2:
		if _, err := w.send(w.token1, "GET", "/v1/customers?limit=3", nil); err == nil {
			w.done["read"]++
		}
	default:
		w.write(ack{what: "submit", path: "/v1/forms/service/submissions", body: person(w.n), header: once()})
	}
}

// write sends a form and remembers it, with or without an answer.
func (w *worker) write(a ack) {
	phone := fieldsOf(a.body.(filled))["phone"]
	w.phones[phone] = true
	answer, err := w.send(a.token, "POST", a.path, a.body, a.header...)
	if err != nil {
		w.open = &a
		w.done["lost answers"]++
		return
	}
	if w.wrong(a.what, answer, 201) {
		return
	}
	w.done[a.what]++
	a.id = name(answer)
	w.fresh = append(w.fresh, a)
	if a.what == "create" {
		w.own, w.etag, w.name = a.id, answer.header.Get("ETag"), fieldsOf(a.body.(filled))["name"]
	}
}

// change renames the worker's own customer.
func (w *worker) change() {
	name := "林" + suffix(w.n%1000)
	answer, err := w.send(w.token1, "PATCH", "/v1/customers/"+w.own, filled{"purpose": "contract_service", "fields": filled{"name": name}}, "If-Match", w.etag)
	if err != nil {
		w.open = &ack{what: "update", id: name}
		w.done["lost answers"]++
		return
	}
	if !w.wrong("update", answer, 200) {
		w.done["update"]++
		w.etag, w.name = answer.header.Get("ETag"), name
	}
}

func (w *worker) wrong(what string, answer reply, want int) bool {
	if answer.status == want {
		return false
	}
	w.failed = fmt.Sprintf("%s: %d %s", what, answer.status, answer.body)
	return true
}

// check compares what was acknowledged with what is there after a start.
func (w *worker) check() {
	if w.failed != "" {
		w.t.Error(w.failed)
	}
	for _, a := range w.fresh[max(0, len(w.fresh)-40):] { // the last are those that a kill could take back
		answer, err := w.send(a.token, "POST", a.path, a.body, a.header...)
		if err != nil || answer.status != 201 || name(answer) != a.id {
			w.t.Errorf("%s %s is not there: %v %d %s", a.what, a.id, err, answer.status, answer.body)
		}
	}
	w.fresh = nil
	if w.open != nil && w.open.what != "update" {
		answer, err := w.send(w.open.token, "POST", w.open.path, w.open.body, w.open.header...)
		if err != nil || answer.status != 201 {
			w.t.Errorf("%s whose answer was lost: %v %d %s", w.open.what, err, answer.status, answer.body)
		}
	}
	w.checkOwn()
	w.open, w.failed = nil, ""
}

// checkOwn reads the worker's own customer: it has the name that was acknowledged last, or the one whose answer was lost.
func (w *worker) checkOwn() {
	if w.own == "" {
		return
	}
	answer, err := w.send(w.token1, "GET", "/v1/customers/"+w.own+"?purpose=contract_service", nil)
	if err != nil || answer.status != 200 {
		w.t.Errorf("own customer: %v %d %s", err, answer.status, answer.body)
		return
	}
	got := answer.text("fields", "name", "value")
	if got != w.name && (w.open == nil || got != w.open.id) {
		w.t.Errorf("own customer is called %q, acknowledged was %q", got, w.name)
	}
	w.name, w.etag = got, answer.header.Get("ETag")
}
