package filekeys

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"kexin/shared/keys"
)

// Any altered, cut or added byte of a key file is refused, with the sentinel that fits.
func TestAlteredFile(t *testing.T) {
	for _, o := range []CreateOptions{options(), demonstration()} {
		f := mustCreate(t, o)
		image := read(t, f.path)
		for i := range image {
			altered := bytes.Clone(image)
			altered[i] ^= 1 << (i % 7)
			refusedImage(t, altered, o.Passphrase, fmt.Sprintf("byte %d of %d altered", i, len(image)))
		}
		for _, cut := range []int{0, 1, len(image) / 2, len(image) - 1} {
			refusedImage(t, image[:cut], o.Passphrase, fmt.Sprintf("cut at %d", cut))
		}
		refusedImage(t, append(bytes.Clone(image), '\n'), o.Passphrase, "byte added")
		refusedImage(t, make([]byte, maxFile+1), o.Passphrase, "too long")
	}
}

func refusedImage(t *testing.T, image, pass []byte, what string) {
	t.Helper()
	if _, _, err := decode(image, pass); !errors.Is(err, ErrFormat) && !errors.Is(err, ErrPassphrase) {
		t.Errorf("%s: error %v, want ErrFormat or ErrPassphrase", what, err)
	}
}

// An attacker who can write the file cannot make the reader spend memory or time without bound.
func TestHeaderCostIsBounded(t *testing.T) {
	for _, c := range []cost{{0, 64, 1}, {17, 64, 1}, {1, 1<<20 + 1, 1}, {1, 7, 1}, {1, 64, 0}, {1, 512, 17}} {
		header := (&seal{cost: c}).header([12]byte{})
		if _, _, err := decode(append(header, make([]byte, 64)...), passphrase); !errors.Is(err, ErrFormat) {
			t.Errorf("%+v: error %v, want ErrFormat", c, err)
		}
	}
}

// A file that claims to be the other kind is refused even when its seal or checksum is right.
func TestContentMustMatchItsHeader(t *testing.T) {
	f := mustCreate(t, options())
	body, err := f.current().content.encode()
	if err != nil {
		t.Fatal(err)
	}
	refusedImage(t, append(demoHeader(body), body...), nil, "sealed content laid open")
	demo := mustCreate(t, demonstration())
	image, err := f.encode(demo.current().content)
	if err != nil {
		t.Fatal(err)
	}
	refusedImage(t, image, passphrase, "demonstration sealed")
}

func TestIncompleteContent(t *testing.T) {
	for name, spoil := range map[string]func(*content){
		"no data key":      func(c *content) { c.Data = nil },
		"no file key":      func(c *content) { c.Files = nil },
		"current file key": func(c *content) { c.CurrentFile = keyID{1} },
		"short key":        func(c *content) { c.Data[0].Key = c.Data[0].Key[:16] },
		"doubled id":       func(c *content) { c.Restricted[0].ID = c.Data[0].ID },
		"deployment":       func(c *content) { c.Deployment = "dep_" },
		"signer missing":   func(c *content) { delete(c.Signers, keys.SignReceipts) },
		"signer added":     func(c *content) { c.Signers["more"] = c.Signers[keys.SignReceipts] },
		"signer broken":    func(c *content) { c.Signers[keys.SignReceipts] = []byte{1} },
	} {
		c := mustCreate(t, demonstration()).current().content.clone()
		spoil(&c)
		if _, err := c.ready(); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: error %v, want ErrFormat", name, err)
		}
	}
}

// There is one way to write a header and a content; every other is refused, even where seal or checksum would be right.
func TestOneEncodingOnly(t *testing.T) {
	f := mustCreate(t, options())
	line := string(f.seal.header([12]byte{0xab}))
	for _, change := range [][2]string{{" 1 64 1 ", " 01 64 1 "}, {" 1 64 1 ", " +1 64 1 "}, {" 64 ", " 64x "}, {"00ab", "00AB"}, {"ab00", "AB00"},
		{" 64 ", "  64 "}, {"00\n", "00 \n"}, {"00\n", "\n"}} {
		if altered := strings.Replace(line, change[0], change[1], 1); altered != line {
			if _, _, err := parseSealedHeader([]byte(altered)); !errors.Is(err, ErrFormat) {
				t.Errorf("%q: error %v, want ErrFormat", altered, err)
			}
		}
	}
	body, err := mustCreate(t, demonstration()).current().content.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{{"{", "{ "}, {`"created"`, `"Created"`}, {`{"deployment"`, `{"more":1,"deployment"`},
		{`{"deployment"`, `{"created":"2026-03-01T00:30:00Z","deployment"`}, {`00:30:00Z`, `00:30:00.0Z`}} {
		altered := []byte(strings.Replace(string(body), change[0], change[1], 1))
		if bytes.Equal(altered, body) {
			t.Fatalf("nothing to change: %q", change[0])
		}
		refusedImage(t, append(demoHeader(altered), altered...), nil, change[1])
	}
}

// The associated data of a wrapped secret differs wherever header, deployment or purpose differ, also where they run together.
func TestWrapDataBindsEverything(t *testing.T) {
	seen := map[string]string{}
	for _, header := range []string{"0123456789", "1123456789", "0223456789", "0123456780"} {
		for _, d := range []string{"dep_a", "dep_ai", "dep_b"} {
			for _, p := range []string{"inbox", "nbox", "index", "i"} {
				data := string(wrapData([]byte(header), deploymentNamed(d), keys.Purpose(p)))
				if before, ok := seen[data]; ok {
					t.Errorf("%s and %s have the same data", before, header+d+p)
				}
				seen[data] = header + " " + d + " " + p
			}
		}
	}
}

func TestParseWrapped(t *testing.T) {
	right := append([]byte{wrapVersion, wrapAlgorithm}, make([]byte, 8+wrapNonce+1+wrapTag)...)
	if _, err := parseWrapped(right); err != nil {
		t.Fatal(err)
	}
	for name, wrapped := range map[string][]byte{
		"version":   append([]byte{wrapVersion + 1, wrapAlgorithm}, right[2:]...),
		"algorithm": append([]byte{wrapVersion, wrapAlgorithm + 1}, right[2:]...),
		"no secret": right[:len(right)-1],
		"too long":  append(right[:len(right):len(right)], make([]byte, keys.MaxSecret)...),
	} {
		if _, err := parseWrapped(wrapped); !errors.Is(err, keys.ErrRefused) {
			t.Errorf("%s: error %v, want ErrRefused", name, err)
		}
	}
}

// Restricted records have root keys of their own, as they have a KMS key of their own on AWS.
func TestRestrictedRootKeysAreApart(t *testing.T) {
	f := mustCreate(t, options())
	c := f.current().content
	for _, p := range keys.Purposes() {
		wrapped, err := f.Wrap(t.Context(), p, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		want := c.Data[0].ID
		if p == keys.ForRecord {
			want = c.Restricted[0].ID
		}
		if id, err := parseWrapped(wrapped); err != nil || id != want {
			t.Errorf("%s is wrapped under %s, want %s, %v", p, id, want, err)
		}
	}
}
