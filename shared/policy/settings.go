package policy

import (
	"slices"

	"kexin/shared/record"
)

// floor returns what every level demands at least (design §2). Packs start from it and may only ask for more.
func floor() map[record.Level]*Profile {
	return map[record.Level]*Profile{
		record.L0: {Level: record.L0},
		record.L1: {Level: record.L1, NDA: true},
		record.L2: {Level: record.L2, NDA: true, Training: true, RevealReason: true, RevealSeconds: 60, ExportApprovers: 1},
		record.L3: {
			Level: record.L3, NDA: true, Training: true, Vetting: true, RevealReason: true, Approval: true, RevealSeconds: 60,
			ExportApprovers: 2,
		},
	}
}

// settings lays pack.yaml over what is there.
func (c *compiler) settings(raw *packFile) {
	c.places["pack"] = raw.At
	override(&c.pack.Title, raw.Title)
	c.processor(&raw.Processor)
	for _, e := range raw.Departments {
		if c.declare("department", e.Name, e.At, plainName(), plainHint) {
			c.pack.Departments[record.Department(e.Name)] = e.V.V
			c.both(e.At, "department "+quote(e.Name), "title", e.V.V)
		}
	}
	for _, e := range raw.Reasons {
		if c.declare("reason", e.Name, e.At, plainName(), plainHint) {
			c.pack.Reasons[e.Name] = e.V.V
			c.both(e.At, "reason "+quote(e.Name), "title", e.V.V)
		}
	}
	for _, e := range raw.Channels {
		c.channel(e)
	}
	for _, e := range raw.Levels {
		c.level(e)
	}
	c.limits(&raw.Limits)
}

func (c *compiler) processor(raw *rawProcessor) {
	p := &c.pack.Processor
	override(&p.Name, raw.Name)
	override(&p.Address, raw.Address)
	override(&p.InCharge, raw.InCharge)
	if raw.Contact.Set {
		p.Contact = raw.Contact.V
	}
	if raw.At.Line > 0 {
		c.places["processor"] = raw.At
	}
}

// channel takes over a channel. Whether the customer fills the form or staff do is decided where the channel is declared.
func (c *compiler) channel(e entry[rawChan]) {
	if !c.declare("channel", e.Name, e.At, plainName(), plainHint) {
		return
	}
	id, what := record.Channel(e.Name), "channel "+quote(e.Name)
	channel := &Channel{ID: id}
	if old := c.pack.Channels[id]; old != nil {
		*channel = *old
		if e.V.Public.Set && e.V.Public.V != old.Public {
			c.problems.add(e.V.Public.At, "%s has public: %v in the pack that this one extends; remove the key", what, old.Public)
		}
	} else {
		channel.Public = e.V.Public.V
	}
	override(&channel.Title, e.V.Title)
	c.both(e.At, what, "title", channel.Title)
	c.pack.Channels[id] = channel
}

// level takes over the label of a level and what the pack demands beyond the level's floor.
func (c *compiler) level(e entry[rawLevel]) {
	level, err := record.ParseLevel(e.Name)
	if err != nil {
		c.problems.add(e.At, "unknown level %q; use L0, L1, L2 or L3", e.Name)
		return
	}
	what, p, raw := "level "+e.Name, c.pack.Levels[level], e.V
	override(&p.Label, raw.Label)
	c.raise(what, "reveal_reason", &p.RevealReason, raw.RevealReason)
	c.raise(what, "approval", &p.Approval, raw.Approval)
	c.raise(what, "nda", &p.NDA, raw.NDA)
	c.raise(what, "training", &p.Training, raw.Training)
	c.raise(what, "vetting", &p.Vetting, raw.Vetting)
	c.number(what+" reveal_seconds", &p.RevealSeconds, raw.RevealSeconds, 1, 3600)
	if raw.ExportApprovers.Set && raw.ExportApprovers.V < p.ExportApprovers {
		c.problems.add(raw.ExportApprovers.At, "%s has export_approvers %d; give at least %d", what, raw.ExportApprovers.V, p.ExportApprovers)
	}
	p.ExportApprovers = max(p.ExportApprovers, raw.ExportApprovers.V)
}

// number takes over a limit, which later packs may lower but not raise.
func (c *compiler) number(what string, target *int, raw val[int], least, most int) {
	if *target > 0 {
		most = *target
	}
	switch {
	case !raw.Set:
	case raw.V < least || raw.V > most:
		c.problems.add(raw.At, "%s is %d; give %d to %d", what, raw.V, least, most)
	default:
		*target = raw.V
	}
}

// most bounds limits that are only numbers of things.
const most = 1_000_000_000

// mostFound bounds what one search may find: each customer shown is named by a row in the transaction of the search's entry.
const mostFound = 40

func (c *compiler) limits(raw *rawLimits) {
	l := &c.pack.Limits
	c.number("limit purge_customers", &l.PurgeCustomers, raw.PurgeCustomers, 1, most)
	c.number("limit export_rows", &l.ExportRows, raw.ExportRows, 1, most)
	c.number("limit recovery_days", &l.RecoveryDays, raw.RecoveryDays, 1, 35)
	c.number("limit daily_reads", &l.DailyReads, raw.DailyReads, 1, most)
	c.number("limit search_results", &l.SearchResults, raw.SearchResults, 1, mostFound)
	c.share(l, raw.PurgeShare)
	c.shorten("limit export_life", &l.ExportLife, raw.ExportLife)
	c.shorten("limit approval_life", &l.ApprovalLife, raw.ApprovalLife)
	c.shorten("limit submission_life", &l.SubmissionLife, raw.SubmissionLife)
	c.shorten("limit pending_life", &l.PendingLife, raw.PendingLife)
	c.shorten("limit withdrawn_destroy", &l.WithdrawnDestroy, raw.WithdrawnDestroy)
	c.shorten("limit destroy_within", &l.DestroyWithin, raw.DestroyWithin)
	c.shorten("limit longest_retention", &l.LongestRetention, raw.LongestRetention)
	c.locateLimits(raw)
}

func (c *compiler) share(l *Limits, raw val[float64]) {
	top := 1.0
	if l.PurgeShare > 0 {
		top = l.PurgeShare
	}
	switch {
	case !raw.Set:
	case !(raw.V > 0 && raw.V <= top):
		c.problems.add(raw.At, "limit purge_share is %v; give more than 0 and at most %v", raw.V, top)
	default:
		l.PurgeShare = raw.V
	}
}

// shorten takes over a period, which later packs may shorten but not lengthen.
func (c *compiler) shorten(what string, target *Period, raw val[string]) {
	old := *target
	c.period(what, target, raw)
	if old != (Period{}) && target.LongerThan(old) {
		c.problems.add(raw.At, "%s %s is longer than %s of the pack that this one extends; give at most that", what, *target, old)
		*target = old
	}
}

// role takes over a role's titles and purposes.
func (c *compiler) role(e entry[rawRole]) {
	if !c.declare("role", e.Name, e.At, roleName(), "R1 to R23") {
		return
	}
	what, id := "role "+e.Name, record.Role(e.Name)
	role := &Role{ID: id}
	if old := c.pack.Roles[id]; old != nil {
		*role = *old
	}
	override(&role.Title, e.V.Title)
	override(&role.Duties, e.V.Duties)
	for _, purpose := range e.V.Purposes {
		known := record.PurposeID(purpose.V)
		if !c.first && !c.own[known] && c.pack.Purposes[known] != nil && !slices.Contains(role.Purposes, known) {
			c.problems.add(purpose.At, "%s may not use %q in the pack that this one extends; remove it", what, purpose.V)
		}
	}
	if e.V.Purposes != nil {
		role.Purposes = knownPurposes(c, what, e.V.Purposes)
	}
	c.pack.Roles[id] = role
}

func (c *compiler) checkRole(r *Role) {
	c.both(c.place("role", r.ID), "role "+string(r.ID), "title", r.Title)
}

func (c *compiler) checkSettings() {
	at := c.places["pack"]
	c.both(at, "the pack", "title", c.pack.Title)
	for level := record.L0; level <= record.L3; level++ {
		c.both(at, "level "+level.String(), "label", c.pack.Levels[level].Label)
	}
	c.checkLimits(at)
	c.checkEnforced(AllLimits())
	if len(c.pack.Forms) == 0 {
		return
	}
	if place, ok := c.places["processor"]; ok {
		at = place
	}
	p := c.pack.Processor
	c.both(at, "the processor", "name", p.Name)
	c.both(at, "the processor", "address", p.Address)
	c.both(at, "the processor", "person in charge", p.InCharge)
	if p.Contact == "" {
		c.problems.add(at, "the processor has no contact; add an e-mail address or a phone number")
	}
}

func (c *compiler) checkLimits(at Pos) {
	l := &c.pack.Limits
	for _, limit := range []struct {
		name string
		zero bool
	}{
		{"purge_customers", l.PurgeCustomers == 0}, {"purge_share", l.PurgeShare == 0}, {"export_rows", l.ExportRows == 0},
		{"export_life", l.ExportLife == Period{}}, {"approval_life", l.ApprovalLife == Period{}},
		{"submission_life", l.SubmissionLife == Period{}}, {"pending_life", l.PendingLife == Period{}},
		{"withdrawn_destroy", l.WithdrawnDestroy == Period{}}, {"destroy_within", l.DestroyWithin == Period{}},
		{"recovery_days", l.RecoveryDays == 0}, {"daily_reads", l.DailyReads == 0}, {"search_results", l.SearchResults == 0},
		{"longest_retention", l.LongestRetention == Period{}},
	} {
		if limit.zero {
			c.problems.add(at, "limit %s is missing; add it to limits in pack.yaml", limit.name)
		}
	}
}

// warn lists what the owner of the data has still to decide.
func (c *compiler) warn() {
	warnings := &Problems{}
	for _, id := range sortedKeys(c.pack.Purposes) {
		p := c.pack.Purposes[id]
		if p.Retention.Origin != "source" && !p.Retention.Confirmed {
			warnings.add(c.place("retention", id), "purpose %q: retention %s comes from %q and the owner has not confirmed it", id,
				p.Retention.Period, p.Retention.Origin)
		}
		if p.Minimum != nil && !p.Minimum.Confirmed {
			warnings.add(c.place("minimum", id), "purpose %q: minimum %s is not confirmed by the owner", id, p.Minimum.Period)
		}
	}
	_ = warnings.err() // sorts
	c.pack.Warnings = warnings.List
}
