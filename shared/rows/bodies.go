package rows

import "kexin/shared/record"

// The bodies that nearly every act reads or writes, member by member in the order of their structs.

// headMembers is how many members Head has.
const headMembers = 24

// AppendCBOR implements Appender.
func (h *Head) AppendCBOR(b []byte) []byte {
	b = AppendInt(AppendInt(AppendArray(b, headMembers), int64(h.Format)), h.Version)
	b = AppendText(AppendText(AppendText(b, h.State), h.Schema), h.Kind)
	b = AppendText(AppendText(AppendText(b, h.Stage), h.Owner), h.Department)
	b = AppendText(AppendText(AppendText(b, h.Channel), h.Form), h.Notice)
	b = AppendInt(AppendInt(b, h.Created), h.Holds)
	b = appendMap(b, h.Triggers, AppendInt)
	b = appendMap(b, h.Consents, appendConsent)
	b = appendMap(b, h.Separate, appendConsent)
	b = AppendInt(b, int64(h.Ledger))
	b = AppendList(b, h.Sections, appendSection)
	b = AppendBytes(AppendBytes(b, h.Card[:]), h.Request[:])
	b = AppendInt(b, h.Due)
	b = AppendList(b, h.Dying, appendRemains)
	return AppendText(AppendInt(b, h.Deadline), h.EndedBy)
}

func appendConsent(b []byte, c ConsentState) []byte { return c.appendCBOR(b) }

func (h *Head) readCBOR(r *cborReader) {
	r.fields(headMembers)
	h.Format, h.Version = int(r.int()), r.int()
	h.State, h.Schema, h.Kind = readText[string](r), readText[record.PackVersion](r), readText[record.Kind](r)
	h.Stage, h.Owner, h.Department = readText[record.Stage](r), readText[record.StaffID](r), readText[record.Department](r)
	h.Channel, h.Form, h.Notice = readText[record.Channel](r), readText[record.FormID](r), readText[record.NoticeVersion](r)
	h.Created, h.Holds = r.int(), r.int()
	h.Triggers = readMap[string](r, (*cborReader).int)
	h.Consents = readMap[record.PurposeID](r, readConsent)
	h.Separate = readMap[record.FieldName](r, readConsent)
	h.Ledger = r.uint32()
	h.Sections = readList(r, func(r *cborReader, s *SectionState) { s.readCBOR(r) })
	r.array(h.Card[:])
	r.array(h.Request[:])
	h.Due = r.int()
	h.Dying = readList(r, func(r *cborReader, d *Remains) { d.readCBOR(r) })
	h.Deadline, h.EndedBy = r.int(), readText[string](r)
}

func (c ConsentState) appendCBOR(b []byte) []byte {
	return AppendInt(AppendInt(AppendText(AppendArray(b, 3), c.Notice), c.Given), c.Withdrawn)
}

func readConsent(r *cborReader) ConsentState {
	r.fields(3)
	return ConsentState{readText[record.NoticeVersion](r), r.int(), r.int()}
}

func appendSection(b []byte, s *SectionState) []byte {
	b = AppendInt(AppendText(AppendArray(b, 7), s.ID), int64(s.Level))
	b = AppendBytes(AppendInt(AppendBytes(b, s.Shred), int64(s.Version)), s.Hash)
	return AppendList(AppendInt(b, s.Deadline), s.Indexes, appendName)
}

func appendName(b []byte, name *string) []byte { return AppendText(b, *name) }

func (s *SectionState) readCBOR(r *cborReader) {
	r.fields(7)
	s.ID, s.Level, s.Shred, s.Version, s.Hash = readText[record.SectionID](r), r.level(), r.bytes(), r.uint32(), r.bytes()
	s.Deadline = r.int()
	s.Indexes = readList(r, func(r *cborReader, name *string) { *name = readText[string](r) })
}

func appendRemains(b []byte, d *Remains) []byte {
	return AppendInt(AppendText(AppendArray(b, 2), d.ID), int64(d.Level))
}

func (d *Remains) readCBOR(r *cborReader) {
	r.fields(2)
	d.ID, d.Level = readText[record.SectionID](r), r.level()
}

func (r *cborReader) level() record.Level {
	n := r.head(majorUint)
	r.bad = r.bad || n > 1<<8-1
	return record.Level(n)
}

func (r *cborReader) uint32() uint32 {
	n := r.head(majorUint)
	r.bad = r.bad || n > 1<<32-1
	return uint32(n)
}

// AppendCBOR implements Appender.
func (c CardBody) AppendCBOR(b []byte) []byte {
	return AppendList(AppendInt(AppendArray(b, 2), int64(c.Format)), c.Parts, func(b []byte, p *CardPart) []byte {
		return AppendBytes(AppendInt(AppendText(AppendArray(b, 3), p.Section), int64(p.Version)), p.Item)
	})
}

func (c *CardBody) readCBOR(r *cborReader) {
	r.fields(2)
	c.Format = int(r.int())
	c.Parts = readList(r, func(r *cborReader, p *CardPart) {
		r.fields(3)
		p.Section, p.Version, p.Item = readText[record.SectionID](r), r.uint32(), r.bytes()
	})
}

// AppendCBOR implements Appender.
func (d DueBody) AppendCBOR(b []byte) []byte {
	b = AppendInt(AppendText(AppendInt(AppendArray(b, 6), int64(d.Format)), d.State), d.At)
	b = AppendList(AppendText(b, d.Entry), d.Indexes, appendName)
	return appendMap(b, d.Facts, AppendText[string])
}

func (d *DueBody) readCBOR(r *cborReader) {
	r.fields(6)
	d.Format, d.State, d.At, d.Entry = int(r.int()), readText[string](r), r.int(), readText[string](r)
	d.Indexes = readList(r, func(r *cborReader, name *string) { *name = readText[string](r) })
	d.Facts = readMap[string](r, readText[string])
}

// Pair is a field as it is sealed: its name and its text.
type Pair struct {
	Name record.FieldName
	Text string
}

// Pairs are the fields of a section, sorted by name, so that equal sections have equal plain texts.
type Pairs []Pair

// AppendCBOR implements Appender.
func (p Pairs) AppendCBOR(b []byte) []byte {
	return AppendList(b, p, func(b []byte, pair *Pair) []byte {
		return AppendText(AppendText(AppendArray(b, 2), pair.Name), pair.Text)
	})
}

func (p *Pairs) readCBOR(r *cborReader) {
	*p = readList(r, func(r *cborReader, pair *Pair) {
		r.fields(2)
		pair.Name, pair.Text = readText[record.FieldName](r), readText[string](r)
	})
}

// AppendCBOR implements Appender.
func (s SubmissionBody) AppendCBOR(b []byte) []byte {
	b = AppendText(AppendText(AppendInt(AppendArray(b, 6), int64(s.Format)), s.Form), s.Schema)
	return AppendBytes(AppendBytes(AppendInt(b, s.Received), s.BodyMAC), s.Envelope)
}

// readCBOR also takes format 1, whose seventh member held nothing.
func (s *SubmissionBody) readCBOR(r *cborReader) {
	members := r.count(majorArray)
	s.Format, s.Form, s.Schema = int(r.int()), readText[record.FormID](r), readText[record.PackVersion](r)
	s.Received, s.BodyMAC, s.Envelope = r.int(), r.bytes(), r.bytes()
	switch {
	case members == 7 && s.Format == 1:
		r.bytes()
	case members != 6 || s.Format != SubmissionFormat:
		r.bad = true
	}
}

func (s *StaffBody) readCBOR(r *cborReader) {
	r.fields(11)
	s.Format, s.Version, s.Name, s.Role = int(r.int()), r.int(), readText[string](r), readText[record.Role](r)
	r.fields(2)
	s.Title = record.Text{ZH: readText[string](r), EN: readText[string](r)}
	s.Department = readText[record.Department](r)
	s.NDA, s.Training, s.Vetting = r.int(), r.int(), r.int()
	s.Active, s.Subject = r.bool(), readText[string](r)
}
