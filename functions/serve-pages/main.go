// Command serve-pages is what everybody may see, as a Lambda function: the pages, what they need to know first, the document of the API,
// and a refusal for every address that is none. It may do nothing and links no client of any service.
package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/packs"
	"kexin/shared/env"
	"kexin/shared/httpapi"
	"kexin/shared/lambdahttp"
	"kexin/shared/policy"
	"kexin/shared/siteapi"
	"kexin/shared/telemetry"
)

func main() {
	api, err := compose(os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, "start serve-pages:", err)
		os.Exit(1)
	}
	lambda.Start(lambdahttp.Handler(api.Handler()))
}

func compose(environ []string) (*httpapi.API, error) {
	settings, err := env.Load(environ)
	if err := errors.Join(err, settings.Require(env.Pack, env.OIDCIssuer, env.OIDCAudience, env.BaseURL)); err != nil {
		return nil, err
	}
	api := httpapi.New(httpapi.Info{Title: siteapi.Title, Version: siteapi.Version, Description: siteapi.Description, Now: time.Now, Random: rand.Reader,
		Log: telemetry.NewLogger(os.Stdout, slog.LevelInfo), Document: siteapi.Document(), TLS: true})
	siteapi.Register(api, siteapi.Deps{Pack: sync.OnceValues(func() (*policy.Pack, error) { return policy.Load(packs.FS, settings.Pack) }),
		BaseURL: settings.Pages.BaseURL, Connect: settings.Pages.Connect, SignIn: siteapi.SignIn{Issuer: settings.OIDC.Issuer,
			Audience: settings.OIDC.Audience, Client: settings.OIDC.Client, Scopes: settings.OIDC.Scopes}})
	return api, nil
}
