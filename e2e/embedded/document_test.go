package embedded_test

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"testing"
)

// operation is an operation of /openapi.json with what the tests use of it.
type operation struct {
	ID     string `json:"operationId"`
	Method string `json:"-"`
	Path   string `json:"-"`
	Params []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		Schema   schema `json:"schema"`
	} `json:"parameters"`
	Body struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
	Security []map[string][]string `json:"security"`
}

// schema is a JSON Schema as far as the project uses it.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Others     json.RawMessage   `json:"additionalProperties"`
	Items      *schema           `json:"items"`
	Enum       []any             `json:"enum"`
	Pattern    string            `json:"pattern"`
	MaxLength  int               `json:"maxLength"`
	MinLength  int               `json:"minLength"`
	MaxItems   int               `json:"maxItems"`
	MinItems   int               `json:"minItems"`
	Minimum    *float64          `json:"minimum"`
	Format     string            `json:"format"`
}

// document is /openapi.json.
type document struct {
	operations []operation
	schemas    map[string]schema
}

func (s *site) document() document {
	s.t.Helper()
	var raw struct {
		OpenAPI    string                                `json:"openapi"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	r := s.call(200, "", "GET", "/openapi.json", nil)
	s.must(json.Unmarshal(r.body, &raw))
	if !strings.HasPrefix(raw.OpenAPI, "3.1") || r.header.Get("Content-Type") != "application/openapi+json" {
		s.t.Errorf("OpenAPI %s as %s", raw.OpenAPI, r.header.Get("Content-Type"))
	}
	d := document{schemas: raw.Components.Schemas}
	for path, methods := range raw.Paths {
		for method, text := range methods {
			var op operation
			s.must(json.Unmarshal(text, &op))
			op.Method, op.Path = strings.ToUpper(method), path
			d.operations = append(d.operations, op)
		}
	}
	sort.Slice(d.operations, func(i, j int) bool { return d.operations[i].ID < d.operations[j].ID })
	if len(d.operations) < 30 {
		s.t.Fatalf("only %d operations", len(d.operations))
	}
	return d
}

// body returns the schema of an operation's JSON body.
func (d document) body(op operation) (schema, bool) {
	media, ok := op.Body.Content["application/json"]
	return d.resolve(media.Schema), ok
}

func (d document) resolve(s schema) schema {
	for s.Ref != "" {
		s = d.schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

// member returns the schema of a member, and whether the object takes members that it does not name.
func (d document) member(s schema, name string) (member schema, open bool) {
	var others schema
	open = len(s.Others) > 0 && json.Unmarshal(s.Others, &others) == nil // false is no schema
	if known, ok := s.Properties[name]; ok {
		return d.resolve(known), open
	}
	return d.resolve(others), open
}

// has reports whether a type is among those of a schema.
func (s schema) has(kind string) bool {
	switch t := s.Type.(type) {
	case string:
		return t == kind
	case []any:
		return slices.Contains(t, any(kind))
	}
	return false
}

// header reports whether an operation takes a header.
func (op operation) header(name string) bool {
	for _, p := range op.Params {
		if p.In == "header" && strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

// public reports whether an operation needs no identity.
func (op operation) public() bool { return op.Security != nil && len(op.Security) == 0 }

func TestDocumentSaysWhoIsAsked(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	for _, op := range s.document().operations {
		if want := strings.HasPrefix(op.Path, "/v1/forms") || op.Path == "/v1/keys" || op.Path == "/v1/config"; op.public() != want {
			t.Errorf("%s %s: public is %t", op.Method, op.Path, op.public())
		}
	}
}
