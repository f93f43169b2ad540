package embedded_test

import (
	"net/http"
	"strings"
	"testing"

	"kexin/shared/env"
	"kexin/shared/store"
)

// TestCLS03ProfileOfEachLevel follows a value of each level: it lies nowhere as it was typed, a role that may not see it is refused, and the
// highest level needs a second person besides.
func TestCLS03ProfileOfEachLevel(t *testing.T) {
	s := product(t)
	form := byStaff(person(7))
	id := s.create("clerk", form)
	for _, table := range store.Tables() {
		for key, item := range s.rows(table) {
			for field, value := range fieldsOf(form) {
				if len(value) > 11 && strings.Contains(string(item.Body), value) {
					t.Errorf("%s holds %s as it was typed", key, field)
				}
			}
		}
	}
	reveal := map[string]any{"field": "id_number", "purpose": "contract_service", "reason": "verify_identity"}
	if got := s.send(s.request("auditor", http.MethodPost, "/v1/customers/"+id+"/reveals", reveal)); got.status != http.StatusForbidden {
		t.Errorf("an auditor reveals: %d", got.status)
	}
	if got := s.send(s.request("auditor", http.MethodGet, "/v1/customers/"+id+"?purpose=contract_service", nil)); got.status < 400 {
		t.Errorf("an auditor reads: %d", got.status)
	}
	restricted := map[string]any{"field": "home_address", "purpose": "contract_service", "reason": "verify_identity"}
	if got := s.send(s.request("admin", http.MethodPost, "/v1/customers/"+id+"/reveals", restricted)); got.status != http.StatusAccepted || got.text("approval") == "" {
		t.Errorf("one person alone asks for what is restricted: %d, no request for a second person", got.status)
	}
}

// TestSTO04NothingWithoutTLSOrToken: a product store is never told that it is reached over plain HTTP from elsewhere, and nothing is
// transferred to somebody without a token.
func TestSTO04NothingWithoutTLSOrToken(t *testing.T) {
	if _, err := env.Load([]string{"KEXIN_BASE_URL=http://customers.example"}); err == nil {
		t.Error("an address without TLS is taken")
	}
	s := product(t)
	for _, path := range []string{"/v1/customers", "/v1/exports", "/v1/approvals", "/v1/me"} {
		if got := s.send(s.request("", http.MethodGet, path, nil)); got.status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", path, got.status)
		}
	}
	if got := s.send(s.request("", http.MethodGet, "/objects/archives/exports/x", nil)); got.status < 400 {
		t.Errorf("an object without a link: %d", got.status)
	}
}

// TestSTO10BurstIsThrottled: strangers are slowed down, whoever they are, and staff are not; nobody destroys without a token.
func TestSTO10BurstIsThrottled(t *testing.T) {
	s := product(t)
	s.close()
	s.rate = 5
	s.open()
	accepted, refused := 0, 0
	for range 40 {
		got := s.send(s.request("", http.MethodPost, "/v1/forms/service/submissions", map[string]any{}))
		switch got.status {
		case http.StatusTooManyRequests:
			refused++
		default:
			accepted++
		}
	}
	if refused == 0 || accepted < 10 || accepted > 30 {
		t.Errorf("of a burst of 40 with 5 a second %d were looked at and %d refused", accepted, refused)
	}
	if got := s.send(s.request("clerk", http.MethodGet, "/v1/me", nil)); got.status != http.StatusOK {
		t.Errorf("staff during the burst: %d", got.status)
	}
	if got := s.send(s.request("", http.MethodPost, "/v1/customers/cus_aaaaaaaaaaaaaaaaaaaaaaaaaa/destructions", map[string]any{"reason": "correct_data"})); got.status != http.StatusUnauthorized {
		t.Errorf("a destruction without a token: %d", got.status)
	}
}
