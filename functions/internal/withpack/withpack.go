// Package withpack gives a function the compiled policy pack. It is apart from boot so that only functions that obey one link the compiler.
package withpack

import (
	"kexin/functions/internal/boot"
	"kexin/packs"
	"kexin/shared/policy"
)

// Load compiles the pack that the settings name. That takes longer than all else that a process does before its first event, so it is
// called when that has arrived.
func Load(b *boot.Boot) (*policy.Pack, error) { return policy.Load(packs.FS, b.Settings.Pack) }
