package fsck_test

import (
	"errors"
	"testing"
	"time"

	"kexin/shared/fsck"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// TestFindsRollback puts the head and the section of yesterday back, which fit each other: only the audit log knows better.
func TestFindsRollback(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	memory := k.Base.(*vaulttest.Memory)
	p := k.Process("prepare", vaulttest.Everything)
	id := p.Created(vaulttest.Person{N: 1}).Customer
	before := memory.Items(store.Keys, store.Records, store.Restricted, store.Work)
	if _, err := p.Vault.Update(t.Context(), k.Actor("R10"), id, 1, "contract_service", record.Fields{"email": record.NewValue("new@example.com")}); err != nil {
		t.Fatal(err)
	}
	for key := range memory.Items(store.Keys, store.Records, store.Restricted, store.Work) {
		if _, ok := before[key]; !ok {
			memory.Remove(key)
		}
	}
	for _, item := range before {
		memory.Set(item)
	}
	only(t, k, fsck.HistoryBroken, rows.HeadKey(id))
}

// TestFindsRevival restores a destroyed customer whole from a copy.
func TestFindsRevival(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	memory := k.Base.(*vaulttest.Memory)
	id := k.Process("prepare", vaulttest.Everything).Created(vaulttest.Person{N: 1}).Customer
	before := memory.Items(store.Keys, store.Records, store.Restricted, store.Work)
	k.Clock.Pass(5 * 366 * 24 * time.Hour)
	if _, err := k.Purge().Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.Clean()
	for _, item := range before {
		memory.Set(item)
	}
	only(t, k, fsck.HistoryRevived, rows.HeadKey(id))
}

func only(t *testing.T, k *vaulttest.Kit, code fsck.Code, where store.Key) {
	t.Helper()
	findings := k.Fsck().Findings
	if len(findings) != 1 || findings[0].Code != code || findings[0].Where != where.String() {
		t.Errorf("found %v, want only %v at %v", findings, code, where)
	}
}

func TestCheckNeedsItsParts(t *testing.T) {
	if _, err := fsck.Check(t.Context(), fsck.Config{}); !errors.Is(err, fsck.ErrConfig) {
		t.Errorf("got %v", err)
	}
}

func TestCheckTellsProgressAndHonoursContext(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	steps := map[string]bool{}
	config := fsck.Config{Store: k.Base, Scanner: k.Base.(store.Scanner), Pack: k.Pack, Now: k.Clock.Now,
		Progress: func(p fsck.Progress) { steps[p.Step] = true }}
	report, err := fsck.Check(t.Context(), config)
	if err != nil || !report.Clean() || report.Rows == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, table := range store.Tables() {
		if !steps[string(table)] {
			t.Errorf("no progress on %s", table)
		}
	}
}
