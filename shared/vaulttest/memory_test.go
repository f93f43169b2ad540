package vaulttest

import (
	"testing"

	"kexin/shared/store"
	"kexin/shared/storetest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return NewMemory() })
}
