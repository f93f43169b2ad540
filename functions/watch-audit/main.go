// Command watch-audit looks at every change of table audit, as the function of the table's stream, and raises an alarm about rows that
// were replaced or removed although nothing does that. It writes entries of its own and can change nothing else.
//
// The alarm is the metric audit-rows-changed (telemetry.AuditRowsChanged: namespace Kexin, dimension function = watch-audit, unit Count,
// one for each row), an error in the technical log, and an entry of action watch_audit.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/shared/audit"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/telemetry"
)

func main() {
	b, err := boot.Start(grants.WatchAudit, os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(b.Handler(func(context.Context) (lambdaevent.Function, error) { return compose(b) }))
}

func compose(b *boot.Boot) (lambdaevent.Function, error) {
	sys, err := b.System()
	if err != nil {
		return nil, err
	}
	watcher := &audit.Watcher{Store: sys.Store, Log: sys.Log, Alarm: func(ctx context.Context, found audit.Tampering) {
		meter := telemetry.NewMeter(os.Stdout, string(grants.WatchAudit), sys.Now) // of its own, written before anything else can fail
		telemetry.Measure(telemetry.WithMeter(ctx, meter), telemetry.AuditRowsChanged, 1, "")
		meter.Flush(ctx)
		at := ""
		if found.Entry != nil {
			at = fmt.Sprint(*found.Entry)
		}
		b.Log.ErrorContext(ctx, "row of the audit log was changed", "finding", found.Code(), "lane", found.Lane.String(), "entry", at,
			"customer", string(found.Customer))
	}}
	return lambdaevent.Stream(b.Log, func(ctx context.Context, c lambdaevent.Change) error {
		return watcher.Look(ctx, audit.Change{PK: c.PK, SK: c.SK, Modified: c.Kind == lambdaevent.Modified, Removed: c.Kind == lambdaevent.Removed})
	}), nil
}
