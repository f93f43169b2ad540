package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"kexin/shared/record"
)

// val is a scalar of a pack file with its place. Set tells a value that was written from one that was not.
type val[T any] struct {
	V   T
	At  Pos
	Set bool
}

// dict is a mapping from names to T in the order of the file.
type dict[T any] []entry[T]

type entry[T any] struct {
	Name string
	At   Pos
	V    T
}

// text is a text in both languages with its place.
type text struct {
	V   record.Text
	At  Pos
	Set bool
}

// decodable is what decodes itself from a node.
type decodable interface {
	decode(d *decoder, node ast.Node)
}

// decoder fills Go values from a YAML file. It is strict: unknown and doubled keys, empty values, anchors, tags and documents beyond
// the first are problems. It goes on after a problem, so that all are found at once.
type decoder struct {
	file     string
	problems *Problems
}

// decodeFile fills target, a pointer to a struct, from data.
func decodeFile(file string, data []byte, target any, problems *Problems) {
	d := &decoder{file, problems}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		d.syntax(err)
		return
	}
	if len(parsed.Docs) > 1 {
		problems.add(d.at(parsed.Docs[1].Body), "a second YAML document starts here; keep one document in a file")
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		problems.add(Pos{file, 1}, "the file is empty; fill it or remove it")
		return
	}
	d.value(parsed.Docs[0].Body, reflect.ValueOf(target).Elem())
}

func (d *decoder) syntax(err error) {
	pos := Pos{d.file, 1}
	message := err.Error()
	if located, ok := err.(yaml.Error); ok {
		message = located.GetMessage()
		if token := located.GetToken(); token != nil {
			pos.Line = token.Position.Line
		}
	}
	d.problems.add(pos, "not valid YAML: %s; mind the indentation and the quotes", message)
}

func (d *decoder) at(node ast.Node) Pos {
	if node == nil || node.GetToken() == nil {
		return Pos{d.file, 1}
	}
	return Pos{d.file, node.GetToken().Position.Line}
}

func (d *decoder) value(node ast.Node, v reflect.Value) {
	if self, ok := v.Addr().Interface().(decodable); ok {
		self.decode(d, node)
		return
	}
	if v.Kind() == reflect.Slice {
		d.sequence(node, v)
		return
	}
	d.structure(node, v)
}

// structure fills the fields of a struct by their yaml tags. A field At without a tag takes the place of the node.
func (d *decoder) structure(node ast.Node, v reflect.Value) {
	if at := v.FieldByName("At"); at.IsValid() {
		at.Set(reflect.ValueOf(d.at(node)))
	}
	fields := map[string]reflect.Value{}
	var known []string
	for i := range v.NumField() {
		if key := v.Type().Field(i).Tag.Get("yaml"); key != "" {
			fields[key] = v.Field(i)
			known = append(known, key)
		}
	}
	slices.Sort(known)
	for key, value := range d.mapping(node) {
		if field, ok := fields[key.name]; ok {
			d.value(value, field)
			continue
		}
		d.problems.add(key.at, "unknown key %q; the keys here are %s", key.name, strings.Join(known, ", "))
	}
}

type located struct {
	name string
	at   Pos
}

// mapping yields the keys and values of a mapping.
func (d *decoder) mapping(node ast.Node) func(yield func(located, ast.Node) bool) {
	return func(yield func(located, ast.Node) bool) {
		mapping, ok := node.(*ast.MappingNode)
		if !ok {
			d.mismatch(node, "keys and values")
			return
		}
		for _, pair := range mapping.Values {
			key, plain := pair.Key.(*ast.StringNode)
			at := Pos{d.file, pair.Key.GetToken().Position.Line}
			if !plain {
				d.problems.add(at, "key %s is no plain word; write it as a word or in quotes", pair.Key.GetToken().Value)
				continue
			}
			if pair.Value == nil || pair.Value.Type() == ast.NullType {
				d.problems.add(at, "%q has no value; give one or remove the key", key.Value)
				continue
			}
			if !yield(located{key.Value, at}, pair.Value) {
				return
			}
		}
	}
}

func (d *decoder) sequence(node ast.Node, v reflect.Value) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		d.mismatch(node, "a list")
		return
	}
	for _, item := range list.Values {
		element := reflect.New(v.Type().Elem()).Elem()
		d.value(item, element)
		v.Set(reflect.Append(v, element))
	}
}

func (d *decoder) mismatch(node ast.Node, want string) {
	found := strings.ToLower(node.Type().String())
	d.problems.add(d.at(node), "%s expected, found %s", want, found)
}

func (v *val[T]) decode(d *decoder, node ast.Node) {
	v.At, v.Set = d.at(node), true
	ok := false
	switch target := any(&v.V).(type) {
	case *string:
		*target, ok = scalar(node)
		if !ok {
			d.mismatch(node, "text")
		}
	case *bool:
		boolean, is := node.(*ast.BoolNode)
		if !is {
			d.mismatch(node, "true or false")
			return
		}
		*target = boolean.Value
	case *int:
		if _, err := fmt.Sscan(node.GetToken().Value, target); err != nil || node.Type() != ast.IntegerType {
			d.mismatch(node, "a whole number")
		}
	case *float64:
		if _, err := fmt.Sscan(node.GetToken().Value, target); err != nil ||
			node.Type() != ast.FloatType && node.Type() != ast.IntegerType {
			d.mismatch(node, "a number")
		}
	}
}

// scalar returns the text of a string node.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return strings.TrimSpace(n.Value), true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	}
	return "", false
}

func (m *dict[T]) decode(d *decoder, node ast.Node) {
	for key, value := range d.mapping(node) {
		item := entry[T]{Name: key.name, At: key.at}
		d.value(value, reflect.ValueOf(&item.V).Elem())
		*m = append(*m, item)
	}
}

func (t *text) decode(d *decoder, node ast.Node) {
	var parts struct {
		ZH val[string] `yaml:"zh"`
		EN val[string] `yaml:"en"`
	}
	d.structure(node, reflect.ValueOf(&parts).Elem())
	t.V, t.At, t.Set = record.Text{ZH: parts.ZH.V, EN: parts.EN.V}, d.at(node), true
}
