// Command build-export builds archives as a Lambda function: told by a queue, and by a schedule of what the queue lost, what was approved
// meanwhile, and what has expired. It may open what an approval names, write rosters and archives, and sign archives.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withpolicy"
	"kexin/functions/internal/withs3"
	"kexin/shared/exports"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/record"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/vault"
)

func main() {
	b, err := boot.Start(grants.BuildExport, os.Environ(), withkms.Keys, withs3.Objects)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(b.Handler(func(context.Context) (lambdaevent.Function, error) { return compose(b) }))
}

// lease is how long one attempt owns an export: the longest that an invocation may take.
const lease = 15 * time.Minute

// margin is the time kept for letting go of an export that takes too long.
const margin = 20 * time.Second

func compose(b *boot.Boot) (lambdaevent.Function, error) {
	sys, err := withpolicy.System(b)
	if err != nil {
		return nil, err
	}
	v, err := sys.Vault(func(c *vault.Config) { c.Ring = sys.Ring(store.Keys, nil) })
	if err != nil {
		return nil, err
	}
	builder := &exports.Builder{Deployment: sys.Deployment, Vault: v, Store: sys.Store, Keys: sys.Keys, Objects: sys.Objects,
		Register: staff.Register{Store: sys.Store}, Pack: sys.Pack, Now: sys.Now, Random: sys.Random, Lease: lease, Margin: margin}
	sweep := func(ctx context.Context, _ lambdaevent.Tick) (exports.Sweep, error) { return builder.Run(ctx) }
	return lambdaevent.Either(lambdaevent.Queue(b.Log, build(builder)), lambdaevent.Schedule(sweep)), nil
}

// build builds the export of one message. What is somebody else's turn, or can never succeed, is done with; the rest comes again.
func build(builder *exports.Builder) func(context.Context, lambdaevent.Message) error {
	return func(ctx context.Context, m lambdaevent.Message) error {
		var message boot.ExportMessage
		if err := json.Unmarshal(m.Body, &message); err != nil || record.CheckID(record.PrefixExport, string(message.Export)) != nil {
			return lambdaevent.ErrEvent
		}
		_, err := builder.Build(ctx, message.Export)
		for _, final := range []error{exports.ErrState, exports.ErrNotFound, vault.ErrDenied, vault.ErrInput} {
			if errors.Is(err, final) {
				return nil
			}
		}
		return err
	}
}
