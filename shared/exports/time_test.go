package exports_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"kexin/shared/exports"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/vaulttest"
)

// A build that runs out of time lets go of its export before it is cut off: the next attempt begins at once, without waiting for the lease.
// After the last attempt the export has failed.
func TestBuildThatRunsOutOfTime(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	k.Register("R9")
	console := k.Process("serve-console", vaulttest.Everything)
	console.Created(vaulttest.Person{N: 1, Without: []record.FieldName{"id_number", "home_address", "contact_address"}})
	process := k.Process("build-export", vaulttest.Opens)
	builder := exports.Builder{Deployment: k.Deployment, Vault: process.Vault, Store: k.Base, Keys: k.Keys, Objects: k.Objects, Register: k.Members(),
		Pack: k.Pack, Now: k.Clock.Now, Random: k.Random, Lease: 24 * time.Hour, Margin: time.Hour}
	e := request(t, k, console)
	desk := &exports.Desk{Store: k.Base}
	hurried, cancel := context.WithTimeout(t.Context(), time.Hour-time.Second) // the margin is over already
	defer cancel()
	for attempt := 1; attempt <= 2; attempt++ {
		if state, err := builder.Build(hurried, e.ID); state != rows.ExportBuilding || !errors.Is(err, exports.ErrTime) {
			t.Fatalf("attempt %d: %s, %v", attempt, state, err)
		}
	}
	if sweep, err := builder.Run(t.Context()); err != nil || sweep.Built != 1 {
		t.Fatalf("the next run: %+v, %v", sweep, err)
	}
	if built, err := desk.Get(t.Context(), k.Actor("R9"), e.ID); err != nil || built.State != rows.ExportReady || built.Rows != 1 {
		t.Errorf("%+v, %v", built, err)
	}
}

func TestBuildThatIsTooLargeFails(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	k.Register("R9")
	console := k.Process("serve-console", vaulttest.Everything)
	process := k.Process("build-export", vaulttest.Opens)
	builder := exports.Builder{Deployment: k.Deployment, Vault: process.Vault, Store: k.Base, Keys: k.Keys, Objects: k.Objects, Register: k.Members(),
		Pack: k.Pack, Now: k.Clock.Now, Random: k.Random, Lease: 24 * time.Hour, Margin: time.Hour}
	e := request(t, k, console)
	hurried, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	state := ""
	for range exports.MaxAttempts {
		var err error
		if state, err = builder.Build(hurried, e.ID); !errors.Is(err, exports.ErrTime) {
			t.Fatal(state, err)
		}
	}
	if state != rows.ExportFailed {
		t.Errorf("after %d attempts: %s", exports.MaxAttempts, state)
	}
}
