package entry

import (
	"strconv"
	"strings"
	"time"
)

// Facts are the details of an outcome: a few counts, moments, codes and digests under keys of a closed list (FactKeys), or counts under
// CategoryPrefix and the name of a content category.
type Facts map[string]string

// MaxFacts is the most facts of one entry.
const MaxFacts = 32

// CategoryPrefix starts the keys of counts by content category, such as "category.financial".
const CategoryPrefix = "category."

type factKind uint8

const (
	aCount factKind = iota + 1
	aMoment
	aCode
	aDigest
)

var factKinds = factTable(map[factKind]string{
	aCount: "archives attempts customers deleted documents epoch events failed fields found holds imported items kib left limit lines " +
		"merged missing part parts pending reads records refused remaining rows schema seconds sections size version versions",
	aMoment: "closed deadline due effective expires finished from irrecoverable not_before opened started triggered until",
	aCode: "basis branch case consent fault field form from_state job kind level method notice outcome policy register retention rule " +
		"stage state step template trigger",
	aDigest: "archive_sha256 body_sha256 checked_sha256 envelope_sha256 manifest_sha256 merged_after merged_before receipt_sha256 roster_sha256 text_sha256",
})

func factTable(kinds map[factKind]string) map[string]factKind {
	table := map[string]factKind{}
	for kind, keys := range kinds {
		for key := range strings.FieldsSeq(keys) {
			table[key] = kind
		}
	}
	return table
}

// Count returns n in the form of a fact. Counts have at most nine digits, so that no phone or identity number passes for one.
func Count(n int) string { return strconv.Itoa(n) }

// Moment returns t in the form of a fact, the only one that an entry takes: RFC 3339 in UTC to the second, rounded up, because nothing is
// claimed before it is true.
func Moment(t time.Time) string {
	if up := t.Truncate(time.Second); !up.Equal(t) {
		t = up.Add(time.Second)
	}
	return t.UTC().Format(time.RFC3339)
}

func (f Facts) validate() error {
	if len(f) > MaxFacts {
		return malformed("facts")
	}
	for key, value := range f {
		kind := factKinds[key]
		if name, ok := strings.CutPrefix(key, CategoryPrefix); ok && isName(name) {
			kind = aCount
		}
		if !kind.holds(value) {
			if kind == 0 || len(key) > 64 {
				return malformed("facts: unknown key")
			}
			return malformed("facts: " + key)
		}
	}
	return nil
}

func (k factKind) holds(value string) bool {
	switch k {
	case aCount:
		return isCount(value)
	case aMoment:
		return isMoment(value)
	case aCode:
		return isCode(value)
	case aDigest:
		return isDigest(value)
	}
	return false
}
