package decision

import (
	"testing"
	"time"

	"kexin/packs"
	"kexin/shared/policy"
	"kexin/shared/record"
)

var now = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

const (
	me       record.StaffID    = "stf_me"
	other    record.StaffID    = "stf_other"
	customer record.CustomerID = "cus_1"
	mine     record.Department = "service"
)

func load(t testing.TB, id string) *policy.Pack {
	t.Helper()
	pack, err := policy.Load(packs.FS, id)
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

func newEngine(t testing.TB, pack *policy.Pack) *Engine {
	t.Helper()
	engine, err := New(pack)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// levels is the base pack with one section for every level, which serves every purpose and may be exported.
func levels(t testing.TB) (*policy.Pack, map[int]*Section) {
	pack := load(t, policy.Base)
	pack.Sections = nil
	sections := map[int]*Section{}
	for level := record.L0; level <= record.L3; level++ {
		name := record.FieldName("field_" + level.String())
		pack.Fields[name] = &policy.Field{Name: name, Level: level, Use: policy.UseCollect, Export: true}
		s := &policy.Section{ID: record.SectionID("s" + level.String()), Level: level, Category: "basic", Fields: []record.FieldName{name}}
		for id := range pack.Purposes {
			s.Purposes = append(s.Purposes, id)
		}
		pack.Sections = append(pack.Sections, s)
		sections[int(level)-int(record.L0)] = &Section{ID: s.ID, Level: level, Category: s.Category, Purposes: s.Purposes}
	}
	return pack, sections
}

// ready is a request of role to which nothing is missing.
func ready(pack *policy.Pack, role record.Role, action Action, section *Section) Request {
	until := now.AddDate(0, 1, 0)
	r := Request{
		Actor: Actor{
			Staff: me, Role: role, Department: mine, Active: true,
			Clearance: Clearance{NDA: until, Training: until, Vetting: until},
		},
		Action: action, Now: now, Reason: "audit", Approved: true,
		Resource: Resource{
			Customer: customer, Owner: me, Department: mine, Kind: record.KindIndividual, State: "live", Consented: true,
			Section: section,
		},
	}
	if declared := pack.Roles[role]; declared != nil && len(declared.Purposes) > 0 {
		r.Purpose = declared.Purposes[0]
	}
	return r
}
