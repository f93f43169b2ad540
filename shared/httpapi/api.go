// Package httpapi is the edge that every HTTP function shares: OpenAPI 3.1 from the code, strict reading of requests, problem+json for
// every refusal, headers that keep answers out of caches, a request id on everything, and an access log without values. It knows
// nothing of customers; handlers hand it operations and a table of their domain's errors.
package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"kexin/shared/identity"
	"kexin/shared/telemetry"
)

// Info is what an API is made of.
type Info struct {
	// Title, Version and Description stand at the head of the OpenAPI document.
	Title, Version, Description string
	// Errors says which problem each sentinel of the domain becomes; the first that errors.Is matches wins.
	Errors []Rule
	// Log receives the access log and the detail of opaque errors. Nil drops them.
	Log *slog.Logger
	// Now measures durations.
	Now func() time.Time
	// Random gives request ids where API Gateway has not given one.
	Random io.Reader
	// Host says whether a Host header is the server's own; requests to other names are refused. Nil takes any.
	Host func(host string) bool
	// Document is what /openapi.json answers where the process serves a part of an API that is described as a whole; nil: its own part.
	Document []byte
	// TLS says that clients reach the process through TLS, so that answers may demand it for the future (HSTS).
	TLS bool
}

// API collects operations and serves them. Register everything before Handler is used.
type API struct {
	*core
	authenticate func(http.Handler) http.Handler
}

// core is what views of one API share.
type core struct {
	info Info
	mux  *http.ServeMux
	huma huma.API
	spec func() ([]byte, error)

	sharing *sharing
}

// New returns an API without operations but GET /openapi.json. Operations are refused with 401 until With says how to authenticate;
// those marked Public need no identity.
func New(info Info) *API {
	replaceHumaErrors()
	if info.Log == nil {
		info.Log = telemetry.Discard()
	}
	c := &core{info: info, mux: http.NewServeMux()}
	c.huma = humago.New(entering{c.mux}, configOf(info))
	c.spec = sync.OnceValues(func() ([]byte, error) { return json.Marshal(c.huma.OpenAPI()) })
	api := &API{c, identity.Refuse}
	api.Handle("GET /openapi.json", http.HandlerFunc(c.serveSpec))
	return api
}

// With returns a view of the same API whose operations let only authenticated requests through, such as identity.Require(verifier).
// Functions for staff and for customers can so be served by one process.
func (a *API) With(authenticate func(http.Handler) http.Handler) *API {
	return &API{a.core, authenticate}
}

// Public marks an operation that needs no identity.
func Public(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{}
	return op
}

// AnswersJSON marks an operation whose handler answers with the bytes of a JSON object, which are passed on unchanged: signed evidence.
func AnswersJSON(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}}
	return op
}

// Register adds an operation. I and O are as huma wants them; the handler's errors go through FromError. Anything that the input does
// not declare is refused before the handler runs.
func Register[I, O any](a *API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	op.BodyReadTimeout = -1 // the body is read before huma runs; its deadline would cancel handlers of more than five seconds
	guard := a.authenticate
	if op.Security == nil {
		op.Security = []map[string][]string{{"bearer": {}}}
	} else if len(op.Security) == 0 {
		guard = nil
	}
	answer := func(ctx context.Context, input *I) (*O, error) {
		output, err := handler(ctx, input)
		if err != nil {
			return nil, a.FromError(ctx, err)
		}
		return output, nil
	}
	plain := op
	check := &checker{registry: a.huma.OpenAPI().Components.Schemas}
	if len(op.Middlewares) == 0 {
		check.express = func() http.HandlerFunc { return express(a.core, plain, answer) }
	}
	op.Middlewares = append(huma.Middlewares{authenticating(guard), check.middleware}, op.Middlewares...)
	huma.Register(a.huma, op, answer)
}

// Handle serves pattern (as of http.ServeMux) by a plain handler outside the OpenAPI document and without authentication: pages,
// streams, demonstration switches.
func (a *API) Handle(pattern string, handler http.Handler) {
	entering{a.mux}.HandleFunc(pattern, handler.ServeHTTP)
}

// OpenAPI returns the document of the operations that were registered.
func (a *API) OpenAPI() ([]byte, error) { return a.spec() }

// authenticating adapts HTTP middleware to huma, so that it runs for one operation and its context reaches the handler.
func authenticating(guard func(http.Handler) http.Handler) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if guard == nil {
			next(ctx)
			return
		}
		r, w := humago.Unwrap(ctx)
		guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			next(huma.WithContext(ctx, r.Context()))
		})).ServeHTTP(w, r)
	}
}

func (c *core) serveSpec(w http.ResponseWriter, r *http.Request) {
	document, err := c.info.Document, error(nil)
	if document == nil {
		document, err = c.spec()
	}
	if err != nil {
		(&API{core: c}).Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(document)
}

// configOf is huma's configuration without its documentation pages, schema links and content negotiation beyond JSON.
func configOf(info Info) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: info.Title, Version: info.Version, Description: info.Description},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{localize},
	}
}

// schemaName names the schema of a type after its package and itself, so that two functions may both have a type "Answer".
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	folder := path.Base(t.PkgPath())
	if t.Name() == "" || t.PkgPath() == "" || strings.EqualFold(folder, t.Name()) {
		return name
	}
	return strings.ToUpper(folder[:1]) + folder[1:] + name
}
