package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"kexin/shared/founding"
	"kexin/shared/grants"
	"kexin/shared/retention"
	"kexin/shared/system/ruled"
)

// Warm finds at the start a clock that cannot be trusted: it went back, or further ahead than this server has ever been away. The server
// serves all the same, since expired data is refused at read time; the purge stays off until TrustClock.
func (s *Server) Warm(ctx context.Context) error {
	err := s.parts.beat.Check(ctx, s.Clock.Now())
	if errors.Is(err, retention.ErrClock) {
		s.Log.WarnContext(ctx, "clock cannot be trusted; nothing is destroyed until kexin-local trust-clock is run", "error", err)
		return nil
	}
	return err
}

// TrustClock records that the machine's clock is right, after the server was off for long or its clock was repaired.
func (s *Server) TrustClock(ctx context.Context, out io.Writer) error {
	now := s.Clock.Now()
	if err := s.parts.beat.Beat(ctx, now.Add(-s.Clock.Offset())); err != nil {
		return err
	}
	fmt.Fprintln(out, "clock trusted:", now.Format(time.RFC3339))
	return nil
}

// Welcome prints where the installation is and what to try.
func (s *Server) Welcome(out io.Writer) {
	base := "http://" + s.Addr
	fmt.Fprintf(out, "\n客信 Kexin  %s  制度包 / pack %s\n  表单 / form      %s/form/\n  控制台 / console  %s/console/\n  API             %s/openapi.json\n",
		base, s.Pack.Version, base, base, base)
	if s.Issuing == nil {
		fmt.Fprintf(out, "  生产库 / product store: tokens of %s\n  一个进程持有全部密钥 / one process holds all keys: docs/threats.md\n\n", s.Issuer)
		return
	}
	fmt.Fprintln(out, "\n演示账号,无须密码 / demonstration accounts, no password:")
	for _, a := range Accounts() {
		fmt.Fprintf(out, "  %-9s %s  %s / %s\n", a.Subject, a.Name, a.Title.ZH, a.Title.EN)
	}
	fmt.Fprint(out, `
这是演示库:密钥文件未加密,时钟可拨动,只在本机可用。
This is a demonstration store: its key file is not sealed, its clock can be moved, and only this machine reaches it.
可以试试 / try: README.md
`, "\n")
}

// ErrRegister: the store is a demonstration, which has its own people.
var ErrRegister = errors.New("a demonstration has its own staff register")

// FirstStaff writes the first staff register of a product store from a file, see package founding.
func (s *Server) FirstStaff(ctx context.Context, path string, out io.Writer) error {
	if s.Issuing != nil {
		return ErrRegister
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read first staff: %w", err)
	}
	members, err := founding.Read(data)
	if err != nil {
		return err
	}
	sys, err := ruled.New(s.backend, grants.FoundRegister)
	if err != nil {
		return err
	}
	founder := &founding.Founder{Store: sys.Store, Log: sys.Log, Pack: sys.Pack, Issuer: s.Issuer, Now: sys.Now, Random: sys.Random}
	report, err := founder.Found(ctx, members)
	if err == nil {
		fmt.Fprintf(out, "staff register written: %d members\n", report.Members)
	}
	return err
}
