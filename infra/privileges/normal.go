package privileges

import (
	"regexp"
	"slices"
	"strings"
)

// What differs from run to run in keys of rows and objects, and what is written instead: something of the same form.
var variable = []struct {
	pattern *regexp.Regexp
	sample  string
}{
	{regexp.MustCompile(`[A-Za-z0-9_-]{22,}={0,2}`), "xxxx"},        // ids, hashes
	{regexp.MustCompile(`\b\d{8}\b`), "20260101"},                   // days
	{regexp.MustCompile(`(/x?[0-9]{3})+(\.p)?(/[0-9]+)?$`), "/000"}, // tiles
	{regexp.MustCompile(`#[0-9a-f]{1,2}$`), "#0"},                   // shards
	{regexp.MustCompile(`\b[0-9]+$`), "0"},                          // sizes, sequences
}

// data reports whether the values of a context key are data and not words.
func data(key string) bool { return key == "dynamodb:LeadingKeys" || key == "s3:prefix" }

func sample(text string) string {
	for _, v := range variable {
		text = v.pattern.ReplaceAllString(text, v.sample)
	}
	return text
}

// normal replaces what differs from run to run, so that two runs of one script give the same calls.
func normal(c Call) Call {
	if arn, rest, ok := strings.Cut(c.Resource, ">/"); ok && strings.HasPrefix(c.Action, "s3:") {
		c.Resource = arn + ">/" + sample(rest)
	}
	context := map[string][]string{}
	for key, values := range c.Context {
		values = slices.Clone(values)
		if data(key) {
			for i := range values {
				values[i] = sample(values[i])
			}
		}
		slices.Sort(values)
		context[key] = slices.Compact(values)
	}
	c.Context = context
	return c
}
