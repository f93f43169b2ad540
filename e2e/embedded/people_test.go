package embedded_test

import (
	"fmt"

	"kexin/shared/vaulttest"
)

// filled is a form as it is sent.
type filled = map[string]any

// person returns the filled form service of invented person n, with a value in every field of every level.
func person(n int) filled {
	return filled{"kind": "individual", "channel": "online_form", "notice": "service/1", "language": "zh",
		"consents":          map[string]bool{"contract_service": true, "customer_service": true, "marketing": true},
		"separate_consents": map[string]bool{"id_number": true, "home_address": true},
		"fields": map[string]string{"name": vaulttest.Name(n), "phone": phoneOf(n), "email": vaulttest.Email(n), "gender": "undisclosed",
			"service_request": fmt.Sprintf("每周清洁一次，第%d号", n), "contact_address": fmt.Sprintf("杭州市西湖区春和路%d号", n+1),
			"id_number": vaulttest.IDNumber(n), "home_address": fmt.Sprintf("杭州市西湖区春和里%d幢", n+1)}}
}

// phoneOf returns an invented mobile number.
func phoneOf(n int) string { return fmt.Sprintf("138%08d", n%100000000) }

// brief returns the form of person n with name and phone only.
func brief(n int) filled {
	f := person(n)
	f["fields"] = map[string]string{"name": vaulttest.Name(n), "phone": phoneOf(n)}
	f["separate_consents"] = map[string]bool{}
	return f
}

// byStaff returns a form as staff send it to create a customer whom they have on the phone.
func byStaff(f filled) filled {
	f["form"], f["channel"] = "service", "phone"
	f["evidence"] = map[string]string{"script": "script-service-1"}
	return f
}

// fieldsOf returns the fields of a form.
func fieldsOf(f filled) map[string]string { return f["fields"].(map[string]string) }

// firm returns the filled form of an invented organisation.
func firm(n int) filled {
	f := brief(n)
	f["kind"] = "enterprise"
	f["fields"] = map[string]string{"company_name": fmt.Sprintf("杭州知微%d科技有限公司", n), "contact_person_name": vaulttest.Name(n),
		"phone": phoneOf(n), "uscc": creditCode(n), "service_request": "办公室保洁"}
	return f
}

// creditCode returns an invented unified social credit code with its check character (GB 32100).
func creditCode(n int) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	body := fmt.Sprintf("91339999MA%07d", n%10000000)
	weight, sum := 1, 0
	for i := range body {
		for v := range alphabet {
			if alphabet[v] == body[i] {
				sum += v * weight
			}
		}
		weight = weight * 3 % 31
	}
	return body + string(alphabet[(31-sum%31)%31])
}

// submit sends a public form and returns the submission's answer.
func (s *site) submit(f filled) reply {
	s.t.Helper()
	return s.call(201, "", "POST", "/v1/forms/service/submissions", f, once()...)
}

// create enters a customer as an account and returns its id.
func (s *site) create(as string, f filled) string {
	s.t.Helper()
	return s.call(201, as, "POST", "/v1/customers", byStaff(f), once()...).text("customer")
}

// find returns the ids of the customers with a phone number.
func (s *site) find(as, phone string) []string {
	s.t.Helper()
	r := s.call(200, as, "POST", "/v1/customers/search", map[string]string{"field": "phone", "kind": "identifier", "text": phone})
	var ids []string
	for _, card := range r.list("customers") {
		ids = append(ids, card.(map[string]any)["customer"].(string))
	}
	return ids
}

// etag returns the If-Match header of a customer's present version.
func (s *site) etag(as, customer string) []string {
	s.t.Helper()
	r := s.call(200, as, "GET", "/v1/customers/"+customer+"?purpose=contract_service", nil)
	return []string{"If-Match", r.header.Get("ETag")}
}
