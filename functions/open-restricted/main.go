// Command open-restricted opens L3 values, one at a time, as a Lambda function that serve-console invokes with the raw token of whoever
// asks. It trusts no verdict of the console: token, register and approval are looked at here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withhttp"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withpolicy"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/identity"
	"kexin/shared/lambdaevent"
	"kexin/shared/problem"
	"kexin/shared/restricted"
	"kexin/shared/seal"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
	"kexin/shared/vault"
)

func main() {
	b, err := boot.Start(grants.OpenRestricted, os.Environ(), withkms.Keys)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(b.Handler(func(context.Context) (lambdaevent.Function, error) { return compose(b) }))
}

func compose(b *boot.Boot) (lambdaevent.Function, error) {
	sys, err := withpolicy.System(b)
	if err != nil {
		return nil, err
	}
	v, err := sys.Vault(func(c *vault.Config) {
		c.RootWrap, c.RootOpen = seal.Root{Keys: sys.Keys}, seal.Root{Keys: sys.Keys}
	})
	if err != nil {
		return nil, err
	}
	verifier, err := withhttp.Verifier(b)
	if err != nil {
		return nil, err
	}
	deps := restricted.Deps{Verifier: verifier, Register: staff.Register{Store: sys.Store}, Store: sys.Store, Vault: v, Log: sys.Log, Now: sys.Now}
	return lambdaevent.Invoked(verifier, failure(withhttp.API(b, staffapi.Rules())), opened(deps)), nil
}

func opened(deps restricted.Deps) func(context.Context, restricted.Request) (restricted.Reply, error) {
	return func(ctx context.Context, request restricted.Request) (restricted.Reply, error) {
		token, _ := identity.RawToken(ctx)
		return deps.Open(ctx, token, request)
	}
}

// failure makes the same problems of errors as an API does.
func failure(api *httpapi.API) func(context.Context, error) *problem.Problem {
	return func(ctx context.Context, err error) *problem.Problem {
		var p *problem.Problem
		if errors.As(api.FromError(ctx, err), &p) {
			return p
		}
		return problem.Of(problem.Internal)
	}
}
