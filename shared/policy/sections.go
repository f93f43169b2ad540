package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"

	"kexin/shared/record"
)

// sectionEncoding has no letters that are mistaken for each other and no case.
var sectionEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// SectionOf returns the id of the section whose fields have this level, category and purposes and, for a field with a separate consent,
// this consent: "s" and ten characters of the SHA-256 of "kexin section 1", level, category, sorted purposes and consent, each on a
// line, purposes separated by commas. The id depends on nothing else, so it survives every change of a pack that leaves these alone.
func SectionOf(level record.Level, category record.Category, purposes []record.PurposeID, consent record.FieldName) record.SectionID {
	var names []string
	for _, id := range purposes {
		names = append(names, string(id))
	}
	slices.Sort(names)
	key := strings.Join([]string{"kexin section 1", level.String(), string(category), strings.Join(names, ","), string(consent)}, "\n")
	sum := sha256.Sum256([]byte(key))
	return record.SectionID("s" + sectionEncoding.EncodeToString(sum[:])[:10])
}

// sections groups the collected fields.
func (c *compiler) sections() {
	byID := map[record.SectionID]*Section{}
	for _, name := range sortedKeys(c.pack.Fields) {
		f := c.pack.Fields[name]
		if f.Use != UseCollect {
			continue
		}
		s := sectionFor(f)
		if byID[s.ID] == nil {
			byID[s.ID] = s
			c.pack.Sections = append(c.pack.Sections, s)
		}
		byID[s.ID].Fields = append(byID[s.ID].Fields, name)
		c.pack.sectionOf[name] = byID[s.ID]
	}
	slices.SortFunc(c.pack.Sections, func(a, b *Section) int { return cmp.Compare(a.ID, b.ID) })
}

func sectionFor(f *Field) *Section {
	s := &Section{Level: f.Level, Category: f.Category, Purposes: slices.Clone(f.Purposes)}
	slices.Sort(s.Purposes)
	if f.SeparateConsent {
		s.Consent = f.Name
	}
	s.ID = SectionOf(s.Level, s.Category, s.Purposes, s.Consent)
	return s
}
