// Package withpolicy gives a function the compiled policy pack, the engine that decides by it, and the vault. It is apart from boot so that
// only functions that decide link Cedar and what opens data.
package withpolicy

import (
	"fmt"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withpack"
	"kexin/shared/decision"
	"kexin/shared/system/ruled"
)

// System returns the function's part of the deployment with its policy. It is called when the first event has arrived.
func System(b *boot.Boot) (*ruled.System, error) {
	pack, err := withpack.Load(b)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", b.Function, err)
	}
	engine, err := decision.New(pack)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", b.Function, err)
	}
	return ruled.New(ruled.Backend{Backend: b.Backend, Pack: pack, Engine: engine}, b.Function)
}
