package boot_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withs3"
	"kexin/functions/internal/withsqs"
	"kexin/shared/dynamostore"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/store"
)

var update = flag.Bool("update", false, "write the table of docs/operations/sdk-calls.md from what the calls do")

// call is one operation of AWS that the code uses, with the act of ours that reaches it.
type call struct {
	service, operation string
	write              bool // it changes something, so that a lost answer matters
	act                string
	run                func(context.Context, *parts) error
}

// parts is what the functions have, over a client of the test's.
type parts struct {
	boot    *boot.Boot
	store   *dynamostore.Store
	keys    keys.Keys
	objects objects.Objects
	wake    func(context.Context, record.ExportID) error
}

var (
	row    = store.Key{Table: store.Work, PK: "JOB#x", SK: "y"}
	other  = store.Key{Table: store.Work, PK: "JOB#x", SK: "z"}
	export = record.ExportID("exp_aaaqeayeaudaocajbifqydiob4")
	object = objects.Name{Bucket: objects.Archives, Path: "exports/a"}
)

func put(ctx context.Context, p *parts, size int) error {
	_, err := p.objects.Put(ctx, object, bytes.NewReader(make([]byte, size)), objects.PutOptions{})
	return err
}

func calls() []call {
	large := func(ctx context.Context, p *parts) error { return put(ctx, p, objects.PartSize+1) }
	item := store.Item{Key: row, Body: []byte{1}}
	return []call{
		{"dynamodb", "GetItem", false, "`store.Get`, and the purge's look at the store's clock", func(ctx context.Context, p *parts) error { _, err := p.store.Get(ctx, row); return err }},
		{"dynamodb", "BatchGetItem", false, "`store.GetMany`", func(ctx context.Context, p *parts) error {
			_, err := p.store.GetMany(ctx, []store.Key{row, other})
			return err
		}},
		{"dynamodb", "Query", false, "`store.Query`", func(ctx context.Context, p *parts) error {
			_, err := p.store.Query(ctx, store.Query{Table: store.Work, PK: "JOB#x"})
			return err
		}},
		{"dynamodb", "Scan", false, "`store.Scan`, of fsck only", func(ctx context.Context, p *parts) error {
			_, err := p.store.Scan(ctx, store.Work, 0, 1, "")
			return err
		}},
		{"dynamodb", "PutItem", true, "a single put", func(ctx context.Context, p *parts) error {
			return p.store.Transact(ctx, "", store.PutIf(item, store.IfAbsent()))
		}},
		{"dynamodb", "DeleteItem", true, "a single deletion", func(ctx context.Context, p *parts) error {
			return p.store.Transact(ctx, "", store.DeleteIf(row, store.IfPresent()))
		}},
		{"dynamodb", "TransactWriteItems", true, "several writes, and writes with a token", func(ctx context.Context, p *parts) error {
			return p.store.Transact(ctx, "0123456789abcdef", store.PutIf(item, store.IfAbsent()), store.DeleteIf(other, store.IfPresent()))
		}},
		{"kms", "Encrypt", false, "`keys.Wrap`", func(ctx context.Context, p *parts) error {
			_, err := p.keys.Wrap(ctx, keys.ForArchive, []byte("k"))
			return err
		}},
		{"kms", "Decrypt", false, "`keys.Unwrap`", func(ctx context.Context, p *parts) error {
			_, err := p.keys.Unwrap(ctx, keys.ForArchive, []byte("\x01\x02blob"))
			return err
		}},
		{"kms", "Sign", false, "`keys.Sign`", func(ctx context.Context, p *parts) error {
			_, err := p.keys.Sign(ctx, keys.SignArchives, [32]byte{})
			return err
		}},
		{"kms", "GetPublicKey", false, "`keys.Public`, once in a process", func(ctx context.Context, p *parts) error { _, err := p.keys.Public(ctx, keys.SignArchives); return err }},
		{"s3", "PutObject", true, "`objects.Put` up to 8 MB", func(ctx context.Context, p *parts) error { return put(ctx, p, 10) }},
		{"s3", "CreateMultipartUpload", false, "`objects.Put` beyond 8 MB", large},
		{"s3", "UploadPart", false, "the same, each part", large},
		{"s3", "CompleteMultipartUpload", true, "the same, its end", large},
		{"s3", "AbortMultipartUpload", false, "the same, given up; what it cannot end the bucket's lifecycle ends", func(ctx context.Context, p *parts) error {
			_, err := p.objects.Put(ctx, object, io.MultiReader(bytes.NewReader(make([]byte, objects.PartSize+1)), broken{}), objects.PutOptions{})
			return err
		}},
		{"s3", "HeadObject", false, "`objects.Put`, to learn what a put of unknown outcome did", func(ctx context.Context, p *parts) error { return put(ctx, p, 10) }},
		{"s3", "GetObject", false, "`objects.Get`", func(ctx context.Context, p *parts) error {
			content, _, err := p.objects.Get(ctx, object, objects.Range{Length: 1})
			if err == nil {
				_, err = io.ReadAll(content)
				_ = content.Close()
			}
			return err
		}},
		{"s3", "ListObjectsV2", false, "`objects.List`, of fsck only", func(ctx context.Context, p *parts) error {
			_, err := p.objects.List(ctx, objects.Archives, "exports/", "")
			return err
		}},
		{"s3", "ListObjectVersions", false, "`objects.Delete`, to find what to delete", func(ctx context.Context, p *parts) error { return p.objects.Delete(ctx, object) }},
		{"s3", "DeleteObject", true, "`objects.Delete`, each version: a deletion that is repeated deletes nothing more", func(ctx context.Context, p *parts) error { return p.objects.Delete(ctx, object) }},
		{"sqs", "SendMessage", true, "waking build-export; a message too many finds nothing to do, a message too few is found by the sweep", func(ctx context.Context, p *parts) error { return p.wake(ctx, export) }},
		{"lambda", "Invoke", true, "calling open-restricted, never repeated: it may have acted", func(ctx context.Context, p *parts) error { _, err := p.boot.Invoke("f")(ctx, []byte("{}")); return err }},
	}
}

// setUp are operations that only set up what template.yaml deploys: for tests on foreign servers, and for nothing that runs.
var setUp = []string{"dynamodb CreateTable", "dynamodb DescribeTable", "kms CreateKey", "kms EnableKeyRotation"}

// The table has every request that the code makes.
func TestTableHasEveryCall(t *testing.T) {
	known := map[string]bool{"lambda Invoke": true} // signed by hand
	for _, c := range calls() {
		known[c.service+" "+c.operation] = false
	}
	known["lambda Invoke"] = true
	request := regexp.MustCompile(`&(dynamodb|kms|s3|sqs|lambda|sts|sns|ssm|secretsmanager)\.([A-Z]\w*)Input\{`)
	err := filepath.WalkDir("../../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, match := range request.FindAllStringSubmatch(string(data), -1) {
			name := match[1] + " " + match[2]
			if _, ok := known[name]; !ok && !slices.Contains(setUp, name) {
				t.Errorf("%s calls %s, which the table does not have: add it to calls()", path, name)
			}
			known[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, used := range known {
		if !used {
			t.Errorf("nothing calls %s: take it out of calls()", name)
		}
	}
}

// broken is content that ends with an error.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// connected returns the parts of a process that talks over w.
func connected(t *testing.T, w *wire) *parts {
	t.Helper()
	environ := []string{"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_ENDPOINT_URL=http://aws.invalid",
		"KEXIN_DEPLOYMENT=" + record.IDFromBytes(record.PrefixDeployment, [16]byte{1}), "KEXIN_PACK=P06", "KEXIN_TABLE_KEYS=k", "KEXIN_TABLE_RECORDS=r",
		"KEXIN_TABLE_AUDIT=a", "KEXIN_TABLE_WORK=w", "KEXIN_KMS_DATA=d", "KEXIN_KMS_RESTRICTED=e", "KEXIN_KMS_ARCHIVES=s", "KEXIN_KMS_STORAGE=t",
		"KEXIN_BUCKET_ARCHIVES=b", "KEXIN_QUEUE_EXPORTS=http://127.0.0.1/q"}
	b, err := boot.Start(grants.BuildExport, environ, func(b *boot.Boot) error { b.Platform.Client = w; return nil }, withkms.Keys, withs3.Objects)
	if err != nil {
		t.Fatal(err)
	}
	return &parts{boot: b, store: b.Rows(),
		keys: b.Backend.Keys, objects: b.Backend.Objects, wake: withsqs.WakeBuilder(b)}
}

// limit is the caller's time.
const limit = 30 * time.Second

// endOf runs one call under one fault and says how it ended, and after how many requests.
func endOf(t *testing.T, c call, f fault) (end string, err error) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{target: c.operation, fault: f}
		p := connected(t, w)
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		if f.cancel {
			time.AfterFunc(time.Second, cancel)
		}
		began := time.Now()
		err = c.run(ctx, p)
		if w.asked == 0 {
			t.Errorf("%s %s: %s was never asked", c.service, c.operation, c.act)
		}
		if took := time.Since(began); took > limit+time.Second {
			t.Errorf("%s under %s takes %v of %v", c.operation, f.name, took, limit)
		}
		end = fmt.Sprintf("%s, %d×", nameOf(err), w.asked)
	})
	return end, err
}

// names are the errors that callers may branch on, and what the documentation calls them.
var names = []struct {
	err  error
	name string
}{{store.ErrUnknownOutcome, "unknown outcome"}, {store.ErrThrottled, "throttled"}, {store.ErrNotGranted, "not granted"}, {store.ErrCondition, "condition"},
	{store.ErrUnavailable, "unavailable"}, {store.ErrNotFound, "none there"}, {objects.ErrUnavailable, "unavailable"},
	{keys.ErrThrottled, "throttled"}, {keys.ErrUnavailable, "unavailable"}, {keys.ErrNotGranted, "not granted"},
	{objects.ErrExists, "exists"}, {objects.ErrNotGranted, "not granted"}, {objects.ErrCorrupt, "corrupt"}, {context.Canceled, "cancelled"},
	{context.DeadlineExceeded, "deadline"}}

func nameOf(err error) string {
	if err == nil {
		return "done"
	}
	for _, n := range names {
		if errors.Is(err, n.err) {
			return n.name
		}
	}
	return "failed"
}

const (
	page   = "../../../docs/operations/sdk-calls.md"
	begins = "<!-- calls: written by go test ./functions/internal/boot -update -->\n"
	ends   = "<!-- end of calls -->"
)

// Every call of AWS under every fault ends as docs/operations/sdk-calls.md says.
func TestEveryCallEndsAsTheTableSays(t *testing.T) {
	var b strings.Builder
	b.WriteString("| call | for |")
	for _, f := range faults() {
		b.WriteString(" " + f.name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(faults())) + "\n")
	for _, c := range calls() {
		fmt.Fprintf(&b, "| %s `%s` | %s |", c.service, c.operation, c.act)
		for _, f := range faults() {
			end, err := endOf(t, c, f)
			honest(t, c, f, err)
			b.WriteString(" " + end + " |")
		}
		b.WriteString("\n")
	}
	compare(t, b.String())
}

// honest: nothing but a lost answer ends well, and no write of the store whose effect is not known ends as if nothing had happened.
func honest(t *testing.T, c call, f fault, err error) {
	t.Helper()
	repeatable := []string{"GetItem", "BatchGetItem", "Query", "Scan"}
	if err == nil && !f.done && c.operation != "AbortMultipartUpload" && f.name != "malformed" {
		t.Errorf("%s under %s ends well", c.operation, f.name)
	}
	open := slices.Contains([]string{"timeout", "cancelled", "5xx", "malformed"}, f.name)
	if c.service == "dynamodb" && c.write && open && !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("%s under %s: %v, but it may have happened", c.operation, f.name, err)
	}
	if f.done && slices.Contains(repeatable, c.operation) && err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s is not read again after a lost answer: %v", c.operation, err)
	}
}

func compare(t *testing.T, table string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begins)
	have, after, found := strings.Cut(rest, ends)
	if !ok || !found {
		t.Fatalf("%s has no place for the table", page)
	}
	if have == table {
		return
	}
	if !*update {
		t.Fatalf("the table of %s is not what the calls do: run go test ./functions/internal/boot -update and read what changed\n%s", page, table)
	}
	if err := os.WriteFile(page, []byte(before+begins+table+ends+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
