package policy_test

import (
	"testing"

	"kexin/packs"
	"kexin/shared/policy"
)

func TestPacksCompile(t *testing.T) {
	for _, id := range []string{"core", "P06"} {
		pack, err := policy.Load(packs.FS, id)
		if err != nil {
			t.Fatalf("%s:\n%v", id, err)
		}
		t.Log(pack.Version, len(pack.Sections))
		for _, s := range pack.Sections {
			t.Log(s.ID, s.Level, s.Category, s.Purposes, s.Consent, s.Fields)
		}
	}
}
