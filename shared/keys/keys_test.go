package keys_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/keys"
	"kexin/shared/keystest"
)

// open is a Keys that allows everything.
type open struct{}

func (open) Wrap(_ context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
	return append([]byte(p), secret...), nil
}

func (open) Unwrap(_ context.Context, p keys.Purpose, wrapped []byte) ([]byte, error) {
	return wrapped[len(p):], nil
}

func (open) Sign(_ context.Context, s keys.Signer, _ [32]byte) ([]byte, error) { return []byte(s), nil }

func (open) Public(context.Context, keys.Signer) (*ecdsa.PublicKey, error) {
	return &ecdsa.PublicKey{}, nil
}

func TestZeroGrantAllowsNothingButPublicHalves(t *testing.T) {
	counter := keystest.Counting(open{})
	k := keys.Restrict(counter, keys.Grant{})
	for _, p := range keys.Purposes() {
		_, wrap := k.Wrap(t.Context(), p, []byte("secret"))
		_, unwrap := k.Unwrap(t.Context(), p, []byte("a wrapped secret"))
		if !errors.Is(wrap, keys.ErrNotGranted) || !errors.Is(unwrap, keys.ErrNotGranted) {
			t.Errorf("%s: wrap %v, unwrap %v", p, wrap, unwrap)
		}
	}
	for _, s := range keys.Signers() {
		if _, err := k.Sign(t.Context(), s, [32]byte{}); !errors.Is(err, keys.ErrNotGranted) {
			t.Errorf("sign with %s: %v", s, err)
		}
	}
	if counter.Total() != 0 {
		t.Errorf("%d calls reached the keys", counter.Total())
	}
	for _, s := range keys.Signers() {
		if public, err := k.Public(t.Context(), s); err != nil || public == nil {
			t.Errorf("public half of %s: %v", s, err)
		}
	}
}

// Every use is allowed exactly when the grant lists it, for its own method and name, and reaches the keys unchanged.
func TestGrantIsExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		grant := keys.Grant{Wrap: subset(r, "wrap", keys.Purposes()), Unwrap: subset(r, "unwrap", keys.Purposes()),
			Sign: subset(r, "sign", keys.Signers())}
		counter := keystest.Counting(open{})
		k := keys.Restrict(counter, grant)
		for _, p := range append(keys.Purposes(), "none") {
			wrapped, err := k.Wrap(t.Context(), p, []byte("s"))
			exact(r, "wrap "+string(p), slices.Contains(grant.Wrap, p), counter.Wraps(p), string(wrapped) == string(p)+"s", err)
			secret, err := k.Unwrap(t.Context(), p, []byte(string(p)+"s"))
			exact(r, "unwrap "+string(p), slices.Contains(grant.Unwrap, p), counter.Unwraps(p), string(secret) == "s", err)
		}
		for _, s := range append(keys.Signers(), "none") {
			signature, err := k.Sign(t.Context(), s, [32]byte{})
			exact(r, "sign "+string(s), slices.Contains(grant.Sign, s), counter.Signs(s), string(signature) == string(s), err)
		}
	})
}

func subset[T any](r *rapid.T, label string, of []T) []T {
	var some []T
	for _, one := range of {
		if rapid.Bool().Draw(r, label) {
			some = append(some, one)
		}
	}
	return some
}

func exact(r *rapid.T, what string, granted bool, calls int, right bool, err error) {
	if granted && (err != nil || calls != 1 || !right) {
		r.Errorf("%s is granted: %d calls, right answer %t, %v", what, calls, right, err)
	}
	if !granted && (!errors.Is(err, keys.ErrNotGranted) || calls != 0) {
		r.Errorf("%s is not granted: %d calls, %v", what, calls, err)
	}
}

// Restricting twice allows what both grants allow.
func TestRestrictNarrows(t *testing.T) {
	wide := keys.Restrict(open{}, keys.Grant{Wrap: keys.Purposes()})
	k := keys.Restrict(wide, keys.Grant{Wrap: []keys.Purpose{keys.ForIndex}, Unwrap: keys.Purposes()})
	if _, err := k.Wrap(t.Context(), keys.ForIndex, []byte("s")); err != nil {
		t.Error(err)
	}
	if _, err := k.Unwrap(t.Context(), keys.ForIndex, []byte("index s")); !errors.Is(err, keys.ErrNotGranted) {
		t.Errorf("a second grant widened the first: %v", err)
	}
}

func TestListsAreCompleteAndTheCallersOwn(t *testing.T) {
	purposes, signers := keys.Purposes(), keys.Signers()
	purposes[0], signers[0] = "changed", "changed"
	if keys.Purposes()[0] != keys.ForInbox || keys.Signers()[0] != keys.SignManifest {
		t.Error("a caller can change the lists")
	}
	if len(slices.Compact(slices.Sorted(slices.Values(keys.Purposes())))) != 5 ||
		len(slices.Compact(slices.Sorted(slices.Values(keys.Signers())))) != 4 {
		t.Error("purposes or signers are doubled or missing")
	}
}
