package embedded_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"kexin/shared/audit"
	"kexin/shared/store"
)

// TestBadInput sends to every operation of the document what it must refuse, and finds in the store what it was before. At the end the
// good request of each operation succeeds, so that it was the one thing that was wrong which was refused.
func TestBadInput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	d := f.document()
	examples := f.examples(0)
	sent := 0
	for _, op := range d.operations {
		e, ok := examples[op.ID]
		if !ok {
			t.Errorf("no example of %s %s (%s)", op.Method, op.Path, op.ID)
			continue
		}
		t.Run(op.ID, func(t *testing.T) {
			b := &bad{fixture: f, t: t, doc: d, op: op, example: e, header: f.header(op, e)}
			before := f.snapshot()
			b.everything()
			f.unchanged(t, before)
			sent += b.sent
		})
	}
	t.Logf("%d bad requests to %d operations", sent, len(d.operations))
	f.t = t
	for _, ending := range []bool{false, true} {
		for _, op := range d.operations {
			if slices.Contains(last, op.ID) == ending {
				f.succeeds(op, f.examples(0)[op.ID])
			}
		}
	}
	f.job("accept-submissions")
	f.job("seal-audit")
	f.clean()
}

// snapshot returns everything that is stored. Of the audit log only acts count: refusals and questions are added to it.
func (s *site) snapshot() map[store.Key]string {
	all := map[store.Key]string{}
	for _, table := range store.Tables() {
		for key, item := range s.rows(table) {
			var e audit.Entry
			if table == store.Audit && (!strings.HasPrefix(key.PK, "LANE#") || json.Unmarshal(item.Body, &e) == nil && harmless(e)) {
				continue
			}
			all[key] = fmt.Sprintf("%x %v", item.Body, item.Attrs)
		}
	}
	return all
}

// harmless reports whether an entry records that nothing was changed.
func harmless(e audit.Entry) bool {
	return e.Verdict == audit.Deny || e.Code == "preview" || slices.Contains([]string{"list", "search", "read", "history", "audit_read", "decide", "certificate"}, e.Action)
}

// unchanged fails when anything is stored that was not, or the other way round.
func (s *site) unchanged(t *testing.T, before map[store.Key]string) {
	t.Helper()
	now := s.snapshot()
	for key := range maps.Keys(now) {
		if now[key] != before[key] {
			t.Errorf("%v was stored", key)
		}
	}
	for key := range maps.Keys(before) {
		if _, ok := now[key]; !ok {
			t.Errorf("%v was removed", key)
		}
	}
}

// bad sends bad requests to one operation.
type bad struct {
	*fixture
	t       *testing.T
	doc     document
	op      operation
	example example
	header  []string
	sent    int
}

func (b *bad) everything() {
	b.bodies()
	b.headers()
	b.paths()
	b.queries()
	b.methods()
}

// request returns the good request with another body.
func (b *bad) request(body any) *http.Request {
	b.t.Helper()
	return b.fixture.request(b.example.as, b.op.Method, b.example.path+b.example.query, body, b.header...)
}

// good returns the good request.
func (b *bad) good() *http.Request {
	if b.example.body == nil {
		return b.request(nil)
	}
	return b.request(b.example.body)
}

// refused sends r and wants a problem that names field, with one of statuses, any of 4xx when there are none.
func (b *bad) refused(what, field string, r *http.Request, statuses ...int) reply {
	b.t.Helper()
	b.sent++
	answer := b.send(r)
	problemOf(b.t, what, answer, field, statuses...)
	return answer
}

// problemOf wants answer to be a problem that names field and says nothing back.
func problemOf(t *testing.T, what string, answer reply, field string, statuses ...int) {
	t.Helper()
	if answer.status < 400 || answer.status > 499 || len(statuses) > 0 && !slices.Contains(statuses, answer.status) {
		t.Errorf("%s: %d, want %v: %s", what, answer.status, statuses, answer.body)
		return
	}
	if got := answer.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("%s: %d as %q: %s", what, answer.status, got, answer.body)
	}
	if !strings.HasPrefix(answer.text("type"), "/problems/") || answer.text("title") == "" || answer.get("status") != float64(answer.status) ||
		!strings.HasPrefix(answer.text("instance"), "urn:kexin:request:") {
		t.Errorf("%s: incomplete problem: %s", what, answer.body)
	}
	if field != "" && !slices.Contains(answer.fields(), field) {
		t.Errorf("%s: the problem names %v, not %s: %s", what, answer.fields(), field, answer.body)
	}
	if whole := string(answer.body) + fmt.Sprint(answer.header); strings.Contains(whole, marker) || strings.Contains(whole, "13912345678") {
		t.Errorf("%s: the value comes back: %s", what, whole)
	}
}

// fields returns the fields that a problem names.
func (r reply) fields() []string {
	var names []string
	for _, e := range r.list("errors") {
		name, _ := e.(map[string]any)["field"].(string)
		names = append(names, name)
	}
	return names
}

func (b *bad) bodies() {
	schema, ok := b.doc.body(b.op)
	if !ok {
		if b.op.Method != http.MethodGet {
			b.refused("body where there is none", "", b.request(map[string]string{"a": marker}))
		}
		return
	}
	for _, twist := range b.doc.twists(schema, b.example.body, b.example.free) {
		field := ""
		if twist.field != "" {
			field = "body." + twist.field
		}
		b.twisted(twist.name, field, twist.raw)
	}
	raw, err := json.Marshal(b.example.body)
	b.must(err)
	for _, kind := range []string{"", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
		"application/json; charset=gbk", "application/jsonx", "json/application", "application/json, text/plain", ";", marker} {
		r := b.request(raw)
		r.Header.Set("Content-Type", kind)
		b.refused("content type "+kind, "", r, http.StatusUnsupportedMediaType, http.StatusBadRequest)
	}
	for _, name := range []string{"Content-Encoding", "Content-Type"} {
		r := b.request(raw)
		r.Header.Add(name, "gzip")
		b.refused("another "+name, "", r, http.StatusUnsupportedMediaType, http.StatusBadRequest)
	}
}

// twisted sends a twisted body. An array's items are named by the array or by themselves.
func (b *bad) twisted(what, field string, raw []byte) {
	b.t.Helper()
	b.sent++
	answer := b.send(b.request(raw))
	problemOf(b.t, what, answer, "")
	b.names(what, field, answer)
}

// names wants a problem to name field, or to say that the rules do not allow what it asks for.
func (b *bad) names(what, field string, answer reply) {
	b.t.Helper()
	named := slices.ContainsFunc(answer.fields(), func(name string) bool {
		return near(name, field) || answer.status == http.StatusForbidden && name == "decision"
	})
	if field != "" && !named {
		b.t.Errorf("%s: the problem names %v, not %s: %s", what, answer.fields(), field, answer.body)
	}
}

// near reports whether a problem's field is the one at fault, or lies in it or right around it where the whole is at fault.
func near(name, field string) bool {
	return name == field || strings.HasPrefix(name, field+"[") || strings.HasPrefix(name, field+".") ||
		strings.HasPrefix(field, name+"[") || name == "body" && bytes.Contains([]byte(field), []byte("."))
}

func (b *bad) headers() {
	if b.op.header("Idempotency-Key") {
		b.header1("Idempotency-Key", 400, "short", "2f1f0f5c-6f0e-4c39-9d3e-1b0d3c7f1a2b", strings.Repeat("ab", 40), strings.Repeat("a", 30), marker+"/+=", "ключключключключключключ")
	}
	if b.example.etag == "" {
		return
	}
	b.header1("If-Match", 428, "7", "*", `W/"7"`, `"7", "8"`, `"-1"`, `"01"`, `"99999999999999999999"`, `"`+marker+`"`, `""`)
	for _, stale := range []string{`"0"`, `"424242"`} {
		r := b.good()
		r.Header.Set("If-Match", stale)
		b.refused("stale If-Match", "", r, http.StatusPreconditionFailed)
	}
}

// header1 sends a header not at all, twice, and with values that are none.
func (b *bad) header1(name string, missing int, wrong ...string) {
	b.t.Helper()
	r := b.good()
	r.Header.Del(name)
	b.refused("no "+name, "header."+name, r, missing)
	r = b.good()
	r.Header.Add(name, r.Header.Get(name))
	b.refused("two of "+name, "header."+name, r, 400)
	for _, value := range wrong {
		r := b.good()
		r.Header.Set(name, value)
		b.refused(name+" "+value, "header."+name, r, 400)
	}
}

// paths fills the parameter of the path with what is none.
func (b *bad) paths() {
	at := strings.Index(b.op.Path, "{")
	if at < 0 {
		return
	}
	rest := b.op.Path[strings.Index(b.op.Path, "}")+1:]
	for _, id := range []string{marker, url.PathEscape("张三"), "%00", "%ff", "%2e%2e", "cus_aaaaaaaaaaaaaaaaaaaaaaaaab", "cus_AAAAAAAAAAAAAAAAAAAAAAAAAA", "cus_",
		"sub_aaaaaaaaaaaaaaaaaaaaaaaaaa", strings.Repeat("a", 3000), "a%2Fb", "%0d%0aX-Injected:%20" + marker, "%7B" + marker + "%7D", "%20"} {
		r := b.good()
		parsed, err := url.Parse(b.web.URL + b.op.Path[:at] + id + rest + b.example.query)
		b.must(err)
		r.URL = parsed
		b.refused("path "+id, "", r)
	}
	for _, prefix := range []string{"cus_", "exp_", "apr_"} {
		r := b.good()
		r.URL.Path = b.op.Path[:at] + prefix + "aaaaaaaaaaaaaaaaaaaaaaaaaa" + rest
		b.refused("id of nothing", "", r)
	}
}

func (b *bad) queries() {
	base := strings.TrimPrefix(b.example.query, "?")
	with := func(more string) *http.Request {
		r := b.good()
		r.URL.RawQuery = strings.Trim(base+"&"+more, "&")
		return r
	}
	b.refused("unknown parameter", "query.unknownParameter", with("unknownParameter=1"))
	b.refused("unknown parameter named like a value", "query.?", with(marker+"=1"))
	b.refused("broken escape", "", with("a=%zz"))
	b.refused("semicolon", "", with("a=1;b=2"))
	for _, p := range b.op.Params {
		if p.In != "query" {
			continue
		}
		b.refused("parameter twice", "query."+p.Name, with(p.Name+"=a&"+p.Name+"=b"))
		for _, value := range []string{"%00", "%ff", ""} {
			r := b.good()
			r.URL.RawQuery = p.Name + "=" + value
			b.refused(p.Name+"="+value, "", r)
		}
		if p.Required {
			r := b.good()
			r.URL.RawQuery = ""
			b.refused("no "+p.Name, "query."+p.Name, r)
		}
		b.wrongParameter(p.Name, p.Schema)
	}
}

func (b *bad) wrongParameter(name string, s schema) {
	wrong := []string{url.QueryEscape(marker + " 张三"), strings.Repeat("a", 2100)}
	if s.has("integer") {
		wrong = append(wrong, "0", "-1", "101", "1.5", "abc", "9999999999999999999999", "0x10", "+1", "%201")
	}
	for _, value := range wrong {
		r := b.good()
		r.URL.RawQuery = name + "=" + value
		for pair := range strings.SplitSeq(strings.TrimPrefix(b.example.query, "?"), "&") {
			if !strings.HasPrefix(pair, name+"=") {
				r.URL.RawQuery += "&" + pair
			}
		}
		b.sent++
		answer := b.send(r)
		problemOf(b.t, name+"="+value, answer, "")
		b.names(name+"="+value, "query."+name, answer)
	}
}

// methods sends every method that no operation of the path takes.
func (b *bad) methods() {
	taken := map[string]bool{}
	for _, op := range b.doc.operations {
		if op.matches(b.example.path) {
			taken[op.Method] = true
		}
	}
	taken[http.MethodHead] = taken[http.MethodGet]
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", marker} {
		if taken[method] {
			continue
		}
		r := b.good()
		r.Method = method
		b.sent++
		answer := b.send(r)
		if method == http.MethodHead {
			if answer.status != http.StatusMethodNotAllowed {
				b.t.Errorf("HEAD: %d", answer.status)
			}
			continue
		}
		problemOf(b.t, "method "+method, answer, "", http.StatusMethodNotAllowed)
		if answer.header.Get("Allow") == "" {
			b.t.Errorf("method %s: no Allow", method)
		}
	}
}
