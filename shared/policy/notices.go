package policy

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"kexin/shared/record"
)

// notice takes over a notice. A version is a text that customers have seen, so no pack may change one of another.
func (c *compiler) notice(e entry[rawNotice]) {
	if !c.declare("notice", e.Name, e.At, noticeName(), "a name and a number such as service/1") {
		return
	}
	what, raw := "notice "+quote(e.Name), e.V
	version := record.NoticeVersion(e.Name)
	if c.pack.Notices[version] != nil {
		c.problems.add(e.At, "%s exists in the pack that this one extends; give it a name of its own", what)
		return
	}
	n := &Notice{Version: version, Title: raw.Title.V, Parts: map[string]record.Text{}, Script: raw.Script.V}
	for _, part := range raw.Parts {
		if !slices.Contains(NoticeParts(), part.Name) {
			c.problems.add(part.At, "%s has the unknown part %q; the parts are %s", what, part.Name, strings.Join(NoticeParts(), ", "))
		}
		n.Parts[part.Name] = part.V.V
		c.places[e.Name+" "+part.Name] = part.At
	}
	n.Purposes = knownPurposes(c, what, raw.Purposes)
	n.Approved = c.approval(what, raw.Approved)
	c.pack.Notices[version] = n
}

// knownPurposes returns purposes that exist, each once.
func knownPurposes(c *compiler, what string, raw []val[string]) []record.PurposeID {
	for _, item := range raw {
		if c.pack.Purposes[record.PurposeID(item.V)] == nil {
			c.problems.add(item.At, "%s names the unknown purpose %q; declare it in purposes.yaml", what, item.V)
		}
	}
	return unique[record.PurposeID](c, what, "purposes", raw)
}

func (c *compiler) approval(what string, raw rawApproval) Approval {
	if raw.At.Line == 0 {
		return Approval{}
	}
	if !roleName().MatchString(raw.By.V) {
		c.problems.add(raw.At, "%s is approved by %q; name a role R1 to R23", what, raw.By.V)
	}
	if _, err := time.Parse(time.DateOnly, raw.On.V); err != nil {
		c.problems.add(raw.At, "%s is approved on %q; give a date such as 2026-01-31", what, raw.On.V)
	}
	return Approval{By: raw.By.V, On: raw.On.V}
}

func (c *compiler) checkNotice(n *Notice) {
	at, what := c.place("notice", n.Version), "notice "+quote(n.Version)
	c.both(at, what, "title", n.Title)
	if len(n.Purposes) == 0 {
		c.problems.add(at, "%s has no purposes; name those that it tells of", what)
	}
	for _, part := range NoticeParts() {
		place := c.places[string(n.Version)+" "+part]
		if place.Line == 0 {
			place = at
		}
		c.both(place, what, "part "+quote(part), n.Parts[part])
	}
	n.SHA256 = map[record.Language][32]byte{}
	for _, language := range []record.Language{record.Chinese, record.English} {
		c.names(n, language)
		n.SHA256[language] = sha256.Sum256([]byte(n.Text(language)))
	}
}

// names demands that a notice names who answers for the processing.
func (c *compiler) names(n *Notice, language record.Language) {
	identity := n.Parts["identity"].In(language)
	processor := c.pack.Processor
	if identity == "" || strings.Contains(identity, processor.Name.In(language)) && strings.Contains(identity, processor.Contact) {
		return
	}
	c.problems.add(c.places[string(n.Version)+" identity"], "notice %q does not give the processor's name and contact in %s; use the words of pack.yaml",
		n.Version, language)
}

// Text returns the whole notice in language: the title, then name and text of every part in the order of NoticeParts, each on a line of
// its own. Notice.SHA256 is over these bytes, so the text of a version can be proved for ever.
func (n *Notice) Text(language record.Language) string {
	var b strings.Builder
	b.WriteString(n.Title.In(language) + "\n")
	for _, part := range NoticeParts() {
		b.WriteString("\n" + part + "\n" + n.Parts[part].In(language) + "\n")
	}
	return b.String()
}
