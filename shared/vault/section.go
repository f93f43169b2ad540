package vault

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/mask"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

func encodeFields(fields record.Fields) ([]byte, error) {
	pairs := make(rows.Pairs, 0, len(fields))
	for name, value := range fields {
		pairs = append(pairs, rows.Pair{Name: name, Text: value.Reveal()})
	}
	return encodePairs(pairs)
}

// encodePairs sorts pairs and returns the plain text of the section that they are.
func encodePairs(pairs rows.Pairs) ([]byte, error) {
	slices.SortFunc(pairs, func(a, b rows.Pair) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return rows.Encode(pairs)
}

func decodeFields(plain []byte) (record.Fields, error) {
	var pairs rows.Pairs
	if err := rows.Decode(plain, &pairs); err != nil {
		return nil, err
	}
	fields := make(record.Fields, len(pairs))
	for _, p := range pairs {
		fields[p.Name] = record.NewValue(p.Text)
	}
	return fields, nil
}

// place is where something of a section lives: what names its version ("v00000001"), card part or note.
func (v *Vault) place(id record.CustomerID, section record.SectionID, schema record.PackVersion, what string) seal.Place {
	return seal.Place{Deployment: v.Deployment, Customer: id, Section: section, Schema: schema, Version: what}
}

func sectionVersion(version uint32) string { return "v" + rows.Hex8(version) }
func cardVersion(version uint32) string    { return "card/" + rows.Hex8(version) }

func (v *Vault) wrapper(level record.Level) (seal.KeyWrapper, error) {
	branch, ok := seal.BranchOf(level)
	if ok && v.Writer != nil {
		return v.Writer.For(branch), nil
	}
	if !ok && v.RootWrap != nil {
		return v.RootWrap, nil
	}
	return nil, fmt.Errorf("%w: seal %s", ErrIncapable, level)
}

func (v *Vault) unwrapper(level record.Level) (seal.KeyUnwrapper, error) {
	if level == record.L3 {
		if v.RootOpen == nil {
			return nil, fmt.Errorf("%w: open %s", ErrIncapable, level)
		}
		return v.RootOpen, nil
	}
	if v.Ring == nil {
		return nil, fmt.Errorf("%w: open %s", ErrIncapable, level)
	}
	return v.Ring, nil
}

// shredOf returns the sealer of a section's shred key.
func shredOf(state *rows.SectionState) (seal.Shred, error) {
	if len(state.Shred) != seal.KeySize {
		return seal.Shred{}, ErrMismatch
	}
	return seal.NewShred((*seal.Key)(state.Shred))
}

// sealAt seals plain under a section's shred key for the place that what names. The body carries the pack version that it is bound to:
//
//	body = length of pack version 1 | pack version | item
func (v *Vault) sealAt(ctx context.Context, id record.CustomerID, state *rows.SectionState, shred seal.Shred, level record.Level, what string, plain []byte) ([]byte, error) {
	wrapper, err := v.wrapper(level)
	if err != nil {
		return nil, err
	}
	body := append([]byte{byte(len(v.Pack.Version))}, v.Pack.Version...)
	body, err = shred.SealItem(ctx, body, v.Random, wrapper, v.place(id, state.ID, v.Pack.Version, what), plain)
	if err != nil {
		return nil, fmt.Errorf("seal section: %w", err)
	}
	return body, nil
}

// openAt opens what sealAt sealed.
func (v *Vault) openAt(ctx context.Context, id record.CustomerID, state *rows.SectionState, level record.Level, what string, body []byte) ([]byte, error) {
	unwrapper, err := v.unwrapper(level)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 || len(body) < 1+int(body[0]) || len(state.Shred) != seal.KeySize {
		return nil, ErrMismatch
	}
	n := 1 + int(body[0])
	shred := seal.Key(state.Shred)
	plain, err := seal.OpenItem(ctx, unwrapper, &shred, v.place(id, state.ID, record.PackVersion(body[1:n]), what), body[n:])
	if errors.Is(err, seal.ErrOpen) || errors.Is(err, seal.ErrFormat) {
		return nil, fmt.Errorf("%w: %w", ErrMismatch, err)
	}
	return plain, err
}

// openSection reads and opens the current version of a section, refusing bytes that the head does not name.
func (v *Vault) openSection(ctx context.Context, c *customer, state *rows.SectionState) (record.Fields, error) {
	item, err := v.Store.Get(ctx, rows.Section(state.Level, c.id, state.ID, state.Version))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: missing", ErrMismatch)
	}
	if err != nil {
		return nil, fmt.Errorf("read section: %w", err)
	}
	return v.openBody(ctx, c, state, item.Body)
}

func (v *Vault) openBody(ctx context.Context, c *customer, state *rows.SectionState, body []byte) (record.Fields, error) {
	hash := sha256.Sum256(body)
	if subtle.ConstantTimeCompare(hash[:], state.Hash) != 1 {
		return nil, ErrMismatch
	}
	plain, err := v.openAt(ctx, c.id, state, state.Level, sectionVersion(state.Version), body)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return decodeFields(plain)
}

// sealSection seals a version of a section, notes its hash in state, and returns the put of its row.
func (v *Vault) sealSection(ctx context.Context, id record.CustomerID, state *rows.SectionState, shred seal.Shred, fields record.Fields) (store.Op, error) {
	plain, err := encodeFields(fields)
	if err != nil {
		return store.Op{}, err
	}
	defer clear(plain)
	body, err := v.sealAt(ctx, id, state, shred, state.Level, sectionVersion(state.Version), plain)
	if err != nil {
		return store.Op{}, err
	}
	hash := sha256.Sum256(body)
	state.Hash = hash[:]
	key := rows.Section(state.Level, id, state.ID, state.Version)
	return store.PutIf(store.Item{Key: key, Body: body}, store.IfAbsent()), nil
}

// cardPart seals the masked values of a section's fields, or returns false when the section has none on the card. L3 is never there.
func (v *Vault) cardPart(ctx context.Context, id record.CustomerID, state *rows.SectionState, shred seal.Shred, fields record.Fields) (rows.CardPart, bool, error) {
	if state.Level == record.L3 {
		return rows.CardPart{}, false, nil
	}
	masked := make(rows.Pairs, 0, len(fields))
	for name, value := range fields {
		if field := v.Pack.Fields[name]; field != nil && !value.Empty() {
			masked = append(masked, rows.Pair{Name: name, Text: maskOf(field, value)})
		}
	}
	if len(masked) == 0 {
		return rows.CardPart{}, false, nil
	}
	plain, err := encodePairs(masked)
	if err != nil {
		return rows.CardPart{}, false, err
	}
	body, err := v.sealAt(ctx, id, state, shred, record.L1, cardVersion(state.Version), plain)
	return rows.CardPart{Section: state.ID, Version: state.Version, Item: body}, err == nil, err
}

// maskOf returns what lists show of a value: itself for L0, its mask for every other level.
func maskOf(field *policy.Field, value record.Value) string {
	if field.Level == record.L0 {
		return value.Reveal()
	}
	return mask.Apply(field.Mask, value)
}

// openCard opens the parts of a card whose sections are still in the head and not past their deadline.
func (v *Vault) openCard(ctx context.Context, c *customer, body []byte) (record.Fields, error) {
	if sha256.Sum256(body) != c.head.Card {
		return nil, fmt.Errorf("%w: card", ErrMismatch)
	}
	var card rows.CardBody
	if err := rows.Decode(body, &card); err != nil {
		return nil, err
	}
	fields := record.Fields{}
	for _, part := range card.Parts {
		if err := v.openPart(ctx, c, part, fields); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

func (v *Vault) openPart(ctx context.Context, c *customer, part rows.CardPart, into record.Fields) error {
	state := c.head.Section(part.Section)
	if state == nil || v.over(c.head, state) {
		return nil
	}
	plain, err := v.openAt(ctx, c.id, state, record.L1, cardVersion(part.Version), part.Item)
	if err != nil {
		return err
	}
	fields, err := decodeFields(plain)
	for name, value := range fields {
		into[name] = value
	}
	return err
}

// readCard reads and opens a customer's card.
func (v *Vault) readCard(ctx context.Context, c *customer) (record.Fields, error) {
	item, err := v.Store.Get(ctx, rows.Card(c.id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: card missing", ErrMismatch)
	}
	if err != nil {
		return nil, fmt.Errorf("read card: %w", err)
	}
	return v.openCard(ctx, c, item.Body)
}

// indexRows returns the partition keys of the rows by which a section's fields are found: unique identifiers first.
func (v *Vault) indexRows(fields record.Fields) (identifiers, tokens []string) {
	names := fields.Names()
	slices.Sort(names)
	for _, name := range names {
		field := v.Pack.Fields[name]
		if field == nil || fields[name].Empty() {
			continue
		}
		if field.Unique != "" {
			identifiers = append(identifiers, rows.PrefixIdentifier+v.Index.Identifier(field.Unique, fields[name]))
		}
		if len(field.Search) > 0 {
			for _, token := range v.Index.Tokens(name, field.Search, fields[name]) {
				tokens = append(tokens, rows.PrefixToken+token)
			}
		}
	}
	return identifiers, tokens
}
