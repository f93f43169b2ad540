package entry

import (
	"time"

	"kexin/shared/record"
)

// Validate returns ErrMalformed, naming the member and never its value, unless every member of e is of its kind.
func (e *Entry) Validate() error {
	if e.V != Version {
		return ErrVersion
	}
	for _, part := range []func() error{e.checkPlace, e.checkActor, e.checkAct, e.checkObject, e.checkLists} {
		if err := part(); err != nil {
			return err
		}
	}
	return e.Facts.validate()
}

func (e *Entry) checkPlace() error {
	if record.CheckID(record.PrefixDeployment, string(e.Deployment)) != nil {
		return malformed("deployment")
	}
	if record.CheckID(record.PrefixWriter, string(e.Writer)) != nil {
		return malformed("writer")
	}
	if (e.Seq == 0) != e.Prev.IsZero() {
		return malformed("prev")
	}
	if e.Time.IsZero() || e.Time.Location() != time.UTC || e.Time.Year() > 9999 {
		return malformed("time")
	}
	return nil
}

func (e *Entry) checkActor() error {
	id, ok := e.Actor.ID, false
	switch e.Actor.Kind {
	case Staff:
		ok = record.CheckID(record.PrefixStaff, id) == nil
	case Customer:
		ok = record.CheckID(record.PrefixCustomer, id) == nil
	case System:
		ok = isCode(id)
	case Public:
		ok = id == "" || record.CheckID(record.PrefixSubmission, id) == nil
	default:
		return malformed("actor kind")
	}
	if !ok {
		return malformed("actor id")
	}
	if !optional(string(e.Actor.Role), isRole) {
		return malformed("role")
	}
	if !optional(string(e.Actor.Department), isCode) {
		return malformed("department")
	}
	return nil
}

func (e *Entry) checkAct() error {
	switch {
	case !isCode(e.Action):
		return malformed("action")
	case e.Verdict != Allow && e.Verdict != Deny && e.Verdict != Outcome && e.Verdict != Terminator:
		return malformed("verdict")
	case !optional(e.Code, isCode):
		return malformed("code")
	case !optional(e.Reason, isCode):
		return malformed("reason")
	case !optional(string(e.Purpose), isCode):
		return malformed("purpose")
	case !optional(string(e.Channel), isCode):
		return malformed("channel")
	case !optional(string(e.Pack), isPack):
		return malformed("pack")
	case !optional(e.Request, IsRequestID):
		return malformed("request")
	case e.Of != nil && record.CheckID(record.PrefixWriter, string(e.Of.Writer)) != nil:
		return malformed("of")
	}
	return nil
}

func (e *Entry) checkObject() error {
	ids := [...]struct{ member, prefix, id string }{
		{"customer", record.PrefixCustomer, string(e.Customer)},
		{"approval", record.PrefixApproval, string(e.Approval)},
		{"export", record.PrefixExport, string(e.Export)},
		{"reveal", record.PrefixReveal, string(e.Reveal)},
		{"submission", record.PrefixSubmission, string(e.Submission)},
	}
	for _, id := range ids {
		if id.id != "" && record.CheckID(id.prefix, id.id) != nil {
			return malformed(id.member)
		}
	}
	if !optional(e.Object, isTypedID) {
		return malformed("object")
	}
	return nil
}

func (e *Entry) checkLists() error {
	switch {
	case !ascending(e.Customers, isCustomer) || len(e.Customers) > MaxList:
		return malformed("customers")
	case !ascending(e.Fields, isName):
		return malformed("fields")
	case !ascending(e.Sections, isSection):
		return malformed("sections")
	case !ascending(e.Purposes, isCode):
		return malformed("purposes")
	}
	for _, reason := range e.Reasons {
		if !isReason(reason) {
			return malformed("reasons")
		}
	}
	return nil
}

func isReason(r Reason) bool {
	return isPath(r.Policy) && (r.File == "" || isPath(r.File)) && r.Line >= 0 && r.Line < 1e7
}

func isCustomer(id string) bool { return record.CheckID(record.PrefixCustomer, id) == nil }

// ascending reports whether list is sorted without repetition and every element is of its kind.
func ascending[T ~string](list []T, kind func(string) bool) bool {
	for i, s := range list {
		if !kind(string(s)) || i > 0 && list[i-1] >= s {
			return false
		}
	}
	return true
}

func optional(s string, kind func(string) bool) bool { return s == "" || kind(s) }
