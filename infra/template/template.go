// Package template reads the deployment template as data, for the tests that hold it against the code and for the tests that stand a
// deployment up from it. Short forms of CloudFormation's functions become their long ones.
package template

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// ErrFormat: the file is not a template, or uses what this package does not know.
var ErrFormat = errors.New("unreadable template")

// Map is a mapping of the template.
type Map = map[string]any

// Template is a parsed template. Values are Map, []any, string, int64, float64, bool or nil.
type Template struct {
	Parameters, Conditions, Globals, Resources, Outputs Map
	// Root is all of it.
	Root Map
}

// Read returns the template at path.
func Read(path string) (Template, error) {
	file, err := parser.ParseFile(path, 0)
	if err != nil || len(file.Docs) != 1 {
		return Template{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	value, err := plain(file.Docs[0].Body)
	if err != nil {
		return Template{}, err
	}
	root, _ := value.(Map)
	t := Template{Parameters: At(root, "Parameters"), Conditions: At(root, "Conditions"), Globals: At(root, "Globals"), Resources: At(root, "Resources"), Outputs: At(root, "Outputs"), Root: root}
	if len(t.Resources) == 0 {
		return t, fmt.Errorf("%w: no resources", ErrFormat)
	}
	return t, nil
}

// Find returns the template of the repository that contains the working directory.
func Find() (Template, error) {
	for path := "template.yaml"; len(path) < 64; path = "../" + path {
		if _, err := os.Stat(path); err == nil {
			return Read(path)
		}
	}
	return Template{}, fmt.Errorf("find template.yaml: %w", os.ErrNotExist)
}

// At returns the mapping at keys, one below the other; nil where there is none.
func At(m Map, keys ...string) Map {
	for _, key := range keys {
		m, _ = m[key].(Map)
	}
	return m
}

// List returns a value that may be one or several as several; none for nil.
func List(value any) []any {
	if many, ok := value.([]any); ok {
		return many
	}
	if value == nil {
		return nil
	}
	return []any{value}
}

// Of returns the resources of a type, by logical id, as their properties.
func (t Template) Of(kind string) map[string]Map {
	found := map[string]Map{}
	for id, resource := range t.Resources {
		if r, _ := resource.(Map); r["Type"] == kind {
			found[id] = At(r, "Properties")
		}
	}
	return found
}

func plain(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return mapping(n.Values)
	case *ast.MappingValueNode:
		return mapping([]*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		list := make([]any, 0, len(n.Values))
		for _, item := range n.Values {
			value, err := plain(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case *ast.TagNode:
		return tagged(n)
	case *ast.IntegerNode:
		return integer(n)
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case ast.ScalarNode:
		return n.GetValue(), nil
	}
	return nil, fmt.Errorf("%w: %T", ErrFormat, node)
}

func integer(n *ast.IntegerNode) (any, error) {
	switch value := n.Value.(type) {
	case int64:
		return value, nil
	case uint64:
		return int64(value), nil
	}
	return nil, fmt.Errorf("%w: integer", ErrFormat)
}

func mapping(values []*ast.MappingValueNode) (any, error) {
	m := Map{}
	for _, pair := range values {
		key := pair.Key.GetToken().Value
		if _, doubled := m[key]; doubled {
			return nil, fmt.Errorf("%w: %s is there twice", ErrFormat, key)
		}
		value, err := plain(pair.Value)
		if err != nil {
			return nil, err
		}
		m[key] = value
	}
	return m, nil
}

// long are the long forms of the functions that take lists.
var long = map[string]string{"!If": "Fn::If", "!Equals": "Fn::Equals", "!Not": "Fn::Not", "!And": "Fn::And", "!Or": "Fn::Or",
	"!Join": "Fn::Join", "!Select": "Fn::Select", "!Split": "Fn::Split", "!Sub": "Fn::Sub"}

// tagged returns the long form of a function.
func tagged(n *ast.TagNode) (any, error) {
	value, err := plain(n.Value)
	if err != nil {
		return nil, err
	}
	tag := n.Start.Value
	text, isText := value.(string)
	list, isList := value.([]any)
	switch {
	case isText && tag == "!Ref", isText && tag == "!Condition":
		return Map{tag[1:]: text}, nil
	case isText && tag == "!Sub":
		return Map{"Fn::Sub": text}, nil
	case isText && tag == "!GetAtt":
		id, attribute, _ := strings.Cut(text, ".")
		return Map{"Fn::GetAtt": []any{id, attribute}}, nil
	case isList && long[tag] != "":
		return Map{long[tag]: list}, nil
	}
	return nil, fmt.Errorf("%w: tag %s", ErrFormat, tag)
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// Resolve returns value as text, with references replaced by what lookup says of a logical id or parameter and one of its attributes;
// a plain reference has the attribute "".
func Resolve(value any, lookup func(id, attribute string) (string, error)) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case int64, float64, bool:
		return fmt.Sprint(v), nil
	case Map:
		if id, ok := v["Ref"].(string); ok {
			return lookup(id, "")
		}
		if pair, ok := v["Fn::GetAtt"].([]any); ok {
			return lookup(fmt.Sprint(pair[0]), fmt.Sprint(pair[1]))
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			return substitute(text, lookup)
		}
	}
	return "", fmt.Errorf("%w: no text: %v", ErrFormat, value)
}

func substitute(text string, lookup func(id, attribute string) (string, error)) (string, error) {
	var failed error
	resolved := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		id, attribute, _ := strings.Cut(match[2:len(match)-1], ".")
		value, err := lookup(id, attribute)
		failed = errors.Join(failed, err)
		return value
	})
	return resolved, failed
}
