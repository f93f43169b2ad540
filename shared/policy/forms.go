package policy

import (
	"slices"

	"kexin/shared/record"
)

// form takes over a form.
func (c *compiler) form(e entry[rawForm]) {
	if !c.declare("form", e.Name, e.At, plainName(), plainHint) {
		return
	}
	what, raw := "form "+quote(e.Name), e.V
	id := record.FormID(e.Name)
	if c.pack.Forms[id] != nil {
		c.problems.add(e.At, "%s exists in the pack that this one extends; give it a name of its own", what)
		return
	}
	if raw.Ticked != nil {
		c.problems.add(raw.Ticked[0].At, "%s ticks consents in advance; only the customer ticks: remove \"ticked\"", what)
	}
	f := &Form{
		ID: id, Version: raw.Version.V, Title: raw.Title.V, Intro: raw.Intro.V, Notice: record.NoticeVersion(raw.Notice.V),
		Department: record.Department(raw.Department.V), Live: raw.Live.V,
	}
	f.Purposes = knownPurposes(c, what, raw.Purposes)
	f.Mandatory = unique[record.PurposeID](c, what, "mandatory", raw.Mandatory)
	f.Fields = unique[record.FieldName](c, what, "fields", raw.Fields)
	f.Kinds = unique[record.Kind](c, what, "kinds", raw.Kinds)
	f.Channels = unique[record.Channel](c, what, "channels", raw.Channels)
	f.Approved = c.approval(what, raw.Approved)
	c.note(what, raw)
	c.pack.Forms[id] = f
}

// note remembers the places of what a form lists.
func (c *compiler) note(what string, raw rawForm) {
	for key, list := range map[string][]val[string]{
		"field": raw.Fields, "mandatory": raw.Mandatory, "kind": raw.Kinds, "channel": raw.Channels,
		"notice": {raw.Notice}, "department": {raw.Department},
	} {
		for _, item := range list {
			c.places[what+" "+key+" "+item.V] = item.At
		}
	}
}

func (c *compiler) checkForm(f *Form) {
	at, what := c.place("form", f.ID), "form "+quote(f.ID)
	c.both(at, what, "title", f.Title)
	c.both(at, what, "intro", f.Intro)
	for _, list := range []struct {
		key   string
		empty bool
	}{
		{"purposes", len(f.Purposes) == 0}, {"fields", len(f.Fields) == 0}, {"kinds", len(f.Kinds) == 0},
		{"channels", len(f.Channels) == 0}, {"version", f.Version < 1},
	} {
		if list.empty {
			c.problems.add(at, "%s has no %s; add it", what, list.key)
		}
	}
	for _, name := range f.Fields {
		c.checkFormField(what, f, name)
	}
	c.checkPurposesOfForm(at, what, f)
	c.checkNoticeOfForm(at, what, f)
	c.checkPlace(what, f)
	c.checkLive(at, what, f)
}

func (c *compiler) checkFormField(what string, f *Form, name record.FieldName) {
	at := c.places[what+" field "+string(name)]
	field := c.pack.Fields[name]
	switch {
	case field == nil:
		c.problems.add(at, "%s has the unknown field %q; declare it in fields.yaml", what, name)
	case field.Use == UseForbidden:
		c.problems.add(at, "%s has the field %q, which is forbidden; remove it", what, name)
	case field.Use != UseCollect:
		c.problems.add(at, "%s has the field %q of use %s; forms ask only for use collect", what, name, field.Use)
	case !overlap(field.Kinds, f.Kinds):
		c.problems.add(at, "%s has the field %q, which none of its kinds of customers has; remove it", what, name)
	case !overlap(field.Purposes, f.Purposes):
		c.problems.add(at, "%s has the field %q, which serves none of its purposes; remove it", what, name)
	case field.Required && !overlap(field.Purposes, f.Mandatory):
		c.problems.add(at, "%s requires the field %q for no mandatory purpose; make the field optional or leave it out", what, name)
	}
}

func (c *compiler) checkPurposesOfForm(at Pos, what string, f *Form) {
	for _, id := range f.Purposes {
		if p := c.pack.Purposes[id]; p != nil && p.Operational {
			c.problems.add(at, "%s offers the purpose %q, which is operational; remove it", what, id)
		}
	}
	for _, id := range f.Mandatory {
		at := c.places[what+" mandatory "+string(id)]
		p := c.pack.Purposes[id]
		switch {
		case !slices.Contains(f.Purposes, id) || p == nil:
			c.problems.add(at, "%s makes %q mandatory without offering it; add it to purposes", what, id)
		case p.Marketing || !c.needed(f, id):
			c.problems.add(at, "%s makes %q mandatory, which the service does not need; let the customer choose", what, id)
		}
	}
}

// needed reports whether a required field of the form serves the purpose.
func (c *compiler) needed(f *Form, id record.PurposeID) bool {
	return slices.ContainsFunc(f.Fields, func(name record.FieldName) bool {
		field := c.pack.Fields[name]
		return field != nil && field.Required && slices.Contains(field.Purposes, id)
	})
}

func (c *compiler) checkNoticeOfForm(at Pos, what string, f *Form) {
	if f.Notice == "" {
		c.problems.add(at, "%s names no notice; add \"notice:\" with a version of notices.yaml", what)
		return
	}
	at = c.places[what+" notice "+string(f.Notice)]
	n := c.pack.Notices[f.Notice]
	if n == nil {
		c.problems.add(at, "%s names the unknown notice %q; declare it in notices.yaml", what, f.Notice)
		return
	}
	for _, id := range f.Purposes {
		if !slices.Contains(n.Purposes, id) {
			c.problems.add(at, "%s offers the purpose %q, of which notice %q does not tell; add it to the notice", what, id, f.Notice)
		}
	}
	if f.Live && n.Approved == (Approval{}) {
		c.problems.add(at, "%s is live with the notice %q, which nobody has approved; add \"approved:\" to the notice", what, f.Notice)
	}
	for _, name := range f.Channels {
		if channel := c.pack.Channels[name]; channel != nil && !channel.Public && n.Script == "" {
			c.problems.add(at, "%s is filled by staff on channel %q, but notice %q has no script to read out; add \"script:\"", what, name, f.Notice)
		}
	}
}

// checkPlace checks the kinds, channels and department of a form.
func (c *compiler) checkPlace(what string, f *Form) {
	for _, kind := range f.Kinds {
		if !slices.Contains(record.Kinds(), kind) {
			c.problems.add(c.places[what+" kind "+string(kind)], "%s names the unknown kind of customer %q; use one of %v", what, kind, record.Kinds())
		}
	}
	for _, name := range f.Channels {
		if c.pack.Channels[name] == nil {
			c.problems.add(c.places[what+" channel "+string(name)], "%s has the unknown channel %q; declare it in pack.yaml", what, name)
		}
	}
	if _, ok := c.pack.Departments[f.Department]; !ok {
		c.problems.add(c.places[what+" department "+string(f.Department)], "%s belongs to the unknown department %q; declare it in pack.yaml", what, f.Department)
	}
}

func (c *compiler) checkLive(at Pos, what string, f *Form) {
	if f.Live && f.Approved == (Approval{}) {
		c.problems.add(at, "%s is live without approval; add \"approved:\" with role and date, or \"live: false\"", what)
	}
}

func overlap[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(x T) bool { return slices.Contains(b, x) })
}
