package keystest

import (
	"context"
	"crypto/ecdsa"
	"sync"

	"kexin/shared/keys"
)

// Faults is a keys.Keys that fails at chosen calls of another. A failing call does not reach the other; as no method of keys.Keys
// leaves anything behind, a call that fails after it took effect looks the same. Calls of all methods are counted together, from 1.
type Faults struct {
	keys keys.Keys

	mu      sync.Mutex
	calls   int
	at      int // 0: never
	forEver bool
	err     error
}

// Faulty returns k without faults.
func Faulty(k keys.Keys) *Faults { return &Faults{keys: k} }

// FailAt makes the n-th call from now fail with err (1: the next one), and only that.
func (f *Faults) FailAt(n int, err error) { f.arm(n, err, false) }

// FailFrom makes the n-th call from now and all after it fail with err, until Heal.
func (f *Faults) FailFrom(n int, err error) { f.arm(n, err, true) }

// Heal takes all faults away.
func (f *Faults) Heal() { f.arm(0, nil, false) }

// Calls returns the number of calls since the last FailAt, FailFrom or Heal, so that a test can first count and then fail each.
func (f *Faults) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *Faults) arm(n int, err error, forEver bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.at, f.err, f.forEver = 0, n, err, forEver
}

func (f *Faults) call() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.at != 0 && (f.calls == f.at || f.forEver && f.calls > f.at) {
		return f.err
	}
	return nil
}

// Wrap implements keys.Keys.
func (f *Faults) Wrap(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.keys.Wrap(ctx, p, secret)
}

// Unwrap implements keys.Keys.
func (f *Faults) Unwrap(ctx context.Context, p keys.Purpose, wrapped []byte) ([]byte, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.keys.Unwrap(ctx, p, wrapped)
}

// Sign implements keys.Keys.
func (f *Faults) Sign(ctx context.Context, s keys.Signer, digest [32]byte) ([]byte, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.keys.Sign(ctx, s, digest)
}

// Public implements keys.Keys.
func (f *Faults) Public(ctx context.Context, s keys.Signer) (*ecdsa.PublicKey, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.keys.Public(ctx, s)
}
