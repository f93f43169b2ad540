package decision

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
	"pgregory.net/rapid"

	"kexin/shared/policy"
	"kexin/shared/record"
)

// requests draws requests, most of which lack something.
func requests(pack *policy.Pack, sections map[int]*Section) *rapid.Generator[Request] {
	roles := []record.Role{"", "R0", "R99"}
	for role := range pack.Roles {
		roles = append(roles, role)
	}
	for range 8 { // those with most permits
		roles = append(roles, "R2", "R4", "R8", "R10")
	}
	slices.Sort(roles)
	purposes := []record.PurposeID{"", "astrology"}
	for id := range pack.Purposes {
		purposes = append(purposes, id)
	}
	slices.Sort(purposes)
	until := rapid.SampledFrom([]time.Time{{}, now, now.Add(1)})
	return rapid.Custom(func(t *rapid.T) Request {
		role := rapid.SampledFrom(roles).Draw(t, "role")
		r := ready(pack, role, rapid.SampledFrom(append(Actions(), ActRead, ActReveal, "browse")).Draw(t, "action"),
			sections[rapid.IntRange(-1, 3).Draw(t, "level")])
		sometimes := func(label string, change func()) {
			if rapid.IntRange(0, 7).Draw(t, label) == 7 {
				change()
			}
		}
		sometimes("inactive", func() { r.Actor.Active = false })
		sometimes("in no department", func() { r.Actor.Department = "" })
		sometimes("agreement", func() { r.Actor.Clearance.NDA = until.Draw(t, "nda") })
		sometimes("training", func() { r.Actor.Clearance.Training = until.Draw(t, "trained") })
		sometimes("vetting", func() { r.Actor.Clearance.Vetting = until.Draw(t, "vetted") })
		sometimes("nobody", func() { r.Resource.Customer = "" })
		r.Resource.Owner = rapid.SampledFrom([]record.StaffID{"", me, other}).Draw(t, "owner")
		r.Resource.Department = rapid.SampledFrom([]record.Department{mine, mine, "sales", ""}).Draw(t, "of")
		r.Resource.State = rapid.SampledFrom([]string{"live", "live", "live", "live", "pending", "restricted", ""}).Draw(t, "state")
		sometimes("no consent", func() { r.Resource.Consented = false })
		sometimes("another purpose", func() { r.Purpose = rapid.SampledFrom(purposes).Draw(t, "purpose") })
		r.Reason = rapid.SampledFrom([]string{"", "audit", "audit", "curiosity"}).Draw(t, "reason")
		r.Approved = rapid.Bool().Draw(t, "approved")
		r.Requester = rapid.SampledFrom([]record.StaffID{"", me, other}).Draw(t, "requester")
		r.Reads = rapid.SampledFrom([]int{0, 0, 199, 200}).Draw(t, "reads")
		return r
	})
}

// with returns pack with one more policy.
func with(t testing.TB, pack *policy.Pack, text string) *policy.Pack {
	var parsed cedar.Policy
	if err := parsed.UnmarshalCedar([]byte(text)); err != nil {
		t.Fatal(err)
	}
	more := *pack
	more.Cedar = append(slices.Clone(pack.Cedar), policy.CedarFile{
		Path: "extra.cedar", Policies: []policy.CedarPolicy{{ID: "extra", Line: 1, Policy: &parsed}},
	})
	return &more
}

func TestForbidNeverWidens(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	var narrower []*Engine
	for _, condition := range []string{
		`when { true }`, `when { resource.level >= 2 }`, `unless { principal.department == "service" }`, `when { context.approved }`,
		`when { !resource.own }`, `unless { ["audit"].contains(context.reason) }`,
	} {
		for _, scope := range []string{`principal`, `principal in Role::"R4"`} {
			text := fmt.Sprintf(`@id("extra") @code("extra") forbid (%s, action, resource) %s;`, scope, condition)
			narrower = append(narrower, newEngine(t, with(t, pack, text)))
		}
	}
	changed := 0
	rapid.Check(t, func(t *rapid.T) {
		request := requests(pack, sections).Draw(t, "request")
		before := engine.Decide(request)
		after := rapid.SampledFrom(narrower).Draw(t, "engine").Decide(request)
		if after.Allow && !before.Allow {
			t.Fatalf("a forbid allows what was denied: %+v", before)
		}
		if after.Allow != before.Allow {
			changed++
		}
	})
	if changed == 0 {
		t.Error("no forbid ever changed a verdict: the requests are too poor")
	}
}

func TestBrokenPolicyDenies(t *testing.T) {
	pack, sections := levels(t)
	healthy := newEngine(t, pack)
	for _, effect := range []string{"permit", "forbid"} {
		text := fmt.Sprintf(`@id("extra") @code("extra") %s (principal, action, resource) when { resource.nosuch };`, effect)
		broken := newEngine(t, with(t, pack, text))
		rapid.Check(t, func(t *rapid.T) {
			request := requests(pack, sections).Draw(t, "request")
			verdict := broken.Decide(request)
			if verdict.Allow {
				t.Fatal("allowed although a policy cannot be evaluated")
			}
			if healthy.Decide(request).Allow && (verdict.Code != CodeError || verdict.Reasons[0].Policy != "extra") {
				t.Fatalf("got %+v", verdict)
			}
		})
	}
}

func TestUnknownDenies(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	rapid.Check(t, func(t *rapid.T) {
		request := ready(pack, rapid.SampledFrom([]record.Role{"R4", "R10"}).Draw(t, "role"), rapid.SampledFrom(Actions()).Draw(t, "action"),
			sections[rapid.IntRange(-1, 2).Draw(t, "level")])
		switch rapid.IntRange(0, 3).Draw(t, "unknown") {
		case 0:
			request.Actor.Role = record.Role(rapid.StringMatching(`[a-z]{0,8}`).Draw(t, "role"))
		case 1:
			request.Purpose = record.PurposeID("x" + rapid.String().Draw(t, "purpose"))
		case 2:
			request.Action = Action("x" + rapid.String().Draw(t, "action"))
		case 3:
			request.Resource.Section = &Section{ID: record.SectionID("x" + rapid.String().Draw(t, "section"))}
		}
		if verdict := engine.Decide(request); verdict.Allow || verdict.Code == "" {
			t.Fatalf("got %+v", verdict)
		}
	})
}

// TestSameAsCedar holds the engine, which asks only the rules of a scope and remembers, against Cedar itself over all policies.
func TestSameAsCedar(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	set := cedar.NewPolicySet()
	for _, file := range pack.Cedar {
		for _, parsed := range file.Policies {
			set.Add(cedar.PolicyID(parsed.ID), parsed.Policy)
		}
	}
	s, err := policy.Schema()
	if err != nil {
		t.Fatal(err)
	}
	validator := validate.New(s)
	allowed := 0
	rapid.Check(t, func(t *rapid.T) {
		request := requests(pack, sections).Draw(t, "request")
		first, second := engine.Decide(request), engine.Decide(request)
		if fmt.Sprint(first) != fmt.Sprint(second) {
			t.Fatalf("two answers: %+v and %+v", first, second)
		}
		f, _ := engine.facts(request)
		bare, entities := f.request()
		decision, diagnostic := cedar.Authorize(set, entities, bare)
		if len(diagnostic.Errors) > 0 || bool(decision) != first.Allow {
			t.Fatalf("cedar says %v %v, the engine %+v", decision, diagnostic, first)
		}
		if first.Allow {
			allowed++
		}
		if request.Action == "browse" {
			return
		}
		known := types.EntityMap{actorUID: entities.actor, customerUID: entities.customer}
		if err := validator.Entities(known); err != nil {
			t.Fatal(err)
		}
		if err := validator.Request(bare); err != nil {
			t.Fatal(err)
		}
	})
	if allowed == 0 {
		t.Error("nothing was ever allowed: the requests are too poor")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range 3 * remembered {
		m.put(facts{state: fmt.Sprint(i)}, Verdict{Code: "x"})
	}
	if len(m.verdicts) > remembered {
		t.Errorf("%d verdicts kept", len(m.verdicts))
	}
}

func TestVerdictsAreNotShared(t *testing.T) {
	pack, sections := levels(t)
	engine := newEngine(t, pack)
	request := ready(pack, "R10", ActRead, sections[1])
	for range 3 {
		verdict := engine.Decide(request)
		if verdict.Reasons[0].Policy != "R10-records" {
			t.Fatalf("got %v", verdict.Reasons)
		}
		verdict.Reasons[0].Policy = "spoilt"
	}
}
