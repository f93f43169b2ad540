package seal_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"kexin/shared/filekeys"
	"kexin/shared/record"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// TestEnvelope: padded, bound to every part of its place, and no altered bit opens.
func TestEnvelope(t *testing.T) {
	l := newLab(t)
	w := l.writer()
	at := seal.EnvelopePlace{Submission: "sub_a", Form: "service", Schema: "P06@0"}
	sizes := map[int]bool{}
	for n := range 253 {
		envelope, err := w.SealEnvelope(t.Context(), at, bytes.Repeat([]byte{7}, n))
		l.must(err)
		sizes[len(envelope)] = true
		plain, err := l.ring(nil).OpenEnvelope(t.Context(), at, envelope)
		if err != nil || len(plain) != n {
			t.Fatalf("%d bytes open to %d, %v", n, len(plain), err)
		}
	}
	if len(sizes) != 1 {
		t.Errorf("sizes tell lengths: %v", sizes)
	}
	envelope, err := w.SealEnvelope(t.Context(), at, []byte(strings.Repeat("x", 300)))
	l.must(err)
	r := l.ring(nil)
	for name, other := range map[string]seal.EnvelopePlace{"submission": {"sub_b", at.Form, at.Schema}, "form": {at.Submission, "contact", at.Schema},
		"schema": {at.Submission, at.Form, "P07@0"}} {
		if _, err := r.OpenEnvelope(t.Context(), other, envelope); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("other %s: %v", name, err)
		}
	}
	for i := range envelope {
		altered := bytes.Clone(envelope)
		altered[i] ^= 0x10
		if plain, err := r.OpenEnvelope(t.Context(), at, altered); err == nil || plain != nil {
			t.Errorf("opens with byte %d altered", i)
		}
		if _, err := r.OpenEnvelope(t.Context(), at, envelope[:i]); err == nil {
			t.Errorf("opens cut at %d", i)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	file, err := filekeys.Create(f.TempDir()+"/keys", filekeys.CreateOptions{Deployment: "dep_aaaaaaaaaaaaaaaaaaaaaaaaaa", Demonstration: true,
		Random: vaulttest.NewRandom(1), Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	public, _, err := seal.NewBranch(f.Context(), file, seal.BranchInbox, 1)
	if err != nil {
		f.Fatal(err)
	}
	clock := vaulttest.NewClock(vaulttest.Start)
	w := seal.NewWriter("dep_aaaaaaaaaaaaaaaaaaaaaaaaaa", "fuzz", func(context.Context, seal.Branch) (seal.BranchPublic, error) { return public, nil },
		func(context.Context, seal.IntakeRow) error { return nil }, clock.Now, vaulttest.NewRandom(2))
	at := seal.EnvelopePlace{Submission: "sub_a"}
	good, err := w.SealEnvelope(f.Context(), at, []byte("hello"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	r := seal.NewRing("dep_aaaaaaaaaaaaaaaaaaaaaaaaaa", file, nowhere{}, w, clock.Now)
	f.Fuzz(func(t *testing.T, envelope []byte) {
		if plain, err := r.OpenEnvelope(t.Context(), at, envelope); err == nil && string(plain) != "hello" {
			t.Errorf("opens to %q", plain)
		}
	})
}

// nowhere is a source without rows.
type nowhere struct{}

func (nowhere) IntakeRow(context.Context, record.IntakeID) (seal.IntakeRow, error) {
	return seal.IntakeRow{}, store.ErrNotFound
}

func (nowhere) BranchSecret(context.Context, seal.Branch, uint32) ([]byte, error) {
	return nil, store.ErrNotFound
}
