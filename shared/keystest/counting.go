package keystest

import (
	"context"
	"crypto/ecdsa"
	"sync"

	"kexin/shared/keys"
)

// Counter is a keys.Keys that counts the calls of another, so that a test can assert what an operation costs. Calls that fail count.
type Counter struct {
	keys keys.Keys

	mu      sync.Mutex
	wraps   map[keys.Purpose]int
	unwraps map[keys.Purpose]int
	signs   map[keys.Signer]int
	publics map[keys.Signer]int
}

// Counting returns k with counters at zero.
func Counting(k keys.Keys) *Counter {
	c := &Counter{keys: k}
	c.Reset()
	return c
}

// Reset puts all counters to zero.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wraps, c.unwraps = map[keys.Purpose]int{}, map[keys.Purpose]int{}
	c.signs, c.publics = map[keys.Signer]int{}, map[keys.Signer]int{}
}

// Wraps returns the number of calls of Wrap for p.
func (c *Counter) Wraps(p keys.Purpose) int { return read(c, &c.wraps, p) }

// Unwraps returns the number of calls of Unwrap for p.
func (c *Counter) Unwraps(p keys.Purpose) int { return read(c, &c.unwraps, p) }

// Signs returns the number of calls of Sign with s.
func (c *Counter) Signs(s keys.Signer) int { return read(c, &c.signs, s) }

// Publics returns the number of calls of Public for s.
func (c *Counter) Publics(s keys.Signer) int { return read(c, &c.publics, s) }

// Total returns the number of calls of all methods.
func (c *Counter) Total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sum(c.wraps) + sum(c.unwraps) + sum(c.signs) + sum(c.publics)
}

// Wrap implements keys.Keys.
func (c *Counter) Wrap(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
	count(c, &c.wraps, p)
	return c.keys.Wrap(ctx, p, secret)
}

// Unwrap implements keys.Keys.
func (c *Counter) Unwrap(ctx context.Context, p keys.Purpose, wrapped []byte) ([]byte, error) {
	count(c, &c.unwraps, p)
	return c.keys.Unwrap(ctx, p, wrapped)
}

// Sign implements keys.Keys.
func (c *Counter) Sign(ctx context.Context, s keys.Signer, digest [32]byte) ([]byte, error) {
	count(c, &c.signs, s)
	return c.keys.Sign(ctx, s, digest)
}

// Public implements keys.Keys.
func (c *Counter) Public(ctx context.Context, s keys.Signer) (*ecdsa.PublicKey, error) {
	count(c, &c.publics, s)
	return c.keys.Public(ctx, s)
}

// The maps are passed by pointer, because Reset replaces them.

func count[K comparable](c *Counter, counts *map[K]int, key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	(*counts)[key]++
}

func read[K comparable](c *Counter, counts *map[K]int, key K) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (*counts)[key]
}

func sum[K comparable](counts map[K]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}
