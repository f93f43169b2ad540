package decision

import (
	"slices"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"kexin/shared/policy"
	"kexin/shared/record"
)

// facts are all that policies can see of a request, in the words of policy's schema.cedarschema. They hold no identifiers and no
// times, so equal facts have equal verdicts.
type facts struct {
	role       record.Role
	action     Action
	department record.Department // of the actor
	active     bool
	nda        bool
	training   bool
	vetting    bool
	self       bool

	named              bool
	owned              bool
	own                bool
	inDepartment       bool
	resourceDepartment record.Department
	kind               record.Kind
	state              string
	consented          bool
	section            *classification // nil when none is asked about

	purpose          record.PurposeID
	purposeKnown     bool
	purposeOfRole    bool
	purposeOfSection bool
	reason           string
	approved         bool
	ownRequest       bool
	overQuota        bool
	overLimit        policy.LimitName
}

// classification is what policies see of a section, and what its level obliges to.
type classification struct {
	level      int
	category   record.Category
	purposes   []record.PurposeID
	sensitive  bool
	exportable bool
	profile    policy.Profile
}

func classify(pack *policy.Pack, s *policy.Section) *classification {
	return &classification{
		level: int(s.Level) - int(record.L0), category: s.Category, purposes: s.Purposes,
		sensitive: pack.Sensitive(s), exportable: pack.Exportable(s), profile: *pack.Levels[s.Level],
	}
}

// obligations are those of the level (design §2).
func (c *classification) obligations(action Action) Obligations {
	switch {
	case action == ActRelease:
		return Obligations{Watermark: true}
	case c == nil:
		return Obligations{Watermark: action == ActExport}
	}
	switch action {
	case ActList, ActSearch:
		return Obligations{Mask: c.level > 0 && !c.profile.Approval, Absent: c.profile.Approval}
	case ActRead:
		return Obligations{Mask: c.profile.RevealReason && !c.profile.Approval, Absent: c.profile.Approval}
	case ActReveal:
		return Obligations{Seconds: c.profile.RevealSeconds}
	case ActExport:
		return Obligations{Watermark: true}
	}
	return Obligations{}
}

// facts reduces a request to what policies can see. It reports false for a section that the pack does not have, or that the request
// describes otherwise than the pack.
func (e *Engine) facts(r Request) (facts, bool) {
	f := facts{
		role: r.Actor.Role, action: r.Action, department: r.Actor.Department, kind: r.Resource.Kind, state: r.Resource.State,
		resourceDepartment: r.Resource.Department, consented: r.Resource.Consented, purpose: r.Purpose, approved: r.Approved,
		named: r.Resource.Customer != "", overQuota: r.Reads >= e.pack.Limits.DailyReads,
		ownRequest: r.Requester != "" && r.Requester == r.Actor.Staff, overLimit: r.Over,
	}
	f.person(r)
	f.relation(r)
	if s := r.Resource.Section; s != nil {
		known, ok := e.sections[s.ID]
		if !ok || s.Level != 0 && int(s.Level)-int(record.L0) != known.level {
			return f, false
		}
		f.section = known
	}
	f.purposes(e.pack)
	if _, ok := e.pack.Reasons[r.Reason]; ok {
		f.reason = r.Reason
	}
	return f, true
}

// person sets who asks. A fact of the staff register holds until its moment, not at it.
func (f *facts) person(r Request) {
	c := r.Actor.Clearance
	holds := func(until time.Time) bool { return r.Now.Before(until) }
	f.active, f.nda, f.training, f.vetting = r.Actor.Active, holds(c.NDA), holds(c.Training), holds(c.Vetting)
	f.self = f.role == RoleCustomer && f.named && string(r.Actor.Staff) == string(r.Resource.Customer)
}

// relation sets how the actor stands to the customer. About nobody in particular means inside the actor's reach, unless another
// department is named: what it leads to is asked about customer by customer.
func (f *facts) relation(r Request) {
	nobody := !f.named && f.resourceDepartment == ""
	f.owned = r.Actor.Staff != "" && r.Resource.Owner == r.Actor.Staff
	f.inDepartment = nobody || f.department != "" && f.department == f.resourceDepartment
	f.own = f.owned || r.Resource.Owner == "" && f.inDepartment
}

func (f *facts) purposes(pack *policy.Pack) {
	stated := f.purpose != ""
	f.purposeKnown = !stated || pack.Purposes[f.purpose] != nil
	f.purposeOfRole = !stated || pack.MayUse(f.role, f.purpose)
	f.purposeOfSection = !stated || f.section == nil || slices.Contains(f.section.purposes, f.purpose)
	if !f.purposeKnown {
		f.purpose = ""
	}
}

func roleUID(role record.Role) types.EntityUID {
	return types.NewEntityUID("Role", types.String(role))
}

func actionUID(action Action) types.EntityUID {
	return types.NewEntityUID("Action", types.String(action))
}

// The request of Cedar names nobody: facts are all there is.
var (
	actorUID    = types.NewEntityUID("Actor", "actor")
	customerUID = types.NewEntityUID("Customer", "customer")
)

// entities are the two entities of a request.
type entities struct{ actor, customer types.Entity }

// Get returns the actor or the customer.
func (e *entities) Get(uid types.EntityUID) (types.Entity, bool) {
	switch uid {
	case actorUID:
		return e.actor, true
	case customerUID:
		return e.customer, true
	}
	return types.Entity{}, false
}

// request writes the facts in the form of Cedar.
func (f facts) request() (cedar.Request, *entities) {
	context := types.NewRecord(types.RecordMap{
		"purpose": types.String(f.purpose), "purpose_known": types.Boolean(f.purposeKnown),
		"purpose_of_role": types.Boolean(f.purposeOfRole), "purpose_of_section": types.Boolean(f.purposeOfSection),
		"reason": types.String(f.reason), "approved": types.Boolean(f.approved),
		"own_request": types.Boolean(f.ownRequest), "over_quota": types.Boolean(f.overQuota),
		"over_limit": types.String(f.overLimit),
	})
	return cedar.Request{Principal: actorUID, Action: actionUID(f.action), Resource: customerUID, Context: context},
		&entities{f.actor(), f.customer()}
}

func (f facts) actor() types.Entity {
	return types.Entity{
		UID: actorUID, Parents: types.NewEntityUIDSet(roleUID(f.role)),
		Attributes: types.NewRecord(types.RecordMap{
			"role": types.String(f.role), "department": types.String(f.department), "active": types.Boolean(f.active),
			"nda": types.Boolean(f.nda), "training": types.Boolean(f.training), "vetting": types.Boolean(f.vetting),
			"self": types.Boolean(f.self),
		}),
	}
}

func (f facts) customer() types.Entity {
	section := classification{level: -1}
	if f.section != nil {
		section = *f.section
	}
	return types.Entity{
		UID: customerUID,
		Attributes: types.NewRecord(types.RecordMap{
			"named": types.Boolean(f.named), "owned": types.Boolean(f.owned), "own": types.Boolean(f.own),
			"in_department": types.Boolean(f.inDepartment), "department": types.String(f.resourceDepartment),
			"kind": types.String(f.kind), "state": types.String(f.state), "consented": types.Boolean(f.consented),
			"classified": types.Boolean(f.section != nil), "level": types.Long(section.level),
			"category": types.String(section.category), "sensitive": types.Boolean(section.sensitive),
			"exportable":      types.Boolean(section.exportable),
			"needs_training":  types.Boolean(section.profile.Training),
			"needs_vetting":   types.Boolean(section.profile.Vetting),
			"needs_reason":    types.Boolean(section.profile.RevealReason),
			"needs_approval":  types.Boolean(section.profile.Approval),
			"export_approval": types.Boolean(section.profile.ExportApprovers > 0),
		}),
	}
}
