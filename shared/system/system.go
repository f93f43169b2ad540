// Package system puts the parts of a function together from a backend and nothing but the function's grants, in the same way in the
// embedded process and on Lambda. What only some functions have is in packages beside it, so that the others do not link it: sealing and
// opening in sealing, policy and the vault in ruled.
package system

import (
	"crypto/ecdsa"
	"fmt"
	"io"
	"time"

	"kexin/shared/audit"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/store"
)

// Backend is where a deployment keeps its rows, root keys and objects.
type Backend struct {
	Deployment record.DeploymentID
	Store      store.Store
	Keys       keys.Keys
	Objects    objects.Objects
	// ManifestKey is the public half that manifests must be signed with. Deployment pins it; nobody who can write the manifest's row can
	// change it.
	ManifestKey *ecdsa.PublicKey
	Now         func() time.Time
	Random      io.Reader
	Lanes       int // audit entries under way at once: 1 on Lambda, several in a server
}

// System is a backend limited to what one function may do.
type System struct {
	Backend
	Function grants.Function
	Log      *audit.Log
}

// New limits b to the grants of function. The audit log writes through the same limits.
func New(b Backend, function grants.Function) (*System, error) {
	set := grants.Of(function)
	b.Store = store.Restrict(b.Store, set.Store...)
	b.Keys = keys.Restrict(b.Keys, set.Keys)
	if b.Objects != nil {
		b.Objects = objects.Restrict(b.Objects, set.Objects...)
	}
	s := &System{Backend: b, Function: function}
	log, err := audit.New(audit.Config{Store: b.Store, Deployment: b.Deployment, Function: string(function), Lanes: b.Lanes, Now: b.Now, Random: b.Random})
	if err != nil {
		return nil, fmt.Errorf("set up %s: %w", function, err)
	}
	s.Log = log
	return s, nil
}
