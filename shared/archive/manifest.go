package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"kexin/shared/record"
)

// ManifestFormat is the format of manifests that this build writes and reads.
const ManifestFormat = "kexin-export/1"

// Names of the files in an archive beside the data file.
const (
	ReadmeName    = "README.txt"
	ManifestName  = "manifest.json"
	SignatureName = "manifest.dsse.json"
)

// Watermark is the id that leads, in the export register, from a leaked file or row to its requester: 4 to 64 characters of a-z 0-9 _ -.
type Watermark string

var watermarkForm = regexp.MustCompile(`^[a-z0-9_-]{4,64}$`)

// Format is the format of the data file.
type Format string

// The formats of data files.
const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

// Column is one exported field.
type Column struct {
	Field record.FieldName `json:"field"`
	Title record.Text      `json:"title"`
	Level record.Level     `json:"level"`
}

// Approval is one approval that the export rests on.
type Approval struct {
	ID       record.ApprovalID `json:"id"`
	Approver record.StaffID    `json:"approver"`
	Role     record.Role       `json:"role"`
	At       time.Time         `json:"at"`
}

// Facts are what the job states about the export; the builder adds the rest of the manifest.
type Facts struct {
	Deployment record.DeploymentID `json:"deployment"`
	Export     record.ExportID     `json:"export"`
	Requester  record.StaffID      `json:"requester"`
	Purpose    record.PurposeID    `json:"purpose"`
	// Reason is a code of the pack's closed list, never free text.
	Reason    string             `json:"reason"`
	Pack      record.PackVersion `json:"pack"`
	Watermark Watermark          `json:"watermark"`
	// Filter says which customers were selected: a JSON object that the export job defines. Nil stands for {}: all customers.
	Filter    json.RawMessage `json:"filter"`
	Approvals []Approval      `json:"approvals"`
}

// File describes one file of the archive. The Stored members cover the bytes as they lie in the ZIP (compressed), so that even a byte
// that decompression ignores cannot be changed.
type File struct {
	Name         string `json:"name"`
	Size         uint64 `json:"size"`
	SHA256       string `json:"sha256"` // lower-case hexadecimal, as StoredSHA256
	StoredSize   uint64 `json:"stored_size"`
	StoredSHA256 string `json:"stored_sha256"`
}

// Manifest is manifest.json: what an archive is, for whom and why it was made, and the hashes of its files. Its signature covers its
// exact bytes.
type Manifest struct {
	Format string `json:"format"`
	Facts
	Created  time.Time       `json:"created"` // UTC, whole seconds: when the build began
	Language record.Language `json:"language"`
	Data     Format          `json:"data_format"`
	Rows     uint64          `json:"rows"` // one row for each customer
	Fields   []Column        `json:"fields"`
	Files    []File          `json:"files"` // the data file, then README.txt
}

func (f *Facts) check() error {
	if f.Filter == nil {
		f.Filter = json.RawMessage("{}")
	}
	if f.Approvals == nil {
		f.Approvals = []Approval{}
	}
	checks := map[string]error{
		"deployment": record.CheckID(record.PrefixDeployment, string(f.Deployment)),
		"export":     record.CheckID(record.PrefixExport, string(f.Export)),
		"requester":  record.CheckID(record.PrefixStaff, string(f.Requester)),
		"purpose":    present(string(f.Purpose)),
		"pack":       present(string(f.Pack)),
		"filter":     isObject(f.Filter),
	}
	if !watermarkForm.MatchString(string(f.Watermark)) {
		checks["watermark"] = errors.New("not 4 to 64 characters of a-z 0-9 _ -")
	}
	for _, name := range []string{"deployment", "export", "requester", "purpose", "pack", "filter", "watermark"} {
		if err := checks[name]; err != nil {
			return fmt.Errorf("%w: %s: %w", ErrOptions, name, err)
		}
	}
	return f.checkApprovals()
}

func (f *Facts) checkApprovals() error {
	for _, a := range f.Approvals {
		if err := record.CheckID(record.PrefixApproval, string(a.ID)); err != nil {
			return fmt.Errorf("%w: approval: %w", ErrOptions, err)
		}
		if err := record.CheckID(record.PrefixStaff, string(a.Approver)); err != nil {
			return fmt.Errorf("%w: approver: %w", ErrOptions, err)
		}
	}
	return nil
}

func present(s string) error {
	if s == "" {
		return errors.New("missing")
	}
	return nil
}

func isObject(raw json.RawMessage) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return errors.New("not a JSON object")
	}
	return nil
}

// ParseManifest decodes a manifest strictly. It says nothing about its signature: only Verify does. It fails with ErrFormat.
func ParseManifest(b []byte) (*Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("parse manifest: %w", ErrFormat)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("parse manifest: trailing bytes: %w", ErrFormat)
	}
	if m.Format != ManifestFormat {
		return nil, fmt.Errorf("parse manifest: format %.40q: %w", m.Format, ErrFormat)
	}
	return &m, nil
}
