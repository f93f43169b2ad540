package embedded

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"

	"kexin/shared/approveapi"
	"kexin/shared/consoleapi"
	"kexin/shared/formapi"
	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/policy"
	"kexin/shared/problem"
	"kexin/shared/releaseapi"
	"kexin/shared/siteapi"
	"kexin/shared/staffapi/exportrules"
)

// Version is what the API says of itself.
const Version = "0.1.0"

// Handler serves the API, the pages, links to archives and, on a demonstration, its switches.
func (s *Server) Handler() http.Handler {
	api := httpapi.New(httpapi.Info{Title: "Kexin 客信", Version: Version, Description: "Customer information, kept by its own rules.",
		Errors: exportrules.Rules(), Log: s.Log, Now: time.Now, Random: s.Random, Host: s.ownHost(), Document: siteapi.Document()})
	formapi.Register(api, s.parts.form)
	forStaff := api.With(identity.Require(identity.Remember(s.Verifier, time.Now)))
	consoleapi.Register(forStaff, s.parts.console)
	approveapi.Register(forStaff, s.parts.approve)
	releaseapi.Register(forStaff, s.parts.release)
	api.Handle("GET /objects/", http.StripPrefix("/objects", s.Objects.Handler()))
	siteapi.Register(api, s.site())
	if s.Issuing != nil {
		s.devHandlers(api)
	}
	return s.throttled(api.Handler())
}

// site is what the pages of this installation are to know.
func (s *Server) site() siteapi.Deps {
	d := siteapi.Deps{Pack: func() (*policy.Pack, error) { return s.Pack, nil }, Demonstration: s.Issuing != nil, BaseURL: s.BaseURL, Connect: s.Connect}
	if !d.Demonstration {
		d.SignIn = siteapi.SignIn{Issuer: s.Issuer, Audience: s.Audience, Client: s.Client, Scopes: s.Scopes}
	}
	return d
}

// ownHost returns what tells this server's own Host headers: a page on another name that resolves to loopback (DNS rebinding) must not
// reach a store that asks for no password. A product store, which has a name of its own, takes any.
func (s *Server) ownHost() func(string) bool {
	if s.Issuing == nil {
		return nil
	}
	_, port, _ := net.SplitHostPort(s.Addr)
	allowed := map[string]bool{}
	for _, host := range []string{"127.0.0.1", "localhost", "::1"} {
		allowed[net.JoinHostPort(host, port)] = true
		if port == "80" { // clients leave it out
			allowed[strings.TrimSuffix(net.JoinHostPort(host, ""), ":")] = true
		}
	}
	return func(host string) bool { return allowed[host] }
}

// devHandlers adds the switches of a demonstration.
func (s *Server) devHandlers(api *httpapi.API) {
	api.Handle("GET /dev/accounts", s.dev(api, func(context.Context, *http.Request) (any, error) {
		return map[string]any{"accounts": Accounts()}, nil
	}))
	api.Handle("POST /dev/token", s.dev(api, s.devToken))
	api.Handle("GET /dev/clock", s.dev(api, func(context.Context, *http.Request) (any, error) { return s.clockView(), nil }))
	api.Handle("POST /dev/clock", s.dev(api, s.devClock))
	api.Handle("POST /dev/jobs/{function}", s.dev(api, func(ctx context.Context, r *http.Request) (any, error) {
		return s.RunJob(ctx, r.PathValue("function"))
	}))
}

// dev answers a switch in JSON. Only requests that a browser sends from this server's own pages, or that no browser sends, are taken.
func (s *Server) dev(api *httpapi.API, act func(context.Context, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownPage(r) {
			problem.Write(w, r, problem.Of(problem.Forbidden))
			return
		}
		answer, err := act(r.Context(), r)
		if err != nil {
			api.Fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
}

// ownPage reports whether a request comes from this server's pages or from no page at all.
func ownPage(r *http.Request) bool {
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	return (site == "" || site == "same-origin" || site == "none") && (origin == "" || origin == "http://"+r.Host)
}

func decode(r *http.Request, into any) error {
	body := http.MaxBytesReader(nil, r.Body, 4096)
	if err := strict.UnmarshalRead(body, into, strict.RejectUnknownMembers(true)); err != nil {
		return problem.Of(problem.MalformedBody)
	}
	return nil
}

func (s *Server) devToken(_ context.Context, r *http.Request) (any, error) {
	var in struct {
		Subject string `json:"subject"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	for _, account := range Accounts() {
		if account.Subject == in.Subject {
			token, err := s.Issuing.Token(in.Subject, 8*time.Hour)
			return map[string]any{"token": token, "expires": time.Now().Add(8 * time.Hour).UTC()}, err
		}
	}
	return nil, problem.Invalid(problem.At("body.subject", problem.CodeNoMatch))
}

func (s *Server) clockView() any {
	return map[string]any{"now": s.Clock.Now(), "offset": s.Clock.Offset().String()}
}

func (s *Server) devClock(_ context.Context, r *http.Request) (any, error) {
	var in struct {
		Advance string `json:"advance"`
	}
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	period, err := policy.ParsePeriod(in.Advance)
	if err != nil {
		return nil, problem.Invalid(problem.At("body.advance", problem.CodeFormat))
	}
	now := s.Clock.Now()
	if err := s.Clock.Advance(period.After(now).Sub(now)); err != nil {
		return nil, problem.Invalid(problem.At("body.advance", problem.CodeFormat))
	}
	return s.clockView(), nil
}
