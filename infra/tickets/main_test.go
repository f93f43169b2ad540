package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	clean  = `{"config":{"scanner_name":"govulncheck"}}`
	called = clean + `{"finding":{"osv":"GO-2021-0113","fixed_version":"v0.3.7","trace":[{"module":"golang.org/x/text","package":"golang.org/x/text/language","function":"Parse"},{"module":"kexin","package":"kexin/cmd","function":"main"}]}}`
	// Imported but not called: no ticket.
	imported = clean + `{"finding":{"osv":"GO-2020-0015","trace":[{"module":"golang.org/x/text","package":"golang.org/x/text/encoding"}]}}`
)

// TestINC06FindingOpensATicket follows a vulnerability from its finding to its repair, and back.
func TestINC06FindingOpensATicket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets.json")
	day := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
	check := func(stream string, want int) string {
		t.Helper()
		var out, complaints bytes.Buffer
		if code := run([]string{"-file", path}, strings.NewReader(stream), &out, &complaints, func() time.Time { return day }); code != want {
			t.Fatalf("exit %d, want %d: %s%s", code, want, out.String(), complaints.String())
		}
		return out.String()
	}
	check(clean, 0)
	check(imported, 0)
	if out := check(called, 1); !strings.Contains(out, "GO-2021-0113 in golang.org/x/text, fixed in v0.3.7, due 2026-03-16, via kexin/cmd.main") {
		t.Error(out)
	}
	day = day.AddDate(0, 0, 3)
	if out := check(called, 1); !strings.Contains(out, "due 2026-03-16") || strings.Count(out, "GO-2021-0113") != 1 {
		t.Errorf("the deadline moved, or the ticket was opened twice: %s", out)
	}
	check(clean, 0)
	if out := check(called, 1); !strings.Contains(out, "due 2026-03-19") {
		t.Errorf("it came back: %s", out)
	}
	if kept, err := os.ReadFile(path); err != nil || strings.Count(string(kept), `"id"`) != 2 || !strings.Contains(string(kept), `"closed": "2026-03-05"`) {
		t.Errorf("%s, %v", kept, err)
	}
	check("", 1) // a check that did not run is not a clean one
	check("{", 1)
	if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(clean, 1)
}
