package seal

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/record"
)

const dep record.DeploymentID = "dep_aaaaaaaaaaaaaaaaaaaaaaaaaa"

func place() Place {
	return Place{Deployment: dep, Customer: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", Section: "saaaaaaaaaa", Schema: "P06@0123456789abcdef", Version: "v00000001"}
}

// direct wraps item keys under a fixed intake key, so that tests of items need no branches.
type direct struct{ key Key }

func (d direct) WrapItemKey(_ context.Context, dst []byte, key *Key, nonce, ad []byte) ([]byte, error) {
	aead, err := newAEAD(&d.key)
	if err != nil {
		return nil, err
	}
	return appendIntakeWrap(dst, [16]byte{7}, aead, key, nonce, ad), nil
}

func (d direct) UnwrapItemKey(_ context.Context, wrapped, ad []byte) (Key, error) {
	id, sealed, err := splitIntakeWrap(wrapped)
	if err != nil {
		return Key{}, err
	}
	aead, err := newAEAD(&d.key)
	if err != nil {
		return Key{}, err
	}
	return openIntakeWrap(aead, id, sealed, ad)
}

func mustSeal(t testing.TB, w KeyWrapper, shred Key, p Place, plain []byte) []byte {
	t.Helper()
	item, err := SealItem(t.Context(), rand.Reader, w, &shred, p, plain)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

// TestItemRoundTrip: any plain text at any place opens to itself, and equal plain texts have different ciphertexts.
func TestItemRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.String()
		p := Place{record.DeploymentID(text.Draw(r, "deployment")), record.CustomerID(text.Draw(r, "customer")),
			record.SectionID(text.Draw(r, "section")), record.PackVersion(text.Draw(r, "schema")), text.Draw(r, "version")}
		plain := rapid.SliceOf(rapid.Byte()).Draw(r, "plain")
		wrapper, shred := direct{Key{1}}, Key{2}
		item := mustSeal(t, wrapper, shred, p, plain)
		got, err := OpenItem(t.Context(), wrapper, &shred, p, item)
		if err != nil || !bytes.Equal(got, plain) {
			r.Fatalf("opens to %d bytes, %v", len(got), err)
		}
		if bytes.Equal(item, mustSeal(t, wrapper, shred, p, plain)) {
			r.Fatal("two sealings are equal")
		}
	})
}

// TestItemIsBound: every part of the place and every key is needed.
func TestItemIsBound(t *testing.T) {
	wrapper, shred := direct{Key{1}}, Key{2}
	item := mustSeal(t, wrapper, shred, place(), []byte("secret"))
	for name, change := range map[string]func(*Place){
		"deployment": func(p *Place) { p.Deployment += "x" }, "customer": func(p *Place) { p.Customer = "cus_b" },
		"section": func(p *Place) { p.Section = "sb" }, "schema": func(p *Place) { p.Schema = "P07@0123456789abcdef" },
		"version": func(p *Place) { p.Version = "v00000002" },
		"moved border": func(p *Place) {
			p.Customer, p.Section = p.Customer[:len(p.Customer)-1], record.SectionID(p.Customer[len(p.Customer)-1:])+p.Section
		},
	} {
		p := place()
		change(&p)
		if _, err := OpenItem(t.Context(), wrapper, &shred, p, item); !errors.Is(err, ErrOpen) {
			t.Errorf("other %s: %v", name, err)
		}
	}
	otherShred := Key{3}
	if _, err := OpenItem(t.Context(), wrapper, &otherShred, place(), item); !errors.Is(err, ErrOpen) {
		t.Errorf("other shred key: %v", err)
	}
	if _, err := OpenItem(t.Context(), direct{Key{9}}, &shred, place(), item); !errors.Is(err, ErrOpen) {
		t.Errorf("other intake key: %v", err)
	}
}

// TestAlteredItemIsRefused: each bit of each byte, each shortening, and bytes after the end.
func TestAlteredItemIsRefused(t *testing.T) {
	wrapper, shred := direct{Key{1}}, Key{2}
	item := mustSeal(t, wrapper, shred, place(), []byte("secret of some length"))
	refuse := func(name string, n int, altered []byte) {
		t.Helper()
		got, err := OpenItem(t.Context(), wrapper, &shred, place(), altered)
		if !errors.Is(err, ErrOpen) && !errors.Is(err, ErrFormat) || got != nil {
			t.Errorf("%s %d: %v", name, n, err)
		}
	}
	for i := range item {
		for bit := range 8 {
			altered := bytes.Clone(item)
			altered[i] ^= 1 << bit
			refuse("byte", i, altered)
		}
		refuse("cut at", i, item[:i])
	}
	refuse("longer by", 1, append(bytes.Clone(item), 0))
	for _, unknown := range []int{0, 1} { // version, algorithm
		altered := bytes.Clone(item)
		altered[unknown] = 2
		if _, err := OpenItem(t.Context(), wrapper, &shred, place(), altered); !errors.Is(err, ErrFormat) {
			t.Errorf("unknown byte %d: %v", unknown, err)
		}
	}
}

// TestBindIsUnambiguous: no two lists of parts give the same bytes.
func TestBindIsUnambiguous(t *testing.T) {
	parts := rapid.SliceOfN(rapid.StringN(0, 5, 20), 0, 4)
	rapid.Check(t, func(r *rapid.T) {
		a, b := parts.Draw(r, "a"), parts.Draw(r, "b")
		same := len(a) == len(b)
		for i := range a {
			same = same && a[i] == b[i]
		}
		if bytes.Equal(Bind("label", a...), Bind("label", b...)) != same {
			r.Fatalf("%q and %q", a, b)
		}
	})
	if bytes.Equal(Bind("ab", "c"), Bind("a", "bc")) {
		t.Error("label and part run together")
	}
}

func FuzzSplitItem(f *testing.F) {
	f.Add(mustSeal(f, direct{Key{1}}, Key{2}, place(), []byte("secret")))
	f.Add([]byte{1, 1})
	f.Fuzz(func(t *testing.T, item []byte) {
		shred := Key{2}
		if _, err := OpenItem(t.Context(), direct{Key{1}}, &shred, place(), item); err == nil {
			if keyID, wrapped, sealed, err := splitItem(item); err != nil || len(keyID)+len(wrapped)+len(sealed)+4 != len(item) {
				t.Errorf("opens and does not split: %v", err)
			}
		}
	})
}

func FuzzIntakeWrap(f *testing.F) {
	wrapped, err := direct{Key{1}}.WrapItemKey(context.Background(), nil, &Key{3}, make([]byte, nonceSize), []byte("ad"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wrapped)
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := direct{Key{1}}.UnwrapItemKey(t.Context(), data, []byte("ad"))
		if err == nil && key != (Key{3}) {
			t.Error("opens to another key")
		}
	})
}

func FuzzDecodeIntakeRow(f *testing.F) {
	row := IntakeRow{Format: 1, ID: "int_a", Branch: BranchL1, Epoch: 3, Writer: "test", Expires: 7, Sealed: []byte{1, 2}}
	body, err := row.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		row, err := DecodeIntakeRow(body)
		if err != nil {
			return
		}
		again, err := row.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := DecodeIntakeRow(again); err != nil || !bytes.Equal(back.info(dep), row.info(dep)) {
			t.Errorf("row does not survive its encoding: %v", err)
		}
	})
}

// nonceKeeper wraps as direct does and keeps the nonces that it was given.
type nonceKeeper struct {
	direct
	seen map[string]int
}

func (n nonceKeeper) WrapItemKey(ctx context.Context, dst []byte, key *Key, nonce, ad []byte) ([]byte, error) {
	n.seen[string(nonce)]++
	return n.direct.WrapItemKey(ctx, dst, key, nonce, ad)
}

// Every item has a key and three nonces of its own, under one shred key and from one workspace too.
func TestNothingFreshIsUsedTwice(t *testing.T) {
	wrapper, key := nonceKeeper{direct{Key{1}}, map[string]int{}}, Key{2}
	shred, err := NewShred(&key)
	if err != nil {
		t.Fatal(err)
	}
	const items = 200
	for range items {
		item, err := shred.SealItem(t.Context(), nil, rand.Reader, wrapper, place(), []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		keyID, wrapped, sealed, err := splitItem(item)
		if err != nil {
			t.Fatal(err)
		}
		wrapper.seen[string(wrapped[:nonceSize])]++
		wrapper.seen[string(sealed[:nonceSize])]++
		wrapper.seen[string(keyID)]++
		if plain, err := OpenItem(t.Context(), wrapper, &key, place(), item); err != nil || string(plain) != "secret" {
			t.Fatalf("%q %v", plain, err)
		}
	}
	if len(wrapper.seen) != 4*items {
		t.Errorf("%d fresh values for %d items", len(wrapper.seen), items)
	}
}
