package evidence

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/audit/entry"
	"kexin/shared/keys"
	"kexin/shared/record"
)

func id(prefix string, n byte) string { return record.IDFromBytes(prefix, [16]byte{n, 3}) }

var (
	deployment = record.DeploymentID(id(record.PrefixDeployment, 1))
	submission = record.SubmissionID(id(record.PrefixSubmission, 1))
	morning    = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	errDown    = errors.New("key service down")
)

// rootKeys holds one key for each signer.
type rootKeys struct {
	keys.Keys
	private map[keys.Signer]*ecdsa.PrivateKey
	signs   int
	down    bool
}

func newRootKeys(t testing.TB) *rootKeys {
	t.Helper()
	k := &rootKeys{private: map[keys.Signer]*ecdsa.PrivateKey{}}
	for _, signer := range keys.Signers() {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		k.private[signer] = private
	}
	return k
}

func (k *rootKeys) Sign(_ context.Context, signer keys.Signer, digest [32]byte) ([]byte, error) {
	if k.down {
		return nil, errDown
	}
	k.signs++
	return ecdsa.SignASN1(rand.Reader, k.private[signer], digest[:])
}

func (k *rootKeys) Public(_ context.Context, signer keys.Signer) (*ecdsa.PublicKey, error) {
	return &k.private[signer].PublicKey, nil
}

func (k *rootKeys) file(t testing.TB, of record.DeploymentID) PublicKeys {
	t.Helper()
	file, err := CollectKeys(context.Background(), k, of)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// destroyed is the outcome entry of a destruction.
func destroyed() entry.Entry {
	return entry.Entry{
		V: entry.Version, Deployment: deployment, Writer: record.WriterID(id(record.PrefixWriter, 1)), Seq: 1, Prev: entry.Hash(nil),
		Time: morning, Actor: entry.Actor{Kind: entry.System, ID: "purge-expired"}, Action: entry.ActionDestroy, Verdict: entry.Outcome,
		Code: entry.CodeDestroyed, Customer: record.CustomerID(id(record.PrefixCustomer, 1)), Pack: "P06@0123456789abcdef",
		Sections: []record.SectionID{"sabcdefghij"},
		Facts: entry.Facts{"rule": "retention", "method": "shred", "irrecoverable": "2026-03-02T09:00:00Z", "deleted": "12",
			"category.financial": "2"},
	}
}

// include puts e at index of a log of size entries and proves it.
func include(t testing.TB, k keys.Keys, e entry.Entry, index, size int64) Inclusion {
	t.Helper()
	data, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(list []int64) (found []tlog.Hash, err error) {
		for _, i := range list {
			found = append(found, stored[i])
		}
		return found, nil
	})
	for n := range size {
		leaf := []byte{byte(n)}
		if n == index {
			leaf = data
		}
		more, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	return prove(t, k, data, index, size, reader)
}

func prove(t testing.TB, k keys.Keys, data []byte, index, size int64, reader tlog.HashReader) Inclusion {
	t.Helper()
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	path, err := tlog.ProveRecord(size, index, reader)
	if err != nil {
		t.Fatal(err)
	}
	note, err := SignCheckpoint(context.Background(), k, Checkpoint{Origin(deployment), size, entry.Digest(root)})
	if err != nil {
		t.Fatal(err)
	}
	i := Inclusion{Entry: data, Index: index, Size: size, Checkpoint: note}
	for _, hash := range path {
		i.Proof = append(i.Proof, entry.Digest(hash))
	}
	return i
}

func receipt() Receipt {
	return Receipt{
		ID: id("rcp_", 1), Subject: submission, Jurisdiction: "CN", Channel: "web", Form: "service",
		Controller: Controller{Name: record.Text{ZH: "春和生活服务有限公司", EN: "Chunhe Living Services"}, Contact: "privacy@chunhe.example"},
		Notice:     Notice{Version: "p06-service/1", Language: record.Chinese, SHA256: entry.Hash([]byte("notice"))},
		Purposes: []ReceiptPurpose{{
			ID: "contract_service", Title: record.Text{ZH: "履行服务合同", EN: "service contract"}, Basis: "contract", ConsentType: "none",
			Status: NotRequired, Retention: Retention{"P2Y", "contract_end"}, Fields: []record.FieldName{"name", "phone"},
		}, {
			ID: "marketing", Title: record.Text{ZH: "营销 <新品> & 活动", EN: "marketing"}, Basis: "consent", ConsentType: "explicit",
			Status: Refused, Retention: Retention{"P1Y", "last_contact"}, Fields: []record.FieldName{"phone"},
		}},
		Separate:   []SeparateConsent{{"id_number", []record.PurposeID{"contract_service"}, Given}},
		Withdrawal: record.Text{ZH: "在客户门户撤回", EN: "in the customer portal"}, Pack: "P06@0123456789abcdef", Time: morning,
	}
}

// timer is a clock that tests set.
type timer struct{ now time.Time }

func (c *timer) Now() time.Time { return c.now }

func receiptSigner(t testing.TB, k keys.Keys, c *timer) *ReceiptSigner {
	t.Helper()
	s, err := NewReceiptSigner(context.Background(), k, deployment, rand.Reader, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signedReceipt(t testing.TB, s *ReceiptSigner) []byte {
	t.Helper()
	data, err := s.Sign(context.Background(), receipt())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// flips calls verify with data changed in one byte, for every byte and several changes, and fails the test when it is content.
func flips(t *testing.T, data []byte, verify func([]byte) error) {
	t.Helper()
	if err := verify(data); err != nil {
		t.Fatalf("genuine: %v", err)
	}
	for at := range data {
		for _, mask := range []byte{1, 2, 4, 0x20, 0x80} {
			bad := append([]byte(nil), data...)
			bad[at] ^= mask
			err := verify(bad)
			if err == nil {
				t.Errorf("byte %d (%q) changed to %q goes unnoticed", at, data[at], bad[at])
			} else if !named(err) {
				t.Errorf("byte %d: error names nothing: %v", at, err)
			}
		}
	}
	for _, bad := range [][]byte{nil, data[:len(data)-1], append(append([]byte(nil), data...), '\n'), append([]byte(" "), data...)} {
		if verify(bad) == nil {
			t.Errorf("%d bytes instead of %d go unnoticed", len(bad), len(data))
		}
	}
}

func named(err error) bool {
	for _, kind := range []error{ErrFormat, ErrSignature, ErrUnknownKey, ErrDeployment, ErrProof, ErrMismatch, ErrValidity} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
