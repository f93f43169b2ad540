package phone

import (
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// plans holds one numbering plan in each line, those of a country calling code in a row and its main region first. Fields are separated
// by tabs: region, calling code, international prefix, national prefix, its replacement, leading digits, then one for each kind of
// number, the first for all kinds: lengths, a colon, lengths without area code (of the first only), a colon, and the pattern.
//
//go:embed plans.txt
var plans string

// plan is the numbering plan of a region, or of a calling code that belongs to none.
type plan struct {
	region    string
	country   int
	idd       string // what is dialled before a country calling code
	prefix    string // what is dialled before a national number
	transform string // what the prefix is replaced by, "" for nothing
	leading   string // beginnings of the numbers of this region among those with the same calling code
	general   kind
	kinds     []kind

	patterns sync.Map // from pattern to *regexp.Regexp: a process meets few of them
}

// kind is one kind of number.
type kind struct {
	lengths []int
	local   []int
	pattern string
}

// book is the plans in reach.
type book struct {
	regions   map[string]*plan
	countries map[int][]*plan
}

// opened reads the plans when the first number comes.
var opened = sync.OnceValue(func() *book { return read(plans) })

func byRegion(region string) *plan  { return opened().regions[region] }
func byCountry(country int) []*plan { return opened().countries[country] }

func mainPlan(country int) *plan {
	if of := byCountry(country); len(of) > 0 {
		return of[0]
	}
	return nil
}

func read(text string) *book {
	b := &book{regions: map[string]*plan{}, countries: map[int][]*plan{}}
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		country, err := strconv.Atoi(f[1])
		if err != nil { // the tests have read every line
			continue
		}
		p := &plan{region: f[0], country: country, idd: f[2], prefix: f[3], transform: f[4], leading: f[5], general: readKind(f[6])}
		for _, text := range f[7:] {
			p.kinds = append(p.kinds, readKind(text))
		}
		b.countries[country] = append(b.countries[country], p)
		if p.region != "001" {
			b.regions[p.region] = p
		}
	}
	return b
}

func readKind(text string) kind {
	lengths, rest, _ := strings.Cut(text, ":")
	local, pattern, _ := strings.Cut(rest, ":")
	return kind{numbers(lengths), numbers(local), pattern}
}

func numbers(text string) []int {
	var list []int
	for part := range strings.SplitSeq(text, ",") {
		if n, err := strconv.Atoi(part); err == nil {
			list = append(list, n)
		}
	}
	return list
}

// compiled returns a pattern of the plan, ready for use; nil when it does not compile, which the tests exclude.
func (p *plan) compiled(pattern string) *regexp.Regexp {
	if have, ok := p.patterns.Load(pattern); ok {
		expression, _ := have.(*regexp.Regexp)
		return expression
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	p.patterns.Store(pattern, expression)
	return expression
}

// begins returns where the pattern at the beginning of text ends, and its groups, as regexp does; nil when it is not there.
func (p *plan) begins(pattern, text string) []int {
	if pattern == "" {
		return nil
	}
	expression := p.compiled("^(?:" + pattern + ")")
	if expression == nil {
		return nil
	}
	return expression.FindStringSubmatchIndex(text)
}

func (p *plan) is(pattern, text string) bool {
	expression := p.compiled("^(?:" + pattern + ")$")
	return expression != nil && expression.MatchString(text)
}

// matches reports whether a national number looks like any of the plan, whatever its length.
func (p *plan) matches(national string) bool { return p.is(p.general.pattern, national) }

// has reports whether the plan has a national number.
func (p *plan) has(national string) bool {
	if !p.of(p.general, national) {
		return false
	}
	for _, k := range p.kinds {
		if p.of(k, national) {
			return true
		}
	}
	return false
}

func (p *plan) of(k kind, national string) bool {
	return (len(k.lengths) == 0 || contains(k.lengths, len(national))) && p.is(k.pattern, national)
}

func contains(list []int, n int) bool {
	for _, one := range list {
		if one == n {
			return true
		}
	}
	return false
}

// length says how the length of a national number compares with those that the plan has.
type length uint8

const (
	possible length = iota
	tooShort
	tooLong
	localOnly
	invalidLength
)

func (p *plan) length(national string) length {
	n, all := len(national), p.general.lengths
	switch {
	case contains(p.general.local, n):
		return localOnly
	case contains(all, n):
		return possible
	case len(all) == 0:
		return invalidLength
	case n < all[0]:
		return tooShort
	case n > all[len(all)-1]:
		return tooLong
	}
	return invalidLength
}

// withoutPrefix takes the national prefix off the beginning of number, or replaces it. A number that is good with it and not without
// keeps it.
func (p *plan) withoutPrefix(number string) string {
	found := p.begins(p.prefix, number)
	if found == nil {
		return number
	}
	rest := number[found[1]:]
	if p.transform != "" && found[len(found)-2] >= 0 {
		rest = p.compiled("^(?:"+p.prefix+")").ReplaceAllString(number, p.transform)
	}
	if p.matches(number) && !p.matches(rest) {
		return number
	}
	return rest
}
