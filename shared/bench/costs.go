package bench

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"sync/atomic"

	"kexin/shared/keys"
	"kexin/shared/store"
	"kexin/shared/system"
)

// Cost is what one act asks of AWS, on average over a few, with warm caches.
type Cost struct {
	Act        string  `json:"act"`
	Calls      float64 `json:"calls"`       // of the store
	WriteUnits float64 `json:"write_units"` // of the tables
	IndexUnits float64 `json:"index_units"` // of their indexes
	ReadUnits  float64 `json:"read_units"`
	KMS        float64 `json:"kms_calls"`
	Million    float64 `json:"usd_per_million"` // list price of a million such acts
}

// List prices, US East (N. Virginia), on demand, without free tiers.
const (
	writePrice = 0.625 // USD for a million write request units
	readPrice  = 0.125 // USD for a million read request units
	wrapPrice  = 3.00  // USD for a million symmetric requests of KMS
	signPrice  = 15.00 // USD for a million signatures of KMS

	prices = "DynamoDB on demand in us-east-1: 0.625 USD a million write units, 0.125 a million read units; KMS: 3 USD a million symmetric " +
		"requests, 15 a million signatures. Lambda, API Gateway and S3 come on top."
)

// counted counts the calls of root keys.
type counted struct {
	keys.Keys
	wraps, signs atomic.Int64
}

// Wrap counts.
func (c *counted) Wrap(ctx context.Context, purpose keys.Purpose, secret []byte) ([]byte, error) {
	c.wraps.Add(1)
	return c.Keys.Wrap(ctx, purpose, secret)
}

// Unwrap counts.
func (c *counted) Unwrap(ctx context.Context, purpose keys.Purpose, wrapped []byte) ([]byte, error) {
	c.wraps.Add(1)
	return c.Keys.Unwrap(ctx, purpose, wrapped)
}

// Sign counts.
func (c *counted) Sign(ctx context.Context, signer keys.Signer, digest [32]byte) ([]byte, error) {
	c.signs.Add(1)
	return c.Keys.Sign(ctx, signer, digest)
}

// Public is kept by processes for their life, so it is not counted.
func (c *counted) Public(ctx context.Context, signer keys.Signer) (*ecdsa.PublicKey, error) {
	return c.Keys.Public(ctx, signer)
}

// till counts an installation.
type till struct {
	store *store.Counter
	keys  *counted
}

func (t *till) reset() {
	t.store.Reset()
	t.keys.wraps.Store(0)
	t.keys.signs.Store(0)
}

// cost returns what was asked since reset, for each of n acts.
func (t *till) cost(act string, n int) Cost {
	use, each := t.store.Total(), func(sum float64) float64 { return sum / float64(n) }
	wraps, signs := each(float64(t.keys.wraps.Load())), each(float64(t.keys.signs.Load()))
	c := Cost{Act: act, Calls: each(float64(use.Gets + use.Queries + use.Transactions)), WriteUnits: each(float64(use.WriteUnits)),
		IndexUnits: each(float64(use.IndexUnits)), ReadUnits: each(use.ReadUnits), KMS: wraps + signs}
	c.Million = (c.WriteUnits+c.IndexUnits)*writePrice + c.ReadUnits*readPrice + wraps*wrapPrice + signs*signPrice
	return c
}

// countedActs is how many acts a cost is the average of.
const countedActs = 10

// measureCosts counts what each act asks of store and root keys.
func (r *run) measureCosts(ctx context.Context) error {
	t := &till{}
	err := r.open(ctx, func(b *system.Backend) {
		t.store, t.keys = store.Counted(b.Store), &counted{Keys: b.Keys}
		b.Store, b.Keys = t.store, t.keys
	})
	if err != nil {
		return err
	}
	r.people.known = nil
	acts := []struct {
		name string
		act  func(context.Context, int) error
	}{{actCreate, r.create}, {actRead, r.readKnown}, {actSearch, r.search}, {actList, r.list}, {actUpdate, r.update},
		{actSubmit, func(ctx context.Context, _ int) error { _, err := r.submissions(ctx, 1, 1); return err }}}
	for _, a := range acts {
		if err := r.count(ctx, t, a.name, a.act); err != nil {
			return err
		}
	}
	return r.countDestruction(ctx, t)
}

// count does act once to warm the caches and then counts.
func (r *run) count(ctx context.Context, t *till, name string, act func(context.Context, int) error) error {
	known := len(r.people.known)
	if err := act(ctx, 0); err != nil {
		return err
	}
	t.reset()
	for i := range countedActs {
		if err := act(ctx, i); err != nil {
			return err
		}
	}
	r.report.Costs = append(r.report.Costs, t.cost(name, countedActs))
	if name != actCreate {
		r.people.known = r.people.known[:known]
	}
	return nil
}

func (r *run) readKnown(ctx context.Context, i int) error {
	id := r.people.known[i%len(r.people.known)].id
	return r.do(ctx, call{method: "GET", path: "/v1/customers/" + string(id) + "?purpose=contract_service", want: 200})
}

// countDestruction counts a purge of several customers without what a purge of none asks.
func (r *run) countDestruction(ctx context.Context, t *till) error {
	doomed := r.people.take(countedActs)
	purge, err := r.purger(nil, false)
	if err != nil {
		return err
	}
	if _, err := purge.Run(ctx); err != nil {
		return err
	}
	t.reset()
	if _, err := purge.Run(ctx); err != nil {
		return err
	}
	idle := t.cost(actDestroy, 1)
	if err := r.count(ctx, t, actQueue, nothingFirst(r.queue(doomed))); err != nil {
		return err
	}
	t.reset()
	if report, err := purge.Run(ctx); err != nil || report.Destroyed != len(doomed) {
		return fmt.Errorf("%w: %+v %w", errPurge, report, err)
	}
	r.report.Costs = append(r.report.Costs, t.cost(actDestroy, 1).less(idle, len(doomed)))
	return nil
}

// nothingFirst leaves out the first call, which only warms caches.
func nothingFirst(act func(context.Context, int) error) func(context.Context, int) error {
	first := true
	return func(ctx context.Context, i int) error {
		if first {
			first = false
			return nil
		}
		return act(ctx, i)
	}
}

// less returns what c has more than idle, for each of n.
func (c Cost) less(idle Cost, n int) Cost {
	each := func(a, b float64) float64 { return (a - b) / float64(n) }
	return Cost{c.Act, each(c.Calls, idle.Calls), each(c.WriteUnits, idle.WriteUnits), each(c.IndexUnits, idle.IndexUnits),
		each(c.ReadUnits, idle.ReadUnits), each(c.KMS, idle.KMS), each(c.Million, idle.Million)}
}
