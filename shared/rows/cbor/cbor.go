// Package cbor is the encoding of row bodies: the part of CBOR (RFC 8949) that they need, in one deterministic form. Structs are arrays of
// their exported members in order, maps have sorted text keys, numbers and lengths are as short as they can be, nothing is tagged or of
// unknown length, and nil is null. What is not in that form is refused, so that equal values have equal bytes and no other bytes read as
// them.
//
// It exists because general codecs are large: the one used before linked 1.2 MB into every function (net/rpc, templates and gob among
// it) and took 1.4 ms of every start. The tests hold it to the bytes of that codec.
package cbor

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Errors of the package.
var (
	// ErrType reports a Go type that has no encoding here.
	ErrType = errors.New("type has no row encoding")
	// ErrForm reports bytes that are not the encoding of the value asked for.
	ErrForm = errors.New("not a row encoding")
)

// maxDepth bounds how deep values lie in each other.
const maxDepth = 16

// plan is how values of one type are written and read.
type plan struct {
	write func(b []byte, v reflect.Value) ([]byte, error)
	read  func(r *reader, v reflect.Value) error
}

var plans sync.Map // from reflect.Type to *plan

// Append appends the encoding of v to b.
func Append(b []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer && !value.IsNil() {
		value = value.Elem()
	}
	if !value.IsValid() {
		return nil, ErrType
	}
	p, err := planOf(value.Type())
	if err != nil {
		return nil, err
	}
	return p.write(b, value)
}

// Decode reads data, all of it, into v, a pointer.
func Decode(data []byte, v any) error {
	value := reflect.ValueOf(v)
	if value.Kind() != reflect.Pointer || value.IsNil() {
		return ErrType
	}
	p, err := planOf(value.Type().Elem())
	if err != nil {
		return err
	}
	r := &reader{data: data}
	if err := p.read(r, value.Elem()); err != nil {
		return err
	}
	if len(r.data) != 0 {
		return ErrForm
	}
	return nil
}

// planOf returns the plan of t, made once. Two goroutines may make it at the same time; both are right.
func planOf(t reflect.Type) (*plan, error) {
	if have, ok := plans.Load(t); ok {
		p, _ := have.(*plan)
		return p, nil
	}
	p, err := makePlan(t, 0)
	if err != nil {
		return nil, err
	}
	plans.Store(t, p)
	return p, nil
}

func makePlan(t reflect.Type, depth int) (*plan, error) {
	if depth > maxDepth { // a type that holds itself
		return nil, fmt.Errorf("%w: %s", ErrType, t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return &plan{writeBool, readBool}, nil
	case reflect.String:
		return &plan{writeString, readString}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &plan{writeInt, readInt}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &plan{writeUint, readUint}, nil
	case reflect.Interface:
		return &plan{writeAny, func(*reader, reflect.Value) error { return ErrType }}, nil
	case reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return &plan{writeBlock, readBlock}, nil
		}
	case reflect.Slice:
		return sliceOf(t, depth)
	case reflect.Map:
		return mapOf(t, depth)
	case reflect.Struct:
		return structOf(t, depth)
	}
	return nil, fmt.Errorf("%w: %s", ErrType, t)
}

func sliceOf(t reflect.Type, depth int) (*plan, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return &plan{writeBytes, readBytes}, nil
	}
	element, err := makePlan(t.Elem(), depth+1)
	if err != nil {
		return nil, err
	}
	write := func(b []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(b, null), nil
		}
		b = head(b, arrays, uint64(v.Len()))
		for i := range v.Len() {
			var err error
			if b, err = element.write(b, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	read := func(r *reader, v reflect.Value) error {
		n, isNull, err := r.length(arrays)
		if err != nil || isNull {
			v.SetZero()
			return err
		}
		list := reflect.MakeSlice(t, n, n)
		for i := range n {
			if err := element.read(r, list.Index(i)); err != nil {
				return err
			}
		}
		v.Set(list)
		return nil
	}
	return &plan{write, read}, nil
}

func mapOf(t reflect.Type, depth int) (*plan, error) {
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("%w: %s", ErrType, t)
	}
	element, err := makePlan(t.Elem(), depth+1)
	if err != nil {
		return nil, err
	}
	write := func(b []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(b, null), nil
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		b = head(b, maps, uint64(len(keys)))
		for _, key := range keys {
			var err error
			if b, err = element.write(text(b, key.String()), v.MapIndex(key)); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return &plan{write, func(r *reader, v reflect.Value) error { return readMap(r, v, t, element) }}, nil
}

func readMap(r *reader, v reflect.Value, t reflect.Type, element *plan) error {
	n, isNull, err := r.length(maps)
	if err != nil || isNull {
		v.SetZero()
		return err
	}
	whole := reflect.MakeMapWithSize(t, n)
	before := ""
	for i := range n {
		key, err := r.text()
		if err != nil || i > 0 && key <= before {
			return errors.Join(err, ErrForm)
		}
		before = key
		value := reflect.New(t.Elem()).Elem()
		if err := element.read(r, value); err != nil {
			return err
		}
		whole.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), value)
	}
	v.Set(whole)
	return nil
}

// structOf writes members in order. Fewer members than the type has are read, the rest being zero: rows of before a member was added.
func structOf(t reflect.Type, depth int) (*plan, error) {
	var members []*plan
	var at []int
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Anonymous {
			return nil, fmt.Errorf("%w: %s embeds %s", ErrType, t, field.Name)
		}
		member, err := makePlan(field.Type, depth+1)
		if err != nil {
			return nil, err
		}
		members, at = append(members, member), append(at, i)
	}
	write := func(b []byte, v reflect.Value) ([]byte, error) {
		b = head(b, arrays, uint64(len(members)))
		for i, member := range members {
			var err error
			if b, err = member.write(b, v.Field(at[i])); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	read := func(r *reader, v reflect.Value) error {
		v.SetZero()
		n, isNull, err := r.length(arrays)
		if err != nil || isNull || n > len(members) {
			return errors.Join(err, formUnless(isNull || n <= len(members)))
		}
		for i := range n {
			if err := members[i].read(r, v.Field(at[i])); err != nil {
				return err
			}
		}
		return nil
	}
	return &plan{write, read}, nil
}

func formUnless(ok bool) error {
	if ok {
		return nil
	}
	return ErrForm
}
