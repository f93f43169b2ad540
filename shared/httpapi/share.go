package httpapi

import (
	"net/http"
	"slices"
	"strings"

	"kexin/shared/problem"
)

// sharing is which origins beside the server's own may use which operations in a browser (CORS). Nil: none may.
type sharing struct {
	origins  []string
	patterns map[string]bool
}

// Share lets pages of origins use the operations at patterns, each METHOD and path as registered: browsers are answered when they ask
// before a request, and may hand the answers to the page. Cookies and other credentials are never allowed, and neither is every origin.
// Without origins nothing changes: browsers keep the answers to themselves.
func (a *API) Share(origins []string, patterns ...string) {
	if len(origins) == 0 {
		return
	}
	a.sharing = &sharing{origins: slices.Clone(origins), patterns: map[string]bool{}}
	methods := map[string][]string{}
	for _, pattern := range patterns {
		method, path, _ := strings.Cut(pattern, " ")
		a.sharing.patterns[pattern] = true
		methods[path] = append(methods[path], method)
	}
	for path, allowed := range methods {
		a.Handle(http.MethodOptions+" "+path, a.sharing.preflight(allowed))
	}
}

// preflightLife is how long a browser need not ask again, in seconds.
const preflightLife = "600"

// preflight answers what a browser asks before a request of another origin.
func (s *sharing) preflight(methods []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
		if origin := r.Header.Get("Origin"); !slices.Contains(s.origins, origin) || !slices.Contains(methods, r.Header.Get("Access-Control-Request-Method")) {
			problem.Write(w, r, problem.Of(problem.Forbidden))
			return
		}
		header.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		header.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
		header.Set("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key")
		header.Set("Access-Control-Max-Age", preflightLife)
		w.WriteHeader(http.StatusNoContent)
	})
}

// allow adds to an answer of pattern, refusals included, that the page of an allowed origin may read it.
func (s *sharing) allow(header http.Header, pattern, origin string) {
	if s == nil || !s.patterns[pattern] {
		return
	}
	header.Add("Vary", "Origin")
	if slices.Contains(s.origins, origin) {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	}
}
