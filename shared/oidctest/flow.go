package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"slices"
)

// page is where somebody says who he is.
var page = template.Must(template.New("").Parse(`<!doctype html><title>Identity provider</title><main><h1>Identity provider</h1>
{{range .Subjects}}<p><a id="as-{{.}}" href="?{{$.Query}}&amp;as={{.}}">{{.}}</a></p>{{end}}<p><a id="deny" href="?{{.Query}}&amp;deny=1">deny</a></p></main>`))

// authorize takes a request of the client. A client or redirect URI that is not known is told to the person and never sent back to.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := r.URL.Query()
	if q.Get("client_id") != i.options.Client || !slices.Contains(i.options.Redirects, q.Get("redirect_uri")) {
		i.note("refused address")
		http.Error(w, "unknown client or redirect URI", http.StatusBadRequest)
		return
	}
	i.note("asked")
	switch {
	case q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("nonce") == "" || q.Get("state") == "":
		i.note("refused request")
		i.answer(w, r, map[string]string{"error": "invalid_request"})
	case q.Get("deny") != "":
		i.answer(w, r, map[string]string{"error": "access_denied"})
	case q.Has("as"):
		i.grant(w, r, q.Get("as"))
	case i.signed != "" && q.Get("prompt") != "login":
		i.grant(w, r, i.signed)
	case q.Get("prompt") == "none":
		i.answer(w, r, map[string]string{"error": "login_required"})
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, map[string]any{"Subjects": i.options.Subjects, "Query": template.URL(r.URL.RawQuery)})
	}
}

func (i *Issuer) grant(w http.ResponseWriter, r *http.Request, subject string) {
	if !slices.Contains(i.options.Subjects, subject) {
		i.answer(w, r, map[string]string{"error": "access_denied"})
		return
	}
	q, code := r.URL.Query(), rand.Text()
	i.signed = subject
	i.codes[code] = grant{subject, q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri")}
	i.note("code")
	i.answer(w, r, map[string]string{"code": code})
}

// answer sends the browser back to the client.
func (i *Issuer) answer(w http.ResponseWriter, r *http.Request, answer map[string]string) {
	answer["state"], answer["iss"] = r.URL.Query().Get("state"), i.URL()
	if i.turn != nil {
		i.turn(answer)
	}
	values := url.Values{}
	for name, value := range answer {
		values.Set(name, value)
	}
	http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?"+values.Encode(), http.StatusFound)
}

// token exchanges a code or a refresh token.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	refuse := func(why string) {
		i.note("refused " + why)
		write(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	}
	if r.PostFormValue("client_id") != i.options.Client {
		refuse("client")
		return
	}
	if old := r.PostFormValue("refresh_token"); r.PostFormValue("grant_type") == "refresh_token" {
		g, known := i.fresh[old]
		delete(i.fresh, old) // rotated: an old one is worth nothing
		if !known {
			refuse("refresh token")
			return
		}
		i.note("renewed")
		g.nonce = ""
		i.give(w, g)
		return
	}
	code := r.PostFormValue("code")
	g, known := i.codes[code]
	delete(i.codes, code) // good once, whatever comes of it
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case r.PostFormValue("grant_type") != "authorization_code" || !known:
		refuse("code")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		refuse("verifier")
	case r.PostFormValue("redirect_uri") != g.redirect:
		refuse("redirect")
	default:
		i.note("tokens")
		i.give(w, g)
	}
}

func (i *Issuer) give(w http.ResponseWriter, g grant) {
	now := i.options.Now()
	claims := map[string]any{"iss": i.URL(), "sub": g.subject, "iat": now.Unix(), "exp": now.Add(i.options.Life).Unix()}
	access, id := map[string]any{"aud": i.options.Audience}, map[string]any{"aud": i.options.Client, "nonce": g.nonce, "auth_time": now.Unix()}
	if g.nonce == "" {
		delete(id, "nonce")
	}
	for name, value := range claims {
		access[name], id[name] = value, value
	}
	if i.forge != nil {
		i.forge(id)
	}
	accessToken, first := i.Sign(access)
	idToken, second := i.Sign(id)
	if first != nil || second != nil {
		write(w, http.StatusInternalServerError, nil)
		return
	}
	answer := map[string]any{"token_type": "Bearer", "access_token": accessToken, "id_token": idToken, "expires_in": int(i.options.Life.Seconds())}
	if i.options.Refresh {
		refresh := rand.Text()
		i.fresh[refresh] = g
		answer["refresh_token"] = refresh
	}
	write(w, http.StatusOK, answer)
}

func (i *Issuer) revoke(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.fresh, r.PostFormValue("token"))
	i.note("revoked")
	w.WriteHeader(http.StatusOK)
}

// logout ends the session and sends the browser back where the client may be sent.
func (i *Issuer) logout(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.signed = ""
	i.note("ended")
	if back := r.URL.Query().Get("post_logout_redirect_uri"); slices.Contains(i.options.Redirects, back) {
		http.Redirect(w, r, back, http.StatusFound)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func originOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}
