package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// CardView is one line of a list: masked values only.
type CardView struct {
	Customer   record.CustomerID
	Version    int64
	Kind       record.Kind
	Stage      record.Stage
	State      string
	Owner      record.StaffID
	Department record.Department
	Fields     map[record.FieldName]Shown
}

// MaxPage is the most cards of one page: each is named in the audit log by a row of its own.
const MaxPage = 40

// List returns a page of the cards of a department, or of every department whose customers the actor may list when department is "";
// with an owner, of those of that owner. cursor is what the call before returned, "" for the first page; it is no secret from the actor
// only when it is sealed.
func (v *Vault) List(ctx context.Context, actor Actor, department record.Department, owner record.StaffID, limit int, cursor string) ([]CardView, string, error) {
	var e audit.Entry
	_, err := v.counted(ctx, actor, func(reads int) (err error) {
		_, e, err = v.decide(ctx, actor, decision.Request{Action: decision.ActList, Resource: decision.Resource{Department: department, Owner: owner}, Reads: reads})
		return err
	})
	if err != nil {
		return nil, "", err
	}
	departments := []record.Department{department}
	if department == "" {
		departments = v.reach(actor, owner)
	}
	ids, next, err := v.listed(ctx, departments, owner, min(max(limit, 1), MaxPage), cursor)
	if err != nil {
		return nil, "", err
	}
	customers, err := v.visible(ctx, actor, decision.ActList, ids, MaxPage)
	if err != nil {
		return nil, "", err
	}
	cards, err := v.cards(ctx, e, customers)
	return cards, next, err
}

// reach returns the departments whose customers an actor may list: his own first, then the others by name.
func (v *Vault) reach(actor Actor, owner record.StaffID) []record.Department {
	var departments []record.Department
	for department := range v.Pack.Departments {
		if v.Engine.Decide(decision.Request{Actor: actor.Actor, Action: decision.ActList, Resource: decision.Resource{Department: department, Owner: owner},
			Now: v.Now()}).Allow {
			departments = append(departments, department)
		}
	}
	slices.SortFunc(departments, func(a, b record.Department) int {
		return cmp.Or(cmp.Compare(rank(a, actor), rank(b, actor)), cmp.Compare(a, b))
	})
	return departments
}

func rank(department record.Department, actor Actor) int {
	if department == actor.Department {
		return 0
	}
	return 1
}

// listed returns the ids of one page of the index of cards, department by department, and where the next page begins: department, "/",
// position in it.
func (v *Vault) listed(ctx context.Context, departments []record.Department, owner record.StaffID, limit int, cursor string) (ids []record.CustomerID, next string, err error) {
	name, inner, _ := strings.Cut(cursor, "/")
	at := 0
	if cursor != "" {
		if at = slices.Index(departments, record.Department(name)); at < 0 {
			return nil, "", store.ErrCursor
		}
	}
	for ; at < len(departments); at, inner = at+1, "" {
		q := store.Query{Table: store.Records, Index: store.ByDepartment, PK: string(departments[at]), Limit: limit - len(ids), Cursor: inner}
		if owner != "" {
			q.From, q.Before = string(owner)+"#", string(owner)+"$"
		}
		page, err := v.Store.Query(ctx, q)
		if err != nil {
			return nil, "", fmt.Errorf("list customers: %w", err)
		}
		for _, item := range page.Items {
			ids = append(ids, record.CustomerID(strings.TrimPrefix(item.Key.PK, rows.PrefixCustomer)))
		}
		switch {
		case page.Next != "":
			return ids, string(departments[at]) + "/" + page.Next, nil
		case len(ids) == limit && at+1 < len(departments):
			return ids, string(departments[at+1]) + "/", nil
		}
	}
	return ids, "", nil
}

// Search returns the cards of the customers whose field matches text in one kind of index: "identifier" for unique identifiers, else a
// search kind that the pack declares for the field. value is text in canonical form where the field's check has one.
func (v *Vault) Search(ctx context.Context, actor Actor, field record.FieldName, kind, text string, value record.Value) ([]CardView, error) {
	resource := decision.Resource{Department: actor.Department, Owner: actor.Staff}
	reads, err := v.readsToday(ctx, actor)
	if err != nil {
		return nil, err
	}
	req := decision.Request{Action: decision.ActSearch, Resource: resource, Reads: reads}
	_, e, err := v.decide(ctx, actor, req)
	if err != nil {
		return nil, err
	}
	e.Fields = []record.FieldName{field}
	ids, err := v.find(ctx, field, kind, text, value)
	if err != nil {
		return nil, err
	}
	most := v.Pack.Limits.SearchResults
	customers, err := v.visible(ctx, actor, decision.ActSearch, ids, most+1)
	if err != nil {
		return nil, err
	}
	if len(customers) > most {
		if err := v.beyond(ctx, actor, e, req, policy.LimitSearchResults); err != nil {
			return nil, err
		}
	}
	return v.cards(ctx, e, customers)
}

// find returns the ids that an index leads to, at most maxCandidates or so.
func (v *Vault) find(ctx context.Context, field record.FieldName, kind, text string, value record.Value) ([]record.CustomerID, error) {
	f := v.Pack.Fields[field]
	if v.Index == nil {
		return nil, ErrIncapable
	}
	switch {
	case f == nil:
		return nil, &Problem{"field", "unknown_field"}
	case kind == "identifier" && f.Unique != "":
		return v.findIdentifier(ctx, rows.PrefixIdentifier+v.Index.Identifier(f.Unique, value))
	case slices.Contains(f.Search, kind):
		return v.findTokens(ctx, v.Index.Query(field, kind, text))
	}
	return nil, &Problem{"kind", "not_searchable"}
}

func (v *Vault) findIdentifier(ctx context.Context, pk string) ([]record.CustomerID, error) {
	items, err := v.Store.GetMany(ctx, []store.Key{{Table: store.Keys, PK: pk, SK: store.Only}})
	if err != nil || len(items) == 0 {
		return nil, err
	}
	return []record.CustomerID{record.CustomerID(items[0].Body)}, nil
}

// maxCandidates bounds how many rows of one token are looked at: a token as common as 王 must be combined with another.
const maxCandidates = 1000

// findTokens returns the ids that every token leads to.
func (v *Vault) findTokens(ctx context.Context, tokens []string) ([]record.CustomerID, error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	var ids []record.CustomerID
	for i, token := range tokens {
		found, err := v.holders(ctx, rows.PrefixToken+token)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			ids = found
			continue
		}
		ids = intersect(ids, found)
	}
	return ids, nil
}

func (v *Vault) holders(ctx context.Context, pk string) ([]record.CustomerID, error) {
	var ids []record.CustomerID
	q := store.Query{Table: store.Keys, PK: pk, Limit: 200, KeysOnly: true}
	for len(ids) < maxCandidates {
		page, err := v.Store.Query(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		for _, item := range page.Items {
			ids = append(ids, record.CustomerID(item.Key.SK))
		}
		if q.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	return ids, nil
}

func intersect(a, b []record.CustomerID) []record.CustomerID {
	in := make(map[record.CustomerID]bool, len(b))
	for _, id := range b {
		in[id] = true
	}
	both := a[:0]
	for _, id := range a {
		if in[id] {
			both = append(both, id)
		}
	}
	return both
}

// cards opens the cards of customers, after writing one entry that names every one of them and a row for each that leads from the
// customer to the entry.
func (v *Vault) cards(ctx context.Context, e audit.Entry, customers []*customer) ([]CardView, error) {
	e.Facts = audit.Facts{"found": entry.Count(len(customers))}
	if err := v.recordList(ctx, e, customers); err != nil {
		return nil, err
	}
	return v.openCards(ctx, customers)
}

// visible loads the heads of ids and keeps those that are live, not past their deadline, and allowed: the first of them, at most most.
func (v *Vault) visible(ctx context.Context, actor Actor, action decision.Action, ids []record.CustomerID, most int) ([]*customer, error) {
	var customers []*customer
	for part := range slices.Chunk(ids, 100) { // what the store reads at once
		found, err := v.visiblePart(ctx, actor, action, part)
		if err != nil {
			return nil, err
		}
		if customers = append(customers, found...); len(customers) >= most {
			return customers[:most], nil
		}
	}
	return customers, nil
}

func (v *Vault) visiblePart(ctx context.Context, actor Actor, action decision.Action, ids []record.CustomerID) ([]*customer, error) {
	keys := make([]store.Key, 0, len(ids))
	for _, id := range ids {
		keys = append(keys, rows.HeadKey(id))
	}
	items, err := v.Store.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read heads: %w", err)
	}
	var customers []*customer
	for _, item := range items {
		c, err := decodeCustomer(record.CustomerID(strings.TrimPrefix(item.Key.PK, rows.PrefixCustomer)), item)
		if err != nil {
			return nil, err
		}
		if v.mayList(actor, action, c) {
			customers = append(customers, c)
		}
	}
	return customers, nil
}

func (v *Vault) mayList(actor Actor, action decision.Action, c *customer) bool {
	if c.head.State != rows.StateLive || v.allOver(c.head) {
		return false
	}
	return v.Engine.Decide(decision.Request{Actor: actor.Actor, Action: action, Resource: v.resource(c, nil, ""), Now: v.Now()}).Allow
}

// recordList writes the entry of a list, which names every customer shown. Each of them gets a row that leads to the entry, so that "who
// read this customer" finds lists too.
func (v *Vault) recordList(ctx context.Context, e audit.Entry, customers []*customer) error {
	ops := make([]store.Op, 0, len(customers))
	name, err := record.NewID(v.Random, "lst_")
	if err != nil {
		return err
	}
	e.Object, e.Customers = name, nil
	body, err := mentionOf(e, name, v.Now())
	if err != nil {
		return err
	}
	for _, c := range customers {
		e.Customers = append(e.Customers, c.id)
		key := store.Key{Table: store.Audit, PK: rows.PrefixMention + string(c.id), SK: name}
		ops = append(ops, store.PutIf(store.Item{Key: key, Body: body}, store.IfAbsent()))
	}
	_, err = v.Log.Act(ctx, e, ops...)
	return err
}

func (v *Vault) openCards(ctx context.Context, customers []*customer) ([]CardView, error) {
	keys := make([]store.Key, 0, len(customers))
	for _, c := range customers {
		keys = append(keys, rows.Card(c.id))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	items, err := v.Store.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read cards: %w", err)
	}
	bodies := make(map[store.Key][]byte, len(items))
	for _, item := range items {
		bodies[item.Key] = item.Body
	}
	views := make([]CardView, 0, len(items))
	for _, c := range customers {
		fields, err := v.openCard(ctx, c, bodies[rows.Card(c.id)])
		if errors.Is(err, ErrMismatch) {
			c, fields, err = v.reopenCard(ctx, c)
		}
		if err != nil {
			return nil, v.outcome(ctx, c, decision.ActList, err)
		}
		if fields != nil {
			views = append(views, v.cardView(c, fields))
		}
	}
	return views, nil
}

// reopenCard opens a card that did not match the head that was read before it: heads and cards of a list are no one snapshot, so the
// customer may have changed, or been destroyed (no fields and no error), meanwhile.
func (v *Vault) reopenCard(ctx context.Context, c *customer) (*customer, record.Fields, error) {
	err := ErrMismatch
	for range 3 {
		now, loadErr := v.load(ctx, c.id)
		if errors.Is(loadErr, ErrNotFound) || loadErr == nil && v.allOver(now.head) {
			return c, nil, nil
		}
		if loadErr != nil || now.digest == c.digest {
			return c, nil, errors.Join(err, loadErr)
		}
		c = now
		var fields record.Fields
		if fields, err = v.readCard(ctx, c); !errors.Is(err, ErrMismatch) {
			return c, fields, err
		}
	}
	return c, nil, err
}

func (v *Vault) cardView(c *customer, fields record.Fields) CardView {
	view := CardView{Customer: c.id, Version: c.head.Version, Kind: c.head.Kind, Stage: c.head.Stage, State: c.head.State, Owner: c.head.Owner,
		Department: c.head.Department, Fields: map[record.FieldName]Shown{}}
	for name, value := range fields {
		if field := v.Pack.Fields[name]; field != nil && field.OnCard {
			view.Fields[name] = Shown{Masked: value.Reveal(), Level: field.Level}
		}
	}
	return view
}
