// Package objectstest is the contract of package objects as tests, and a wrapper that lets calls fail. Every implementation runs Run.
package objectstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"kexin/shared/objects"
)

// Subject is an implementation under test with what its surroundings can do. Its buckets are empty at first.
type Subject struct {
	objects.Objects
	// Corrupt makes the stored bytes of name, or what is received of them, differ from what was put.
	Corrupt func(t *testing.T, name objects.Name)
	// Now is the clock that locks and links follow; Pass lets d pass on it, by waiting where the server has a clock of its own.
	Now  func() time.Time
	Pass func(t *testing.T, d time.Duration)
	// Client fetches links.
	Client *http.Client
	// Lacks states what the server behind the subject is known to get wrong, so that it is not judged by it.
	Lacks Lacks
}

// Lacks lists questions that a foreign server cannot answer. Whoever sets one must answer it in another test.
type Lacks struct {
	LockOnGet        bool // reading an object does not tell its lock
	FileBesideFolder bool // "a" and "a/b" cannot both exist
}

// Run holds the subjects that maker makes, a fresh one for each test, against the contract. With the environment variable KEXIN_FULL=1
// the large upload has 64 MB instead of 9.
func Run(t *testing.T, maker func(t *testing.T) Subject) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s Subject)
	}{
		{"RoundTrip", roundTrip},
		{"LargeUpload", largeUpload},
		{"PutNeverReplaces", putNeverReplaces},
		{"FailedUploadLeavesNothing", failedUploadLeavesNothing},
		{"CancelledUploadLeavesNothing", cancelledUploadLeavesNothing},
		{"Ranges", ranges},
		{"CorruptionIsFound", corruptionIsFound},
		{"CorruptionOfLargeIsFound", corruptionOfLargeIsFound},
		{"Delete", deletion},
		{"Locks", locks},
		{"LockOfLarge", lockOfLarge},
		{"Links", links},
		{"LinksExpire", linksExpire},
		{"List", listing},
		{"ListOrder", listOrder},
		{"ListPages", listPages},
		{"Names", names},
		{"CancelledContext", cancelledContext},
		{"OneWriterWins", oneWriterWins},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, maker(t)) })
	}
}

// Full reports whether tests may take their time: KEXIN_FULL=1.
func Full() bool { return os.Getenv("KEXIN_FULL") == "1" }

func archive(path string) objects.Name { return objects.Name{Bucket: objects.Archives, Path: path} }

// noise returns the same size bytes for the same seed, behind a reader that tells no length and hands out odd pieces.
func noise(seed byte, size int64) io.Reader {
	return &pieces{r: io.LimitReader(rand.NewChaCha8([32]byte{seed}), size)}
}

type pieces struct {
	r io.Reader
	n int
}

func (p *pieces) Read(b []byte) (int, error) {
	p.n = (p.n + 7919) % 65537
	return p.r.Read(b[:min(len(b), p.n+1)])
}

func sumOf(t *testing.T, r io.Reader) [32]byte {
	t.Helper()
	digest := sha256.New()
	if _, err := io.Copy(digest, r); err != nil {
		t.Fatalf("read: %v", err)
	}
	return [32]byte(digest.Sum(nil))
}

func put(t *testing.T, s Subject, name objects.Name, content string, options objects.PutOptions) objects.Info {
	t.Helper()
	info, err := s.Put(t.Context(), name, bytes.NewReader([]byte(content)), options)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	return info
}

// read returns all that Get and its reader give.
func read(ctx context.Context, o objects.Objects, name objects.Name, r objects.Range) ([]byte, objects.Info, error) {
	reader, info, err := o.Get(ctx, name, r)
	if err != nil {
		return nil, info, err
	}
	content, err := io.ReadAll(reader)
	return content, info, errors.Join(err, reader.Close())
}

func wantContent(t *testing.T, s Subject, name objects.Name, want string) {
	t.Helper()
	content, _, err := read(t.Context(), s, name, objects.Range{})
	if err != nil || string(content) != want {
		t.Fatalf("Get = %.40q, %v; want %.40q", content, err, want)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want %v", what, err, want)
	}
}

// wantAbsent fails the test unless name is neither got nor listed.
func wantAbsent(t *testing.T, s Subject, name objects.Name) {
	t.Helper()
	_, _, err := read(t.Context(), s, name, objects.Range{})
	wantError(t, "Get of what must not be there", err, objects.ErrNotFound)
	paths, err := s.List(t.Context(), name.Bucket, name.Path, "")
	if err != nil || len(paths) != 0 {
		t.Fatalf("List = %v, %v; want nothing", paths, err)
	}
}
