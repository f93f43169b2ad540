// Package policy holds compiled policy packs: what a company's rules say, as data that the rest of Kexin obeys. Load compiles a pack
// and everything it extends, merges them by the rule that the stricter wins, and refuses what is incomplete. A compiled Pack is
// immutable and safe for concurrent use.
package policy

import (
	"time"

	"github.com/cedar-policy/cedar-go"

	"kexin/shared/record"
)

// Pack is a compiled policy pack.
type Pack struct {
	ID        string
	Version   record.PackVersion // hash of every file that went into it
	Title     record.Text
	Processor Processor
	Purposes  map[record.PurposeID]*Purpose
	Fields    map[record.FieldName]*Field
	Sections  []*Section // ascending by ID
	Notices   map[record.NoticeVersion]*Notice
	Forms     map[record.FormID]*Form
	Channels  map[record.Channel]*Channel
	Levels    map[record.Level]*Profile // all four, pack labels included
	Roles     map[record.Role]*Role
	Reasons   map[string]record.Text // reason codes of reveals and exports, closed list
	Limits    Limits
	Cedar     []CedarFile

	// Departments are the departments that forms and the staff register may name.
	Departments map[record.Department]record.Text
	// Warnings are what does not keep the pack from working but wants the owner's attention, such as periods that nobody has
	// approved; sorted, each with file and line.
	Warnings []Problem

	sectionOf map[record.FieldName]*Section
	limitAt   map[LimitName]Pos
}

// Processor is the company that answers for the processing (LAW-03).
type Processor struct {
	Name     record.Text
	Address  record.Text
	Contact  string // e-mail address or phone of the person in charge of protection
	InCharge record.Text
}

// Basis is a lawful basis of PIPL 13.
type Basis string

// The lawful bases that packs may name.
const (
	BasisConsent  Basis = "consent"
	BasisContract Basis = "contract"
	BasisLaw      Basis = "legal_obligation"
)

// Period is a calendar period such as two years and ten days; months and years are those of the calendar.
type Period struct {
	Years, Months, Days int
	Clock               time.Duration // hours and smaller
}

// After returns the moment one period after t.
func (p Period) After(t time.Time) time.Time {
	return t.AddDate(p.Years, p.Months, p.Days).Add(p.Clock)
}

// Retention says how long a purpose lives for a customer.
type Retention struct {
	Trigger   string // event that starts the period: last_contact, contract_end, case_closed, record_date
	Period    Period
	Origin    string // source, law or ours
	Confirmed bool   // the owner has approved a period that is not the source's
}

// Purpose is a purpose of processing.
type Purpose struct {
	ID          record.PurposeID
	Title       record.Text
	Basis       Basis
	Necessity   record.Text
	Retention   Retention
	Minimum     *Retention // statutory minimum: the data stays, restricted, until it has passed (PIPL 47)
	Marketing   bool
	Operational bool     // used by staff or the system itself, never offered on a form
	Articles    []string // rules of the policy texts that it carries
}

// Use says where a field lives (requirements/README.md).
type Use string

// The uses of fields.
const (
	UseCollect   Use = "collect"
	UseEvent     Use = "event"
	UseDocument  Use = "document"
	UseCase      Use = "case"
	UseRegister  Use = "register"
	UseStaff     Use = "staff"
	UseMeasure   Use = "measure"
	UseMeta      Use = "meta"
	UseForbidden Use = "forbidden"
)

// Option is one value of an enum field.
type Option struct {
	Value string
	Title record.Text
}

// Field is a field of the customer record.
type Field struct {
	Name            record.FieldName
	Title           record.Text
	Type            string // str, text, enum, date, int, money, bool
	Check           string // validator of package validate: "", person_name, phone, email, cn_id, uscc, date …
	Use             Use
	Category        record.Category
	Level           record.Level
	SourceLabel     string // what the text calls the level
	Sensitive       bool   // pipl_sensitive
	SeparateConsent bool
	Purposes        []record.PurposeID
	Required        bool
	Necessity       record.Text
	Effect          record.Text // effect on the person, for sensitive fields (PIPL 30)
	Kinds           []record.Kind
	Options         []Option
	Mask            string // masking rule of package mask: person_name, phone, email, cn_id, address, all …
	Unique          string // kind of identifier that the value is: "", phone, email, id_number, uscc
	Search          []string
	MaxLength       int  // in characters
	OnCard          bool // the masked value is in lists
	Export          bool // may be in exports at all; L3 only where a pack says so
	Articles        []string
}

// Search kinds that a field may declare. Unique identifiers are searched without being declared.
const (
	SearchExact    = "exact"    // the whole value
	SearchLast4    = "last4"    // last four digits of a phone
	SearchTwo      = "two"      // every two neighbouring characters of a Chinese name, and three
	SearchInitials = "initials" // pinyin initials
)

// Section is a compartment: the fields that are sealed, opened and destroyed together (design §3).
type Section struct {
	ID       record.SectionID
	Level    record.Level
	Category record.Category
	Purposes []record.PurposeID // sorted
	// Consent names the only field when the section is one with a separate consent, else "".
	Consent record.FieldName
	Fields  []record.FieldName // sorted
}

// NoticeParts are the parts that a notice may have, in the order of presentation.
func NoticeParts() []string {
	return []string{"identity", "purpose", "method", "scope", "use", "sharing", "retention", "rights", "security"}
}

// Notice is one version of a notice in both languages.
type Notice struct {
	Version  record.NoticeVersion
	Title    record.Text
	Parts    map[string]record.Text
	Purposes []record.PurposeID
	Script   string // id of the script that staff read to customers on the phone or face to face
	SHA256   map[record.Language][32]byte
	Approved Approval
}

// Approval says who let a text or form go live (COL-02, COL-06).
type Approval struct {
	By string // role that approved
	On string // date, ISO 8601
}

// Form is an approved form.
type Form struct {
	ID         record.FormID
	Version    int
	Title      record.Text
	Intro      record.Text
	Notice     record.NoticeVersion
	Purposes   []record.PurposeID // offered, in order of presentation; consent is asked for those whose basis is consent
	Mandatory  []record.PurposeID // the form makes no sense without them
	Fields     []record.FieldName // in order of presentation
	Kinds      []record.Kind
	Channels   []record.Channel
	Department record.Department // new customers belong to it
	Approved   Approval
	Live       bool // DRAFT forms compile but accept nothing
}

// Channel is a registered collection channel.
type Channel struct {
	ID     record.Channel
	Title  record.Text
	Public bool // the customer fills the form; else staff do, with evidence of how consent was given
}

// Profile is how a level is protected; packs may tighten it, never loosen it (design §2).
type Profile struct {
	Level           record.Level
	Label           record.Text // the pack's own word
	RevealReason    bool        // seeing the value needs a reason
	RevealSeconds   int         // how long a revealed value is shown
	Approval        bool        // seeing the value needs a second person
	NDA             bool
	Training        bool
	Vetting         bool
	ExportApprovers int
}

// Role is a role with its local titles.
type Role struct {
	ID     record.Role
	Title  record.Text
	Duties record.Text
	// Purposes that the role may open customers' data for.
	Purposes []record.PurposeID
}

// Limits are the numbers of a pack that are not retention.
type Limits struct {
	PurgeCustomers   int     // most customers of one run without a second person
	PurgeShare       float64 // or this share of all, whichever is larger
	ExportRows       int     // most customers in one archive
	ExportLife       Period  // archive and its key end after it
	ApprovalLife     Period  // an approval not used by then is void
	SubmissionLife   Period  // an envelope not accepted by then is destroyed
	PendingLife      Period  // a pending record not merged by then is destroyed
	WithdrawnDestroy Period  // withdrawn data is destroyed within it
	DestroyWithin    Period  // expired data is destroyed within it
	RecoveryDays     int     // recovery window of tables keys and inbox, 1 … 35
	DailyReads       int     // reads of one member of staff in a day
	SearchResults    int     // most customers that one search may find
	LongestRetention Period  // no purpose of a pack may live longer, statutory minima excepted
}

// CedarFile is one file of Cedar policies.
type CedarFile struct {
	Path     string // from the root of the packs: "core/policies/gates.cedar"
	Text     []byte
	Policies []CedarPolicy // in the order of the file
}

// CedarPolicy is one parsed policy. Its position is that of its text, so File and Line of a decision's reasons are exact.
type CedarPolicy struct {
	ID     string // annotation @id
	Line   int    // line of the annotation @id
	Policy *cedar.Policy
}

// SectionOf returns the section of a collected field, or nil.
func (p *Pack) SectionOf(field record.FieldName) *Section { return p.sectionOf[field] }

// Section returns the section with id, or nil.
func (p *Pack) Section(id record.SectionID) *Section {
	for _, s := range p.Sections {
		if s.ID == id {
			return s
		}
	}
	return nil
}
