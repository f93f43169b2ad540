package embedded_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// marker stands for a personal value in bad requests: nothing of an answer may hold it.
const marker = "13912345678qxMarker"

// twist is a body that is wrong in one place.
type twist struct {
	name  string
	raw   []byte
	field string // path that the problem must name; "" when it is about the body as a whole
}

// node is a value of a body with what its schema says.
type node struct {
	path  string // "" for the body itself
	value any
	schema
	open bool // the object around it takes any names
}

// nodes lists every value of a body, the body itself first.
func (d document) nodes(n node) []node {
	list := []node{n}
	switch value := n.value.(type) {
	case map[string]any:
		for name, inner := range value {
			member, open := d.member(n.schema, name)
			list = append(list, d.nodes(node{join(n.path, name), inner, member, open})...)
		}
	case []any:
		for i, inner := range value {
			list = append(list, d.nodes(node{fmt.Sprintf("%s[%d]", n.path, i), inner, d.resolve(*n.Items), false})...)
		}
	}
	return list
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// plain returns a form as JSON values.
func plain(body filled) any {
	var value any
	encoded, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(encoded, &value)
	}
	if err != nil {
		return nil
	}
	return value
}

// edit changes the JSON of the value at a path, or the members of the object at a path.
type edit struct {
	path    string
	value   string
	members func([]string) []string // "name":value
}

// render encodes a value with one edit.
func render(value any, path string, e edit) string {
	if e.members == nil && path == e.path {
		return e.value
	}
	switch value := value.(type) {
	case map[string]any:
		var members []string
		for name, inner := range value {
			members = append(members, quote(name)+":"+render(inner, join(path, name), e))
		}
		sort.Strings(members)
		if e.members != nil && path == e.path {
			members = e.members(members)
		}
		return "{" + strings.Join(members, ",") + "}"
	case []any:
		var items []string
		for i, inner := range value {
			items = append(items, render(inner, fmt.Sprintf("%s[%d]", path, i), e))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	encoded, _ := json.Marshal(value) // a value of JSON
	return string(encoded)
}

func quote(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded)
}

// twists returns every body that differs from a good one in one way. free are members that take any text.
func (d document) twists(s schema, body filled, free []string) []twist {
	value := plain(body)
	var list []twist
	add := func(name, field string, e edit) {
		list = append(list, twist{name, []byte(render(value, "", e)), field})
	}
	for _, n := range d.nodes(node{"", value, s, false}) {
		for what, raw := range wrongValues(n, slices.Contains(free, n.path)) {
			add(fmt.Sprintf("%s: %s", n.path, what), n.path, edit{path: n.path, value: raw})
		}
		if object, ok := n.value.(map[string]any); ok {
			d.wrongMembers(n, object, add)
		}
	}
	return append(list, wholes(value)...)
}

// wrongMembers twists the names of an object's members.
func (d document) wrongMembers(n node, object map[string]any, add func(string, string, edit)) {
	extra := "1"
	if inner, open := d.member(n.schema, "unknownMember"); open && inner.has("boolean") {
		extra = "true"
	} else if open {
		extra = `"x"`
	}
	with := func(member string) edit {
		return edit{path: n.path, members: func(list []string) []string { return append(list, member+":"+extra) }}
	}
	add(n.path+": unknown member", join(n.path, "unknownMember"), with(`"unknownMember"`))
	add(n.path+": unknown member named like a value", join(n.path, "?"), with(quote(marker)))
	for name, inner := range object {
		whole := quote(name) + ":" + render(inner, "", edit{path: "\x00"})
		add(join(n.path, name)+" twice", join(n.path, name), edit{path: n.path, members: func(list []string) []string { return append(list, whole) }})
		other := strings.ToUpper(name[:1]) + name[1:]
		rename := func(list []string) []string {
			return append(without(list, name), strings.Replace(whole, quote(name), quote(other), 1))
		}
		add(join(n.path, name)+" in another case", join(n.path, other), edit{path: n.path, members: rename})
		if slices.Contains(n.Required, name) {
			add(join(n.path, name)+" missing", join(n.path, name), edit{path: n.path, members: func(list []string) []string { return without(list, name) }})
		}
	}
}

func without(members []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(members), func(m string) bool { return strings.HasPrefix(m, quote(name)+":") })
}

// wrongValues returns JSON that is no value of a node.
func wrongValues(n node, free bool) map[string]string {
	if n.path == "" {
		return nil
	}
	wrong := map[string]string{}
	kinds := map[string]string{"string": quote(marker), "number": "1234567.5", "boolean": "true", "object": `{"a":1}`, "array": `["` + marker + `"]`, "null": "null"}
	for kind, raw := range kinds {
		if !n.has(kind) && !(kind == "number" && n.has("integer")) {
			wrong[kind] = raw
		}
	}
	switch {
	case n.has("string"):
		wrongTexts(n, free, wrong)
	case n.has("integer"):
		wrong["fraction"], wrong["huge"], wrong["exponent"] = "1.5", "1e400", "123456789012345678901234567890"
		if n.Minimum != nil {
			wrong["too small"] = fmt.Sprint(*n.Minimum - 1)
		}
	case n.has("array"):
		wrongArrays(n, wrong)
	}
	return wrong
}

func wrongTexts(n node, free bool, wrong map[string]string) {
	wrong["NUL"], wrong["raw NUL"] = `"a\u0000b"`, "\"a\x00b\""
	wrong["broken UTF-8"], wrong["lone surrogate"] = "\"a\xff\xfe\"", `"a\ud800b"`
	if !free {
		wrong["marker"] = quote(marker)
	}
	if n.MaxLength > 0 {
		wrong["too long"] = quote(strings.Repeat(marker, n.MaxLength/len(marker)+1))
	}
	if n.MinLength > 0 {
		wrong["too short"] = `""`
	}
}

func wrongArrays(n node, wrong map[string]string) {
	item := quote(marker)
	wrong["of numbers"], wrong["of null"], wrong["of markers"] = "[1]", "[null]", "["+item+"]"
	if n.MaxItems > 0 {
		wrong["too many"] = "[" + strings.Repeat(item+",", n.MaxItems) + item + "]"
	}
	if n.MinItems > 0 {
		wrong["too few"] = "[]"
	}
}

// wholes are bodies that are wrong as a whole.
func wholes(value any) []twist {
	good := []byte(render(value, "", edit{path: "\x00"}))
	deep := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
	return []twist{
		{"empty", []byte{}, ""}, {"spaces", []byte("  \n"), ""}, {"null", []byte("null"), ""}, {"array", []byte(`["` + marker + `"]`), ""},
		{"text", []byte(quote(marker)), ""}, {"number", []byte("7"), ""}, {"no JSON", []byte(marker), ""}, {"cut off", good[:len(good)-1], ""},
		{"two values", append(bytes.Clone(good), good...), ""}, {"more after it", append(bytes.Clone(good), marker...), ""},
		{"byte order mark", append([]byte("\xef\xbb\xbf"), good...), ""}, {"UTF-16", utf16Of(good), ""}, {"deep", []byte(deep), ""},
		{"comment", append([]byte("/* "+marker+" */"), good...), ""}, {"single quotes", bytes.ReplaceAll(good, []byte(`"`), []byte(`'`)), ""},
		{"2 MB", append(bytes.Clone(good), bytes.Repeat([]byte(" "), 2<<20)...), ""},
		{"2 MB of text", []byte(`{"` + marker + `":"` + strings.Repeat("a", 2<<20) + `"}`), ""},
	}
}

func utf16Of(text []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, b := range text {
		out = append(out, b, 0)
	}
	return out
}
