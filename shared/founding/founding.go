// Package founding writes the first staff register of a new installation: the one time that it changes without two persons, because there
// is nobody yet. It works once; afterwards two persons change the register.
package founding

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/decision"
	"kexin/shared/grants"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
	"kexin/shared/store"
)

// Member is one entry of the first register, as a JSON file names it.
type Member struct {
	Name       string            `json:"name"`
	Role       record.Role       `json:"role"`
	Title      record.Text       `json:"title"`
	Department record.Department `json:"department"`
	Subject    string            `json:"subject"`  // subject of the tokens of the configured issuer
	NDA        string            `json:"nda"`      // last day, ISO 8601
	Training   string            `json:"training"` // last day
	Vetting    string            `json:"vetting"`  // last day
}

// MaxMembers is the most members of a first register: it is one transaction, and the rest can be entered with two persons.
const MaxMembers = 30

// ErrRegister: there is a register already, or the members are not such that two persons can change it.
var ErrRegister = errors.New("first staff register refused")

// Founder writes the first register. Every member is required.
type Founder struct {
	Store  store.Store
	Log    *audit.Log
	Pack   *policy.Pack
	Issuer string // whose subjects the members' are
	Now    func() time.Time
	Random io.Reader
}

// Report says what was written.
type Report struct {
	Members int `json:"members"`
}

// Read returns the members of a JSON list. Members that nobody knows are refused, so that a misspelt date is not left out in silence.
func Read(data []byte) ([]Member, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var members []Member
	if err := decoder.Decode(&members); err != nil || decoder.More() {
		return nil, fmt.Errorf("%w: not a list of members with name, role, title, department, subject, nda, training and vetting", ErrRegister)
	}
	return members, nil
}

// Found writes members in one transaction with its audit entry, and a row that makes every later call fail with ErrRegister. There must be
// at least one of role R10, who asks for changes, and one of R8 or R11, who approves them. Errors name members by their place in the
// list.
func (f *Founder) Found(ctx context.Context, members []Member) (Report, error) {
	if err := f.check(members); err != nil {
		return Report{}, err
	}
	present, err := f.Store.Query(ctx, store.Query{Table: store.Work, PK: rows.PrefixStaff, Limit: 1})
	if err != nil {
		return Report{}, fmt.Errorf("look for a register: %w", err)
	}
	if len(present.Items) > 0 {
		return Report{}, fmt.Errorf("%w: there is one already; two persons change it", ErrRegister)
	}
	ops, err := f.ops(members)
	if err != nil {
		return Report{}, err
	}
	_, err = f.Log.Act(ctx, audit.Entry{Actor: audit.Actor{Kind: entry.System, ID: string(grants.FoundRegister)}, Action: string(decision.ActStaffWrite),
		Verdict: entry.Allow, Code: "founded", Pack: f.Pack.Version, Facts: audit.Facts{"records": entry.Count(len(members))}}, ops...)
	if errors.Is(err, store.ErrCondition) {
		return Report{}, fmt.Errorf("%w: there is one already; two persons change it", ErrRegister)
	}
	return Report{Members: len(members)}, err
}

// ops returns the mark that there is a register, and its members.
func (f *Founder) ops(members []Member) ([]store.Op, error) {
	ops := []store.Op{store.PutIf(store.Item{Key: rows.Job(string(grants.FoundRegister), "done"), Body: []byte("1")}, store.IfAbsent())}
	for _, m := range members {
		id, err := record.NewID(f.Random, record.PrefixStaff)
		if err != nil {
			return nil, err
		}
		more, err := staff.PutOps(record.StaffID(id), rows.StaffBody{Name: m.Name, Role: m.Role, Title: m.Title, Department: m.Department,
			NDA: staff.EndOf(m.NDA), Training: staff.EndOf(m.Training), Vetting: staff.EndOf(m.Vetting), Active: true,
			Subject: rows.SubjectHash(f.Issuer, m.Subject)}, 0, "")
		if err != nil {
			return nil, err
		}
		ops = append(ops, more...)
	}
	return ops, nil
}

// check refuses lists that would leave a register which nobody can change, or members who could never act.
func (f *Founder) check(members []Member) error {
	asks, approves, subjects := false, false, map[string]bool{}
	for i, m := range members {
		refused := func(why string) error { return fmt.Errorf("%w: member %d: %s", ErrRegister, i+1, why) }
		switch {
		case f.Pack.Roles[m.Role] == nil:
			return refused("role: the pack has no such role")
		case f.Pack.Departments[m.Department] == (record.Text{}):
			return refused("department: the pack has no such department")
		case m.Subject == "" || subjects[m.Subject]:
			return refused("subject: missing, or given twice")
		case m.Name == "":
			return refused("name: missing")
		}
		for field, day := range map[string]string{"nda": m.NDA, "training": m.Training, "vetting": m.Vetting} {
			if day != "" && staff.EndOf(day) <= f.Now().Unix() {
				return refused(field + ": no day (YYYY-MM-DD), or past")
			}
		}
		subjects[m.Subject] = true
		asks, approves = asks || m.Role == "R10", approves || m.Role == "R8" || m.Role == "R11"
	}
	if !asks || !approves || len(members) > MaxMembers {
		return fmt.Errorf("%w: name at least one R10 and one R8 or R11, and at most %d members", ErrRegister, MaxMembers)
	}
	return nil
}
