package policy

import (
	"reflect"

	"github.com/cedar-policy/cedar-go"
)

// LimitName names a limit of a pack, as in limits of pack.yaml.
type LimitName string

// The limits whose refusals name them.
const (
	LimitDailyReads       LimitName = "daily_reads"
	LimitSearchResults    LimitName = "search_results"
	LimitExportRows       LimitName = "export_rows"
	LimitWithdrawnDestroy LimitName = "withdrawn_destroy"
	LimitDestroyWithin    LimitName = "destroy_within"
)

// Enforcer says what holds deployments to a limit.
type Enforcer struct {
	// Package reads the limit and acts on it. A test of the structure holds it to that.
	Package string
	// ByPolicy: what follows is a decision. A forbid with @limit("name") refuses, so that the refusal names a policy with file and line;
	// a pack without one does not compile.
	ByPolicy bool
}

// enforcers has every limit. One that is missing here is refused by the compiler: a number that nothing reads is a promise that nobody
// keeps.
var enforcers = map[LimitName]Enforcer{
	"purge_customers":     {Package: "shared/retention"},
	"purge_share":         {Package: "shared/retention"},
	LimitExportRows:       {Package: "shared/vault", ByPolicy: true},
	"export_life":         {Package: "shared/exports"},
	"approval_life":       {Package: "shared/exports"},
	"submission_life":     {Package: "shared/vault"},
	"pending_life":        {Package: "shared/vault"},
	LimitWithdrawnDestroy: {Package: "shared/retention"},
	LimitDestroyWithin:    {Package: "shared/retention"},
	"recovery_days":       {Package: "shared/retention"},
	LimitDailyReads:       {Package: "shared/vault", ByPolicy: true},
	LimitSearchResults:    {Package: "shared/vault", ByPolicy: true},
	"longest_retention":   {Package: "shared/policy"},
}

// Limit is one limit as the source of packs has it: its name, the member of Limits, and what enforces it.
type Limit struct {
	Name   LimitName
	Member string
	Enforcer
}

// AllLimits returns every limit that pack.yaml may have, in its order. Enforcer is zero for one that nothing enforces.
func AllLimits() []Limit {
	var list []Limit
	source := reflect.TypeFor[rawLimits]()
	for i := range source.NumField() {
		member := source.Field(i)
		if name := LimitName(member.Tag.Get("yaml")); name != "" {
			list = append(list, Limit{name, member.Name, enforcers[name]})
		}
	}
	return list
}

// LimitRule is where the value of a limit that counts is written. Its members are those of a decision's reason.
type LimitRule struct {
	Policy string // "limit-" and the name
	File   string // from the root of the packs: "core/pack.yaml"
	Line   int
}

// LimitRule returns where the value of a limit is written, for entries about what went against it.
func (p *Pack) LimitRule(name LimitName) LimitRule {
	at := p.limitAt[name]
	return LimitRule{"limit-" + string(name), at.File, at.Line}
}

// locateLimits notes where the limits of a pack are written; those of a later pack count.
func (c *compiler) locateLimits(raw *rawLimits) {
	values := reflect.ValueOf(*raw)
	for _, limit := range AllLimits() {
		if value := values.FieldByName(limit.Member); value.FieldByName("Set").Bool() {
			c.pack.limitAt[limit.Name], _ = value.FieldByName("At").Interface().(Pos)
		}
	}
}

// checkEnforced refuses limits that nothing enforces.
func (c *compiler) checkEnforced(limits []Limit) {
	refusing := c.limitPolicies()
	for _, limit := range limits {
		at := c.pack.limitAt[limit.Name]
		switch {
		case at == Pos{}: // missing altogether, which is a problem of its own
		case limit.Package == "":
			c.problems.add(at, "limit %s is enforced by nothing; make the code keep it before a pack promises it", limit.Name)
		case limit.ByPolicy && !refusing[limit.Name]:
			c.problems.add(at, "limit %s is enforced by no policy; add a forbid with @limit(%q)", limit.Name, string(limit.Name))
		}
	}
}

// limitPolicies returns the limits that a forbid refuses by.
func (c *compiler) limitPolicies() map[LimitName]bool {
	found := map[LimitName]bool{}
	for _, file := range c.pack.Cedar {
		for _, parsed := range file.Policies {
			if name := parsed.Policy.Annotations()[AnnotationLimit]; name != "" && parsed.Policy.Effect() == cedar.Forbid {
				found[LimitName(name)] = true
			}
		}
	}
	return found
}
