package policy

import (
	_ "embed" // for the schema
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/resolved"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

//go:embed schema.cedarschema
var schemaText []byte

// Annotations that policies may carry.
const (
	AnnotationID        = "id"        // required, unique over all packs: named in audit entries
	AnnotationCode      = "code"      // required of a forbid: the code of its denials
	AnnotationOrder     = "order"     // of several denials the code with the lowest number counts (DefaultOrder)
	AnnotationArticle   = "article"   // the article of the policy text
	AnnotationMask      = "mask"      // "true": a permit of masked values only
	AnnotationAbsent    = "absent"    // "true": a permit that leaves the value out
	AnnotationSeconds   = "seconds"   // a permit to show a value for so long at most
	AnnotationWatermark = "watermark" // "true": a permit of marked copies only
	AnnotationLimit     = "limit"     // of a forbid: the limit of pack.yaml that it keeps
)

// DefaultOrder is the order of a forbid without annotation. That nothing permits counts as NoPermitOrder.
const (
	DefaultOrder  = 100
	NoPermitOrder = 50
)

var (
	codePattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`) })
	policyPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$`) })
	numberPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[1-9][0-9]{0,3}$`) })
	idPattern     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`@id\(\s*"((?:[^"\\]|\\.)*)"\s*\)`) })
)

// Schema returns the parsed schema of requests and policies.
var Schema = sync.OnceValues(func() (*resolved.Schema, error) {
	var s schema.Schema
	s.SetFilename("schema.cedarschema")
	if err := s.UnmarshalCedar(schemaText); err != nil {
		return nil, fmt.Errorf("parse the schema of policies: %w", err)
	}
	resolved, err := s.Resolve()
	if err != nil {
		return nil, fmt.Errorf("resolve the schema of policies: %w", err)
	}
	return resolved, nil
})

// cedar parses one file of policies and checks everything that does not depend on other packs.
func (c *compiler) cedar(file CedarFile) {
	list, err := cedar.NewPolicyListFromBytes(file.Path, file.Text)
	if err != nil {
		c.problems.add(Pos{file.Path, lineOf(err)}, "not valid Cedar: %v", lastError(err))
		return
	}
	for _, policy := range list {
		if parsed, ok := c.policy(file, policy); ok {
			file.Policies = append(file.Policies, parsed)
		}
	}
	c.pack.Cedar = append(c.pack.Cedar, file)
}

// policy checks the annotations of one policy.
func (c *compiler) policy(file CedarFile, policy *cedar.Policy) (CedarPolicy, bool) {
	at := Pos{file.Path, policy.Position().Line}
	notes := policy.Annotations()
	id := string(notes[AnnotationID])
	if !policyPattern().MatchString(id) {
		c.problems.add(at, "the policy has no usable id; add @id(\"…\") of letters, digits and -")
		return CedarPolicy{}, false
	}
	at.Line = lineOfID(file.Text, id, at.Line)
	if first, ok := c.ids[id]; ok {
		c.problems.add(at, "policy id %q is taken at %s:%d; choose another", id, first.File, first.Line)
		return CedarPolicy{}, false
	}
	c.ids[id] = at
	c.annotations(at, id, policy.Effect() == cedar.Forbid, notes)
	c.roleNames(at, id, policy)
	return CedarPolicy{ID: id, Line: at.Line, Policy: policy}, true
}

func (c *compiler) annotations(at Pos, id string, forbid bool, notes cedar.Annotations) {
	if forbid && !codePattern().MatchString(string(notes[AnnotationCode])) {
		c.problems.add(at, "policy %q forbids without code; add @code(\"…\") of small letters and -", id)
	}
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		value := string(notes[key])
		switch string(key) {
		case AnnotationID, AnnotationArticle:
		case AnnotationCode, AnnotationOrder:
			if !forbid || string(key) == AnnotationOrder && !numberPattern().MatchString(value) {
				c.problems.add(at, "policy %q has @%s(%q), which belongs to a forbid, with a number for order", id, key, value)
			}
		case AnnotationLimit:
			if !forbid || !enforcers[LimitName(value)].ByPolicy {
				c.problems.add(at, "policy %q has @%s(%q), which belongs to a forbid and names a limit that policies keep", id, key, value)
			}
		case AnnotationMask, AnnotationAbsent, AnnotationWatermark, AnnotationSeconds:
			fits := value == "true"
			if string(key) == AnnotationSeconds {
				fits = numberPattern().MatchString(value)
			}
			if forbid || !fits {
				c.problems.add(at, "policy %q has @%s(%q); a permit may have mask, absent and watermark \"true\" and seconds \"30\"", id, key, value)
			}
		default:
			c.problems.add(at, "policy %q has the unknown annotation @%s; remove it", id, key)
		}
	}
}

// roleNames refuses roles and actions that do not exist, wherever in the policy they stand. The schema knows actions, but only in
// scopes.
func (c *compiler) roleNames(at Pos, id string, policy *cedar.Policy) {
	check := func(uid types.EntityUID) {
		name := string(uid.ID)
		switch string(uid.Type) {
		case "Role":
			if !roleName().MatchString(name) {
				c.problems.add(at, "policy %q names the unknown role %q; use R1 to R23", id, name)
			}
		case "Action":
			if !slices.Contains(actions, name) {
				c.problems.add(at, "policy %q names the unknown action %q; use one of %s", id, name, strings.Join(actions, ", "))
			}
		}
	}
	parsed := (*ast.Policy)(policy.AST())
	for _, uid := range append(scopeEntities(parsed.Principal), scopeEntities(parsed.Action)...) {
		check(uid)
	}
	for _, condition := range parsed.Conditions {
		ast.Inspect(ast.NewNode(condition.Body), func(node ast.IsNode) bool {
			if value, ok := node.(ast.NodeValue); ok {
				if uid, ok := value.Value.(types.EntityUID); ok {
					check(uid)
				}
			}
			return true
		})
	}
}

func scopeEntities(scope ast.IsScopeNode) []types.EntityUID {
	switch s := scope.(type) {
	case ast.ScopeTypeEq:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIn:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeIsIn:
		return []types.EntityUID{s.Entity}
	case ast.ScopeTypeInSet:
		return s.Entities
	}
	return nil
}

// checkCedar holds every policy against the schema.
func (c *compiler) checkCedar() {
	s, err := Schema()
	if err != nil {
		c.problems.add(Pos{"schema.cedarschema", 1}, "%v", err)
		return
	}
	validator := validate.New(s)
	permits := 0
	for _, file := range c.pack.Cedar {
		for _, policy := range file.Policies {
			if policy.Policy.Effect() == cedar.Permit {
				permits++
			}
			err := validator.Policy(policy.ID, (*ast.Policy)(policy.Policy.AST()))
			if err != nil {
				message := strings.ReplaceAll(err.Error(), "\n", "; ")
				c.problems.add(c.ids[policy.ID], "policy %q does not fit the schema of requests: %s", policy.ID, message)
			}
		}
	}
	if permits == 0 {
		c.problems.add(c.places["pack"], "no policy permits anything; add policies/*.cedar")
	}
}

// lineOfID returns the line of the annotation @id("id") in text, or else.
func lineOfID(text []byte, id string, otherwise int) int {
	for _, match := range idPattern().FindAllSubmatchIndex(text, -1) {
		if string(text[match[2]:match[3]]) == id {
			if line := 1 + strings.Count(string(text[:match[0]]), "\n"); line >= otherwise {
				return line
			}
		}
	}
	return otherwise
}

var linePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`:([0-9]+):[0-9]+`) })

// lineOf finds the line in an error of the Cedar parser.
func lineOf(err error) int {
	if match := linePattern().FindStringSubmatch(err.Error()); match != nil {
		if line, err := strconv.Atoi(match[1]); err == nil {
			return line
		}
	}
	return 1
}

// lastError returns the innermost error.
func lastError(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}
