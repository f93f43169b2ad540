package rows

import (
	"crypto/sha256"
	"encoding/hex"

	"kexin/shared/record"
	"kexin/shared/store"
)

// SubmissionBody is a submission's row in table inbox. Envelope is nil once the submission is accepted; what remains answers repeated
// requests until AttrExpiry.
type SubmissionBody struct {
	Format   int
	Form     record.FormID
	Schema   record.PackVersion
	Received int64  // Unix seconds
	BodyMAC  []byte // HMAC of the request body under a key derived from the idempotency key
	Envelope []byte
}

// SubmissionFormat is the format of submissions' rows. Format 1 had one member more, which was never used; its rows are still read.
const SubmissionFormat = 2

// States of a submission's row (AttrState).
const (
	SubmissionSealed   = "sealed"   // waits for accept-submissions
	SubmissionAccepted = "accepted" // live or pending now; the row answers repeated requests
	SubmissionRefused  = "refused"  // accept-submissions found it invalid
)

// AttrExpiry is the time-to-live attribute (Unix seconds) of rows that may vanish.
const AttrExpiry = store.AttrExpiry

// Item returns the submission's row in state.
func (s SubmissionBody) Item(id record.SubmissionID, state string, expiry int64) (store.Item, error) {
	s.Format = SubmissionFormat
	body, err := Encode(s)
	if err != nil {
		return store.Item{}, err
	}
	attrs := map[string]store.Attr{store.AttrState: store.S(state)}
	if expiry != 0 {
		attrs[AttrExpiry] = store.N(expiry)
	}
	return store.Item{Key: Submission(id), Body: body, Attrs: attrs}, nil
}

// StaffBody is an entry of the staff register.
type StaffBody struct {
	Format     int
	Version    int64
	Name       string // name of the member of staff: company data, shown to colleagues
	Role       record.Role
	Title      record.Text
	Department record.Department
	NDA        int64 // Unix seconds until which it holds; zero: none
	Training   int64
	Vetting    int64
	Active     bool
	Subject    string // SubjectHash of the login
}

// SubjectHash is the name under which a token's issuer and subject are stored.
func SubjectHash(issuer, subject string) string {
	sum := sha256.Sum256([]byte("kexin/subject/1\x00" + issuer + "\x00" + subject))
	return hex.EncodeToString(sum[:16])
}

// ReadsBody counts what a member of staff has seen of customers on one day (limit daily_reads).
type ReadsBody struct {
	Format  int
	Version int64
	Day     int64 // midnight UTC of the day for the company, Unix seconds
	Taken   int   // handed out to processes, which may still hold some of it
}

// Item returns the row of a member of staff.
func (r ReadsBody) Item(id record.StaffID) (store.Item, error) {
	r.Format = Format
	body, err := Encode(r)
	if err != nil {
		return store.Item{}, err
	}
	return store.Item{Key: Reads(id), Body: body, Attrs: map[string]store.Attr{store.AttrVersion: store.N(r.Version)}}, nil
}

// RequestBody asks a second person for approval.
type RequestBody struct {
	Format   int
	Action   string // reveal, export, staff_write, purge
	By       record.StaffID
	Role     record.Role
	Dept     record.Department
	Customer record.CustomerID
	Section  record.SectionID
	Fields   []record.FieldName
	Purpose  record.PurposeID
	Reason   string
	Export   record.ExportID
	Level    record.Level // highest level asked for
	Needed   int          // approvers needed
	Created  int64
	Expires  int64
	Detail   []byte // what is approved beyond the above: digest of export parameters, new staff entry
}

// ApprovalBody is one person's answer to a request.
type ApprovalBody struct {
	Format  int
	Request [32]byte // SHA-256 of the request row's body: the answer is to exactly that
	By      record.StaffID
	Role    record.Role
	At      int64
	Allow   bool
}

// ExportBody is an export from request to end.
type ExportBody struct {
	Format     int
	Version    int64
	State      string
	By         record.StaffID
	Role       record.Role
	Department record.Department
	Purpose    record.PurposeID
	Reason     string
	Fields     []record.FieldName
	Kinds      []record.Kind
	Filter     record.Department // department whose customers are exported
	FileFormat string            // ndjson or csv
	Language   record.Language
	Approval   record.ApprovalID
	Created    int64
	Expires    int64
	Object     string // path in bucket archives
	Rows       int64
	Watermark  string
	Attempt    int
	Lease      int64 // Unix seconds until which a build owns it
	Schema     record.PackVersion
	SHA256     []byte // of the ciphertext
	Size       int64
}

// States of an export.
const (
	ExportRequested = "requested" // waits for a second person
	ExportQueued    = "queued"
	ExportBuilding  = "building"
	ExportReady     = "ready"
	ExportReleased  = "released" // the key was handed out
	ExportRefused   = "refused"
	ExportRevoked   = "revoked"
	ExportVoid      = "void" // a customer on its roster was destroyed
	ExportExpired   = "expired"
	ExportFailed    = "failed"
)

// Item returns the export's row.
func (e ExportBody) Item(id record.ExportID) (store.Item, error) {
	e.Format = Format
	body, err := Encode(e)
	if err != nil {
		return store.Item{}, err
	}
	return store.Item{Key: ExportKey(id), Body: body, Attrs: map[string]store.Attr{
		store.AttrVersion: store.N(e.Version), store.AttrState: store.S(e.State)}}, nil
}
