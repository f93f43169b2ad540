package privileges

import (
	"fmt"
	"slices"
	"strings"

	"kexin/infra/deployed"
	"kexin/infra/iam"
)

// Right is the smallest thing that can be taken from a role: one action on one resource for one value of the condition that confines it.
type Right struct {
	Function string
	Action   string
	Resource string // as a symbol
	Key      string // the confining context key; "" for none
	Value    string // one of its values: a prefix of keys, a purpose
	Other    string // the remaining conditions in words
	at       position
}

type position struct{ policy, statement int }

// String returns the right in one line.
func (r Right) String() string {
	return strings.TrimSpace(strings.Join([]string{r.Function + ":", r.Action, r.Resource, r.Value}, " "))
}

// confining are the context keys whose values divide a statement into rights.
var confining = []string{"dynamodb:LeadingKeys", "kms:EncryptionContext:kexin:purpose", "s3:prefix"}

// Rights returns everything that the role of a function allows, in the order of the template.
func (j Judge) Rights(function string) ([]Right, error) {
	role, err := j.role(function)
	if err != nil {
		return nil, err
	}
	var rights []Right
	for p, document := range role.Policies {
		for i, s := range document.Statements {
			if s.Deny {
				continue
			}
			if len(s.NotActions)+len(s.NotResources) > 0 {
				return nil, fmt.Errorf("%w: %s allows all but something", deployed.ErrTemplate, function)
			}
			for _, r := range divide(s) {
				r.Function, r.at, r.Resource = function, position{p, i}, j.Deployment.SymbolOf(r.Resource)
				rights = append(rights, r)
			}
		}
	}
	return rights, nil
}

func divide(s iam.Statement) []Right {
	var rights []Right
	values, key, other := []string{""}, "", []string{}
	for _, c := range s.Conditions {
		if slices.Contains(confining, c.Key) && key == "" {
			key, values = c.Key, c.Values
			continue
		}
		other = append(other, c.Key+" = "+strings.Join(c.Values, " or "))
	}
	for _, action := range s.Actions {
		for _, resource := range s.Resources {
			for _, value := range values {
				rights = append(rights, Right{Action: action, Resource: resource, Key: key, Value: value, Other: strings.Join(other, ", ")})
			}
		}
	}
	return rights
}

// Without returns the policies of r's function without r and with everything else.
func (j Judge) Without(r Right) ([]iam.Document, error) {
	role, err := j.role(r.Function)
	if err != nil {
		return nil, err
	}
	arn := j.Deployment.Unsymbol(r.Resource)
	policies := slices.Clone(role.Policies)
	document := &policies[r.at.policy]
	kept := slices.Clone(document.Statements[:r.at.statement])
	for _, s := range split(document.Statements[r.at.statement], r, arn) {
		if len(s.Actions) > 0 && len(s.Resources) > 0 {
			kept = append(kept, s)
		}
	}
	document.Statements = append(kept, document.Statements[r.at.statement+1:]...)
	return policies, nil
}

// split returns s as three statements: its other actions, r's action on its other resources, and on r's resource its other values.
func split(s iam.Statement, r Right, arn string) []iam.Statement {
	without := func(list []string, value string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(one string) bool { return one == value })
	}
	actions, resources, values := s, s, s
	actions.Actions = without(s.Actions, r.Action)
	resources.Actions, resources.Resources = []string{r.Action}, without(s.Resources, arn)
	values.Actions, values.Resources, values.Conditions = []string{r.Action}, []string{arn}, slices.Clone(s.Conditions)
	if r.Key == "" {
		return []iam.Statement{actions, resources}
	}
	for i, c := range values.Conditions {
		if c.Key == r.Key {
			c.Values = without(c.Values, r.Value)
			values.Conditions[i] = c
			if len(c.Values) == 0 {
				return []iam.Statement{actions, resources}
			}
		}
	}
	return []iam.Statement{actions, resources, values}
}

// Use says how a right was used in a recording.
type Use struct {
	Right
	Count int      // calls that would be refused without it
	By    []string // the events in whose course they were made
}

// Uses takes each right of a function away, one at a time, and returns which of the recorded calls would be refused then.
func (j Judge) Uses(function string, calls []Call) ([]Use, error) {
	rights, err := j.Rights(function)
	if err != nil {
		return nil, err
	}
	var uses []Use
	for _, r := range rights {
		u := Use{Right: r}
		without, err := j.Without(r)
		if err != nil {
			return nil, err
		}
		for _, c := range calls {
			if c.Function != function {
				continue
			}
			refused, err := j.refused(c, without)
			if err != nil {
				return nil, err
			}
			if refused {
				u.Count, u.By = u.Count+c.Count, append(u.By, c.By...)
			}
		}
		slices.Sort(u.By)
		u.By = slices.Compact(u.By)
		uses = append(uses, u)
	}
	return uses, nil
}

func (j Judge) refused(c Call, policies []iam.Document) (bool, error) {
	r, err := j.Request(c)
	if err != nil {
		return false, err
	}
	d, err := iam.Decide(r, policies, j.Deployment.PolicyOf(r.Resource))
	return d.Verdict != iam.Allowed, err
}
