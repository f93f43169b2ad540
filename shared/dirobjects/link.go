package dirobjects

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kexin/shared/objects"
)

// Link implements objects.Objects: BaseURL/<bucket>/<path>?expires=<Unix seconds>&signature=<HMAC-SHA-256>. The time of expiry is rounded
// up to the second. Like S3, it does not look whether the object exists.
func (d *Dir) Link(ctx context.Context, name objects.Name, ttl time.Duration) (string, error) {
	if err := errors.Join(objects.CheckName(name), objects.CheckTTL(ttl), ctx.Err()); err != nil {
		return "", fmt.Errorf("link object: %w", err)
	}
	expires := strconv.FormatInt(d.options.Now().Add(ttl+time.Second-1).Unix(), 10)
	query := "?expires=" + expires + "&signature=" + d.sign(name, expires)
	return d.options.BaseURL + "/" + string(name.Bucket) + "/" + name.Path + query, nil
}

func (d *Dir) sign(name objects.Name, expires string) string {
	mac := hmac.New(sha256.New, d.options.LinkKey)
	_, _ = io.WriteString(mac, "kexin object link 1\n"+string(name.Bucket)+"\n"+name.Path+"\n"+expires)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// verify returns ErrLink unless query is the one that Link made for name and its time has not come.
func (d *Dir) verify(name objects.Name, query url.Values) error {
	expires, signature := query.Get("expires"), query.Get("signature")
	if len(query) != 2 || len(query["expires"]) != 1 || len(query["signature"]) != 1 || objects.CheckName(name) != nil {
		return objects.ErrLink
	}
	if !hmac.Equal([]byte(signature), []byte(d.sign(name, expires))) {
		return objects.ErrLink
	}
	until, err := strconv.ParseInt(expires, 10, 64)
	if err != nil || d.options.Now().Unix() >= until {
		return objects.ErrLink
	}
	return nil
}

// Handler serves links: GET and HEAD of /<bucket>/<path>, which is what follows BaseURL (use http.StripPrefix). Ranges are served;
// 403 answers an expired or altered link, 404 an object that is gone. Errors are RFC 9457 problems without any detail of the request.
func (d *Dir) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			problem(w, http.StatusMethodNotAllowed)
			return
		}
		d.serve(w, r)
	})
}

func (d *Dir) serve(w http.ResponseWriter, r *http.Request) {
	bucket, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name := objects.Name{Bucket: objects.Bucket(bucket), Path: path}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || d.verify(name, query) != nil {
		problem(w, http.StatusForbidden)
		return
	}
	file, info, err := d.open(name)
	if err != nil {
		problem(w, statusOf(err))
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", info.ContentType)
	w.Header().Set("Content-Disposition", "attachment")
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(file, headerSize, info.Size))
}

func statusOf(err error) int {
	if errors.Is(err, objects.ErrNotFound) {
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

func problem(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d}`+"\n", http.StatusText(status), status)
}
