package embedded_test

import (
	"strings"
)

// reaper is a client that enters customers, has them destroyed, and lets purge, sealing and rotation run, so that kills also hit the
// rewrite of keys.db, the change of its key, and the log's own work.
type reaper struct {
	*load
	n       int
	admin   string
	asked   map[string]bool // customers whose destruction was acknowledged, by id
	gone    int             // of them, whose purge was acknowledged
	open    *ack            // creation whose answer was lost
	dying   string          // customer whose destruction was asked for without an answer
	unknown map[string]bool // customers of which nobody knows whether their destruction is queued
	failed  string
}

func (r *reaper) run(stop <-chan struct{}) {
	for r.open == nil && r.dying == "" && r.failed == "" {
		select {
		case <-stop:
			return
		default:
		}
		if !r.life() {
			return
		}
	}
}

// life creates one customer and ends it. It reports false when an answer was lost.
func (r *reaper) life() bool {
	r.n++
	a := ack{path: "/v1/customers", token: r.admin, body: byStaff(person(9_000_000 + r.n)), header: once()}
	created, err := r.send(a.token, "POST", a.path, a.body, a.header...)
	if err != nil {
		r.open = &a
		return false
	}
	id := created.text("customer")
	asked, err := r.send(r.admin, "POST", "/v1/customers/"+id+"/destructions", filled{"reason": "legal_duty"}, "If-Match", created.header.Get("ETag"))
	if err != nil {
		r.dying = id
		return false
	}
	if created.status != 201 || asked.status != 202 {
		r.failed = string(created.body) + string(asked.body)
		return false
	}
	r.asked[id] = true
	return r.job("purge-expired", `"complete":true`) && r.sees(id, 404) && r.job("seal-audit", "{") && (r.n%5 > 0 || r.job("rotate-keys", "{"))
}

// job runs a scheduled function and wants something in its report.
func (r *reaper) job(name, want string) bool {
	answer, err := r.send("", "POST", "/dev/jobs/"+name, nil)
	if err != nil {
		return false
	}
	if answer.status != 200 || !strings.Contains(string(answer.body), want) {
		r.failed = name + ": " + string(answer.body)
	}
	return r.failed == ""
}

// sees reads a customer and wants a status.
func (r *reaper) sees(id string, want int) bool {
	answer, err := r.send(r.admin, "GET", "/v1/customers/"+id+"?purpose=contract_service", nil)
	if err != nil {
		return false
	}
	if answer.status != want {
		r.failed = id + ": " + string(answer.body)
		return false
	}
	r.gone++
	return true
}

// check runs after a start: everybody whose destruction was acknowledged is refused at once, and is gone after the next purge.
func (r *reaper) check() {
	if r.failed != "" {
		r.t.Errorf("%s\n%s", r.failed, r.log.tail())
	}
	if r.open != nil {
		answer, err := r.send(r.open.token, "POST", r.open.path, r.open.body, r.open.header...)
		if err != nil || answer.status != 201 {
			r.t.Errorf("creation whose answer was lost: %v %d %s", err, answer.status, answer.body)
		}
		r.unknown[answer.text("customer")] = true
	}
	if r.dying != "" {
		r.unknown[r.dying] = true
	}
	r.open, r.dying, r.failed = nil, "", ""
	r.job("purge-expired", `"complete":true`)
	for id := range r.asked {
		if answer, err := r.send(r.admin, "GET", "/v1/customers/"+id+"?purpose=contract_service", nil); err != nil || answer.status != 404 {
			r.t.Errorf("%s was to be destroyed: %v %d %s", id, err, answer.status, answer.body)
		}
		if len(r.asked) > 200 {
			break // one of many
		}
	}
	if r.failed != "" {
		r.t.Error(r.failed)
	}
}

// final returns how many customers of the reaper live on; those whose destruction was acknowledged have certificates instead.
func (r *reaper) final(s *site) (alive int) {
	heads := s.heads()
	for id := range r.asked {
		if heads[id] != "" {
			s.t.Errorf("%s was destroyed and has a head", id)
		}
	}
	n := 0
	for id := range r.asked {
		if n++; n <= count(5, 100) {
			s.call(200, "admin", "GET", "/v1/customers/"+id+"/certificate", nil)
		}
	}
	for id := range r.unknown {
		if heads[id] != "" {
			alive++
		}
	}
	return alive
}
