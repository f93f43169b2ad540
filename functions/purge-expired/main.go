// Command purge-expired destroys what has ended, as a scheduled Lambda function. It may delete heads, shred keys, identifiers, bodies and
// archive keys; it can neither decrypt nor sign.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withpack"
	"kexin/functions/internal/withs3"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/retention"
	"kexin/shared/rows"
)

func main() {
	b, err := boot.Start(grants.PurgeExpired, os.Environ(), withs3.Objects)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(b.Handler(func(context.Context) (lambdaevent.Function, error) { return compose(b) }))
}

const (
	// away is how far the process's clock may be from DynamoDB's.
	away = time.Hour
	// firstLook is how far back the very first run of a deployment looks for what is due; later ones go on where the last one ended.
	firstLook = 30 * 24 * time.Hour
	// margin is the time that is kept for ending a run in good order.
	margin = 20 * time.Second
)

func compose(b *boot.Boot) (lambdaevent.Function, error) {
	sys, err := b.System()
	if err != nil {
		return nil, err
	}
	pack, err := withpack.Load(b)
	if err != nil {
		return nil, err
	}
	clock := retention.StoreClock{Away: away, Time: func(ctx context.Context) (time.Time, error) {
		return b.Dynamo.Time(ctx, rows.Job(string(grants.PurgeExpired), "cursor"))
	}}
	return lambdaevent.Schedule(func(ctx context.Context, _ lambdaevent.Tick) (retention.Report, error) {
		purge := &retention.Purge{Store: sys.Store, Log: sys.Log, Pack: pack, Clock: clock, Archives: retention.Bin{Objects: sys.Objects},
			Now: sys.Now, Since: sys.Now().Add(-firstLook), Workers: 1, Margin: margin}
		return purge.Run(ctx)
	}), nil
}
