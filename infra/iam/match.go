package iam

import "strings"

// Like reports whether text matches pattern, in which * stands for any characters, also none, and ? for exactly one.
func Like(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// arnLike compares ARNs part by part, so that no wildcard reaches over a colon of the first five.
func arnLike(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(p) != 6 || len(a) != 6 {
		return pattern == "*"
	}
	for i := range p {
		if !Like(p[i], a[i]) {
			return false
		}
	}
	return true
}

// likeAction compares names of actions, which have no case.
func likeAction(pattern, action string) bool {
	return Like(strings.ToLower(pattern), strings.ToLower(action))
}

func anyOf(patterns []string, text string, match func(pattern, text string) bool) bool {
	for _, pattern := range patterns {
		if match(pattern, text) {
			return true
		}
	}
	return false
}
