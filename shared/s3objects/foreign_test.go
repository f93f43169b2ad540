package s3objects_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/shared/objects"
	"kexin/shared/objectstest"
	"kexin/shared/s3objects"
)

// The server that answers here is versitygw (infra/foreign): it verifies request signatures and presigned links, and has conditional
// writes, versions and object lock. It ignores the headers of SSE-KMS (TestRequests asserts the requests), takes a delete marker for an
// object when a write is conditional (AWS does not), and tells locks by HEAD only (TestLockIsRead).

// client makes a client of the server at endpoint.
func client(endpoint, access, secret string, transport http.RoundTripper) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &endpoint, UsePathStyle: true, Region: "eu-central-1", HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(access, secret, ""),
	})
}

// damaging flips a byte in what is received of the keys it was told.
type damaging struct {
	mu   sync.Mutex
	keys []string
}

func (d *damaging) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range d.keys {
		if err == nil && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, key) {
			response.Body = &flipped{ReadCloser: response.Body}
		}
	}
	return response, err
}

// flipped changes the first byte that is read.
type flipped struct {
	io.ReadCloser
	done bool
}

func (f *flipped) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if n > 0 && !f.done {
		p[0] ^= 1
		f.done = true
	}
	return n, err
}

// buckets makes two fresh buckets as the template does: versioned, with object lock.
func buckets(t *testing.T, c *s3.Client) map[objects.Bucket]string {
	names := map[objects.Bucket]string{}
	for _, bucket := range objects.Buckets() {
		names[bucket] = fmt.Sprintf("kexin-%s-%d", bucket, time.Now().UnixNano())
		in := &s3.CreateBucketInput{Bucket: aws.String(names[bucket]), ObjectLockEnabledForBucket: aws.Bool(true)}
		if _, err := c.CreateBucket(t.Context(), in); err != nil {
			t.Fatalf("CreateBucket: %v", err)
		}
		versioning := &s3.PutBucketVersioningInput{Bucket: aws.String(names[bucket]),
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}
		if _, err := c.PutBucketVersioning(t.Context(), versioning); err != nil {
			t.Fatalf("PutBucketVersioning: %v", err)
		}
	}
	return names
}

func foreign(t *testing.T) (objectstest.Subject, *s3.Client, map[objects.Bucket]string) {
	transport := &damaging{}
	c := client(os.Getenv("KEXIN_TEST_S3"), os.Getenv("KEXIN_TEST_S3_ACCESS"), os.Getenv("KEXIN_TEST_S3_SECRET"), transport)
	names := buckets(t, c)
	o, err := s3objects.New(c, s3.NewPresignClient(c), s3objects.Config{
		Buckets: names, KMSKey: "alias/kexin-objects", LockMode: types.ObjectLockModeCompliance, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return objectstest.Subject{
		Objects: o,
		Corrupt: func(_ *testing.T, name objects.Name) {
			transport.mu.Lock()
			defer transport.mu.Unlock()
			transport.keys = append(transport.keys, "/"+name.Path)
		},
		Now:    time.Now,
		Pass:   func(_ *testing.T, d time.Duration) { time.Sleep(d) },
		Client: &http.Client{},
		Lacks:  objectstest.Lacks{LockOnGet: true, FileBesideFolder: true}, // versitygw keeps objects as files; TestLockIsRead
	}, c, names
}

func configured(t *testing.T) bool {
	if os.Getenv("KEXIN_TEST_S3") == "" {
		t.Log("KEXIN_TEST_S3 not configured")
		return false
	}
	return true
}

func TestForeignContract(t *testing.T) {
	if !configured(t) {
		return
	}
	objectstest.Run(t, func(t *testing.T) objectstest.Subject {
		s, _, _ := foreign(t)
		return s
	})
}

// TestForeignNothingUnderWay finds no parts of uploads that failed or lost against another writer.
func TestForeignNothingUnderWay(t *testing.T) {
	if !configured(t) {
		return
	}
	s, c, names := foreign(t)
	name := objects.Name{Bucket: objects.Archives, Path: "a"}
	large := func() io.Reader { return io.LimitReader(zeros{}, objects.PartSize+1) }
	if _, err := s.Put(t.Context(), name, large(), objects.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), name, large(), objects.PutOptions{}); err == nil {
		t.Fatal("a second Put succeeded")
	}
	if _, err := s.Put(t.Context(), objects.Name{Bucket: objects.Archives, Path: "b"}, io.MultiReader(large(), broken{}), objects.PutOptions{}); err == nil {
		t.Fatal("a Put of failing content succeeded")
	}
	out, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(names[objects.Archives])})
	if err != nil || len(out.Uploads) != 0 {
		t.Errorf("uploads under way: %d, %v", len(out.Uploads), err)
	}
}

// TestForeignDeleteTakesEveryVersion finds nothing left, also of an object that somebody hid behind a delete marker.
func TestForeignDeleteTakesEveryVersion(t *testing.T) {
	if !configured(t) {
		return
	}
	s, c, names := foreign(t)
	name, bucket := objects.Name{Bucket: objects.Archives, Path: "a"}, aws.String(names[objects.Archives])
	for range 2 {
		if _, err := c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &name.Path, Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &name.Path}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	out, err := c.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
	if err != nil || len(out.Versions)+len(out.DeleteMarkers) != 0 {
		t.Errorf("left: %d versions, %d markers, %v", len(out.Versions), len(out.DeleteMarkers), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrNoProgress }
