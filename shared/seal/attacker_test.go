package seal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// TestWhoTakesThePublicFormReadsNothing is the promise of design §4. The attacker has the process of the public form with its writer and
// the intake keys of this hour, its rights at the root keys, and a copy of every row of every table, shred keys included. What the
// process sealed itself this hour opens; nothing that any other process sealed does.
func TestWhoTakesThePublicFormReadsNothing(t *testing.T) {
	k := vaulttest.New(t, vaulttest.Options{})
	memory := k.Base.(*vaulttest.Memory)
	console := k.Process("serve-console", vaulttest.Everything)
	for n := range 3 {
		console.Created(vaulttest.Person{N: n})
	}
	taken, other := k.Granted(grants.SubmitForm, vaulttest.Public), k.Granted(grants.SubmitForm, vaulttest.Public)
	own := map[record.SubmissionID]bool{}
	for n := range 3 {
		id, err := taken.Submit(t.Context(), k.Fill(vaulttest.Person{N: 10 + n}))
		if err != nil {
			t.Fatal(err)
		}
		own[id] = true
		if _, err := other.Submit(t.Context(), k.Fill(vaulttest.Person{N: 20 + n})); err != nil {
			t.Fatal(err)
		}
	}
	everything := memory.Items()
	ring := seal.NewRing(k.Deployment, keys.Restrict(k.Keys, grants.Of(grants.SubmitForm).Keys), anyRow{memory}, taken.Writer, k.Clock.Now)
	a := attacker{t: t, kit: k, ring: ring, root: seal.Root{Keys: taken.Keys}}
	for id := range own {
		if !a.envelope(everything[rows.Submission(id)]) {
			t.Error("its own envelope of this hour does not open: the attack proves nothing")
		}
	}
	tried := 0
	for key, item := range everything {
		switch {
		case strings.HasPrefix(key.PK, rows.PrefixSubmission) && !own[record.SubmissionID(key.SK)]:
			tried++
			if a.envelope(item) {
				t.Errorf("%v opens", key)
			}
		case key.Table == store.Keys && strings.HasPrefix(key.PK, rows.PrefixCustomer):
			tried += a.customer(key, item, everything)
		}
	}
	if tried < 3+3*8 {
		t.Errorf("only %d ciphertexts were tried", tried)
	}
	k.Clock.Pass(seal.IntakeLife)
	for id := range own {
		if a.envelope(everything[rows.Submission(id)]) {
			t.Error("its own envelope still opens after the hour")
		}
	}
}

// anyRow is a source over every table.
type anyRow struct{ *vaulttest.Memory }

type attacker struct {
	t    *testing.T
	kit  *vaulttest.Kit
	ring *seal.Ring
	root seal.Root
}

func (a *attacker) envelope(item store.Item) bool {
	var body rows.SubmissionBody
	if err := rows.Decode(item.Body, &body); err != nil {
		a.t.Fatal(err)
	}
	place := seal.EnvelopePlace{Submission: record.SubmissionID(item.Key.SK), Form: body.Form, Schema: body.Schema}
	_, err := a.ring.OpenEnvelope(a.t.Context(), place, body.Envelope)
	return err == nil
}

// customer tries every section of a customer with the shred keys of its head.
func (a *attacker) customer(key store.Key, item store.Item, everything map[store.Key]store.Item) (tried int) {
	head, err := rows.DecodeHead(item)
	if err != nil {
		a.t.Fatal(err)
	}
	id := record.CustomerID(strings.TrimPrefix(key.PK, rows.PrefixCustomer))
	for _, state := range head.Sections {
		body := everything[rows.Section(state.Level, id, state.ID, state.Version)].Body
		n := 1 + int(body[0])
		place := seal.Place{Deployment: a.kit.Deployment, Customer: id, Section: state.ID, Schema: record.PackVersion(body[1:n]),
			Version: fmt.Sprintf("v%08x", state.Version)}
		shred := seal.Key(state.Shred)
		for _, unwrapper := range []seal.KeyUnwrapper{a.ring, a.root} {
			tried++
			if _, err := seal.OpenItem(a.t.Context(), unwrapper, &shred, place, body[n:]); err == nil {
				a.t.Errorf("section %s of %v opens", state.ID, state.Level)
			}
		}
	}
	return tried
}

// IntakeRow implements seal.Source.
func (s anyRow) IntakeRow(ctx context.Context, id record.IntakeID) (seal.IntakeRow, error) {
	for _, table := range []store.Table{store.Inbox, store.Keys} {
		if item, err := s.Get(ctx, rows.Intake(table, id)); err == nil {
			return seal.DecodeIntakeRow(item.Body)
		}
	}
	return seal.IntakeRow{}, store.ErrNotFound
}

// BranchSecret implements seal.Source.
func (s anyRow) BranchSecret(ctx context.Context, branch seal.Branch, epoch uint32) ([]byte, error) {
	item, err := s.Get(ctx, rows.BranchSecret(string(branch), epoch))
	return item.Body, err
}
