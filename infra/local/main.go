// Command local is Kexin on one machine: every function in one process, over files, without an account, a network or Docker. `make run`
// starts it as a demonstration; with a passphrase file and an identity provider it is a product store that may run for years.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"kexin/infra/local/embedded"
	"kexin/shared/env"
	"kexin/shared/filekeys"
	"kexin/shared/telemetry"
)

// collectAt is GOGC of a server whose live memory is small beside what its requests leave: collecting at five times the live memory
// instead of twice saves a tenth of the processor. GOGC in the environment wins.
const collectAt = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kexin:", err)
		os.Exit(1)
	}
}

const usage = `usage: kexin-local                         serve
       kexin-local first-staff FILE        write the first staff register of an empty product store (JSON; see docs/operations/embedded.md)
       kexin-local trust-clock             say that the machine's clock is right, after the server was off for over 45 days`

func run(ctx context.Context, args, environ []string, out, logs io.Writer) error {
	settings, err := env.Load(environ)
	if err != nil {
		return err
	}
	passphrase, err := filekeys.ReadPassphrase(settings.Embedded.PassphraseFile)
	if err != nil {
		return err
	}
	defer clear(passphrase)
	log := telemetry.NewLogger(logs, slog.LevelInfo)
	listener, err := net.Listen("tcp", settings.Embedded.Addr)
	if err != nil {
		return fmt.Errorf("listen (set KEXIN_ADDR to another address if this one is taken): %w", err)
	}
	defer func() { _ = listener.Close() }()
	server, err := embedded.Open(ctx, embedded.Options{Data: settings.Embedded.Data, Pack: settings.Pack, Demo: settings.Embedded.Demo,
		Passphrase: passphrase, BaseURL: settings.Pages.BaseURL, Addr: listener.Addr().String(), Issuer: settings.OIDC.Issuer,
		Audience: settings.OIDC.Audience, Client: settings.OIDC.Client, Scopes: settings.OIDC.Scopes, Connect: settings.Pages.Connect,
		Forms: settings.Pages.Forms, FormRate: settings.Embedded.FormRate, Log: log})
	if err != nil {
		return err
	}
	return errors.Join(act(ctx, server, listener, args, out), server.Close())
}

func act(ctx context.Context, server *embedded.Server, listener net.Listener, args []string, out io.Writer) error {
	switch {
	case len(args) == 0:
		return serve(ctx, server, listener, out)
	case len(args) == 1 && args[0] == "trust-clock":
		return server.TrustClock(ctx, out)
	case len(args) == 2 && args[0] == "first-staff":
		return server.FirstStaff(ctx, args[1], out)
	}
	return errors.New(usage)
}

// seed fills a demonstration that has not been filled yet, or not to the end.
func seed(ctx context.Context, server *embedded.Server, out io.Writer) error {
	if server.Issuing == nil {
		return nil
	}
	if done, err := server.Seeded(); done || err != nil {
		return err
	}
	fmt.Fprintln(out, "正在建立演示公司和 200 位虚构客户… / creating the demonstration company with 200 invented customers …")
	return server.Seed(ctx, 200, func(int) {})
}

// serve seeds a new demonstration and answers requests until ctx ends.
func serve(ctx context.Context, server *embedded.Server, listener net.Listener, out io.Writer) error {
	if err := seed(ctx, server, out); err != nil {
		return err
	}
	if err := server.Warm(ctx); err != nil {
		return err
	}
	httpServer := &http.Server{Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	jobs, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { server.Run(jobs); close(done) }()
	server.Welcome(out)
	failed := make(chan error, 1)
	go func() { failed <- httpServer.Serve(listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err = httpServer.Shutdown(grace)
		cancel()
	}
	stop()
	<-done
	return err
}
