// Package boot is what the functions' programs share: settings and credentials from the environment, clients for exactly those services
// that the function uses, and the function's own limited system over them. Nothing here calls a service: what needs one is built when
// the first event arrives, so that a process asks for its first event as soon as it can and an outage at that moment is an answer to a
// request and not a crash.
package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"kexin/shared/dynamostore"
	"kexin/shared/env"
	"kexin/shared/grants"
	"kexin/shared/lambdaevent"
	"kexin/shared/system"
	"kexin/shared/telemetry"
)

// Boot is a function's process before its first event.
type Boot struct {
	Function grants.Function
	Settings env.Settings
	Log      *slog.Logger
	// Dynamo is the whole store, for its clock; everything else goes through the limited one of System.
	Dynamo *dynamostore.Store

	// Platform is where the process runs, for the clients that parts make.
	Platform Platform
	// Backend is what System limits; parts add to it.
	Backend system.Backend

	out io.Writer // log and metrics
}

// Part adds something to the backend that not every function has. Only parts that a program names are linked into it.
type Part func(*Boot) error

// Start reads the settings of function from environ, a list of NAME=value, and adds parts. It fails when a variable that function needs
// is missing, or one is set that nobody reads.
func Start(function grants.Function, environ []string, parts ...Part) (*Boot, error) {
	settings, err := env.Load(environ)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", function, err)
	}
	platform, err := platformOf(environ)
	if err := errors.Join(err, settings.Require(Required(function)...)); err != nil {
		return nil, fmt.Errorf("start %s: %w", function, err)
	}
	b := &Boot{Function: function, Settings: settings, Log: telemetry.NewLogger(os.Stdout, slog.LevelInfo), Platform: platform,
		out: os.Stdout}
	b.Dynamo = b.Rows()
	b.Backend = system.Backend{Deployment: settings.Deployment, Store: b.Dynamo, ManifestKey: settings.KMS.ManifestKey, Now: now,
		Random: rand.Reader, Lanes: 1}
	for _, part := range parts {
		if err := part(b); err != nil {
			return nil, fmt.Errorf("start %s: %w", function, err)
		}
	}
	return b, nil
}

func now() time.Time { return time.Now().UTC() }

// System returns the function's part of the deployment, and nothing beyond it. It is called when the first event has arrived.
func (b *Boot) System() (*system.System, error) {
	return system.New(b.Backend, b.Function)
}

// Handler returns the function that build makes when the first event arrives. When build fails, that event fails with its error, and
// the next event tries again.
func (b *Boot) Handler(build func(context.Context) (lambdaevent.Function, error)) lambdaevent.Function {
	made := Lazily(build)
	return b.Observed(func(ctx context.Context, event []byte) ([]byte, error) {
		function, err := made(ctx)
		if err != nil {
			return nil, fmt.Errorf("prepare function: %w", err)
		}
		return function(ctx, event)
	})
}

// Observed returns f with a meter for each event, whose measurements are written when the event is done, and with the invocation's ids:
// the request id, unless the event brings one of its own, as HTTP does, and the trace.
func (b *Boot) Observed(f lambdaevent.Function) lambdaevent.Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		if invocation, ok := lambdacontext.FromContext(ctx); ok {
			ctx = telemetry.WithRequestID(ctx, invocation.AwsRequestID)
		}
		if trace, ok := ctx.Value(traceName).(string); ok {
			ctx = telemetry.WithTrace(ctx, trace)
		}
		meter := telemetry.NewMeter(b.out, string(b.Function), now)
		ctx = telemetry.WithMeter(ctx, meter)
		defer meter.Flush(ctx)
		return f(ctx, event)
	}
}

// traceName is the context key by which Lambda's runtime client passes the trace on.
const traceName = "x-amzn-trace-id"

// Lazily returns what returns build's value: made when it is first asked for, and again after a failure.
func Lazily[T any](build func(context.Context) (T, error)) func(context.Context) (T, error) {
	var mu sync.Mutex
	var made *T
	return func(ctx context.Context) (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if made != nil {
			return *made, nil
		}
		value, err := build(ctx)
		if err == nil {
			made = &value
		}
		return value, err
	}
}
