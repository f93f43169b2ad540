package embedded_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/shared/evidence"
	"kexin/shared/formapi"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/keys"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
)

// trace records what a function asks of its store and root keys: kinds, tables and sizes, in order.
type trace struct {
	mu    sync.Mutex
	calls []string
}

func (r *trace) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, fmt.Sprintf(format, args...))
}

// take returns the calls since the last time.
func (r *trace) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// tracedStore notes every call with its sizes.
type tracedStore struct {
	store.Store
	*trace
}

func sizeOf(item store.Item) string {
	return fmt.Sprintf("%s %d+%d+%d %d attributes", item.Key.Table, len(item.Key.PK), len(item.Key.SK), len(item.Body), len(item.Attrs))
}

// Get implements store.Store.
func (s tracedStore) Get(ctx context.Context, key store.Key) (store.Item, error) {
	item, err := s.Store.Get(ctx, key)
	s.note("get %s: %d %v", sizeOf(store.Item{Key: key}), len(item.Body), err)
	return item, err
}

// GetMany implements store.Store.
func (s tracedStore) GetMany(ctx context.Context, list []store.Key) ([]store.Item, error) {
	items, err := s.Store.GetMany(ctx, list)
	s.note("get %d: %d %v", len(list), len(items), err)
	return items, err
}

// Query implements store.Store.
func (s tracedStore) Query(ctx context.Context, q store.Query) (store.Page, error) {
	page, err := s.Store.Query(ctx, q)
	s.note("query %s: %d %v", q.Table, len(page.Items), err)
	return page, err
}

// Transact implements store.Store.
func (s tracedStore) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	err := s.Store.Transact(ctx, token, ops...)
	for _, op := range ops {
		s.note("verb %d %s, %d terms", op.Verb, sizeOf(op.Item), len(op.If.Terms))
	}
	s.note("transact %d: %v", len(ops), err)
	return err
}

// tracedKeys notes every use of a root key.
type tracedKeys struct {
	keys.Keys
	*trace
}

// Wrap implements keys.Keys.
func (k tracedKeys) Wrap(ctx context.Context, purpose keys.Purpose, secret []byte) ([]byte, error) {
	k.note("wrap %s %d", purpose, len(secret))
	return k.Keys.Wrap(ctx, purpose, secret)
}

// Unwrap implements keys.Keys.
func (k tracedKeys) Unwrap(ctx context.Context, purpose keys.Purpose, wrapped []byte) ([]byte, error) {
	k.note("unwrap %s %d", purpose, len(wrapped))
	return k.Keys.Unwrap(ctx, purpose, wrapped)
}

// Sign implements keys.Keys.
func (k tracedKeys) Sign(ctx context.Context, signer keys.Signer, digest [32]byte) ([]byte, error) {
	k.note("sign %s", signer)
	return k.Keys.Sign(ctx, signer, digest)
}

// Public implements keys.Keys.
func (k tracedKeys) Public(ctx context.Context, signer keys.Signer) (*ecdsa.PublicKey, error) {
	k.note("public %s", signer)
	return k.Keys.Public(ctx, signer)
}

// tracedForm is submit-form put together as in the server, over a store and keys that note what they are asked.
func (s *site) tracedForm() (http.Handler, *trace) {
	s.t.Helper()
	seen := &trace{}
	backend := s.server.Backend()
	backend.Store, backend.Keys = tracedStore{backend.Store, seen}, tracedKeys{backend.Keys, seen}
	sys, err := ruled.New(backend, grants.SubmitForm)
	s.must(err)
	receipts, err := evidence.NewReceiptSigner(s.t.Context(), sys.Keys, sys.Deployment, sys.Random, sys.Now)
	s.must(err)
	api := httpapi.New(httpapi.Info{Title: "form", Version: "1", Now: time.Now, Random: rand.Reader})
	formapi.Register(api, formapi.Deps{Deployment: sys.Deployment, Pack: sys.Pack, Store: sys.Store, Writer: sys.Writer(store.Inbox), Receipts: receipts,
		PublicKeys: func(context.Context) (evidence.PublicKeys, error) { return evidence.PublicKeys{}, nil }, Now: sys.Now})
	return api.Handler(), seen
}

var (
	signature = regexp.MustCompile(`"(sig|signature|spki|keyid|key_id)":"[A-Za-z0-9+/=:_-]+"`)
	varying   = regexp.MustCompile(`sub_[a-z2-7]{26}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// shape returns an answer with everything replaced that differs from one submission to the next: ids, moments, the process's own key, signatures (whose
// DER encoding has 70 to 72 bytes, whatever is signed).
func shape(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	text := w.Body.String()
	text = regexp.MustCompile(`"payload":"[A-Za-z0-9+/=]+"`).ReplaceAllStringFunc(text, func(member string) string {
		plain, err := base64.StdEncoding.DecodeString(strings.Split(member, `"`)[3])
		if err != nil {
			t.Fatal(err)
		}
		return `"payload":` + string(plain)
	})
	text = varying.ReplaceAllString(signature.ReplaceAllString(text, `"$1":""`), "…")
	var names []string
	for name := range w.Header() {
		names = append(names, name)
	}
	slices.Sort(names)
	return fmt.Sprintf("%d %v %s", w.Code, names, text)
}

// TestFormDoesNotTell: a submission with a phone number, e-mail address and ID number that are known causes the same calls of the same
// sizes, in the same order, and the same answer as one whose are not; in a fresh process and in one that has been running.
func TestFormDoesNotTell(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	const known, unknown = 100, 500
	for n := range 5 {
		s.submit(person(known + n))
	}
	s.job("accept-submissions")
	var fresh, warm [2][]string
	var answers []string
	for round := range count(3, 50) {
		for i, first := range []int{known, unknown} {
			handler, seen := s.tracedForm()
			var calls [2][]string
			for j := range calls {
				answers = append(answers, s.fill(handler, person(first+round%5)))
				calls[j] = seen.take()
			}
			s.job("accept-submissions") // only now is the other number known
			fresh[i], warm[i] = calls[0], calls[1]
			if round == 0 && i == 1 {
				t.Logf("a fresh process: %q\na running one: %q", calls[0], calls[1])
			}
			s.forget(person(unknown + round%5))
		}
		if !slices.Equal(fresh[0], fresh[1]) || !slices.Equal(warm[0], warm[1]) {
			t.Fatalf("known:   %q %q\nunknown: %q %q", fresh[0], warm[0], fresh[1], warm[1])
		}
	}
	slices.Sort(answers)
	if answers = slices.Compact(answers); len(answers) != 1 {
		t.Errorf("%d different answers:\n%s\n%s", len(answers), answers[0], answers[1])
	}
	if len(warm[0]) == 0 || len(warm[0]) >= len(fresh[0]) {
		t.Errorf("calls of a running process: %q, of a fresh one: %q", warm[0], fresh[0])
	}
}

// fill sends a form to a handler and returns the shape of the answer.
func (s *site) fill(handler http.Handler, form filled) string {
	s.t.Helper()
	body, err := json.Marshal(form)
	s.must(err)
	r := httptest.NewRequest("POST", "/v1/forms/service/submissions", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", newKey())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != 201 {
		s.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return shape(s.t, w)
}

// forget destroys whoever has the phone number of a form, so that it is unknown again.
func (s *site) forget(form filled) {
	s.t.Helper()
	for _, id := range s.find("admin", fieldsOf(form)["phone"]) {
		s.call(202, "admin", "POST", "/v1/customers/"+id+"/destructions", map[string]string{"reason": "legal_duty"}, s.etag("admin", id)...)
	}
	s.job("purge-expired")
}

// TestTwoAtOnce: of two submissions with one phone number that are sent, and accepted, at once, exactly one becomes live and the other
// pending, each time.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	n := count(20, 1000)
	for i := range n {
		one, two := brief(3000+i), brief(3000+i)
		fieldsOf(two)["name"] = "林清和"
		var group sync.WaitGroup
		for _, form := range []filled{one, two} {
			r := s.request("", "POST", "/v1/forms/service/submissions", form, once()...)
			group.Go(func() {
				response, err := s.web.Client().Do(r)
				if err == nil {
					_ = readAll(response)
				}
				_, _ = s.server.RunJob(t.Context(), "accept-submissions") // sweeps meet: what one is working on fails for the other
			})
		}
		group.Wait()
		s.job("accept-submissions")
		if found := s.find("admin", phoneOf(3000+i)); len(found) != 1 {
			t.Fatalf("pair %d: %d live", i, len(found))
		}
	}
	states := map[string]int{}
	for _, state := range s.heads() {
		states[state]++
	}
	if states[rows.StateLive] != n || states[rows.StatePending] != n || len(states) != 2 {
		t.Errorf("of %d pairs: %v", n, states)
	}
	s.job("seal-audit")
	s.clean()
}
