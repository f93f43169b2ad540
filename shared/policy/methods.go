package policy

import (
	"slices"
	"time"

	"kexin/shared/record"
)

// FieldsFor returns the fields that may be collected of customers of kind, ascending by name.
func (p *Pack) FieldsFor(kind record.Kind) []*Field {
	var fields []*Field
	for _, name := range sortedKeys(p.Fields) {
		if f := p.Fields[name]; f.Use == UseCollect && slices.Contains(f.Kinds, kind) {
			fields = append(fields, f)
		}
	}
	return fields
}

// FormFields returns the fields that form asks customers of kind for, in order of presentation.
func (p *Pack) FormFields(form *Form, kind record.Kind) []*Field {
	var fields []*Field
	for _, name := range form.Fields {
		if f := p.Fields[name]; f != nil && slices.Contains(f.Kinds, kind) {
			fields = append(fields, f)
		}
	}
	return fields
}

// ConsentPurposes returns the purposes of form for which the customer is asked for consent, in order of presentation. For the others
// contract or law is the basis, and notice is enough.
func (p *Pack) ConsentPurposes(form *Form) []record.PurposeID {
	var purposes []record.PurposeID
	for _, id := range form.Purposes {
		if purpose := p.Purposes[id]; purpose != nil && purpose.Basis == BasisConsent {
			purposes = append(purposes, id)
		}
	}
	return purposes
}

// SeparateConsents returns the fields of form that customers of kind consent to one by one (PIPL 29), in order of presentation.
func (p *Pack) SeparateConsents(form *Form, kind record.Kind) []*Field {
	return slices.DeleteFunc(p.FormFields(form, kind), func(f *Field) bool { return !f.SeparateConsent })
}

// Deadline returns when purpose ends for a customer whose period starts at trigger, and false for a purpose that the pack does not have.
func (p *Pack) Deadline(purpose record.PurposeID, trigger time.Time) (time.Time, bool) {
	declared := p.Purposes[purpose]
	if declared == nil {
		return time.Time{}, false
	}
	return declared.Retention.Period.After(trigger), true
}

// KeptUntil returns the moment before which data of purpose is kept restricted although the purpose has ended, because a statutory
// minimum that starts at trigger has not passed; false where there is no minimum.
func (p *Pack) KeptUntil(purpose record.PurposeID, trigger time.Time) (time.Time, bool) {
	declared := p.Purposes[purpose]
	if declared == nil || declared.Minimum == nil {
		return time.Time{}, false
	}
	return declared.Minimum.Period.After(trigger), true
}

// SectionsFor returns the sections that serve purpose, ascending by id.
func (p *Pack) SectionsFor(purpose record.PurposeID) []*Section {
	var sections []*Section
	for _, s := range p.Sections {
		if s.Serves(purpose) {
			sections = append(sections, s)
		}
	}
	return sections
}

// Serves reports whether the section is opened for purpose.
func (s *Section) Serves(purpose record.PurposeID) bool { return slices.Contains(s.Purposes, purpose) }

// Exportable reports whether any field of the section may be in exports.
func (p *Pack) Exportable(s *Section) bool {
	return slices.ContainsFunc(s.Fields, func(name record.FieldName) bool { return p.Fields[name].Export })
}

// Sensitive reports whether any field of the section is sensitive personal information (PIPL 28).
func (p *Pack) Sensitive(s *Section) bool {
	return slices.ContainsFunc(s.Fields, func(name record.FieldName) bool { return p.Fields[name].Sensitive })
}

// MayUse reports whether role may open customers' data for purpose.
func (p *Pack) MayUse(role record.Role, purpose record.PurposeID) bool {
	r := p.Roles[role]
	return r != nil && slices.Contains(r.Purposes, purpose)
}
