package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func serve(t *testing.T, method, path string, connect ...string) *http.Response {
	t.Helper()
	recorder := httptest.NewRecorder()
	Handler(connect...).ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	var b strings.Builder
	buffer := make([]byte, 1<<16)
	for {
		n, err := r.Body.Read(buffer)
		b.Write(buffer[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestPagesAllowNothingInlineAndAreNotKept(t *testing.T) {
	for path := range pages {
		r := serve(t, http.MethodGet, path)
		if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, cache %q", path, r.StatusCode, r.Header.Get("Cache-Control"))
		}
		csp := r.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'self';") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "data:") || strings.Contains(csp, "*") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if got := r.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
			t.Errorf("%s: type %q", path, got)
		}
		for _, name := range []string{"X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "X-Frame-Options"} {
			if r.Header.Get(name) == "" {
				t.Errorf("%s: no %s", path, name)
			}
		}
	}
}

// TestPagesHoldNothingInlineNorForeign reads dist itself: a page with an inline script would be dead under its policy, and one that
// loads from elsewhere would tell others who looks at it.
func TestPagesHoldNothingInlineNorForeign(t *testing.T) {
	inline := regexp.MustCompile(`<style|\sstyle=|<script>|\son[a-z]+=|javascript:`)
	foreign := regexp.MustCompile(`(src|href)="(https?:)?//`)
	reference := regexp.MustCompile(`(?:src|href)="/([^"]+)"`)
	for path := range pages {
		html := body(t, serve(t, http.MethodGet, path))
		if inline.MatchString(html) || foreign.MatchString(html) {
			t.Errorf("%s holds something inline or foreign:\n%s", path, html)
		}
		for _, match := range reference.FindAllStringSubmatch(html, -1) {
			if r := serve(t, http.MethodGet, "/"+match[1]); r.StatusCode != http.StatusOK {
				t.Errorf("%s refers to %s: %d", path, match[1], r.StatusCode)
			}
		}
	}
}

func TestAssetsAreKeptByTheirContentAndOthersAreNot(t *testing.T) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".html") || packed(name) {
			return err
		}
		r := serve(t, http.MethodGet, "/"+name)
		cache := r.Header.Get("Cache-Control")
		if immutable := strings.HasPrefix(name, "assets/"); r.StatusCode != http.StatusOK || strings.Contains(cache, "immutable") != immutable {
			t.Errorf("%s: %d, cache %q", name, r.StatusCode, cache)
		}
		if strings.HasPrefix(name, "assets/") && !regexp.MustCompile(`-[A-Za-z0-9_-]{8}\.(js|css)$`).MatchString(name) {
			t.Errorf("%s is kept for ever but not named by its content", name)
		}
		if r.Header.Get("Content-Type") == "application/octet-stream" {
			t.Errorf("%s has no type", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOtherSitesMayLoadTheForm(t *testing.T) {
	r := serve(t, http.MethodGet, "/embed/kexin-form.js")
	if r.StatusCode != http.StatusOK || r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("component: %d %v", r.StatusCode, r.Header)
	}
	if page := serve(t, http.MethodGet, "/console/"); page.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other sites may read the console's page")
	}
}

func TestWhatIsNotThere(t *testing.T) {
	for path, want := range map[string]int{
		"/nothing": 404, "/index.html": 404, "/console/index.html": 404, "/assets/../embed.go": 404, "/assets/": 404, "/form": 301, "/console": 301,
	} {
		if got := serve(t, http.MethodGet, path).StatusCode; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if r := serve(t, http.MethodPost, "/form/"); r.StatusCode != 405 || r.Header.Get("Allow") == "" {
		t.Errorf("POST: %d", r.StatusCode)
	}
	if r := serve(t, http.MethodGet, "/nothing"); r.Header.Get("Cache-Control") != "" {
		t.Error("a miss is kept by caches")
	}
}

func TestOnlyOriginsGetIntoThePolicy(t *testing.T) {
	csp := serve(t, http.MethodGet, "/console/", "https://bucket.example", "https://x.example; script-src *", "").Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "connect-src 'self' https://bucket.example;") || strings.Contains(csp, "script-src *") {
		t.Errorf("policy %q", csp)
	}
}

// ask requests a path with headers, name and value in turn.
func ask(t *testing.T, path string, header ...string) *http.Response {
	t.Helper()
	recorder, request := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	Handler().ServeHTTP(recorder, request)
	return recorder.Result()
}

// TestCompressedFilesAreTheFiles asks for every file as a browser does and as one that takes nothing compressed.
func TestCompressedFilesAreTheFiles(t *testing.T) {
	files, err := fs.Glob(dist, "dist/*/*.gz")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d compressed files, %v", len(files), err)
	}
	for _, file := range files {
		path := strings.TrimSuffix(strings.TrimPrefix(file, "dist"), ".gz")
		plain := ask(t, path)
		want := body(t, plain)
		r := ask(t, path, "Accept-Encoding", "gzip;q=0.5, deflate, br;q=0")
		reader, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(reader)
		if err != nil || string(got) != want || r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: compressed it is something else: %v %v", path, r.Header, err)
		}
		br := ask(t, path, "Accept-Encoding", "gzip, deflate, br, zstd")
		if br.Header.Get("Content-Encoding") != "br" || br.Header.Get("Content-Type") != plain.Header.Get("Content-Type") || br.StatusCode != 200 {
			t.Errorf("%s: %v", path, br.Header)
		}
		if plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("ETag") == br.Header.Get("ETag") || plain.Header.Get("Vary") == "" {
			t.Errorf("%s: plain and compressed are told apart by nothing: %v", path, plain.Header)
		}
		for _, encoding := range []string{"", "gzip", "br"} {
			tag := ask(t, path, "Accept-Encoding", encoding).Header.Get("ETag")
			if r := ask(t, path, "Accept-Encoding", encoding, "If-None-Match", tag); tag == "" || r.StatusCode != http.StatusNotModified || body(t, r) != "" {
				t.Errorf("%s in %q: asked with its own tag: %d", path, encoding, r.StatusCode)
			}
		}
		if r := ask(t, path+".gz"); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s.gz is an address of its own", path)
		}
	}
}

// TestEveryFileFitsIntoAnAnswerOfLambda: 6 MB, of which base64 takes a quarter.
func TestEveryFileFitsIntoAnAnswerOfLambda(t *testing.T) {
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > 4_000_000 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
