// Package deployed says what a deployment of the template would consist of, without deploying it: every reference is resolved to the name
// or ARN that AWS would give, so that policies can be judged as they will be. It reads template.yaml and also what SAM makes of it. What
// it does not know is an error; nothing is left out in silence. It is for tests: nothing that is deployed imports it.
package deployed

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"kexin/infra/iam"
	"kexin/infra/template"
)

// ErrTemplate: the template uses what this package does not know.
var ErrTemplate = errors.New("template cannot be resolved")

// Place is where the deployment is imagined to be.
type Place struct{ Partition, Region, Account string }

// Europe and China are the places that are judged: the template must name no partition of its own.
var (
	Europe = Place{"aws", "eu-central-1", "123456789012"}
	China  = Place{"aws-cn", "cn-north-1", "123456789012"}
)

// Deployment is a deployed template.
type Deployment struct {
	Place
	// Functions gives each function's role, by logical ids.
	Functions map[string]string
	// Roles are all roles, those among them that SAM adds, by logical id.
	Roles map[string]Role
	// Guarded are the policies of resources, by the resource's ARN.
	Guarded map[string]iam.Document

	parameters, conditions, mappings template.Map
	resources                        map[string]resource
	arns                             sync.Map // of symbols that were asked for
}

// Role is what an identity may do: the policies written into it, and who may take it on.
type Role struct {
	ARN      string
	Policies []iam.Document
	Trust    iam.Document
	// Size is the length of the policies in characters, without white space, which AWS limits to 10,240.
	Size int
}

type resource struct {
	kind       string
	properties template.Map
}

// ReadTranslated reads a template that SAM has translated, as JSON.
func ReadTranslated(path string) (template.Map, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read translated template: %w", err)
	}
	var root template.Map
	if err := json.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return root, nil
}

// New imagines root deployed at place with the values of parameters, defaults for the others.
func New(root template.Map, place Place, parameters map[string]string) (*Deployment, error) {
	d := &Deployment{Place: place, Functions: map[string]string{}, Roles: map[string]Role{}, Guarded: map[string]iam.Document{},
		conditions: template.At(root, "Conditions"), mappings: template.At(root, "Mappings"), resources: map[string]resource{}}
	if err := d.setParameters(template.At(root, "Parameters"), parameters); err != nil {
		return nil, err
	}
	for id, value := range template.At(root, "Resources") {
		m, _ := value.(template.Map)
		if name, ok := m["Condition"].(string); ok {
			holds, err := d.condition(template.Map{"Condition": name})
			if err != nil || !holds {
				failed(&err, id)
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		kind, _ := m["Type"].(string)
		d.resources[id] = resource{kind, template.At(m, "Properties")}
	}
	if err := d.collect(); err != nil {
		return nil, err
	}
	return d, nil
}

func failed(err *error, id string) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", id, *err)
	}
}

func (d *Deployment) setParameters(declared template.Map, given map[string]string) error {
	d.parameters = template.Map{}
	for name, parameter := range declared {
		p, _ := parameter.(template.Map)
		if value, ok := given[name]; ok {
			d.parameters[name] = value
		} else if value, ok := p["Default"]; ok {
			d.parameters[name] = fmt.Sprint(value)
			if kind, _ := p["Type"].(string); strings.HasPrefix(kind, "CommaDelimitedList") || strings.HasPrefix(kind, "List<") {
				d.parameters[name] = split(fmt.Sprint(value))
			}
		} else {
			return fmt.Errorf("%w: no value for parameter %s", ErrTemplate, name)
		}
	}
	return nil
}

func split(text string) []any {
	var all []any
	for part := range strings.SplitSeq(text, ",") {
		all = append(all, strings.TrimSpace(part))
	}
	return all
}

// Parameter returns the value of a parameter as text.
func (d *Deployment) Parameter(name string) string { return fmt.Sprint(d.parameters[name]) }

// Of returns the logical ids of the resources of a type, in order.
func (d *Deployment) Of(kind string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(d.resources)) {
		if d.resources[id].kind == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// Properties returns the properties of a resource with every reference resolved.
func (d *Deployment) Properties(id string) (template.Map, error) {
	r, ok := d.resources[id]
	if !ok {
		return nil, fmt.Errorf("%w: no resource %s", ErrTemplate, id)
	}
	value, err := d.resolve(r.properties)
	failed(&err, id)
	m, _ := value.(template.Map)
	return m, err
}

// ARN returns the ARN of what is written like <KeysTable.Arn>, with what follows it.
func (d *Deployment) ARN(symbol string) (string, error) {
	if arn, ok := d.arns.Load(symbol); ok {
		return arn.(string), nil
	}
	reference, rest, ok := strings.Cut(strings.TrimPrefix(symbol, "<"), ">")
	id, attribute, dotted := strings.Cut(reference, ".")
	if !ok || !dotted {
		return "", fmt.Errorf("%w: symbol %q", ErrTemplate, symbol)
	}
	arn, err := d.attribute(id, attribute)
	if err == nil {
		d.arns.Store(symbol, arn+rest)
	}
	return arn + rest, err
}

// PolicyOf returns the policy of the resource that arn belongs to: the table of an index, the bucket of an object. Nil when it has none.
func (d *Deployment) PolicyOf(arn string) *iam.Document {
	if owner := d.GuardOf(arn); owner != "" {
		document := d.Guarded[owner]
		return &document
	}
	return nil
}

// GuardOf returns the resource in Guarded whose policy is asked about arn; "" when there is none. A stream has a policy of its own.
func (d *Deployment) GuardOf(arn string) string {
	for owner := range d.Guarded {
		rest, ok := strings.CutPrefix(arn, owner)
		if ok && (rest == "" || rest[0] == '/') && !strings.HasPrefix(rest, "/stream/") {
			return owner
		}
	}
	return ""
}
