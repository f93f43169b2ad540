package iam

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Verdict is what AWS would answer.
type Verdict string

// The verdicts.
const (
	Allowed          Verdict = "Allowed"
	ImplicitlyDenied Verdict = "ImplicitlyDenied"
	ExplicitlyDenied Verdict = "ExplicitlyDenied"
)

// Caller is who sends a request: a role or user with an ARN and its account, a service of AWS, or with no member set somebody without any
// credentials.
type Caller struct {
	ARN, Account, Service string
}

// Request is one request as AWS judges it: an action on a resource (ARN) of an account, with the values of the context keys that
// conditions look at. Names of keys have no case.
type Request struct {
	Caller           Caller
	Action, Resource string
	Account          string
	Context          map[string][]string
	folded           map[string][]string // by lower case, with what follows from the caller
}

// String returns the request in one line, its context in the order of its keys.
func (r Request) String() string {
	text := r.Action + " on " + r.Resource
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		text += fmt.Sprintf(" %s=%v", key, r.Context[key])
	}
	return text
}

// Reason is a statement that decided: of the role's policies or of the resource's.
type Reason struct {
	OfResource bool
	Document   int // which of the role's policies
	Statement  int // which of its statements
}

// Decision is a verdict and the statements that led to it: those that deny, or else those that allow.
type Decision struct {
	Verdict Verdict
	Reasons []Reason
}

// Decide judges r by the policies of its caller and the policy of the resource, if it has one. Within an account either may allow; of
// keys (kms) and of roles that are assumed (sts) the resource's own policy must, by naming the caller or by leaving it to the account.
// Between accounts, and for services and strangers, the resource's policy must allow, and for other accounts the caller's too.
func Decide(r Request, caller []Document, resource *Document) (Decision, error) {
	r = r.fold()
	var own, theirs matches
	var failed error
	for i, document := range caller {
		found, err := document.match(r, false)
		failed = errors.Join(failed, err)
		own.add(found, i)
	}
	if resource != nil {
		found, err := resource.match(r, true)
		failed = errors.Join(failed, err)
		theirs.add(found, 0)
	}
	if failed != nil {
		return Decision{}, failed
	}
	if denied := slices.Concat(own.denied, theirs.denied); len(denied) > 0 {
		return Decision{ExplicitlyDenied, denied}, nil
	}
	return r.weigh(own, theirs), nil
}

// weigh decides where nothing denies.
func (r Request) weigh(own, theirs matches) Decision {
	all := slices.Concat(own.allowed, theirs.allowed, theirs.delegated)
	same := r.Caller.Account == r.Account && r.Caller.Account != ""
	service, _, _ := strings.Cut(r.Action, ":")
	allowed := len(theirs.allowed) > 0
	switch {
	case same && (service == "kms" || service == "sts"):
		allowed = allowed || len(own.allowed) > 0 && len(theirs.delegated) > 0
	case same:
		allowed = allowed || len(own.allowed) > 0
	case r.Caller.Account != "":
		allowed = (allowed || len(theirs.delegated) > 0) && len(own.allowed) > 0
	}
	if !allowed {
		return Decision{Verdict: ImplicitlyDenied}
	}
	return Decision{Allowed, all}
}

// matches are the statements that apply to a request. A resource's statement that allows an account delegates to that account's policies.
type matches struct{ allowed, delegated, denied []Reason }

func (m *matches) add(found matches, document int) {
	for _, pair := range []struct{ to, from *[]Reason }{{&m.allowed, &found.allowed}, {&m.delegated, &found.delegated}, {&m.denied, &found.denied}} {
		for _, reason := range *pair.from {
			reason.Document = document
			*pair.to = append(*pair.to, reason)
		}
	}
}

func (r Request) fold() Request {
	r.folded = map[string][]string{}
	for key, values := range r.Complete() {
		r.folded[strings.ToLower(key)] = values
	}
	return r
}

// Complete returns the context with the keys that AWS adds about the caller, unless they are given.
func (r Request) Complete() map[string][]string {
	all := maps.Clone(r.Context)
	if all == nil {
		all = map[string][]string{}
	}
	set := func(key, value string) {
		if _, given := all[key]; !given && value != "" {
			all[key] = []string{value}
		}
	}
	set("aws:PrincipalArn", r.Caller.ARN)
	set("aws:PrincipalAccount", r.Caller.Account)
	set("aws:PrincipalIsAWSService", fmt.Sprint(r.Caller.Service != ""))
	set("aws:PrincipalServiceName", r.Caller.Service)
	return all
}

func (d Document) match(r Request, ofResource bool) (matches, error) {
	var m matches
	for i, s := range d.Statements {
		who, err := s.applies(r, ofResource)
		if err != nil {
			return m, fmt.Errorf("statement %s: %w", s.Sid, err)
		}
		reason := Reason{OfResource: ofResource, Statement: i}
		switch {
		case who == nobody:
		case s.Deny:
			m.denied = append(m.denied, reason)
		case who == account:
			m.delegated = append(m.delegated, reason)
		default:
			m.allowed = append(m.allowed, reason)
		}
	}
	return m, nil
}

// applies reports whether a statement speaks of r, and how it names the caller.
func (s Statement) applies(r Request, ofResource bool) (naming, error) {
	who := named
	switch {
	case ofResource != s.namesPrincipal:
		return nobody, fmt.Errorf("%w: a principal in a role's policy, or none in a resource's", ErrPolicy)
	case ofResource:
		who = s.names(r.Caller)
	}
	if who == nobody || !s.covers(r) {
		return nobody, nil
	}
	for _, c := range s.Conditions {
		if ok, err := c.holds(r.folded[strings.ToLower(c.Key)]); err != nil || !ok {
			return nobody, err
		}
	}
	return who, nil
}

// covers reports whether the action and the resource of r are meant.
func (s Statement) covers(r Request) bool {
	action := anyOf(s.Actions, r.Action, likeAction) || len(s.NotActions) > 0 && !anyOf(s.NotActions, r.Action, likeAction)
	resource := s.anyResource || anyOf(s.Resources, r.Resource, Like) || len(s.NotResources) > 0 && !anyOf(s.NotResources, r.Resource, Like)
	return action && resource
}

// naming is how a statement of a resource means a caller: not at all, as one of its account, or itself.
type naming uint8

const (
	nobody naming = iota
	account
	named
)

func (s Statement) names(c Caller) naming {
	if len(s.NotPrincipals) > 0 {
		if match(s.NotPrincipals, c) == nobody {
			return named
		}
		return nobody
	}
	return match(s.Principals, c)
}

func match(principals []Principal, c Caller) naming {
	best := nobody
	for _, p := range principals {
		switch {
		case p.Kind == "*", p.Kind == "Service" && p.Name == c.Service, p.Kind == "AWS" && p.Name == c.ARN && c.ARN != "":
			return named
		case p.Kind == "AWS" && c.Account != "" && (p.Name == c.Account || strings.HasSuffix(p.Name, ":iam::"+c.Account+":root")):
			best = account
		}
	}
	return best
}
