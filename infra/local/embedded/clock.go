package embedded

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Clock is the clock of an installation. On a demonstration it can be moved forward, and the offset stays with the data; on a product
// store it is the machine's and cannot be moved.
type Clock struct {
	path    string
	movable bool
	offset  atomic.Int64 // nanoseconds
}

// ErrClock: the clock of a product store cannot be moved, and no clock goes back.
var ErrClock = errors.New("clock cannot be moved like that")

// OpenClock reads the offset that is kept at path.
func OpenClock(path string, movable bool) (*Clock, error) {
	c := &Clock{path: path, movable: movable}
	if !movable {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read clock: %w", err)
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || seconds < 0 {
		return nil, fmt.Errorf("read clock: %w", ErrClock)
	}
	c.offset.Store(int64(time.Duration(seconds) * time.Second))
	return c, nil
}

// Now returns the time with the offset.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Offset()).UTC() }

// Offset returns how far the clock was moved.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Advance moves the clock forward by whole seconds and keeps the offset before it counts.
func (c *Clock) Advance(by time.Duration) error {
	if !c.movable || by <= 0 {
		return ErrClock
	}
	offset := (c.Offset() + by).Truncate(time.Second)
	if err := writeWhole(c.path, []byte(strconv.FormatInt(int64(offset/time.Second), 10)+"\n")); err != nil {
		return err
	}
	c.offset.Store(int64(offset))
	return nil
}
