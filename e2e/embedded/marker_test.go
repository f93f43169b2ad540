package embedded_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kexin/shared/archive"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// marks collects every value that must be nowhere in clear.
type marks map[string]string

// person returns a form whose every field holds a value that is found nowhere else.
func (m marks) person(label string, n int) filled {
	f := person(n)
	f["fields"] = map[string]string{"name": "欧阳" + suffix(n), "phone": fmt.Sprintf("1397%07d", 1234567+n*1111), "email": fmt.Sprintf("marker-%d-qx@example.com", n),
		"gender": "undisclosed", "service_request": "标记需求" + suffix(n) + "qx", "contact_address": "杭州市标记路" + suffix(n) + "号",
		"id_number": vaulttest.IDNumber(700 + n), "home_address": "杭州市标记里" + suffix(n) + "幢"}
	m.fields(label, fieldsOf(f))
	return f
}

// firm is person for an organisation.
func (m marks) firm(label string, n int) filled {
	f := firm(n)
	f["fields"] = map[string]string{"company_name": "杭州标记" + suffix(n) + "有限公司", "contact_person_name": "诸葛" + suffix(n), "phone": fmt.Sprintf("1367%07d", 7654321-n*1111),
		"email": fmt.Sprintf("firm-%d-qx@example.com", n), "uscc": creditCode(4321 + n), "service_request": "标记保洁" + suffix(n), "contact_address": "杭州市标记园" + suffix(n)}
	m.fields(label, fieldsOf(f))
	return f
}

// suffix returns three characters that stand for n.
func suffix(n int) string {
	const digits = "甲乙丙丁戊己庚辛壬癸"
	list := []rune(digits)
	return string([]rune{list[n/100%10], list[n/10%10], list[n%10]}) + "槐"
}

func (m marks) fields(label string, fields map[string]string) {
	for name, value := range fields {
		if name == "gender" {
			continue // one of three words of the pack
		}
		m[label+"."+name] = value
		switch name {
		case "phone":
			m[label+".phone masked"] = value[:3] + "****" + value[7:]
		case "id_number":
			m[label+".id_number body"] = value[3:16]
		case "email":
			m[label+".email local part"] = strings.TrimSuffix(value, "@example.com")
		}
	}
}

// secret adds a value that is no field and returns it.
func (m marks) secret(name, value string) string {
	m[name] = value
	return value
}

func TestNothingInClear(t *testing.T) {
	t.Parallel()
	t.Run("demonstration", func(t *testing.T) { t.Parallel(); markerRun(t, demonstration(t)) })
	t.Run("product", func(t *testing.T) { t.Parallel(); markerRun(t, product(t)) })
}

// markerRun lets every flow run over marked values and looks for them wherever something is left behind.
func markerRun(t *testing.T, s *site) {
	m := marks{}
	w := &walk{site: s, marks: m}
	w.collect()
	w.use()
	w.change()
	w.export()
	w.mistakes()
	s.job("seal-audit")
	s.clean()
	w.nowhere("while the customers live")
	w.destroy()
	s.job("seal-audit")
	w.nowhere("after the destruction")
	w.certificates()
	s.clean()
}

// walk is one pass through all flows.
type walk struct {
	*site
	marks             marks
	one, two, company string // customers
	members           []string
}

// nowhere looks into files and logs. Store files are read while the store is closed, so that all of it lies in them.
func (w *walk) nowhere(when string) {
	w.t.Helper()
	for subject, token := range w.tokens {
		w.marks["token of "+subject] = token
		w.marks["signature of the token of "+subject] = token[strings.LastIndex(token, ".")+1:]
	}
	n := looking(w.t, w.marks)
	w.close()
	if files := n.sweepFiles(w.t, w.dir); files < 5 {
		w.t.Errorf("%s: only %d files", when, files)
	}
	log := w.log.bytes()
	n.sweep(w.t, "the log", log)
	looking(w.t, w.asMarks(w.members)).sweep(w.t, "the log", log)
	if !bytes.Contains(log, []byte(`"pattern":"POST /v1/customers/search"`)) {
		w.t.Errorf("%s: the log does not hold what was done", when)
	}
	keys := keysOn(w.t, w.dir, w.passphrase())
	for _, c := range keys.carve(keys.fileKey) {
		n.sweep(w.t, "keys.db or log, opened, "+c.row, c.plain)
	}
	w.open()
}

// passphrase returns what opens the site's key file.
func (s *site) passphrase() []byte {
	if s.issuer == nil {
		return nil
	}
	return []byte(passphrase)
}

func (w *walk) asMarks(list []string) marks {
	m := marks{}
	for _, text := range list {
		m[text] = text
	}
	return m
}

// collect: public forms that become live, pending and merged, pending and refused; customers entered by staff.
func (w *walk) collect() {
	first := w.marks.person("first", 1)
	w.submit(first)
	w.job("accept-submissions") // a sweep takes them in no order
	second := w.marks.person("second", 2)
	fieldsOf(second)["phone"] = fieldsOf(first)["phone"]
	delete(fieldsOf(second), "home_address") // merging L3 is not the console's
	third := w.marks.person("third", 3)
	fieldsOf(third)["email"] = fieldsOf(first)["email"]
	w.submit(second)
	w.submit(third)
	w.job("accept-submissions")
	live := w.find("admin", fieldsOf(first)["phone"])
	if len(live) != 1 {
		w.t.Fatalf("live customers with the first phone number: %v", live)
	}
	w.one = live[0]
	pending := w.call(200, "admin", "GET", "/v1/pending", nil).list("pending")
	if len(pending) != 2 {
		w.t.Fatalf("pending: %v", pending)
	}
	for _, p := range pending {
		item := p.(map[string]any)
		id := item["card"].(map[string]any)["customer"].(string)
		masked, _ := item["card"].(map[string]any)["fields"].(map[string]any)["phone"].(map[string]any)["masked"].(string)
		if strings.HasSuffix(masked, fieldsOf(first)["phone"][7:]) {
			w.call(200, "admin", "POST", "/v1/pending/"+id+"/merge", map[string]any{"into": w.one, "version": item["version"]})
		} else {
			w.call(200, "admin", "POST", "/v1/pending/"+id+"/refuse", map[string]string{"reason": "correct_data"})
		}
	}
	w.two = w.create("clerk", w.marks.person("fourth", 4))
	w.company = w.create("clerk", w.marks.firm("firm", 5))
}

// use: every kind of search, lists, reads, reveals of L2 and L3 with typed notes.
func (w *walk) use() {
	for field, value := range map[string]string{"phone": w.marks["fourth.phone"], "email": w.marks["fourth.email"], "id_number": w.marks["fourth.id_number"],
		"uscc": w.marks["firm.uscc"]} {
		w.search(field, "identifier", value)
	}
	w.search("name", "exact", w.marks["fourth.name"])
	w.search("name", "two", "欧阳")
	w.search("name", "initials", "oyj")
	w.search("phone", "last4", w.marks["fourth.phone"][7:])
	w.search("company_name", "exact", w.marks["firm.company_name"])
	w.call(200, "admin", "POST", "/v1/customers/search", map[string]string{"field": "name", "kind": "exact", "text": w.marks.secret("search of nobody", "查无此人标记槐序")})
	w.call(200, "manager", "GET", "/v1/customers?limit=10", nil)
	w.call(200, "clerk", "GET", "/v1/customers/"+w.two+"?purpose=contract_service", nil)
	r := w.call(200, "clerk", "POST", "/v1/customers/"+w.two+"/reveals", map[string]string{"field": "id_number", "purpose": "contract_service",
		"reason": "verify_identity", "note": w.marks.secret("note", "核对标记备注槐序")})
	if r.text("value") != w.marks["fourth.id_number"] {
		w.t.Fatalf("revealed: %s", r.body)
	}
	w.revealRestricted()
	w.call(200, "auditor", "GET", "/v1/audit?customer="+w.two, nil)
	w.call(200, "head", "GET", "/v1/customers/"+w.two+"/history", nil)
}

func (w *walk) search(field, kind, text string) {
	w.t.Helper()
	r := w.call(200, "admin", "POST", "/v1/customers/search", map[string]string{"field": field, "kind": kind, "text": text})
	if len(r.list("customers")) == 0 {
		w.t.Errorf("search of %s by %s finds nobody", field, kind)
	}
}

// revealRestricted asks for an L3 value, has it approved, and opens it.
func (w *walk) revealRestricted() {
	ask := map[string]string{"field": "home_address", "purpose": "contract_service", "reason": "fulfil_order", "note": w.marks.secret("restricted note", "上门标记备注槐序")}
	path := "/v1/customers/" + w.two + "/reveals"
	approval := w.call(202, "head", "POST", path, ask).text("approval")
	w.call(200, "auditor", "POST", "/v1/approvals/"+approval, map[string]bool{"allow": true})
	ask["approval"] = approval
	if r := w.call(200, "head", "POST", path, ask); r.text("value") != w.marks["fourth.home_address"] {
		w.t.Fatalf("revealed: %s", r.body)
	}
}

// change: updates of all levels, withdrawal of one separate consent, a hold placed and lifted, a change of the staff register.
func (w *walk) change() {
	changed := map[string]string{"name": "司马标记槐", "phone": "13577650321", "email": "changed-qx@example.com", "contact_address": "杭州市改标记路九号"}
	w.marks.fields("changed", changed)
	w.call(200, "admin", "PATCH", "/v1/customers/"+w.two, map[string]any{"purpose": "contract_service", "fields": changed}, w.etag("admin", w.two)...)
	home := w.marks.secret("changed.home_address", "杭州市改标记里八幢")
	w.call(200, "admin", "PATCH", "/v1/customers/"+w.two, map[string]any{"purpose": "contract_service", "fields": map[string]string{"home_address": home}}, w.etag("admin", w.two)...)
	w.call(200, "admin", "POST", "/v1/customers/"+w.one+"/withdrawals", map[string]any{"fields": []string{"home_address"}, "channel": "phone"}, w.etag("admin", w.one)...)
	w.call(200, "admin", "POST", "/v1/customers/"+w.company+"/holds", map[string]any{"place": true, "reason": "legal_duty"}, w.etag("admin", w.company)...)
	w.call(200, "admin", "POST", "/v1/customers/"+w.company+"/holds", map[string]any{"place": false, "reason": "legal_duty"}, w.etag("admin", w.company)...)
	w.members = append(w.members, "标记员工槐序", "marker-subject-of-staff")
	r := w.call(202, "admin", "POST", "/v1/staff/changes", map[string]any{"name": "标记员工槐序", "role": "R2", "title": record.Text{ZH: "客服", EN: "Agent"},
		"department": "service", "active": true, "issuer": "https://marker.example", "subject": "marker-subject-of-staff"}, once()...)
	w.call(200, "auditor", "POST", "/v1/approvals/"+r.text("approval"), map[string]bool{"allow": true})
}

// export: asked for, approved, built, released and opened, so that it is known to hold the values.
func (w *walk) export() {
	ask := map[string]any{"purpose": "contract_service", "reason": "report", "fields": []string{"name", "phone", "id_number", "contact_address"},
		"format": "csv", "language": "zh"}
	w.call(200, "manager", "POST", "/v1/exports/preview", ask)
	r := w.call(202, "manager", "POST", "/v1/exports", ask, once()...)
	id := r.text("export")
	w.call(200, "head", "POST", "/v1/approvals/"+r.text("approval"), map[string]bool{"allow": true})
	w.job("build-export")
	if state := w.call(200, "manager", "GET", "/v1/exports/"+id, nil).text("state"); state != "ready" {
		w.t.Fatalf("export is %s\n%s", state, w.log.tail())
	}
	released := w.call(200, "manager", "POST", "/v1/exports/"+id+"/release", nil)
	key, err := archive.ParseKey(w.marks.secret("archive key", released.text("key")))
	w.must(err)
	w.marks.secret("raw archive key", string(key))
	response, err := http.Get(released.text("link"))
	w.must(err)
	defer func() { _ = response.Body.Close() }()
	plain, _, err := archive.NewReader(response.Body, key)
	w.must(err)
	content, err := io.ReadAll(plain)
	w.must(err)
	if !bytes.HasPrefix(content, []byte("PK")) {
		w.t.Error("the archive does not open to a ZIP file")
	}
}

// mistakes: values in places where they do not belong.
func (w *walk) mistakes() {
	mark := w.marks.secret("mistake", "QxMarker7741Mistake")
	name := w.marks.secret("mistaken name", "误填标记槐序")
	bad := person(9)
	fieldsOf(bad)["phone"], fieldsOf(bad)["name"], fieldsOf(bad)["id_number"] = mark, name, w.marks.secret("wrong check digit", "339999196103150421")
	fieldsOf(bad)[mark] = name
	bad["kind"] = mark
	answers := []reply{w.call(422, "", "POST", "/v1/forms/service/submissions", bad, once()...)}
	escaped := "%E8%AF%AF%E5%A1%AB%E6%A0%87%E8%AE%B0%E6%A7%90%E5%BA%8F"
	for _, r := range []*http.Request{
		w.request("admin", "GET", "/v1/customers/"+mark+"?purpose=contract_service", nil),
		w.request("admin", "GET", "/v1/customers?"+mark+"="+escaped, nil),
		w.request("admin", "GET", "/v1/customers?owner="+mark, nil),
		w.request("admin", "GET", "/v1/customers/"+w.two+"?purpose="+mark, nil),
		w.request("admin", "GET", "/"+escaped, nil),
		w.request("", "POST", "/v1/forms/"+mark+"/submissions", bad, once()...),
		w.request("", "POST", "/v1/forms/service/submissions", []byte(`{"`+name+`":"`+mark), once()...),
		w.request("admin", "POST", "/v1/customers/search", map[string]string{"field": mark, "kind": "exact", "text": name}),
		w.request("admin", "POST", "/v1/customers/"+w.two+"/reveals", map[string]string{"field": mark, "purpose": mark, "reason": mark, "note": name}),
		w.request("admin", "POST", "/v1/policy/decisions", map[string]string{"action": mark, "field": mark, "purpose": mark, "reason": mark}),
		w.request("", "GET", "/v1/forms", nil, "User-Agent", mark, "Referer", "https://"+mark+".example/"+mark, "Cookie", "a="+mark, "X-Request-Id", mark,
			"X-Forwarded-For", mark, "X-Amzn-Trace-Id", mark, "Accept-Language", mark, "Origin", "https://"+mark),
		w.request("", mark, "/v1/forms", nil),
	} {
		answers = append(answers, w.send(r))
	}
	n := looking(w.t, marks{"mistake": mark, "mistaken name": name})
	for i, answer := range answers {
		n.sweep(w.t, fmt.Sprintf("answer %d", i), answer.body)
		n.sweep(w.t, fmt.Sprintf("header of answer %d", i), fmt.Append(nil, answer.header))
		if answer.status >= 500 {
			w.t.Errorf("answer %d: %d %s", i, answer.status, answer.body)
		}
	}
}

// destroy ends both people: the shred keys that their heads named before are nowhere afterwards, and a copy of keys.db that was taken
// before does not open with the key file of now.
func (w *walk) destroy() {
	shreds := w.shreds(w.one, w.two)
	w.close()
	copied := w.t.TempDir()
	w.copyTo(copied)
	w.open()
	before := keysOn(w.t, copied, w.passphrase())
	if !holdsAny(before.carve(before.fileKey), shreds) {
		w.t.Fatal("the shred keys are not found where they are known to be")
	}
	for _, id := range []string{w.one, w.two} {
		w.call(202, "admin", "POST", "/v1/customers/"+id+"/destructions", map[string]string{"reason": "legal_duty"}, w.etag("admin", id)...)
	}
	running := w.t.TempDir()
	w.copyTo(running) // the heads as they are now lie in the log
	logged := keysOn(w.t, running, w.passphrase())
	if !holdsAny(keysFiles{log: logged.log}.carve(logged.fileKey), shreds) {
		w.t.Error("the shred keys are not found in the log, where they are known to be")
	}
	if w.issuer == nil {
		w.must(w.server.Clock.Advance(24 * time.Hour))
	}
	w.job("purge-expired")
	w.call(404, "admin", "GET", "/v1/customers/"+w.one+"?purpose=contract_service", nil)
	w.close()
	now := keysOn(w.t, w.dir, w.passphrase())
	n := looking(w.t, shreds)
	n.sweepFiles(w.t, w.dir)
	rows := now.carve(now.fileKey)
	if len(rows) == 0 || holdsAny(rows, shreds) {
		w.t.Errorf("after the destruction keys.db and log open to %d rows; shred keys among them: %t", len(rows), holdsAny(rows, shreds))
	}
	for _, old := range []keysFiles{before, logged} {
		if rows := old.carve(now.fileKey); len(rows) > 0 {
			w.t.Errorf("the key file of now opens %d rows of keys.db and log of before", len(rows))
		}
	}
	w.open()
}

// shreds returns the shred keys of customers.
func (w *walk) shreds(customers ...string) marks {
	found := marks{}
	for _, id := range customers {
		item, err := w.server.Store.Get(w.t.Context(), rows.HeadKey(record.CustomerID(id)))
		w.must(err)
		head, err := rows.DecodeHead(item)
		w.must(err)
		for _, section := range head.Sections {
			found["shred key of "+id+" "+string(section.ID)] = string(section.Shred)
		}
	}
	if len(found) < 4 {
		w.t.Fatalf("only %d shred keys", len(found))
	}
	return found
}

func holdsAny(list []carved, secrets marks) bool {
	for _, c := range list {
		for _, secret := range secrets {
			if bytes.Contains(c.plain, []byte(secret)) {
				return true
			}
		}
	}
	return false
}

// copyTo copies key file and store files.
func (w *walk) copyTo(dir string) {
	w.must(os.Mkdir(filepath.Join(dir, "store"), 0o700))
	names := []string{"kexin.key", filepath.Join("store", "keys.db"), filepath.Join("store", "main.db")}
	for _, path := range logOn(w.t, w.dir) {
		names = append(names, filepath.Join("store", filepath.Base(path)))
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(w.dir, name))
		w.must(err)
		w.must(os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
}

// certificates of both destructions can be had, and hold no value either.
func (w *walk) certificates() {
	n := looking(w.t, w.marks)
	for _, id := range []string{w.one, w.two} {
		n.sweep(w.t, "the certificate", w.call(200, "admin", "GET", "/v1/customers/"+id+"/certificate", nil).body)
	}
	for key := range w.rows(store.Records) {
		if strings.Contains(key.PK, w.one) || strings.Contains(key.PK, w.two) {
			w.t.Errorf("%v is left", key)
		}
	}
}
