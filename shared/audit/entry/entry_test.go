package entry

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/record"
)

func id(prefix string, n byte) string { return record.IDFromBytes(prefix, [16]byte{n, 7}) }

// full is an entry with every member.
func full() Entry {
	return Entry{
		V: Version, Deployment: record.DeploymentID(id(record.PrefixDeployment, 1)), Writer: record.WriterID(id(record.PrefixWriter, 1)),
		Lane: 3, Seq: 17, Prev: Hash([]byte("before")), Time: time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.UTC),
		Actor:  Actor{Kind: Staff, ID: id(record.PrefixStaff, 1), Role: "R3", Department: "sales"},
		Action: "reveal", Verdict: Allow, Code: "allow", Reason: "customer-request",
		Reasons: []Reason{{Policy: "core.reveal-l2", File: "packs/core/policies/reveal.cedar", Line: 12}},
		Purpose: "contract_service", Purposes: []record.PurposeID{"after_sales", "contract_service"},
		Customer:  record.CustomerID(id(record.PrefixCustomer, 1)),
		Customers: []record.CustomerID{record.CustomerID(id(record.PrefixCustomer, 1)), record.CustomerID(id(record.PrefixCustomer, 2))},
		Fields:    []record.FieldName{"address", "phone"}, Sections: []record.SectionID{"s2345672345"}, Pack: "P06@0123456789abcdef",
		Approval: record.ApprovalID(id(record.PrefixApproval, 1)), Export: record.ExportID(id(record.PrefixExport, 1)),
		Reveal: record.RevealID(id(record.PrefixReveal, 1)), Submission: record.SubmissionID(id(record.PrefixSubmission, 1)),
		Object: id("cas_", 1), Head: Head{Before: Hash([]byte("b")), After: Hash([]byte("a"))}, Note: Hash([]byte("note")),
		Channel: "counter", Request: "5c1f0f3e-9d2a-4c88-8a43-0123456789ab",
		Facts: Facts{"sections": Count(3), "irrecoverable": "2026-03-02T09:30:00Z", "rule": "p06.retention", "category.financial": "2",
			"roster_sha256": Hash(nil).String()},
		Of: &Position{Writer: record.WriterID(id(record.PrefixWriter, 2)), Lane: 1, Seq: 4},
	}
}

func TestFullEntryHasEveryMember(t *testing.T) {
	v := reflect.ValueOf(full())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is not in the test's entry", v.Type().Field(i).Name)
		}
	}
}

func TestEncodingIsDeterministicAndComesBack(t *testing.T) {
	e := full()
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse(data)
	if err != nil || !reflect.DeepEqual(back, e) {
		t.Fatalf("%v\n%+v\n%+v", err, back, e)
	}
	again, err := back.Encode()
	if err != nil || !bytes.Equal(again, data) {
		t.Error("encoding differs")
	}
	const start = `{"v":1,"deployment":"dep_`
	if !strings.HasPrefix(string(data), start) || bytes.ContainsAny(data, "\n\\") {
		t.Errorf("got %s", data)
	}
}

func TestParseRefusesOtherForms(t *testing.T) {
	e := full()
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for name, bad := range map[string]string{
		"empty": "", "space": text + "\n", "unknown member": strings.Replace(text, `"code"`, `"note_text":"x","code"`, 1),
		"doubled member": strings.Replace(text, `"code":"allow"`, `"code":"deny","code":"allow"`, 1),
		"case":           strings.Replace(text, `"code"`, `"Code"`, 1), "null": strings.Replace(text, `"lane":3`, `"lane":3,"of":null`, 1),
		"escape": strings.Replace(text, `"allow"`, `"\u0061llow"`, 1), "zone": strings.Replace(text, `789Z"`, `789+08:00"`, 1),
		"trailing": text + "{}", "long": text + strings.Repeat(" ", MaxBytes),
	} {
		if _, err := Parse([]byte(bad)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse([]byte(strings.Replace(text, `"v":1`, `"v":2`, 1))); !errors.Is(err, ErrVersion) {
		t.Errorf("version: %v", err)
	}
}

// personal are values of invented people in the forms that people type them.
var personal = []string{
	"13800138000", "+8613800138000", "138-0013-8000", "0571-88886666 ", "11010519491231002X", "110105194912310021", "6222021234567890128",
	"91350100M000100Y43", "zhang.san@example.com", "张三", "欧阳 娜娜", "浙江省杭州市西湖区文三路1号", "Zhang San", "the customer asked for it",
	"2026-03-01 born", "tel13800138000", "192.168.1.20", "a\nb", "<b>", "%E5%BC%A0",
}

// TestNothingPersonalFits puts each personal value into each member that holds text.
func TestNothingPersonalFits(t *testing.T) {
	for _, value := range personal {
		e := full()
		visitText(reflect.ValueOf(&e).Elem(), "", func(path string, text reflect.Value) {
			old := text.String()
			text.SetString(value)
			if _, err := e.Encode(); err == nil {
				t.Errorf("%s takes %q", path, value)
			} else if strings.Contains(err.Error(), value) {
				t.Errorf("%s: error repeats %q", path, value)
			}
			text.SetString(old)
		})
		for key := range full().Facts {
			e.Facts = Facts{key: value}
			if _, err := e.Encode(); err == nil {
				t.Errorf("fact %s takes %q", key, value)
			}
		}
		for _, key := range []string{value, "category." + value} {
			e.Facts = Facts{key: "1"}
			if _, err := e.Encode(); err == nil {
				t.Errorf("facts take the key %q", key)
			}
		}
	}
}

// visitText calls visit for every string in v.
func visitText(v reflect.Value, path string, visit func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		visit(path, v)
	case reflect.Pointer:
		visitText(v.Elem(), path, visit)
	case reflect.Slice:
		for i := range v.Len() {
			visitText(v.Index(i), path+"[]", visit)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			visitText(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	}
}

func TestValidateNamesTheMember(t *testing.T) {
	for member, spoil := range map[string]func(*Entry){
		"prev": func(e *Entry) { e.Prev = Digest{} }, "time": func(e *Entry) { e.Time = e.Time.In(time.FixedZone("x", 3600)) },
		"actor kind": func(e *Entry) { e.Actor.Kind = "robot" }, "actor id": func(e *Entry) { e.Actor.Kind = Customer },
		"verdict": func(e *Entry) { e.Verdict = "maybe" }, "fields": func(e *Entry) { e.Fields = []record.FieldName{"b", "a"} },
		"customers": func(e *Entry) { e.Customers = append(e.Customers, e.Customers[0]) }, "object": func(e *Entry) { e.Object = "cas_1" },
		"reasons": func(e *Entry) { e.Reasons[0].Line = -1 }, "request": func(e *Entry) { e.Request = "x" },
		"facts: sections": func(e *Entry) { e.Facts["sections"] = "-1" }, "facts: unknown key": func(e *Entry) { e.Facts["name"] = "1" },
		"of": func(e *Entry) { e.Of.Writer = "x" }, "customer": func(e *Entry) { e.Customer = "cus_x" },
		"department": func(e *Entry) { e.Actor.Department = "销售部" }, "role": func(e *Entry) { e.Actor.Role = "Boss" },
	} {
		e := full()
		spoil(&e)
		_, err := e.Encode()
		if !errors.Is(err, ErrMalformed) || !strings.HasSuffix(err.Error(), member) {
			t.Errorf("%s: %v", member, err)
		}
	}
	e := full()
	for range MaxList {
		e.Customers = append(e.Customers, e.Customers[0])
	}
	if _, err := e.Encode(); err == nil {
		t.Error("too many customers")
	}
}

func TestLongestEntryFitsABundle(t *testing.T) {
	e := full()
	e.Customers = nil
	for i := range MaxList {
		e.Customers = append(e.Customers, record.CustomerID(record.IDFromBytes(record.PrefixCustomer, [16]byte{byte(i >> 8), byte(i)})))
	}
	slices.Sort(e.Customers)
	if data, err := e.Encode(); err != nil || len(data) > MaxBytes {
		t.Errorf("%d bytes: %v", len(data), err)
	}
}

func TestRequestIDs(t *testing.T) {
	for text, want := range map[string]bool{
		id("req_", 1): true, "5c1f0f3e-9d2a-4c88-8a43-0123456789ab": true, "0123456789abcdef0123456789abcdef": true,
		"JKJaXmPLvHcESHA=": true, "Va_TShP7oAMEJ-A=": true, "1391111222213911": false, "JKJaXmPLvHcESHAA": false, "JKJaXmPLvHcESH==": false, "JKJaXm LvHcESHA=": false,
		"13800138000": false, "5c1f0f3e-9d2a-4c88-8a43-0123456789aB": false, "": false, "req_x": false,
	} {
		if IsRequestID(text) != want {
			t.Errorf("%s: want %t", text, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	e := full()
	data, err := e.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil || !bytes.Equal(again, data) || !json.Valid(data) {
			t.Errorf("%q comes back as %q", data, again)
		}
	})
}

func FuzzRef(f *testing.F) {
	e := full()
	f.Add(Ref{Position: e.Position(), Hash: e.Prev}.String())
	f.Add("wri_:0:0:")
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := ParseRef(text)
		if err == nil && ref.String() != text {
			t.Errorf("%q comes back as %q", text, ref)
		}
	})
}

func TestRefRoundTrip(t *testing.T) {
	e := full()
	ref := Ref{Position: e.Position(), Hash: e.Prev}
	text, err := json.Marshal(ref)
	if err != nil {
		t.Fatal(err)
	}
	var back Ref
	if err := json.Unmarshal(text, &back); err != nil || back != ref || back.IsZero() {
		t.Errorf("%s: %v", text, err)
	}
	for _, bad := range []string{"", "::::", ref.String() + "0", strings.ToUpper(ref.String()), strings.Replace(ref.String(), ":3:", ":03:", 1)} {
		if _, err := ParseRef(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFactKeysAreUnambiguous(t *testing.T) {
	for key := range factKinds {
		if !isName(key) {
			t.Errorf("key %q", key)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e := full()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

// marshalled is the encoding of an entry by encoding/json, which defines the format.
func marshalled(t *rapid.T, e *Entry) []byte {
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// some returns e with members left out: which of them, rapid chooses.
func some(t *rapid.T, e Entry) Entry {
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		switch name := v.Type().Field(i).Name; name {
		case "V", "Deployment", "Writer", "Seq", "Prev", "Time", "Actor", "Action", "Verdict":
		default:
			if rapid.Bool().Draw(t, name) {
				v.Field(i).SetZero()
			}
		}
	}
	if rapid.Bool().Draw(t, "first") {
		e.Seq, e.Prev = 0, Digest{}
	}
	e.Head = Head{Before: pick(t, "before", e.Head.Before), After: pick(t, "after", e.Head.After)}
	e.Actor.Role, e.Actor.Department = pick(t, "role", e.Actor.Role), pick(t, "department", e.Actor.Department)
	e.Time = e.Time.Add(time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "later")))
	e.Customers = e.Customers[:rapid.IntRange(0, len(e.Customers)).Draw(t, "customers")]
	return e
}

func pick[T any](t *rapid.T, label string, value T) T {
	if rapid.Bool().Draw(t, label) {
		var none T
		return none
	}
	return value
}

// The bytes of an entry are those of encoding/json, whichever members it has.
func TestEncodingIsThatOfJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := some(t, full())
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if want := marshalled(t, &e); !bytes.Equal(data, want) {
			t.Fatalf("got  %s\nwant %s", data, want)
		}
	})
}

// No class of text admits a character that JSON would have to escape.
func TestClassesNeedNoEscape(t *testing.T) {
	classes := map[string]func(string) bool{"name": isName, "code": isCode, "role": isRole, "path": isPath, "pack": isPack, "section": isSection,
		"typed id": isTypedID, "count": isCount, "moment": isMoment, "digest": isDigest, "request": IsRequestID}
	for c := range 256 {
		char := string([]byte{byte(c)})
		quoted, err := json.Marshal(char)
		if err == nil && string(quoted) == `"`+char+`"` && c < 0x80 {
			continue
		}
		for name, class := range classes {
			for _, text := range []string{char, "a" + char, "aa" + char + "a", "1" + char, "P06@0123456789abcde" + char, "JKJaXmPLvHcES" + char + "A=",
				"req_" + strings.Repeat("a", 25) + char, "2026-03-01T09:30:00" + char} {
				if class(text) {
					t.Errorf("%s admits %q", name, text)
				}
			}
		}
	}
}

// A moment has one text: to the second, and never before it is true.
func TestMomentsAreSecondsRoundedUp(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	for _, part := range []time.Duration{0, 1, 500 * time.Millisecond, time.Second - 1} {
		want := "2026-03-01T09:30:01Z"
		if part == 0 {
			want = "2026-03-01T09:30:00Z"
		}
		if got := Moment(at.Add(part).In(time.FixedZone("CST", 8*3600))); got != want || !isMoment(got) {
			t.Errorf("%s: %s", part, got)
		}
	}
	for _, bad := range []string{"2026-03-01T09:30:00.5Z", "2026-03-01T09:30:00.000Z", "2026-03-01T17:30:00+08:00", "2026-03-01 09:30:00Z"} {
		if isMoment(bad) {
			t.Errorf("%s is taken for a moment", bad)
		}
	}
}
