// Command release-archive hands out an archive's key once, and links to its ciphertext, as a Lambda function. It opens no records.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withhttp"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withpolicy"
	"kexin/functions/internal/withs3"
	"kexin/shared/exports"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/releaseapi"
	"kexin/shared/staff"
	"kexin/shared/staffapi/exportrules"
	"kexin/shared/vault"
)

func main() {
	b, err := boot.Start(grants.ReleaseArchive, os.Environ(), withkms.Keys, withs3.Objects)
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
	api := withhttp.API(b, exportrules.Rules())
	releaseapi.Register(api.With(forStaff), releaseapi.Deps{
		Clerk: &exports.Clerk{Vault: v, Store: sys.Store, Keys: sys.Keys, Objects: sys.Objects, Now: sys.Now}, Log: sys.Log,
		Register: staff.Register{Store: sys.Store}})
	return api, nil
}
