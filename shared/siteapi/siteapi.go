// Package siteapi is what everybody may see, over HTTP: the pages, what they need to know before anybody has signed in, and the document
// of the whole API. It holds no right and no secret: the function serve-pages, which may do nothing, is made of it.
package siteapi

import (
	"context"
	_ "embed" // the document
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/httpapi"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/web"
)

// What the API says of itself.
const (
	Title       = "Kexin 客信"
	Version     = "0.1.0"
	Description = "Customer information, kept by its own rules."
)

// SignIn says where members of staff sign in and as which public client the console's pages are known there. The zero SignIn is that of a
// demonstration, which has no issuer.
type SignIn struct {
	Issuer, Audience, Client string
	Scopes                   []string
}

// Deps are what the pages are made with. All of it is public.
type Deps struct {
	// Pack returns the policy pack, whose names are shown. It is asked for the first time when somebody wants to know.
	Pack          func() (*policy.Pack, error)
	Demonstration bool
	SignIn        SignIn
	// BaseURL is how browsers reach the deployment. The issuer sends people back to /console/ below it.
	BaseURL string
	// Connect are origins beside their own and the issuer's that the console's pages may call.
	Connect []string
}

//go:embed openapi.json
var document []byte

// Document returns the OpenAPI document of all functions together. go test ./docs -update writes it, and the same test without -update
// fails when it is not what the code gives.
func Document() []byte { return document }

// Register adds the pages and the operation that tells them what they need to know.
func Register(api *httpapi.API, d Deps) {
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "get-config", Method: http.MethodGet, Path: "/v1/config",
		Summary: "What the pages need to know before anybody has signed in"}), d.config)
	pages := httpapi.Page(web.Handler(d.connect()...))
	for _, pattern := range web.Patterns() {
		api.Handle(pattern, pages)
	}
}

// Config is what the pages need to know first.
type Config struct {
	Demonstration bool          `json:"demonstration" doc:"Accounts without passwords and a clock that can be moved"`
	Company       record.Text   `json:"company" doc:"The company that answers for the processing"`
	Pack          Pack          `json:"pack"`
	SignIn        *SignInConfig `json:"sign_in,omitempty" doc:"Where members of staff sign in; absent in a demonstration"`
}

// Pack names the policy pack.
type Pack struct {
	ID      string             `json:"id"`
	Version record.PackVersion `json:"version"`
}

// SignInConfig is what an OpenID Connect client needs to begin the authorization code flow with PKCE.
type SignInConfig struct {
	Issuer   string `json:"issuer" doc:"Its discovery document says the rest"`
	Client   string `json:"client" doc:"Public client: there is no secret"`
	Scope    string `json:"scope"`
	Audience string `json:"audience" doc:"What aud of the token must contain"`
	Token    string `json:"token" enum:"id_token,access_token" doc:"Which token the API takes: the one whose aud is the client, or the one for the audience"`
	Redirect string `json:"redirect" doc:"The only address that the issuer sends people back to"`
}

type configOutput struct{ Body Config }

func (d Deps) config(context.Context, *struct{}) (*configOutput, error) {
	pack, err := d.Pack()
	if err != nil {
		return nil, fmt.Errorf("load pack: %w", err)
	}
	id, _, _ := strings.Cut(string(pack.Version), "@")
	return &configOutput{Config{Demonstration: d.Demonstration, Company: pack.Processor.Name, Pack: Pack{id, pack.Version}, SignIn: d.signIn()}}, nil
}

// signIn returns nil where there is no issuer. A client that is the audience presents its ID token, which is made for it; one that has a
// name of its own presents the access token, which is made for the audience.
func (d Deps) signIn() *SignInConfig {
	if d.SignIn.Issuer == "" {
		return nil
	}
	s := &SignInConfig{Issuer: d.SignIn.Issuer, Client: d.SignIn.Client, Scope: strings.Join(d.SignIn.Scopes, " "), Audience: d.SignIn.Audience,
		Token: "access_token", Redirect: strings.TrimSuffix(d.BaseURL, "/") + "/console/"}
	if s.Client == "" {
		s.Client = s.Audience
	}
	if s.Scope == "" {
		s.Scope = "openid"
	}
	if s.Client == s.Audience {
		s.Token = "id_token"
	}
	return s
}

// connect returns the origins that pages may call: the issuer's, and those that were named.
func (d Deps) connect() []string {
	issuer, err := url.Parse(d.SignIn.Issuer)
	if err != nil || issuer.Host == "" {
		return d.Connect
	}
	return append([]string{issuer.Scheme + "://" + issuer.Host}, d.Connect...)
}
