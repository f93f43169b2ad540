package fsck

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// holdings are the rows of one customer's partitions, as far as the head must account for them.
type holdings struct {
	head     *rows.Head
	versions map[record.SectionID]map[uint32]bool
	ledger   map[uint32]bool
	card     *store.Item
}

// bodies checks the rows of a customer in records and restricted against the head.
func (k *check) bodies(ctx context.Context, id record.CustomerID, head *rows.Head) error {
	h := &holdings{head: head, versions: map[record.SectionID]map[uint32]bool{}, ledger: map[uint32]bool{}}
	for _, table := range []store.Table{store.Records, store.Restricted} {
		q := store.Query{Table: table, PK: rows.PrefixCustomer + string(id)}
		if err := store.All(ctx, k.Store, q, func(item store.Item) error { k.body(h, item); return nil }); err != nil {
			return fmt.Errorf("read rows of customer: %w", err)
		}
	}
	k.versions(id, h)
	k.consents(id, h)
	k.card(id, h)
	return nil
}

// body notes one row of a customer.
func (k *check) body(h *holdings, item store.Item) {
	sk := item.Key.SK
	switch {
	case strings.HasPrefix(sk, rows.SortSection):
		k.sectionRow(h, item)
	case strings.HasPrefix(sk, rows.SortNote):
		section, _, ok := strings.Cut(strings.TrimPrefix(sk, rows.SortNote), "#")
		if !ok {
			k.found(BodyFormat, item.Key, "")
		} else {
			k.belongs(h, item.Key, record.SectionID(section))
		}
	case item.Key.Table == store.Records && sk == rows.SortCard:
		h.card = &item
	case item.Key.Table == store.Records && strings.HasPrefix(sk, rows.SortConsent):
		n, err := strconv.ParseUint(strings.TrimPrefix(sk, rows.SortConsent), 16, 32)
		if err != nil {
			k.found(BodyFormat, item.Key, "")
			return
		}
		h.ledger[uint32(n)] = true
	default:
		k.found(BodyFormat, item.Key, "")
	}
}

// belongs checks that the head knows a section, living or being removed, in this table, and returns its state when it lives.
func (k *check) belongs(h *holdings, key store.Key, id record.SectionID) *rows.SectionState {
	state := h.head.Section(id)
	if state == nil {
		dying := slices.IndexFunc(h.head.Dying, func(r rows.Remains) bool { return r.ID == id })
		if dying < 0 {
			k.found(SectionStray, key, "")
		}
		return nil
	}
	if rows.TableOf(state.Level) != key.Table {
		k.found(SectionTable, key, "")
	}
	return state
}

func (k *check) sectionRow(h *holdings, item store.Item) {
	id, version, err := rows.ParseSection(item.Key.SK)
	if err != nil {
		k.found(BodyFormat, item.Key, "")
		return
	}
	state := k.belongs(h, item.Key, id)
	if state == nil {
		return
	}
	if version > state.Version || version == 0 {
		k.found(SectionStray, item.Key, "version")
		return
	}
	if h.versions[id] == nil {
		h.versions[id] = map[uint32]bool{}
	}
	h.versions[id][version] = true
	hash := sha256.Sum256(item.Body)
	if version == state.Version && !bytes.Equal(hash[:], state.Hash) {
		k.found(SectionHash, item.Key, "")
	}
}

// versions checks that no version of a section is missing.
func (k *check) versions(id record.CustomerID, h *holdings) {
	for _, state := range h.head.Sections {
		for version := uint32(1); version <= state.Version; version++ {
			if !h.versions[state.ID][version] {
				k.found(SectionMissing, rows.Section(state.Level, id, state.ID, version), "")
				break
			}
		}
	}
}

func (k *check) consents(id record.CustomerID, h *holdings) {
	for n := uint32(1); n <= h.head.Ledger; n++ {
		if !h.ledger[n] {
			k.found(ConsentLedger, rows.Consent(id, n), "missing")
		}
		delete(h.ledger, n)
	}
	for n := range h.ledger {
		k.found(ConsentLedger, rows.Consent(id, n), "stray")
	}
}

// card checks a customer's card against the head.
func (k *check) card(id record.CustomerID, h *holdings) {
	key := rows.Card(id)
	if h.card == nil {
		k.found(CardMissing, key, "")
		return
	}
	if rows.Digest(h.card.Body) != h.head.Card {
		k.found(CardHash, key, "")
	}
	if h.card.Str(store.AttrDepartment) != string(h.head.Department) || h.card.Str(store.AttrOwner) != string(h.head.Owner)+"#"+string(id) {
		k.found(CardOwner, key, "")
	}
	var card rows.CardBody
	if rows.Decode(h.card.Body, &card) != nil || card.Format != rows.Format {
		k.found(CardParts, key, "format")
		return
	}
	for _, part := range card.Parts {
		if state := h.head.Section(part.Section); state == nil || state.Version != part.Version {
			k.found(CardParts, key, string(part.Section))
		}
	}
}

// recordsTable finds rows without a head in table records.
func (k *check) recordsTable(ctx context.Context) error { return k.orphans(ctx, store.Records) }

// restrictedTable is recordsTable for table restricted.
func (k *check) restrictedTable(ctx context.Context) error { return k.orphans(ctx, store.Restricted) }

func (k *check) orphans(ctx context.Context, table store.Table) error {
	return k.scan(ctx, table, func(item store.Item) error {
		text, ok := strings.CutPrefix(item.Key.PK, rows.PrefixCustomer)
		if !ok {
			k.found(RowUnknown, item.Key, "")
			return nil
		}
		id := record.CustomerID(text)
		if k.heads[id] {
			return nil
		}
		row, err := k.get(ctx, rows.HeadKey(id))
		if err != nil || row != nil {
			return err
		}
		if _, dying := k.residue[id]; dying {
			return nil
		}
		return k.stray(ctx, BodyOrphan, item, "")
	})
}
