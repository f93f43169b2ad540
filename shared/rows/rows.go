// Package rows says where every row of the design's tables lives and what the plain ones hold: key builders with their parsers, and
// the encodings of heads, cards, due rows, submissions, staff, requests, approvals and exports. Bodies are deterministic CBOR with a
// format number first. Nothing here opens or seals anything.
package rows

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ugorji/go/codec"

	"kexin/shared/record"
	"kexin/shared/store"
)

// ErrFormat reports a row of a format that this program does not know, or a key that is none of ours.
var ErrFormat = errors.New("unknown row format")

// Format is the first member of every row body.
const Format = 1

// handle encodes structs as arrays of their members in order and maps with sorted keys, so that equal values give equal bytes.
var handle = newHandle()

func newHandle() *codec.CborHandle {
	h := &codec.CborHandle{}
	h.Canonical = true
	h.StructToArray = true
	h.ErrorIfNoField = true
	h.ErrorIfNoArrayExpand = true
	return h
}

// Encoders and decoders are costly to make and are used again. They are given nothing to hold on to while they wait.
var (
	encoders = sync.Pool{New: func() any { return &encoder{coder: codec.NewEncoderBytes(&[]byte{}, handle)} }}
	decoders = sync.Pool{New: func() any { return codec.NewDecoderBytes(nil, handle) }}
)

// encoder is a coder with the room that it writes into.
type encoder struct {
	coder *codec.Encoder
	room  []byte
}

// maxRoom bounds the room that an encoder keeps.
const maxRoom = 16 << 10

// Encode returns v in deterministic CBOR.
func Encode(v any) ([]byte, error) {
	if own, ok := v.(Appender); ok {
		return appended(own), nil
	}
	return generic(v)
}

// rooms are where bodies that write themselves are written before their length is known.
var rooms = sync.Pool{New: func() any { return &room{data: make([]byte, 0, 4<<10)} }}

type room struct{ data []byte }

func appended(v Appender) []byte {
	r, ok := rooms.Get().(*room)
	if !ok { // the pool holds nothing else
		return v.AppendCBOR(nil)
	}
	r.data = v.AppendCBOR(r.data[:0])
	body := bytes.Clone(r.data)
	if clear(r.data); cap(r.data) <= maxRoom { // it may have held values and keys
		rooms.Put(r)
	}
	return body
}

// generic is Encode by the library.
func generic(v any) ([]byte, error) {
	e, ok := encoders.Get().(*encoder)
	if !ok { // the pool holds nothing else
		return nil, fmt.Errorf("encode row: %w", ErrFormat)
	}
	e.room = e.room[:0]
	e.coder.ResetBytes(&e.room)
	if err := e.coder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode row: %w", err) // a coder that failed is not used again
	}
	body := bytes.Clone(e.room)
	clear(e.room) // it may have held values and keys
	if e.coder.ResetBytes(&[]byte{}); cap(e.room) <= maxRoom {
		encoders.Put(e)
	}
	return body, nil
}

// Decode reads body into v. Bytes that are not the encoding of a v are refused with ErrFormat.
func Decode(body []byte, v any) error {
	if own, ok := v.(reader); ok {
		in := newReader(body)
		if own.readCBOR(in); in.done() {
			return nil
		}
	}
	return genericInto(body, v)
}

// genericInto is Decode by the library.
func genericInto(body []byte, v any) error {
	d, ok := decoders.Get().(*codec.Decoder)
	if !ok { // the pool holds nothing else
		return ErrFormat
	}
	d.ResetBytes(body)
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %v", ErrFormat, err) // a decoder that failed is not used again
	}
	read := d.NumBytesRead()
	d.ResetBytes(nil)
	decoders.Put(d)
	if read != len(body) {
		return ErrFormat
	}
	return nil
}

// Prefixes of partition keys. IAM conditions and store grants name them.
const (
	PrefixSubmission = "SUB#"
	PrefixIntake     = "INTAKE#"
	PrefixManifest   = "MANIFEST"
	PrefixCustomer   = "CUS#"
	PrefixIdentifier = "IDX#"
	PrefixToken      = "TOK#"
	PrefixBranch     = "BRANCH#"
	PrefixIndexKey   = "INDEX#"
	PrefixArchiveKey = "ARCHIVE#"
	PrefixDue        = "DUE#"
	PrefixHeld       = "HELD#"
	PrefixPending    = "PENDING#"
	PrefixStaff      = "STAFF"
	PrefixSubject    = "SUBJECT#"
	PrefixRequest    = "REQUEST"
	PrefixApproval   = "APPROVAL"
	PrefixExport     = "EXPORT"
	PrefixRoster     = "ROSTER#"
	PrefixJob        = "JOB#"
	PrefixMention    = "MENTION#"
	PrefixReads      = "READS#"
)

// Sort keys and their prefixes within a customer's partition.
const (
	SortCard    = "CARD"
	SortSection = "SEC#"
	SortConsent = "CONSENT#"
	SortNote    = "NOTE#"
)

// Shards spread what many writers put at once: submissions, due rows and pending records.
const Shards = 64

// shard returns two hex digits below Shards: a hash (FNV-1a) of an identifier, whose characters alone are not spread evenly, because
// the last one holds three bits.
func shard(id string) string {
	sum := uint32(2166136261)
	for i := range len(id) {
		sum = (sum ^ uint32(id[i])) * 16777619
	}
	n := (sum>>16 ^ sum) % Shards
	return string([]byte{hexDigits[n>>4], hexDigits[n&15]})
}

const hexDigits = "0123456789abcdef"

// ShardNames returns every shard in order.
func ShardNames() []string {
	names := make([]string, Shards)
	for i := range names {
		names[i] = fmt.Sprintf("%02x", i)
	}
	return names
}

// Submission is the key of a submission's row.
func Submission(id record.SubmissionID) store.Key {
	return store.Key{Table: store.Inbox, PK: PrefixSubmission + shard(string(id)), SK: string(id)}
}

// Intake is the key of an intake row: table inbox for the public form's, keys for the others'.
func Intake(table store.Table, id record.IntakeID) store.Key {
	return store.Key{Table: table, PK: PrefixIntake + string(id), SK: store.Only}
}

// ManifestKey is the key of the signed manifest.
func ManifestKey() store.Key {
	return store.Key{Table: store.Inbox, PK: PrefixManifest, SK: store.Only}
}

// Head is the key of a customer's head.
func HeadKey(id record.CustomerID) store.Key {
	return store.Key{Table: store.Keys, PK: PrefixCustomer + string(id), SK: store.Only}
}

// Identifier is the key of a unique identifier's row: kind, "#", keyed hash.
func Identifier(kindAndMAC string) store.Key {
	return store.Key{Table: store.Keys, PK: PrefixIdentifier + kindAndMAC, SK: store.Only}
}

// Token is the key of a search token's row for a customer.
func Token(kindAndMAC string, id record.CustomerID) store.Key {
	return store.Key{Table: store.Keys, PK: PrefixToken + kindAndMAC, SK: string(id)}
}

// BranchSecret is the key of a branch epoch's wrapped private half.
func BranchSecret(branch string, epoch uint32) store.Key {
	return store.Key{Table: store.Keys, PK: fmt.Sprintf("%s%s#%d", PrefixBranch, branch, epoch), SK: store.Only}
}

// IndexKey is the key of the wrapped key of the blind indexes.
func IndexKey(epoch uint32) store.Key {
	return store.Key{Table: store.Keys, PK: fmt.Sprintf("%s%d", PrefixIndexKey, epoch), SK: store.Only}
}

// ArchiveKey is the key of an archive's wrapped key.
func ArchiveKey(id record.ExportID) store.Key {
	return store.Key{Table: store.Keys, PK: PrefixArchiveKey + string(id), SK: store.Only}
}

// Card is the key of a customer's card.
func Card(id record.CustomerID) store.Key {
	return store.Key{Table: store.Records, PK: PrefixCustomer + string(id), SK: SortCard}
}

// Section is the key of one version of a section: table restricted for L3, records for the rest.
func Section(level record.Level, id record.CustomerID, section record.SectionID, version uint32) store.Key {
	return store.Key{Table: TableOf(level), PK: PrefixCustomer + string(id), SK: SortSection + string(section) + "#" + Hex8(version)}
}

// Hex8 returns n in eight hex digits.
func Hex8(n uint32) string {
	var number [4]byte
	var text [8]byte
	binary.BigEndian.PutUint32(number[:], n)
	hex.Encode(text[:], number[:])
	return string(text[:])
}

// ParseSection returns what a section's sort key says, or ErrFormat.
func ParseSection(sk string) (record.SectionID, uint32, error) {
	rest, ok := strings.CutPrefix(sk, SortSection)
	id, hex, found := strings.Cut(rest, "#")
	var version uint32
	if !ok || !found || len(hex) != 8 {
		return "", 0, ErrFormat
	}
	if _, err := fmt.Sscanf(hex, "%08x", &version); err != nil || fmt.Sprintf("%08x", version) != hex {
		return "", 0, ErrFormat
	}
	return record.SectionID(id), version, nil
}

// Consent is the key of entry n of a customer's consent ledger.
func Consent(id record.CustomerID, n uint32) store.Key {
	return store.Key{Table: store.Records, PK: PrefixCustomer + string(id), SK: SortConsent + strings.TrimPrefix(Hex8(n), "00")}
}

// Note is the key of a sealed note, such as the typed reason of a reveal.
func Note(level record.Level, id record.CustomerID, section record.SectionID, name string) store.Key {
	return store.Key{Table: TableOf(level), PK: PrefixCustomer + string(id), SK: SortNote + string(section) + "#" + name}
}

// dueDay is the layout of the day of a due row, UTC.
const dueDay = "20060102"

// Due is the key of the row that says when something of a customer falls due.
func Due(at time.Time, id record.CustomerID) store.Key {
	return store.Key{Table: store.Work, PK: DuePartition(at, shard(string(id))), SK: string(id)}
}

// DuePartition is the partition of one shard of the due rows of at's day (UTC).
func DuePartition(at time.Time, shard string) string {
	return PrefixDue + at.UTC().Format(dueDay) + "#" + shard
}

// Held is the key of a due row that the purge put aside because of a legal hold; lifting the hold brings it back.
func Held(id record.CustomerID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixHeld + shard(string(id)), SK: string(id)}
}

// Pending is the key of the row that asks staff to merge or refuse a pending record.
func Pending(id record.CustomerID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixPending + shard(string(id)), SK: string(id)}
}

// Staff is the key of an entry of the staff register.
func Staff(id record.StaffID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixStaff, SK: string(id)}
}

// Subject is the key that leads from a token's issuer and subject, hashed, to a member of staff.
func Subject(hash string) store.Key {
	return store.Key{Table: store.Work, PK: PrefixSubject + hash, SK: store.Only}
}

// RequestKey is the key of a request for approval.
func RequestKey(id record.ApprovalID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixRequest, SK: string(id)}
}

// ApprovalKey is the key of the answer to a request: only the function approve writes it. Several approvers put several answers.
func ApprovalKey(id record.ApprovalID, n int) store.Key {
	return store.Key{Table: store.Work, PK: PrefixApproval, SK: fmt.Sprintf("%s#%d", id, n)}
}

// Export is the key of an export's row.
func ExportKey(id record.ExportID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixExport, SK: string(id)}
}

// Roster is the key of the row that says that an export is about to read a customer.
func Roster(id record.CustomerID, export record.ExportID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixRoster + string(id), SK: string(export)}
}

// Reads is the key of the row that counts what a member of staff has seen of customers today.
func Reads(id record.StaffID) store.Key {
	return store.Key{Table: store.Work, PK: PrefixReads + string(id), SK: store.Only}
}

// Job is the key of the state of a scheduled function, such as the purge's cursor.
func Job(function, name string) store.Key {
	return store.Key{Table: store.Work, PK: PrefixJob + function, SK: name}
}
