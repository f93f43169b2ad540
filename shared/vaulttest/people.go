package vaulttest

import (
	"fmt"
	"time"

	"kexin/shared/collect"
	"kexin/shared/decision"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Department is where the sample forms bring customers, and where most of the sample staff work.
const Department record.Department = "service"

// StaffOf returns the id of the sample member of staff with role.
func StaffOf(role record.Role) record.StaffID {
	var raw [16]byte
	copy(raw[:], role)
	return record.StaffID(record.IDFromBytes(record.PrefixStaff, raw))
}

// request returns a request id that shows who asks.
func request(who string) string {
	var raw [16]byte
	copy(raw[:], who)
	return record.IDFromBytes("req_", raw)
}

// Actor returns a member of staff with role, of department service, whose clearances all hold.
func (k *Kit) Actor(role record.Role) vault.Actor {
	until := k.Clock.Now().AddDate(10, 0, 0)
	return vault.Actor{Request: request(string(role)), Actor: decision.Actor{Staff: StaffOf(role), Role: role, Department: Department, Active: true,
		Clearance: decision.Clearance{NDA: until, Training: until, Vetting: until}}}
}

// Self returns the customer himself, proved.
func Self(id record.CustomerID) vault.Actor {
	return vault.Actor{Request: request("self"), Actor: decision.Actor{Staff: record.StaffID(id), Role: decision.RoleCustomer, Active: true}}
}

// Register puts sample members of staff with roles into the staff register.
func (k *Kit) Register(roles ...record.Role) {
	k.T.Helper()
	for _, role := range roles {
		until := k.Clock.Now().AddDate(1, 0, 0).Unix()
		hash := rows.SubjectHash("test", string(role))
		body, err := rows.Encode(rows.StaffBody{Format: rows.Format, Version: 1, Name: "Sample " + string(role), Role: role, Department: Department,
			NDA: until, Training: until, Vetting: until, Active: true, Subject: hash})
		k.must(err)
		item := store.Item{Key: rows.Staff(StaffOf(role)), Body: body, Attrs: map[string]store.Attr{store.AttrVersion: store.N(1)}}
		subject := store.Item{Key: rows.Subject(hash), Body: []byte(StaffOf(role))}
		k.must(k.Base.Transact(k.T.Context(), "", store.PutIf(item, store.IfAbsent()), store.PutIf(subject, store.IfAbsent())))
	}
}

// Members reads the staff register.
func (k *Kit) Members() staff.Register { return staff.Register{Store: k.Store} }

// Person is an invented person; no value belongs to anybody. Numbers differ by N.
type Person struct {
	N        int
	Separate []record.FieldName // separate consents that are given
	Consents map[record.PurposeID]bool
	Without  []record.FieldName // fields left out
	Change   map[record.FieldName]string
	Channel  record.Channel
	Kind     record.Kind
}

var surnames = []string{"林", "陈", "黄", "周", "吴", "徐", "孙", "马"}
var givenNames = []string{"知微", "予安", "思远", "清和", "望舒", "若水", "景行", "怀瑾"}

// Name returns the invented name of person n.
func Name(n int) string {
	return surnames[n%len(surnames)] + givenNames[n/len(surnames)%len(givenNames)]
}

// Phone returns an invented mobile number of person n in canonical form.
func Phone(n int) string { return fmt.Sprintf("+86138%08d", n%100000000) }

// Email returns the invented address of person n.
func Email(n int) string { return fmt.Sprintf("person%d@example.com", n) }

// IDNumber returns an ID number of person n with a valid check digit, of a county that does not exist.
func IDNumber(n int) string {
	birth := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n%12000)
	body := "339999" + birth.Format("20060102") + fmt.Sprintf("%03d", n/12000%1000)
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, weight := range weights {
		sum += int(body[i]-'0') * weight
	}
	return body + string("10X98765432"[sum%11])
}

// Everybody consents to all of these unless a Person says otherwise.
func allConsents() map[record.PurposeID]bool {
	return map[record.PurposeID]bool{"contract_service": true, "customer_service": true, "marketing": true}
}

// Fields returns what the person fills in: L1, L2 and L3 fields.
func (p Person) fields() map[record.FieldName]string {
	fields := map[record.FieldName]string{"name": Name(p.N), "phone": Phone(p.N), "email": Email(p.N), "gender": "undisclosed",
		"service_request": fmt.Sprintf("每周清洁一次，第%d号", p.N), "contact_address": fmt.Sprintf("杭州市西湖区春和路%d号", p.N+1),
		"id_number": IDNumber(p.N), "home_address": fmt.Sprintf("杭州市西湖区春和里%d幢", p.N+1)}
	for _, name := range p.Without {
		delete(fields, name)
	}
	for name, value := range p.Change {
		fields[name] = value
	}
	return fields
}

// Fill returns the filled form service of p, checked as the product checks it. Without a channel it is the public form's.
func (k *Kit) Fill(p Person) *record.Filled {
	k.T.Helper()
	raw := collect.Raw{Form: "service", Kind: record.KindIndividual, Channel: "online_form", Notice: "service/1", Language: record.Chinese,
		Consents: allConsents(), Separate: map[record.FieldName]bool{"id_number": true, "home_address": true}, Fields: p.fields()}
	if p.Consents != nil {
		raw.Consents = p.Consents
	}
	if p.Separate != nil {
		clear(raw.Separate)
		for _, name := range p.Separate {
			raw.Separate[name] = true
		}
	}
	if p.Kind != "" {
		raw.Kind = p.Kind
	}
	by := collect.ByCustomer
	if p.Channel != "" {
		raw.Channel = p.Channel
		if !k.Pack.Channels[p.Channel].Public {
			by, raw.Evidence.Script = collect.ByStaff, k.Pack.Notices[raw.Notice].Script
		}
	}
	filled, _, err := collect.Check(k.Pack, raw, by, k.Clock.Now())
	k.must(err)
	return filled
}

// Key is an idempotency key of the person.
func (p Person) Key() string { return fmt.Sprintf("key-%d-", p.N) }

// Created stores p as entered by staff of role R10 and returns the new customer.
func (p *Process) Created(person Person) vault.Created {
	k := p.Kit
	k.T.Helper()
	if person.Channel == "" {
		person.Channel = "phone"
	}
	key := person.Key() + k.Clock.Now().Format(time.RFC3339)
	created, err := p.Vault.Create(k.T.Context(), k.Actor("R10"), k.Fill(person), key, []byte(key))
	k.must(err)
	return created
}
