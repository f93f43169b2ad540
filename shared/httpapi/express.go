package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Nearly every body is right. Huma looks at a body three times: it decodes it into maps, checks these, and decodes it again. The express
// way checks the bytes in one pass without decoding them, and hands what is right to a second registration of the same operation that
// decodes once. What is not right, or of a kind that the pass does not know, goes the usual way, which finds out what is wrong: so
// answers are the same, and only what the usual way would accept goes express.

// express returns the handler of op that trusts bodies. It is made at the first request.
func express[I, O any](c *core, op huma.Operation, handler func(context.Context, *I) (*O, error)) http.HandlerFunc {
	config := configOf(c.info)
	format := huma.DefaultJSONFormat
	format.Unmarshal = unmarshal
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	kept := &keeper{}
	op.SkipValidateBody, op.Hidden, op.Responses, op.Middlewares = true, true, nil, nil
	huma.Register(humago.New(kept, config), op, handler)
	return kept.handler
}

// unmarshal reads a body that a sketch has admitted, as encoding/json does, in half the time. Should the two disagree, encoding/json
// decides.
func unmarshal(data []byte, v any) error {
	if jsonv2.Unmarshal(data, v) == nil {
		return nil
	}
	reflect.ValueOf(v).Elem().SetZero()
	return json.Unmarshal(data, v)
}

// keeper is a mux of one operation.
type keeper struct{ handler http.HandlerFunc }

// HandleFunc keeps handler.
func (k *keeper) HandleFunc(_ string, handler func(http.ResponseWriter, *http.Request)) {
	k.handler = handler
}

// ServeHTTP calls the handler.
func (k *keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.handler(w, r) }

// sketch is a schema as far as the pass over the bytes knows it. It accepts nothing that the schema does not.
type sketch struct {
	kind     string
	nullable bool
	least    int // characters of a text
	most     int // characters of a text; -1 without bound
	enum     []string
	pattern  *regexp.Regexp
	names    []string  // members of an object
	members  []*sketch // as names
	required uint64    // by place in names
	others   *sketch   // other members; nil when there may be none
	items    *sketch
}

// maxNames is how many members of an object the pass can keep apart.
const maxNames = 64

// sketchOf returns the sketch of schema, nil when it says something that the pass does not know.
func sketchOf(schema *huma.Schema, registry huma.Registry) *sketch {
	return sketchAt(schema, registry, 0)
}

// sketchAt gives up on schemas that lie in one another deeper than bodies may.
func sketchAt(schema *huma.Schema, registry huma.Registry, depth int) *sketch {
	for schema != nil && schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	if schema == nil || depth > maxDepth || unknownTo(schema) {
		return nil
	}
	k := &sketch{kind: schema.Type, nullable: schema.Nullable, most: -1}
	switch schema.Type {
	case huma.TypeString:
		return k.ofText(schema)
	case huma.TypeBoolean, huma.TypeInteger:
		return k
	case huma.TypeArray:
		if k.items = sketchAt(schema.Items, registry, depth+1); k.items != nil {
			return k
		}
	case huma.TypeObject:
		return k.ofObject(schema, registry, depth+1)
	}
	return nil
}

// unknownTo reports a schema with conditions that the pass does not check.
func unknownTo(s *huma.Schema) bool {
	return s.Format != "" && s.Type != huma.TypeInteger || s.ContentEncoding != "" || s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil ||
		s.ExclusiveMaximum != nil || s.MultipleOf != nil || s.MinItems != nil || s.MaxItems != nil || s.UniqueItems ||
		s.MinProperties != nil || s.MaxProperties != nil || s.ReadOnly || s.WriteOnly || len(s.DependentRequired) > 0 || len(s.OneOf) > 0 ||
		len(s.AnyOf) > 0 || len(s.AllOf) > 0 || s.Not != nil || s.Default != nil || len(s.Enum) > 0 && s.Type != huma.TypeString
}

func (k *sketch) ofText(s *huma.Schema) *sketch {
	if s.MinLength != nil {
		k.least = *s.MinLength
	}
	if s.MaxLength != nil {
		k.most = *s.MaxLength
	}
	for _, value := range s.Enum {
		text, ok := value.(string)
		if !ok {
			return nil
		}
		k.enum = append(k.enum, text)
	}
	if s.Pattern != "" {
		pattern, err := regexp.Compile(s.Pattern)
		if err != nil {
			return nil
		}
		k.pattern = pattern
	}
	return k
}

func (k *sketch) ofObject(s *huma.Schema, registry huma.Registry, depth int) *sketch {
	switch more := s.AdditionalProperties.(type) {
	case *huma.Schema:
		if k.others = sketchAt(more, registry, depth); k.others == nil || len(s.Properties) > 0 {
			return nil
		}
	case bool:
		if more {
			return nil
		}
	default:
		return nil
	}
	if len(s.Properties) > maxNames {
		return nil
	}
	for name, member := range s.Properties {
		inner := sketchAt(member, registry, depth)
		if inner == nil {
			return nil
		}
		if slices.Contains(s.Required, name) {
			k.required |= 1 << len(k.names)
		}
		k.names, k.members = append(k.names, name), append(k.members, inner)
	}
	return k
}

// decoders are used again; they are given nothing to hold on to while they wait.
var decoders = sync.Pool{New: func() any { return jsontext.NewDecoder(bytes.NewBuffer(nil)) }}

// admits reports whether body is what the sketch knows to be right. The decoder refuses broken UTF-8 and doubled members.
func (k *sketch) admits(body []byte) bool {
	d, ok := decoders.Get().(*jsontext.Decoder)
	if !ok || bytes.Contains(body, []byte(`\u0000`)) { // the pool holds nothing else
		return false
	}
	defer func() {
		d.Reset(bytes.NewBuffer(nil))
		decoders.Put(d)
	}()
	d.Reset(bytes.NewBuffer(body))
	if !k.read(d) {
		return false
	}
	_, err := d.ReadToken()
	return errors.Is(err, io.EOF)
}

// read reads the next value and reports whether it is right.
func (k *sketch) read(d *jsontext.Decoder) bool {
	token, err := d.ReadToken()
	if err != nil {
		return false
	}
	switch token.Kind() {
	case 'n':
		return k.nullable
	case '"':
		return k.kind == huma.TypeString && k.text(token)
	case 't', 'f':
		return k.kind == huma.TypeBoolean
	case '0':
		return k.kind == huma.TypeInteger && whole(token.String())
	case '[':
		return k.kind == huma.TypeArray && k.array(d)
	case '{':
		return k.kind == huma.TypeObject && k.object(d)
	}
	return false
}

// maxDigits of a whole number: every such number is exact in every parser.
const maxDigits = 15

func whole(number string) bool {
	digits := strings.TrimPrefix(number, "-")
	return len(digits) <= maxDigits && strings.Trim(digits, "0123456789") == ""
}

func (k *sketch) text(token jsontext.Token) bool {
	if k.least == 0 && k.most < 0 && k.enum == nil && k.pattern == nil {
		return true
	}
	text := token.String()
	length := utf8.RuneCountInString(text)
	return length >= k.least && (k.most < 0 || length <= k.most) && (k.enum == nil || slices.Contains(k.enum, text)) &&
		(k.pattern == nil || k.pattern.MatchString(text))
}

func (k *sketch) array(d *jsontext.Decoder) bool {
	for d.PeekKind() != ']' {
		if !k.items.read(d) {
			return false
		}
	}
	_, err := d.ReadToken()
	return err == nil
}

func (k *sketch) object(d *jsontext.Decoder) bool {
	var seen uint64
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return false
		}
		value := k.others
		if value == nil {
			i := slices.Index(k.names, name.String())
			if i < 0 {
				return false
			}
			seen |= 1 << i
			value = k.members[i]
		}
		if !value.read(d) {
			return false
		}
	}
	_, err := d.ReadToken()
	return err == nil && seen&k.required == k.required
}
