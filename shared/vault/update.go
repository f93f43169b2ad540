package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"kexin/shared/decision"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// Update changes fields of a customer whose version the caller saw; an empty value removes the field. The earlier version of every
// section touched stays, sealed alike (STO-12). Values are in canonical form.
func (v *Vault) Update(ctx context.Context, actor Actor, id record.CustomerID, version int64, purpose record.PurposeID, changes record.Fields) (int64, error) {
	c, err := v.loadLive(ctx, actor, decision.ActUpdate, id)
	if err != nil {
		return 0, err
	}
	if v.allOver(c.head) {
		return 0, v.expired(ctx, actor, decision.ActUpdate, c, purpose)
	}
	groups, err := v.group(c, changes)
	if err != nil {
		return 0, err
	}
	ch, err := v.decideUpdate(ctx, actor, c, purpose, groups)
	if err != nil {
		return 0, err
	}
	if c.head.Version != version {
		return 0, ErrStale
	}
	return v.applyCommit(ctx, ch, decision.ActUpdate, groups)
}

// applyCommit seals new versions of the sections touched and commits them. ErrTaken: a unique identifier belongs to somebody else.
func (v *Vault) applyCommit(ctx context.Context, ch *change, action decision.Action, groups map[*policy.Section]record.Fields) (int64, error) {
	if err := v.applyAll(ctx, ch, groups); err != nil {
		if errors.Is(err, ErrMismatch) {
			return 0, v.outcome(ctx, ch.c, action, err)
		}
		return 0, err
	}
	identifiers := identifierOps(ch.ops)
	next, err := ch.commit(ctx)
	if errors.Is(err, ErrConflict) && v.identifierTaken(ctx, ch.c.id, identifiers) {
		return 0, ErrTaken
	}
	return next, err
}

// group sorts changes by section and refuses what the record may not hold.
func (v *Vault) group(c *customer, changes record.Fields) (map[*policy.Section]record.Fields, error) {
	groups := map[*policy.Section]record.Fields{}
	for name, value := range changes {
		section, field := v.Pack.SectionOf(name), v.Pack.Fields[name]
		switch {
		case section == nil:
			return nil, &Problem{"fields." + string(name), "unknown_field"}
		case !slices.Contains(field.Kinds, c.head.Kind):
			return nil, &Problem{"fields." + string(name), "not_for_this_kind"}
		case field.Required && value.Empty():
			return nil, &Problem{"fields." + string(name), "required"}
		case section.Consent != "" && !c.head.Separate[section.Consent].Live() && !value.Empty():
			return nil, &Problem{"fields." + string(name), "no_separate_consent"}
		case v.ending(c, section):
			return nil, &Problem{"fields." + string(name), "being_destroyed"}
		case v.Index == nil && (field.Unique != "" || len(field.Search) > 0):
			return nil, fmt.Errorf("%w: index %s", ErrIncapable, name)
		}
		if groups[section] == nil {
			groups[section] = record.Fields{}
		}
		groups[section][name] = value
	}
	if len(groups) == 0 {
		return nil, &Problem{"fields", "nothing_to_change"}
	}
	return groups, nil
}

// ending reports whether a section has ended, or its key is gone and its bodies are still being removed: nothing is added to it, and
// nothing of it is opened, until the purge is done with it.
func (v *Vault) ending(c *customer, section *policy.Section) bool {
	state := c.head.Section(section.ID)
	if state != nil {
		return v.over(c.head, state)
	}
	return slices.ContainsFunc(c.head.Dying, func(r rows.Remains) bool { return r.ID == section.ID })
}

// decideUpdate asks for every section touched; one refusal refuses the whole update.
func (v *Vault) decideUpdate(ctx context.Context, actor Actor, c *customer, purpose record.PurposeID, groups map[*policy.Section]record.Fields) (*change, error) {
	ch := &change{v: v, c: c}
	for _, section := range sortedSections(groups) {
		_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActUpdate, Resource: v.resource(c, section, purpose), Purpose: purpose})
		if err != nil {
			return nil, err
		}
		e.Sections, e.Fields = append(ch.entry.Sections, section.ID), append(ch.entry.Fields, groups[section].Names()...)
		ch.entry = e
	}
	return ch, nil
}

func sortedSections(groups map[*policy.Section]record.Fields) []*policy.Section {
	sections := make([]*policy.Section, 0, len(groups))
	for section := range groups {
		sections = append(sections, section)
	}
	sort.Slice(sections, func(i, j int) bool { return sections[i].ID < sections[j].ID })
	return sections
}

// applyAll seals the new versions of all sections touched and the new card.
func (v *Vault) applyAll(ctx context.Context, ch *change, groups map[*policy.Section]record.Fields) error {
	card, err := v.cardOf(ctx, ch.c)
	if err != nil {
		return err
	}
	for _, section := range sortedSections(groups) {
		if err := v.apply(ctx, ch, section, groups[section], &card); err != nil {
			return err
		}
	}
	op, hash, err := cardOp(ch.c.id, ch.c.head, card, store.IfPresent())
	ch.c.head.Card, ch.ops = hash, append(ch.ops, op)
	return err
}

// cardOf returns the parts of a customer's card, still sealed.
func (v *Vault) cardOf(ctx context.Context, c *customer) (rows.CardBody, error) {
	var card rows.CardBody
	item, err := v.Store.Get(ctx, rows.Card(c.id))
	if err != nil {
		return card, fmt.Errorf("read card: %w", err)
	}
	if rows.Digest(item.Body) != c.head.Card {
		return card, fmt.Errorf("%w: card", ErrMismatch)
	}
	return card, rows.Decode(item.Body, &card)
}

// apply seals the next version of one section.
func (v *Vault) apply(ctx context.Context, ch *change, section *policy.Section, changes record.Fields, card *rows.CardBody) error {
	state, fields, err := v.currentFields(ctx, ch.c, section, changes)
	if err != nil {
		return err
	}
	for name, value := range changes {
		if value.Empty() {
			delete(fields, name)
			continue
		}
		fields[name] = value
	}
	state.Version++
	ch.ops = append(ch.ops, v.reindex(ch.c.id, state, fields)...)
	shred, err := shredOf(state)
	if err != nil {
		return err
	}
	op, err := v.sealSection(ctx, ch.c.id, state, shred, fields)
	if err != nil {
		return err
	}
	ch.ops = append(ch.ops, op)
	part, ok, err := v.cardPart(ctx, ch.c.id, state, shred, fields)
	card.Parts = slices.DeleteFunc(card.Parts, func(p rows.CardPart) bool { return p.Section == state.ID })
	if ok {
		card.Parts = append(card.Parts, part)
	}
	return err
}

// currentFields returns the state of a section and its fields. A section that this function cannot open (L3: the console only encrypts)
// must be given whole.
func (v *Vault) currentFields(ctx context.Context, c *customer, section *policy.Section, changes record.Fields) (*rows.SectionState, record.Fields, error) {
	state := c.head.Section(section.ID)
	if state == nil {
		return v.newSection(c, section)
	}
	if _, err := v.unwrapper(state.Level); err != nil {
		if len(changes) != len(section.Fields) {
			return nil, nil, &Problem{"fields", "restricted_fields_must_be_given_together"}
		}
		return state, record.Fields{}, nil
	}
	fields, err := v.openSection(ctx, c, state)
	return state, fields, err
}

// newSection adds a section that the record did not have, when a purpose of it lives.
func (v *Vault) newSection(c *customer, section *policy.Section) (*rows.SectionState, record.Fields, error) {
	deadline := v.sectionDeadline(c.head, section)
	if v.sectionEnd(c.head, section) == 0 {
		return nil, nil, &Problem{"fields." + string(section.Fields[0]), "no_live_purpose"}
	}
	shred, err := seal.NewKey(v.Random)
	if err != nil {
		return nil, nil, err
	}
	state := rows.SectionState{ID: section.ID, Level: section.Level, Shred: shred[:], Deadline: deadline}
	at, _ := slices.BinarySearchFunc(c.head.Sections, section.ID, func(s rows.SectionState, id record.SectionID) int {
		if s.ID < id {
			return -1
		}
		return 1
	})
	c.head.Sections = slices.Insert(c.head.Sections, at, state)
	return &c.head.Sections[at], record.Fields{}, nil
}

// reindex returns the operations that turn a section's index rows into those of its new fields.
func (v *Vault) reindex(id record.CustomerID, state *rows.SectionState, fields record.Fields) []store.Op {
	if v.Index == nil {
		return nil
	}
	identifiers, tokens := v.indexRows(fields)
	wanted := slices.Concat(identifiers, tokens)
	var ops []store.Op
	for _, pk := range wanted {
		if !slices.Contains(state.Indexes, pk) {
			ops = append(ops, putIndex(pk, id))
		}
	}
	for _, pk := range state.Indexes {
		if !slices.Contains(wanted, pk) {
			ops = append(ops, store.DeleteIf(rows.Index(pk, id), store.IfPresent()))
		}
	}
	state.Indexes = wanted
	return ops
}

// identifierOps returns the keys of the identifier rows that ops put.
func identifierOps(ops []store.Op) []store.Key {
	var keys []store.Key
	for _, op := range ops {
		if op.Verb == store.Put && strings.HasPrefix(op.Item.Key.PK, rows.PrefixIdentifier) {
			keys = append(keys, op.Item.Key)
		}
	}
	return keys
}

// identifierTaken reports whether one of keys belongs to another customer.
func (v *Vault) identifierTaken(ctx context.Context, id record.CustomerID, keys []store.Key) bool {
	if len(keys) == 0 {
		return false
	}
	items, err := v.Store.GetMany(ctx, keys)
	if err != nil {
		return false
	}
	for _, item := range items {
		if record.CustomerID(item.Body) != id {
			return true
		}
	}
	return false
}
