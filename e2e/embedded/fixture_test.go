package embedded_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// example is a request of an operation that succeeds.
type example struct {
	as    string
	path  string   // with parameters filled in
	body  filled   // nil: none
	etag  string   // customer whose present version If-Match names, "" for none
	free  []string // paths of members that take any text
	query string   // with its question mark
	want  int
}

// fixture is a site with something for every operation to work on.
type fixture struct {
	*site
	customer, other, destroyed string
	merge, refuse, admit       string // pending records
	ready, waiting             string // exports
	approval                   string
	released                   string
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{site: demonstration(t)}
	f.customer, f.other, f.destroyed = f.create("clerk", person(1)), f.create("clerk", person(2)), f.create("clerk", person(3))
	for _, n := range []int{1, 2, 3} {
		p := brief(n)
		f.submit(p)
		f.job("accept-submissions")
	}
	pending := f.call(200, "admin", "GET", "/v1/pending", nil).list("pending")
	ids := map[string]string{}
	for _, p := range pending {
		match := p.(map[string]any)["matches"].([]any)[0].(map[string]any)["customer"].(string)
		ids[match] = p.(map[string]any)["card"].(map[string]any)["customer"].(string)
	}
	f.merge, f.refuse, f.admit = ids[f.customer], ids[f.other], ids[f.destroyed]
	f.call(202, "admin", "POST", "/v1/customers/"+f.destroyed+"/destructions", map[string]string{"reason": "legal_duty"}, f.etag("admin", f.destroyed)...)
	f.job("purge-expired")
	f.job("seal-audit")
	f.exports()
	return f
}

func (f *fixture) exports() {
	ask := exportRequest()
	for i, id := range []*string{&f.ready, &f.released, &f.waiting} {
		r := f.call(202, "manager", "POST", "/v1/exports", ask, once()...)
		*id, f.approval = r.text("export"), r.text("approval")
		if i < 2 {
			f.call(200, "head", "POST", "/v1/approvals/"+f.approval, map[string]bool{"allow": true})
		}
	}
	f.job("build-export")
}

func exportRequest() filled {
	return filled{"purpose": "contract_service", "reason": "report", "fields": []any{"name", "phone", "id_number"}, "kinds": []any{"individual"},
		"department": "service", "format": "ndjson", "language": "en"}
}

// free texts of a form.
var formTexts = []string{"fields.name", "fields.service_request", "fields.contact_address", "fields.home_address"}

// examples returns a request for every operation, by operation id. n makes those different that create.
func (f *fixture) examples(n int) map[string]example {
	at := func(id string) string { return "/v1/customers/" + id }
	change := filled{"name": "改名", "role": "R2", "title": map[string]any{"zh": "客服", "en": "Agent"}, "department": "service", "nda": "2030-01-01",
		"training": "2030-01-01", "vetting": "2030-01-01", "active": true, "issuer": "https://id.example", "subject": fmt.Sprint("subject-", n)}
	return map[string]example{
		"list-forms":  {path: "/v1/forms"},
		"get-form":    {path: "/v1/forms/service"},
		"submit-form": {path: "/v1/forms/service/submissions", body: person(100 + n), free: formTexts, want: 201},
		"get-keys":    {path: "/v1/keys"},
		"get-config":  {path: "/v1/config"},

		"me":                      {as: "clerk", path: "/v1/me"},
		"policy":                  {as: "clerk", path: "/v1/policy"},
		"create-customer":         {as: "clerk", path: "/v1/customers", body: byStaff(person(200 + n)), free: formTexts, want: 201},
		"search-customers":        {as: "admin", path: at("search"), body: filled{"field": "name", "kind": "exact", "text": "陈知微"}, free: []string{"text"}},
		"list-customers":          {as: "admin", path: "/v1/customers", query: "?limit=5&department=service"},
		"open-customer":           {as: "admin", path: at(f.customer), query: "?purpose=contract_service"},
		"update-customer":         {as: "admin", path: at(f.customer), etag: f.customer, body: filled{"purpose": "contract_service", "fields": map[string]any{"name": "陈知微", "email": nil}}, free: formTexts},
		"customer-history":        {as: "admin", path: at(f.customer) + "/history"},
		"reveal-field":            {as: "admin", path: at(f.customer) + "/reveals", body: filled{"field": "id_number", "purpose": "contract_service", "reason": "verify_identity", "note": "电话核对", "approval": ""}, free: []string{"note"}},
		"hold-customer":           {as: "admin", path: at(f.customer) + "/holds", etag: f.customer, body: filled{"place": true, "reason": "legal_duty"}},
		"withdraw-consent":        {as: "admin", path: at(f.other) + "/withdrawals", etag: f.other, body: filled{"purposes": []any{"marketing"}, "fields": []any{"home_address"}, "channel": "phone"}},
		"destruction-certificate": {as: "admin", path: at(f.destroyed) + "/certificate"},
		"destroy-customer":        {as: "admin", path: at(f.other) + "/destructions", etag: f.other, body: filled{"reason": "legal_duty"}, want: 202},
		"list-pending":            {as: "admin", path: "/v1/pending"},
		"merge-pending":           {as: "admin", path: "/v1/pending/" + f.merge + "/merge", body: filled{"into": f.customer, "version": float64(f.version(f.customer))}},
		"refuse-pending":          {as: "admin", path: "/v1/pending/" + f.refuse + "/refuse", body: filled{"reason": "correct_data"}},
		"admit-pending":           {as: "admin", path: "/v1/pending/" + f.admit + "/admit", body: filled{"version": float64(f.version(f.admit))}},
		"preview-export":          {as: "manager", path: "/v1/exports/preview", body: exportRequest()},
		"request-export":          {as: "manager", path: "/v1/exports", body: exportRequest(), want: 202},
		"list-exports":            {as: "manager", path: "/v1/exports"},
		"get-export":              {as: "manager", path: "/v1/exports/" + f.ready},
		"export-file":             {as: "manager", path: "/v1/exports/" + f.ready + "/file"},
		"release-archive":         {as: "manager", path: "/v1/exports/" + f.released + "/release"},
		"revoke-export":           {as: "manager", path: "/v1/exports/" + f.ready + "/revocations"},
		"read-audit":              {as: "auditor", path: "/v1/audit", query: "?customer=" + f.customer},
		"decide":                  {as: "admin", path: "/v1/policy/decisions", body: filled{"action": "reveal", "customer": f.customer, "field": "id_number", "purpose": "contract_service", "reason": "verify_identity"}, free: []string{"action", "field", "purpose", "reason"}},

		"list-approvals":  {as: "head", path: "/v1/approvals"},
		"answer-approval": {as: "head", path: "/v1/approvals/" + f.approval, body: filled{"allow": true}},
		"list-staff":      {as: "admin", path: "/v1/staff"},
		"change-staff":    {as: "admin", path: "/v1/staff/changes", body: change, free: []string{"name", "title.zh", "title.en", "issuer", "subject"}, want: 202},
	}
}

// last are operations that end what others work on.
var last = []string{"merge-pending", "destroy-customer", "revoke-export"}

// header returns the headers of an example; keys and versions are those of now.
func (f *fixture) header(op operation, e example) []string {
	var header []string
	if op.header("Idempotency-Key") {
		header = append(header, once()...)
	}
	if e.etag != "" {
		header = append(header, f.etag("admin", e.etag)...)
	}
	return header
}

// succeeds sends an example and wants success.
func (f *fixture) succeeds(op operation, e example) reply {
	f.t.Helper()
	want := max(e.want, 200)
	if e.body == nil {
		return f.call(want, e.as, op.Method, e.path+e.query, nil, f.header(op, e)...)
	}
	return f.call(want, e.as, op.Method, e.path+e.query, e.body, f.header(op, e)...)
}

// version returns the version of a customer's head.
func (f *fixture) version(id string) int64 {
	f.t.Helper()
	item, err := f.server.Store.Get(f.t.Context(), rows.HeadKey(record.CustomerID(id)))
	if errors.Is(err, store.ErrNotFound) {
		return 1
	}
	f.must(err)
	return item.Int(store.AttrVersion)
}

// matches reports whether path belongs to an operation's template.
func (op operation) matches(path string) bool {
	want, have := strings.Split(op.Path, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != have[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}
