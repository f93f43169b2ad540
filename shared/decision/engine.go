package decision

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"

	"kexin/shared/policy"
	"kexin/shared/record"
)

// Codes that the engine itself gives; every other code comes from the annotation of the policy that denies.
const (
	CodeAllow    = "allow"
	CodeNoPermit = "no-permit"    // nothing permits the act
	CodeError    = "policy-error" // a policy could not be evaluated
	CodeSection  = "unknown-section"
)

// ErrPolicies reports a pack whose policies cannot decide anything.
var ErrPolicies = errors.New("unusable policies")

// Engine decides by the policies of one pack. It is safe for concurrent use.
type Engine struct {
	pack     *policy.Pack
	policies []rule
	byScope  map[scope]rules
	sections map[record.SectionID]*classification
	memory   memory
}

// rule is a policy with what its annotations say.
type rule struct {
	id                      cedar.PolicyID
	policy                  *cedar.Policy
	reason                  Reason
	code                    string
	order                   int
	mask, absent, watermark bool
	seconds                 int
}

// scope is the static part of a request. The rules of a scope are those that can match it at all.
type scope struct {
	role   record.Role
	action Action
}

// rules are the permits and forbids of a scope, each ascending by id.
type rules struct{ permits, forbids []*rule }

// New returns an engine for pack. It fails with ErrPolicies when the pack has no policies or an annotation is no number.
func New(pack *policy.Pack) (*Engine, error) {
	e := &Engine{pack: pack, byScope: map[scope]rules{}, sections: map[record.SectionID]*classification{}}
	for _, file := range pack.Cedar {
		for _, parsed := range file.Policies {
			r, err := newRule(file.Path, parsed)
			if err != nil {
				return nil, err
			}
			e.policies = append(e.policies, r)
		}
	}
	if len(e.policies) == 0 {
		return nil, fmt.Errorf("prepare decisions of pack %s: %w: there are none", pack.ID, ErrPolicies)
	}
	slices.SortFunc(e.policies, func(a, b rule) int { return cmp.Compare(a.id, b.id) })
	for _, s := range pack.Sections {
		e.sections[s.ID] = classify(pack, s)
	}
	for role := range pack.Roles {
		for _, action := range Actions() {
			e.byScope[scope{role, action}] = e.rulesOf(role, action)
		}
	}
	return e, nil
}

func newRule(path string, parsed policy.CedarPolicy) (rule, error) {
	notes := parsed.Policy.Annotations()
	r := rule{
		id: cedar.PolicyID(parsed.ID), policy: parsed.Policy,
		reason:    Reason{Policy: parsed.ID, File: path, Line: parsed.Line},
		code:      string(notes[policy.AnnotationCode]),
		order:     policy.DefaultOrder,
		mask:      notes[policy.AnnotationMask] == "true",
		absent:    notes[policy.AnnotationAbsent] == "true",
		watermark: notes[policy.AnnotationWatermark] == "true",
	}
	for key, target := range map[types.AnnotationKey]*int{policy.AnnotationOrder: &r.order, policy.AnnotationSeconds: &r.seconds} {
		text, given := notes[key]
		if !given {
			continue
		}
		number, err := strconv.Atoi(string(text))
		if err != nil {
			return rule{}, fmt.Errorf("read policy %s: %w: @%s is no number", parsed.ID, ErrPolicies, key)
		}
		*target = number
	}
	return r, nil
}

// rulesOf returns the rules whose scope admits role and action.
func (e *Engine) rulesOf(role record.Role, action Action) rules {
	var result rules
	for i := range e.policies {
		r := &e.policies[i]
		parsed := (*ast.Policy)(r.policy.AST())
		if !admits(parsed.Principal, roleUID(role)) || !admits(parsed.Action, actionUID(action)) {
			continue
		}
		if r.policy.Effect() == cedar.Permit {
			result.permits = append(result.permits, r)
		} else {
			result.forbids = append(result.forbids, r)
		}
	}
	return result
}

// admits reports whether a scope can match an entity that is, or is in, uid. In doubt it says yes: the evaluation decides.
func admits(in ast.IsScopeNode, uid types.EntityUID) bool {
	switch s := in.(type) {
	case ast.ScopeTypeIn:
		return s.Entity.Type != uid.Type || s.Entity == uid
	case ast.ScopeTypeIsIn:
		return s.Entity.Type != uid.Type || s.Entity == uid
	case ast.ScopeTypeEq:
		return s.Entity.Type != uid.Type || s.Entity == uid
	case ast.ScopeTypeInSet:
		return slices.Contains(s.Entities, uid)
	}
	return true
}

// Decide answers request. Whatever no policy permits is denied, and so is everything when a policy cannot be evaluated. The answer
// depends on nothing but the pack and the request.
func (e *Engine) Decide(request Request) Verdict {
	f, ok := e.facts(request)
	if !ok {
		return Verdict{Code: CodeSection}
	}
	if verdict, ok := e.memory.get(f); ok {
		return verdict
	}
	verdict := e.evaluate(f)
	e.memory.put(f, verdict)
	return verdict
}

// evaluate asks the policies. Permits and forbids are asked apart, so that a denial can tell what is missing: a permit, or only a
// condition.
func (e *Engine) evaluate(f facts) Verdict {
	rules := e.byScope[scope{f.role, f.action}]
	request, entities := f.request()
	permits, err := matching(rules.permits, entities, request)
	forbids, err2 := matching(rules.forbids, entities, request)
	if failed := append(err, err2...); len(failed) > 0 {
		return Verdict{Code: CodeError, Reasons: reasons(failed)}
	}
	if len(forbids) > 0 || len(permits) == 0 {
		return Verdict{Code: denial(forbids, len(permits) == 0), Reasons: reasons(forbids)}
	}
	return Verdict{Allow: true, Code: CodeAllow, Reasons: reasons(permits), Obligations: e.obligations(f, permits)}
}

// ordered lets Cedar walk rules in their order.
type ordered []*rule

// All yields the policies of the rules.
func (o ordered) All() iter.Seq2[cedar.PolicyID, *cedar.Policy] {
	return func(yield func(cedar.PolicyID, *cedar.Policy) bool) {
		for _, r := range o {
			if !yield(r.id, r.policy) {
				return
			}
		}
	}
}

// matching returns the rules, all permits or all forbids, that match, and those that could not be evaluated.
func matching(all []*rule, entities types.EntityGetter, request cedar.Request) (matched, failed []*rule) {
	_, diagnostic := cedar.Authorize(ordered(all), entities, request)
	next := 0
	for _, r := range all {
		if next < len(diagnostic.Reasons) && diagnostic.Reasons[next].PolicyID == r.id {
			matched = append(matched, r)
			next++
		}
	}
	for _, problem := range diagnostic.Errors {
		for _, r := range all {
			if r.id == problem.PolicyID {
				failed = append(failed, r)
			}
		}
	}
	return matched, failed
}

// denial returns the code of the forbid with the lowest order; that nothing permits is one of them.
func denial(forbids []*rule, unpermitted bool) string {
	code, order := "", policy.DefaultOrder*policy.DefaultOrder
	if unpermitted {
		code, order = CodeNoPermit, policy.NoPermitOrder
	}
	for _, r := range forbids {
		if r.order < order {
			code, order = r.code, r.order
		}
	}
	return code
}

func reasons(matched []*rule) []Reason {
	result := make([]Reason, len(matched))
	for i, r := range matched {
		result[i] = r.reason
	}
	slices.SortFunc(result, func(a, b Reason) int { return cmp.Compare(a.Policy, b.Policy) })
	return result
}

// obligations are what the level demands and what the permits add. Of several permits the strictest counts.
func (e *Engine) obligations(f facts, permits []*rule) Obligations {
	o := f.section.obligations(f.action)
	if f.self {
		o = Obligations{} // the customer's own record
	}
	for _, r := range permits {
		o.Mask = o.Mask || r.mask
		o.Absent = o.Absent || r.absent
		o.Watermark = o.Watermark || r.watermark
		if r.seconds > 0 && (o.Seconds == 0 || r.seconds < o.Seconds) {
			o.Seconds = r.seconds
		}
	}
	if o.Absent {
		o.Mask = false
	}
	return o
}
