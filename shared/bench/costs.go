package bench

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"kexin/shared/audit"
	"kexin/shared/cost"
	"kexin/shared/grants"
	"kexin/shared/keys"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
)

// Cost is what one act asks of AWS, on average over a few, with warm caches.
type Cost struct {
	Act string `json:"act"`
	cost.Use
	KMS     float64 `json:"kms_calls"`       // symmetric requests and signatures
	Million float64 `json:"usd_per_million"` // list price of a million such acts, tables and root keys only
}

const prices = "DynamoDB on demand in us-east-1: 0.625 USD a million write units, 0.125 a million read units; KMS: 3 USD a million symmetric " +
	"requests, 15 a million signatures. Lambda, API Gateway and S3 come on top: see kexin cost."

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
	return priced(act, cost.Use{Calls: each(float64(use.Gets + use.Queries + use.Transactions)), WriteUnits: each(float64(use.WriteUnits)),
		IndexUnits: each(float64(use.IndexUnits)), ReadUnits: each(use.ReadUnits), Wraps: each(float64(t.keys.wraps.Load())),
		Signs: each(float64(t.keys.signs.Load()))})
}

// priced gives use its price by the built-in list.
func priced(act string, use cost.Use) Cost {
	list, _ := cost.Defaults()
	known, err := cost.ReadPrices(list)
	c := Cost{Act: act, Use: use, KMS: use.Wraps + use.Signs}
	if err == nil { // a test of shared/cost reads the built-in list
		c.Million = known.Counted(use)
	}
	return c
}

// countedActs is how many acts a cost is the average of.
const countedActs = 10

// measureCosts counts what each act asks of store and root keys.
func (r *run) measureCosts(ctx context.Context) error {
	t := &till{}
	err := r.open(ctx, func(b *ruled.Backend) {
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
	return r.countScheduled(ctx, t)
}

// countScheduled counts an entry sealed into the log and a row of an archive.
func (r *run) countScheduled(ctx context.Context, t *till) error {
	sealed, err := r.job(ctx, t, grants.SealAudit)
	if err != nil {
		return err
	}
	if report, ok := sealed.(audit.Report); ok && report.Entries > 0 {
		r.report.Costs = append(r.report.Costs, t.cost(actSeal, report.Entries))
	}
	return r.countExport(ctx, t)
}

// countExport counts the rows of an archive that a manager asks for.
func (r *run) countExport(ctx context.Context, t *till) error {
	staff := r.client.token
	defer func() { r.client.token = staff }()
	var err error
	if r.client.token, err = r.server.Issuing.Token("manager", time.Hour); err != nil {
		return err
	}
	var asked struct {
		Export record.ExportID `json:"export"`
	}
	body := []byte(`{"purpose":"contract_service","reason":"report","fields":["name","phone"],"department":"service","format":"ndjson","language":"en"}`)
	if err := r.do(ctx, call{method: "POST", path: "/v1/exports", key: r.key(), body: body, want: 202, into: &asked}); err != nil {
		return err
	}
	if _, err := r.job(ctx, t, grants.BuildExport); err != nil {
		return err
	}
	whole := t.cost(actExport, 1)
	var built struct {
		Rows  int    `json:"rows"`
		State string `json:"state"`
	}
	if err := r.do(ctx, call{method: "GET", path: "/v1/exports/" + string(asked.Export), want: 200, into: &built}); err != nil {
		return err
	}
	if built.Rows == 0 {
		return fmt.Errorf("%w: an archive of no rows, %s", ErrAnswer, built.State)
	}
	r.report.Costs = append(r.report.Costs, whole.less(Cost{}, built.Rows))
	return nil
}

// job counts one run of a scheduled function.
func (r *run) job(ctx context.Context, t *till, function grants.Function) (any, error) {
	t.reset()
	return r.server.RunJob(ctx, string(function))
}

// Count fills a small store and counts what each act asks of tables and root keys, without timing anything.
func Count(ctx context.Context, o Options) (map[cost.Act]cost.Use, error) {
	r := &run{Options: o}
	err := r.open(ctx, nil)
	if err == nil {
		err = r.fill(ctx)
	}
	if err == nil {
		err = r.measureCosts(ctx)
	}
	if err != nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	uses := map[cost.Act]cost.Use{}
	for _, c := range r.report.Costs {
		if act, ok := costActs[c.Act]; ok {
			uses[act] = c.Use
		}
	}
	return uses, errors.Join(err, r.close())
}

// costActs are the acts that package cost prices.
var costActs = map[string]cost.Act{
	actSubmit: cost.Submit, actCreate: cost.Create, actRead: cost.Read, actSearch: cost.Search, actList: cost.List, actUpdate: cost.Update,
	actDestroy: cost.Destroy, actExport: cost.ExportRows, actSeal: cost.LogEntry,
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
	return priced(c.Act, cost.Use{Calls: each(c.Calls, idle.Calls), WriteUnits: each(c.WriteUnits, idle.WriteUnits),
		IndexUnits: each(c.IndexUnits, idle.IndexUnits), ReadUnits: each(c.ReadUnits, idle.ReadUnits), Wraps: each(c.Wraps, idle.Wraps),
		Signs: each(c.Signs, idle.Signs)})
}
