package retry

import "errors"

// Passing is an error of a service that is in trouble for a while: asking again later may help, and says nothing about the request.
type Passing struct {
	text    string
	seconds int
}

// Later returns an error of its own, as a sentinel, after which to wait so many seconds before asking again.
func Later(text string, seconds int) error { return &Passing{text, seconds} }

// Error returns the text.
func (p *Passing) Error() string { return p.text }

// After returns how many seconds to wait before asking again after err; ok is false when that is not known to help.
func After(err error) (seconds int, ok bool) {
	var p *Passing
	if !errors.As(err, &p) {
		return 0, false
	}
	return p.seconds, true
}
