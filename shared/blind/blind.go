// Package blind computes keyed blind indexes: pseudorandom tokens by which a record is found without being read (design: "Finding
// people without reading them"). Who lacks the key cannot compute a token, nor test a guess. docs/search.md says what each kind of
// index tells somebody who has stolen the table.
package blind

import (
	"slices"

	"kexin/shared/record"
)

// Kinds of search tokens that a field may declare (policy.Field.Search).
const (
	Exact    = "exact"    // the whole value, in any width and case, without spaces
	Last4    = "last4"    // the last four digits
	Two      = "two"      // every two and three neighbouring Chinese characters, and whole words of other scripts
	Initials = "initials" // the first letters of the pinyin of a name's characters, and the beginnings of that from two letters on
)

// MaxTokens is the most tokens that one field of a record has. Each token is a row, written and destroyed with the record, so each
// kind has a share of its own: 1 for Exact, 1 for Last4, 13 for Two, 9 for Initials.
const MaxTokens = 1 + 1 + maxTwo + maxInitials

// Token is one row of an index: TOK#kind#mac for searches, IDX#kind#mac for identifiers.
type Token struct {
	Kind string // kind of search or of identifier
	MAC  string // 128 bits in 26 characters of lower-case base32
}

// String returns kind#mac.
func (t Token) String() string { return t.Kind + "#" + t.MAC }

// index tells what of a value a kind stores, and what of a search text it looks up.
type index struct{ stored, asked func(text string) []string }

var indexes = map[string]index{
	Exact:    {stored: whole, asked: whole},
	Last4:    {stored: lastFour, asked: fourDigits},
	Two:      {stored: neighbours, asked: neighboursAsked},
	Initials: {stored: initials, asked: initialsAsked},
}

// Kinds returns the names of all kinds of search in a fixed order.
func Kinds() []string { return []string{Exact, Last4, Two, Initials} }

// Identifier returns the token of a unique identifier (policy.Field.Unique): the same for the same canonical value in every field.
// Case does not matter, so that two spellings of an e-mail address count as one.
func (k *Key) Identifier(kind string, canonical record.Value) Token {
	deriver := k.deriver(purpose{use: forIdentifier, kind: kind})
	return Token{Kind: kind, MAC: deriver.mac(normal(canonical.Reveal()))}
}

// Tokens returns the tokens under which a field's canonical value is found: those of each kind, without repetitions, at most
// MaxTokens in all, in a fixed order. A kind that cannot be computed from the value gives none. An empty value has none.
func (k *Key) Tokens(field record.FieldName, kinds []string, canonical record.Value) []Token {
	var tokens []Token
	for _, kind := range Kinds() {
		if slices.Contains(kinds, kind) {
			tokens = append(tokens, k.tokens(field, kind, indexes[kind].stored(canonical.Reveal()))...)
		}
	}
	return tokens
}

// QueryTokens returns the tokens to look up for a search text in one kind of index of a field: a record matches when it has all of
// them. None means that the text cannot be searched for in this kind, for example because it is too short; that is no match, not
// everybody. Texts for Exact must have gone through the field's check of package validate first.
func (k *Key) QueryTokens(field record.FieldName, kind, text string) []Token {
	known, ok := indexes[kind]
	if !ok || len(text) > maxQuery {
		return nil
	}
	return k.tokens(field, kind, known.asked(text))
}

// maxQuery bounds, in bytes, the work on a text that nobody has checked.
const maxQuery = 4096

// tokens leaves out repetitions.
func (k *Key) tokens(field record.FieldName, kind string, terms []string) []Token {
	tokens := make([]Token, 0, len(terms))
	deriver := k.deriver(purpose{use: forSearch, kind: kind, field: field})
	for _, term := range terms {
		token := Token{Kind: kind, MAC: deriver.mac(term)}
		if !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	return tokens
}
