package archive

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"kexin/shared/record"
)

// stream is reproducible randomness for tests.
type stream struct {
	seed string
	n    int
	rest []byte
}

func (s *stream) Read(p []byte) (int, error) {
	for i := range p {
		if len(s.rest) == 0 {
			sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", s.seed, s.n))
			s.n, s.rest = s.n+1, sum[:]
		}
		p[i], s.rest = s.rest[0], s.rest[1:]
	}
	return len(p), nil
}

func id(prefix string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%d", prefix, n))
	return record.IDFromBytes(prefix, [16]byte(sum[:]))
}

func testHeader() Header {
	return Header{Deployment: record.DeploymentID(id("dep_", 1)), Export: record.ExportID(id("exp_", 1)), ChunkExponent: minExponent}
}

var testKey = bytes.Repeat([]byte{7}, KeySize)

func newSigner(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testOptions(key *ecdsa.PrivateKey, format Format) Options {
	at := time.Date(2026, 3, 2, 9, 30, 15, 5, time.FixedZone("CST", 8*3600))
	return Options{
		Format: format, Language: record.Chinese,
		Columns: []Column{
			{Field: "name", Title: record.Text{ZH: "姓名", EN: "Name"}, Level: record.L1},
			{Field: "phone", Title: record.Text{ZH: "电话", EN: "Phone"}, Level: record.L2},
			{Field: "note", Title: record.Text{ZH: "备注", EN: "Note"}, Level: record.L1},
		},
		Facts: Facts{
			Deployment: record.DeploymentID(id("dep_", 1)), Export: record.ExportID(id("exp_", 1)), Requester: record.StaffID(id("stf_", 1)),
			Purpose: "contract_service", Reason: "audit", Pack: "P06@0123456789abcdef", Watermark: "wm-4k2p9x",
			Filter:    json.RawMessage(`{"kind":"individual"}`),
			Approvals: []Approval{{ID: record.ApprovalID(id("apr_", 1)), Approver: record.StaffID(id("stf_", 2)), Role: "R5", At: at}},
		},
		Public: &key.PublicKey, Now: func() time.Time { return at },
		Sign: func(_ context.Context, digest [32]byte) ([]byte, error) {
			return ecdsa.SignASN1(rand.Reader, key, digest[:])
		},
	}
}

// people are invented rows.
func people(n int) []map[record.FieldName]string {
	surnames, given := []string{"赵", "钱", "孙", "李", "欧阳"}, []string{"春和", "一鸣", "若兰", "子轩"}
	rows := make([]map[record.FieldName]string, n)
	for i := range rows {
		sum := sha256.Sum256(fmt.Append(nil, i))
		rows[i] = map[record.FieldName]string{
			"name":  surnames[sum[0]%5] + given[sum[1]%4],
			"phone": fmt.Sprintf("+86138%08d", (int(sum[2])<<16|int(sum[3])<<8|int(sum[4]))*5%100000000),
			"note":  fmt.Sprintf("第 %x 次来访，订购 \"%d 件\"，送至春和路 %d 号", sum[5:9], sum[9], sum[10]),
		}
	}
	return rows
}

func build(t testing.TB, w io.Writer, o Options, rows []map[record.FieldName]string) *Manifest {
	t.Helper()
	b, err := NewBuilder(w, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := b.Row(record.CustomerID(id("cus_", i)), row); err != nil {
			t.Fatal(err)
		}
	}
	m, err := b.Close(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shared is one signing key for all tests that only verify.
func shared(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	once.Do(func() { signer = newSigner(t) })
	return signer
}

var (
	once   sync.Once
	signer *ecdsa.PrivateKey
)

func keysOf(t testing.TB) []*ecdsa.PublicKey { return []*ecdsa.PublicKey{&shared(t).PublicKey} }

// sample returns a small CSV archive.
func sample(t testing.TB, rows int) []byte {
	t.Helper()
	var out bytes.Buffer
	build(t, &out, testOptions(shared(t), CSV), people(rows))
	return out.Bytes()
}
