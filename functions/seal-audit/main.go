// Command seal-audit joins the audit lanes into the signed log, as a scheduled Lambda function. It reads lanes, writes terminators and
// tiles, and signs checkpoints; it has nothing to do with records or keys.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withkms"
	"kexin/functions/internal/withs3"
	"kexin/shared/audit"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
)

func main() {
	b, err := boot.Start(grants.SealAudit, os.Environ(), withkms.Keys, withs3.Objects)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(b.Handler(func(context.Context) (lambdaevent.Function, error) { return compose(b) }))
}

const (
	// idleAfter is how long a lane is silent before it is ended. A process that Lambda has frozen for longer begins another one.
	idleAfter = 6 * time.Hour
	// reserve is the time that is kept for publishing and signing what was read.
	reserve = 10 * time.Second
)

func compose(b *boot.Boot) (lambdaevent.Function, error) {
	sys, err := b.System()
	if err != nil {
		return nil, err
	}
	sealer := &audit.Sealer{Store: sys.Store, Objects: sys.Objects, Keys: sys.Keys, Deployment: sys.Deployment,
		Function: string(grants.SealAudit), Now: sys.Now, IdleAfter: idleAfter, Reserve: reserve}
	return lambdaevent.Schedule(func(ctx context.Context, _ lambdaevent.Tick) (audit.Report, error) {
		report, err := sealer.Run(ctx)
		for _, alarm := range report.Alarms {
			b.Log.ErrorContext(ctx, "audit lane cannot be sealed", "alarm", alarm.String())
		}
		return report, err
	}), nil
}
