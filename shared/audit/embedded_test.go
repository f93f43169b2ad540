package audit

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"kexin/shared/boltstore"
	"kexin/shared/dirobjects"
	"kexin/shared/evidence"
	"kexin/shared/filekeys"
)

// TestEmbeddedBackends writes, seals, traces, proves and checks on real files, and again after reopening them.
func TestEmbeddedBackends(t *testing.T) {
	dir, c, ctx := t.TempDir(), newClock(), context.Background()
	key, err := filekeys.Create(filepath.Join(dir, "keys"), filekeys.CreateOptions{
		Deployment: deployment, Demonstration: true, Random: &seeded{}, Now: c.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	var refs []Ref
	for round := range 2 {
		rows, err := boltstore.Open(filepath.Join(dir, "store"), boltstore.Options{FileKeys: key, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		files, err := dirobjects.Open(filepath.Join(dir, "objects"), dirobjects.Options{LinkKey: make([]byte, 32), Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		l, err := New(Config{Store: rows, Deployment: deployment, Function: "test", Lanes: 2, Now: c.Now, Random: &seeded{uint64(round)}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			ref, err := l.Record(ctx, read(byte(i%3)))
			if err != nil {
				t.Fatal(err)
			}
			refs = append(refs, ref)
		}
		s := &Sealer{Store: rows, Objects: files, Keys: key, Deployment: deployment, Function: "seal-audit", Now: c.Now,
			IdleAfter: time.Hour, LockFor: time.Hour, BatchEntries: 6}
		sealedOnFiles(t, s, refs)
		entries, next, err := Trace(ctx, rows, customer(1), "")
		if err != nil || next != "" || len(entries) != 7*(round+1) {
			t.Errorf("trace: %d entries, %v", len(entries), err)
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

func sealedOnFiles(t *testing.T, s *Sealer, refs []Ref) {
	t.Helper()
	ctx := context.Background()
	report, err := s.Run(ctx)
	if err != nil || report.Size != int64(len(refs)) || len(report.Alarms) > 0 {
		t.Fatalf("%+v %v", report, err)
	}
	if found, err := s.Check(ctx); err != nil || len(found) > 0 {
		t.Errorf("check: %v %v", found, err)
	}
	public, err := evidence.CollectKeys(ctx, s.Keys, deployment)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs {
		inclusion, err := s.Prove(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		if e, err := evidence.VerifyInclusion(public, inclusion); err != nil || e.Position() != ref.Position {
			t.Errorf("%v: %v", ref, err)
		}
	}
}
