package evidence

import (
	"context"
	"fmt"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"kexin/shared/audit/entry"
	"kexin/shared/keys"
	"kexin/shared/record"
)

// ReceiptFormat names the format of the file of a receipt, and ReceiptSchema the structure of the record inside, after ISO/IEC TS 27560.
const (
	ReceiptFormat = "kexin-consent-receipt/1"
	ReceiptSchema = "ISO/IEC TS 27560:2023; kexin 1"
)

// Status says what a person answered to a purpose or a separate consent.
type Status string

// The statuses.
const (
	Given       Status = "given"
	Refused     Status = "refused"
	NotRequired Status = "not_required" // the basis is not consent: the person was told, not asked
)

// Receipt is what a person keeps of what was asked and answered. It holds no value that the person entered: the person appears as the
// random id of the submission only.
type Receipt struct {
	Schema       string              `json:"schema_version"`
	ID           string              `json:"receipt_id"` // typed identifier, such as that of the submission
	Deployment   record.DeploymentID `json:"deployment"`
	Subject      record.SubmissionID `json:"pii_principal_id"`
	Controller   Controller          `json:"pii_controller"`
	Jurisdiction string              `json:"jurisdiction"` // ISO 3166, such as "CN"
	Channel      record.Channel      `json:"collection_channel"`
	Form         record.FormID       `json:"form,omitempty"`
	Notice       Notice              `json:"notice"`
	Purposes     []ReceiptPurpose    `json:"purposes"`
	Separate     []SeparateConsent   `json:"separate_consents,omitempty"`
	Withdrawal   record.Text         `json:"withdrawal_method"`
	Pack         record.PackVersion  `json:"pack,omitempty"`
	Time         time.Time           `json:"consent_time"` // UTC: when the answers were received
	Signed       time.Time           `json:"signed_at"`    // UTC: later than Time when the same request was answered again
}

// Controller is the company that answers for the processing.
type Controller struct {
	Name    record.Text `json:"name"`
	Address record.Text `json:"address,omitzero"`
	Contact string      `json:"contact"`
}

// Notice is what the person was shown.
type Notice struct {
	Version  record.NoticeVersion `json:"version"`
	Language record.Language      `json:"language"`
	SHA256   entry.Digest         `json:"text_sha256"` // of the text in that language
}

// ReceiptPurpose is one purpose and the answer to it.
type ReceiptPurpose struct {
	ID          record.PurposeID   `json:"purpose"`
	Title       record.Text        `json:"title"`
	Basis       string             `json:"lawful_basis"`
	ConsentType string             `json:"consent_type"` // "explicit", "separate", "none"
	Status      Status             `json:"status"`
	Retention   Retention          `json:"retention"`
	Fields      []record.FieldName `json:"pii_fields"`
}

// Retention says how long a purpose lives: an ISO 8601 period after an event.
type Retention struct {
	Period  string `json:"period"`
	Trigger string `json:"trigger"`
}

// SeparateConsent is a consent that was asked for one field alone.
type SeparateConsent struct {
	Field    record.FieldName   `json:"field"`
	Purposes []record.PurposeID `json:"purposes"`
	Status   Status             `json:"status"`
}

func (r *Receipt) check() error {
	switch {
	case r.Schema != ReceiptSchema:
		return fmt.Errorf("%w: schema of receipt", ErrFormat)
	case len(r.ID) < 5 || record.CheckID(r.ID[:4], r.ID) != nil:
		return fmt.Errorf("%w: id of receipt", ErrFormat)
	case record.CheckID(record.PrefixDeployment, string(r.Deployment)) != nil:
		return fmt.Errorf("%w: deployment of receipt", ErrFormat)
	case record.CheckID(record.PrefixSubmission, string(r.Subject)) != nil:
		return fmt.Errorf("%w: subject of receipt", ErrFormat)
	case r.Notice.Version == "" || r.Notice.SHA256.IsZero():
		return fmt.Errorf("%w: notice of receipt", ErrFormat)
	case r.Time.IsZero() || r.Time.Location() != time.UTC || r.Signed.Before(r.Time) || r.Signed.Location() != time.UTC:
		return fmt.Errorf("%w: time of receipt", ErrFormat)
	}
	for _, purpose := range r.Purposes {
		if purpose.Status != Given && purpose.Status != Refused && purpose.Status != NotRequired {
			return fmt.Errorf("%w: status of a purpose of receipt", ErrFormat)
		}
	}
	for _, consent := range r.Separate {
		if consent.Status != Given && consent.Status != Refused {
			return fmt.Errorf("%w: status of a separate consent of receipt", ErrFormat)
		}
	}
	return nil
}

// SignedReceipt is a receipt as a file: the receipt in an envelope of the process key, and the process key in one of the receipts key.
type SignedReceipt struct {
	Format  string         `json:"format"`
	Receipt *dsse.Envelope `json:"receipt"`
	Key     *dsse.Envelope `json:"process_key"`
}

func sealReceipt(ctx context.Context, s DigestSigner, certificate *dsse.Envelope, r Receipt) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	payload, err := encode(r)
	if err != nil {
		return nil, err
	}
	envelope, err := SignEnvelope(ctx, s, TypeReceipt, payload)
	if err != nil {
		return nil, err
	}
	return encode(SignedReceipt{ReceiptFormat, envelope, certificate})
}

// VerifyReceipt returns the receipt of the file data if a process key signed it that a receipts key of p had certified for that time.
func VerifyReceipt(p PublicKeys, data []byte) (Receipt, error) {
	var file SignedReceipt
	if err := decode("receipt", data, &file); err != nil {
		return Receipt{}, err
	}
	if file.Format != ReceiptFormat {
		return Receipt{}, fmt.Errorf("%w: unknown format of receipt", ErrFormat)
	}
	key, err := openProcessKey(p, file.Key)
	if err != nil {
		return Receipt{}, fmt.Errorf("process key: %w", err)
	}
	public, err := parseSPKI(key.SPKI)
	if err != nil {
		return Receipt{}, fmt.Errorf("process key: %w", err)
	}
	payload, err := OpenEnvelope(file.Receipt, TypeReceipt, public)
	if err != nil {
		return Receipt{}, fmt.Errorf("receipt: %w", err)
	}
	var r Receipt
	if err := decode("receipt", payload, &r); err != nil {
		return Receipt{}, err
	}
	if err := r.check(); err != nil {
		return Receipt{}, err
	}
	if r.Deployment != p.Deployment {
		return Receipt{}, fmt.Errorf("%w: receipt", ErrDeployment)
	}
	return r, key.covers(r.Signed)
}

func openProcessKey(p PublicKeys, envelope *dsse.Envelope) (ProcessKey, error) {
	payload, err := OpenEnvelope(envelope, TypeProcessKey, p.Find(keys.SignReceipts)...)
	if err != nil {
		return ProcessKey{}, err
	}
	var key ProcessKey
	if err := decode("process key", payload, &key); err != nil {
		return ProcessKey{}, err
	}
	return key, key.check(p.Deployment)
}
