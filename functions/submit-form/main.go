// Command submit-form is the public form as a Lambda function. It may read the manifest, put envelopes and its intake keys into the
// inbox, read back the row of the caller's own idempotency key, and have its receipt key certified; nothing else.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withhttp"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withpack"
	"kexin/shared/evidence"
	"kexin/shared/formapi"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/keys"
	"kexin/shared/store"
	"kexin/shared/system"
	"kexin/shared/system/sealing"
)

func main() {
	b, err := boot.Start(grants.SubmitForm, os.Environ(), withkms.Keys)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(withhttp.Function(b, func(ctx context.Context) (*httpapi.API, error) { return compose(ctx, b) }))
}

func compose(ctx context.Context, b *boot.Boot) (*httpapi.API, error) {
	sys, err := b.System()
	if err != nil {
		return nil, err
	}
	pack, err := withpack.Load(b)
	if err != nil {
		return nil, err
	}
	receipts, err := evidence.NewReceiptSigner(ctx, sys.Keys, sys.Deployment, sys.Random, sys.Now)
	if err != nil {
		return nil, err
	}
	api := withhttp.API(b, nil)
	formapi.Register(api, formapi.Deps{Deployment: sys.Deployment, Pack: pack, Store: sys.Store, Writer: sealing.Of(sys).Writer(store.Inbox),
		Receipts: receipts, PublicKeys: publicKeys(sys), Now: sys.Now, Origins: b.Settings.Pages.Forms})
	return api, nil
}

func publicKeys(sys *system.System) func(context.Context) (evidence.PublicKeys, error) {
	return func(ctx context.Context) (evidence.PublicKeys, error) {
		return evidence.CollectKeys(ctx, sys.Keys, sys.Deployment, keys.Signers()...)
	}
}
