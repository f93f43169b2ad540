package policy

import (
	"kexin/shared/record"
)

// purpose lays the declaration of a purpose over what is there: consent replaces other bases, periods become shorter.
func (c *compiler) purpose(e entry[rawPurpose]) {
	if !c.declare("purpose", e.Name, e.At, plainName(), plainHint) {
		return
	}
	what := "purpose " + quote(e.Name)
	id := record.PurposeID(e.Name)
	old, raw := c.pack.Purposes[id], e.V
	p := &Purpose{ID: id}
	if old != nil {
		*p = *old
	} else {
		c.own[id] = true
	}
	override(&p.Title, raw.Title)
	override(&p.Necessity, raw.Necessity)
	c.basis(what, p, raw.Basis)
	c.raise(what, "marketing", &p.Marketing, raw.Marketing)
	c.raise(what, "operational", &p.Operational, raw.Operational)
	c.retention(what+" retention", &p.Retention, raw.Retention, old != nil)
	if raw.Minimum.At.Line > 0 {
		p.Minimum = &Retention{}
		c.retention(what+" minimum", p.Minimum, raw.Minimum, false)
		c.places["minimum "+e.Name] = raw.Minimum.At
	}
	if raw.Retention.Period.Set {
		c.places["retention "+e.Name] = raw.Retention.Period.At
	}
	if raw.Articles != nil {
		p.Articles = unique[string](c, what, "articles", raw.Articles)
	}
	c.pack.Purposes[id] = p
}

// basis takes over a lawful basis. A later pack may only ask for consent where an earlier one did not.
func (c *compiler) basis(what string, p *Purpose, raw val[string]) {
	old := p.Basis
	c.word(what, "basis", (*string)(&p.Basis), raw, bases)
	if old != "" && p.Basis != old && p.Basis != BasisConsent {
		c.problems.add(raw.At, "%s has basis %q in the pack that this one extends; keep it or ask for consent", what, old)
	}
}

func (c *compiler) retention(what string, target *Retention, raw rawRetention, extends bool) {
	old := *target
	c.word(what, "trigger", &target.Trigger, raw.Trigger, triggers)
	c.word(what, "origin", &target.Origin, raw.Origin, origins)
	c.period(what+" period", &target.Period, raw.Period)
	if raw.Confirmed.Set {
		target.Confirmed = raw.Confirmed.V
	}
	if !extends {
		return
	}
	if target.Trigger != old.Trigger && target.Trigger != TriggerRecord {
		c.problems.add(raw.Trigger.At, "%s starts with %s in the pack that this one extends; keep it or use %s, which is never later",
			what, old.Trigger, TriggerRecord)
	}
	if target.Period.LongerThan(old.Period) {
		c.problems.add(raw.Period.At, "%s %s is longer than %s of the pack that this one extends; give at most that", what, target.Period, old.Period)
	}
}

func (c *compiler) period(what string, target *Period, raw val[string]) {
	if !raw.Set {
		return
	}
	period, err := ParsePeriod(raw.V)
	if err != nil {
		c.problems.add(raw.At, "%s %q is %v", what, raw.V, ErrPeriod)
		return
	}
	*target = period
}

func (c *compiler) checkPurpose(p *Purpose) {
	at, what := c.place("purpose", p.ID), "purpose "+quote(p.ID)
	c.both(at, what, "title", p.Title)
	c.both(at, what, "necessity", p.Necessity)
	if p.Basis == "" {
		c.problems.add(at, "%s has no basis; add \"basis:\" consent, contract or legal_obligation", what)
	}
	if p.Retention.Trigger == "" || c.place("retention", p.ID).Line == 0 || p.Retention.Origin == "" {
		c.problems.add(at, "%s has no complete retention; give trigger, period and origin", what)
	}
	if p.Marketing && p.Basis != BasisConsent && p.Basis != "" {
		c.problems.add(at, "%s is marketing on the basis %s; marketing needs basis consent", what, p.Basis)
	}
	longest := c.pack.Limits.LongestRetention
	if longest != (Period{}) && p.Basis != BasisLaw && p.Retention.Period.LongerThan(longest) {
		c.problems.add(c.place("retention", p.ID), "%s retention %s is longer than the longest_retention %s; shorten it", what, p.Retention.Period, longest)
	}
	if p.Minimum != nil && (p.Minimum.Origin != "law" || p.Minimum.Trigger == "") {
		c.problems.add(c.place("minimum", p.ID), "%s has a minimum that is not complete or not the law's; give trigger, period and \"origin: law\"", what)
	}
}
