// Package fsck derives every row of a deployment from the others and names what does not fit. It opens no section, needs no key and
// changes nothing. It is meant for a store that nobody writes to: on a busy one it looks twice before it reports, but an act that is
// under way can still be taken for a fault. docs/fsck.md says what each code means and what to do.
package fsck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kexin/shared/audit"
	"kexin/shared/objects"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Code names a broken invariant. Codes are stable.
type Code string

// The codes.
const (
	HeadFormat     Code = "head-format"     // a head does not decode, or its attributes contradict it
	HeadState      Code = "head-state"      // a head is in a state that does not exist
	HeadDeadline   Code = "head-deadline"   // a head's deadline is not the latest of its sections
	HeadDue        Code = "head-due"        // a head's due moment does not follow from the deadlines of its sections
	HeadSections   Code = "head-sections"   // a head's sections are out of order, twice, of another level than the pack's, or without a key
	SectionMissing Code = "section-missing" // a version of a section that its head counts is not there
	SectionHash    Code = "section-hash"    // the current version of a section is not the one that its head names
	SectionTable   Code = "section-table"   // a section lies in the table of another level
	SectionStray   Code = "section-stray"   // a row of a section, version or note that its head does not know
	BodyOrphan     Code = "body-orphan"     // a row of a customer without a head, and no residue that would remove it
	BodyFormat     Code = "body-format"     // a row of a customer with a key that means nothing
	CardMissing    Code = "card-missing"    // a head without a card
	CardHash       Code = "card-hash"       // a card that is not the one that its head names
	CardParts      Code = "card-parts"      // parts of a card that do not fit the sections of its head
	CardOwner      Code = "card-owner"      // a card that is listed under another department or owner than its head's
	ConsentLedger  Code = "consent-ledger"  // the entries of a consent ledger are not those that its head counts
	IndexMissing   Code = "index-missing"   // an index row that a head owns is not there, or is somebody else's
	IndexStray     Code = "index-stray"     // an index row that no head owns
	DueMissing     Code = "due-missing"     // no due row where a head's lies
	DueStray       Code = "due-stray"       // a due row without a head, or not where its head's lies
	DueHeld        Code = "due-held"        // a due row put aside although there is no hold, or beside one that was not
	DueFormat      Code = "due-format"      // a due row that does not decode
	ResidueHead    Code = "residue-head"    // a residue row of a customer who still has a head
	PendingMissing Code = "pending-missing" // a pending head without the row that asks staff
	PendingStray   Code = "pending-stray"   // a row that asks staff about a record that does not wait
	ExportFormat   Code = "export-format"   // an export that does not decode, or is in a state that does not exist
	ArchiveKey     Code = "archive-key"     // a ready archive without its key, or a key of an archive that is not ready
	ArchiveObject  Code = "archive-object"  // a ready archive without its object, or with one of another size or digest
	RosterStray    Code = "roster-stray"    // a roster row of an export that does not exist
	StaffFormat    Code = "staff-format"    // an entry of the staff register that does not decode
	StaffSubject   Code = "staff-subject"   // a member of staff and the row of the login do not name each other
	ApprovalStray  Code = "approval-stray"  // an answer to no request, to another one, or to the answerer's own
	Submission     Code = "submission"      // a submission whose state and envelope do not fit, or that does not decode
	Intake         Code = "intake"          // an intake key that does not decode or lies under another id
	Manifest       Code = "manifest"        // the manifest does not decode, or names a branch whose private half is missing
	RowUnknown     Code = "row-unknown"     // a row in a table of customers' data that nothing writes
	HistoryBroken  Code = "history-broken"  // a head that is not the one of its latest audit entry: rolled back or replaced
	HistoryLost    Code = "history-lost"    // a customer whom the audit log never saw destroyed, without a head
	HistoryRevived Code = "history-revived" // a head of a customer whom the audit log saw destroyed
	AuditLog       Code = "audit-log"       // the audit log's own check found something
)

// Finding is one broken invariant. Where holds keys of rows, which name nobody.
type Finding struct {
	Code   Code   `json:"code"`
	Where  string `json:"where"`
	Detail string `json:"detail,omitempty"` // names and numbers, never values
}

// String returns code, place and detail in one line.
func (f Finding) String() string {
	return strings.TrimSpace(string(f.Code) + " " + f.Where + " " + f.Detail)
}

// Report is what a check saw.
type Report struct {
	Customers   int       `json:"customers"`
	Pending     int       `json:"pending"`
	Sections    int       `json:"sections"`
	Exports     int       `json:"exports"`
	Submissions int       `json:"submissions"`
	Residues    int       `json:"residues"` // destructions under way: the next purge finishes them
	Rows        int       `json:"rows"`
	Findings    []Finding `json:"findings"`
	Truncated   bool      `json:"truncated,omitempty"` // there are more findings than MaxFindings
}

// Clean reports whether nothing was found.
func (r Report) Clean() bool { return len(r.Findings) == 0 }

// MaxFindings bounds the findings of a report.
const MaxFindings = 10000

// Config is what a check looks at. Objects, Audit and Progress may be nil: what needs them is then not checked.
type Config struct {
	Store    store.Store
	Scanner  store.Scanner
	Pack     *policy.Pack
	Objects  objects.Objects                                    // bucket archives
	Audit    func(ctx context.Context) ([]audit.Finding, error) // audit.Sealer.Check
	Now      func() time.Time
	Progress func(Progress)
}

// Progress says how far a check has come.
type Progress struct {
	Step string // what is being looked at
	Rows int    // so far, of all steps
}

// ErrConfig reports a Config without one of its required members.
var ErrConfig = errors.New("fsck needs a store, a scanner, a pack and a clock")

// check is one check under way.
type check struct {
	Config
	report  Report
	now     int64
	history map[record.CustomerID]*history
	heads   map[record.CustomerID]bool         // customers with a head
	residue map[record.CustomerID]rows.DueBody // destructions under way
}

// Check looks at everything and returns what it found. The error is for what could not be read; findings are no error.
func Check(ctx context.Context, c Config) (Report, error) {
	if c.Store == nil || c.Scanner == nil || c.Pack == nil || c.Now == nil {
		return Report{}, ErrConfig
	}
	k := &check{Config: c, now: c.Now().Unix(), history: map[record.CustomerID]*history{}, heads: map[record.CustomerID]bool{},
		residue: map[record.CustomerID]rows.DueBody{}}
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"audit entries", k.entries}, {"work", k.workTable}, {"keys", k.keysTable}, {"histories", k.lost},
		{"records", k.recordsTable}, {"restricted", k.restrictedTable}, {"inbox", k.inboxTable}, {"audit log", k.auditLog},
	}
	for _, step := range steps {
		k.tell(step.name)
		if err := step.run(ctx); err != nil {
			return k.report, fmt.Errorf("check %s: %w", step.name, err)
		}
	}
	slices.SortFunc(k.report.Findings, func(a, b Finding) int { return strings.Compare(a.String(), b.String()) })
	k.report.Findings = slices.Compact(k.report.Findings)
	return k.report, nil
}

func (k *check) tell(step string) {
	if k.Progress != nil {
		k.Progress(Progress{step, k.report.Rows})
	}
}

func (k *check) found(code Code, where store.Key, detail string) {
	if len(k.report.Findings) >= MaxFindings {
		k.report.Truncated = true
		return
	}
	k.report.Findings = append(k.report.Findings, Finding{code, where.String(), detail})
}

// scan visits every item of a table.
func (k *check) scan(ctx context.Context, table store.Table, visit func(store.Item) error) error {
	for cursor := ""; ; {
		page, err := k.Scanner.Scan(ctx, table, 0, 1, cursor)
		if err != nil {
			return fmt.Errorf("scan %s: %w", table, err)
		}
		for _, item := range page.Items {
			k.report.Rows++
			if err := visit(item); err != nil {
				return err
			}
		}
		k.tell(string(table))
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// get returns the item at key, nil when there is none.
func (k *check) get(ctx context.Context, key store.Key) (*store.Item, error) {
	item, err := k.Store.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %v: %w", key, err)
	}
	return &item, nil
}

// still reports whether the item is there as it was: what has changed since the scan is an act under way, not a fault.
func (k *check) still(ctx context.Context, item store.Item) (bool, error) {
	now, err := k.get(ctx, item.Key)
	return now != nil && string(now.Body) == string(item.Body), err
}

// stray reports an item unless it has changed meanwhile.
func (k *check) stray(ctx context.Context, code Code, item store.Item, detail string) error {
	there, err := k.still(ctx, item)
	if there {
		k.found(code, item.Key, detail)
	}
	return err
}

func (k *check) auditLog(ctx context.Context) error {
	if k.Audit == nil {
		return nil
	}
	findings, err := k.Audit(ctx)
	for _, f := range findings {
		k.report.Findings = append(k.report.Findings, Finding{AuditLog, f.Where, f.Name})
	}
	return err
}
