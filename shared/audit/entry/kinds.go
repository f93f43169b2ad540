package entry

import (
	"encoding/base64"
	"strings"
	"time"

	"kexin/shared/record"
)

// The classes of text that an entry may hold. They are narrow on purpose: nothing outside ASCII, no space, no @, no + and no run of
// digits as long as a telephone number, so that a name, an address, a number or a message cannot enter even by a programming error.

// maxDigits is the longest run of digits of a name or code: dates written together pass, telephone numbers do not.
const maxDigits = 8

func lower(c byte) bool    { return c >= 'a' && c <= 'z' }
func upper(c byte) bool    { return c >= 'A' && c <= 'Z' }
func digit(c byte) bool    { return c >= '0' && c <= '9' }
func hexDigit(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' }

func all(s string, class func(byte) bool) bool {
	for i := range len(s) {
		if !class(s[i]) {
			return false
		}
	}
	return true
}

// set is a class of bytes.
type set [256]bool

func setOf(class func(byte) bool, more string) *set {
	s := &set{}
	for i := range s {
		s[i] = class(byte(i)) || strings.IndexByte(more, byte(i)) >= 0
	}
	return s
}

var (
	nameBytes    = setOf(func(c byte) bool { return lower(c) || digit(c) }, "_")
	codeBytes    = setOf(func(c byte) bool { return lower(c) || upper(c) || digit(c) }, "_.:/-")
	pathBytes    = setOf(func(c byte) bool { return lower(c) || upper(c) || digit(c) }, "_.:/#-")
	sectionBytes = setOf(func(c byte) bool { return lower(c) || digit(c) }, "")
)

// within reports whether every byte of s is of the class and no run of digits is longer than limit.
func within(s string, class *set, limit int) bool {
	run := 0
	for i := range len(s) {
		c := s[i]
		if !class[c] {
			return false
		}
		if !digit(c) {
			run = 0
		} else if run++; run > limit {
			return false
		}
	}
	return true
}

// isName: [a-z][a-z0-9_]{0,63}, the names of fields and categories.
func isName(s string) bool {
	return len(s) > 0 && len(s) <= 64 && lower(s[0]) && within(s, nameBytes, maxDigits)
}

// IsCode reports whether s is a code, such as the name of a function, a purpose or a pack: [A-Za-z][A-Za-z0-9_.:/-]{0,63} without a run
// of more than eight digits.
func IsCode(s string) bool { return isCode(s) }

func isCode(s string) bool {
	return len(s) > 0 && len(s) <= 64 && (lower(s[0]) || upper(s[0])) && within(s, codeBytes, maxDigits)
}

// isRole: R1 … R99, or a name.
func isRole(s string) bool {
	return len(s) >= 2 && len(s) <= 3 && s[0] == 'R' && all(s[1:], digit) || isName(s)
}

// isPath: the id of a policy or the path of a file of a pack, as code but up to 200 bytes, with @ before a hash of the pack.
func isPath(s string) bool {
	return len(s) > 0 && len(s) <= 200 && (lower(s[0]) || upper(s[0])) && within(s, pathBytes, maxDigits)
}

// isPack: a code of up to 32 bytes, @ and 16 hex digits.
func isPack(s string) bool {
	id, hash, ok := strings.Cut(s, "@")
	return ok && isCode(id) && len(id) <= 32 && len(hash) == 16 && all(hash, hexDigit)
}

// isSection: the id of a section, a letter and a short hash: [a-z][a-z0-9]{1,31} (policy.SectionOf), or a name.
func isSection(s string) bool {
	hash := len(s) > 1 && len(s) <= 32 && lower(s[0]) && within(s, sectionBytes, 10)
	return hash || isName(s)
}

// isTypedID: three letters, _ and 26 characters of an identifier.
func isTypedID(s string) bool {
	return len(s) > 4 && all(s[:3], lower) && s[3] == '_' && record.CheckID(s[:4], s) == nil
}

// isCount: a decimal number without leading zeros, at most nine digits.
func isCount(s string) bool {
	return len(s) > 0 && len(s) <= 9 && all(s, digit) && (s == "0" || s[0] != '0')
}

// isMoment: RFC 3339 in UTC to the second, the one form that Moment writes.
func isMoment(s string) bool {
	t, err := time.Parse(time.RFC3339, s)
	return err == nil && Moment(t) == s
}

func isDigest(s string) bool { return len(s) == 64 && all(s, hexDigit) }

// IsRequestID reports whether s is a request id of one of the known makers: req_ and 26 characters of an identifier, a UUID (Lambda),
// 32 hex digits (traces), or 11 bytes in base64 for URLs with padding (HTTP APIs of API Gateway).
func IsRequestID(s string) bool {
	if strings.HasPrefix(s, "req_") {
		return isTypedID(s)
	}
	if len(s) == 16 {
		_, err := base64.URLEncoding.DecodeString(s)
		return err == nil && s[15] == '=' && s[14] != '='
	}
	if len(s) == 36 {
		for _, i := range [...]int{8, 13, 18, 23} {
			if s[i] != '-' {
				return false
			}
		}
		s = strings.ReplaceAll(s, "-", "")
	}
	return len(s) == 32 && all(s, hexDigit)
}
