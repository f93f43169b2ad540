// Package iam decides requests to AWS by policies as AWS documents it (IAM User Guide, "Policy evaluation logic"): statements of roles,
// policies on resources and keys, conditions on the context of a request. It knows the conditions that emulators leave out. Whatever a
// policy says that it does not know is an error and never a verdict. It is for tests: nothing that is deployed imports it.
package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrPolicy: a policy has a form, a member or a condition that this package does not know.
var ErrPolicy = errors.New("unknown in policy")

// Document is a policy: of a role, of a resource, or of a key.
type Document struct {
	Statements []Statement
	// Source is what it was read from, for other evaluators.
	Source map[string]any
}

// Statement is one rule. Of each pair Actions and NotActions, Resources and NotResources, Principals and NotPrincipals one is empty;
// policies of roles have no principals, and policies of keys and trust may leave out resources only where AWS does.
type Statement struct {
	Sid                         string
	Deny                        bool
	Actions, NotActions         []string
	Resources, NotResources     []string
	Principals, NotPrincipals   []Principal
	Conditions                  []Condition
	anyResource, namesPrincipal bool
}

// Principal is who a statement of a resource speaks of: Kind is "*", "AWS", "Service" or "Federated".
type Principal struct{ Kind, Name string }

// Condition is one line of a statement's conditions: all of them must hold, and one of the values is enough.
type Condition struct {
	Operator, Key string
	Values        []string
}

// Parse reads a policy that was decoded from JSON or YAML and whose references are resolved to text.
func Parse(value any) (Document, error) {
	m, ok := value.(map[string]any)
	if !ok {
		return Document{}, fmt.Errorf("%w: a policy that is no mapping", ErrPolicy)
	}
	d := Document{Source: m}
	for name, member := range m {
		switch name {
		case "Version":
			if member != "2012-10-17" { // without one it is the version before, which differs in variables only
				return d, fmt.Errorf("%w: version %v", ErrPolicy, member)
			}
		case "Id":
		case "Statement":
			for _, one := range list(member) {
				s, err := parseStatement(one)
				if err != nil {
					return d, err
				}
				d.Statements = append(d.Statements, s)
			}
		default:
			return d, fmt.Errorf("%w: member %s", ErrPolicy, name)
		}
	}
	if len(d.Statements) == 0 {
		return d, fmt.Errorf("%w: no statement", ErrPolicy)
	}
	return d, nil
}

func list(value any) []any {
	if values, ok := value.([]any); ok {
		return values
	}
	return []any{value}
}

func parseStatement(value any) (Statement, error) {
	m, ok := value.(map[string]any)
	if !ok {
		return Statement{}, fmt.Errorf("%w: statement %v", ErrPolicy, value)
	}
	s := Statement{}
	var failed error
	for name, member := range m {
		failed = errors.Join(failed, s.member(name, member))
	}
	if failed == nil {
		failed = s.complete(m["Effect"])
	}
	if failed != nil {
		return s, fmt.Errorf("statement %v: %w", m["Sid"], failed)
	}
	return s, nil
}

func (s *Statement) member(name string, value any) (err error) {
	switch name {
	case "Sid":
		s.Sid = fmt.Sprint(value)
	case "Effect":
		s.Deny = value == "Deny"
	case "Action":
		s.Actions, err = texts(value)
	case "NotAction":
		s.NotActions, err = texts(value)
	case "Resource":
		s.Resources, err = texts(value)
	case "NotResource":
		s.NotResources, err = texts(value)
	case "Principal":
		s.namesPrincipal = true
		s.Principals, err = principals(value)
	case "NotPrincipal":
		s.namesPrincipal = true
		s.NotPrincipals, err = principals(value)
	case "Condition":
		s.Conditions, err = conditions(value)
	default:
		err = fmt.Errorf("%w: member %s", ErrPolicy, name)
	}
	return err
}

// complete checks what a statement must and must not say.
func (s *Statement) complete(effect any) error {
	s.anyResource = len(s.Resources)+len(s.NotResources) == 0
	switch {
	case effect != "Allow" && effect != "Deny":
		return fmt.Errorf("%w: effect %v", ErrPolicy, effect)
	case (len(s.Actions) == 0) == (len(s.NotActions) == 0):
		return fmt.Errorf("%w: either Action or NotAction", ErrPolicy)
	case len(s.Resources) > 0 && len(s.NotResources) > 0:
		return fmt.Errorf("%w: Resource and NotResource", ErrPolicy)
	case s.namesPrincipal && (len(s.Principals) == 0) == (len(s.NotPrincipals) == 0):
		return fmt.Errorf("%w: either Principal or NotPrincipal", ErrPolicy)
	}
	for _, text := range slices.Concat(s.Resources, s.NotResources) {
		if strings.Contains(text, "${") {
			return fmt.Errorf("%w: variable in %s", ErrPolicy, text)
		}
	}
	return nil
}

func texts(value any) ([]string, error) {
	var all []string
	for _, one := range list(value) {
		switch v := one.(type) {
		case string:
			all = append(all, v)
		case bool, int64, float64, uint64:
			all = append(all, fmt.Sprint(v))
		default:
			return nil, fmt.Errorf("%w: no text: %v", ErrPolicy, one)
		}
	}
	return all, nil
}

func principals(value any) ([]Principal, error) {
	if value == "*" {
		return []Principal{{"*", "*"}}, nil
	}
	m, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: principal %v", ErrPolicy, value)
	}
	var all []Principal
	for kind, names := range m {
		found, err := texts(names)
		if err != nil || !slices.Contains([]string{"AWS", "Service", "Federated"}, kind) {
			return nil, fmt.Errorf("%w: principal %v", ErrPolicy, value)
		}
		for _, name := range found {
			if kind == "AWS" && name == "*" {
				kind = "*"
			}
			all = append(all, Principal{kind, name})
		}
	}
	return all, nil
}

func conditions(value any) ([]Condition, error) {
	operators, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%w: condition %v", ErrPolicy, value)
	}
	var all []Condition
	for operator, terms := range operators {
		keys, ok := terms.(map[string]any)
		if _, err := parseOperator(operator); err != nil || !ok {
			return nil, fmt.Errorf("%w: condition %s %v", ErrPolicy, operator, terms)
		}
		for key, wanted := range keys {
			values, err := texts(wanted)
			if err != nil {
				return nil, err
			}
			all = append(all, Condition{operator, key, values})
		}
	}
	slices.SortFunc(all, func(a, b Condition) int { return strings.Compare(a.Operator+a.Key, b.Operator+b.Key) })
	return all, nil
}
