package cbor

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/ugorji/go/codec"
	"pgregory.net/rapid"
)

type name string

type inner struct {
	Name  name
	Level uint8
	Tiny  int8
}

type sample struct {
	Format  int
	Flag    bool
	Number  int64
	Count   uint32
	Wide    uint64
	Text    string `json:"text,omitempty"`
	Body    []byte
	Names   []name
	Facts   map[string]string
	States  map[name]inner
	Inner   inner `json:"inner,omitzero"`
	Entries []inner
	Times   map[string]int64
	Lists   [][]byte
	Digest  [32]byte
}

func oracle() *codec.CborHandle {
	h := &codec.CborHandle{}
	h.Canonical, h.StructToArray, h.ErrorIfNoField, h.ErrorIfNoArrayExpand = true, true, true, true
	return h
}

func draw(t *rapid.T) sample {
	text := rapid.String()
	blob := rapid.SliceOfN(rapid.Byte(), 0, 300)
	in := rapid.Custom(func(t *rapid.T) inner {
		return inner{Name: name(text.Draw(t, "name")), Level: rapid.Uint8().Draw(t, "level"), Tiny: rapid.Int8().Draw(t, "tiny")}
	})
	v := sample{Format: rapid.Int().Draw(t, "format"), Flag: rapid.Bool().Draw(t, "flag"), Number: rapid.Int64().Draw(t, "number"),
		Count: rapid.Uint32().Draw(t, "count"), Wide: rapid.Uint64().Draw(t, "wide"), Text: text.Draw(t, "text"), Body: blob.Draw(t, "body"),
		Inner: in.Draw(t, "inner"), Facts: rapid.MapOf(text, text).Draw(t, "facts"), Entries: rapid.SliceOf(in).Draw(t, "entries"),
		Lists: rapid.SliceOf(blob).Draw(t, "lists"), Digest: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest"))}
	if rapid.Bool().Draw(t, "filled") {
		v.Names = rapid.SliceOfN(rapid.Map(text, func(s string) name { return name(s) }), 0, 40).Draw(t, "names")
		v.States = rapid.MapOfN(rapid.Map(text, func(s string) name { return name(s) }), in, 0, 30).Draw(t, "states")
		v.Times = rapid.MapOf(text, rapid.Int64Range(-70000, 70000)).Draw(t, "times")
	} else {
		v.Body, v.Facts = nil, nil
	}
	return v
}

// The bytes are those of the codec that wrote rows before, and both read them alike.
func TestBytesAreThoseOfTheOracle(t *testing.T) {
	h := oracle()
	rapid.Check(t, func(t *rapid.T) {
		v := draw(t)
		var want []byte
		if err := codec.NewEncoderBytes(&want, h).Encode(&v); err != nil {
			t.Fatal(err)
		}
		got, err := Append(nil, &v)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%+v is\n%x\nand was\n%x, %v", v, got, want, err)
		}
		var back sample
		if plain, err := Append(nil, v); err != nil || !bytes.Equal(plain, got) {
			t.Fatalf("a copy has other bytes than what a pointer leads to: %v", err)
		}
		if err := Decode(got, &back); err != nil || !reflect.DeepEqual(back, v) {
			t.Fatalf("%+v came back as %+v, %v", v, back, err)
		}
	})
}

func TestListsOfAnything(t *testing.T) {
	list := []any{"a", name("b"), 3, int64(-4), []name{"x"}, []name(nil), map[string]string{"k": "v"}, true, []byte{1}, nil, uint32(math.MaxUint32)}
	var want []byte
	if err := codec.NewEncoderBytes(&want, oracle()).Encode(list); err != nil {
		t.Fatal(err)
	}
	if got, err := Append([]byte{}, list); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, want %x, %v", got, want, err)
	}
}

// What decodes is what encodes to the same bytes, apart from members that were not there yet.
func FuzzDecode(f *testing.F) {
	for _, v := range []sample{{}, {Format: 1, Names: []name{"a"}, Facts: map[string]string{"a": "", "b": "c"}, Entries: []inner{{Tiny: -1}}}} {
		body, err := Append(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v sample
		if err := Decode(body, &v); err != nil {
			if !errors.Is(err, ErrForm) {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		var back sample
		if err := Decode(again, &back); err != nil || !reflect.DeepEqual(v, back) {
			t.Errorf("%x decodes to %+v and %+v, %v", body, v, back, err)
		}
	})
}

func TestOtherFormsAreRefused(t *testing.T) {
	for what, body := range map[string][]byte{
		"long form of a small number": {0x81, 0x18, 0x01}, "longer form": {0x81, 0x19, 0x00, 0xff}, "unknown length": {0x9f, 0x01, 0xff}, "tag": {0x81, 0xc1, 0x01},
		"float": {0x81, 0xf9, 0, 0}, "undefined": {0x81, 0xf7}, "nothing": {}, "cut off": {0x82, 0x01}, "more than asked": {0x81, 0x01, 0x01},
		"too many members": append([]byte{0x8f}, make([]byte, 15)...), "text for a number": {0x81, 0x61, 'a'}, "array as long as memory": {0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	} {
		var v sample
		if err := Decode(body, &v); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var facts map[string]string
	for what, body := range map[string][]byte{"keys out of order": {0xa2, 0x61, 'b', 0x60, 0x61, 'a', 0x60}, "a key twice": {0xa2, 0x61, 'a', 0x60, 0x61, 'a', 0x60}} {
		if err := Decode(body, &facts); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var small struct{ A uint8 }
	if err := Decode([]byte{0x81, 0x19, 0x01, 0x00}, &small); !errors.Is(err, ErrForm) {
		t.Errorf("a number that does not fit: %v", err)
	}
	var short struct{ A, B int }
	if err := Decode([]byte{0x81, 0x07}, &short); err != nil || short.A != 7 {
		t.Errorf("a row of before B was added: %+v, %v", short, err)
	}
}

func TestTypesWithoutEncoding(t *testing.T) {
	type loop struct{ Next []loop }
	for _, v := range []any{1.5, make(chan int), map[int]string{}, loop{}, struct{ P *int }{}, nil} {
		if _, err := Append(nil, v); !errors.Is(err, ErrType) {
			t.Errorf("%T: %v", v, err)
		}
	}
	var v struct{ V any }
	if err := Decode([]byte{0x81, 0x01}, &v); !errors.Is(err, ErrType) {
		t.Errorf("any: %v", err)
	}
	if err := Decode([]byte{0x80}, v); !errors.Is(err, ErrType) {
		t.Errorf("no pointer: %v", err)
	}
}
