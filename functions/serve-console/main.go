// Command serve-console is the staff console as a Lambda function. It may open L0 to L2 as decided, edit all levels (L3: encrypt only)
// and queue builds; it cannot open L3, approve, change the staff register or hand out archives.
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
	"kexin/functions/internal/withsqs"
	"kexin/shared/audit"
	"kexin/shared/consoleapi"
	"kexin/shared/exports"
	"kexin/shared/grants"
	"kexin/shared/httpapi"
	"kexin/shared/indexes"
	"kexin/shared/seal"
	"kexin/shared/staff"
	"kexin/shared/staffapi/exportrules"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
	"kexin/shared/vault"
)

func main() {
	b, err := boot.Start(grants.ServeConsole, os.Environ(), withkms.Keys, withs3.Objects)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(withhttp.Function(b, func(ctx context.Context) (*httpapi.API, error) { return compose(ctx, b) }))
}

func compose(ctx context.Context, b *boot.Boot) (*httpapi.API, error) {
	sys, err := withpolicy.System(b)
	if err != nil {
		return nil, err
	}
	index, err := indexes.Load(ctx, sys.Store, sys.Keys, sys.Deployment)
	if err != nil {
		return nil, err
	}
	cursors, err := consoleapi.NewCursors(index, sys.Random)
	if err != nil {
		return nil, err
	}
	v, err := door(sys, index)
	if err != nil {
		return nil, err
	}
	forStaff, err := withhttp.Staff(b)
	if err != nil {
		return nil, err
	}
	desk := &exports.Desk{Vault: v, Store: sys.Store, Pack: sys.Pack, Now: sys.Now, Random: sys.Random, Wake: withsqs.WakeBuilder(b)}
	api := withhttp.API(b, exportrules.Rules())
	consoleapi.Register(api.With(forStaff), consoleapi.Deps{Vault: v, Engine: sys.Engine, Pack: sys.Pack, Store: sys.Store,
		Log: sys.Log, Prover: audit.Prover{Store: sys.Store, Objects: sys.Objects}, Register: staff.Register{Store: sys.Store, Logins: staff.NewLogins()}, Desk: desk,
		Opener: consoleapi.Invoker{Invoke: b.Invoke(b.Settings.Functions.OpenRestricted)}, Cursors: cursors, Now: sys.Now, Random: sys.Random})
	return api, nil
}

// door returns the console's vault.
func door(sys *ruled.System, index vault.Indexer) (*vault.Vault, error) {
	return sys.Vault(func(c *vault.Config) {
		c.Writer = sys.Writer(store.Keys)
		c.Ring, c.RootWrap, c.Index = sys.Ring(store.Keys, c.Writer), seal.Root{Keys: sys.Keys}, index
	})
}
