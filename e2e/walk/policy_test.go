package walk

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"kexin/infra/template"
)

// call is one request to a service as IAM judges it: an action on a resource (named by logical id, such as "<KeysTable.Arn>") with the
// context keys that conditions look at.
type call struct {
	action, resource string
	context          map[string][]string
}

func (c call) String() string {
	return fmt.Sprintf("%s on %s with %v", c.action, c.resource, c.context)
}

// statement is one Allow of a role.
type statement struct {
	actions, resources []string
	conditions         map[string]map[string][]string
}

// role is what template.yaml lets one function do. No emulation evaluates conditions on keys and encryption contexts, so this test does.
type role []statement

func list(value any) []any {
	if values, ok := value.([]any); ok {
		return values
	}
	return []any{value}
}

// roleOf reads the role of a function. Parameters are resolved to their values, resources stay named by logical id.
func roleOf(t *testing.T, k *stack, function string) role {
	t.Helper()
	lookup := func(id, attribute string) (string, error) {
		if _, ok := k.template.Parameters[id]; ok {
			return k.lookup(id, attribute)
		}
		return "<" + id + "." + attribute + ">", nil
	}
	texts := func(value any) []string {
		var all []string
		for _, v := range list(value) {
			text, err := template.Resolve(v, lookup)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
		return all
	}
	var r role
	for _, policy := range k.template.Of("AWS::IAM::Role")[function+"Role"]["Policies"].([]any) {
		for _, value := range template.At(policy.(template.Map), "PolicyDocument")["Statement"].([]any) {
			s := value.(template.Map)
			allow := statement{texts(s["Action"]), texts(s["Resource"]), map[string]map[string][]string{}}
			for operator, terms := range template.At(s, "Condition") {
				allow.conditions[operator] = map[string][]string{}
				for key, values := range terms.(template.Map) {
					allow.conditions[operator][key] = texts(values)
				}
			}
			r = append(r, allow)
		}
	}
	return r
}

// allows reports whether a statement allows c.
func (r role) allows(c call) bool {
	return slices.ContainsFunc(r, func(s statement) bool { return s.allows(c) })
}

func (s statement) allows(c call) bool {
	if !slices.Contains(s.actions, c.action) || !slices.ContainsFunc(s.resources, func(pattern string) bool { return like(pattern, c.resource) }) {
		return false
	}
	for operator, terms := range s.conditions {
		for key, wanted := range terms {
			if !holds(operator, wanted, c.context[key]) {
				return false
			}
		}
	}
	return true
}

// holds evaluates one condition operator as IAM does; one that this test does not know fails.
func holds(operator string, wanted, given []string) bool {
	all := func(match func(string, string) bool) bool {
		return !slices.ContainsFunc(given, func(value string) bool {
			return !slices.ContainsFunc(wanted, func(pattern string) bool { return match(pattern, value) })
		})
	}
	equal := func(a, b string) bool { return a == b }
	switch operator {
	case "ForAllValues:StringLike":
		return all(like)
	case "ForAllValues:StringEquals":
		return all(equal)
	case "StringEqualsIfExists":
		return all(equal)
	case "StringEquals":
		return len(given) == 1 && all(equal)
	case "StringLike":
		return len(given) == 1 && all(like)
	}
	return false
}

// like matches the wildcards of IAM; * matches slashes too.
func like(pattern, text string) bool {
	ok, err := path.Match(strings.NewReplacer("/", "\x00", "[", `\[`, "?", `\?`).Replace(pattern), strings.ReplaceAll(text, "/", "\x00"))
	return err == nil && ok
}
