// Command approve lets second persons answer requests, and with two persons change the staff register, as a Lambda function. It opens
// nothing and holds no key.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withhttp"
	"kexin/functions/internal/withpolicy"
	"kexin/shared/approveapi"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
	"kexin/shared/vault"
)

func main() {
	b, err := boot.Start(grants.Approve, os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(withhttp.Function(b, func(context.Context) (*httpapi.API, error) { return compose(b) }))
}

func compose(b *boot.Boot) (*httpapi.API, error) {
	sys, err := withpolicy.System(b)
	if err != nil {
		return nil, err
	}
	v, err := sys.Vault(func(*vault.Config) {})
	if err != nil {
		return nil, err
	}
	forStaff, err := withhttp.Staff(b)
	if err != nil {
		return nil, err
	}
	api := withhttp.API(b, staffapi.Rules())
	approveapi.Register(api.With(forStaff), approveapi.Deps{Vault: v, Store: sys.Store, Log: sys.Log,
		Register: staff.Register{Store: sys.Store}, Pack: sys.Pack, Now: sys.Now, Random: sys.Random})
	return api, nil
}
