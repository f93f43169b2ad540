package e2e

import "testing"

// TestForeignSiteHoldsTheForm fills the form on another site's page: on one that is named it arrives, on another the browser keeps answers
// from the page and does not send the form.
func TestForeignSiteHoldsTheForm(t *testing.T) {
	path := chromium()
	if path == "" {
		t.Log("not configured: set KEXIN_TEST_CHROMIUM")
		return
	}
	c := newCompany(t)
	p := newPerson(t, path, c.shop)
	p.open("/")
	p.see("#c-contract_service")
	p.accessible("form on another site")
	p.click("#c-contract_service")
	p.write("#f-name", visitorName)
	p.write("#f-phone", "1391111")
	p.click("button.primary")
	p.see("#f-phone-error") // a refusal of the server can be read as well
	p.write("#f-phone", visitorPhone)
	p.click("button.primary")
	p.see("#received")
	p.shot("form-elsewhere")
	if receipt := p.text("JSON.stringify(document.querySelector('kexin-form').received.receipt ?? null)"); len(receipt) < 100 {
		t.Errorf("receipt %s", receipt)
	}
	if staff := p.text("fetch(" + quoted(c.base+"/v1/me") + ").then(() => 'read', () => 'kept away')"); staff != "kept away" {
		t.Errorf("an operation of staff, from a site that may hold the form: %s", staff)
	}

	stranger := *p
	stranger.base = c.stranger
	stranger.open("/")
	stranger.until("the refusal", "find('.panel.state[role=alert]')")
	stranger.shot("form-stranger")
	sent := stranger.text("fetch(" + quoted(c.base+"/v1/forms/service/submissions") + ", {method: 'POST', body: '{}', headers: {'Content-Type': 'application/json', " +
		"'Idempotency-Key': 'AAAAAAAAAAAAAAAAAAAAAA'}}).then(() => 'sent', () => 'kept away')")
	if sent != "kept away" {
		t.Errorf("a site that is not named has %s a form", sent)
	}
}
