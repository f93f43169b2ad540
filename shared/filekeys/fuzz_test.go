package filekeys

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/keys"
)

// FuzzDecode: the parser of key files never panics, refuses with its sentinels, and has one encoding for each content.
func FuzzDecode(f *testing.F) {
	for _, o := range []CreateOptions{options(), demonstration()} {
		file, err := newFile("", o)
		if err != nil {
			f.Fatal(err)
		}
		image, err := file.encode(file.state.content)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(image, o.Passphrase)
	}
	f.Add([]byte(headerSealed+"1 64 1 00 00\n"), passphrase)
	f.Add(append(demoHeader([]byte("{}")), "{}"...), []byte{})
	f.Fuzz(func(t *testing.T, image, pass []byte) {
		if bytes.HasPrefix(image, []byte(headerSealed)) && !bytes.HasPrefix(image, []byte(headerSealed+"1 64 1 ")) {
			return // the fuzzer would find out that Argon2id is slow
		}
		c, s, err := decode(image, pass)
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrUnsealed) {
				t.Fatalf("error %v", err)
			}
			return
		}
		body, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		if s == nil && !bytes.Equal(append(demoHeader(body), body...), image) {
			t.Fatal("two encodings of one content")
		}
	})
}

// FuzzUnwrap: whatever was not made by Wrap is refused, and nothing panics.
func FuzzUnwrap(f *testing.F) {
	file, err := newFile("", demonstration())
	if err != nil {
		f.Fatal(err)
	}
	wrapped, err := file.Wrap(f.Context(), keys.ForBranch, []byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wrapped)
	f.Add([]byte{})
	f.Add(wrapped[:wrapHeader+wrapNonce+wrapTag])
	f.Fuzz(func(t *testing.T, blob []byte) {
		_, err := file.Unwrap(t.Context(), keys.ForBranch, blob)
		if bytes.Equal(blob, wrapped) != (err == nil) || err != nil && !errors.Is(err, keys.ErrRefused) {
			t.Fatalf("error %v", err)
		}
	})
}

// Any single change of a wrapped secret is refused, and the change of a purpose too.
func TestWrapProperties(t *testing.T) {
	file, err := newFile("", demonstration())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(r, "secret")
		purpose := rapid.SampledFrom(keys.Purposes()).Draw(r, "purpose")
		other := rapid.SampledFrom(keys.Purposes()).Draw(r, "other")
		wrapped, err := file.Wrap(t.Context(), purpose, secret)
		if err != nil {
			r.Fatal(err)
		}
		got, err := file.Unwrap(t.Context(), other, wrapped)
		if (err == nil) != (other == purpose) || err == nil && !bytes.Equal(got, secret) {
			r.Fatalf("unwrap %s for %s: %v", purpose, other, err)
		}
		wrapped[rapid.IntRange(0, len(wrapped)-1).Draw(r, "at")] ^= rapid.ByteRange(1, 255).Draw(r, "with")
		if _, err := file.Unwrap(t.Context(), purpose, wrapped); !errors.Is(err, keys.ErrRefused) {
			r.Fatalf("altered: %v", err)
		}
	})
}
