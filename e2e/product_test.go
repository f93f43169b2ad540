package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kexin/shared/oidctest"
)

// company is a product store with an identity provider, and two other sites: a shop that may hold the form and a stranger that may not.
type company struct {
	base           string
	issuer         *oidctest.Issuer
	shop, stranger string
}

// firstStaff are invented people whose subjects at the provider are clerk, admin and head.
const firstStaff = `[{"name": "陈小满", "role": "R2", "title": {"zh": "客服人员", "en": "Service agent"}, "department": "service", "subject": "clerk",
  "nda": "2050-12-31", "training": "2050-12-31", "vetting": "2050-12-31"},
 {"name": "林知微", "role": "R10", "title": {"zh": "信息部", "en": "Information department"}, "department": "information", "subject": "admin",
  "nda": "2050-12-31", "training": "2050-12-31", "vetting": "2050-12-31"},
 {"name": "郑谷雨", "role": "R8", "title": {"zh": "部门负责人", "en": "Head of department"}, "department": "service", "subject": "head",
  "nda": "2050-12-31", "training": "2050-12-31", "vetting": "2050-12-31"}]`

// newCompany sets a product store up as docs/operations/embedded.md says and serves it.
func newCompany(t *testing.T) *company {
	addr := freeAddr(t)
	c := &company{base: "http://" + addr}
	c.shop, c.stranger = holding(t, c.base), holding(t, c.base)
	var err error
	c.issuer, err = oidctest.Start(oidctest.Options{Client: "kexin-console", Audience: "kexin-console", Redirects: []string{c.base + "/console/"},
		Subjects: []string{"clerk", "nobody"}, Life: time.Hour, Refresh: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.issuer.Close)
	folder := t.TempDir()
	passphrase, staff := filepath.Join(folder, "passphrase"), filepath.Join(folder, "staff.json")
	for path, text := range map[string]string{passphrase: "six invented words for a test only\n", staff: firstStaff} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := []string{"KEXIN_DEMO=0", "KEXIN_DATA=" + filepath.Join(folder, "data"), "KEXIN_PASSPHRASE_FILE=" + passphrase, "KEXIN_BASE_URL=" + c.base,
		"KEXIN_OIDC_ISSUER=" + c.issuer.URL(), "KEXIN_OIDC_AUDIENCE=kexin-console", "KEXIN_FORM_ORIGINS=" + c.shop}
	binary := build(t)
	first := exec.CommandContext(t.Context(), binary, "first-staff", staff)
	first.Env = environment(t, append(settings, "KEXIN_ADDR="+addr)...)
	if out, err := first.CombinedOutput(); err != nil {
		t.Fatalf("first staff: %v\n%s", err, out)
	}
	start(t, binary, addr, settings...)
	return c
}

// holding is another site whose page holds the form of base.
func holding(t *testing.T, base string) string {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+base+"; connect-src "+base+"; style-src 'self'; "+
			"require-trusted-types-for 'script'; trusted-types lit-html")
		_, _ = w.Write([]byte(`<!doctype html><html lang="zh-CN"><title>小店</title><main><script type="module" src="` + base +
			`/embed/kexin-form.js"></script><kexin-form form="service" api="` + base + `"></kexin-form></main></html>`))
	}))
	t.Cleanup(site.Close)
	return site.URL
}
