package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"kexin/shared/record"
)

// compiler lays packs over each other, the base first. What a later pack says may only be stricter than what is there; finish then
// checks that the result is complete.
type compiler struct {
	pack     *Pack
	problems *Problems
	places   map[string]Pos // of the latest declaration of "field phone", "purpose marketing" …
	first    bool           // the pack being applied extends nothing
	folder   *folder        // the pack being applied
	own      map[record.PurposeID]bool
	ids      map[string]Pos // of Cedar policies
}

func newCompiler(problems *Problems) *compiler {
	return &compiler{
		problems: problems, places: map[string]Pos{}, ids: map[string]Pos{},
		pack: &Pack{
			Purposes: map[record.PurposeID]*Purpose{}, Fields: map[record.FieldName]*Field{},
			Notices: map[record.NoticeVersion]*Notice{}, Forms: map[record.FormID]*Form{},
			Channels: map[record.Channel]*Channel{}, Levels: floor(), Roles: map[record.Role]*Role{},
			Reasons: map[string]record.Text{}, Departments: map[record.Department]record.Text{},
			sectionOf: map[record.FieldName]*Section{}, limitAt: map[LimitName]Pos{},
		},
	}
}

// apply lays one pack over what is there.
func (c *compiler) apply(f *folder, first bool) {
	c.folder, c.first, c.own = f, first, map[record.PurposeID]bool{}
	c.settings(&f.pack)
	for _, e := range f.purposes {
		c.purpose(e)
	}
	for _, e := range f.fields {
		c.field(e)
	}
	for _, e := range f.notices {
		c.notice(e)
	}
	for _, e := range f.forms {
		c.form(e)
	}
	for _, e := range f.roles {
		c.role(e)
	}
	for _, file := range f.cedar {
		c.cedar(file)
	}
}

// finish checks the whole and computes what follows from it.
func (c *compiler) finish(id string) *Pack {
	c.pack.ID = id
	c.checkSettings()
	for _, name := range sortedKeys(c.pack.Purposes) {
		c.checkPurpose(c.pack.Purposes[name])
	}
	for _, name := range sortedKeys(c.pack.Fields) {
		c.checkField(c.pack.Fields[name])
	}
	for _, name := range sortedKeys(c.pack.Notices) {
		c.checkNotice(c.pack.Notices[name])
	}
	for _, name := range sortedKeys(c.pack.Forms) {
		c.checkForm(c.pack.Forms[name])
	}
	for _, name := range sortedKeys(c.pack.Roles) {
		c.checkRole(c.pack.Roles[name])
	}
	c.checkCedar()
	c.sections()
	c.warn()
	return c.pack
}

// declare remembers the place of name and reports whether the name is well formed.
func (c *compiler) declare(kind, name string, at Pos, form *regexp.Regexp, hint string) bool {
	c.places[kind+" "+name] = at
	if form.MatchString(name) {
		return true
	}
	c.problems.add(at, "%s %q is not a name; use %s", kind, name, hint)
	return false
}

func (c *compiler) place(kind string, name any) Pos {
	return c.places[fmt.Sprintf("%s %v", kind, name)]
}

var (
	plainName  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`) })
	noticeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}/[1-9][0-9]{0,3}$`) })
	roleName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^R([1-9]|1[0-9]|2[0-3])$`) })
)

const plainHint = "small letters, digits and _, beginning with a letter"

// word takes over a word of a closed list.
func (c *compiler) word(what, key string, target *string, raw val[string], known []string) {
	if !raw.Set {
		return
	}
	if !slices.Contains(known, raw.V) {
		c.problems.add(raw.At, "%s has the unknown %s %q; use one of %s", what, key, raw.V, strings.Join(known, ", "))
		return
	}
	*target = raw.V
}

// frozen takes over a word of a closed list that no later pack may change.
func (c *compiler) frozen(what, key string, target *string, raw val[string], known []string) {
	if raw.Set && *target != "" && raw.V != *target {
		c.problems.add(raw.At, "%s has %s %q in the pack that this one extends; remove the key", what, key, *target)
		return
	}
	c.word(what, key, target, raw, known)
}

// raise takes over a demand that later packs may make but not take back.
func (c *compiler) raise(what, key string, target *bool, raw val[bool]) {
	if raw.Set && !raw.V && *target {
		c.problems.add(raw.At, "%s has %s: true in the pack that this one extends; remove the key", what, key)
	}
	*target = *target || raw.V
}

// lower takes over a permission that only the pack which declares the thing may give.
func (c *compiler) lower(what, key string, target *bool, raw val[bool], fresh bool) {
	if raw.Set && raw.V && !*target && !fresh {
		c.problems.add(raw.At, "%s has no %s in the pack that this one extends; remove the key", what, key)
		return
	}
	if raw.Set {
		*target = raw.V
	}
}

func override(target *record.Text, raw text) {
	if raw.Set {
		*target = raw.V
	}
}

// both demands a text in both languages.
func (c *compiler) both(at Pos, what, key string, t record.Text) {
	for _, language := range []struct{ name, text string }{{"zh", t.ZH}, {"en", t.EN}} {
		if language.text == "" {
			c.problems.add(at, "%s has no %s in %s; add it", what, key, language.name)
		}
	}
}

// unique turns a list of words into typed names and refuses doubles.
func unique[T ~string](c *compiler, what, key string, raw []val[string]) []T {
	var names []T
	for _, item := range raw {
		if slices.Contains(names, T(item.V)) {
			c.problems.add(item.At, "%s names %q twice in %s; remove one", what, item.V, key)
			continue
		}
		names = append(names, T(item.V))
	}
	return names
}

// subset takes over a list that later packs may shorten but not extend.
func subset[T ~string](c *compiler, what, key string, target *[]T, raw []val[string], fresh bool) {
	if raw == nil {
		return
	}
	names := unique[T](c, what, key, raw)
	for _, item := range raw {
		if !fresh && !slices.Contains(*target, T(item.V)) {
			c.problems.add(item.At, "%s has no %q among its %s in the pack that this one extends; remove it", what, item.V, key)
		}
	}
	*target = names
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
