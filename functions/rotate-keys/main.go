// Command rotate-keys makes and renews branches, their manifest and the first index key, as a scheduled Lambda function. It opens no
// records.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withkms"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/rotation"
)

func main() {
	b, err := boot.Start(grants.RotateKeys, os.Environ(), withkms.Keys)
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
	rotator := &rotation.Rotator{Deployment: sys.Deployment, Store: sys.Store, Keys: sys.Keys, Log: sys.Log, Now: sys.Now, Random: sys.Random}
	return lambdaevent.Schedule(func(ctx context.Context, _ lambdaevent.Tick) (rotation.Report, error) {
		return rotator.Run(ctx, false)
	}), nil
}
