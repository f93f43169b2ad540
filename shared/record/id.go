package record

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Typed identifiers. Each is a prefix and 128 random bits in lower-case base32, so nothing in an identifier tells a time or a person,
// and one kind can never be passed where another is meant.
type (
	// DeploymentID names one installation ("dep_…"); every ciphertext is bound to it.
	DeploymentID string
	// CustomerID names a customer ("cus_…"). After destruction nothing leads from it to a person.
	CustomerID string
	// SubmissionID names one submission of a form ("sub_…").
	SubmissionID string
	// IntakeID names an intake key ("int_…").
	IntakeID string
	// ExportID names an export and its archive ("exp_…").
	ExportID string
	// ApprovalID names an approval or the request for one ("apr_…").
	ApprovalID string
	// StaffID names a member of staff ("stf_…"); the staff register leads from it to a person.
	StaffID string
	// WriterID names a process that writes audit lanes ("wri_…").
	WriterID string
	// RevealID names one granted reveal ("rev_…").
	RevealID string
)

// Prefixes of the identifier kinds.
const (
	PrefixDeployment = "dep_"
	PrefixCustomer   = "cus_"
	PrefixSubmission = "sub_"
	PrefixIntake     = "int_"
	PrefixExport     = "exp_"
	PrefixApproval   = "apr_"
	PrefixStaff      = "stf_"
	PrefixWriter     = "wri_"
	PrefixReveal     = "rev_"
)

// ErrID reports a string that is not an identifier of the kind asked for.
var ErrID = errors.New("malformed identifier")

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const idLength = 26 // 16 bytes in base32

// NewID draws 128 bits from random and returns them as an identifier with prefix. It fails only when random fails.
func NewID(random io.Reader, prefix string) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("draw identifier: %w", err)
	}
	return IDFromBytes(prefix, raw), nil
}

// IDFromBytes returns the identifier of 16 bytes that are already random, such as a keyed hash of an idempotency key.
func IDFromBytes(prefix string, raw [16]byte) string {
	return prefix + idEncoding.EncodeToString(raw[:])
}

// CheckID returns ErrID unless id is prefix followed by 26 canonical base32 characters.
func CheckID(prefix, id string) error {
	body, ok := strings.CutPrefix(id, prefix)
	if !ok || len(body) != idLength {
		return ErrID
	}
	var digit byte
	for i := range len(body) {
		switch c := body[i]; {
		case c >= 'a' && c <= 'z':
			digit = c - 'a'
		case c >= '2' && c <= '7':
			digit = c - '2' + 26
		default:
			return ErrID
		}
	}
	if digit&3 != 0 { // 26 digits hold 130 bits; the last two are zero
		return ErrID
	}
	return nil
}

// ParseCustomerID returns id as a CustomerID, or ErrID.
func ParseCustomerID(id string) (CustomerID, error) {
	return CustomerID(id), CheckID(PrefixCustomer, id)
}

// ParseExportID returns id as an ExportID, or ErrID.
func ParseExportID(id string) (ExportID, error) { return ExportID(id), CheckID(PrefixExport, id) }

// ParseApprovalID returns id as an ApprovalID, or ErrID.
func ParseApprovalID(id string) (ApprovalID, error) {
	return ApprovalID(id), CheckID(PrefixApproval, id)
}

// ParseStaffID returns id as a StaffID, or ErrID.
func ParseStaffID(id string) (StaffID, error) { return StaffID(id), CheckID(PrefixStaff, id) }

// ParseSubmissionID returns id as a SubmissionID, or ErrID.
func ParseSubmissionID(id string) (SubmissionID, error) {
	return SubmissionID(id), CheckID(PrefixSubmission, id)
}
