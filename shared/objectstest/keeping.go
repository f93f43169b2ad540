package objectstest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"kexin/shared/objects"
)

func deletion(t *testing.T, s Subject) {
	name := archive("exp_1/gone")
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatalf("Delete of nothing: %v", err)
	}
	put(t, s, name, "1", objects.PutOptions{})
	put(t, s, archive("exp_1/gone2"), "beside", objects.PutOptions{})
	for range 2 {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Fatalf("Delete: %v", err)
		}
	}
	_, _, err := read(t.Context(), s, name, objects.Range{})
	wantError(t, "Get of a deleted object", err, objects.ErrNotFound)
	wantContent(t, s, archive("exp_1/gone2"), "beside")
	put(t, s, name, "2", objects.PutOptions{}) // no version of it is left, so the name is free
	wantContent(t, s, name, "2")
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	_, _, err = read(t.Context(), s, name, objects.Range{})
	wantError(t, "Get of an object deleted again", err, objects.ErrNotFound)
}

func locks(t *testing.T, s Subject) {
	name := objects.Name{Bucket: objects.Evidence, Path: "checkpoint/1"}
	until := s.Now().Add(3 * time.Second)
	info := put(t, s, name, "sealed", objects.PutOptions{LockUntil: until})
	if info.LockedUntil.Before(until) || info.LockedUntil.After(until.Add(time.Second)) {
		t.Errorf("Put: locked until %v, want %v", info.LockedUntil, until)
	}
	if _, got, err := read(t.Context(), s, name, objects.Range{}); err != nil || !s.Lacks.LockOnGet && !got.LockedUntil.Equal(info.LockedUntil) {
		t.Errorf("Get: locked until %v, %v; want %v", got.LockedUntil, err, info.LockedUntil)
	}
	wantError(t, "Delete of a locked object", s.Delete(t.Context(), name), objects.ErrLocked)
	_, err := s.Put(t.Context(), name, noise(1, 9), objects.PutOptions{})
	wantError(t, "Put over a locked object", err, objects.ErrExists)
	wantContent(t, s, name, "sealed")
	s.Pass(t, 5*time.Second)
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatalf("Delete after the lock: %v", err)
	}
	wantAbsent(t, s, name)
	past := objects.Name{Bucket: objects.Evidence, Path: "past"}
	if info := put(t, s, past, "x", objects.PutOptions{LockUntil: s.Now().Add(-time.Hour)}); !info.LockedUntil.IsZero() {
		t.Errorf("a lock in the past gave %v", info.LockedUntil)
	}
	if err := s.Delete(t.Context(), past); err != nil {
		t.Errorf("Delete of an object whose lock lies in the past: %v", err)
	}
}

func lockOfLarge(t *testing.T, s Subject) {
	name := objects.Name{Bucket: objects.Evidence, Path: "large"}
	if _, err := s.Put(t.Context(), name, noise(1, 9<<20), objects.PutOptions{LockUntil: s.Now().Add(3 * time.Second)}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	wantError(t, "Delete of a locked object", s.Delete(t.Context(), name), objects.ErrLocked)
	s.Pass(t, 5*time.Second)
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatalf("Delete after the lock: %v", err)
	}
	wantAbsent(t, s, name)
}

// fetch returns status, content and header of a link without following anything.
func fetch(t *testing.T, s Subject, method, link, byteRange string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, link, nil)
	if err != nil {
		t.Fatalf("link %q: %v", link, err)
	}
	if byteRange != "" {
		request.Header.Set("Range", byteRange)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	return response.StatusCode, string(content), response.Header
}

func link(t *testing.T, s Subject, name objects.Name, ttl time.Duration) string {
	t.Helper()
	made, err := s.Link(t.Context(), name, ttl)
	if err != nil {
		t.Fatalf("Link: %v", err)
	}
	return made
}

func links(t *testing.T, s Subject) {
	put(t, s, archive("exp_1/file"), "0123456789", objects.PutOptions{ContentType: "application/x-kexin"})
	put(t, s, archive("exp_1/file2"), "another", objects.PutOptions{})
	good := link(t, s, archive("exp_1/file"), time.Minute)
	status, content, header := fetch(t, s, http.MethodGet, good, "")
	if status != 200 || content != "0123456789" || header.Get("Content-Type") != "application/x-kexin" {
		t.Errorf("GET = %d %q %q", status, content, header.Get("Content-Type"))
	}
	if header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", header.Get("Cache-Control"))
	}
	if status, content, _ := fetch(t, s, http.MethodGet, good, "bytes=3-5"); status != 206 || content != "345" {
		t.Errorf("GET of a range = %d %q", status, content)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPost} {
		if status, _, _ := fetch(t, s, method, good, ""); status < 400 || status > 499 {
			t.Errorf("%s = %d, want a refusal", method, status)
		}
	}
	for what, altered := range alterations(t, good) {
		if status, content, _ := fetch(t, s, http.MethodGet, altered, ""); status < 400 || status > 499 || strings.Contains(content, "0123456789") {
			t.Errorf("GET with altered %s = %d %.80q, want a refusal", what, status, content)
		}
	}
	wantContent(t, s, archive("exp_1/file"), "0123456789")
	if status, _, _ := fetch(t, s, http.MethodGet, link(t, s, archive("absent"), time.Minute), ""); status != 404 {
		t.Errorf("GET of a link to nothing = %d, want 404", status)
	}
	for _, ttl := range []time.Duration{0, -time.Second, time.Second - 1, 15*time.Minute + 1} {
		_, err := s.Link(t.Context(), archive("exp_1/file"), ttl)
		wantError(t, fmt.Sprintf("Link for %v", ttl), err, objects.ErrLink)
	}
}

// alterations returns good with its path, and with each of its parameters, changed or left out.
func alterations(t *testing.T, good string) map[string]string {
	t.Helper()
	parsed, err := url.Parse(good)
	if err != nil {
		t.Fatalf("link: %v", err)
	}
	altered := map[string]string{}
	change := func(what string, edit func(u *url.URL, q url.Values)) {
		u := *parsed
		q := u.Query()
		edit(&u, q)
		u.RawQuery = q.Encode()
		altered[what] = u.String()
	}
	change("path", func(u *url.URL, _ url.Values) { u.Path += "2" })
	for key, values := range parsed.Query() {
		if key == "response-cache-control" || key == "X-Amz-Security-Token" {
			continue
		}
		change(key, func(_ *url.URL, q url.Values) { q.Set(key, flip(values[0])) })
		change("absent "+key, func(_ *url.URL, q url.Values) { q.Del(key) })
	}
	change("all", func(_ *url.URL, q url.Values) { clear(q) })
	return altered
}

// flip changes the first digit of a value, or its first character when it has none, and keeps its form.
func flip(value string) string {
	at := max(0, strings.IndexAny(value, "0123456789"))
	next := byte('1')
	if len(value) > at && value[at] == '1' {
		next = '2'
	}
	return value[:at] + string(next) + value[min(at+1, len(value)):]
}

func linksExpire(t *testing.T, s Subject) {
	put(t, s, archive("file"), "0123456789", objects.PutOptions{})
	short := link(t, s, archive("file"), 2*time.Second)
	if status, _, _ := fetch(t, s, http.MethodGet, short, ""); status != 200 {
		t.Errorf("GET in time = %d, want 200", status)
	}
	s.Pass(t, 4*time.Second)
	if status, content, _ := fetch(t, s, http.MethodGet, short, ""); status != 403 || strings.Contains(content, "0123456789") {
		t.Errorf("GET of an expired link = %d %.80q, want 403", status, content)
	}
}

func wantList(t *testing.T, s Subject, prefix, after string, want ...string) {
	t.Helper()
	paths, err := s.List(t.Context(), objects.Archives, prefix, after)
	if err != nil || !slices.Equal(paths, want) {
		t.Errorf("List(%q, %q) = %v, %v; want %v", prefix, after, paths, err, want)
	}
}

func listing(t *testing.T, s Subject) {
	wantList(t, s, "", "")
	for _, path := range []string{"b/2", "a", "b/1", "b/10", "c/d/e"} {
		put(t, s, archive(path), "x", objects.PutOptions{})
	}
	put(t, s, objects.Name{Bucket: objects.Evidence, Path: "b/other"}, "x", objects.PutOptions{})
	wantList(t, s, "", "", "a", "b/1", "b/10", "b/2", "c/d/e")
	wantList(t, s, "b/", "", "b/1", "b/10", "b/2")
	wantList(t, s, "b/1", "", "b/1", "b/10")
	wantList(t, s, "b", "b/1", "b/10", "b/2")
	wantList(t, s, "", "b/1", "b/10", "b/2", "c/d/e")
	wantList(t, s, "", "b/11", "b/2", "c/d/e") // after need not exist
	wantList(t, s, "b/", "a", "b/1", "b/10", "b/2")
	wantList(t, s, "b/", "c")
	wantList(t, s, "", "c/d/e")
	wantList(t, s, "absent", "")
}

// listOrder has names around the slash, which sort differently as bytes and as folders.
func listOrder(t *testing.T, s Subject) {
	paths := []string{"a-b", "a.b", "a/b/c", "a/b.c", "a0", "A", "a_b", "ab"}
	if !s.Lacks.FileBesideFolder {
		paths = append(paths, "a", "a/b")
	}
	for _, path := range paths {
		put(t, s, archive(path), "content of "+path, objects.PutOptions{})
	}
	sort.Strings(paths)
	wantList(t, s, "", "", paths...)
	for i, path := range paths {
		wantContent(t, s, archive(path), "content of "+path)
		wantList(t, s, "", path, paths[i+1:]...)
	}
}

// listPages walks more than a page: with KEXIN_FULL 1,005 objects, otherwise only the end of a walk.
func listPages(t *testing.T, s Subject) {
	count := 20
	if Full() {
		count = objects.MaxList + 5
	}
	for i := range count {
		put(t, s, archive(fmt.Sprintf("tile/%02d/%04d", i%7, i)), "x", objects.PutOptions{})
	}
	seen, after := 0, ""
	for {
		paths, err := s.List(t.Context(), objects.Archives, "tile/", after)
		if err != nil || len(paths) > objects.MaxList || !sort.StringsAreSorted(paths) {
			t.Fatalf("List = %d paths, %v", len(paths), err)
		}
		if len(paths) == 0 {
			break
		}
		if paths[0] <= after {
			t.Fatalf("List after %q starts with %q", after, paths[0])
		}
		seen, after = seen+len(paths), paths[len(paths)-1]
	}
	if seen != count {
		t.Errorf("the walk saw %d objects, want %d", seen, count)
	}
}

func names(t *testing.T, s Subject) {
	long := strings.Repeat("s", 200) + "/" + strings.Repeat("t", 200) + "/" + strings.Repeat("u", 110)
	put(t, s, archive(long), "long", objects.PutOptions{})
	wantContent(t, s, archive(long), "long")
	for _, name := range []objects.Name{
		archive(""), archive("/a"), archive("a/"), archive("a//b"), archive(".."), archive("../a"), archive("a/./b"), archive("a b"),
		archive("客"), archive("a\x00"), archive("a=b"), archive("a\\b"), archive(long + "v"), archive(strings.Repeat("s", 201)),
		{Bucket: "other", Path: "a"}, {Path: "a"},
	} {
		_, err := s.Put(t.Context(), name, strings.NewReader("x"), objects.PutOptions{})
		wantError(t, fmt.Sprintf("Put %q", name.Path), err, objects.ErrName)
		_, _, err = read(t.Context(), s, name, objects.Range{})
		wantError(t, fmt.Sprintf("Get %q", name.Path), err, objects.ErrName)
		wantError(t, fmt.Sprintf("Delete %q", name.Path), s.Delete(t.Context(), name), objects.ErrName)
		_, err = s.Link(t.Context(), name, time.Minute)
		wantError(t, fmt.Sprintf("Link %q", name.Path), err, objects.ErrName)
	}
	_, err := s.List(t.Context(), "other", "", "")
	wantError(t, "List of an unknown bucket", err, objects.ErrName)
}
