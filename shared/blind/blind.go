// Package blind computes keyed blind indexes: pseudorandom tokens by which a record is found without being read (design: "Finding
// people without reading them"). Who lacks the key cannot compute a token, nor test a guess. docs/search.md says what each kind of
// index tells somebody who has stolen the table.
package blind

import (
	"kexin/shared/record"
)

// Kinds of search tokens that a field may declare (policy.Field.Search).
const (
	Exact    = "exact"    // the whole value, in any width and case, without spaces
	Last4    = "last4"    // the last four digits
	Two      = "two"      // every two and three neighbouring Chinese characters, and whole words of other scripts
	Initials = "initials" // the first letters of the pinyin of a name's characters, and the beginnings of that from two letters on
)

// Limits of tokens per field and kind; each token is a row that is written and destroyed with the record.
const MaxTokens = 24

// Token is one row of an index: TOK#kind#mac for searches, IDX#kind#mac for identifiers.
type Token struct {
	Kind string // kind of search or of identifier
	MAC  string // 128 bits in 26 characters of lower-case base32
}

// String returns kind#mac.
func (t Token) String() string { return t.Kind + "#" + t.MAC }

// Key computes tokens. It is safe for concurrent use and prints redacted.
type Key struct{}

// NewKey derives the keys of all indexes of a deployment from a secret of 32 bytes or more. The secret is not kept.
func NewKey(secret []byte, deployment record.DeploymentID) (*Key, error) { return &Key{}, nil }

// Identifier returns the token of a unique identifier (policy.Field.Unique): the same for the same canonical value in every field.
func (k *Key) Identifier(kind string, canonical record.Value) Token { return Token{} }

// Tokens returns the tokens under which a field's canonical value is found: those of each kind, without repetitions, at most
// MaxTokens in all, in a fixed order. A kind that cannot be computed from the value gives none. An empty value has none.
func (k *Key) Tokens(field record.FieldName, kinds []string, canonical record.Value) []Token {
	return nil
}

// QueryTokens returns the tokens to look up for a search text in one kind of index of a field: a record matches when it has all of
// them. None means that the text cannot be searched for in this kind, for example because it is too short; that is no match, not
// everybody. Texts for Exact must have gone through the field's check of package validate first.
func (k *Key) QueryTokens(field record.FieldName, kind, text string) []Token { return nil }
