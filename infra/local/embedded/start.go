package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/rows"
	"kexin/shared/staff"
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

// FirstMember is one entry of the file that FirstStaff reads.
type FirstMember struct {
	Name       string            `json:"name"`
	Role       record.Role       `json:"role"`
	Title      record.Text       `json:"title"`
	Department record.Department `json:"department"`
	Subject    string            `json:"subject"` // subject of the tokens of the configured issuer
	NDA        string            `json:"nda"`     // last day, ISO 8601
	Training   string            `json:"training"`
	Vetting    string            `json:"vetting"`
}

// ErrRegister: the staff register is not empty, or the file does not name who can change it with two persons.
var ErrRegister = errors.New("first staff register refused")

// FirstStaff writes the first staff register of a product store. It works once: afterwards two persons change the register. The file must
// name at least one member of role R10, who asks for changes, and one of R8 or R11, who approves them.
func (s *Server) FirstStaff(ctx context.Context, path string, out io.Writer) error {
	present, err := s.parts.approve.Register.List(ctx)
	if err != nil {
		return err
	}
	if len(present) > 0 || s.Issuing != nil {
		return fmt.Errorf("%w: there is a register already; two persons change it", ErrRegister)
	}
	members, err := readFirst(path)
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := s.putFirst(ctx, m); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "staff register written: %d members\n", len(members))
	return nil
}

func readFirst(path string) ([]FirstMember, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read first staff: %w", err)
	}
	var members []FirstMember
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fmt.Errorf("%w: not a list of members", ErrRegister)
	}
	asks, approves := false, false
	for _, m := range members {
		asks = asks || m.Role == "R10"
		approves = approves || m.Role == "R8" || m.Role == "R11"
	}
	if !asks || !approves {
		return nil, fmt.Errorf("%w: name at least one R10 and one R8 or R11", ErrRegister)
	}
	return members, nil
}

func (s *Server) putFirst(ctx context.Context, m FirstMember) error {
	if s.Pack.Roles[m.Role] == nil || s.Pack.Departments[m.Department] == (record.Text{}) || m.Subject == "" {
		return fmt.Errorf("%w: unknown role or department, or no subject", ErrRegister)
	}
	id, err := record.NewID(s.Random, record.PrefixStaff)
	if err != nil {
		return err
	}
	ops, err := staff.PutOps(record.StaffID(id), rows.StaffBody{Name: m.Name, Role: m.Role, Title: m.Title, Department: m.Department,
		NDA: staff.EndOf(m.NDA), Training: staff.EndOf(m.Training), Vetting: staff.EndOf(m.Vetting), Active: true, Subject: rows.SubjectHash(s.Issuer, m.Subject)}, 0, "")
	if err != nil {
		return err
	}
	return s.Store.Transact(ctx, "", ops...)
}
