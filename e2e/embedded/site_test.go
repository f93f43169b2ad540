package embedded_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/infra/local/embedded"
	"kexin/shared/audit"
	"kexin/shared/founding"
	"kexin/shared/fsck"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// passphrase opens the key files of product stores.
const passphrase = "six invented words for a test only"

// site is an embedded installation that listens on loopback, with everything that a test looks at.
type site struct {
	t      *testing.T
	dir    string
	issuer *issuer // of a product store; nil on a demonstration
	log    *lines  // everything that was logged, over all restarts
	server *embedded.Server
	web    *httptest.Server
	tokens map[string]string
	rate   int // submissions a second; 0 without limit
}

// full reports whether the tests run with full counts.
func full() bool { return os.Getenv("KEXIN_FULL") != "" }

// count is small in `make test` and big with KEXIN_FULL=1.
func count(small, big int) int {
	if full() {
		return big
	}
	return small
}

// demonstration opens a demonstration store with its staff and without customers.
func demonstration(t *testing.T) *site {
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data"), log: &lines{}}
	s.open()
	t.Cleanup(s.close)
	s.must(s.server.Seed(t.Context(), 0, func(int) {}))
	return s
}

// product opens a product store, whose staff log in at an identity provider on loopback. It has the same accounts.
func product(t *testing.T) *site {
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data"), log: &lines{}, issuer: newIssuer(t)}
	s.open()
	t.Cleanup(s.close)
	var members []founding.Member
	for _, account := range embedded.Accounts() {
		members = append(members, founding.Member{Name: account.Name, Role: account.Role, Title: account.Title, Department: account.Department,
			Subject: account.Subject, NDA: "2050-01-01", Training: "2050-01-01", Vetting: "2050-01-01"})
	}
	list, err := json.Marshal(members)
	s.must(err)
	path := filepath.Join(t.TempDir(), "staff.json")
	s.must(os.WriteFile(path, list, 0o600))
	s.must(s.server.FirstStaff(t.Context(), path, io.Discard))
	return s
}

// open opens what lies in the folder, or creates it.
func (s *site) open() {
	s.t.Helper()
	s.web, s.tokens = httptest.NewUnstartedServer(nil), map[string]string{}
	addr := s.web.Listener.Addr().String()
	o := embedded.Options{Data: s.dir, Pack: "P06", Demo: true, BaseURL: "http://" + addr, Addr: addr,
		FormRate: s.rate, Log: telemetry.NewLogger(s.log, slog.LevelDebug), Random: rand.Reader}
	if s.issuer != nil {
		o.Demo, o.Passphrase, o.Issuer, o.Audience = false, []byte(passphrase), s.issuer.URL(), audience
	}
	server, err := embedded.Open(s.t.Context(), o)
	s.must(err)
	s.must(server.Warm(s.t.Context()))
	s.server = server
	s.web.Config.Handler = server.Handler()
	s.web.Start()
}

// close stops the installation; the folder stays.
func (s *site) close() {
	s.t.Helper()
	if s.server == nil {
		return
	}
	s.web.Close()
	s.must(s.server.Close())
	s.server = nil
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// token returns a valid token of an account.
func (s *site) token(subject string) string {
	s.t.Helper()
	if s.tokens[subject] == "" {
		if s.issuer != nil {
			s.tokens[subject] = s.issuer.token(subject, time.Hour)
		} else {
			token, err := s.server.Issuing.Token(subject, time.Hour)
			s.must(err)
			s.tokens[subject] = token
		}
	}
	return s.tokens[subject]
}

// reply is an answer over HTTP.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// get returns the member at a path of names through the JSON of the answer, nil when there is none.
func (r reply) get(path ...string) any {
	var value any
	if json.Unmarshal(r.body, &value) != nil {
		return nil
	}
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// text is get for strings.
func (r reply) text(path ...string) string {
	text, _ := r.get(path...).(string)
	return text
}

// list is get for arrays.
func (r reply) list(path ...string) []any {
	list, _ := r.get(path...).([]any)
	return list
}

// request returns a request as an account, "" for nobody. A body is sent as JSON, []byte as it is. header alternates names and values.
func (s *site) request(as, method, path string, body any, header ...string) *http.Request {
	s.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case []byte:
		reader = bytes.NewReader(body)
	default:
		encoded, err := json.Marshal(body)
		s.must(err)
		reader = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.web.URL+path, reader)
	s.must(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+s.token(as))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// send sends a request and reads the whole answer.
func (s *site) send(r *http.Request) reply {
	s.t.Helper()
	response, err := s.web.Client().Do(r)
	s.must(err)
	return reply{response.StatusCode, response.Header, readAll(response)}
}

// readAll returns the body of an answer as far as it came.
func readAll(response *http.Response) []byte {
	data, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	return data
}

// call sends a request and wants a status.
func (s *site) call(want int, as, method, path string, body any, header ...string) reply {
	s.t.Helper()
	r := s.send(s.request(as, method, path, body, header...))
	if r.status != want {
		s.t.Fatalf("%s %s as %q: %d, want %d: %s\n%s", method, path, as, r.status, want, r.body, s.log.tail())
	}
	return r
}

// job runs a scheduled function.
func (s *site) job(name string) any {
	s.t.Helper()
	report, err := s.server.RunJob(s.t.Context(), name)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	return report
}

// newKey returns an Idempotency-Key.
func newKey() string {
	raw := make([]byte, 18)
	_, _ = rand.Read(raw) // never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}

// once is the header of a request that is not repeated.
func once() []string { return []string{"Idempotency-Key", newKey()} }

// clean fails the test when fsck finds anything.
func (s *site) clean() {
	s.t.Helper()
	sealer := &audit.Sealer{Store: s.server.Store, Objects: s.server.Objects, Keys: s.server.Keys, Deployment: s.server.Keys.Deployment(),
		Function: "fsck", Now: s.server.Clock.Now, IdleAfter: 24 * time.Hour}
	report, err := fsck.Check(s.t.Context(), fsck.Config{Store: s.server.Store, Scanner: s.server.Store, Pack: s.server.Pack,
		Objects: s.server.Objects, Audit: sealer.Check, Now: s.server.Clock.Now})
	s.must(err)
	for i, finding := range report.Findings {
		if s.t.Errorf("fsck: %v", finding); i > 10 {
			break
		}
	}
}

// rows returns every row of a table by its key.
func (s *site) rows(table store.Table) map[store.Key]store.Item {
	s.t.Helper()
	found := map[store.Key]store.Item{}
	for cursor := ""; ; {
		page, err := s.server.Store.Scan(context.WithoutCancel(s.t.Context()), table, 0, 1, cursor)
		s.must(err)
		for _, item := range page.Items {
			found[item.Key] = item
		}
		if cursor = page.Next; cursor == "" {
			return found
		}
	}
}

// refusals returns the entries of the audit log with verdict deny.
func (s *site) refusals() []audit.Entry {
	s.t.Helper()
	return s.entries(func(e audit.Entry) bool { return e.Verdict == audit.Deny })
}

// entries returns the entries of the audit log that are wanted, in no order.
func (s *site) entries(wanted func(audit.Entry) bool) []audit.Entry {
	s.t.Helper()
	var found []audit.Entry
	for key, item := range s.rows(store.Audit) {
		var e audit.Entry
		if strings.HasPrefix(key.PK, "LANE#") && json.Unmarshal(item.Body, &e) == nil && wanted(e) {
			found = append(found, e)
		}
	}
	return found
}

// staffID returns the id of an account.
func (s *site) staffID(subject string) record.StaffID {
	s.t.Helper()
	return record.StaffID(s.call(200, subject, "GET", "/v1/me", nil).text("staff"))
}

// lines keeps what is written to it, from any goroutine.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps p.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// bytes returns everything so far.
func (l *lines) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.text.Bytes())
}

// tail returns the last lines, for messages.
func (l *lines) tail() string {
	text := l.bytes()
	if errors := slices.DeleteFunc(strings.SplitAfter(string(text), "\n"), func(line string) bool { return !strings.Contains(line, `"level":"ERROR"`) }); len(errors) > 0 {
		return strings.Join(errors, "")
	}
	return string(text[max(0, len(text)-1500):])
}
