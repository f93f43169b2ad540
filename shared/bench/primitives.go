package bench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"kexin/shared/audit/entry"
	"kexin/shared/collect"
	"kexin/shared/decision"
	"kexin/shared/grants"
	"kexin/shared/identity"
	"kexin/shared/indexes"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/staff"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
	"kexin/shared/validate"
	"kexin/shared/vault"
)

// without takes the I/O away from a store: no customer is there, and what is written is dropped. It keeps the last transaction.
type without struct {
	store.Store
	last []store.Op
}

// Get finds no customer.
func (w *without) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if strings.HasPrefix(key.PK, rows.PrefixCustomer) {
		return store.Item{}, store.ErrNotFound
	}
	return w.Store.Get(ctx, key)
}

// Transact drops ops.
func (w *without) Transact(_ context.Context, _ store.Token, ops ...store.Op) error {
	w.last = ops
	return nil
}

// bare is a console's vault without I/O, with what its primitives work on.
type bare struct {
	sys    *ruled.System
	vault  *vault.Vault
	drop   *without
	actor  vault.Actor
	writer *seal.Writer
	random io.Reader
	body   []byte
}

func (r *run) bare(ctx context.Context) (*bare, error) {
	backend := r.server.Backend()
	b := &bare{drop: &without{Store: backend.Store}, random: r.Random, body: staffBody(r.people.phone())}
	backend.Store = b.drop
	var err error
	if b.sys, err = ruled.New(backend, grants.ServeConsole); err != nil {
		return nil, err
	}
	member, err := staff.Register{Store: b.sys.Store}.ByLogin(ctx, identity.DemoIssuerName, "admin")
	if err != nil {
		return nil, err
	}
	b.actor.Actor = member.Actor()
	index, err := indexes.Load(ctx, b.sys.Store, b.sys.Keys, b.sys.Deployment)
	if err != nil {
		return nil, err
	}
	b.writer = b.sys.Writer(store.Keys)
	b.vault, err = b.sys.Vault(func(c *vault.Config) { c.Writer, c.Index = b.writer, index })
	return b, err
}

// create is the act as the console's handler does it: from the bytes of the request to those of the answer.
func (b *bare) create(ctx context.Context) error {
	var s submission
	if err := jsonv2.Unmarshal(b.body, &s); err != nil {
		return err
	}
	raw := collect.Raw{Form: record.FormID(s.Form), Kind: record.Kind(s.Kind), Channel: record.Channel(s.Channel), Notice: record.NoticeVersion(s.Notice),
		Language: record.Language(s.Language), Consents: map[record.PurposeID]bool{}, Fields: map[record.FieldName]string{},
		Evidence: record.Evidence{Staff: b.actor.Staff, Script: s.Evidence.Script}}
	for purpose, given := range s.Consents {
		raw.Consents[record.PurposeID(purpose)] = given
	}
	for field, text := range s.Fields {
		raw.Fields[record.FieldName(field)] = text
	}
	filled, _, err := collect.Check(b.sys.Pack, raw, collect.ByStaff, b.sys.Now())
	if err != nil {
		return err
	}
	created, err := b.vault.Create(ctx, b.actor, filled, "bench", b.body)
	if err != nil {
		return err
	}
	_, err = json.Marshal(created)
	return err
}

// primitives is the sum that create is measured against: JSON, phone parsing, decision, key wraps, seals, index MACs, entry hash.
type primitives struct {
	*bare
	entry  entry.Entry
	seals  [][]byte // plain texts of sections and parts of the card
	sealer sealer
	phone  string
}

func (b *bare) primitives(ctx context.Context) (*primitives, error) {
	if err := b.create(ctx); err != nil {
		return nil, err
	}
	last := b.drop.last[len(b.drop.last)-1]
	e, err := entry.Parse(last.Item.Body)
	if err != nil {
		return nil, err
	}
	p := &primitives{bare: b, entry: e, phone: "13800000001"}
	for _, size := range []int{48, 1010, 40, 60} { // name and phone, the request, and their parts of the card
		p.seals = append(p.seals, make([]byte, size))
	}
	p.sealer, err = newSealer(b.random)
	return p, err
}

// run does every primitive once.
func (p *primitives) run(context.Context) error {
	var s submission
	if err := json.Unmarshal(p.body, &s); err != nil {
		return err
	}
	if _, err := validate.Canonical(validate.Rule{Type: validate.TypeStr, Check: validate.CheckPhone}, p.phone, p.sys.Now()); err != nil {
		return err
	}
	p.sys.Engine.Decide(decision.Request{Actor: p.actor.Actor, Action: decision.ActCreate, Purpose: "contract_service", Now: p.sys.Now(),
		Resource: decision.Resource{Department: "service", Owner: p.actor.Staff, Kind: record.KindIndividual, State: rows.StateLive, Consented: true}})
	for _, plain := range p.seals {
		if err := p.sealer.seal(plain); err != nil {
			return err
		}
	}
	for range 5 { // phone, last four digits, name; place and proof of the idempotency key
		mac := hmac.New(sha256.New, p.sealer.shred[:])
		_, _ = mac.Write([]byte(p.phone)) // a hash takes everything
		mac.Sum(nil)
	}
	text, err := json.Marshal(&p.entry)
	if err != nil {
		return err
	}
	sha256.Sum256(text)
	_, err = json.Marshal(vault.Created{Customer: p.entry.Customer, State: rows.StateLive, Version: 1})
	return err
}

// sealer is what sealing an item costs at least: key generation, two wraps and the encryption, with associated data of usual sizes.
type sealer struct {
	random io.Reader
	intake cipher.AEAD
	shred  seal.Key
}

func newSealer(random io.Reader) (sealer, error) {
	key, err := seal.NewKey(random)
	if err != nil {
		return sealer{}, err
	}
	intake, err := gcm(key[:])
	return sealer{random, intake, key}, err
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("set up cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// Sizes of the associated data of items and wrapped keys.
var (
	itemAD = make([]byte, 170)
	keyAD  = make([]byte, 120)
)

func (s sealer) seal(plain []byte) error {
	var fresh [32 + 16 + 3*12]byte // key, its id, three nonces
	if _, err := io.ReadFull(s.random, fresh[:]); err != nil {
		return err
	}
	inner := s.intake.Seal(nil, fresh[48:60], fresh[:32], keyAD)
	outer, err := gcm(s.shred[:])
	if err != nil {
		return err
	}
	wrapped := outer.Seal(nil, fresh[60:72], inner, keyAD)
	item, err := gcm(fresh[:32])
	if err != nil {
		return err
	}
	item.Seal(wrapped, fresh[72:84], plain, itemAD)
	return nil
}

// open is what opening an item costs at least.
func (s sealer) open(sealedKey, wrapped, item []byte) error {
	outer, err := gcm(s.shred[:])
	if err != nil {
		return err
	}
	_, _ = outer.Open(nil, wrapped[:12], wrapped[12:], keyAD)        // the time is the same whether it opens or not
	_, _ = s.intake.Open(nil, sealedKey[:12], sealedKey[12:], keyAD) // the same
	inner, err := gcm(s.shred[:])
	if err != nil {
		return err
	}
	_, _ = inner.Open(nil, item[:12], item[12:], itemAD) // the same
	sha256.Sum256(item)
	return nil
}

// measureRatios takes the two ratios without I/O.
func (r *run) measureRatios(ctx context.Context) error {
	b, err := r.bare(ctx)
	if err != nil {
		return err
	}
	p, err := b.primitives(ctx)
	if err != nil {
		return err
	}
	create, err := r.compare(ctx, "create by staff without I/O", b.create, p.run)
	if err != nil {
		return err
	}
	create.Goal = 1.25
	plain, place := make([]byte, 1024), seal.Place{Deployment: b.sys.Deployment, Customer: p.entry.Customer, Section: "s766au4ab3b",
		Schema: b.sys.Pack.Version, Version: "v00000001"}
	wrapper := b.writer.For(seal.BranchL1)
	sealing, err := r.compare(ctx, "seal 1 KB with a fresh wrapped key", func(ctx context.Context) error {
		_, err := seal.SealItem(ctx, r.Random, wrapper, &p.sealer.shred, place, plain)
		return err
	}, func(context.Context) error { return p.sealer.seal(plain) })
	sealing.Goal = 1.3
	r.report.Ratios = []Ratio{create, sealing}
	if err != nil {
		return err
	}
	return r.barely(ctx, p, create.Floor)
}

// barely notes the CPU of the primitives of acts: beside those of create, opening two sections for a read, and for a submission the
// envelope and the signature of the receipt.
func (r *run) barely(ctx context.Context, p *primitives, create time.Duration) error {
	n := max(20, r.Ops/4)
	read, err := alone(ctx, n, func(context.Context) error {
		return errors.Join(p.sealer.open(make([]byte, 60), make([]byte, 105), make([]byte, 90)),
			p.sealer.open(make([]byte, 60), make([]byte, 105), make([]byte, 1060)))
	})
	if err != nil {
		return err
	}
	sign, err := alone(ctx, n, func(ctx context.Context) error {
		_, err := r.server.Keys.Sign(ctx, keys.SignReceipts, [32]byte{})
		return errors.Join(err, p.sealer.open(make([]byte, 60), make([]byte, 105), make([]byte, 1800)))
	})
	r.floors.bare = map[string]time.Duration{actCreate: create, actRead: read, actSubmit: create + sign}
	return err
}

// rounds of a comparison. The least of each side counts, because nothing makes a program faster than it is.
const rounds = 7

// compare times a part and its floor in turns.
func (r *run) compare(ctx context.Context, name string, part, floor func(context.Context) error) (Ratio, error) {
	ratio := Ratio{Part: name}
	n := max(20, r.Ops)
	for round := range rounds {
		r.tell(name, round+1, rounds)
		for _, side := range []struct {
			act  func(context.Context) error
			best *time.Duration
		}{{part, &ratio.CPU}, {floor, &ratio.Floor}} {
			took, err := alone(ctx, n, side.act)
			if err != nil {
				return ratio, fmt.Errorf("%s: %w", name, err)
			}
			if *side.best == 0 || took < *side.best {
				*side.best = took
			}
		}
	}
	return ratio, nil
}

// alone returns the CPU time of act, done n times one after the other.
func alone(ctx context.Context, n int, act func(context.Context) error) (time.Duration, error) {
	cpu := cpuTime()
	for range n {
		if err := act(ctx); err != nil {
			return 0, err
		}
	}
	return (cpuTime() - cpu) / time.Duration(n), ctx.Err()
}
