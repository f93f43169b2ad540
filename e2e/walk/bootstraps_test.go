package walk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/infra/local/embedded"
	"kexin/packs"
	"kexin/shared/audit"
	"kexin/shared/dynamostore"
	"kexin/shared/founding"
	"kexin/shared/fsck"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/kmskeys"
	"kexin/shared/objects"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/s3objects"
	"kexin/shared/store"
)

// TestForeignWalkBootstraps runs the script against the functions' own programs, built as deployment builds them, on tables, keys, buckets
// and a queue as template.yaml describes them. Each process has the environment that the template gives it, and nothing else.
func TestForeignWalkBootstraps(t *testing.T) {
	s, ok := configured()
	if !ok {
		t.Log("not configured: KEXIN_TEST_DYNAMODB, KEXIN_TEST_KMS_MINISTACK and KEXIN_TEST_S3 (infra/foreign/start.sh)")
		return
	}
	tokens := newIssuer(t)
	k := newStack(t, s, tokens.URL)
	l := newLambda(t, k)
	p := &pump{lambda: l, iterators: map[string]*string{}}
	if report, err := p.run(t.Context(), string(grants.RotateKeys)); err != nil || !strings.Contains(string(report), `"rotated":true`) {
		t.Fatalf("first manifest: %s, %v", report, err)
	}
	l.hire(t)
	bin := t.TempDir()
	build(t, bin, "./cmd/kexin")
	began := time.Now()
	for _, script := range []string{"walk.txt", "rights.txt"} {
		t.Run("script", func(t *testing.T) {
			run(t, deployment{name: "bootstraps", base: l.api.URL, job: p.run, fsck: k.fsck,
				token: func(_ context.Context, account string) (string, error) { return tokens.token(account) }}, bin, script)
		})
	}
	t.Logf("the walk took %v", time.Since(began).Round(time.Millisecond))
	t.Run("changed rows of the log", p.tampering)
	t.Run("samples", l.samples)
	t.Run("outputs", l.outputs)
	t.Run("rights", k.guards.check)
}

// samples hands every sample event to its function: none may fail, whatever it refers to.
func (l *lambda) samples(t *testing.T) {
	files, err := filepath.Glob("../../events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		answer, err := l.invoke(t.Context(), logical(grants.Function(name)), event)
		if name == string(grants.FoundRegister) {
			if err == nil {
				t.Errorf("a second register was founded: %s", answer)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		var out struct {
			StatusCode        int   `json:"statusCode"`
			BatchItemFailures []any `json:"batchItemFailures"`
		}
		if err := json.Unmarshal(answer, &out); err != nil || out.StatusCode >= 500 || len(out.BatchItemFailures) > 0 {
			t.Errorf("%s: answered %s, %v", filepath.Base(file), answer, err)
		}
	}
}

// tampering changes one entry behind everybody's back: the function of the table's stream tells of it, and of nothing that the walk did.
func (p *pump) tampering(t *testing.T) {
	said := p.running[logical(grants.WatchAudit)]
	if err := p.watch(t.Context()); err != nil || strings.Contains(said.Output(), "audit-rows-changed") {
		t.Fatalf("before: %v, %s", err, said.Output())
	}
	table := p.stack.store()
	lanes, err := table.Query(t.Context(), store.Query{Table: store.Audit, PK: "ENDED#0"})
	for shard := 0; err == nil && len(lanes.Items) == 0 && shard < 16; shard++ {
		lanes, err = table.Query(t.Context(), store.Query{Table: store.Audit, PK: fmt.Sprintf("LANES#%x", shard)})
	}
	if err != nil || len(lanes.Items) == 0 {
		t.Fatalf("no lane: %v", err)
	}
	item, err := table.Get(t.Context(), store.Key{Table: store.Audit, PK: "LANE#" + lanes.Items[0].Key.SK, SK: fmt.Sprintf("%016x", 0)})
	if err != nil {
		t.Fatal(err)
	}
	honest := item.Body
	for i, body := range [][]byte{append([]byte(" "), honest...), honest} { // and back again, for what comes after
		item.Body = body
		if err := errors.Join(table.Transact(t.Context(), "", store.PutIf(item, store.IfPresent())), p.watch(t.Context())); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(said.Output(), `"audit-rows-changed":1`); got != i+1 || !strings.Contains(said.Output(), "entry.modified") {
			t.Errorf("%d alarms after %d changes: %s", got, i+1, said.Output())
		}
	}
}

// outputs looks for values of the walk in what the functions wrote, which goes to technical logs.
func (l *lambda) outputs(t *testing.T) {
	for id, runtime := range l.running {
		for _, value := range []string{"江晚", "13911112222", "11010519491231002X", "春和路9号", "文三路1号", "上门核对", "客户来电"} {
			if strings.Contains(runtime.Output(), value) {
				t.Errorf("%s wrote a customer's value into its log:\n%s", id, runtime.Output())
			}
		}
	}
}

// store returns all tables without any limits, for what an administrator does once and for checks.
func (k *stack) store() *dynamostore.Store {
	return dynamostore.New(k.dynamo, dynamostore.Config{Names: map[store.Table]string{store.Inbox: k.names["InboxTable"], store.Keys: k.names["KeysTable"],
		store.Records: k.names["RecordsTable"], store.Restricted: k.names["RestrictedTable"], store.Audit: k.names["AuditTable"], store.Work: k.names["WorkTable"]}})
}

// hire lets found-register write the first staff register: the demonstration's accounts.
func (l *lambda) hire(t *testing.T) {
	t.Helper()
	until := time.Now().AddDate(1, 0, 0).Format(time.DateOnly)
	var members []founding.Member
	for _, a := range embedded.Accounts() {
		members = append(members, founding.Member{Name: a.Name, Role: a.Role, Title: a.Title, Department: a.Department, Subject: a.Subject,
			NDA: until, Training: until, Vetting: until})
	}
	event, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.invoke(t.Context(), logical(grants.FoundRegister), event); err != nil {
		t.Fatal(err)
	}
}

// fsck checks every table, archive and the sealed log, as kexin fsck does for files.
func (k *stack) fsck(ctx context.Context) (string, error) {
	pack, err := policy.Load(packs.FS, k.names["Pack"])
	if err != nil {
		return "", err
	}
	kept, err := s3objects.New(k.s3, s3.NewPresignClient(k.s3), s3objects.Config{KMSKey: k.names["StorageKey.Arn"], Now: time.Now,
		LockMode: s3types.ObjectLockModeCompliance,
		Buckets:  map[objects.Bucket]string{objects.Archives: k.names["ArchivesBucket"], objects.Evidence: k.names["EvidenceBucket"]}})
	if err != nil {
		return "", err
	}
	root, err := kmskeys.New(k.kms, kmskeys.Config{Deployment: record.DeploymentID(k.names["Deployment"]),
		Signers: map[keys.Signer]string{keys.SignCheckpoints: k.names["CheckpointsKeyPair.Arn"]}})
	if err != nil {
		return "", err
	}
	all := k.store()
	sealer := audit.Sealer{Store: all, Objects: kept, Keys: root, Deployment: record.DeploymentID(k.names["Deployment"]), Function: "fsck", Now: time.Now,
		IdleAfter: time.Hour, Scanner: all}
	report, err := fsck.Check(ctx, fsck.Config{Store: all, Scanner: all, Pack: pack, Objects: kept, Audit: sealer.Check, Now: time.Now})
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("customers: %d, exports: %d, submissions: %d, rows: %d; findings: %d", report.Customers, report.Exports, report.Submissions, report.Rows, len(report.Findings))
	for _, finding := range report.Findings {
		text += "\n" + finding.String()
	}
	if report.Customers+report.Exports+report.Submissions == 0 {
		return text, errors.New("nothing was there to check")
	}
	return text, nil
}
