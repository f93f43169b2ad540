package iam

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// operator is a condition operator taken apart.
type operator struct {
	base             string // positive form, such as StringLike
	set              string // "", ForAllValues or ForAnyValue
	negated, missing bool   // missing: holds when the request has no such key (…IfExists)
}

func parseOperator(text string) (operator, error) {
	var o operator
	if set, rest, ok := strings.Cut(text, ":"); ok {
		if set != "ForAllValues" && set != "ForAnyValue" {
			return o, fmt.Errorf("%w: operator %s", ErrPolicy, text)
		}
		o.set, text = set, rest
	}
	text, o.missing = strings.CutSuffix(text, "IfExists")
	if text == "NotIpAddress" {
		text, o.negated = "IpAddress", true
	}
	if i := strings.Index(text, "Not"); i > 0 {
		text, o.negated = text[:i]+text[i+3:], true
	}
	o.base = text
	if _, ok := comparisons[text]; !ok && text != "Null" {
		return o, fmt.Errorf("%w: operator %s", ErrPolicy, text)
	}
	return o, nil
}

// comparisons says of each operator in its positive form whether a wanted value covers a given one.
var comparisons = map[string]func(wanted, given string) (bool, error){
	"StringEquals":             func(w, g string) (bool, error) { return w == g, nil },
	"StringEqualsIgnoreCase":   func(w, g string) (bool, error) { return strings.EqualFold(w, g), nil },
	"StringLike":               func(w, g string) (bool, error) { return Like(w, g), nil },
	"ArnEquals":                func(w, g string) (bool, error) { return arnLike(w, g), nil },
	"ArnLike":                  func(w, g string) (bool, error) { return arnLike(w, g), nil },
	"Bool":                     func(w, g string) (bool, error) { return strings.EqualFold(w, g), nil },
	"BinaryEquals":             func(w, g string) (bool, error) { return w == g, nil },
	"NumericEquals":            numbers(func(w, g float64) bool { return g == w }),
	"NumericLessThan":          numbers(func(w, g float64) bool { return g < w }),
	"NumericLessThanEquals":    numbers(func(w, g float64) bool { return g <= w }),
	"NumericGreaterThan":       numbers(func(w, g float64) bool { return g > w }),
	"NumericGreaterThanEquals": numbers(func(w, g float64) bool { return g >= w }),
	"DateEquals":               dates(func(w, g time.Time) bool { return g.Equal(w) }),
	"DateLessThan":             dates(func(w, g time.Time) bool { return g.Before(w) }),
	"DateLessThanEquals":       dates(func(w, g time.Time) bool { return !g.After(w) }),
	"DateGreaterThan":          dates(func(w, g time.Time) bool { return g.After(w) }),
	"DateGreaterThanEquals":    dates(func(w, g time.Time) bool { return !g.Before(w) }),
	"IpAddress":                within,
}

func numbers(compare func(wanted, given float64) bool) func(string, string) (bool, error) {
	return func(wanted, given string) (bool, error) {
		w, err := strconv.ParseFloat(wanted, 64)
		if err != nil {
			return false, fmt.Errorf("%w: number %s", ErrPolicy, wanted)
		}
		g, err := strconv.ParseFloat(given, 64)
		return err == nil && compare(w, g), nil
	}
}

func dates(compare func(wanted, given time.Time) bool) func(string, string) (bool, error) {
	return func(wanted, given string) (bool, error) {
		w, err := time.Parse(time.RFC3339, wanted)
		if err != nil {
			return false, fmt.Errorf("%w: date %s", ErrPolicy, wanted)
		}
		g, err := time.Parse(time.RFC3339, given)
		return err == nil && compare(w, g), nil
	}
}

func within(wanted, given string) (bool, error) {
	if !strings.Contains(wanted, "/") {
		return wanted == given, nil
	}
	network, err := netip.ParsePrefix(wanted)
	if err != nil {
		return false, fmt.Errorf("%w: network %s", ErrPolicy, wanted)
	}
	address, err := netip.ParseAddr(given)
	return err == nil && network.Contains(address), nil
}

// holds evaluates a condition against the values that a request has for its key.
func (c Condition) holds(given []string) (bool, error) {
	o, err := parseOperator(c.Operator)
	if err != nil {
		return false, err
	}
	for _, value := range c.Values {
		if strings.Contains(value, "${") {
			return false, fmt.Errorf("%w: variable in %s", ErrPolicy, value)
		}
	}
	if o.base == "Null" {
		return len(c.Values) == 1 && strings.EqualFold(c.Values[0], strconv.FormatBool(len(given) == 0)), nil
	}
	if len(given) == 0 {
		return o.missing || o.set == "ForAllValues" || o.negated && o.set == "", nil
	}
	return o.every(c.Values, given)
}

// every asks the comparison of each given value. Without ForAnyValue all must pass; a plain operator is meant for a single value, and a
// request that has several passes with all or not at all.
func (o operator) every(wanted, given []string) (bool, error) {
	passed := 0
	for _, value := range given {
		ok, err := o.covers(wanted, value)
		if err != nil {
			return false, err
		}
		if ok != o.negated {
			passed++
		}
	}
	if o.set == "ForAnyValue" {
		return passed > 0, nil
	}
	return passed == len(given), nil
}

func (o operator) covers(wanted []string, given string) (bool, error) {
	for _, one := range wanted {
		if ok, err := comparisons[o.base](one, given); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
