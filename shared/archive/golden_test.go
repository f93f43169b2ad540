package archive

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"kexin/shared/record"
)

// The golden archive is what other implementations (web/src/archive.js, kexin open of later versions) must go on reading. Write it anew,
// after a change of the format and only then, with KEXIN_GOLDEN=write.
const (
	goldenArchive = "golden.kxa"
	goldenKey     = "golden.key"
	goldenKeys    = "golden-keys.json" // in the format of package evidence
)

type keyFile struct {
	Format     string              `json:"format"`
	Deployment record.DeploymentID `json:"deployment"`
	Keys       []keyEntry          `json:"keys"`
}

type keyEntry struct {
	Signer    string `json:"signer"`
	Algorithm string `json:"algorithm"`
	SPKI      []byte `json:"spki"`
}

func TestGoldenArchive(t *testing.T) {
	if os.Getenv("KEXIN_GOLDEN") == "write" {
		writeGolden(t)
	}
	sealed := golden(t, goldenArchive)
	key, opened, public := openGolden(t, sealed)
	m, err := Verify(bytes.NewReader(opened), int64(len(opened)), public)
	if err != nil || m.Rows != 200 || m.Deployment != testHeader().Deployment {
		t.Fatal(m, err)
	}
	// The container has one encoding: sealing the same ZIP under the same file id gives the golden bytes.
	h, err := ParseHeader(sealed)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	w, err := NewWriter(&again, key, h, bytes.NewReader(h.FileID[:]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(opened); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil || !bytes.Equal(again.Bytes(), sealed) {
		t.Error("the container is written differently now", err)
	}
	if len(opened) < 2<<h.ChunkExponent {
		t.Error("golden archive has too few chunks to test their order")
	}
}

func openGolden(t testing.TB, sealed []byte) (key, opened []byte, public *ecdsa.PublicKey) {
	t.Helper()
	key, err := ParseKey(string(golden(t, goldenKey)))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err = openBytes(sealed, key); err != nil {
		t.Fatal(err)
	}
	var file keyFile
	if err := json.Unmarshal(golden(t, goldenKeys), &file); err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKIXPublicKey(file.Keys[0].SPKI)
	if err != nil {
		t.Fatal(err)
	}
	return key, opened, parsed.(*ecdsa.PublicKey)
}

// FuzzVerify starts from the golden archive because every fuzzing process must know the key.
func FuzzVerify(f *testing.F) {
	_, opened, public := openGolden(f, golden(f, goldenArchive))
	f.Add(opened)
	f.Add(opened[10:])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := Verify(bytes.NewReader(b), int64(len(b)), public)
		if err == nil && !bytes.Equal(b, opened) {
			t.Fatal("accepted an archive that nobody signed")
		}
	})
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeGolden(t *testing.T) {
	t.Helper()
	signer, archiveKey := newSigner(t), random("golden key", KeySize)
	var zip bytes.Buffer
	build(t, &zip, testOptions(signer, CSV), people(200))
	var sealed bytes.Buffer
	w, err := NewWriter(&sealed, archiveKey, testHeader(), &stream{seed: "golden"})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(zip.Bytes())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := FormatKey(archiveKey)
	spki, _ := x509.MarshalPKIXPublicKey(&signer.PublicKey)
	keys, _ := json.Marshal(keyFile{"kexin-public-keys/1", testHeader().Deployment, []keyEntry{{"archives", "ecdsa-p256-sha256", spki}}})
	for name, content := range map[string][]byte{goldenArchive: sealed.Bytes(), goldenKey: []byte(text + "\n"), goldenKeys: keys} {
		if err := os.WriteFile(filepath.Join("testdata", name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
