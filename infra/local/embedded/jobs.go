package embedded

import (
	"context"
	"errors"
	"sync"
	"time"

	"kexin/shared/audit"
	"kexin/shared/grants"
	"kexin/shared/problem"
)

// RunJob runs one scheduled function now and returns its report.
func (s *Server) RunJob(ctx context.Context, name string) (any, error) {
	switch grants.Function(name) {
	case grants.AcceptSubmissions:
		return s.parts.acceptor.Sweep(ctx)
	case grants.BuildExport:
		return s.parts.builder.Run(ctx)
	case grants.PurgeExpired:
		return s.parts.purge.Run(ctx)
	case grants.SealAudit:
		return s.seal(ctx)
	case grants.RotateKeys:
		return s.parts.rotator.Run(ctx, true)
	}
	return nil, problem.Of(problem.NotFound)
}

// seal seals what the log has, one run after another: on one machine a run that is asked for waits for the scheduled one instead of failing.
func (s *Server) seal(ctx context.Context) (audit.Report, error) {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	return s.parts.sealer.Run(ctx)
}

// Intervals of the scheduled functions, as template.yaml has them.
const (
	acceptEvery = time.Minute
	buildEvery  = 30 * time.Second
	sealEvery   = time.Minute
	purgeEvery  = time.Hour
	rotateEvery = 24 * time.Hour
	beatEvery   = time.Hour
)

// Run runs the scheduled functions until ctx ends. Each runs alone; a failure is logged and tried again at the next turn.
func (s *Server) Run(ctx context.Context) {
	var group sync.WaitGroup
	loop := func(name string, every time.Duration, wake <-chan struct{}, act func(context.Context) error) {
		group.Go(func() { s.loop(ctx, name, every, wake, act) })
	}
	loop("accept-submissions", acceptEvery, s.parts.wakeAccept, job(s.parts.acceptor.Sweep))
	loop("build-export", buildEvery, s.parts.wakeBuild, job(s.parts.builder.Run))
	loop("seal-audit", sealEvery, nil, job(s.seal))
	loop("purge-expired", purgeEvery, nil, job(s.parts.purge.Run))
	loop("rotate-keys", rotateEvery, nil, func(ctx context.Context) error { _, err := s.parts.rotator.Run(ctx, false); return err })
	loop("heartbeat", beatEvery, nil, func(ctx context.Context) error {
		return s.parts.beat.Check(ctx, s.Clock.Now())
	})
	group.Wait()
}

func job[R any](run func(context.Context) (R, error)) func(context.Context) error {
	return func(ctx context.Context) error { _, err := run(ctx); return err }
}

func (s *Server) loop(ctx context.Context, name string, every time.Duration, wake <-chan struct{}, act func(context.Context) error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := act(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.Log.ErrorContext(ctx, "scheduled function failed", "function", name, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-wake:
		}
	}
}
