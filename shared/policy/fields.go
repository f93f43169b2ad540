package policy

import (
	"fmt"
	"slices"

	"kexin/shared/record"
)

func quote[T ~string](name T) string { return fmt.Sprintf("%q", string(name)) }

// field lays the declaration of a field over what is there: levels rise, purposes, kinds and searches become fewer, what is forbidden
// stays forbidden.
func (c *compiler) field(e entry[rawField]) {
	if !c.declare("field", e.Name, e.At, plainName(), plainHint) {
		return
	}
	what := "field " + quote(e.Name)
	name := record.FieldName(e.Name)
	old, raw := c.pack.Fields[name], e.V
	f := &Field{Name: name}
	if old != nil {
		*f = *old
	}
	if old != nil && old.Use == UseForbidden && raw.Use.V != string(UseForbidden) {
		c.problems.add(e.At, "%s is forbidden by the pack that this one extends; remove it", what)
		return
	}
	fresh := old == nil
	c.fieldTexts(what, f, raw)
	c.use(what, f, raw.Use)
	c.protection(what, f, raw, fresh)
	c.fieldPurposes(what, f, raw.Purposes, fresh)
	subset(c, what, "kinds", &f.Kinds, raw.Kinds, fresh)
	subset(c, what, "search", &f.Search, raw.Search, fresh)
	c.frozen(what, "unique", &f.Unique, raw.Unique, identifiers)
	c.length(what, f, raw.MaxLength)
	c.lower(what, "on_card", &f.OnCard, raw.OnCard, fresh)
	c.lower(what, "export", &f.Export, raw.Export, fresh)
	if raw.Required.Set {
		f.Required = raw.Required.V
	}
	c.pack.Fields[name] = f
}

func (c *compiler) fieldTexts(what string, f *Field, raw rawField) {
	override(&f.Title, raw.Title)
	override(&f.Necessity, raw.Necessity)
	override(&f.Effect, raw.Effect)
	c.frozen(what, "type", &f.Type, raw.Type, slices.Concat(typesOfInput, typesKept))
	c.frozen(what, "check", &f.Check, raw.Check, checks)
	c.frozen(what, "category", (*string)(&f.Category), raw.Category, categories)
	if raw.SourceLabel.Set {
		f.SourceLabel = raw.SourceLabel.V
	}
	if raw.Articles != nil {
		f.Articles = unique[string](c, what, "articles", raw.Articles)
	}
	if raw.Options != nil {
		f.Options = c.options(what, raw.Options)
	}
}

// use takes over where a field lives; a later pack may only forbid it.
func (c *compiler) use(what string, f *Field, raw val[string]) {
	old := f.Use
	c.word(what, "use", (*string)(&f.Use), raw, uses)
	if old != "" && f.Use != old && f.Use != UseForbidden {
		c.problems.add(raw.At, "%s has use %q in the pack that this one extends; keep it or write forbidden", what, old)
	}
}

func (c *compiler) protection(what string, f *Field, raw rawField, fresh bool) {
	if raw.Level.Set {
		level, err := record.ParseLevel(raw.Level.V)
		switch {
		case err != nil:
			c.problems.add(raw.Level.At, "%s has the unknown level %q; use L0, L1, L2 or L3", what, raw.Level.V)
		case level < f.Level:
			c.problems.add(raw.Level.At, "%s has level %s in the pack that this one extends; give %s or higher", what, f.Level, f.Level)
		default:
			f.Level = level
		}
	}
	c.raise(what, "sensitive", &f.Sensitive, raw.Sensitive)
	c.raise(what, "separate_consent", &f.SeparateConsent, raw.SeparateConsent)
	old := f.Mask
	c.word(what, "mask", &f.Mask, raw.Mask, masks)
	if !fresh && f.Mask != old && f.Mask != "all" {
		c.problems.add(raw.Mask.At, "%s has mask %q in the pack that this one extends; keep it or write all", what, old)
	}
}

// fieldPurposes takes over what a field serves. A later pack may drop purposes and add such as it declares itself.
func (c *compiler) fieldPurposes(what string, f *Field, raw []val[string], fresh bool) {
	if raw == nil {
		return
	}
	names := unique[record.PurposeID](c, what, "purposes", raw)
	for _, item := range raw {
		id := record.PurposeID(item.V)
		switch {
		case c.pack.Purposes[id] == nil:
			c.problems.add(item.At, "%s names the unknown purpose %q; declare it in purposes.yaml", what, item.V)
		case !fresh && !slices.Contains(f.Purposes, id) && !c.own[id]:
			c.problems.add(item.At, "%s does not serve %q in the pack that this one extends; remove it", what, item.V)
		}
	}
	f.Purposes = names
}

func (c *compiler) length(what string, f *Field, raw val[int]) {
	switch {
	case !raw.Set:
	case raw.V < 1 || raw.V > maxLength:
		c.problems.add(raw.At, "%s has max_length %d; give 1 to %d", what, raw.V, maxLength)
	case f.MaxLength > 0 && raw.V > f.MaxLength:
		c.problems.add(raw.At, "%s has max_length %d in the pack that this one extends; give at most that", what, f.MaxLength)
	default:
		f.MaxLength = raw.V
	}
}

// Lengths in characters: the most that a pack may give, and what holds where it gives none.
const (
	maxLength     = 4000
	defaultLength = 100
	defaultText   = 1000
)

func (c *compiler) options(what string, raw []rawOption) []Option {
	var options []Option
	for _, r := range raw {
		if slices.ContainsFunc(options, func(o Option) bool { return o.Value == r.Value.V }) {
			c.problems.add(r.At, "%s has the option %q twice; remove one", what, r.Value.V)
		}
		option := Option{r.Value.V, record.Text{ZH: r.ZH.V, EN: r.EN.V}}
		if option.Value == "" {
			c.problems.add(r.At, "%s has an option without value; add \"value:\"", what)
		}
		c.both(r.At, what, "title of option "+quote(option.Value), option.Title)
		options = append(options, option)
	}
	return options
}

// checkField checks a merged field: everything is classified, and what is collected is justified.
func (c *compiler) checkField(f *Field) {
	at, what := c.place("field", f.Name), "field "+quote(f.Name)
	c.both(at, what, "title", f.Title)
	missing := func(absent bool, key, hint string) {
		if absent {
			c.problems.add(at, "%s has no %s; add %q", what, key, hint)
		}
	}
	missing(f.Level == 0, "level", "level: L0, L1, L2 or L3")
	missing(f.Category == "", "category", "category: basic, service …")
	missing(f.Use == "", "use", "use: collect")
	missing(f.Type == "", "type", "type: str")
	if f.Use == UseCollect {
		missing(len(f.Purposes) == 0, "purpose", "purposes: […]")
		missing(len(f.Kinds) == 0, "kinds of customers", "kinds: [individual, …]")
		c.checkCollected(at, what, f)
		c.checkSensitive(at, what, f)
		c.checkShown(at, what, f)
	}
}

func (c *compiler) checkCollected(at Pos, what string, f *Field) {
	if f.Required && f.Necessity == (record.Text{}) {
		c.problems.add(at, "%s is required without necessity; say why it cannot be done without, or make it optional", what)
	} else {
		c.both(at, what, "necessity", f.Necessity)
	}
	if f.Type != "" && !slices.Contains(typesOfInput, f.Type) {
		c.problems.add(at, "%s is collected with type %q, which no form can ask for; use another type or another use", what, f.Type)
	}
	if (f.Type == "enum") != (len(f.Options) > 0) {
		c.problems.add(at, "%s has type %q and %d options; an enum needs options and nothing else has any", what, f.Type, len(f.Options))
	}
	for _, kind := range f.Kinds {
		if !slices.Contains(record.Kinds(), kind) {
			c.problems.add(at, "%s names the unknown kind of customer %q; use one of %v", what, kind, record.Kinds())
		}
	}
	if f.MaxLength == 0 {
		f.MaxLength = defaultLength
		if f.Type == "text" {
			f.MaxLength = defaultText
		}
	}
}

func (c *compiler) checkSensitive(at Pos, what string, f *Field) {
	if f.Sensitive && f.Level > 0 && f.Level < record.L2 {
		c.problems.add(at, "%s is sensitive at level %s; give level L2 or L3", what, f.Level)
	}
	if f.Sensitive && !f.SeparateConsent {
		c.problems.add(at, "%s is sensitive without a consent of its own; add \"separate_consent: true\"", what)
	}
	if f.Sensitive || f.SeparateConsent {
		c.both(at, what, "effect on the person", f.Effect)
	}
}

// checkShown checks what lists, searches and exports would do with a field.
func (c *compiler) checkShown(at Pos, what string, f *Field) {
	for _, kind := range f.Search {
		if !slices.Contains(searches, kind) {
			c.problems.add(at, "%s has the unknown search %q; use one of %v", what, kind, searches)
		}
	}
	if f.Level == record.L3 && (f.OnCard || len(f.Search) > 0 || f.Unique != "") {
		c.problems.add(at, "%s is L3, which lists and searches never hold; remove on_card, search and unique", what)
	}
	if f.Mask == "none" && f.Level > record.L0 {
		c.problems.add(at, "%s is %s with mask none, which hides nothing; name a mask", what, f.Level)
	}
	if f.Mask == "" {
		f.Mask = "all"
		if f.Level == record.L0 {
			f.Mask = "none"
		}
	}
}
