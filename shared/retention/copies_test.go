package retention_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vault"
	"kexin/shared/vaulttest"
)

// TestCopiesOpenNothing is item 10 of the issue: whoever has a copy from before of every table but keys and inbox, the root keys, and
// everything that the deployment keeps now, reads nothing of a destroyed customer: not its sections, versions, card or notes.
func TestCopiesOpenNothing(t *testing.T) {
	w := newWorld(t, 2)
	id := w.ids[0]
	ctx := t.Context()
	_, err := w.v.Update(ctx, w.Actor("R10"), id, 1, "contract_service", record.Fields{"phone": record.NewValue(vaulttest.Phone(70))})
	w.must(err)
	req := vault.RevealRequest{Customer: id, Field: "id_number", Purpose: "contract_service", Reason: "audit", Note: "核对身份"}
	_, err = w.v.Reveal(ctx, w.Actor("R10"), req)
	w.must(err)
	copied := w.memory.Items(store.Records, store.Restricted, store.Audit, store.Work)
	if opened := w.attack(copied, id, w.head(id)); opened < 10 {
		t.Fatalf("with the head the attack opens only %d items: it proves nothing", opened)
	}
	w.queue(id)
	w.Clock.Pass(time.Second)
	w.run(1, 0, 0)
	for key := range copied {
		if strings.Contains(key.String(), string(id)) { // restored from the copy, whole
			w.memory.Set(copied[key])
		}
	}
	if _, err := w.v.Open(ctx, w.Actor("R10"), id, "contract_service"); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	for other, item := range w.memory.Items(store.Keys) {
		if strings.HasPrefix(other.PK, rows.PrefixCustomer) {
			head, err := rows.DecodeHead(item)
			w.must(err)
			if opened := w.attack(copied, id, head); opened > 0 {
				t.Errorf("%d items open with another head", opened)
			}
		}
	}
	if opened := w.attack(copied, id, &rows.Head{}); opened > 0 {
		t.Errorf("%d items open", opened)
	}
}

// attack tries to open every ciphertext of a customer in copied with every key that head and the deployment have, and returns how many
// open.
func (w *world) attack(copied map[store.Key]store.Item, id record.CustomerID, head *rows.Head) int {
	opened := 0
	for key, item := range copied {
		if key.PK != rows.PrefixCustomer+string(id) {
			continue
		}
		for _, body := range ciphertexts(key, item) {
			if w.opens(id, head, body) {
				opened++
			}
		}
	}
	return opened
}

// sealed is a ciphertext with the name of what it is.
type sealed struct {
	what string
	body []byte
}

func ciphertexts(key store.Key, item store.Item) []sealed {
	if key.SK == rows.SortCard {
		var card rows.CardBody
		if rows.Decode(item.Body, &card) != nil {
			return nil
		}
		var list []sealed
		for _, part := range card.Parts {
			list = append(list, sealed{fmt.Sprintf("card/%08x", part.Version), part.Item})
		}
		return list
	}
	if _, version, err := rows.ParseSection(key.SK); err == nil {
		return []sealed{{fmt.Sprintf("v%08x", version), item.Body}}
	}
	if rest, ok := strings.CutPrefix(key.SK, rows.SortNote); ok {
		_, name, _ := strings.Cut(rest, "#")
		return []sealed{{"note/" + name, item.Body}}
	}
	return nil
}

func (w *world) opens(id record.CustomerID, head *rows.Head, s sealed) bool {
	n := 1 + int(s.body[0])
	shreds := append([]rows.SectionState{{Shred: make([]byte, seal.KeySize)}}, head.Sections...)
	for _, state := range shreds {
		for _, section := range w.Pack.Sections {
			place := seal.Place{Deployment: w.Deployment, Customer: id, Section: section.ID, Schema: record.PackVersion(s.body[1:n]), Version: s.what}
			shred := seal.Key(state.Shred)
			for _, unwrapper := range []seal.KeyUnwrapper{w.p.Ring, seal.Root{Keys: w.Keys}} {
				if _, err := seal.OpenItem(w.t.Context(), unwrapper, &shred, place, s.body[n:]); err == nil {
					return true
				}
			}
		}
	}
	return false
}
