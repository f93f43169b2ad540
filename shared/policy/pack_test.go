package policy_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"kexin/packs"
	"kexin/shared/mask"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/validate"
)

func load(t testing.TB, id string) *policy.Pack {
	t.Helper()
	pack, err := policy.Load(packs.FS, id)
	if err != nil {
		t.Fatalf("%s:\n%v", id, err)
	}
	return pack
}

func TestPacksCompile(t *testing.T) {
	for _, id := range []string{policy.Base, "P06"} {
		first, second := load(t, id), load(t, id)
		if first.Version != second.Version || !strings.HasPrefix(string(first.Version), id+"@") || len(first.Version) != len(id)+17 {
			t.Errorf("versions %q and %q", first.Version, second.Version)
		}
		if !reflect.DeepEqual(first.Sections, second.Sections) || !reflect.DeepEqual(first.Fields, second.Fields) {
			t.Errorf("%s compiles differently each time", id)
		}
		if len(first.Warnings) == 0 {
			t.Errorf("%s has no warnings although nobody has confirmed its periods", id)
		}
	}
}

func TestVersionIsOfEveryFile(t *testing.T) {
	files := good(t)
	seen := map[record.PackVersion]string{}
	compile := func(name string) {
		pack, err := policy.Load(files, "T")
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[pack.Version]; ok {
			t.Errorf("a change of %s gives the version of %s", name, other)
		}
		seen[pack.Version] = name
	}
	compile("nothing")
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	}) {
		comment := "# changed\n"
		if strings.HasSuffix(name, ".cedar") {
			comment = "// changed\n"
		}
		files[name] = &fstest.MapFile{Data: append([]byte(comment), files[name].Data...)}
		compile(name)
	}
}

func TestUnknownPack(t *testing.T) {
	for _, id := range []string{"", "P99", "../core", "core/policies", "."} {
		_, err := policy.Load(packs.FS, id)
		var problems *policy.Problems
		if err == nil || errors.As(err, &problems) {
			t.Errorf("pack %q: %v", id, err)
		}
	}
}

// TestSectionsPartitionTheFields: every collected field is in exactly one section, with fields of the same level, category and purposes,
// and a field with a consent of its own is alone.
func TestSectionsPartitionTheFields(t *testing.T) {
	for _, id := range []string{policy.Base, "P06"} {
		pack := load(t, id)
		seen := map[record.FieldName]bool{}
		for i, s := range pack.Sections {
			if i > 0 && pack.Sections[i-1].ID >= s.ID {
				t.Errorf("sections are not in order at %s", s.ID)
			}
			if pack.Section(s.ID) != s || s.ID != policy.SectionOf(s.Level, s.Category, s.Purposes, s.Consent) {
				t.Errorf("section %s is not found by its key", s.ID)
			}
			if s.Consent != "" && !slices.Equal(s.Fields, []record.FieldName{s.Consent}) {
				t.Errorf("section %s of consent %s holds %v", s.ID, s.Consent, s.Fields)
			}
			for _, name := range s.Fields {
				f := pack.Fields[name]
				if seen[name] || pack.SectionOf(name) != s || f.Level != s.Level || f.Category != s.Category || len(f.Purposes) != len(s.Purposes) {
					t.Errorf("field %s does not belong into section %+v", name, s)
				}
				if f.SeparateConsent != (s.Consent == name) {
					t.Errorf("field %s with a consent of its own: %v, section %+v", name, f.SeparateConsent, s)
				}
				seen[name] = true
			}
		}
		for name, f := range pack.Fields {
			if (f.Use == policy.UseCollect) != seen[name] {
				t.Errorf("field %s of use %s: in a section is %v", name, f.Use, seen[name])
			}
		}
	}
}

// TestSectionIDIsStable: stored sections are found by their id for ever, so the computation must never change.
func TestSectionIDIsStable(t *testing.T) {
	got := policy.SectionOf(record.L1, "basic", []record.PurposeID{"marketing", "contract_service", "customer_service"}, "")
	if got != "s766au4ab3b" {
		t.Errorf("got %s", got)
	}
	if other := policy.SectionOf(record.L1, "basic", []record.PurposeID{"contract_service", "customer_service", "marketing"}, ""); other != got {
		t.Errorf("the order of purposes changes the id to %s", other)
	}
}

func TestP06IsStricterThanCore(t *testing.T) {
	base, pack := load(t, policy.Base), load(t, "P06")
	for name, old := range base.Fields {
		f := pack.Fields[name]
		if f == nil || f.Level < old.Level || old.Sensitive && !f.Sensitive || old.SeparateConsent && !f.SeparateConsent || len(f.Search) > len(old.Search) {
			t.Errorf("field %s became looser: %+v", name, f)
		}
	}
	for id, old := range base.Purposes {
		p := pack.Purposes[id]
		if p == nil || p.Retention.Period.LongerThan(old.Retention.Period) || old.Basis == policy.BasisConsent && p.Basis != policy.BasisConsent {
			t.Errorf("purpose %s became looser: %+v", id, p)
		}
	}
}

func TestDemonstrationForm(t *testing.T) {
	pack := load(t, "P06")
	form := pack.Forms["service"]
	want := map[record.Kind][]record.FieldName{
		record.KindIndividual: {"name", "phone", "email", "service_request", "gender", "contact_address", "id_number", "home_address"},
		record.KindEnterprise: {"company_name", "contact_person_name", "phone", "email", "service_request", "uscc", "contact_address"},
		record.KindSoleTrader: {
			"name", "company_name", "phone", "email", "service_request", "gender", "uscc", "contact_address", "id_number", "home_address",
		},
		record.KindPublicInstitution: {"company_name", "contact_person_name", "phone", "email", "service_request", "uscc", "contact_address"},
	}
	for kind, names := range want {
		var got []record.FieldName
		for _, f := range pack.FormFields(form, kind) {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s is asked for %v", kind, got)
		}
	}
	if got := fmt.Sprint(pack.ConsentPurposes(form), form.Mandatory); got != "[contract_service customer_service marketing] [contract_service]" {
		t.Errorf("consents %s", got)
	}
	var separate []record.FieldName
	for _, f := range pack.SeparateConsents(form, record.KindIndividual) {
		separate = append(separate, f.Name)
	}
	if !slices.Equal(separate, []record.FieldName{"id_number", "home_address"}) {
		t.Errorf("separate consents %v", separate)
	}
	levels := map[record.Level]bool{}
	for _, name := range form.Fields {
		levels[pack.Fields[name].Level] = true
	}
	if !levels[record.L1] || !levels[record.L2] || !levels[record.L3] {
		t.Errorf("levels %v", levels)
	}
}

func TestNoticeHashIsOfItsText(t *testing.T) {
	notice := load(t, "P06").Notices["service/1"]
	for _, language := range []record.Language{record.Chinese, record.English} {
		text := notice.Text(language)
		for _, part := range policy.NoticeParts() {
			if !strings.Contains(text, notice.Parts[part].In(language)) {
				t.Errorf("part %s is missing in %s", part, language)
			}
		}
		if notice.SHA256[language] == [32]byte{} {
			t.Errorf("no hash in %s", language)
		}
	}
	if notice.SHA256[record.Chinese] == notice.SHA256[record.English] {
		t.Error("both languages have one hash")
	}
}

func TestDeadlines(t *testing.T) {
	pack := load(t, "P06")
	from := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	if got, ok := pack.Deadline("contract_service", from); !ok || got != from.AddDate(3, 0, 0) {
		t.Errorf("contract_service ends %v", got)
	}
	if _, ok := pack.Deadline("astrology", from); ok {
		t.Error("an unknown purpose has a deadline")
	}
	if _, ok := pack.KeptUntil("contract_service", from); ok {
		t.Error("a purpose without minimum has one")
	}
}

func TestQuestionsAboutPacks(t *testing.T) {
	pack := load(t, "P06")
	if len(pack.FieldsFor(record.KindIndividual)) == 0 || len(pack.FieldsFor("robot")) != 0 {
		t.Error("fields of kinds")
	}
	for _, s := range pack.SectionsFor("marketing") {
		if !s.Serves("marketing") || s.Serves("astrology") {
			t.Errorf("section %+v", s)
		}
	}
	if !pack.MayUse("R3", "marketing") || pack.MayUse("R2", "marketing") || pack.MayUse("R99", "marketing") {
		t.Error("purposes of roles")
	}
	if pack.Exportable(pack.SectionOf("home_address")) || !pack.Exportable(pack.SectionOf("phone")) {
		t.Error("exportable sections")
	}
	if !pack.Sensitive(pack.SectionOf("id_number")) || pack.Sensitive(pack.SectionOf("phone")) {
		t.Error("sensitive sections")
	}
}

// TestWordsAgree holds the words that packs may use against the packages that know what they mean.
func TestWordsAgree(t *testing.T) {
	if got := policy.Checks(); !slices.Equal(got, validate.Checks()) {
		t.Errorf("validators %v, package validate has %v", got, validate.Checks())
	}
	if got := policy.Masks(); !slices.Equal(got, mask.Rules()) {
		t.Errorf("masks %v, package mask has %v", got, mask.Rules())
	}
}

// TestDamagedPacks spoils one place of one file: the pack compiles or tells its problems, and nothing worse happens.
func TestDamagedPacks(t *testing.T) {
	files := good(t)
	var names []string
	for name := range files {
		if strings.HasPrefix(name, "T/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		data := bytes.Clone(files[name].Data)
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		cut := rapid.IntRange(at, min(at+6, len(data))).Draw(t, "until")
		junk := rapid.SampledFrom([]string{"", "\n", ":", "-", "{", "]", "\"", "\x00", "&a", "*a", "!!x", "? ", "#", "\t", "零"}).Draw(t, "junk")
		damaged := fstest.MapFS{}
		for other, file := range files {
			damaged[other] = file
		}
		damaged[name] = &fstest.MapFile{Data: slices.Concat(data[:at], []byte(junk), data[cut:])}
		_, err := policy.Load(damaged, "T")
		var problems *policy.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("got %v", err)
		}
	})
}
