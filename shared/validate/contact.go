package validate

import (
	"time"
)

func phone(_ Rule, text string, _ time.Time) (string, error) { return text, nil }
func email(_ Rule, text string, _ time.Time) (string, error) { return text, nil }
