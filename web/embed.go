// Package web serves the pages: the landing page, the public form and the staff console. They are built from the sources beside this
// file into dist, which is committed, so that building Kexin needs no Node; web/check.sh proves that dist is what the sources give.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed dist
var dist embed.FS

// policy is the content security policy of the pages: nothing inline, nothing from elsewhere. %CONNECT% are further origins that the
// console may load archives from.
const policy = "default-src 'self'; base-uri 'none'; connect-src 'self'%CONNECT%; form-action 'self'; frame-ancestors 'none'; " +
	"img-src 'self'; object-src 'none'; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'; trusted-types lit-html"

// pages are the addresses of pages and their files.
var pages = map[string]string{"/": "index.html", "/form/": "form/index.html", "/console/": "console/index.html"}

// Handler serves the pages. connect are origins beside the page's own, such as that of a bucket with archives, from which the console
// may load; an embedded server needs none. Pages are never kept by caches; assets, which are named by their content, for ever.
func Handler(connect ...string) http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil { // dist is embedded: only an invalid name could fail
		return http.NotFoundHandler()
	}
	s := site{files, strings.ReplaceAll(policy, "%CONNECT%", origins(connect)), tags(files)}
	return http.HandlerFunc(s.serve)
}

// tags returns the entity tag of every file: of what it says, so that each process of a deployment gives the same.
func tags(files fs.FS) map[string]string {
	found := map[string]string{}
	_ = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error { // embedded: nothing can fail
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		sum := sha256.Sum256(data)
		found[name] = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		return err
	})
	return found
}

// Patterns returns the patterns (as of http.ServeMux) under which a server that has other addresses too registers Handler, so that what
// is no page stays the server's to refuse.
func Patterns() []string {
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil { // dist is embedded: only an invalid name could fail
		return nil
	}
	patterns := []string{"GET /{$}"}
	for _, entry := range entries {
		switch {
		case entry.IsDir():
			patterns = append(patterns, "GET /"+entry.Name(), "GET /"+entry.Name()+"/")
		case entry.Name() != "index.html" && !packed(entry.Name()):
			patterns = append(patterns, "GET /"+entry.Name())
		}
	}
	return patterns
}

// origins returns the origins as part of a policy, leaving out whatever could be more than an origin.
func origins(list []string) string {
	var b strings.Builder
	for _, origin := range list {
		if origin != "" && !strings.ContainsAny(origin, " ;,'\"\r\n\t") {
			b.WriteString(" " + origin)
		}
	}
	return b.String()
}

type site struct {
	files  fs.FS
	policy string
	tags   map[string]string
}

func (s site) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	if name, ok := pages[r.URL.Path]; ok {
		s.page(w, r, name)
		return
	}
	if _, ok := pages[r.URL.Path+"/"]; ok {
		http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
		return
	}
	s.asset(w, r, strings.TrimPrefix(path.Clean(r.URL.Path), "/"))
}

func (s site) page(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	h.Set("Content-Security-Policy", s.policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	s.write(w, r, name)
}

// asset serves what pages load. The form component and what it imports may be loaded by other sites: it is public and the same for all.
func (s site) asset(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	switch {
	case strings.HasSuffix(name, ".html") || packed(name):
		http.NotFound(w, r)
		return
	case strings.HasPrefix(name, "assets/"):
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	default:
		h.Set("Cache-Control", "public, max-age=300")
	}
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	s.write(w, r, name)
}

// packed reports whether a file of dist is another one, compressed. It is served under the other's name only.
func packed(name string) bool {
	return strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz")
}

// write answers with a file, compressed where the browser takes that, or 404 without the headers of a hit.
func (s site) write(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	file, encoding := s.packed(r, name)
	data, err := fs.ReadFile(s.files, file)
	if err != nil {
		h.Del("Cache-Control")
		http.NotFound(w, r)
		return
	}
	h.Set("Content-Type", contentType(name))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", s.tags[file])
	if s.tags[name+".gz"] != "" {
		h.Add("Vary", "Accept-Encoding")
	}
	if encoding == "" {
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
		return
	}
	h.Set("Content-Encoding", encoding)
	if slices.Contains(strings.Split(r.Header.Get("If-None-Match"), ", "), s.tags[file]) {
		h.Del("Content-Type")
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(data) // the browser is gone: nobody is left to tell
}

// packed returns which file of dist to send for name, and how that is compressed: "" for not at all.
func (s site) packed(r *http.Request, name string) (file, encoding string) {
	for _, one := range []struct{ encoding, extension string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if s.tags[name+one.extension] != "" && takes(r.Header.Get("Accept-Encoding"), one.encoding) {
			return name + one.extension, one.encoding
		}
	}
	return name, ""
}

// takes reports whether a header Accept-Encoding names encoding without refusing it (RFC 9110, 12.5.3). "*" is not taken up: what asks so
// vaguely gets the file as it is.
func takes(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		quality, weighed := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		if strings.EqualFold(strings.TrimSpace(name), encoding) && (!weighed || strings.Trim(quality, "0.") != "") {
			return true
		}
	}
	return false
}

// contentType knows the types that dist has, whatever the machine's own table says.
func contentType(name string) string {
	types := map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml"}
	if known, ok := types[path.Ext(name)]; ok {
		return known
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}
