package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// schedules finds schedules that would never fire because they cannot be read.
func schedules(s stack, found func(string, string, ...any)) {
	for _, kind := range []string{"AWS::Scheduler::Schedule", "AWS::Events::Rule"} {
		for _, id := range s.of(kind) {
			expression, given := s.resources[id].Properties["ScheduleExpression"]
			if text, _ := expression.(string); given && !readable(text) {
				found(id, "no schedule: %v", expression)
			}
		}
	}
}

var expression = regexp.MustCompile(`^(rate|cron)\((.+)\)$`)

// readable reports whether EventBridge reads text as a schedule.
func readable(text string) bool {
	parts := expression.FindStringSubmatch(text)
	switch {
	case parts == nil:
		return false
	case parts[1] == "rate":
		return readableRate(parts[2])
	}
	return readableCron(strings.Fields(parts[2]))
}

// readableRate takes "1 minute", "5 minutes": the unit's number must be that of the value.
func readableRate(text string) bool {
	value, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(value)
	singular := strings.TrimSuffix(unit, "s")
	return err == nil && n > 0 && slices.Contains([]string{"minute", "hour", "day"}, singular) && (n == 1) == (singular == unit)
}

// field is one field of a cron expression.
type field struct {
	low, high int
	names     []string
	special   string
}

var (
	months = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	days   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
	fields = []field{{0, 59, nil, ""}, {0, 23, nil, ""}, {1, 31, nil, "?LW"}, {1, 12, months, ""}, {1, 7, days, "?L#"}, {1970, 2199, nil, ""}}
)

// readableCron takes minutes, hours, day of month, month, day of week, year; one of the two days is "?", and only one.
func readableCron(words []string) bool {
	if len(words) != len(fields) || (words[2] == "?") == (words[4] == "?") {
		return false
	}
	for i, word := range words {
		for part := range strings.SplitSeq(word, ",") {
			if !fields[i].takes(part) {
				return false
			}
		}
	}
	return true
}

// takes reads "*", "?", "5", "1-5", "*/10", "0/15", names, and the letters of days.
func (f field) takes(part string) bool {
	if part == "*" || part == "?" && f.special != "" || part == "L" && f.special != "" {
		return true
	}
	base, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return false
	}
	low, high, ranged := strings.Cut(base, "-")
	return base == "*" && stepped || f.value(low) && (!ranged || f.value(high))
}

func (f field) value(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= f.low && n <= f.high || slices.Contains(f.names, text)
}
