// Package decision answers one question: may this actor do this to this customer's fields for this purpose? It is a pure function of a
// compiled pack and a request: default deny, any evaluation error denies, every answer carries its reasons and the obligations that
// the level of the data brings.
package decision

import (
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/policy"
	"kexin/shared/record"
)

// Action is a verb on stored data. No action implies another (USE-02).
type Action string

// The actions.
const (
	ActList        Action = "list"        // see cards: masked values of many customers
	ActSearch      Action = "search"      // find customers by an indexed value
	ActRead        Action = "read"        // open the sections of one purpose; L2 and L3 masked or absent
	ActReveal      Action = "reveal"      // see one L2 value, or one approved L3 value
	ActHistory     Action = "history"     // who, when, which fields
	ActCreate      Action = "create"      // enter a customer at the counter or on the phone
	ActUpdate      Action = "update"      // change fields
	ActMerge       Action = "merge"       // merge or refuse a pending record
	ActWithdraw    Action = "withdraw"    // record a withdrawal of consent
	ActHold        Action = "hold"        // place or lift a legal hold
	ActDestroy     Action = "destroy"     // queue a destruction before its deadline
	ActExport      Action = "export"      // request an export
	ActApprove     Action = "approve"     // approve somebody else's request
	ActRelease     Action = "release"     // receive the key of one's own archive
	ActRevoke      Action = "revoke"      // revoke an archive
	ActAuditRead   Action = "audit_read"  // read the audit log
	ActCertificate Action = "certificate" // receive a certificate of destruction
	ActStaffWrite  Action = "staff_write" // change the staff register
	ActDecide      Action = "decide"      // ask for a decision without acting
)

// Actions returns every action in a fixed order; policy.Actions holds the same words.
func Actions() []Action {
	return []Action{
		ActList, ActSearch, ActRead, ActReveal, ActHistory, ActCreate, ActUpdate, ActMerge, ActWithdraw, ActHold, ActDestroy, ActExport,
		ActApprove, ActRelease, ActRevoke, ActAuditRead, ActCertificate, ActStaffWrite, ActDecide,
	}
}

// RoleCustomer is the role of a customer who has proved who he is. Such an actor is Active, has no clearances, and his Staff is his
// own CustomerID: that is how policies tell his own record from everybody else's.
const RoleCustomer record.Role = "R1"

// Clearance is what the staff register says of one member of staff. Dates are moments until which the fact holds.
type Clearance struct {
	NDA, Training, Vetting time.Time
}

// Actor is who asks. Role, department and clearance come from the staff register, never from a token.
type Actor struct {
	Staff      record.StaffID
	Role       record.Role
	Department record.Department
	Clearance  Clearance
	Active     bool
}

// Resource is what is asked about. A request about no customer in particular leaves Customer empty.
type Resource struct {
	Customer   record.CustomerID
	Owner      record.StaffID // of the customer; of the export for ActRelease and ActRevoke
	Department record.Department
	Kind       record.Kind
	State      string   // state of the head: live, pending, restricted
	Section    *Section // nil for acts on no section
	Consented  bool     // the purpose's basis holds for this customer now
}

// Section is the classified part of a resource. The engine takes everything but the id from the pack and denies a section that the
// pack does not have or that has another level there.
type Section struct {
	ID        record.SectionID
	Level     record.Level
	Category  record.Category
	Purposes  []record.PurposeID
	Sensitive bool
}

// Request is one question.
type Request struct {
	Actor    Actor
	Action   Action
	Resource Resource
	Purpose  record.PurposeID
	Reason   string // code of the pack's list, "" when none was given
	Approved bool   // a valid approval by another person covers exactly this request
	// Requester is who asked for what ActApprove would approve: nobody approves his own request.
	Requester record.StaffID
	Reads     int // reads of this actor today
	// Over names the limit of the pack that the act goes beyond; "" for none.
	Over policy.LimitName
	Now  time.Time
}

// Reason is one policy that decided, with where it is written: what an audit entry keeps of it.
type Reason = entry.Reason

// Obligations are what must be done with an allowed act.
type Obligations struct {
	Mask      bool // show the masked value only
	Absent    bool // leave the field out altogether
	Seconds   int  // show for so long
	Watermark bool
}

// Verdict is the answer. The zero Verdict denies.
type Verdict struct {
	Allow       bool
	Code        string   // short stable code of what decided, for audit entries: "allow", "no-permit", "no-consent", "needs-reason" …
	Reasons     []Reason // sorted by policy id
	Obligations Obligations
}
