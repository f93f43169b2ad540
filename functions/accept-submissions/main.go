// Command accept-submissions brings submissions from the inbox into the records as a Lambda function: told by the inbox's stream, and by a
// schedule of what the stream lost. It may open envelopes and write records, heads and indexes; it can open no live record.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withpolicy"
	"kexin/shared/collect"
	"kexin/shared/grants"
	"kexin/shared/indexes"
	"kexin/shared/intake"
	"kexin/shared/lambdaevent"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vault"
)

func main() {
	b, err := boot.Start(grants.AcceptSubmissions, os.Environ(), withkms.Keys)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(b.Handler(func(ctx context.Context) (lambdaevent.Function, error) { return compose(ctx, b) }))
}

func compose(ctx context.Context, b *boot.Boot) (lambdaevent.Function, error) {
	sys, err := withpolicy.System(b)
	if err != nil {
		return nil, err
	}
	index, err := indexes.Load(ctx, sys.Store, sys.Keys, sys.Deployment)
	if err != nil {
		return nil, err
	}
	v, err := sys.Vault(func(c *vault.Config) {
		c.Writer, c.Ring, c.RootWrap = sys.Writer(store.Keys), sys.Ring(store.Inbox, nil), seal.Root{Keys: sys.Keys}
		c.Index, c.Check = index, collect.Recheck(sys.Pack)
	})
	if err != nil {
		return nil, err
	}
	acceptor := &intake.Acceptor{Vault: v, Store: sys.Store, Now: sys.Now, Workers: 1}
	sweep := func(ctx context.Context, _ lambdaevent.Tick) (intake.Report, error) { return acceptor.Sweep(ctx) }
	return lambdaevent.Either(lambdaevent.Stream(b.Log, changed(acceptor)), lambdaevent.Schedule(sweep)), nil
}

// changed accepts the submission of a new row; other rows of the inbox, and changes of rows, are no work.
func changed(acceptor *intake.Acceptor) func(context.Context, lambdaevent.Change) error {
	return func(ctx context.Context, c lambdaevent.Change) error {
		if c.Kind != lambdaevent.Inserted || !strings.HasPrefix(c.PK, rows.PrefixSubmission) {
			return nil
		}
		_, err := acceptor.Accept(ctx, record.SubmissionID(c.SK))
		return err
	}
}
