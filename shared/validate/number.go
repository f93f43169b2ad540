package validate

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxNumber keeps numbers exact in every consumer, JSON parsers with binary floats included.
const maxNumber = 1_000_000_000_000_000

func integer(_ Rule, text string, _ time.Time) (string, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number > maxNumber || number < -maxNumber {
		return "", problem(BadNumber)
	}
	return strconv.FormatInt(number, 10), nil
}

// money accepts an optional sign, digits and at most two decimal places and returns exactly two. Thousands separators are refused:
// they differ between countries.
func money(_ Rule, text string, _ time.Time) (string, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, cents, point := strings.Cut(digits, ".")
	if !isDigits(whole) || point && (!isDigits(cents) || len(cents) > 2) {
		return "", problem(BadMoney)
	}
	number, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || number > maxNumber {
		return "", problem(BadMoney)
	}
	amount := strconv.FormatInt(number, 10) + "." + (cents + "00")[:2]
	if negative && amount != "0.00" {
		amount = "-" + amount
	}
	return amount, nil
}

func boolean(_ Rule, text string, _ time.Time) (string, error) {
	if text != "true" && text != "false" {
		return "", problem(BadBool)
	}
	return text, nil
}

func enum(rule Rule, text string, _ time.Time) (string, error) {
	if !slices.Contains(rule.Options, text) {
		return "", problem(NotAnOption)
	}
	return text, nil
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
