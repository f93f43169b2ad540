// Package ruled is a function's system together with the policy that it decides by, and with the vault, the one door to data.
package ruled

import (
	"kexin/shared/decision"
	"kexin/shared/grants"
	"kexin/shared/policy"
	"kexin/shared/system"
	"kexin/shared/system/sealing"
	"kexin/shared/vault"
)

// Backend is a backend with its policy.
type Backend struct {
	system.Backend
	Pack   *policy.Pack
	Engine *decision.Engine
}

// System is a backend with its policy, limited to what one function may do.
type System struct {
	*sealing.Sealing
	Pack   *policy.Pack
	Engine *decision.Engine
}

// New limits b to the grants of function.
func New(b Backend, function grants.Function) (*System, error) {
	s, err := system.New(b.Backend, function)
	if err != nil {
		return nil, err
	}
	return &System{sealing.Of(s), b.Pack, b.Engine}, nil
}

// Vault returns a vault of this function; complete adds the capabilities that it has.
func (s *System) Vault(complete func(*vault.Config)) (*vault.Vault, error) {
	config := vault.Config{Deployment: s.Deployment, Function: string(s.Function), Pack: s.Pack, Engine: s.Engine, Store: s.Store,
		Log: s.Log, Now: s.Now, Random: s.Random}
	complete(&config)
	return vault.New(config)
}
