package keystest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"kexin/shared/keys"
)

// asker puts one question to one setting.
type asker struct {
	*testing.T
	ctx    context.Context
	with   Setting
	alters func(byte int) bool
}

func (a *asker) wrap(p keys.Purpose, secret []byte) []byte {
	a.Helper()
	wrapped, err := a.with.Keys.Wrap(a.ctx, p, secret)
	if err != nil {
		a.Fatalf("wrap %d bytes for %s: %v", len(secret), p, err)
	}
	return wrapped
}

func (a *asker) opens(p keys.Purpose, wrapped, secret []byte) {
	a.Helper()
	got, err := a.with.Keys.Unwrap(a.ctx, p, wrapped)
	if err != nil {
		a.Fatalf("unwrap for %s: %v", p, err)
	}
	if !bytes.Equal(got, secret) {
		a.Fatalf("unwrap for %s gave %d other bytes, want %d", p, len(got), len(secret))
	}
}

// refused asserts that k does not open wrapped and that the error shows nothing of secret.
func (a *asker) refused(k keys.Keys, p keys.Purpose, wrapped, secret []byte, what string) {
	a.Helper()
	got, err := k.Unwrap(a.ctx, p, wrapped)
	if !errors.Is(err, keys.ErrRefused) {
		a.Errorf("unwrap %s: error %v, want ErrRefused", what, err)
	}
	if len(got) != 0 {
		a.Errorf("unwrap %s: refused and gave %d bytes", what, len(got))
	}
	if err != nil && bytes.Contains([]byte(err.Error()), secret) {
		a.Errorf("unwrap %s: the error shows the secret", what)
	}
}

func (a *asker) roundTrip() {
	for _, p := range keys.Purposes() {
		for _, size := range []int{1, 32, 1216, keys.MaxSecret} {
			secret := bytes.Repeat([]byte{byte(size), 0, 0xff}, size/3+1)[:size]
			a.opens(p, a.wrap(p, secret), secret)
		}
	}
}

func (a *asker) fresh() {
	secret := []byte("a secret of thirty-two bytes ...")
	for _, p := range keys.Purposes() {
		one, two := a.wrap(p, secret), a.wrap(p, secret)
		if bytes.Equal(one, two) {
			a.Errorf("two wraps for %s are equal", p)
		}
		if bytes.Contains(one, secret) {
			a.Errorf("the wrapped secret for %s shows the secret", p)
		}
	}
}

func (a *asker) wrongPurpose() {
	secret := []byte("for one purpose only")
	for _, p := range keys.Purposes() {
		wrapped := a.wrap(p, secret)
		for _, other := range keys.Purposes() {
			if other != p {
				a.refused(a.with.Keys, other, wrapped, secret, fmt.Sprintf("of %s for %s", p, other))
			}
		}
	}
}

func (a *asker) tampered() {
	secret := []byte("not to be altered")
	for _, p := range []keys.Purpose{keys.ForBranch, keys.ForRecord} {
		wrapped := a.wrap(p, secret)
		for i := range wrapped {
			if !a.alters(i) {
				continue
			}
			altered := bytes.Clone(wrapped)
			altered[i] ^= 1 << (i % 8)
			a.refused(a.with.Keys, p, altered, secret, fmt.Sprintf("with byte %d of %d altered", i, len(wrapped)))
		}
		a.refused(a.with.Keys, p, nil, secret, "of nothing")
		a.refused(a.with.Keys, p, wrapped[:1], secret, "of one byte")
		a.refused(a.with.Keys, p, wrapped[:len(wrapped)-1], secret, "without its last byte")
		a.refused(a.with.Keys, p, append(bytes.Clone(wrapped), 0), secret, "with a byte added")
		a.refused(a.with.Keys, p, bytes.Repeat([]byte{1}, 3*keys.MaxSecret), secret, "too long to be one")
		a.opens(p, wrapped, secret)
	}
}

func (a *asker) otherDeployment() { a.foreign(a.with.OtherDeployment, "by another deployment") }

func (a *asker) otherRootKey() { a.foreign(a.with.OtherRootKey, "under another root key") }

func (a *asker) foreign(other keys.Keys, what string) {
	if other == nil {
		a.Fatalf("the setting has nothing to unwrap %s with", what)
	}
	secret := []byte("for this installation only")
	for _, p := range keys.Purposes() {
		a.refused(other, p, a.wrap(p, secret), secret, what)
	}
}

func (a *asker) secretSize() {
	for _, size := range []int{0, keys.MaxSecret + 1} {
		if _, err := a.with.Keys.Wrap(a.ctx, keys.ForBranch, make([]byte, size)); !errors.Is(err, keys.ErrSecretSize) {
			a.Errorf("wrap %d bytes: error %v, want ErrSecretSize", size, err)
		}
	}
}

func (a *asker) unknown() {
	_, wrap := a.with.Keys.Wrap(a.ctx, "no-purpose", []byte("secret"))
	_, unwrap := a.with.Keys.Unwrap(a.ctx, "no-purpose", a.wrap(keys.ForBranch, []byte("secret")))
	_, sign := a.with.Keys.Sign(a.ctx, "no-signer", sha256.Sum256(nil))
	_, public := a.with.Keys.Public(a.ctx, "no-signer")
	for what, err := range map[string]error{"wrap": wrap, "unwrap": unwrap, "sign": sign, "public": public} {
		if !errors.Is(err, keys.ErrNotGranted) {
			a.Errorf("%s for something unknown: error %v, want ErrNotGranted", what, err)
		}
	}
}

func (a *asker) sign(s keys.Signer, digest [32]byte) []byte {
	a.Helper()
	signature, err := a.with.Keys.Sign(a.ctx, s, digest)
	if err != nil {
		a.Fatalf("sign with %s: %v", s, err)
	}
	return signature
}

func (a *asker) public(s keys.Signer) *ecdsa.PublicKey {
	a.Helper()
	public, err := a.with.Keys.Public(a.ctx, s)
	if err != nil {
		a.Fatalf("public key of %s: %v", s, err)
	}
	return public
}

func (a *asker) signature() {
	digest, other := sha256.Sum256([]byte("signed")), sha256.Sum256([]byte("not signed"))
	for _, s := range keys.Signers() {
		signature := a.sign(s, digest)
		for _, by := range keys.Signers() {
			if ecdsa.VerifyASN1(a.public(by), digest[:], signature) != (by == s) {
				a.Errorf("signature of %s verified with the key of %s: want %t", s, by, by == s)
			}
		}
		if ecdsa.VerifyASN1(a.public(s), other[:], signature) {
			a.Errorf("signature of %s verifies another digest", s)
		}
	}
}

func (a *asker) publicStable() {
	seen := map[string]keys.Signer{}
	for _, s := range keys.Signers() {
		one, two := a.public(s), a.public(s)
		if !one.Equal(two) {
			a.Errorf("the public key of %s changes", s)
		}
		if one.Curve != elliptic.P256() {
			a.Errorf("the public key of %s is not on P-256", s)
		}
		raw, err := one.Bytes()
		if err != nil {
			a.Fatalf("encode the public key of %s: %v", s, err)
		}
		if before, ok := seen[string(raw)]; ok {
			a.Errorf("%s and %s share a key", before, s)
		}
		seen[string(raw)] = s
	}
}

func (a *asker) disabled() {
	if a.with.Disabler == nil {
		a.Fatal("the setting has nothing to disable keys with")
	}
	secret, digest := []byte("out of reach"), sha256.Sum256(nil)
	for _, p := range []keys.Purpose{keys.ForBranch, keys.ForRecord} {
		wrapped := a.wrap(p, secret)
		a.must("disable", a.with.Disabler.Disable(a.ctx, p))
		_, err := a.with.Keys.Wrap(a.ctx, p, secret)
		a.isDisabled("wrap for "+string(p), err)
		_, err = a.with.Keys.Unwrap(a.ctx, p, wrapped)
		a.isDisabled("unwrap for "+string(p), err)
		a.must("enable", a.with.Disabler.Enable(a.ctx))
		a.opens(p, wrapped, secret)
	}
	a.must("disable", a.with.Disabler.DisableSigner(a.ctx, keys.SignReceipts))
	_, err := a.with.Keys.Sign(a.ctx, keys.SignReceipts, digest)
	a.isDisabled("sign", err)
	a.must("enable", a.with.Disabler.Enable(a.ctx))
	a.sign(keys.SignReceipts, digest)
}

func (a *asker) must(what string, err error) {
	a.Helper()
	if err != nil {
		a.Fatalf("%s: %v", what, err)
	}
}

func (a *asker) isDisabled(what string, err error) {
	a.Helper()
	if !errors.Is(err, keys.ErrDisabled) {
		a.Errorf("%s with a disabled key: error %v, want ErrDisabled", what, err)
	}
}

func (a *asker) cancelled() {
	ctx, cancel := context.WithCancel(a.ctx)
	wrapped := a.wrap(keys.ForBranch, []byte("secret"))
	cancel()
	_, wrap := a.with.Keys.Wrap(ctx, keys.ForBranch, []byte("secret"))
	_, unwrap := a.with.Keys.Unwrap(ctx, keys.ForBranch, wrapped)
	_, sign := a.with.Keys.Sign(ctx, keys.SignManifest, sha256.Sum256(nil))
	_, public := a.with.Keys.Public(ctx, keys.SignManifest)
	for what, err := range map[string]error{"wrap": wrap, "unwrap": unwrap, "sign": sign, "public": public} {
		if !errors.Is(err, context.Canceled) {
			a.Errorf("%s with a cancelled context: error %v, want context.Canceled", what, err)
		}
	}
}

func (a *asker) rotation() {
	if a.with.Rotate == nil {
		a.Fatal("the setting has nothing to rotate keys with")
	}
	secret := []byte("older than the key")
	old := map[keys.Purpose][]byte{}
	for _, p := range keys.Purposes() {
		old[p] = a.wrap(p, secret)
	}
	for range 2 {
		a.must("rotate", a.with.Rotate(a.ctx))
		for _, p := range keys.Purposes() {
			a.opens(p, old[p], secret)
			a.opens(p, a.wrap(p, secret), secret)
		}
	}
}

func (a *asker) concurrent() {
	a.atOnce(func(secret []byte) error {
		for _, p := range keys.Purposes() {
			if err := a.wrapsAndUnwraps(p, secret); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *asker) concurrentSign() {
	a.atOnce(func(secret []byte) error {
		digest := sha256.Sum256(secret)
		signature, err := a.with.Keys.Sign(a.ctx, keys.SignReceipts, digest)
		if err != nil {
			return err
		}
		public, err := a.with.Keys.Public(a.ctx, keys.SignReceipts)
		if err == nil && !ecdsa.VerifyASN1(public, digest[:], signature) {
			err = errors.New("the signature does not verify")
		}
		return err
	})
}

// atOnce runs act in 16 callers, each with bytes of its own.
func (a *asker) atOnce(act func(own []byte) error) {
	var group sync.WaitGroup
	for caller := range 16 {
		group.Go(func() {
			if err := act(fmt.Appendf(nil, "secret of caller %d", caller)); err != nil {
				a.Errorf("caller %d: %v", caller, err)
			}
		})
	}
	group.Wait()
}

func (a *asker) wrapsAndUnwraps(p keys.Purpose, secret []byte) error {
	wrapped, err := a.with.Keys.Wrap(a.ctx, p, secret)
	if err != nil {
		return err
	}
	got, err := a.with.Keys.Unwrap(a.ctx, p, wrapped)
	if err == nil && !bytes.Equal(got, secret) {
		err = fmt.Errorf("unwrap for %s gave another caller's secret", p)
	}
	return err
}
