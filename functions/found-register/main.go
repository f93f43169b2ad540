// Command found-register writes the first staff register of a deployment, as a Lambda function that an engineer invokes once by hand with
// the list of members as the event. It has no trigger, and once there is a register it refuses.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"kexin/functions/internal/boot"
	"kexin/functions/internal/withpack"
	"kexin/shared/founding"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
)

func main() {
	b, err := boot.Start(grants.FoundRegister, os.Environ())
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
	pack, err := withpack.Load(b)
	if err != nil {
		return nil, err
	}
	founder := &founding.Founder{Store: sys.Store, Log: sys.Log, Pack: pack, Issuer: b.Settings.OIDC.Issuer, Now: sys.Now, Random: sys.Random}
	return func(ctx context.Context, event []byte) ([]byte, error) {
		members, err := founding.Read(event)
		if err != nil {
			return nil, err
		}
		report, err := founder.Found(ctx, members)
		if err != nil {
			return nil, err
		}
		return json.Marshal(report)
	}, nil
}
