package vaulttest

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/collect"
	"kexin/shared/evidence"
	"kexin/shared/fsck"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Capability is something that a process may be given.
type Capability uint

// The capabilities of a process.
const (
	Seals      Capability = 1 << iota // a Writer for L1 and L2
	Opens                             // a Ring for L1 and L2
	SealsL3                           // root key for L3, to wrap
	OpensL3                           // root key for L3, to unwrap
	Searches                          // the index key
	Accepts                           // the check of envelopes
	Public                            // intake keys go into table inbox: the public form
	Everything = Seals | Opens | SealsL3 | OpensL3 | Searches | Accepts
)

// Process is one process of the deployment.
type Process struct {
	Kit    *Kit
	Name   string
	Store  store.Store
	Keys   keys.Keys
	Log    *audit.Log
	Writer *seal.Writer
	Ring   *seal.Ring
	Vault  *vault.Vault
}

// Process starts a process of a function with capabilities.
func (k *Kit) Process(function string, may Capability) *Process {
	k.T.Helper()
	return k.ProcessOn(k.Store, k.Keys, function, may)
}

// Granted starts a process that can do no more than the grants of its function, as on AWS.
func (k *Kit) Granted(function grants.Function, may Capability) *Process {
	k.T.Helper()
	set := grants.Of(function)
	return k.ProcessOn(store.Restrict(k.Store, set.Store...), keys.Restrict(k.Keys, set.Keys), string(function), may)
}

// ProcessOn starts a process that sees the deployment through s and root, such as restrictions of k.Store and k.Keys.
func (k *Kit) ProcessOn(s store.Store, root keys.Keys, function string, may Capability) *Process {
	k.T.Helper()
	p := &Process{Kit: k, Name: function, Store: s, Keys: root, Log: k.log(s, function)}
	c := vault.Config{Deployment: k.Deployment, Function: function, Pack: k.Pack, Engine: k.Engine, Store: s, Log: p.Log, Now: k.Clock.Now, Random: k.Random}
	if may&(Seals|Public) != 0 {
		p.Writer = seal.NewWriter(k.Deployment, function, p.publics, p.putIntake(may), k.Clock.Now, k.Random)
		c.Writer = p.Writer
	}
	if may&Opens != 0 {
		p.Ring = seal.NewRing(k.Deployment, root, p.source(may), p.Writer, k.Clock.Now)
		c.Ring = p.Ring
	}
	if may&SealsL3 != 0 {
		c.RootWrap = seal.Root{Keys: root}
	}
	if may&OpensL3 != 0 {
		c.RootOpen = seal.Root{Keys: root}
	}
	if may&Searches != 0 {
		c.Index = k.Index
	}
	if may&Accepts != 0 {
		c.Check = collect.Recheck(k.Pack)
	}
	v, err := vault.New(c)
	k.must(err)
	p.Vault = v
	return p
}

// Vault starts a process and returns its vault.
func (k *Kit) Vault(function string, may Capability) *vault.Vault {
	return k.Process(function, may).Vault
}

// publics returns the public halves of the stored manifest.
func (p *Process) publics(ctx context.Context, branch seal.Branch) (seal.BranchPublic, error) {
	signed, err := p.Kit.Manifest(ctx)
	if err != nil {
		return seal.BranchPublic{}, err
	}
	signer, err := p.Kit.KeyFail.Public(ctx, keys.SignManifest)
	if err != nil {
		return seal.BranchPublic{}, err
	}
	m, err := seal.VerifyManifest(signed, signer, p.Kit.Deployment, p.Kit.Clock.Now())
	if err != nil {
		return seal.BranchPublic{}, err
	}
	return m.Public(branch)
}

// Manifest returns the stored manifest, unverified.
func (k *Kit) Manifest(ctx context.Context) (seal.SignedManifest, error) {
	var signed seal.SignedManifest
	item, err := k.Base.Get(ctx, rows.ManifestKey())
	if err != nil {
		return signed, err
	}
	return signed, json.Unmarshal(item.Body, &signed)
}

func (p *Process) putIntake(may Capability) seal.PutIntake {
	table := store.Keys
	if may&Public != 0 {
		table = store.Inbox
	}
	return func(ctx context.Context, row seal.IntakeRow) error {
		body, err := row.Encode()
		if err != nil {
			return err
		}
		return p.Store.Transact(ctx, "", store.PutIf(store.Item{Key: rows.Intake(table, row.ID), Body: body}, store.IfAbsent()))
	}
}

// source finds intake keys and branches in their tables.
type source struct {
	store  store.Store
	tables []store.Table
}

// source returns where a process looks for intake keys: in table inbox when it accepts, where the public form puts its own, and in table
// keys. A process with both capabilities, which only tests have, looks in both.
func (p *Process) source(may Capability) source {
	switch {
	case may&(Accepts|OpensL3) == Accepts:
		return source{p.Store, []store.Table{store.Inbox}}
	case may&Accepts != 0:
		return source{p.Store, []store.Table{store.Keys, store.Inbox}}
	}
	return source{p.Store, []store.Table{store.Keys}}
}

// IntakeRow implements seal.Source.
func (s source) IntakeRow(ctx context.Context, id record.IntakeID) (seal.IntakeRow, error) {
	lookup := make([]store.Key, len(s.tables))
	for i, table := range s.tables {
		lookup[i] = rows.Intake(table, id)
	}
	items, err := s.store.GetMany(ctx, lookup)
	if err != nil {
		return seal.IntakeRow{}, err
	}
	if len(items) == 0 {
		return seal.IntakeRow{}, store.ErrNotFound
	}
	return seal.DecodeIntakeRow(items[0].Body)
}

// BranchSecret implements seal.Source.
func (s source) BranchSecret(ctx context.Context, branch seal.Branch, epoch uint32) ([]byte, error) {
	item, err := s.store.Get(ctx, rows.BranchSecret(string(branch), epoch))
	return item.Body, err
}

// Submit puts an envelope into the inbox as the public form does, and returns its id.
func (p *Process) Submit(ctx context.Context, filled *record.Filled) (record.SubmissionID, error) {
	name, err := record.NewID(p.Kit.Random, record.PrefixSubmission)
	if err != nil {
		return "", err
	}
	return record.SubmissionID(name), p.SubmitAs(ctx, record.SubmissionID(name), filled)
}

// SubmitAs is Submit under an id that the caller has, as the public form derives it from an idempotency key: doing it again with the same
// id has one effect.
func (p *Process) SubmitAs(ctx context.Context, id record.SubmissionID, filled *record.Filled) error {
	plain, err := collect.Encode(filled)
	if err != nil {
		return err
	}
	place := seal.EnvelopePlace{Submission: id, Form: filled.Form, Schema: filled.Schema}
	envelope, err := p.Writer.SealEnvelope(ctx, place, plain)
	if err != nil {
		return err
	}
	body := rows.SubmissionBody{Form: filled.Form, Schema: filled.Schema, Received: p.Kit.Clock.Now().Unix(), Envelope: envelope}
	item, err := body.Item(id, rows.SubmissionSealed, 0)
	if err != nil {
		return err
	}
	if err = p.Store.Transact(ctx, "", store.PutIf(item, store.IfAbsent())); errors.Is(err, store.ErrCondition) {
		return nil
	}
	return err
}

// Purge returns the purge as a process of its own, limited to its grants, and with a clock that it trusts.
func (k *Kit) Purge() *retention.Purge {
	s := store.Restrict(k.Store, grants.Of(grants.PurgeExpired).Store...)
	return &retention.Purge{Store: s, Log: k.log(s, "purge-expired"), Pack: k.Pack, Clock: Trusted{}, Now: k.Clock.Now,
		Since: Start, Workers: 1, Margin: time.Second}
}

// Sealer returns seal-audit, limited to its grants of rows.
func (k *Kit) Sealer() *audit.Sealer {
	return &audit.Sealer{Store: store.Restrict(k.Store, grants.Of(grants.SealAudit).Store...), Objects: k.Objects, Keys: k.Keys, Deployment: k.Deployment, Function: "seal-audit", Now: k.Clock.Now,
		IdleAfter: time.Hour, Reserve: time.Second}
}

// Trusted is a clock check that trusts every clock.
type Trusted struct{}

// Check implements retention.ClockCheck.
func (Trusted) Check(context.Context, time.Time) error { return nil }

// Certificate returns the certificate of destruction of a customer; the log must have been sealed.
func (k *Kit) Certificate(id record.CustomerID) []byte {
	k.T.Helper()
	for cursor := ""; ; {
		traced, next, err := audit.Trace(k.T.Context(), k.Store, id, cursor)
		k.must(err)
		for _, t := range traced {
			if t.Entry.Action == "destroy" && t.Entry.Verdict == audit.Outcome {
				inclusion, err := k.Sealer().Prove(k.T.Context(), t.Ref)
				k.must(err)
				certificate, err := evidence.NewCertificate(inclusion)
				k.must(err)
				return certificate
			}
		}
		if cursor = next; next == "" {
			k.T.Fatal("no outcome of a destruction in the log")
		}
	}
}

// Fsck checks the whole deployment and returns what was found.
func (k *Kit) Fsck() fsck.Report {
	k.T.Helper()
	report, err := fsck.Check(k.T.Context(), fsck.Config{Store: k.Base, Scanner: k.Base.(store.Scanner), Pack: k.Pack, Objects: k.Objects,
		Audit: k.auditor().Check, Now: k.Clock.Now})
	k.must(err)
	return report
}

func (k *Kit) auditor() *audit.Sealer {
	s := k.Sealer()
	s.Store = k.Base
	return s
}

// Clean fails the test when fsck finds anything.
func (k *Kit) Clean() {
	k.T.Helper()
	for i, finding := range k.Fsck().Findings {
		if k.T.Errorf("fsck: %v", finding); i > 10 {
			return
		}
	}
}

// Entries returns every audit entry, in no order.
func (k *Kit) Entries() []audit.Entry {
	k.T.Helper()
	var list []audit.Entry
	for cursor := ""; ; {
		page, err := k.Base.(store.Scanner).Scan(k.T.Context(), store.Audit, 0, 1, cursor)
		k.must(err)
		for _, item := range page.Items {
			if e, err := entry.Parse(item.Body); err == nil {
				list = append(list, e)
			}
		}
		if cursor = page.Next; cursor == "" {
			return list
		}
	}
}
