package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kexin/shared/approveapi"
	"kexin/shared/audit"
	"kexin/shared/collect"
	"kexin/shared/consoleapi"
	"kexin/shared/evidence"
	"kexin/shared/exports"
	"kexin/shared/formapi"
	"kexin/shared/grants"
	"kexin/shared/indexes"
	"kexin/shared/intake"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/releaseapi"
	"kexin/shared/restricted"
	"kexin/shared/retention"
	"kexin/shared/rotation"
	"kexin/shared/seal"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
	"kexin/shared/vault"
)

// parts are the functions, each put together from its own limited system.
type parts struct {
	form     formapi.Deps
	acceptor *intake.Acceptor
	console  consoleapi.Deps
	approve  approveapi.Deps
	release  releaseapi.Deps
	builder  *exports.Builder
	purge    *retention.Purge
	sealer   *audit.Sealer
	rotator  *rotation.Rotator
	beat     retention.Heartbeat

	wakeAccept chan struct{}
	wakeBuild  chan struct{}
}

// assembly collects the first error, so that composing reads as a list.
type assembly struct {
	ctx     context.Context
	server  *Server
	systems map[grants.Function]*ruled.System
	err     error
}

func (s *Server) newParts(ctx context.Context) (*parts, error) {
	a := &assembly{ctx: ctx, server: s, systems: map[grants.Function]*ruled.System{}}
	for _, function := range grants.Functions() {
		sys, err := ruled.New(s.backend, function)
		if err != nil {
			return nil, err
		}
		a.systems[function] = sys
	}
	p := &parts{wakeAccept: make(chan struct{}, 1), wakeBuild: make(chan struct{}, 1)}
	p.rotator = a.rotator()
	if _, err := p.rotator.Run(ctx, false); err != nil { // the other functions need a manifest and an index key
		return nil, fmt.Errorf("prepare keys: %w", err)
	}
	p.form, p.acceptor, p.console = a.form(p), a.acceptor(), a.console(p)
	p.approve, p.release, p.builder = a.approve(), a.release(), a.builder()
	p.purge, p.beat = a.purge()
	p.sealer = a.sealer()
	return p, a.err
}

func (a *assembly) vault(function grants.Function, complete func(*ruled.System, *vault.Config)) *vault.Vault {
	sys := a.systems[function]
	v, err := sys.Vault(func(c *vault.Config) { complete(sys, c) })
	a.note(err)
	return v
}

func (a *assembly) note(err error) {
	if a.err == nil {
		a.err = err
	}
}

func (a *assembly) index(sys *ruled.System) vault.Indexer {
	index, err := indexes.Load(a.ctx, sys.Store, sys.Keys, sys.Deployment)
	a.note(err)
	if err != nil {
		return nil
	}
	return index
}

func (a *assembly) rotator() *rotation.Rotator {
	sys := a.systems[grants.RotateKeys]
	return &rotation.Rotator{Deployment: sys.Deployment, Store: sys.Store, Keys: sys.Keys, Log: sys.Log, Now: sys.Now, Random: sys.Random}
}

func (a *assembly) form(p *parts) formapi.Deps {
	sys := a.systems[grants.SubmitForm]
	// Certificates of receipt keys are judged by the machine's clock, not by a demonstration's.
	receipts, err := evidence.NewReceiptSigner(a.ctx, sys.Keys, sys.Deployment, sys.Random, sys.Now)
	a.note(err)
	return formapi.Deps{Deployment: sys.Deployment, Pack: sys.Pack, Store: sys.Store, Writer: sys.Writer(store.Inbox), Receipts: receipts,
		PublicKeys: func(ctx context.Context) (evidence.PublicKeys, error) {
			return evidence.CollectKeys(ctx, sys.Keys, sys.Deployment, keys.Signers()...)
		}, Now: sys.Now, Wake: func() { wake(p.wakeAccept) }, Origins: a.server.Forms}
}

// wake leaves a note for a loop that may be busy; one note is enough.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (a *assembly) acceptor() *intake.Acceptor {
	sys := a.systems[grants.AcceptSubmissions]
	v := a.vault(grants.AcceptSubmissions, func(sys *ruled.System, c *vault.Config) {
		c.Writer, c.Ring, c.RootWrap = sys.Writer(store.Keys), sys.Ring(store.Inbox, nil), seal.Root{Keys: sys.Keys}
		c.Index, c.Check = a.index(sys), collect.Recheck(sys.Pack)
	})
	return &intake.Acceptor{Vault: v, Store: sys.Store, Now: sys.Now, Workers: 16}
}

func (a *assembly) console(p *parts) consoleapi.Deps {
	sys := a.systems[grants.ServeConsole]
	index := a.index(sys)
	v := a.vault(grants.ServeConsole, func(sys *ruled.System, c *vault.Config) {
		c.Writer = sys.Writer(store.Keys)
		c.Ring, c.RootWrap, c.Index = sys.Ring(store.Keys, c.Writer), seal.Root{Keys: sys.Keys}, index
	})
	cursors, err := consoleapi.NewCursors(index, sys.Random)
	a.err = errors.Join(a.err, err)
	desk := &exports.Desk{Vault: v, Store: sys.Store, Pack: sys.Pack, Now: sys.Now, Random: sys.Random,
		Wake: func(context.Context, record.ExportID) error { wake(p.wakeBuild); return nil }}
	return consoleapi.Deps{Vault: v, Engine: sys.Engine, Pack: sys.Pack, Store: sys.Store, Log: sys.Log,
		Prover: audit.Prover{Store: sys.Store, Objects: sys.Objects}, Register: staff.Register{Store: sys.Store, Logins: staff.NewLogins()}, Desk: desk,
		Opener: a.opener(), Cursors: cursors, Now: sys.Now, Random: sys.Random}
}

func (a *assembly) opener() consoleapi.Opener {
	sys := a.systems[grants.OpenRestricted]
	v := a.vault(grants.OpenRestricted, func(sys *ruled.System, c *vault.Config) {
		c.RootWrap, c.RootOpen = seal.Root{Keys: sys.Keys}, seal.Root{Keys: sys.Keys}
	})
	return restricted.Deps{Verifier: a.server.Verifier, Register: staff.Register{Store: sys.Store}, Store: sys.Store, Vault: v, Log: sys.Log, Now: sys.Now}
}

func (a *assembly) approve() approveapi.Deps {
	sys := a.systems[grants.Approve]
	v := a.vault(grants.Approve, func(*ruled.System, *vault.Config) {})
	return approveapi.Deps{Vault: v, Store: sys.Store, Log: sys.Log, Register: staff.Register{Store: sys.Store}, Pack: sys.Pack, Now: sys.Now, Random: sys.Random}
}

func (a *assembly) release() releaseapi.Deps {
	sys := a.systems[grants.ReleaseArchive]
	v := a.vault(grants.ReleaseArchive, func(*ruled.System, *vault.Config) {})
	return releaseapi.Deps{Clerk: &exports.Clerk{Vault: v, Store: sys.Store, Keys: sys.Keys, Objects: sys.Objects, Now: sys.Now}, Log: sys.Log,
		Register: staff.Register{Store: sys.Store}}
}

func (a *assembly) builder() *exports.Builder {
	sys := a.systems[grants.BuildExport]
	v := a.vault(grants.BuildExport, func(sys *ruled.System, c *vault.Config) { c.Ring = sys.Ring(store.Keys, nil) })
	return &exports.Builder{Deployment: sys.Deployment, Vault: v, Store: sys.Store, Keys: sys.Keys, Objects: sys.Objects,
		Register: staff.Register{Store: sys.Store}, Pack: sys.Pack, Now: sys.Now, Random: sys.Random, Lease: 15 * time.Minute}
}

func (a *assembly) purge() (*retention.Purge, retention.Heartbeat) {
	sys := a.systems[grants.PurgeExpired]
	beat := retention.Heartbeat{Store: sys.Store, Leap: 45 * 24 * time.Hour, Offset: a.server.Clock.Offset}
	return &retention.Purge{Store: sys.Store, Log: sys.Log, Pack: sys.Pack, Clock: beat, Rewriter: a.server.Store,
		Archives: archives{sys.Objects}, Now: sys.Now, Since: a.server.since(), Workers: 16, Together: true, Margin: 10 * time.Second}, beat
}

// since is the day before the installation's first record can fall due.
func (s *Server) since() time.Time {
	created := s.Keys.Created()
	if seed := SeedDate(); s.Keys.Demonstration() && seed.Before(created) {
		created = seed
	}
	return created
}

func (a *assembly) sealer() *audit.Sealer {
	sys := a.systems[grants.SealAudit]
	return &audit.Sealer{Store: sys.Store, Objects: sys.Objects, Keys: sys.Keys, Deployment: sys.Deployment, Function: string(grants.SealAudit),
		Now: sys.Now, IdleAfter: 24 * time.Hour}
}

// archives removes ciphertexts of void archives.
type archives struct{ objects objects.Objects }

// Remove deletes an archive's object.
func (a archives) Remove(ctx context.Context, path string) error {
	return a.objects.Delete(ctx, objects.Name{Bucket: objects.Archives, Path: path})
}
