// Package vault is the one door to customers' data: no other package opens or writes a section. Every exported method does the same
// four things in this order: decide, write the audit entry with its verdict, act, record the outcome where it differs. If the decision
// denies, the refusal is recorded and nothing happens; if the entry cannot be written, nothing happens either. Writes commit record,
// head, indexes, consent and entry in one transaction; reads return nothing before their entry is durable.
//
// A Vault is as strong as what its function was given: without a Ring it opens nothing, without a Writer it seals nothing, and its
// Store and root keys are limited to the function's grants.
package vault

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// Sentinels of the package.
var (
	// ErrNotFound: there is no such customer, or none that this actor may know of.
	ErrNotFound = errors.New("customer not found")
	// ErrDenied: the decision was no; see Denied.
	ErrDenied = errors.New("denied")
	// ErrExpired: every purpose of what was asked for has ended. The data is refused although the purge has not got to it.
	ErrExpired = errors.New("retention has ended")
	// ErrStale: the record has changed since the version that the caller saw.
	ErrStale = errors.New("record has changed")
	// ErrTaken: a unique identifier belongs to another customer.
	ErrTaken = errors.New("identifier is already known")
	// ErrConflict: another act on the same rows was faster; trying again may succeed.
	ErrConflict = errors.New("conflicting act")
	// ErrMismatch: stored ciphertext is not the one that the head names: replayed, swapped or damaged.
	ErrMismatch = errors.New("stored section does not match its head")
	// ErrInput: the request names what this pack or record does not have; see Problem.
	ErrInput = errors.New("request refused")
	// ErrHeld: a legal hold forbids it.
	ErrHeld = errors.New("legal hold")
	// ErrIncapable: this function was not given what the act needs.
	ErrIncapable = errors.New("function has no such capability")
	// ErrReplayed: the idempotency key was used with another request.
	ErrReplayed = errors.New("idempotency key reused with another request")
)

// Denied is a refusal with its verdict. It wraps ErrDenied.
type Denied struct {
	Verdict decision.Verdict
	Action  decision.Action
}

// Error names the code of the verdict.
func (d *Denied) Error() string { return "denied: " + string(d.Action) + ": " + d.Verdict.Code }

// Unwrap returns ErrDenied.
func (d *Denied) Unwrap() error { return ErrDenied }

// Problem is an input refused by name. It wraps ErrInput.
type Problem struct {
	Field string // path of the member
	Code  string
}

// Error names field and code.
func (p *Problem) Error() string { return "request refused: " + p.Field + ": " + p.Code }

// Unwrap returns ErrInput.
func (p *Problem) Unwrap() error { return ErrInput }

// Actor is who asks, with the id of the request for the audit log.
type Actor struct {
	decision.Actor
	Request string
}

// Indexer computes the rows by which customers are found: identifiers and search tokens, as kind#mac.
type Indexer interface {
	// Identifier returns the row name of a unique identifier of kind.
	Identifier(kind string, value record.Value) string
	// Tokens returns the row names of a field's search tokens.
	Tokens(field record.FieldName, kinds []string, value record.Value) []string
	// Query returns the row names that a search text in one kind of index of a field leads to; a match has all of them.
	Query(field record.FieldName, kind, text string) []string
	// MAC returns a keyed hash of data for label, for idempotency.
	MAC(label string, data []byte) [16]byte
}

// Checker checks the plain text of an envelope again, as submit-form did, and returns it in canonical form. What it refuses was put
// into the inbox by somebody else than submit-form.
type Checker func(plain []byte, received time.Time) (*record.Filled, error)

// Config is what a Vault is put together from. Writer, Ring, RootWrap, RootOpen, Index and Check may be nil: what needs them fails with
// ErrIncapable.
type Config struct {
	Deployment record.DeploymentID
	Function   string
	Pack       *policy.Pack
	Engine     *decision.Engine
	Store      store.Store
	Log        *audit.Log
	Writer     *seal.Writer
	Ring       *seal.Ring
	RootWrap   seal.KeyWrapper
	RootOpen   seal.KeyUnwrapper
	Index      Indexer
	Check      Checker
	Now        func() time.Time
	Random     io.Reader
}

// Vault is the door. It is safe for concurrent use.
type Vault struct {
	Config
	triggers []string // events that start retention periods of the pack, all of which an entry is
	reads    quota
}

// New returns a Vault, or an error naming the part that is missing: without a log, a store or a policy there is no vault.
func New(c Config) (*Vault, error) {
	switch {
	case c.Log == nil:
		return nil, fmt.Errorf("open vault: %w: audit log", ErrIncapable)
	case c.Store == nil:
		return nil, fmt.Errorf("open vault: %w: store", ErrIncapable)
	case c.Pack == nil || c.Engine == nil:
		return nil, fmt.Errorf("open vault: %w: policy", ErrIncapable)
	case c.Now == nil || c.Random == nil:
		return nil, fmt.Errorf("open vault: %w: clock or randomness", ErrIncapable)
	case c.Deployment == "":
		return nil, fmt.Errorf("open vault: %w: deployment", ErrIncapable)
	}
	return &Vault{Config: c, triggers: triggersOf(c.Pack)}, nil
}

func triggersOf(pack *policy.Pack) []string {
	var triggers []string
	for _, purpose := range pack.Purposes {
		triggers = append(triggers, purpose.Retention.Trigger)
		if purpose.Minimum != nil {
			triggers = append(triggers, purpose.Minimum.Trigger)
		}
	}
	slices.Sort(triggers)
	return slices.Compact(triggers)
}

// customer is a head as it was read, with what guards a write against it.
type customer struct {
	id     record.CustomerID
	head   *rows.Head
	digest [32]byte
}

// load reads a head strongly.
func (v *Vault) load(ctx context.Context, id record.CustomerID) (*customer, error) {
	item, err := v.Store.Get(ctx, rows.HeadKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	return decodeCustomer(id, item)
}

func decodeCustomer(id record.CustomerID, item store.Item) (*customer, error) {
	head, err := rows.DecodeHead(item)
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	return &customer{id, head, sha256.Sum256(item.Body)}, nil
}

// purposeEnd returns when a purpose ends for a customer, in Unix seconds; zero when it never began or its consent is withdrawn.
func (v *Vault) purposeEnd(head *rows.Head, id record.PurposeID) int64 {
	purpose := v.Pack.Purposes[id]
	if purpose == nil {
		return 0
	}
	if purpose.Basis == policy.BasisConsent && !head.Consents[id].Live() {
		return 0
	}
	trigger, ok := head.Triggers[purpose.Retention.Trigger]
	if !ok {
		trigger = head.Created
	}
	return purpose.Retention.Period.After(rows.At(trigger)).Unix()
}

// sectionDeadline returns when a section dies: with the latest of its purposes, and not before a statutory minimum has passed that any of
// them brought, withdrawn or not (PIPL 47). Until then what has ended is kept and not used.
func (v *Vault) sectionDeadline(head *rows.Head, section *policy.Section) int64 {
	return max(v.sectionEnd(head, section), v.keptUntil(head, section))
}

// keptUntil returns the latest statutory minimum of the purposes that a section was stored for, zero when there is none.
func (v *Vault) keptUntil(head *rows.Head, section *policy.Section) int64 {
	var latest int64
	for _, id := range section.Purposes {
		purpose := v.Pack.Purposes[id]
		if purpose == nil || purpose.Minimum == nil || purpose.Basis == policy.BasisConsent && head.Consents[id].Given == 0 {
			continue
		}
		trigger, ok := head.Triggers[purpose.Minimum.Trigger]
		if !ok {
			trigger = head.Created
		}
		latest = max(latest, purpose.Minimum.Period.After(rows.At(trigger)).Unix())
	}
	return latest
}

// over reports whether a section may not be used any more, although it may still be stored: every purpose of it has ended, or the end of
// the customer was asked for.
func (v *Vault) over(head *rows.Head, state *rows.SectionState) bool {
	now := v.Now().Unix()
	section := v.Pack.Section(state.ID)
	return head.EndedBy != "" || state.Deadline <= now || section != nil && v.sectionEnd(head, section) <= now
}

// allOver reports whether no section of a customer may be used any more.
func (v *Vault) allOver(head *rows.Head) bool {
	for i := range head.Sections {
		if !v.over(head, &head.Sections[i]) {
			return false
		}
	}
	return true
}

// sectionEnd returns the latest end of a section's purposes, zero when none lives: design §3.
func (v *Vault) sectionEnd(head *rows.Head, section *policy.Section) int64 {
	if section.Consent != "" && !head.Separate[section.Consent].Live() {
		return 0
	}
	var latest int64
	for _, purpose := range section.Purposes {
		latest = max(latest, v.purposeEnd(head, purpose))
	}
	return latest
}

// resource describes a customer, and a section of it when there is one, to the decision.
func (v *Vault) resource(c *customer, section *policy.Section, purpose record.PurposeID) decision.Resource {
	r := decision.Resource{Customer: c.id, Owner: c.head.Owner, Department: c.head.Department, Kind: c.head.Kind, State: c.head.State,
		Consented: v.purposeEnd(c.head, purpose) > v.Now().Unix()}
	if section == nil {
		return r
	}
	r.Section = &decision.Section{ID: section.ID, Level: section.Level, Category: section.Category, Purposes: section.Purposes,
		Sensitive: section.Consent != ""}
	if section.Consent != "" && !c.head.Separate[section.Consent].Live() {
		r.Consented = false
	}
	return r
}

// entry starts an audit entry for a staff actor.
func (v *Vault) entry(actor Actor, action decision.Action, verdict decision.Verdict) audit.Entry {
	e := audit.Entry{Action: string(action), Verdict: audit.Allow, Code: verdict.Code, Reasons: verdict.Reasons, Pack: v.Pack.Version,
		Request: actor.Request, Actor: audit.Actor{Kind: audit.Staff, ID: string(actor.Staff), Role: actor.Role, Department: actor.Department}}
	if actor.Role == decision.RoleCustomer {
		e.Actor.Kind = audit.Customer
	}
	if !verdict.Allow {
		e.Verdict = audit.Deny
	}
	return e
}

// system starts an audit entry for the function itself.
func (v *Vault) system(action string) audit.Entry {
	return audit.Entry{Action: action, Verdict: audit.Allow, Pack: v.Pack.Version, Actor: audit.Actor{Kind: audit.System, ID: v.Function}}
}

// refuse records a refusal and returns it as an error. A refusal that cannot be recorded is an error of its own: it is still no.
func (v *Vault) refuse(ctx context.Context, e audit.Entry, action decision.Action, verdict decision.Verdict) error {
	e.Verdict = audit.Deny
	if _, err := v.Log.Record(ctx, e); err != nil {
		return fmt.Errorf("record refusal: %w", err)
	}
	return &Denied{verdict, action}
}

// decide asks for one decision about a customer and a section and records a refusal. The entry that it returns is for the caller to
// complete and to write before it acts.
func (v *Vault) decide(ctx context.Context, actor Actor, req decision.Request) (decision.Verdict, audit.Entry, error) {
	req.Actor, req.Now = actor.Actor, v.Now()
	verdict := v.Engine.Decide(req)
	e := v.entry(actor, req.Action, verdict)
	e.Purpose, e.Customer, e.Reason = v.known(req.Purpose), req.Resource.Customer, v.knownReason(req.Reason)
	if req.Resource.Section != nil {
		e.Sections = []record.SectionID{req.Resource.Section.ID}
	}
	if !verdict.Allow {
		return verdict, e, v.refuse(ctx, e, req.Action, verdict)
	}
	return verdict, e, nil
}

// known returns purpose when the pack has it, else "": an entry holds nothing that a caller made up.
func (v *Vault) known(purpose record.PurposeID) record.PurposeID {
	if v.Pack.Purposes[purpose] == nil {
		return ""
	}
	return purpose
}

// knownReason is known for the codes of reasons.
func (v *Vault) knownReason(reason string) string {
	if _, ok := v.Pack.Reasons[reason]; !ok {
		return ""
	}
	return reason
}

// act commits a transaction with its entry and turns a failed condition of the head into ErrStale. Operation 0 must be the head's.
func (v *Vault) act(ctx context.Context, e audit.Entry, ops []store.Op) (audit.Ref, error) {
	ref, err := v.Log.Act(ctx, e, ops...)
	if store.FailedOp(err, 0) {
		return ref, ErrStale
	}
	if errors.Is(err, store.ErrCondition) || errors.Is(err, store.ErrConflict) {
		return ref, fmt.Errorf("%w: %w", ErrConflict, err)
	}
	if errors.Is(err, audit.ErrTooManyOps) {
		return ref, &Problem{"fields", "too_many_at_once"}
	}
	return ref, err
}

// Allow asks for a decision about an act that is not on a customer's sections and records a refusal. The caller commits the act with
// RecordAct.
func (v *Vault) Allow(ctx context.Context, actor Actor, action decision.Action, resource decision.Resource, complete func(*decision.Request)) error {
	req := decision.Request{Action: action, Resource: resource}
	complete(&req)
	_, _, err := v.decide(ctx, actor, req)
	return err
}

// RecordRefusal records that an act was refused for a reason that no policy decides, such as asking for somebody else's archive.
func (v *Vault) RecordRefusal(ctx context.Context, actor Actor, action decision.Action, code string, export record.ExportID) error {
	e := v.entry(actor, action, decision.Verdict{Code: code})
	e.Export = export
	_, err := v.Log.Record(ctx, e)
	return err
}
