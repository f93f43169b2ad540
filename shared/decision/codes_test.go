package decision

import (
	"os"
	"strings"
	"testing"
	"time"

	"kexin/shared/record"
)

// TestWhatIsMissing takes one condition from a request that is allowed and expects the code that names it.
func TestWhatIsMissing(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	for _, test := range []struct {
		name   string
		role   record.Role
		action Action
		level  int
		spoil  func(*Request)
		code   string
	}{
		{"nothing is missing", "R4", ActReveal, 3, func(*Request) {}, "allow"},
		{"left the company", "R4", ActReveal, 1, func(r *Request) { r.Actor.Active = false }, "no-staff"},
		{"no agreement", "R4", ActRead, 0, func(r *Request) { r.Actor.Clearance.NDA = time.Time{} }, "no-nda"},
		{"agreement ends now", "R4", ActRead, 0, func(r *Request) { r.Actor.Clearance.NDA = now }, "no-nda"},
		{"no training", "R4", ActReveal, 2, func(r *Request) { r.Actor.Clearance.Training = now.Add(-time.Hour) }, "no-training"},
		{"no training, L1", "R4", ActRead, 1, func(r *Request) { r.Actor.Clearance.Training = time.Time{} }, "allow"},
		{"no training, entering L2", "R4", ActCreate, 2, func(r *Request) { r.Actor.Clearance.Training = time.Time{} }, "no-training"},
		{"no vetting", "R4", ActReveal, 3, func(r *Request) { r.Actor.Clearance.Vetting = time.Time{} }, "no-vetting"},
		{"no vetting, L2", "R4", ActReveal, 2, func(r *Request) { r.Actor.Clearance.Vetting = time.Time{} }, "allow"},
		{"no training and no vetting", "R4", ActReveal, 3, func(r *Request) { r.Actor.Clearance = Clearance{NDA: now.Add(1)} }, "no-training"},
		{"no purpose", "R4", ActRead, 1, func(r *Request) { r.Purpose = "" }, "wrong-purpose"},
		{"unknown purpose", "R4", ActRead, 1, func(r *Request) { r.Purpose = "astrology" }, "wrong-purpose"},
		{"unknown purpose of a search", "R4", ActSearch, 1, func(r *Request) { r.Purpose = "astrology" }, "wrong-purpose"},
		{"unknown purpose of a change", "R4", ActUpdate, 1, func(r *Request) { r.Purpose = "astrology" }, "wrong-purpose"},
		{"purpose of another role", "R3", ActRead, 1, func(r *Request) { r.Purpose = "complaint_handling" }, "wrong-purpose"},
		{"marketing by service", "R2", ActRead, 1, func(r *Request) { r.Purpose = "marketing" }, "wrong-purpose"},
		{"no consent", "R4", ActRead, 1, func(r *Request) { r.Resource.Consented = false }, "no-consent"},
		{"no consent, export", "R9", ActExport, 1, func(r *Request) { r.Resource.Consented = false }, "no-consent"},
		{"no reason", "R4", ActReveal, 2, func(r *Request) { r.Reason = "" }, "needs-reason"},
		{"reason that is not on the list", "R4", ActReveal, 2, func(r *Request) { r.Reason = "curiosity" }, "needs-reason"},
		{"no reason, L1", "R4", ActReveal, 1, func(r *Request) { r.Reason = "" }, "allow"},
		{"no reason, L1, export manager", "R9", ActReveal, 1, func(r *Request) { r.Reason = "" }, "needs-reason"},
		{"no approval", "R4", ActReveal, 3, func(r *Request) { r.Approved = false }, "needs-approval"},
		{"no approval, L2", "R4", ActReveal, 2, func(r *Request) { r.Approved = false }, "allow"},
		{"no reason and no approval", "R4", ActReveal, 3, func(r *Request) { r.Reason, r.Approved = "", false }, "needs-reason"},
		{"export of L1 without approval", "R9", ActExport, 1, func(r *Request) { r.Approved = false }, "allow"},
		{"export of L2 without approval", "R9", ActExport, 2, func(r *Request) { r.Approved = false }, "needs-approval"},
		{"export by R10 without approval", "R10", ActExport, 1, func(r *Request) { r.Approved = false }, "needs-approval"},
		{"staff register without approval", "R10", ActStaffWrite, -1, func(r *Request) { r.Approved = false }, "needs-approval"},
		{"approval is no permit", "R13", ActReveal, 3, func(r *Request) { r.Approved = false }, "no-permit"},
		{"own request", "R8", ActApprove, 2, func(r *Request) { r.Requester = me }, "same-person"},
		{"another's request", "R8", ActApprove, 2, func(r *Request) { r.Requester = other }, "allow"},
		{"quota", "R4", ActRead, 1, func(r *Request) { r.Reads = pack.Limits.DailyReads }, "quota"},
		{"last read of the day", "R4", ActRead, 1, func(r *Request) { r.Reads = pack.Limits.DailyReads - 1 }, "allow"},
		{"no customer", "R4", ActRead, 1, func(r *Request) { r.Resource.Customer = "" }, "no-customer"},
		{"restricted", "R4", ActRead, 1, func(r *Request) { r.Resource.State = "restricted" }, "not-live"},
		{"state that nobody knows", "R4", ActRead, 1, func(r *Request) { r.Resource.State = "" }, "not-live"},
		{"pending is read", "R7", ActRead, 1, func(r *Request) { r.Resource.State = "pending" }, "allow"},
		{"pending is not changed", "R7", ActUpdate, 1, func(r *Request) { r.Resource.State = "pending" }, "not-live"},
		{"restricted may be held", "R8", ActHold, -1, func(r *Request) { r.Resource.State = "restricted" }, "allow"},
		{"leaver", "R22", ActRead, 1, func(*Request) {}, "no-staff"},
		{"unknown section", "R4", ActRead, 1, func(r *Request) { r.Resource.Section = &Section{ID: "sxxx"} }, CodeSection},
		{"section of another level", "R4", ActRead, 1, func(r *Request) {
			r.Resource.Section = &Section{ID: sections[3].ID, Level: record.L1}
		}, CodeSection},
		{"section by its id", "R4", ActRead, 1, func(r *Request) { r.Resource.Section = &Section{ID: sections[1].ID} }, "allow"},
		{"unknown role", "R99", ActRead, 1, func(*Request) {}, "no-permit"},
		{"unknown action", "R10", "browse", 1, func(*Request) {}, "no-permit"},
	} {
		request := ready(pack, test.role, test.action, sections[test.level])
		test.spoil(&request)
		verdict := engine.Decide(request)
		if verdict.Code != test.code || verdict.Allow != (test.code == "allow") {
			t.Errorf("%s: got %v %q %v, want %q", test.name, verdict.Allow, verdict.Code, verdict.Reasons, test.code)
		}
	}
}

func TestPurposeMustBeOneOfTheSection(t *testing.T) {
	pack := load(t, "P06")
	engine := newEngine(t, pack)
	s := pack.SectionOf("home_address")
	request := ready(pack, "R10", ActRead, &Section{ID: s.ID, Level: s.Level})
	request.Purpose = "customer_service"
	if v := engine.Decide(request); v.Code != "wrong-purpose" {
		t.Errorf("home address for customer service: %+v", v)
	}
	request.Purpose = "contract_service"
	if v := engine.Decide(request); !v.Allow {
		t.Errorf("home address for the contract: %+v", v)
	}
	request.Action = ActExport
	if v := engine.Decide(request); v.Allow {
		t.Errorf("home address in an export: %+v", v)
	}
}

func TestObligations(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	mask, absent := Obligations{Mask: true}, Obligations{Absent: true}
	for _, test := range []struct {
		role   record.Role
		action Action
		want   [5]Obligations // u, L0 … L3
	}{
		{"R10", ActList, [5]Obligations{{}, {}, mask, mask, absent}},
		{"R10", ActSearch, [5]Obligations{{}, {}, mask, mask, absent}},
		{"R10", ActRead, [5]Obligations{{}, {}, {}, mask, absent}},
		{"R10", ActReveal, [5]Obligations{{}, {}, {}, {Seconds: 60}, {Seconds: 30}}},
		{"R10", ActUpdate, [5]Obligations{}},
		{"R9", ActRead, [5]Obligations{mask, mask, mask, mask}},
		{"R9", ActExport, [5]Obligations{{Watermark: true}, {Watermark: true}, {Watermark: true}, {Watermark: true}, {Watermark: true}}},
		{"R9", ActRelease, [5]Obligations{{Watermark: true}, {Watermark: true}, {Watermark: true}, {Watermark: true}, {Watermark: true}}},
	} {
		for level := -1; level <= 3; level++ {
			verdict := engine.Decide(ready(pack, test.role, test.action, sections[level]))
			if verdict.Obligations != test.want[level+1] {
				t.Errorf("%s %s at level %d: %+v (%s)", test.role, test.action, level, verdict.Obligations, verdict.Code)
			}
		}
	}
}

// TestReasonsLeadToThePolicy follows file and line of every reason into the pack.
func TestReasonsLeadToThePolicy(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	seen := 0
	for role := range pack.Roles {
		for _, action := range Actions() {
			request := ready(pack, role, action, sections[2])
			request.Approved = seen%2 == 0
			verdict := engine.Decide(request)
			for i, reason := range verdict.Reasons {
				seen++
				text, err := os.ReadFile("../../packs/" + reason.File)
				if err != nil {
					t.Fatal(err)
				}
				if line := strings.Split(string(text), "\n")[reason.Line-1]; line != `@id("`+reason.Policy+`")` {
					t.Errorf("%s:%d is %q, not the id of %s", reason.File, reason.Line, line, reason.Policy)
				}
				if i > 0 && verdict.Reasons[i-1].Policy >= reason.Policy {
					t.Errorf("reasons are not sorted: %v", verdict.Reasons)
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d reasons seen", seen)
	}
}
