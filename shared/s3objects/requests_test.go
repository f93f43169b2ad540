package s3objects_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/shared/objects"
	"kexin/shared/s3objects"
)

// The tests here judge the requests that are sent, and what is made of answers that no server at hand gives. Formats of the answers are
// those of the API reference of Amazon S3.

var now = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

// recorder answers requests by their operation and keeps their headers.
type recorder struct {
	mu      sync.Mutex
	sent    []string // operations in order
	headers map[string]http.Header
	answers map[string]http.HandlerFunc
}

// operation names a request as the API reference does.
func operation(r *http.Request) string {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost:
		return "CompleteMultipartUpload"
	case r.Method == http.MethodPut && query.Has("partNumber"):
		return "UploadPart"
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		return "AbortMultipartUpload"
	case r.Method == http.MethodGet && query.Has("versions"):
		return "ListObjectVersions"
	case r.Method == http.MethodGet && query.Has("list-type"):
		return "ListObjectsV2"
	}
	return map[string]string{"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}[r.Method]
}

func (rec *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	op := operation(r)
	rec.mu.Lock()
	rec.sent = append(rec.sent, op)
	rec.headers[op] = r.Header
	answer := rec.answers[op]
	rec.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case op == "CreateMultipartUpload":
		fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>`)
	case op == "CompleteMultipartUpload":
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>`)
	case op == "UploadPart":
		w.Header().Set("ETag", `"e"`)
	}
}

func (rec *recorder) count(op string) (n int) {
	for _, sent := range rec.sent {
		if sent == op {
			n++
		}
	}
	return n
}

func refuse(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `<Error><Code>%s</Code><Message>about %s</Message></Error>`, code, r.URL.Path)
	}
}

func record(t *testing.T, answers map[string]http.HandlerFunc) (*recorder, *s3objects.Objects) {
	rec := &recorder{headers: map[string]http.Header{}, answers: answers}
	server := httptest.NewServer(rec)
	t.Cleanup(server.Close)
	c := s3.New(s3.Options{
		BaseEndpoint: &server.URL, UsePathStyle: true, Region: "eu-central-1", HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("access", "secret", ""),
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	o, err := s3objects.New(c, s3.NewPresignClient(c), s3objects.Config{
		Buckets: map[objects.Bucket]string{objects.Archives: "b-archives", objects.Evidence: "b-evidence"},
		KMSKey:  "key-1", LockMode: types.ObjectLockModeGovernance, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return rec, o
}

var evidence = objects.Name{Bucket: objects.Evidence, Path: "checkpoint/1"}

func large() io.Reader { return io.LimitReader(zeros{}, objects.PartSize+1) }

func TestRequests(t *testing.T) {
	rec, o := record(t, nil)
	lock := objects.PutOptions{ContentType: "text/plain", LockUntil: now.Add(90 * time.Minute)}
	if _, err := o.Put(t.Context(), evidence, strings.NewReader("x"), lock); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Put(t.Context(), evidence, large(), lock); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("x"))
	kept := map[string]string{
		"X-Amz-Server-Side-Encryption": "aws:kms", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "key-1",
		"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "true", "Content-Type": "text/plain",
		"X-Amz-Object-Lock-Mode": "GOVERNANCE", "X-Amz-Object-Lock-Retain-Until-Date": "2026-11-22T09:30:00Z",
	}
	for op, want := range map[string]map[string]string{
		"PutObject":               {"If-None-Match": "*", "X-Amz-Checksum-Sha256": base64.StdEncoding.EncodeToString(sum[:])},
		"CreateMultipartUpload":   {"X-Amz-Checksum-Algorithm": "SHA256", "X-Amz-Checksum-Type": "COMPOSITE"},
		"UploadPart":              {"X-Amz-Checksum-Sha256": "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="}, // of the last part: one zero
		"CompleteMultipartUpload": {"If-None-Match": "*"},
	} {
		if op == "PutObject" || op == "CreateMultipartUpload" {
			for key, value := range kept {
				want[key] = value
			}
		}
		for key, value := range want {
			if got := rec.headers[op].Get(key); got != value {
				t.Errorf("%s: %s is %q, want %q", op, key, got, value)
			}
		}
	}
	if rec.count("UploadPart") != 2 || rec.count("HeadObject") != 0 || rec.count("AbortMultipartUpload") != 0 {
		t.Errorf("sent %v", rec.sent)
	}
}

func TestLockIsRead(t *testing.T) {
	_, o := record(t, map[string]http.HandlerFunc{"GetObject": func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
			t.Error("the checksum is not asked for")
		}
		sum := sha256.Sum256([]byte("x"))
		w.Header().Set("X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(sum[:]))
		w.Header().Set("X-Amz-Object-Lock-Mode", "COMPLIANCE")
		w.Header().Set("X-Amz-Object-Lock-Retain-Until-Date", "2027-01-02T03:04:05Z")
		fmt.Fprint(w, "x")
	}})
	reader, info, err := o.Get(t.Context(), evidence, objects.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if want := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC); !info.LockedUntil.Equal(want) {
		t.Errorf("locked until %v, want %v", info.LockedUntil, want)
	}
}

// TestUnknownOutcome lets the request that makes the object appear go wrong in ways that leave open who won.
func TestUnknownOutcome(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		head   string // "ours", "other's", "absent" or "denied"
		want   error
	}{
		{"own effect met", refuse(412, "PreconditionFailed"), "ours", nil},
		{"other was first", refuse(412, "PreconditionFailed"), "other's", objects.ErrExists},
		{"other was first, may not look", refuse(412, "PreconditionFailed"), "denied", objects.ErrExists},
		{"conflict won", refuse(409, "ConditionalRequestConflict"), "ours", nil},
		{"conflict lost", refuse(409, "ConditionalRequestConflict"), "other's", objects.ErrExists},
		{"conflict open", refuse(409, "ConditionalRequestConflict"), "absent", errAny},
		{"failed after effect", refuse(500, "InternalError"), "ours", nil},
		{"failed", refuse(500, "InternalError"), "absent", errAny},
		{"answer lost", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "ours", nil},
	} {
		for op, content := range map[string]io.Reader{"PutObject": strings.NewReader("x"), "CompleteMultipartUpload": large()} {
			var rec *recorder
			var o *s3objects.Objects
			rec, o = record(t, map[string]http.HandlerFunc{op: test.answer, "HeadObject": func(w http.ResponseWriter, _ *http.Request) {
				answerHead(w, test.head, marker(rec))
			}})
			_, err := o.Put(t.Context(), evidence, content, objects.PutOptions{})
			if !is(err, test.want) {
				t.Errorf("%s, %s: %v, want %v", test.name, op, err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), evidence.Path) {
				t.Errorf("%s, %s: the error repeats the path: %v", test.name, op, err)
			}
		}
	}
}

// errAny stands for an error that is none of the contract's.
var errAny = errors.New("any")

func is(err, want error) bool {
	if want != errAny {
		return errors.Is(err, want) && (err == nil) == (want == nil)
	}
	return err != nil && !errors.Is(err, objects.ErrExists) && !errors.Is(err, objects.ErrNotFound)
}

// marker returns the marker that the upload was sent with.
func marker(rec *recorder) string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	for _, op := range []string{"PutObject", "CreateMultipartUpload"} {
		if header := rec.headers[op]; header != nil {
			return header.Get("X-Amz-Meta-Kexin-Upload")
		}
	}
	return ""
}

func answerHead(w http.ResponseWriter, head, marker string) {
	switch head {
	case "ours":
		w.Header().Set("X-Amz-Meta-Kexin-Upload", marker)
	case "other's":
		w.Header().Set("X-Amz-Meta-Kexin-Upload", "0123")
	case "absent":
		w.WriteHeader(http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusForbidden)
	}
}

func TestFailedPartIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rec, o := record(t, map[string]http.HandlerFunc{"UploadPart": func(w http.ResponseWriter, r *http.Request) {
		cancel()
		refuse(503, "SlowDown")(w, r)
	}})
	if _, err := o.Put(ctx, evidence, large(), objects.PutOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	if rec.count("AbortMultipartUpload") != 1 || rec.count("CompleteMultipartUpload") != 0 {
		t.Errorf("sent %v", rec.sent)
	}
}

func TestAnswerWithoutChecksum(t *testing.T) {
	_, o := record(t, map[string]http.HandlerFunc{"GetObject": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }})
	if _, _, err := o.Get(t.Context(), evidence, objects.Range{}); !errors.Is(err, objects.ErrCorrupt) {
		t.Errorf("Get = %v, want ErrCorrupt", err)
	}
	if _, _, err := o.Get(t.Context(), evidence, objects.Range{Offset: 1}); !errors.Is(err, objects.ErrRange) {
		t.Errorf("Get of a range that is answered with everything = %v, want ErrRange", err)
	}
}

func TestRefusedDeletion(t *testing.T) {
	versions := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<ListVersionsResult><Version><Key>%s</Key><VersionId>v1</VersionId></Version></ListVersionsResult>`, evidence.Path)
	}
	for name, test := range map[string]struct {
		until time.Time
		want  error
	}{
		"locked":       {now.Add(time.Hour), objects.ErrLocked},
		"not granted":  {time.Time{}, errAny},
		"lock is over": {now.Add(-time.Hour), errAny},
	} {
		_, o := record(t, map[string]http.HandlerFunc{
			"ListObjectVersions": versions, "DeleteObject": refuse(403, "AccessDenied"),
			"HeadObject": func(w http.ResponseWriter, _ *http.Request) {
				if !test.until.IsZero() {
					w.Header().Set("X-Amz-Object-Lock-Retain-Until-Date", test.until.Format(time.RFC3339))
				}
			},
		})
		if err := o.Delete(t.Context(), evidence); !is(err, test.want) || errors.Is(err, objects.ErrLocked) != (test.want == objects.ErrLocked) {
			t.Errorf("%s: Delete = %v, want %v", name, err, test.want)
		}
	}
}

// TestEmptyPage has a first page without objects, which S3 may give.
func TestEmptyPage(t *testing.T) {
	pages := []string{
		`<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken></ListBucketResult>`,
		`<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>`,
	}
	_, o := record(t, map[string]http.HandlerFunc{"ListObjectsV2": func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("continuation-token") == "n" {
			fmt.Fprint(w, pages[1])
			return
		}
		fmt.Fprint(w, pages[0])
	}})
	if paths, err := o.List(t.Context(), objects.Archives, "", ""); err != nil || len(paths) != 1 || paths[0] != "a" {
		t.Errorf("List = %v, %v", paths, err)
	}
}

func TestNewRefusesWeakConfig(t *testing.T) {
	good := s3objects.Config{Buckets: map[objects.Bucket]string{objects.Archives: "b"}, KMSKey: "k",
		LockMode: types.ObjectLockModeCompliance, Now: time.Now}
	if _, err := s3objects.New(nil, nil, good); err != nil {
		t.Fatal(err)
	}
	for what, weaken := range map[string]func(c *s3objects.Config){
		"buckets": func(c *s3objects.Config) { c.Buckets = nil }, "key": func(c *s3objects.Config) { c.KMSKey = "" },
		"lock mode": func(c *s3objects.Config) { c.LockMode = "NONE" }, "clock": func(c *s3objects.Config) { c.Now = nil },
	} {
		bad := good
		weaken(&bad)
		if _, err := s3objects.New(nil, nil, bad); err == nil {
			t.Errorf("New takes a config without %s", what)
		}
	}
}

func TestBucketOfAnotherFunction(t *testing.T) {
	rec := &recorder{headers: map[string]http.Header{}}
	server := httptest.NewServer(rec)
	defer server.Close()
	c := client(server.URL, "a", "s", http.DefaultTransport)
	o, err := s3objects.New(c, s3.NewPresignClient(c), s3objects.Config{
		Buckets: map[objects.Bucket]string{objects.Archives: "b"}, KMSKey: "k", LockMode: types.ObjectLockModeCompliance, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Delete(t.Context(), evidence); !errors.Is(err, objects.ErrNotGranted) || len(rec.sent) != 0 {
		t.Errorf("Delete = %v after %v, want ErrNotGranted and no request", err, rec.sent)
	}
}
