package consoleapi

import (
	"context"

	"kexin/shared/lambdaevent"
	"kexin/shared/restricted"
)

// Invoker is open-restricted as another function, which verifies the token of the request's context again itself.
type Invoker struct {
	Invoke lambdaevent.Function
}

// Open implements Opener. The token is that of ctx.
func (i Invoker) Open(ctx context.Context, _ string, request restricted.Request) (restricted.Reply, error) {
	return lambdaevent.Call[restricted.Request, restricted.Reply](ctx, i.Invoke, request)
}
