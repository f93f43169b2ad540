package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/archive"
	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/filekeys"
	"kexin/shared/keys"
	"kexin/shared/record"
)

// fixed identifiers and a fixed time make the output of scripts predictable.
func fixed(prefix string, n byte) string { return record.IDFromBytes(prefix, [16]byte{n}) }

func now() time.Time { return time.Date(2026, 3, 2, 1, 30, 15, 0, time.UTC) }

var deployment = record.DeploymentID(fixed("dep_", 1))

// cmdFixtures makes, with fresh keys: keys.json, other-keys.json (of another deployment), renewed-keys.json (other keys of the same) and
// moved-keys.json (the same keys said to be of another deployment); foreign.kxa (plain.zip sealed as another export); export.kxa with export.key and other.key;
// plain.zip, the same export opened; receipt.json; certificate.json.
func cmdFixtures(ts *testscript.TestScript, _ bool, _ []string) {
	ctx := context.Background()
	k := makeKeys(ts, "store.keys", "keys.json", deployment)
	makeKeys(ts, "other.keys", "other-keys.json", record.DeploymentID(fixed("dep_", 2)))
	makeKeys(ts, "renewed.keys", "renewed-keys.json", deployment)
	zip := makeZip(ctx, ts, k)
	write(ts, "plain.zip", zip)
	key := bytes.Repeat([]byte{9}, archive.KeySize)
	write(ts, "export.kxa", seal(ts, key, 1, zip))
	write(ts, "foreign.kxa", seal(ts, key, 2, zip))
	write(ts, "export.key", keyText(ts, key))
	write(ts, "other.key", keyText(ts, make([]byte, archive.KeySize)))
	write(ts, "receipt.json", makeReceipt(ctx, ts, k))
	write(ts, "certificate.json", makeCertificate(ctx, ts, k))
}

func makeKeys(ts *testscript.TestScript, store, file string, d record.DeploymentID) keys.Keys {
	k, err := filekeys.Create(ts.MkAbs(store), filekeys.CreateOptions{Deployment: d, Demonstration: true, Random: rand.Reader, Now: now})
	ts.Check(err)
	public, err := evidence.CollectKeys(context.Background(), k, d)
	ts.Check(err)
	writeKeys(ts, file, public)
	public.Deployment = record.DeploymentID(fixed("dep_", 3))
	writeKeys(ts, "moved-"+file, public)
	return k
}

func writeKeys(ts *testscript.TestScript, file string, public evidence.PublicKeys) {
	b, err := public.Marshal()
	ts.Check(err)
	write(ts, file, b)
}

func makeZip(ctx context.Context, ts *testscript.TestScript, k keys.Keys) []byte {
	public, err := k.Public(ctx, keys.SignArchives)
	ts.Check(err)
	var out bytes.Buffer
	b, err := archive.NewBuilder(&out, archive.Options{
		Format: archive.CSV, Language: record.Chinese, Public: public, Now: now,
		Columns: []archive.Column{{Field: "name", Title: record.Text{ZH: "姓名", EN: "Name"}, Level: record.L1}},
		Facts: archive.Facts{
			Deployment: deployment, Export: record.ExportID(fixed("exp_", 1)), Requester: record.StaffID(fixed("stf_", 1)),
			Purpose: "contract_service", Pack: "P06@0123456789abcdef", Watermark: "wm-1",
		},
		Sign: func(ctx context.Context, digest [32]byte) ([]byte, error) {
			return k.Sign(ctx, keys.SignArchives, digest)
		},
	})
	ts.Check(err)
	for i := range byte(50) {
		ts.Check(b.Row(record.CustomerID(fixed("cus_", i)), map[record.FieldName]string{"name": fmt.Sprintf("赵春和 %d", i)}))
	}
	_, err = b.Close(ctx)
	ts.Check(err)
	return out.Bytes()
}

func seal(ts *testscript.TestScript, key []byte, export byte, zip []byte) []byte {
	var out bytes.Buffer
	w, err := archive.NewWriter(&out, key, archive.Header{
		Deployment: deployment, Export: record.ExportID(fixed("exp_", export)), ChunkExponent: 12,
	}, rand.Reader)
	ts.Check(err)
	_, err = w.Write(zip)
	ts.Check(err)
	ts.Check(w.Close())
	return out.Bytes()
}

func keyText(ts *testscript.TestScript, key []byte) []byte {
	text, err := archive.FormatKey(key)
	ts.Check(err)
	return []byte(text + "\n")
}

func makeReceipt(ctx context.Context, ts *testscript.TestScript, k keys.Keys) []byte {
	signer, err := evidence.NewReceiptSigner(ctx, k, deployment, rand.Reader, now)
	ts.Check(err)
	b, err := signer.Sign(ctx, evidence.Receipt{
		ID: fixed("sub_", 1), Subject: record.SubmissionID(fixed("sub_", 1)), Time: now(),
		Controller: evidence.Controller{Name: record.Text{ZH: "春和生活服务有限公司", EN: "Chunhe Living Services"}},
		Notice:     evidence.Notice{Version: "p06-service/1", Language: record.Chinese, SHA256: sha256.Sum256([]byte("text"))},
	})
	ts.Check(err)
	return b
}

// makeCertificate proves a destruction in a log that holds nothing else.
func makeCertificate(ctx context.Context, ts *testscript.TestScript, k keys.Keys) []byte {
	outcome := entry.Entry{
		V: entry.Version, Deployment: deployment, Writer: record.WriterID(fixed("wri_", 1)), Time: now(),
		Actor: entry.Actor{Kind: entry.System, ID: "purge-expired"}, Action: entry.ActionDestroy, Verdict: entry.Outcome,
		Code: entry.CodeDestroyed, Customer: record.CustomerID(fixed("cus_", 1)),
		Facts: entry.Facts{"irrecoverable": "2026-03-03T01:30:15Z"},
	}
	data, err := outcome.Encode()
	ts.Check(err)
	note, err := evidence.SignCheckpoint(ctx, k, evidence.Checkpoint{
		Origin: evidence.Origin(deployment), Size: 1, Root: entry.Digest(tlog.RecordHash(data)),
	})
	ts.Check(err)
	b, err := evidence.NewCertificate(evidence.Inclusion{Entry: data, Size: 1, Checkpoint: note})
	ts.Check(err)
	return b
}

func write(ts *testscript.TestScript, name string, content []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), content, 0o600))
}

// cmdFlip changes one bit of a byte.
func cmdFlip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	at, err := strconv.Atoi(args[1])
	ts.Check(err)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}

func cmdCut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

func cmdEmpty(ts *testscript.TestScript, _ bool, args []string) {
	left, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(left) > 0 {
		ts.Fatalf("left behind in %s: %v", args[0], left)
	}
}
