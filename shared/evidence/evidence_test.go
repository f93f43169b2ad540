package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"kexin/shared/audit/entry"
	"kexin/shared/keys"
	"kexin/shared/record"
)

func TestCertificateAnyByte(t *testing.T) {
	k := newRootKeys(t)
	data, err := NewCertificate(include(t, k, destroyed(), 5, 11))
	if err != nil {
		t.Fatal(err)
	}
	public := k.file(t, deployment)
	facts, err := VerifyCertificate(public, data)
	if err != nil || facts.Customer != destroyed().Customer || facts.Rule != "retention" || facts.Irrecoverable.IsZero() ||
		facts.Counts["deleted"] != "12" || len(facts.Counts) != 2 || facts.By != "system purge-expired" {
		t.Fatalf("%+v %v", facts, err)
	}
	flips(t, data, func(b []byte) error { _, err := VerifyCertificate(public, b); return err })
}

func TestCertificateOfTheOnlyEntry(t *testing.T) {
	k := newRootKeys(t)
	data, err := NewCertificate(include(t, k, destroyed(), 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyCertificate(k.file(t, deployment), data); err != nil {
		t.Error(err)
	}
}

// edit changes a certificate member by member and encodes it again, as a careful forger would.
func edit(t *testing.T, data []byte, change func(*Certificate)) []byte {
	t.Helper()
	var c Certificate
	if err := decode("certificate", data, &c); err != nil {
		t.Fatal(err)
	}
	change(&c)
	again, err := encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestForgedCertificatesNameWhatIsWrong(t *testing.T) {
	k, other := newRootKeys(t), newRootKeys(t)
	data, err := NewCertificate(include(t, k, destroyed(), 5, 11))
	if err != nil {
		t.Fatal(err)
	}
	public := k.file(t, deployment)
	foreign := include(t, other, destroyed(), 5, 11)
	read := destroyed()
	read.Action = "read"
	readInclusion := include(t, k, read, 5, 11)
	cases := []struct {
		name   string
		change func(*Certificate)
		want   error
	}{
		{"format", func(c *Certificate) { c.Format = "kexin-certificate-of-destruction/2" }, ErrFormat},
		{"deployment", func(c *Certificate) { c.Deployment = record.DeploymentID(id(record.PrefixDeployment, 2)) }, ErrDeployment},
		{"facts", func(c *Certificate) { c.Facts.Customer = record.CustomerID(id(record.PrefixCustomer, 2)) }, ErrMismatch},
		{"counts", func(c *Certificate) { c.Facts.Counts["deleted"] = "13" }, ErrMismatch},
		{"entry", func(c *Certificate) { c.Entry = strings.Replace(c.Entry, `"deleted":"12"`, `"deleted":"13"`, 1) }, ErrProof},
		{"index", func(c *Certificate) { c.Index++ }, ErrProof},
		{"negative index", func(c *Certificate) { c.Index = -1 }, ErrProof},
		{"size", func(c *Certificate) { c.Size++ }, ErrMismatch},
		{"proof", func(c *Certificate) { c.Proof = c.Proof[1:] }, ErrProof},
		{"foreign checkpoint", func(c *Certificate) { c.Checkpoint = string(foreign.Checkpoint) }, ErrSignature},
		{"no destruction", func(c *Certificate) {
			c.Entry, c.Checkpoint = string(readInclusion.Entry), string(readInclusion.Checkpoint)
		}, ErrMismatch},
	}
	for _, c := range cases {
		if _, err := VerifyCertificate(public, edit(t, data, c.change)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := NewCertificate(readInclusion); !errors.Is(err, ErrMismatch) {
		t.Errorf("certificate of a reading: %v", err)
	}
	doubled := bytes.Replace(data, []byte(`"index":5`), []byte(`"index":4,"index":5`), 1)
	if _, err := VerifyCertificate(public, doubled); !errors.Is(err, ErrFormat) {
		t.Errorf("doubled member: %v", err)
	}
}

func TestCheckpointAnyByte(t *testing.T) {
	k := newRootKeys(t)
	want := Checkpoint{Origin(deployment), 12345, entry.Hash([]byte("root"))}
	data, err := SignCheckpoint(context.Background(), k, want)
	if err != nil {
		t.Fatal(err)
	}
	public := k.file(t, deployment)
	flips(t, data, func(b []byte) error { _, err := VerifyCheckpoint(public, b); return err })
	got, err := VerifyCheckpoint(public, data)
	if err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
}

func TestCheckpointRefusesSecondSignatures(t *testing.T) {
	k, other := newRootKeys(t), newRootKeys(t)
	c := Checkpoint{Origin(deployment), 1, entry.Hash([]byte("root"))}
	one, err := SignCheckpoint(context.Background(), k, c)
	if err != nil {
		t.Fatal(err)
	}
	two, err := SignCheckpoint(context.Background(), other, c)
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(two), "\n\n")
	if _, err := VerifyCheckpoint(k.file(t, deployment), append(one, line...)); !errors.Is(err, ErrSignature) {
		t.Errorf("got %v", err)
	}
	elsewhere := k.file(t, record.DeploymentID(id(record.PrefixDeployment, 2)))
	if _, err := VerifyCheckpoint(elsewhere, one); !errors.Is(err, ErrDeployment) {
		t.Errorf("got %v", err)
	}
}

// TestCheckpointOpensWithPackageNote shows that the note is an ordinary signed note.
func TestCheckpointOpensWithPackageNote(t *testing.T) {
	k := newRootKeys(t)
	c := Checkpoint{Origin(deployment), 7, entry.Hash([]byte("root"))}
	data, err := SignCheckpoint(context.Background(), k, c)
	if err != nil {
		t.Fatal(err)
	}
	key, err := newNoteKey(c.Origin, &k.private[keys.SignCheckpoints].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(data, note.VerifierList(key))
	if err != nil || opened.Text != c.Text() {
		t.Errorf("%v %v", opened, err)
	}
}

func TestPublicKeysRoundTrip(t *testing.T) {
	k := newRootKeys(t)
	file := k.file(t, deployment)
	data, err := file.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParsePublicKeys(data)
	if err != nil || len(back.Keys) != len(keys.Signers()) || len(back.Find(keys.SignReceipts)) != 1 {
		t.Fatal(err)
	}
	bad := back
	bad.Keys = append([]PublicKey(nil), back.Keys...)
	bad.Keys[0].Algorithm = "none"
	if _, err := bad.Marshal(); !errors.Is(err, ErrFormat) {
		t.Errorf("algorithm: %v", err)
	}
	bad.Keys[0] = PublicKey{"boss", Algorithm, back.Keys[0].SPKI}
	if _, err := bad.Marshal(); !errors.Is(err, ErrFormat) {
		t.Errorf("signer: %v", err)
	}
}

// TestPublicKeysAnyByte: an altered file of keys is refused itself, or everything that was signed is refused under it.
func TestPublicKeysAnyByte(t *testing.T) {
	k := newRootKeys(t)
	certificate, err := NewCertificate(include(t, k, destroyed(), 0, 2))
	if err != nil {
		t.Fatal(err)
	}
	signed := signedReceipt(t, receiptSigner(t, k, &timer{morning}))
	file := k.file(t, deployment)
	file.Keys = []PublicKey{file.Keys[2], file.Keys[3]} // checkpoints and receipts
	data, err := file.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	flips(t, data, func(b []byte) error {
		public, err := ParsePublicKeys(b)
		if err != nil {
			return err
		}
		_, err = VerifyCertificate(public, certificate)
		_, err2 := VerifyReceipt(public, signed)
		return errors.Join(err, err2)
	})
}

func FuzzParsers(f *testing.F) {
	k := newRootKeys(f)
	public := k.file(f, deployment)
	i := include(f, k, destroyed(), 1, 3)
	certificate, err := NewCertificate(i)
	if err != nil {
		f.Fatal(err)
	}
	file, err := public.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	signed := signedReceipt(f, receiptSigner(f, k, &timer{morning}))
	genuine := [][]byte{certificate, file, signed, i.Checkpoint}
	for _, data := range genuine {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		known := false
		for _, have := range genuine {
			known = known || bytes.Equal(have, data)
		}
		_, err1 := VerifyCertificate(public, data)
		_, err2 := VerifyReceipt(public, data)
		_, err3 := VerifyCheckpoint(public, data)
		if !known && (err1 == nil || err2 == nil || err3 == nil) {
			t.Errorf("accepted %q", data)
		}
		if parsed, err := ParsePublicKeys(data); err == nil {
			again, err := parsed.Marshal()
			if err != nil || !bytes.Equal(again, data) || !json.Valid(data) {
				t.Errorf("%q comes back as %q", data, again)
			}
		}
	})
}
