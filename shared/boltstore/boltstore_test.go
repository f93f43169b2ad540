package boltstore

import (
	"testing"

	"go.uber.org/goleak"

	"kexin/shared/store"
	"kexin/shared/storetest"
)

func TestMain(m *testing.M) {
	if childMain() {
		return
	}
	goleak.VerifyTestMain(m)
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return mustOpen(t, t.TempDir()) })
}
