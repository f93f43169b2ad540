package embedded_test

import (
	"net/http"
	"testing"
	"time"

	"kexin/shared/audit"
)

// TestOwnRequests: nobody approves his own request, whoever he is, and the attempt is recorded.
func TestOwnRequests(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	customer := s.create("admin", person(1))
	reveal := filled{"field": "home_address", "purpose": "contract_service", "reason": "fulfil_order"}
	path := "/v1/customers/" + customer + "/reveals"
	asked := s.call(202, "admin", "POST", path, reveal).text("approval")
	s.refusedAndRecorded(403, "admin", "approve", "POST", "/v1/approvals/"+asked, filled{"allow": true})

	change := s.call(202, "admin", "POST", "/v1/staff/changes", staffChange("R2", "new"), once()...).text("approval")
	s.refusedAndRecorded(403, "admin", "approve", "POST", "/v1/approvals/"+change, filled{"allow": true})
	s.refusedAndRecorded(403, "clerk", "approve", "POST", "/v1/approvals/"+change, filled{"allow": true})
	if s.member("试用new") != "" {
		t.Error("the register changed without a second person")
	}
	s.call(403, "new", "GET", "/v1/me", nil)
	s.call(200, "auditor", "POST", "/v1/approvals/"+change, filled{"allow": true})
	s.call(200, "new", "GET", "/v1/me", nil)

	export := s.call(202, "manager", "POST", "/v1/exports", exportRequest(), once()...)
	s.refusedAndRecorded(403, "manager", "approve", "POST", "/v1/approvals/"+export.text("approval"), filled{"allow": true})
	s.job("build-export")
	if state := s.call(200, "manager", "GET", "/v1/exports/"+export.text("export"), nil).text("state"); state != "requested" {
		t.Errorf("an export that nobody approved is %s", state)
	}
}

// TestApprovalsOfOthers: an approval opens exactly what was asked for, to exactly who asked, while it lasts.
func TestApprovalsOfOthers(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	one, two := s.create("admin", person(1)), s.create("admin", person(2))
	ask := filled{"field": "home_address", "purpose": "contract_service", "reason": "fulfil_order"}
	approval := s.call(202, "head", "POST", "/v1/customers/"+one+"/reveals", ask).text("approval")
	ask["approval"] = approval
	s.call(403, "head", "POST", "/v1/customers/"+one+"/reveals", ask) // nobody has answered
	s.call(200, "auditor", "POST", "/v1/approvals/"+approval, filled{"allow": true})
	s.call(403, "head", "POST", "/v1/customers/"+two+"/reveals", ask)
	s.call(403, "admin", "POST", "/v1/customers/"+one+"/reveals", ask)
	other := filled{"field": "home_address", "purpose": "contract_service", "reason": "complaint", "approval": approval}
	s.call(403, "head", "POST", "/v1/customers/"+one+"/reveals", other)
	s.call(200, "head", "POST", "/v1/customers/"+one+"/reveals", ask)
	s.must(s.server.Clock.Advance(9 * time.Hour))
	s.call(403, "head", "POST", "/v1/customers/"+one+"/reveals", ask)

	refused := s.call(202, "head", "POST", "/v1/customers/"+two+"/reveals", filled{"field": "home_address", "purpose": "contract_service", "reason": "fulfil_order"}).text("approval")
	s.call(200, "auditor", "POST", "/v1/approvals/"+refused, filled{"allow": false})
	s.call(403, "head", "POST", "/v1/customers/"+two+"/reveals", filled{"field": "home_address", "purpose": "contract_service", "reason": "fulfil_order", "approval": refused})
}

// TestArchivesOfOthers: only the requester receives key and link, once.
func TestArchivesOfOthers(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	s.create("admin", person(1))
	s.hire("R9", "rival")
	r := s.call(202, "manager", "POST", "/v1/exports", exportRequest(), once()...)
	path := "/v1/exports/" + r.text("export")
	s.call(200, "head", "POST", "/v1/approvals/"+r.text("approval"), filled{"allow": true})
	s.call(409, "manager", "POST", path+"/release", nil) // not built yet
	s.job("build-export")
	for _, who := range []string{"rival", "head", "admin"} {
		s.refusedAndRecorded(404, who, "release", "POST", path+"/release", nil)
		s.refusedAndRecorded(404, who, "release", "GET", path+"/file", nil)
		s.call(404, who, "GET", path, nil)
		s.call(404, who, "POST", path+"/revocations", nil)
		if got := s.call(200, who, "GET", "/v1/exports", nil).list("exports"); len(got) != 0 {
			t.Errorf("%s sees %v", who, got)
		}
	}
	s.call(200, "manager", "GET", path+"/file", nil)
	if got := s.entries(func(e audit.Entry) bool { return e.Action == "release" && e.Verdict == audit.Allow && e.Code == "link" }); len(got) != 1 {
		t.Errorf("links recorded: %v", got)
	}
	if key := s.call(200, "manager", "POST", path+"/release", nil).text("key"); key == "" {
		t.Error("no key")
	}
	s.call(409, "manager", "POST", path+"/release", nil)
	s.must(s.server.Clock.Advance(8 * 24 * time.Hour))
	s.call(409, "manager", "GET", path+"/file", nil)
}

// switches are the addresses of a demonstration's switches.
var switches = []struct {
	method, path string
	body         any
}{
	{"GET", "/dev/accounts", nil}, {"POST", "/dev/token", filled{"subject": "admin"}}, {"GET", "/dev/clock", nil},
	{"POST", "/dev/clock", filled{"advance": "P1D"}}, {"POST", "/dev/jobs/purge-expired", nil},
}

// TestSwitchesOfADemonstration: they are not there on a product store, and on a demonstration only for this machine's own pages.
func TestSwitchesOfADemonstration(t *testing.T) {
	t.Parallel()
	p := product(t)
	for _, sw := range switches {
		problemOf(t, "product: "+sw.path, p.send(p.request("", sw.method, sw.path, sw.body)), "", http.StatusNotFound)
		problemOf(t, "product: "+sw.path, p.send(p.request("admin", sw.method, sw.path, sw.body)), "", http.StatusNotFound)
	}
	if err := p.server.Clock.Advance(time.Hour); err == nil {
		t.Error("the clock of a product store moves")
	}
	s := demonstration(t)
	before := s.server.Clock.Offset()
	for _, sw := range switches {
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "x"},
			{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://localhost"}} {
			problemOf(t, sw.path, s.send(s.request("", sw.method, sw.path, sw.body, header...)), "", http.StatusForbidden)
		}
	}
	for _, body := range []string{`{"subject":"admin","subject":"head"}`, `{"subject":7}`, `{"other":1}`, ``, `[]`, `{"subject":"` + marker + `"}`} {
		problemOf(t, body, s.send(s.request("", "POST", "/dev/token", []byte(body))), "")
	}
	for _, body := range []string{`{"advance":"P-1D"}`, `{"advance":"` + marker + `"}`, `{}`, `{"advance":"P9999999Y"}`} {
		problemOf(t, body, s.send(s.request("", "POST", "/dev/clock", []byte(body))), "")
	}
	problemOf(t, "job", s.send(s.request("", "POST", "/dev/jobs/"+marker, nil)), "", http.StatusNotFound)
	if s.server.Clock.Offset() != before {
		t.Error("the clock moved")
	}
	own := s.request("", "POST", "/dev/token", filled{"subject": "admin"}, "Sec-Fetch-Site", "same-origin", "Origin", s.web.URL)
	if answer := s.send(own); answer.status != 200 {
		t.Errorf("the page's own request: %d %s", answer.status, answer.body)
	}
}

// TestHostOfADemonstration: a name that an attacker lets point to this machine reaches nothing.
func TestHostOfADemonstration(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	for _, path := range []string{"/", "/v1/forms", "/v1/me", "/openapi.json", "/dev/accounts", "/console/", "/objects/archives/x"} {
		for _, host := range []string{"evil.example", "evil.example:8080", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example", marker} {
			r := s.request("admin", "GET", path, nil)
			r.Host = host
			problemOf(t, host+path, s.send(r), "", http.StatusForbidden)
		}
	}
}
