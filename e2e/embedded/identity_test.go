package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"kexin/shared/audit"
	"kexin/shared/identity"
	"kexin/shared/store"
)

// falseTokens returns values of the header Authorization that prove nothing, by what is wrong with them.
func (s *site) falseTokens() map[string][]string {
	s.t.Helper()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	issuer, aud, key := identity.DemoIssuerName, "kexin", other
	if s.issuer != nil {
		issuer, aud, key = s.issuer.URL(), audience, s.issuer.Key
	}
	usual := claimsOf(issuer, aud, "admin", time.Hour)
	with := func(name string, value any) jwt.MapClaims {
		claims := claimsOf(issuer, aud, "admin", time.Hour)
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
		return claims
	}
	good := s.token("admin")
	parts := strings.Split(good, ".")
	tokens := map[string]string{
		"garbage": "garbage", "two parts": parts[0] + "." + parts[1], "no signature": parts[0] + "." + parts[1] + ".", "four parts": good + ".x",
		"another's payload": parts[0] + "." + encoded(claimsOf(issuer, aud, "head", time.Hour)) + "." + parts[2], "cut off": good[:len(good)-3],
		"alg none": sign(s.t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, usual), "alg NONE": encoded(map[string]string{"alg": "NONE"}) + "." + parts[1] + ".",
		"public key as secret": sign(s.t, jwt.SigningMethodHS256, publicOf(s.t, key), usual), "another key": sign(s.t, jwt.SigningMethodES256, other, usual),
		"another issuer": sign(s.t, jwt.SigningMethodES256, other, claimsOf("https://other.example", aud, "admin", time.Hour)),
		"long":           good + strings.Repeat("A", 9000), "key in the header": jwkToken(s.t, other, usual),
	}
	if s.issuer != nil { // tokens that only the issuer's own key can make
		for what, claims := range map[string]jwt.MapClaims{"expired": claimsOf(issuer, aud, "admin", -time.Second), "no expiry": with("exp", nil),
			"wrong audience": with("aud", "another-client"), "no audience": with("aud", nil), "own key, another issuer": with("iss", "https://other.example"),
			"no issuer": with("iss", nil), "no subject": with("sub", nil), "empty subject": with("sub", ""), "not yet": with("nbf", time.Now().Add(time.Hour).Unix()),
			"long subject": with("sub", strings.Repeat("a", 300))} {
			tokens[what] = sign(s.t, jwt.SigningMethodES256, key, claims)
		}
	}
	headers := map[string][]string{"none": nil, "empty": {""}, "Bearer alone": {"Bearer"}, "Bearer and space": {"Bearer "}, "Basic": {"Basic YWRtaW46YWRtaW4="},
		"two": {"Bearer " + good, "Bearer " + good}, "two, first false": {"Bearer x", "Bearer " + good}, "joined": {"Bearer " + good + ", Bearer " + good},
		"no scheme": {good}, "another scheme": {"Token " + good}, "two spaces": {"Bearer  " + good}, "quoted": {`Bearer "` + good + `"`}}
	for what, token := range tokens {
		headers[what] = []string{"Bearer " + token}
	}
	return headers
}

func encoded(value any) string {
	text, _ := json.Marshal(value) // maps of texts and numbers
	return base64.RawURLEncoding.EncodeToString(text)
}

func publicOf(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// jwkToken signs with a key that the token's own header offers.
func jwkToken(t *testing.T, key *ecdsa.PrivateKey, claims jwt.MapClaims) string {
	t.Helper()
	raw, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["jwk"] = map[string]string{"kty": "EC", "crv": "P-256", "x": base64.RawURLEncoding.EncodeToString(raw[1:33]), "y": base64.RawURLEncoding.EncodeToString(raw[33:])}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// spoofed are headers by which a client might try to be somebody.
func spoofed(staff string) []string {
	claims := `{"authorizer":{"jwt":{"claims":{"iss":"` + identity.DemoIssuerName + `","sub":"admin"}}}}`
	return []string{"X-Amzn-Request-Context", claims, "X-Amzn-Oidc-Identity", "admin", "X-Amzn-Oidc-Data", "admin", "X-Apigateway-Context", claims,
		"X-Apigateway-Event", claims, "Lambda-Runtime-Client-Context", claims, "Lambda-Runtime-Cognito-Identity", `{"cognitoIdentityId":"admin"}`,
		"X-Forwarded-User", "admin", "X-Forwarded-Email", "admin@example.com", "X-Remote-User", "admin", "Remote-User", "admin", "X-Auth-Request-User", "admin",
		"X-Kexin-Staff", staff, "X-Kexin-Principal", "admin", "X-Kexin-Role", "R10", "X-Kexin-Subject", "admin", "X-User", "admin", "X-Original-Method", "GET",
		"X-Http-Method-Override", "GET", "X-Authorization", "Bearer admin", "Proxy-Authorization", "Bearer admin", "Cookie", "token=admin; Authorization=admin",
		"X-Request-Id", "req_chosen-by-the-client", "X-Amzn-Trace-Id", "Root=chosen", "X-Forwarded-Host", "127.0.0.1", "Forwarded", "for=127.0.0.1;host=localhost"}
}

// TestFalseIdentities: every operation for staff refuses everything that is no proof with 401 and stores nothing.
func TestFalseIdentities(t *testing.T) {
	t.Parallel()
	for kind, open := range map[string]func(*testing.T) *site{"demonstration": demonstration, "product": product} {
		t.Run(kind, func(t *testing.T) {
			s := open(t)
			admin, tokens := string(s.staffID("admin")), s.falseTokens()
			before := s.everyRow()
			for _, op := range s.document().operations {
				if !op.public() {
					s.refuseAll(op, admin, tokens)
				}
			}
			if now := s.everyRow(); len(now) != len(before) {
				t.Errorf("%d rows before, %d after", len(before), len(now))
			}
		})
	}
}

// everyRow returns everything that is stored.
func (s *site) everyRow() map[store.Key]store.Item {
	all := map[store.Key]store.Item{}
	for _, table := range store.Tables() {
		for key, item := range s.rows(table) {
			all[key] = item
		}
	}
	return all
}

func (s *site) refuseAll(op operation, admin string, tokens map[string][]string) {
	s.t.Helper()
	for what, values := range tokens {
		r := s.anonymous(op)
		r.Header["Authorization"] = values
		s.unauthorized(op.ID+" with "+what, r)
	}
	r := s.anonymous(op)
	for i, headers := 0, spoofed(admin); i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	s.unauthorized(op.ID+" with spoofed headers", r)
	r = s.anonymous(op)
	r.URL.RawQuery = "access_token=" + s.token("admin")
	s.unauthorized(op.ID+" with the token in the query", r)
}

// anonymous returns a request of an operation without an identity. The path is filled, the body is an empty object.
func (s *site) anonymous(op operation) *http.Request {
	s.t.Helper()
	path := op.Path
	for prefix, at := range map[string]string{"cus_": "/customers/{id}", "exp_": "/exports/{id}", "apr_": "/approvals/{id}"} {
		path = strings.ReplaceAll(path, at, strings.Replace(at, "{id}", prefix+"aaaaaaaaaaaaaaaaaaaaaaaaaa", 1))
	}
	path = strings.ReplaceAll(path, "{id}", "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	if op.Method == http.MethodGet {
		return s.request("", op.Method, path, nil)
	}
	return s.request("", op.Method, path, filled{}, append(once(), "If-Match", `"1"`)...)
}

func (s *site) unauthorized(what string, r *http.Request) {
	s.t.Helper()
	answer := s.send(r)
	problemOf(s.t, what, answer, "", http.StatusUnauthorized)
	if !strings.HasPrefix(answer.header.Get("WWW-Authenticate"), "Bearer") {
		s.t.Errorf("%s: WWW-Authenticate %q", what, answer.header.Get("WWW-Authenticate"))
	}
	if answer.header.Get("X-Request-Id") == "req_chosen-by-the-client" {
		s.t.Errorf("%s: the client chose the request id", what)
	}
}

// TestSpoofedHeadersBesideAToken: with a token of somebody, headers make nobody else of him.
func TestSpoofedHeadersBesideAToken(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	headers := spoofed(string(s.staffID("admin")))
	if got := s.call(200, "clerk", "GET", "/v1/me", nil, headers...).text("role"); got != "R2" {
		t.Errorf("the clerk became %s", got)
	}
	customer := s.create("admin", person(1))
	before := len(s.refusals())
	s.call(403, "engineer", "GET", "/v1/customers/"+customer+"?purpose=contract_service", nil, headers...)
	s.call(403, "clerk", "POST", "/v1/staff/changes", staffChange("R10", "a"), append(headers, once()...)...)
	denied := s.refusals()
	if len(denied) != before+2 {
		t.Errorf("%d refusals recorded, want 2", len(denied)-before)
	}
	for _, e := range denied {
		if e.Actor.Role == "R10" || e.Actor.ID == string(s.staffID("admin")) {
			t.Errorf("a refusal names the admin: %+v", e)
		}
	}
}

// staffChange asks for a new member with a role and a login of the demonstration's issuer.
func staffChange(role, subject string) filled {
	return filled{"name": "试用" + subject, "role": role, "title": filled{"zh": "试用", "en": "Trial"}, "department": "service", "active": true,
		"nda": "2050-01-01", "training": "2050-01-01", "vetting": "2050-01-01", "issuer": identity.DemoIssuerName, "subject": subject}
}

// hire adds a member by two persons and returns his id.
func (s *site) hire(role, subject string) string {
	s.t.Helper()
	return s.changed(staffChange(role, subject), subject)
}

// changed carries out a change of the register and returns the id of who then has the name.
func (s *site) changed(change filled, subject string) string {
	s.t.Helper()
	approval := s.call(202, "admin", "POST", "/v1/staff/changes", change, once()...).text("approval")
	s.call(200, "auditor", "POST", "/v1/approvals/"+approval, filled{"allow": true})
	return s.member("试用" + subject)
}

// member returns the id of a member by name, "" when there is none.
func (s *site) member(name string) string {
	s.t.Helper()
	for _, m := range s.call(200, "admin", "GET", "/v1/staff", nil).list("staff") {
		if member := m.(map[string]any); member["name"] == name {
			return member["staff"].(string)
		}
	}
	return ""
}

// TestStrangersAndLeavers: a good token of somebody who is not in the register, or is no longer active, opens no operation, and each
// attempt is recorded without saying who it was.
func TestStrangersAndLeavers(t *testing.T) {
	t.Parallel()
	s := demonstration(t)
	id := s.hire("R10", "leaver")
	s.call(200, "leaver", "GET", "/v1/me", nil)
	change := staffChange("R10", "leaver")
	change["staff"], change["active"] = id, false
	delete(change, "issuer")
	delete(change, "subject")
	s.changed(change, "leaver")
	tried, before := 0, len(s.refusals())
	for _, op := range s.document().operations {
		if op.public() {
			continue
		}
		e := newExample(s, op)
		for _, who := range []string{"leaver", "stranger"} {
			tried++
			answer := s.send(s.request(who, op.Method, e.path+e.query, bodyOf(e), append(once(), "If-Match", `"1"`)...))
			problemOf(t, op.ID+" by a "+who, answer, "", http.StatusForbidden)
		}
	}
	denied := s.refusals()
	if len(denied)-before != tried {
		t.Errorf("%d attempts, %d recorded", tried, len(denied)-before)
	}
	for _, e := range denied {
		if e.Action == "sign_in" && (e.Actor.Kind != audit.Public || e.Actor.ID != "" || e.Code != "not-in-register") {
			t.Errorf("recorded: %+v", e)
		}
	}
}

// newExample returns a well-formed request of an operation about things that do not exist.
func newExample(s *site, op operation) example {
	f := &fixture{site: s, customer: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", other: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", destroyed: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa",
		merge: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", refuse: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", admit: "cus_aaaaaaaaaaaaaaaaaaaaaaaaaa", ready: "exp_aaaaaaaaaaaaaaaaaaaaaaaaaa",
		released: "exp_aaaaaaaaaaaaaaaaaaaaaaaaaa", approval: "apr_aaaaaaaaaaaaaaaaaaaaaaaaaa"}
	e, ok := f.examples(0)[op.ID]
	if !ok {
		s.t.Errorf("no example of %s %s (%s)", op.Method, op.Path, op.ID)
	}
	return e
}

func bodyOf(e example) any {
	if e.body == nil {
		return nil
	}
	return e.body
}

// deniedTo counts recorded refusals of an action to a member.
func (s *site) deniedTo(staff, action string) int {
	s.t.Helper()
	n := 0
	for _, e := range s.refusals() {
		if e.Actor.ID == staff && e.Action == action {
			n++
		}
	}
	return n
}

// refusedAndRecorded wants an answer and one more recorded refusal.
func (s *site) refusedAndRecorded(status int, as, action, method, path string, body any) {
	s.t.Helper()
	staff := string(s.staffID(as))
	before := s.deniedTo(staff, action)
	s.call(status, as, method, path, body)
	if now := s.deniedTo(staff, action); now != before+1 {
		s.t.Errorf("%s %s as %s: %d refusals of %s recorded, want 1: %s", method, path, as, now-before, action, fmt.Sprint(s.refusals()))
	}
}
