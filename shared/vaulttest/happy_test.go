package vaulttest

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"kexin/shared/evidence"
	"kexin/shared/grants"
	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
	"kexin/shared/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLifeOfARecord follows one customer from the public form to the certificate of destruction, on the embedded store and in memory.
func TestLifeOfARecord(t *testing.T) {
	t.Run("boltstore", func(t *testing.T) {
		k, bolt := NewBolt(t)
		live(t, k, bolt)
	})
	t.Run("memory", func(t *testing.T) { live(t, New(t, Options{}), nil) })
}

func live(t *testing.T, k *Kit, rewriter retention.Rewriter) {
	form := k.Granted(grants.SubmitForm, Public)
	accept := k.Granted(grants.AcceptSubmissions, Seals|Opens|SealsL3|Searches|Accepts)
	console := k.Granted(grants.ServeConsole, Seals|Opens|SealsL3|Searches)
	restricted := k.Granted(grants.OpenRestricted, SealsL3|OpensL3)

	submission, err := form.Submit(t.Context(), k.Fill(Person{N: 1}))
	if err != nil {
		t.Fatal(err)
	}
	created, err := accept.Vault.Accept(t.Context(), submission)
	if err != nil || created.State != rows.StateLive || len(created.Fields) != 8 {
		t.Fatalf("accept: %+v, %v", created, err)
	}
	open, err := console.Vault.Open(t.Context(), k.Actor("R10"), created.Customer, "contract_service")
	if err != nil {
		t.Fatal(err)
	}
	if got := open.Fields["name"].Value.Reveal(); got != Name(1) {
		t.Errorf("name: %q", got)
	}
	if got := open.Fields["id_number"]; got.Masked == "" || !got.Value.Empty() {
		t.Errorf("id number: %+v", got)
	}
	if _, ok := open.Fields["home_address"]; ok {
		t.Error("home address is in a read")
	}
	revealed, err := console.Vault.Reveal(t.Context(), k.Actor("R10"), vault.RevealRequest{Customer: created.Customer, Field: "id_number",
		Purpose: "contract_service", Reason: "verify_identity", Note: "电话核对"})
	if err != nil || revealed.Value.Reveal() != IDNumber(1) {
		t.Fatalf("reveal: %v", err)
	}
	revealed, err = restricted.Vault.Reveal(t.Context(), k.Actor("R10"), vault.RevealRequest{Customer: created.Customer, Field: "home_address",
		Purpose: "contract_service", Reason: "fulfil_order", Approved: true})
	if err != nil || revealed.Value.Empty() {
		t.Fatalf("reveal L3: %v", err)
	}
	version, err := console.Vault.Update(t.Context(), k.Actor("R10"), created.Customer, created.Version, "contract_service",
		record.Fields{"phone": record.NewValue(Phone(2))})
	if err != nil || version != 2 {
		t.Fatalf("update: %d, %v", version, err)
	}
	k.Clean()
	purgeAndProve(t, k, rewriter, created.Customer)
	k.Clean()
}

func purgeAndProve(t *testing.T, k *Kit, rewriter retention.Rewriter, id record.CustomerID) {
	t.Helper()
	k.Clock.Pass(4 * 365 * 24 * time.Hour)
	purge := k.Purge()
	purge.Rewriter = rewriter
	report, err := purge.Run(t.Context())
	if err != nil || report.Destroyed != 1 || report.Finished != 1 || !report.Complete {
		t.Fatalf("purge: %+v, %v", report, err)
	}
	sealer := k.Sealer()
	if _, err := sealer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	certificate := k.Certificate(id)
	facts, err := evidence.VerifyCertificate(k.Public, certificate)
	if err != nil || facts.Customer != id {
		t.Fatalf("certificate: %+v, %v", facts, err)
	}
	if _, err := k.Vault("serve-console", Everything).Open(t.Context(), k.Actor("R10"), id, "contract_service"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("open after destruction: %v", err)
	}
	findings, err := sealer.Check(t.Context())
	if err != nil || len(findings) != 0 {
		t.Errorf("log: %v %v", findings, err)
	}
}
