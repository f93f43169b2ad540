package archive

import (
	"archive/zip"
	"bytes"
	"crypto/elliptic"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"
)

func verifyBytes(t testing.TB, archive []byte) error {
	t.Helper()
	m, err := Verify(bytes.NewReader(archive), int64(len(archive)), &shared(t).PublicKey)
	if (m == nil) == (err == nil) {
		t.Fatal("manifest along with an error", m, err)
	}
	return err
}

// regions returns for each byte of an archive the parts that may be named for it.
func regions(t testing.TB, archive []byte) []string {
	t.Helper()
	v := &verifier{zip: bytes.NewReader(archive), size: uint64(len(archive)), layout: standardLayout}
	entries, err := v.structure()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, 0, len(archive))
	add := func(n uint64, name string) {
		for range n {
			out = append(out, name)
		}
	}
	for _, e := range entries {
		add(uint64(len(v.layout.local(e))), "ZIP records of "+e.name)
		add(e.stored, e.name)
		add(uint64(len(v.layout.descriptor(e))), "ZIP records of "+e.name)
	}
	for _, e := range entries {
		// A changed name in the directory is reported under the changed name.
		add(uint64(len(v.layout.central(e))), "central directory|ZIP records of "+e.name[:4])
	}
	add(endSize, partEnd)
	if len(out) != len(archive) {
		t.Fatalf("%d of %d bytes accounted for", len(out), len(archive))
	}
	return out
}

func TestEveryAlteredByteIsNamed(t *testing.T) {
	archive := sample(t, 5)
	if err := verifyBytes(t, archive); err != nil {
		t.Fatal(err)
	}
	parts := regions(t, archive)
	for i := range archive {
		checkNamed(t, archive, parts[i], i, 1<<(i%8))
	}
	if os.Getenv("KEXIN_FULL") == "1" {
		for i := range 8 * len(archive) {
			checkNamed(t, archive, parts[i/8], i/8, 1<<(i%8))
		}
	}
}

func checkNamed(t *testing.T, archive []byte, parts string, i int, mask byte) {
	t.Helper()
	altered := bytes.Clone(archive)
	altered[i] ^= mask
	err := verifyBytes(t, altered)
	var a *Alteration
	if !errors.As(err, &a) {
		t.Fatalf("byte %d (%s) altered: %v", i, parts, err)
	}
	named := false
	for part := range strings.SplitSeq(parts, "|") {
		named = named || strings.HasPrefix(a.Part, part)
	}
	if !named {
		t.Errorf("byte %d of %s altered: %v", i, parts, err)
	}
}

func TestEveryBitOfTheSignatureCounts(t *testing.T) {
	archive := sample(t, 1)
	parts := regions(t, archive)
	start := bytes.Index(archive, []byte(`"payloadType"`)) // what precedes it is the manifest once more
	if os.Getenv("KEXIN_FULL") == "1" {
		start = 0
	}
	for i := start; i < len(archive); i++ {
		if parts[i] != SignatureName {
			continue
		}
		for bit := range 8 {
			altered := bytes.Clone(archive)
			altered[i] ^= 1 << bit
			if verifyBytes(t, altered) == nil {
				t.Fatalf("byte %d, bit %d", i, bit)
			}
		}
	}
}

func TestEveryTruncationAndInsertionOfAZipIsRefused(t *testing.T) {
	archive := sample(t, 2)
	for i := range archive {
		if verifyBytes(t, archive[:i]) == nil || verifyBytes(t, archive[i+1:]) == nil {
			t.Fatalf("cut at %d: accepted", i)
		}
		longer := append(append(bytes.Clone(archive[:i]), 0), archive[i:]...)
		if verifyBytes(t, longer) == nil {
			t.Fatalf("byte inserted at %d: accepted", i)
		}
	}
	if verifyBytes(t, append(bytes.Clone(archive), 0)) == nil {
		t.Fatal("byte appended: accepted")
	}
}

// The same files in a ZIP of another program are not the same archive: comments and extra fields could carry anything.
func TestRepackedArchiveIsRefused(t *testing.T) {
	files := unzip(t, sample(t, 2))
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range []string{"data-wm-4k2p9x.csv", ReadmeName, ManifestName, SignatureName} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := verifyBytes(t, out.Bytes()); !errors.Is(err, ErrAltered) {
		t.Error(err)
	}
}

func TestOtherKeysAndOtherFiles(t *testing.T) {
	archive := sample(t, 1)
	other := newSigner(t)
	if _, err := Verify(bytes.NewReader(archive), int64(len(archive)), &other.PublicKey); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
	if _, err := Verify(bytes.NewReader(archive), int64(len(archive))); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
	if err := verifyBytes(t, bytes.Repeat([]byte("not a zip "), 20)); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
	if err := verifyBytes(t, nil); !errors.Is(err, ErrTruncated) {
		t.Error(err)
	}
}

// Another valid signature, or the same one spelt otherwise, is not what was written.
func TestEnvelopeHasOneSpelling(t *testing.T) {
	signed := unzip(t, sample(t, 1))[SignatureName]
	var e envelope
	if err := json.Unmarshal(signed, &e); err != nil {
		t.Fatal(err)
	}
	der, _ := base64.StdEncoding.DecodeString(e.Signatures[0].Sig)
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		t.Fatal(err)
	}
	sig.S.Sub(elliptic.P256().Params().N, sig.S)
	high, _ := asn1.Marshal(sig)
	twin := e
	twin.Signatures = []signature{{KeyID: e.Signatures[0].KeyID, Sig: base64.StdEncoding.EncodeToString(high)}}
	spelt, _ := json.Marshal(twin)
	two := e
	two.Signatures = append(two.Signatures, e.Signatures[0])
	doubled, _ := json.Marshal(two)
	for name, b := range map[string][]byte{"other s": spelt, "blank": append(bytes.Clone(signed), ' '), "two": doubled} {
		if _, err := openEnvelope(b, keysOf(t)); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openEnvelope(signed, keysOf(t)); err != nil {
		t.Error(err)
	}
}

func TestManifestsThatAreRefused(t *testing.T) {
	good := unzip(t, sample(t, 1))[ManifestName]
	if _, err := ParseManifest(good); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"newer format": bytes.Replace(good, []byte("kexin-export/1"), []byte("kexin-export/2"), 1),
		"more members": bytes.Replace(good, []byte(`"rows"`), []byte(`"extra": 1, "rows"`), 1),
		"trailing":     append(bytes.Clone(good), '1'),
		"no JSON":      []byte("x"),
	} {
		if _, err := ParseManifest(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
