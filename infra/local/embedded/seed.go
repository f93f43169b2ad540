package embedded

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"kexin/shared/collect"
	"kexin/shared/grants"
	"kexin/shared/identity"
	"kexin/shared/indexes"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
	"kexin/shared/vault"
)

// Account is an account of the demonstration company.
type Account struct {
	Subject    string            `json:"subject"`
	Name       string            `json:"name"`
	Role       record.Role       `json:"role"`
	Title      record.Text       `json:"title"`
	Department record.Department `json:"department"`
}

// Accounts returns the accounts of the demonstration company 春和生活服务有限公司: invented people.
func Accounts() []Account {
	return []Account{
		{"clerk", "陈小满", "R2", record.Text{ZH: "客服人员", EN: "Service agent"}, "service"},
		{"sales", "周立夏", "R3", record.Text{ZH: "销售人员", EN: "Sales"}, "sales"},
		{"manager", "吴清明", "R9", record.Text{ZH: "有导出权的经理", EN: "Export manager"}, "service"},
		{"head", "郑谷雨", "R8", record.Text{ZH: "部门负责人", EN: "Department head"}, "service"},
		{"admin", "林知微", "R10", record.Text{ZH: "信息部", EN: "Central information department"}, "information"},
		{"auditor", "何霜降", "R11", record.Text{ZH: "监督小组", EN: "Supervisory group"}, "supervision"},
		{"security", "沈白露", "R12", record.Text{ZH: "个人信息保护负责人", EN: "Person in charge of protection"}, "security"},
		{"engineer", "许大寒", "R13", record.Text{ZH: "IT人员", EN: "IT"}, "it"},
	}
}

// SeedDate is the fixed day on which the demonstration's customers were entered.
func SeedDate() time.Time { return time.Date(2026, 9, 1, 1, 0, 0, 0, time.UTC) }

// clearances of demonstration accounts hold for so long that moving the clock past a retention period leaves staff able to work.
const clearances = 20 * 365 * 24 * time.Hour

// Seeded reports whether a demonstration has been filled; one that was killed meanwhile has not.
func (s *Server) Seeded() (bool, error) {
	_, err := os.Stat(s.seedMark())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the seed's mark: %w", err)
	}
	return true, nil
}

func (s *Server) seedMark() string { return filepath.Join(s.Data, "demo-seeded") }

// Seed fills a new demonstration: the staff register, and count invented customers with a fixed date and a fixed random seed. After a
// crash it is called again and goes on: who is there already stays as he is.
func (s *Server) Seed(ctx context.Context, count int, progress func(done int)) error {
	members, err := s.seedStaff(ctx)
	if err != nil {
		return fmt.Errorf("seed staff register: %w", err)
	}
	v, err := s.seedVault(ctx)
	if err != nil {
		return err
	}
	people := invent(count)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, raw := range people {
		group.Go(func() error {
			defer progress(i)
			return s.seedCustomer(ctx, v, members, i, raw)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return writeWhole(s.seedMark(), []byte(s.Pack.Version+"\n"))
}

// seedStaff writes the first register: the one time that it changes without two persons, because there is nobody yet.
func (s *Server) seedStaff(ctx context.Context) (map[string]staff.Member, error) {
	members := map[string]staff.Member{}
	until := SeedDate().Add(clearances).Unix()
	for _, account := range Accounts() {
		present, err := staff.Register{Store: s.Store}.ByLogin(ctx, identity.DemoIssuerName, account.Subject)
		if err == nil {
			members[account.Subject] = present
			continue
		}
		if !errors.Is(err, staff.ErrUnknown) {
			return nil, err
		}
		id, err := record.NewID(s.Random, record.PrefixStaff)
		if err != nil {
			return nil, err
		}
		body := rows.StaffBody{Name: account.Name, Role: account.Role, Title: account.Title, Department: account.Department, NDA: until,
			Training: until, Vetting: until, Active: true, Subject: rows.SubjectHash(identity.DemoIssuerName, account.Subject)}
		ops, err := staff.PutOps(record.StaffID(id), body, 0, "")
		if err != nil {
			return nil, err
		}
		if err := s.Store.Transact(ctx, "", ops...); err != nil {
			return nil, err
		}
		members[account.Subject] = staff.Member{ID: record.StaffID(id), StaffBody: body}
	}
	return members, nil
}

// seedCustomer enters one customer through the same door as staff do.
func (s *Server) seedCustomer(ctx context.Context, v *vault.Vault, members map[string]staff.Member, i int, raw collect.Raw) error {
	clerk := members["clerk"]
	raw.Evidence = record.Evidence{Staff: clerk.ID, Script: s.Pack.Notices[raw.Notice].Script}
	filled, _, err := collect.Check(s.Pack, raw, collect.ByStaff, SeedDate())
	if err != nil {
		return fmt.Errorf("invented customer %d: %w", i, err)
	}
	key := fmt.Sprintf("seed-%d", i)
	_, err = v.Create(ctx, vault.Actor{Actor: clerk.Actor()}, filled, key, []byte(key))
	return err
}

// seedVault is a console's vault whose clock stands at the seed date.
func (s *Server) seedVault(ctx context.Context) (*vault.Vault, error) {
	backend := s.backend
	backend.Now = SeedDate
	sys, err := ruled.New(backend, grants.ServeConsole)
	if err != nil {
		return nil, err
	}
	index, err := indexes.Load(ctx, sys.Store, sys.Keys, sys.Deployment)
	if err != nil {
		return nil, err
	}
	return sys.Vault(func(c *vault.Config) {
		c.Writer, c.RootWrap, c.Index = sys.Writer(store.Keys), seal.Root{Keys: sys.Keys}, index
	})
}

// source is the fixed source of the invented people. It makes names, never keys.
func source() *mathrand.Rand { return mathrand.New(mathrand.NewPCG(20260901, 6)) }
