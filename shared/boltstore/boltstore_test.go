package boltstore

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"

	"kexin/shared/store"
	"kexin/shared/storetest"
)

func TestMain(m *testing.M) {
	if childMain() {
		return
	}
	if os.Getenv("KEXIN_FULL") != "1" {
		_ = flag.Set("rapid.checks", "20") // the flags exist: rapid is imported
		_ = flag.Set("rapid.steps", "12")
	}
	goleak.VerifyTestMain(m)
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return mustOpen(t, t.TempDir()) })
}
