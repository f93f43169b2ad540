package identity

import (
	"errors"
	"net/http"
	"strings"

	"kexin/shared/problem"
)

// Require returns middleware that lets a request through only with exactly one Authorization header that bears a token which verifier
// accepts, and puts the principal into the context. Everything else is answered 401, or 503 when the token could not be judged.
func Require(verifier Verifier) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			raw, ok := bearer(r.Header["Authorization"])
			if !ok {
				refuse(w, r, "Bearer")
				return
			}
			principal, err := verifier.Verify(r.Context(), raw)
			switch {
			case err == nil:
				next.ServeHTTP(w, r.WithContext(With(r.Context(), principal, raw)))
			case errors.Is(err, ErrToken):
				refuse(w, r, `Bearer error="invalid_token"`)
			default:
				problem.Write(w, r, problem.Of(problem.Unavailable).RetryAfter(5))
			}
		})
	}
}

// Refuse answers 401 to every request: the middleware of an operation that nobody has been given a verifier for.
func Refuse(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { refuse(w, r, "Bearer") })
}

func refuse(w http.ResponseWriter, r *http.Request, challenge string) {
	problem.Write(w, r, problem.Of(problem.Unauthorized).With("WWW-Authenticate", challenge))
}

// bearer returns the token of the only Authorization header.
func bearer(headers []string) (string, bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, raw, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || !tokenText(raw) {
		return "", false
	}
	return raw, true
}

// tokenText reports whether raw can be a compact JWT: base64url characters and dots. Two headers that a proxy joined with a comma
// cannot.
func tokenText(raw string) bool {
	if raw == "" || len(raw) > maxToken {
		return false
	}
	return strings.IndexFunc(raw, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.'
	}) < 0
}
