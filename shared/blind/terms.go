package blind

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kexin/shared/blind/pinyin"
)

const (
	window      = 8            // characters of a value that Two looks at; a word of another script counts as two
	maxTwo      = 2*window - 3 // 7 pairs and 6 triples
	maxInitials = 9            // 4 readings of a name of three characters, or 1 and most of another of a company
	minLetters  = 2            // of a search for initials
	maxLetters  = 6            // that are looked at of initials
	maxLookups  = 3            // tokens of one search
	lastDigits  = 4
)

// normal is NFKC, lower case, without white space: the form in which two spellings of a value are the same.
func normal(text string) string {
	if isPlain(text) {
		return text
	}
	return strings.Join(strings.Fields(folded(text)), "")
}

// isPlain reports the texts that are normal as they are: printing ASCII without capitals and spaces, such as telephone numbers.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// folded is NFKC and lower case.
func folded(text string) string { return norm.NFKC.String(strings.ToLower(norm.NFKC.String(text))) }

func whole(text string) []string {
	if text = normal(text); text == "" {
		return nil
	}
	return []string{text}
}

// lastFour wants at least seven digits, so that what is left over does not tell the rest.
func lastFour(text string) []string {
	digits := digitsOf(text)
	if len(digits) < lastDigits+3 {
		return nil
	}
	return []string{digits[len(digits)-lastDigits:]}
}

func fourDigits(text string) []string {
	text = normal(text)
	if len(text) != lastDigits || len(digitsOf(text)) != lastDigits {
		return nil
	}
	return []string{text}
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, folded(text))
}

// neighbours returns the pairs and triples of the Chinese characters of a value, and its words in other scripts.
func neighbours(text string) []string {
	var terms []string
	for _, part := range opening(split(text)) {
		if !part.chinese {
			terms = append(terms, string(part.text))
			continue
		}
		terms = append(terms, runs(part.text, 2)...)
		terms = append(terms, runs(part.text, 3)...)
	}
	return unique(terms)
}

// neighboursAsked returns terms that a value has if it contains the text: triples where there are any, for they are rarer.
func neighboursAsked(text string) []string {
	var terms []string
	for _, part := range opening(split(text)) {
		switch {
		case !part.chinese:
			terms = append(terms, string(part.text))
		default:
			terms = append(terms, runs(part.text, min(3, max(2, len(part.text))))...)
		}
	}
	terms = unique(terms)
	return terms[:min(len(terms), maxLookups)]
}

func runs(text []rune, length int) []string {
	var terms []string
	for i := 0; i+length <= len(text); i++ {
		terms = append(terms, string(text[i:i+length]))
	}
	return terms
}

// initials returns the beginnings, from two letters on, of the first letters of a name. The first character, which is the surname,
// counts with all its readings, the others with the usual one.
func initials(text string) []string {
	var first, rest []byte
	for _, part := range split(text) {
		for _, letters := range part.letters() {
			if first == nil {
				first = letters
			} else {
				rest = append(rest, letters[0])
			}
		}
	}
	rest = rest[:min(len(rest), maxLetters-1)]
	var terms []string
	for _, letter := range first {
		for n := minLetters - 1; n <= len(rest); n++ {
			terms = append(terms, string(letter)+string(rest[:n]))
		}
	}
	return terms[:min(len(terms), maxInitials)]
}

func initialsAsked(text string) []string {
	text = normal(text)
	if len(text) < minLetters || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") != "" {
		return nil
	}
	return []string{text[:min(len(text), maxLetters)]}
}

// part is a stretch of Chinese characters, or a word of another script.
type part struct {
	text    []rune
	chinese bool
}

// letters returns the first letters of each character's readings, or of the word.
func (p part) letters() [][]byte {
	if !p.chinese {
		if p.text[0] < 'a' || p.text[0] > 'z' {
			return nil // nobody can search for it by letters
		}
		return [][]byte{{byte(p.text[0])}}
	}
	var all [][]byte
	for _, character := range p.text {
		if letters := pinyin.Letters(character); len(letters) > 0 {
			all = append(all, letters)
		}
	}
	return all
}

// split takes a text apart after removing its legal form. Spaces and points between Chinese characters mean nothing.
func split(text string) []part {
	var parts []part
	inWord := false
	for _, r := range withoutLegalForm(folded(text)) {
		chinese := unicode.Is(unicode.Han, r)
		word := !chinese && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
		last := len(parts) - 1
		switch {
		case chinese && last >= 0 && parts[last].chinese, word && inWord:
			parts[last].text = append(parts[last].text, r)
		case chinese || word:
			parts = append(parts, part{text: []rune{r}, chinese: chinese})
		}
		inWord = word
	}
	return slices.DeleteFunc(parts, part.common)
}

// common reports words that too many names share.
func (p part) common() bool {
	return !p.chinese && (len(p.text) < 2 || slices.Contains(legalWords, string(p.text)))
}

// opening returns the parts within the window.
func opening(parts []part) []part {
	left := window
	for i, p := range parts {
		if left < 2 {
			return parts[:i]
		}
		if p.chinese {
			parts[i].text = p.text[:min(len(p.text), left)]
			left -= len(parts[i].text)
		} else {
			left -= 2
		}
	}
	return parts
}

// Endings of company names that so many share that their tokens would find nobody and only cost rows.
var (
	legalForms = []string{"股份有限公司", "有限责任公司", "有限公司", "公司", "集团", "股份有限", "有限责任", "有限"}
	legalWords = []string{"co", "ltd", "limited", "inc", "llc", "corp", "company", "gmbh"}
)

func withoutLegalForm(text string) string {
	for i := 0; i < len(legalForms); i++ {
		shorter, found := strings.CutSuffix(strings.TrimSpace(text), legalForms[i])
		if found && utf8.RuneCountInString(shorter) >= 2 {
			text, i = shorter, -1
		}
	}
	return text
}

func unique(terms []string) []string {
	var kept []string
	for _, term := range terms {
		if !slices.Contains(kept, term) {
			kept = append(kept, term)
		}
	}
	return kept
}
