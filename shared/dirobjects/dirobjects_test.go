package dirobjects_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/shared/dirobjects"
	"kexin/shared/objects"
	"kexin/shared/objectstest"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 500_000_000, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func open(t *testing.T, dir string, c *clock, baseURL string) *dirobjects.Dir {
	t.Helper()
	options := dirobjects.Options{LinkKey: bytes.Repeat([]byte{7}, 32), Now: c.Now, BaseURL: baseURL}
	d, err := dirobjects.Open(dir, options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return d
}

// serve opens a folder behind a server at its base URL.
func serve(t *testing.T) (objectstest.Subject, string) {
	dir, c := t.TempDir(), newClock()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/objects", handler).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d := open(t, dir, c, server.URL+"/objects")
	handler = d.Handler()
	return objectstest.Subject{
		Objects: d,
		Corrupt: func(t *testing.T, name objects.Name) { flipByte(t, fileOf(dir, name), -1) },
		Now:     c.Now,
		Pass:    func(_ *testing.T, d time.Duration) { c.Pass(d) },
		Client:  server.Client(),
	}, dir
}

func fileOf(dir string, name objects.Name) string {
	return filepath.Join(dir, string(name.Bucket), name.Path) + "="
}

// flipByte changes the byte at an offset of a file, counted from its end when it is negative.
func flipByte(t *testing.T, path string, offset int) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[(offset+len(content))%len(content)] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) objectstest.Subject {
		s, _ := serve(t)
		return s
	})
}

func TestSurvivesReopening(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	name := objects.Name{Bucket: objects.Evidence, Path: "a/b"}
	until := c.Now().Add(time.Hour)
	info, err := open(t, dir, c, "").Put(t.Context(), name, strings.NewReader("x"), objects.PutOptions{LockUntil: until})
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, dir, c, "")
	reader, got, err := d.Get(t.Context(), name, objects.Range{})
	if err != nil || got != info {
		t.Fatalf("Get = %+v, %v; want %+v", got, err, info)
	}
	reader.Close()
	if err := d.Delete(t.Context(), name); !errors.Is(err, objects.ErrLocked) {
		t.Errorf("Delete = %v, want ErrLocked", err)
	}
}

func TestModesAndNothingLeft(t *testing.T) {
	s, dir := serve(t)
	name := objects.Name{Bucket: objects.Archives, Path: "a/b/c"}
	if _, err := s.Put(t.Context(), name, strings.NewReader("x"), objects.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), name, strings.NewReader("x"), objects.PutOptions{}); !errors.Is(err, objects.ErrExists) {
		t.Fatal(err)
	}
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			t.Fatal(err)
		}
		info, _ := entry.Info()
		if path != dir && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]int{"=tmp": 0, "archives": 0} {
		if entries, err := os.ReadDir(filepath.Join(dir, folder)); err != nil || len(entries) != want {
			t.Errorf("%s holds %v, %v", folder, entries, err)
		}
	}
}

func TestOpenRemovesOldLeftovers(t *testing.T) {
	dir, c := t.TempDir(), newClock()
	open(t, dir, c, "")
	old, young := filepath.Join(dir, "=tmp", "old"), filepath.Join(dir, "=tmp", "young")
	for path, age := range map[string]time.Duration{old: 25 * time.Hour, young: time.Hour} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, c.Now().Add(-age), c.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir, c, "")
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an upload of yesterday is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("an upload that may be under way is gone: %v", err)
	}
}

// TestDamagedHeaders damages each byte of a header and cuts the file short at several places.
func TestDamagedHeaders(t *testing.T) {
	s, dir := serve(t)
	name := objects.Name{Bucket: objects.Evidence, Path: "a"}
	if _, err := s.Put(t.Context(), name, strings.NewReader("0123456789"), objects.PutOptions{ContentType: "text/plain"}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(fileOf(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, content []byte) {
		if err := os.WriteFile(fileOf(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		reader, _, err := s.Get(t.Context(), name, objects.Range{})
		if err == nil {
			_, err = io.ReadAll(reader)
			reader.Close()
		}
		if !errors.Is(err, objects.ErrCorrupt) {
			t.Fatalf("%s: %v, want ErrCorrupt", what, err)
		}
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x20
		check("a damaged byte", damaged)
	}
	for _, size := range []int{0, 100, 512, len(whole) - 1} {
		check("a file cut short", whole[:size])
	}
	check("a file with more at its end", append(bytes.Clone(whole), 'x'))
	if err := s.Delete(t.Context(), name); !errors.Is(err, objects.ErrCorrupt) {
		t.Errorf("Delete of evidence that is damaged = %v, want ErrCorrupt", err)
	}
}

func TestHandlerRefusals(t *testing.T) {
	s, _ := serve(t)
	name := objects.Name{Bucket: objects.Archives, Path: "a/b"}
	if _, err := s.Put(t.Context(), name, strings.NewReader("0123456789"), objects.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	link, err := s.Link(t.Context(), name, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	query := strings.Index(link, "?")
	forged := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for what, bad := range map[string]string{
		"doubled parameter":  link + "&expires=9999999999",
		"further parameter":  link + "&x=1",
		"semicolons":         strings.Replace(link, "&", ";", 1),
		"forged signature":   link[:query] + "?expires=9999999999&signature=" + forged,
		"negative expiry":    link[:query] + "?expires=-1&signature=" + forged,
		"dots":               strings.Replace(link, "/a/b", "/a/../a/b", 1),
		"encoded slash":      strings.Replace(link, "/a/b", "/x/..%2Fa/b", 1),
		"other bucket":       strings.Replace(link, "/archives/", "/evidence/", 1),
		"temporary folder":   strings.Replace(link, "/archives/", "/=tmp/", 1),
		"no object":          link[:strings.Index(link, "/archives")] + "/archives" + link[query:],
		"suffix of the file": strings.Replace(link, "/a/b", "/a/b=", 1),
	} {
		response, err := s.Client.Get(bad)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != 403 || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %q", what, response.StatusCode, body)
		}
	}
}

func TestOpenRefusesWeakOptions(t *testing.T) {
	for _, options := range []dirobjects.Options{{Now: time.Now}, {LinkKey: make([]byte, 31), Now: time.Now}, {LinkKey: make([]byte, 32)}} {
		if _, err := dirobjects.Open(t.TempDir(), options); err == nil {
			t.Error("Open took options without a key or clock")
		}
	}
}

// TestFoldersComeAndGo lets writers and deleters of one folder meet, which is removed whenever it is empty.
func TestFoldersComeAndGo(t *testing.T) {
	s, _ := serve(t)
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			name := objects.Name{Bucket: objects.Archives, Path: "a/b/" + string(rune('a'+i))}
			for range 50 {
				if _, err := s.Put(t.Context(), name, strings.NewReader("x"), objects.PutOptions{}); err != nil {
					t.Errorf("Put: %v", err)
				}
				if err := s.Delete(t.Context(), name); err != nil {
					t.Errorf("Delete: %v", err)
				}
			}
		})
	}
	writers.Wait()
}
