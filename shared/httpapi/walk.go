package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"kexin/shared/problem"
)

// maxDepth is how many objects and arrays may lie in one another.
const maxDepth = 32

// checkJSON walks the tokens of body beside its schema. It refuses what encoding/json would let pass: broken UTF-8, doubled members,
// members in the wrong case, unknown members, null where it is not declared, NUL, nesting beyond maxDepth, data after the value.
func checkJSON(body []byte, schema *huma.Schema, registry huma.Registry) *problem.Problem {
	if !utf8.Valid(body) {
		return malformed("body", problem.CodeEncoding)
	}
	w := &walker{
		decoder:  jsontext.NewDecoder(bytes.NewReader(body)),
		registry: registry,
		mayNUL:   bytes.Contains(body, []byte(`\u0000`)),
	}
	if refusal := w.value(schema, "body", 0); refusal != nil {
		return refusal
	}
	if _, err := w.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return malformed("body", problem.CodeTrailing)
	}
	return nil
}

func malformed(path string, code problem.Code) *problem.Problem {
	return problem.Of(problem.MalformedBody, problem.At(path, code))
}

func invalid(path string, code problem.Code) *problem.Problem {
	return problem.Invalid(problem.At(path, code))
}

type walker struct {
	decoder  *jsontext.Decoder
	registry huma.Registry
	mayNUL   bool // the body holds the characters of an escaped NUL somewhere
}

// value reads one value at path. A nil schema takes any.
func (w *walker) value(schema *huma.Schema, path string, depth int) *problem.Problem {
	token, err := w.decoder.ReadToken()
	if err != nil {
		return w.refuse(err, path)
	}
	shape := w.shapeOf(schema)
	switch token.Kind() {
	case '{', '[':
		if depth == maxDepth {
			return malformed("body", problem.CodeTooDeep)
		}
		if token.Kind() == '{' {
			return w.object(shape, path, depth+1)
		}
		return w.array(shape, path, depth+1)
	case 'n':
		if shape.notNull {
			return invalid(path, problem.CodeNull)
		}
	case '"':
		if w.mayNUL && strings.Contains(token.String(), "\x00") {
			return malformed(path, problem.CodeEncoding)
		}
	}
	return nil
}

func (w *walker) object(shape shape, path string, depth int) *problem.Problem {
	for w.decoder.PeekKind() != '}' {
		token, err := w.decoder.ReadToken()
		if err != nil {
			return w.refuse(err, path)
		}
		name := token.String()
		member, code := shape.member(name)
		inner := path + "." + problem.SafeName(name)
		if code != "" {
			return invalid(inner, code)
		}
		if strings.Contains(name, "\x00") {
			return malformed(path, problem.CodeEncoding)
		}
		if refusal := w.value(member, inner, depth); refusal != nil {
			return refusal
		}
	}
	_, err := w.decoder.ReadToken()
	return w.refuse(err, path)
}

func (w *walker) array(shape shape, path string, depth int) *problem.Problem {
	item := w.shapeOf(shape.items)
	for i := 0; w.decoder.PeekKind() != ']'; i++ {
		if kind := w.decoder.PeekKind(); item.scalar && (kind == '{' || kind == '[') {
			// Huma compares items that must be unique before it looks at their types, and panics over these.
			return invalid(fmt.Sprintf("%s[%d]", path, i), problem.CodeType)
		}
		if refusal := w.value(shape.items, fmt.Sprintf("%s[%d]", path, i), depth); refusal != nil {
			return refusal
		}
	}
	_, err := w.decoder.ReadToken()
	return w.refuse(err, path)
}

// refuse turns an error of the decoder into a problem; nil stays nil.
func (w *walker) refuse(err error, path string) *problem.Problem {
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return malformed(path+"."+problem.SafeName(syntax.JSONPointer.LastToken()), problem.CodeDuplicateMember)
	}
	return malformed(path, problem.CodeSyntax)
}

// shape is what a schema says that huma does not check itself.
type shape struct {
	members map[string]*huma.Schema
	closed  bool         // other members are refused
	others  *huma.Schema // schema of other members
	items   *huma.Schema
	notNull bool
	scalar  bool // neither objects nor arrays
}

// shapeOf follows references. Alternatives are joined: a member of any of them is known, and huma decides which one holds.
func (w *walker) shapeOf(schema *huma.Schema) shape {
	for schema != nil && schema.Ref != "" {
		schema = w.registry.SchemaFromRef(schema.Ref)
	}
	if schema == nil {
		return shape{}
	}
	s := shape{members: schema.Properties, items: schema.Items, notNull: schema.Type != "" && !schema.Nullable,
		scalar: slices.Contains([]string{huma.TypeString, huma.TypeInteger, huma.TypeNumber, huma.TypeBoolean}, schema.Type)}
	switch additional := schema.AdditionalProperties.(type) {
	case bool:
		s.closed = !additional
	case *huma.Schema:
		s.others = additional
	}
	for _, alternatives := range [][]*huma.Schema{schema.OneOf, schema.AnyOf, schema.AllOf} {
		for _, alternative := range alternatives {
			s = s.join(w.shapeOf(alternative))
		}
	}
	return s
}

func (s shape) join(other shape) shape {
	joined := map[string]*huma.Schema{}
	for name, member := range s.members {
		joined[name] = member
	}
	for name, member := range other.members {
		if _, ok := joined[name]; ok {
			member = nil // differs between the alternatives: huma decides
		}
		joined[name] = member
	}
	s.members = joined
	s.closed = s.closed || other.closed
	if s.others == nil {
		s.others = other.others
	}
	if s.items == nil {
		s.items = other.items
	}
	return s
}

// member returns the schema of the member name, or what is wrong with the name.
func (s shape) member(name string) (*huma.Schema, problem.Code) {
	if member, ok := s.members[name]; ok {
		return member, ""
	}
	for known := range s.members {
		if strings.EqualFold(known, name) {
			return nil, problem.CodeWrongCase
		}
	}
	if s.closed {
		return nil, problem.CodeUnknownMember
	}
	return s.others, ""
}
