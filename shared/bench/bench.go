// Package bench measures a whole embedded installation: it fills a store through the same handlers as everybody's, times each act with
// one and with many clients, and sets beside each figure the floor that it stands on, taken in the same run. It also counts what each
// act would cost on AWS. It asserts nothing.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"time"

	"kexin/infra/local/embedded"
	"kexin/shared/decision"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
)

// Options say what to measure. Every member is required unless it says otherwise.
type Options struct {
	Data      string // folder of the installation; created when empty, and never one with real customers: see ErrStore
	Customers int    // the store is filled up to so many
	Ops       int    // acts of each figure; at most MaxOps
	Clients   []int  // numbers of clients, ascending
	Loopback  bool   // go through a TCP connection on loopback instead of calling the handlers
	Now       func() time.Time
	Random    io.Reader
	Progress  func(step string, done, total int) // may be nil
}

// MaxOps is the most acts of one figure: a purge stops at 1,000 customers.
const MaxOps = 900

// Sentinels of the package.
var (
	// ErrStore: the folder holds an installation that is no demonstration. The bench destroys customers.
	ErrStore = errors.New("not a demonstration store")
	// ErrAnswer: an act was answered otherwise than it must be.
	ErrAnswer = errors.New("unexpected answer")
	// ErrOptions: a number is out of its range.
	ErrOptions = errors.New("impossible numbers")
)

// Figure is one act timed with so many clients.
type Figure struct {
	Act       string        `json:"act"`
	Clients   int           `json:"clients"`
	Ops       int           `json:"ops"`
	CPU       time.Duration `json:"cpu_ns"`  // of the whole process, per act
	Wall      time.Duration `json:"wall_ns"` // per act and client: what a client waits
	PerSecond float64       `json:"per_second"`
	Floor     time.Duration `json:"floor_ns,omitempty"` // CPU of the bare parts of the act; zero when none was taken
	Goal      time.Duration `json:"goal_ns,omitempty"`  // CPU per act that is aimed at; zero when there is no goal
}

// Ratio sets a part of the program against the sum of its primitives, on one processor and without I/O.
type Ratio struct {
	Part  string        `json:"part"`
	CPU   time.Duration `json:"cpu_ns"`
	Floor time.Duration `json:"floor_ns"`
	Goal  float64       `json:"goal"` // most CPU / Floor aimed at
}

// Of returns CPU in units of Floor.
func (r Ratio) Of() float64 { return float64(r.CPU) / float64(max(r.Floor, 1)) }

// Report is everything that was measured.
type Report struct {
	Machine   Machine `json:"machine"`
	Record    string  `json:"record"`
	Customers int     `json:"customers"` // in the store when the figures were taken
	StoreSize int64   `json:"store_bytes"`
	Path      string  `json:"path"` // handlers or loopback
	Fill      Figure  `json:"fill"`
	// Checkpoint is the CPU for one created customer of carrying the log into the trees, which every CPU includes in proportion to its log.
	Checkpoint time.Duration `json:"checkpoint_ns"`
	Figures    []Figure      `json:"figures"`
	Ratios     []Ratio       `json:"ratios"`
	Costs      []Cost        `json:"costs"`
	Prices     string        `json:"prices"`
}

// run is a bench under way.
type run struct {
	Options
	server *embedded.Server
	client client
	stop   func()
	people people
	report Report
	floors floors
	carry  float64 // nanoseconds of CPU that a checkpoint takes for a byte of log; zero until measured
}

// Run measures everything. It ends early with ctx's error; the store keeps what was done until then.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Customers < 1 || o.Ops < 1 || o.Ops > MaxOps || len(o.Clients) == 0 {
		return nil, fmt.Errorf("%w: customers %d, acts %d", ErrOptions, o.Customers, o.Ops)
	}
	r := &run{Options: o}
	r.report = Report{Machine: machine(), Record: Reference, Prices: prices, Path: "handlers"}
	if o.Loopback {
		r.report.Path = "loopback"
	}
	err := r.whole(ctx)
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // what the interrupted act was answered says nothing
	}
	return &r.report, errors.Join(err, r.close())
}

func (r *run) whole(ctx context.Context) error {
	steps := []func(context.Context) error{
		func(ctx context.Context) error { return r.open(ctx, nil) },
		r.fill, r.measureRatios, r.measureFloors, r.measureActs, r.measureCold, r.measureCosts,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// open opens the installation anew; instrument may wrap its backend.
func (r *run) open(ctx context.Context, instrument func(*ruled.Backend)) error {
	if err := r.close(); err != nil {
		return err
	}
	listener, addr, err := r.listen()
	if err != nil {
		return err
	}
	var unlimitedErr error
	r.server, err = embedded.Open(ctx, embedded.Options{Data: r.Data, Pack: "P06", Demo: true, BaseURL: "http://" + addr, Addr: addr,
		Log: slog.New(slog.DiscardHandler), Random: r.Random, Instrument: func(b *ruled.Backend) {
			if unlimitedErr = unlimited(b); instrument != nil {
				instrument(b)
			}
		}})
	err = errors.Join(err, unlimitedErr)
	if err != nil {
		return fmt.Errorf("open installation: %w", err)
	}
	if r.server.Issuing == nil {
		return ErrStore
	}
	if r.server.Created {
		if err := r.server.Seed(ctx, 0, func(int) {}); err != nil {
			return err
		}
	}
	return r.connect(listener, addr)
}

// unlimited lets one person read all day and export everything, which is what is measured. Reads are counted as always.
func unlimited(b *ruled.Backend) (err error) {
	pack := *b.Pack
	pack.Limits.DailyReads, pack.Limits.ExportRows = 1_000_000_000, 1_000_000_000
	b.Pack = &pack
	b.Engine, err = decision.New(b.Pack)
	return err
}

func (r *run) close() error {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
	if r.server == nil {
		return nil
	}
	err := r.server.Close()
	r.server = nil
	return err
}

func (r *run) tell(step string, done, total int) {
	if r.Progress != nil {
		r.Progress(step, done, total)
	}
}

// present returns the customers of the store, as its index lists them.
func (r *run) present(ctx context.Context) ([]record.CustomerID, error) {
	var ids []record.CustomerID
	q := store.Query{Table: store.Records, Index: store.ByDepartment, PK: "service", Limit: 1000}
	err := store.All(ctx, r.server.Store, q, func(item store.Item) error {
		ids = append(ids, customerOf(item.Key))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	return ids, nil
}

// timed runs ops acts by clients at once and returns what they took together. An act gets its number, from 0 to ops-1.
func (r *run) timed(ctx context.Context, name string, clients, ops int, act func(ctx context.Context, i int) error) (Figure, error) {
	if err := r.server.Store.Checkpoint(ctx); err != nil {
		return Figure{}, err
	}
	runtime.GC() // what earlier acts left is not this one's
	logged := r.server.Store.Logged()
	began, cpu := r.Now(), cpuTime()
	err := r.spread(ctx, name, clients, ops, act)
	used, wall := cpuTime()-cpu, r.Now().Sub(began)
	used += r.share(r.server.Store.Logged() - logged)
	n := time.Duration(max(ops, 1))
	return Figure{Act: name, Clients: clients, Ops: ops, CPU: used / n, Wall: wall * time.Duration(clients) / n,
		PerSecond: float64(ops) / max(wall.Seconds(), 1e-9), Goal: goals[name]}, err
}

// share is what a checkpoint costs for so many bytes of log.
func (r *run) share(bytes int64) time.Duration { return time.Duration(float64(bytes) * r.carry) }

// goals are the CPU times aimed at for a store of 100,000 customers.
var goals = map[string]time.Duration{
	actCreate: 250 * time.Microsecond, actSubmit: 350 * time.Microsecond, actRead: 90 * time.Microsecond, actDestroy: 160 * time.Microsecond,
}
