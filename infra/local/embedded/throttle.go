package embedded

import (
	"net/http"
	"strings"

	"golang.org/x/time/rate"

	"kexin/shared/problem"
)

// throttled refuses submissions of the public form beyond FormRate, whoever sends them, as API Gateway does before submit-form (STO-10).
// All strangers share one allowance: behind a proxy they share one address too. Staff are not slowed down by them.
func (s *Server) throttled(next http.Handler) http.Handler {
	if s.FormRate == 0 {
		return next
	}
	allowance := rate.NewLimiter(rate.Limit(s.FormRate), 2*s.FormRate)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		public := r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v1/forms/")
		if public && !allowance.Allow() {
			problem.Write(w, r, problem.Of(problem.TooManyRequests).RetryAfter(1))
			return
		}
		next.ServeHTTP(w, r)
	})
}
