package validate

import "time"

const idLength = 18

func idNumber(_ Rule, text string, _ time.Time) (string, error) { return text, nil }
func uscc(_ Rule, text string, _ time.Time) (string, error)     { return text, nil }
