package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"kexin/shared/archive"
	"kexin/shared/evidence"
	"kexin/shared/keys"
)

// An invented person with a valid ID number.
const (
	visitorName    = "江晚晴"
	visitorPhone   = "13911112222"
	visitorID      = "11010519491231002X"
	visitorAddress = "杭州市西湖区春和路9号2幢301室"
)

// TestForeignBrowser walks through the life of a customer's data as people meet it: the form, the console of several members of staff,
// an export that is approved, released and opened in the browser, and the end of the retention period.
func TestForeignBrowser(t *testing.T) {
	path := chromium()
	if path == "" {
		t.Log("not configured: set KEXIN_TEST_CHROMIUM")
		return
	}
	p := newPerson(t, path, demonstration(t))
	p.open("/")
	p.see(".door")
	p.show("landing")
	p.fillForm()
	p.acceptSubmission()
	customer := p.findAndReveal()
	p.revealHighest(customer)
	p.changeAndHold(customer)
	p.mergeSecondSubmission(customer)
	p.exportWithApproval()
	p.everyView()
	p.destroyAtTheEnd(customer)
}

func (p *person) fillForm() {
	p.open("/form/")
	p.see("#c-contract_service")
	p.show("form")
	p.click("button.primary")
	p.see("#summary")
	p.show("form-faults")
	p.click("#c-contract_service")
	p.write("#f-name", visitorName)
	p.write("#f-phone", visitorPhone)
	p.click("#s-id_number")
	p.write("#f-id_number", "110105194912310021") // the check digit does not fit: only the server says so
	p.click("#s-home_address")
	p.write("#f-home_address", visitorAddress)
	p.click("button.primary")
	p.see("#f-id_number-error")
	p.write("#f-id_number", visitorID)
	p.click("button.primary")
	p.see("#received")
	p.verifyReceipt()
	p.show("received")
}

// verifyReceipt checks the file that the button would save.
func (p *person) verifyReceipt() {
	receipt := p.text("JSON.stringify(document.querySelector('kexin-form').received.receipt)")
	if _, err := evidence.VerifyReceipt(p.publicKeys(), []byte(receipt)); err != nil {
		p.t.Errorf("receipt: %v", err)
	}
}

func (p *person) publicKeys() evidence.PublicKeys {
	data, _ := get(p.t, p.base+"/v1/keys")
	public, err := evidence.ParsePublicKeys(bytes.TrimSpace(data))
	if err != nil {
		p.t.Fatalf("public keys: %v", err)
	}
	return public
}

func (p *person) acceptSubmission() {
	p.open("/console/")
	p.see("[data-subject=clerk]")
	p.show("sign-in")
	p.signIn("clerk")
	p.job("accept-submissions")
}

// findAndReveal finds the customer by the whole phone number and sees the ID number for as long as the policy says.
func (p *person) findAndReveal() string {
	p.goTo("customers")
	p.see("tbody tr")
	p.show("customers")
	p.choose("#search-field", "phone")
	p.choose("#search-kind", "identifier")
	p.write("#search-text", visitorPhone)
	p.click("#search button")
	p.until("one customer", "document.querySelectorAll('tbody tr').length === 1 && find('tbody a')")
	customer := p.text("find('tbody a').getAttribute('href').split('/').pop()")
	p.click("tbody a")
	p.see("[data-reveal=id_number]")
	if strings.Contains(p.read("[data-field=id_number]"), visitorID) {
		p.t.Error("the record shows an ID number without a reason")
	}
	p.show("record")
	p.reveal("id_number", visitorID)
	return customer
}

func (p *person) reveal(field, want string) {
	p.click("[data-reveal=" + field + "]")
	p.choose("#reveal-reason", "verify_identity")
	p.write("#reveal-note", "客户来电")
	p.click("#reveal-go")
	if got := p.read("#reveal-value"); got != want {
		p.t.Errorf("revealed %s: %q", field, got)
	}
	before := p.read("#reveal-left")
	p.until("countdown", "find('#reveal-left').textContent !== "+quoted(before))
	p.show("revealed-" + field)
	p.click("#reveal-hide")
	p.see("#reveal-over")
	if script[bool](p, "document.documentElement.outerHTML.includes("+quoted(want)+")") {
		p.t.Error("the page keeps a value that it has hidden")
	}
	p.closeDialog()
}

func (p *person) closeDialog() {
	p.do("document.querySelector('kx-modal').shadowRoot.querySelector('#close').click()")
	p.until("no dialog", "!find('kx-modal')")
}

// revealHighest asks for an approval, has another person give it, and sees the value.
func (p *person) revealHighest(customer string) {
	p.signIn("admin")
	p.goTo("customers/" + customer)
	p.click("[data-reveal=home_address]")
	p.choose("#reveal-reason", "verify_identity")
	p.click("#reveal-go")
	approval := p.read("#reveal-approval")
	p.show("reveal-approval")
	p.closeDialog()
	p.approve("auditor", approval)
	p.signIn("admin")
	p.goTo("customers/" + customer)
	p.click("[data-reveal=home_address]")
	p.do("(() => { document.querySelector('kx-reveal').approval = " + quoted(approval) + "; })()")
	p.closeDialogAndRetry(approval)
}

// closeDialogAndRetry sends the same request again with the approval.
func (p *person) closeDialogAndRetry(approval string) {
	p.until("approval in the dialog", "find('#reveal-approval')?.textContent === "+quoted(approval))
	p.choose("#reveal-reason", "verify_identity")
	p.click("#reveal-go")
	if got := p.read("#reveal-value"); got != visitorAddress {
		p.t.Errorf("revealed address: %q", got)
	}
	p.click("#reveal-hide")
	p.closeDialog()
}

func (p *person) approve(subject, approval string) {
	p.signIn(subject)
	p.goTo("approvals")
	p.see("[data-approval=" + approval + "]")
	p.show("approvals-" + subject)
	p.click("[data-approval=" + approval + "] [data-allow]")
	p.see(".toast.ok")
}

// changeAndHold edits a value, places a legal hold and lifts it again.
func (p *person) changeAndHold(customer string) {
	p.signIn("admin")
	p.goTo("customers/" + customer)
	p.click("#act-edit")
	p.write("#edit-service_request", "每周保洁一次")
	p.show("edit")
	p.click("kx-edit [data-confirm]")
	p.until("the new value", "find('[data-field=service_request]')?.textContent.includes('每周保洁一次')")
	for _, held := range []bool{true, false} {
		p.click("#act-hold")
		p.choose("#hold-reason", "legal_duty")
		p.click("kx-hold [data-confirm]")
		p.until("the hold to change", fmt.Sprintf("!find('kx-hold') && !!find('#card .facts .badge.info') === %t", held))
	}
	p.click("#tab-history")
	p.until("history", "document.querySelectorAll('kx-history tbody tr').length > 3")
	p.show("history")
}

// mergeSecondSubmission has staff enter somebody whose phone is known: the console shows both sides, and merges them.
func (p *person) mergeSecondSubmission(customer string) {
	p.signIn("clerk")
	p.goTo("new")
	p.click("#c-contract_service")
	p.click("#c-marketing")
	p.write("#f-name", visitorName)
	p.write("#f-phone", visitorPhone)
	p.click("button.large")
	p.see("#summary") // nobody has said that the notice was read out
	p.click("#script-read")
	p.show("new-filled")
	p.click("button.large")
	p.see("#received")
	p.signIn("admin")
	p.goTo("pending")
	p.until("both sides", "find('[data-pending] a')?.getAttribute('href') === '#/customers/"+customer+"'")
	p.show("pending-one")
	p.click("[data-merge]")
	p.until("nothing to merge", "!find('[data-pending]') && find('main .state')")
	p.goTo("customers/" + customer)
	p.until("the consent of the second submission", "document.querySelectorAll('#card .badge.ok').length === 3") // state and two purposes
	p.withdrawMarketing()
}

func (p *person) withdrawMarketing() {
	p.click("#act-withdraw")
	p.click("kx-withdraw input[value=marketing]")
	p.show("withdraw")
	p.click("kx-withdraw [data-confirm]")
	p.until("the consent to be gone", "document.querySelectorAll('#card .badge.ok').length === 2")
}

// exportWithApproval orders an export with a sensitive field, which needs a second person, and opens it in the browser.
func (p *person) exportWithApproval() {
	p.signIn("manager")
	p.goTo("exports")
	p.click("#export-order")
	p.choose("#order-purpose", "contract_service")
	p.choose("#order-reason", "report")
	p.choose("#order-department", "service")
	for _, field := range []string{"name", "phone", "contact_address"} {
		p.click("[data-field=" + field + "]")
	}
	p.click("#order-look")
	p.see("#order-preview")
	p.show("export-order")
	p.click("#order-send")
	p.see("tr[data-export][data-state=requested]")
	p.show("exports")
	export := p.text("find('tr[data-export]').dataset.export")
	approval := p.text("find('tr[data-export] td .mono').title")
	p.approve("head", approval)
	p.signIn("manager")
	p.goTo("exports")
	p.job("build-export")
	p.click("#export-refresh")
	p.see("tr[data-export=" + export + "][data-state=ready]")
	p.click("tr[data-export=" + export + "] [data-release]")
	p.click("#release-go")
	p.see("#release-opened")
	p.show("release")
	p.verifyArchive(export)
	p.closeDialog()
	p.see("tr[data-export=" + export + "][data-state=released]")
}

// verifyArchive checks the ZIP that the browser has decrypted, as a stranger would.
func (p *person) verifyArchive(export string) {
	encoded := p.text(`document.querySelector('kx-release').zip.arrayBuffer().then((b) => btoa(Array.from(new Uint8Array(b), (c) => String.fromCharCode(c)).join('')))`)
	zip, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		p.t.Fatal(err)
	}
	manifest, err := archive.Verify(bytes.NewReader(zip), int64(len(zip)), p.publicKeys().Find(keys.SignArchives)...)
	if err != nil {
		p.t.Fatalf("archive: %v", err)
	}
	if string(manifest.Export) != export || manifest.Rows == 0 || len(manifest.Approvals) != 1 {
		p.t.Errorf("archive says %s, %d rows, %d approvals", manifest.Export, manifest.Rows, len(manifest.Approvals))
	}
}

// everyView looks at the pages that the walk did not need.
func (p *person) everyView() {
	p.signIn("admin")
	for _, page := range []string{"new", "pending", "staff", "audit", "certificates"} {
		p.goTo(page)
		p.see("main h1")
		p.show(page)
	}
	p.signIn("engineer")
	p.see("main .state")
	p.show("engineer")
}

// destroyAtTheEnd moves the clock past every period, runs the purge and takes the certificate.
func (p *person) destroyAtTheEnd(customer string) {
	p.signIn("admin")
	before := p.read("#demo-clock")
	p.choose("#demo-step", "P10Y")
	p.click("#demo-advance")
	p.until("the clock to move", "find('#demo-clock').textContent !== "+quoted(before))
	p.goTo("customers/" + customer)
	p.see("main .state h2")
	p.job("purge-expired")
	p.job("seal-audit")
	p.goTo("certificates/" + customer)
	p.see("#certificate")
	p.show("certificate")
	text := p.text("document.querySelector('kx-certificates').certificate.value.text.trimEnd()")
	facts, err := evidence.VerifyCertificate(p.publicKeys(), []byte(text))
	if err != nil || string(facts.Customer) != customer {
		p.t.Errorf("certificate of %s: %v", facts.Customer, err)
	}
}
