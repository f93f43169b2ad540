package evidence

import (
	"fmt"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
)

// CertificateFormat names the format of certificates of destruction.
const CertificateFormat = "kexin-certificate-of-destruction/1"

// Facts are what a certificate of destruction says in words that people read. All of them are in the entry; they are repeated so that
// nobody needs to decode it, and checked against it.
type Facts struct {
	Customer record.CustomerID  `json:"customer"`
	Recorded time.Time          `json:"recorded"` // when the outcome was recorded
	By       string             `json:"by"`       // kind and id of the actor
	Rule     string             `json:"rule,omitempty"`
	Method   string             `json:"method,omitempty"`
	Pack     record.PackVersion `json:"pack,omitempty"`
	// Irrecoverable is the moment after which no backup can bring the data back either; zero when the entry states none.
	Irrecoverable time.Time          `json:"irrecoverable,omitzero"`
	Sections      []record.SectionID `json:"sections,omitempty"`
	Counts        entry.Facts        `json:"counts,omitempty"` // every other fact of the entry
}

// Certificate is a certificate of destruction as a file.
type Certificate struct {
	Format     string              `json:"format"`
	Deployment record.DeploymentID `json:"deployment"`
	Facts      Facts               `json:"facts"`
	Entry      string              `json:"entry"`
	Index      int64               `json:"index"`
	Size       int64               `json:"size"`
	Proof      []entry.Digest      `json:"proof"`
	Checkpoint string              `json:"checkpoint"`
}

// NewCertificate returns the bytes of the certificate that i proves. ErrMismatch: the entry is not the outcome of a destruction.
func NewCertificate(i Inclusion) ([]byte, error) {
	e, err := entry.Parse(i.Entry)
	if err != nil {
		return nil, fmt.Errorf("%w: entry: %v", ErrFormat, err)
	}
	facts, err := factsOf(&e)
	if err != nil {
		return nil, err
	}
	proof := i.Proof
	if proof == nil {
		proof = []entry.Digest{}
	}
	return encode(Certificate{
		Format: CertificateFormat, Deployment: e.Deployment, Facts: facts, Entry: string(i.Entry),
		Index: i.Index, Size: i.Size, Proof: proof, Checkpoint: string(i.Checkpoint),
	})
}

// factsOf derives the facts from the outcome entry of a destruction.
func factsOf(e *entry.Entry) (Facts, error) {
	if e.Action != entry.ActionDestroy || e.Verdict != entry.Outcome || e.Code != entry.CodeDestroyed || e.Customer == "" {
		return Facts{}, fmt.Errorf("%w: entry is not the outcome of a destruction", ErrMismatch)
	}
	f := Facts{
		Customer: e.Customer, Recorded: e.Time, By: string(e.Actor.Kind) + " " + e.Actor.ID,
		Pack: e.Pack, Sections: e.Sections, Rule: e.Facts["rule"], Method: e.Facts["method"], Counts: entry.Facts{},
	}
	if moment := e.Facts["irrecoverable"]; moment != "" {
		at, err := time.Parse(time.RFC3339Nano, moment)
		if err != nil {
			return Facts{}, fmt.Errorf("%w: entry: moment", ErrFormat)
		}
		f.Irrecoverable = at
	}
	for key, value := range e.Facts {
		if key != "rule" && key != "method" && key != "irrecoverable" {
			f.Counts[key] = value
		}
	}
	return f, nil
}

// VerifyCertificate returns the facts that the certificate data proves under p. The error of anything altered names the part.
func VerifyCertificate(p PublicKeys, data []byte) (Facts, error) {
	var c Certificate
	if err := decode("certificate", data, &c); err != nil {
		return Facts{}, err
	}
	if c.Format != CertificateFormat {
		return Facts{}, fmt.Errorf("%w: unknown format of certificate", ErrFormat)
	}
	if c.Deployment != p.Deployment {
		return Facts{}, fmt.Errorf("%w: certificate", ErrDeployment)
	}
	e, err := VerifyInclusion(p, Inclusion{[]byte(c.Entry), c.Index, c.Size, c.Proof, []byte(c.Checkpoint)})
	if err != nil {
		return Facts{}, err
	}
	facts, err := factsOf(&e)
	if err != nil {
		return Facts{}, err
	}
	return facts, c.Facts.equal(facts)
}

// equal compares by encoding, which is what a reader of the file sees.
func (f Facts) equal(derived Facts) error {
	stated, err := encode(f)
	if err != nil {
		return err
	}
	want, err := encode(derived)
	if err != nil {
		return err
	}
	if string(stated) != string(want) {
		return fmt.Errorf("%w: facts differ from the entry", ErrMismatch)
	}
	return nil
}
