// Package withhttp lets a function answer API Gateway. It is apart from boot so that only functions of HTTP link the edge.
package withhttp

import (
	"context"
	"net/http"
	"time"

	"kexin/functions/internal/boot"
	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/lambdaevent"
	"kexin/shared/lambdahttp"
	"kexin/shared/problem"
)

// Version is what the API says of itself.
const Version = "0.1.0"

// API returns an API without operations; errors says which problem each of the domain's errors becomes.
func API(b *boot.Boot, errors []httpapi.Rule) *httpapi.API {
	return httpapi.New(httpapi.Info{Title: "Kexin 客信", Version: Version, Description: "Customer information, kept by its own rules.",
		Errors: errors, Log: b.Log, Now: b.Backend.Now, Random: b.Backend.Random, TLS: true})
}

// Function returns the function that answers API Gateway with the API that build makes when the first request arrives. When build fails,
// that request is answered with a problem that says to try again.
func Function(b *boot.Boot, build func(context.Context) (*httpapi.API, error)) lambdaevent.Function {
	made := boot.Lazily(func(ctx context.Context) (http.Handler, error) {
		api, err := build(ctx)
		if err != nil {
			return nil, err
		}
		return api.Handler(), nil
	})
	return b.Observed(lambdahttp.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, err := made(r.Context())
		if err != nil {
			b.Log.ErrorContext(r.Context(), "function could not be prepared", "error", err)
			problem.Write(w, r, problem.Of(problem.Unavailable).RetryAfter(5))
			return
		}
		handler.ServeHTTP(w, r)
	})))
}

// issuerTimeout bounds one reading of the identity provider's keys.
const issuerTimeout = 5 * time.Second

// Staff returns the middleware that lets only members of staff through. A process remembers verified tokens for identity.RememberLife, never
// beyond their expiry, and forgets all when it ends.
func Staff(b *boot.Boot) (func(http.Handler) http.Handler, error) {
	verifier, err := Verifier(b)
	if err != nil {
		return nil, err
	}
	return identity.Require(identity.Remember(verifier, b.Backend.Now)), nil
}

// Verifier returns the verifier of staff's tokens, which remembers no token. It reads nothing until the first token comes.
func Verifier(b *boot.Boot) (identity.Verifier, error) {
	return identity.NewOIDC(identity.OIDCConfig{Issuer: b.Settings.OIDC.Issuer, Audience: b.Settings.OIDC.Audience, Now: b.Backend.Now,
		Client: &http.Client{Timeout: issuerTimeout}})
}
