// Package entry is the format of audit entries: what one says, its bytes, its hash, and the rule that nothing personal fits into it.
// Every member is an identifier, a name or code of the pack, a digest, a count or a moment, and is checked against the narrow class of
// its kind before it is encoded; there is no member for free text. The package does no I/O.
//
// An entry is one JSON object without white space, members in the order of the struct, so that the same entry has the same bytes
// everywhere: a stranger reads it with jq and checks the chain with sha256sum. docs/formats-evidence.md draws it.
package entry

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"kexin/shared/record"
)

// Version is the format version that Encode writes and Parse accepts.
const Version = 1

// MaxBytes is the longest encoding of an entry: bundles of the sealed log count its bytes in 16 bits.
const MaxBytes = 65535

// MaxList is the most customers that one entry names; exports are audited by parts of at most so many.
const MaxList = 1000

// Sentinels of the format.
var (
	// ErrMalformed: the entry, or the text of a reference, is not what the format allows.
	ErrMalformed = errors.New("malformed audit entry")
	// ErrVersion: the format version is unknown.
	ErrVersion = errors.New("unknown version of audit entry")
)

// Verdict says what an entry records.
type Verdict string

// The verdicts.
const (
	Allow      Verdict = "allow"      // the act was allowed, and happened unless an outcome entry says otherwise
	Deny       Verdict = "deny"       // the act was refused
	Outcome    Verdict = "outcome"    // how the act of Entry.Of ended
	Terminator Verdict = "terminator" // the lane ends here: no later entry of it can exist
)

// ActorKind says what kind of actor acted.
type ActorKind string

// The kinds of actors, with what their id is.
const (
	Staff    ActorKind = "staff"    // record.StaffID
	Customer ActorKind = "customer" // record.CustomerID
	System   ActorKind = "system"   // name of the function
	Public   ActorKind = "public"   // none, or record.SubmissionID
)

// Actor is who acted. Role and department are those of the staff register at that moment.
type Actor struct {
	Kind       ActorKind         `json:"kind"`
	ID         string            `json:"id,omitempty"`
	Role       record.Role       `json:"role,omitempty"`
	Department record.Department `json:"department,omitempty"`
}

// Reason is one policy that decided, with where it is written. File and Line lead an auditor to it.
type Reason struct {
	Policy string `json:"policy"`
	File   string `json:"file"`
	Line   int    `json:"line"`
}

// Head holds the digests of a customer's head before and after a write; zero where there was or is none.
type Head struct {
	Before Digest `json:"before,omitzero"`
	After  Digest `json:"after,omitzero"`
}

// Entry is one entry. The members from V to Time are set by audit.Log; whatever a caller puts there is overwritten.
type Entry struct {
	V          int                 `json:"v"`
	Deployment record.DeploymentID `json:"deployment"`
	Writer     record.WriterID     `json:"writer"`
	Lane       uint32              `json:"lane"`
	Seq        uint64              `json:"seq"`
	Prev       Digest              `json:"prev"` // SHA-256 of the entry before in the lane; zeros at its start
	Time       time.Time           `json:"time"` // UTC

	Actor    Actor              `json:"actor"`
	Action   string             `json:"action"` // of package decision, or a code of a function
	Verdict  Verdict            `json:"verdict"`
	Code     string             `json:"code,omitempty"`   // short stable code: of the decision, or of how it ended
	Reason   string             `json:"reason,omitempty"` // reason code that the actor chose from the pack's list
	Reasons  []Reason           `json:"reasons,omitempty"`
	Purpose  record.PurposeID   `json:"purpose,omitempty"`
	Purposes []record.PurposeID `json:"purposes,omitempty"` // where an act serves several, sorted

	Customer  record.CustomerID   `json:"customer,omitempty"`
	Customers []record.CustomerID `json:"customers,omitempty"` // parts of exports and lists, sorted, at most MaxList
	Fields    []record.FieldName  `json:"fields,omitempty"`    // sorted
	Sections  []record.SectionID  `json:"sections,omitempty"`  // sorted
	Pack      record.PackVersion  `json:"pack,omitempty"`

	Approval   record.ApprovalID   `json:"approval,omitempty"`
	Export     record.ExportID     `json:"export,omitempty"`
	Reveal     record.RevealID     `json:"reveal,omitempty"`
	Submission record.SubmissionID `json:"submission,omitempty"`
	Object     string              `json:"object,omitempty"` // any other typed identifier: a case, a staff member, a register row

	Head    Head           `json:"head,omitzero"`
	Note    Digest         `json:"note,omitzero"` // SHA-256 of the ciphertext of the sealed note (typed reason, device, address)
	Channel record.Channel `json:"channel,omitempty"`
	Request string         `json:"request,omitempty"` // request id: see RequestID
	Facts   Facts          `json:"facts,omitempty"`
	Of      *Position      `json:"of,omitempty"` // the entry whose outcome this is
}

// Encode validates e and returns its bytes. They are the only encoding of e: Parse refuses any other.
func (e *Entry) Encode() ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	data := e.appendTo(make([]byte, 0, roomOfEntry))
	if len(data) > MaxBytes {
		return nil, malformed("length")
	}
	return data, nil
}

// Parse returns the entry that data encodes. ErrVersion or ErrMalformed: data is not exactly what Encode writes.
func Parse(data []byte) (Entry, error) {
	var e Entry
	if len(data) > MaxBytes {
		return Entry{}, malformed("length")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return Entry{}, malformed("encoding")
	}
	if e.V != Version {
		return Entry{}, ErrVersion
	}
	again, err := e.Encode()
	if err != nil {
		return Entry{}, err
	}
	if !bytes.Equal(again, data) {
		return Entry{}, malformed("canonical form")
	}
	return e, nil
}

// Position returns where e is.
func (e *Entry) Position() Position { return Position{Writer: e.Writer, Lane: e.Lane, Seq: e.Seq} }

// Hash returns the SHA-256 of the bytes of an entry, which is what the next entry of the lane names as Prev.
func Hash(data []byte) Digest { return sha256.Sum256(data) }

func malformed(member string) error { return fmt.Errorf("%w: %s", ErrMalformed, member) }

// Action and code of the outcome entry that a certificate of destruction is made of.
const (
	ActionDestroy = "destroy"
	CodeDestroyed = "destroyed"
)
