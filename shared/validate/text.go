package validate

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

func line(rule Rule, text string, _ time.Time) (string, error) {
	if !allCommon(text) && strings.ContainsFunc(text, invisible) {
		return "", problem(BadCharacter)
	}
	return within(text, limit(rule, MaxStr))
}

// paragraphs is line with line breaks, which it makes \n, with tabs, and with the zero-width joiners that emoji and some scripts need.
func paragraphs(rule Rule, text string, _ time.Time) (string, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !allCommon(text) && strings.ContainsFunc(text, func(r rune) bool {
		return !common(r) && seldom(r) && !strings.ContainsRune("\n\t\u200c\u200d", r)
	}) {
		return "", problem(BadCharacter)
	}
	return within(text, limit(rule, MaxText))
}

func personName(_ Rule, text string, _ time.Time) (string, error) { return name(text, MaxName) }

func companyName(rule Rule, text string, _ time.Time) (string, error) {
	return name(text, limit(rule, MaxStr))
}

// name makes every run of white space one space and the many points inside names of minorities one, and wants a letter.
func name(text string, most int) (string, error) {
	text = middlePoints.Replace(strings.Join(strings.Fields(text), " "))
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return invisible(r) || strings.ContainsRune("<>{}[]|\\^`~=", r) }):
		return "", problem(BadCharacter)
	case !strings.ContainsFunc(text, unicode.IsLetter):
		return "", problem(BadName)
	}
	return within(text, most)
}

// middlePoints maps what keyboards and registers write between the parts of a name to U+00B7, as GB/T 18030 registers do.
var middlePoints = strings.NewReplacer("•", "·", "・", "·", "‧", "·", "∙", "·", "⋅", "·", "・", "·")

// invisible reports characters that a reader cannot see: controls, format characters such as direction marks and zero-width
// spaces, private use, separators other than spaces, the sign of broken text, and what Unicode counts as a letter or symbol but
// shows as nothing.
func invisible(r rune) bool {
	return !common(r) && seldom(r)
}

// common reports the characters that most values are made of: printing ASCII, Chinese characters and the usual Chinese punctuation.
// They are visible and the same in every normal form that composes.
func common(r rune) bool {
	return r >= ' ' && r <= '~' || r >= 0x4e00 && r <= 0x9fff || r >= 0x3001 && r <= 0x3011 || r >= 0xff01 && r <= 0xff5e
}

// allCommon reports whether text is valid UTF-8 of common characters only. It reads the bytes itself, because nearly all that anybody
// enters is so.
func allCommon(text string) bool {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c <= '~' {
			i++
			continue
		}
		if c < 0xe3 || c > 0xef || len(text)-i < 3 || text[i+1]&0xc0 != 0x80 || text[i+2]&0xc0 != 0x80 {
			return false
		}
		if !common(rune(c&0x0f)<<12 | rune(text[i+1]&0x3f)<<6 | rune(text[i+2]&0x3f)) {
			return false
		}
		i += 3
	}
	return true
}

func seldom(r rune) bool {
	return !unicode.IsGraphic(r) || strings.ContainsRune("\ufffd\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0", r)
}

func limit(rule Rule, otherwise int) int {
	if rule.MaxLength > 0 {
		return rule.MaxLength
	}
	return otherwise
}

func within(text string, most int) (string, error) {
	if utf8.RuneCountInString(text) > most {
		return "", problem(TooLong)
	}
	return text, nil
}
