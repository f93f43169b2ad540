package embedded_test

import (
	"strings"
	"testing"
)

// TestCursorsAndDefaultList: who may list several departments sees their customers without naming one, page by page; the cursor that
// leads on says nothing, and is good for nobody else, for no other list and for nothing when it was altered.
func TestCursorsAndDefaultList(t *testing.T) {
	s := demonstration(t)
	want := map[string]bool{}
	for n := range 3 {
		want[s.create("admin", person(n+1))] = true
	}
	seen, cursor, first := 0, "", ""
	for {
		path := "/v1/customers?limit=1"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		page := s.call(200, "admin", "GET", path, nil)
		for _, card := range page.list("customers") {
			if !want[card.(map[string]any)["customer"].(string)] {
				t.Errorf("lists %v", card)
			}
			seen++
		}
		if cursor, _ = page.get("next").(string); cursor == "" {
			break
		}
		if first == "" {
			first = cursor
		}
	}
	if seen != len(want) || first == "" {
		t.Fatalf("%d customers on all pages, want %d", seen, len(want))
	}
	if got := len(s.call(200, "head", "GET", "/v1/customers", nil).list("customers")); got != len(want) {
		t.Errorf("the head of the department sees %d", got)
	}
	if got := len(s.call(200, "sales", "GET", "/v1/customers", nil).list("customers")); got != 0 {
		t.Errorf("sales sees %d customers of another department", got)
	}
	s.call(403, "auditor", "GET", "/v1/customers", nil)
	altered := strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, first)
	for name, c := range map[string][2]string{
		"another person": {"head", "/v1/customers?limit=1&cursor=" + first}, "another filter": {"admin", "/v1/customers?department=service&cursor=" + first},
		"another list": {"admin", "/v1/pending?cursor=" + first}, "altered": {"admin", "/v1/customers?cursor=" + altered},
		"shortened": {"admin", "/v1/customers?cursor=" + first[:10]},
	} {
		if r := s.call(422, c[0], "GET", c[1], nil); !strings.Contains(string(r.body), `"query.cursor"`) {
			t.Errorf("%s: %s", name, r.body)
		}
	}
}
