package vault_test

import (
	"bytes"
	"testing"

	"kexin/shared/rows"
	"kexin/shared/vault"
)

// An entry of the consent ledger has the bytes that the generic coder writes.
func TestConsentEntryIsWrittenAsTheGenericCoderDoes(t *testing.T) {
	type generic vault.ConsentEntry // without the entry's own coder
	answers := []vault.Answer{{Name: "contract_service", Given: true}, {Name: "marketing"}}
	for name, e := range map[string]vault.ConsentEntry{
		"empty": {},
		"full": {Format: 1, At: 1790000000, Act: "given", Notice: "service/1", Language: "zh", TextHash: bytes.Repeat([]byte{7}, 32), Channel: "phone",
			Staff: "stf_aaaaaaaaaaaaaaaaaaaaaaaaaa", Script: "script-service-1", Pack: "P06@0123456789abcdef", Purposes: answers, Fields: []vault.Answer{}},
	} {
		want, err := rows.Encode(generic(e))
		if err != nil {
			t.Fatal(err)
		}
		var back vault.ConsentEntry
		if got := e.AppendCBOR(nil); !bytes.Equal(got, want) || rows.Decode(got, &back) != nil {
			t.Errorf("%s\nown     %x\ngeneric %x", name, got, want)
		}
	}
}
