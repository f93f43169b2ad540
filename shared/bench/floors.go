package bench

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/system/ruled"
)

// recorded are the acts whose traffic is recorded and replayed, in the order of a customer's life: the rows that one leaves are those
// that the next finds.
var recorded = []string{actCreate, actRead, actSearch, actList, actUpdate, actQueue, actDestroy, actSubmit}

// measureFloors records the traffic of each act once and replays it on the bare store, as often and with as many clients as the act
// will be measured with.
func (r *run) measureFloors(ctx context.Context) error {
	r.floors.rows, r.floors.taken = map[store.Key]bool{}, map[string]map[int]Figure{}
	tape := &recorder{}
	err := r.open(ctx, func(b *ruled.Backend) {
		tape.Store = b.Store
		b.Store = tape
	})
	if err != nil {
		return err
	}
	traffic, err := r.record(ctx, tape)
	if err != nil {
		return err
	}
	if err := r.measureCheckpoint(ctx, traffic[actCreate]); err != nil {
		return errors.Join(err, r.sweep(context.WithoutCancel(ctx)))
	}
	for _, clients := range r.Clients {
		if err := r.replay(ctx, clients, traffic); err != nil {
			return errors.Join(err, r.sweep(context.WithoutCancel(ctx)))
		}
	}
	if err := r.sweep(ctx); err != nil {
		return err
	}
	return r.open(ctx, nil)
}

// record does each act twice, so that the caches are warm, and returns the traffic of the second time.
func (r *run) record(ctx context.Context, tape *recorder) (map[string][]step, error) {
	traffic := map[string][]step{}
	known := len(r.people.known)
	for range 2 {
		if err := r.create(ctx, 0); err != nil {
			return nil, err
		}
		traffic[actCreate] = tape.take()
		if err := r.recordOne(ctx, tape, traffic, r.people.known[len(r.people.known)-1]); err != nil {
			return nil, err
		}
	}
	r.people.known = slices.Delete(r.people.known, known, len(r.people.known))
	return traffic, nil
}

// recordOne records the acts on one customer after its creation.
func (r *run) recordOne(ctx context.Context, tape *recorder, traffic map[string][]step, someone person) error {
	alone := &run{Options: r.Options, server: r.server, client: r.client}
	alone.Progress = nil
	alone.people.next = r.people.next + 50_000_000
	alone.people.known, alone.people.ids = []person{someone}, []record.CustomerID{someone.id}
	acts := map[string]func(context.Context, int) error{actRead: alone.read, actSearch: alone.search, actList: alone.list, actUpdate: alone.update,
		actQueue: func(ctx context.Context, i int) error { return alone.queue(alone.people.known)(ctx, i) },
		actDestroy: func(ctx context.Context, _ int) error {
			purge, err := alone.purger(nil, true)
			if err != nil {
				return err
			}
			_, err = purge.Run(ctx)
			return err
		},
		actSubmit: func(ctx context.Context, _ int) error { _, err := alone.submissions(ctx, 1, 1); return err },
	}
	for _, name := range recorded[1:] {
		if err := acts[name](ctx, 0); err != nil {
			return err
		}
		traffic[name] = tape.take()
	}
	r.forget([]person{someone})
	return nil
}

// checkpointLives is about as many creations as fill the log between two checkpoints; a smaller store takes an eighth of its customers.
const checkpointLives = 10_000

// measureCheckpoint finds what carrying the log into the trees costs for each of its bytes, with a log that is nearly full: replayed
// creations, whose rows go everywhere. Figures are taken between checkpoints, and this share is added to each for the bytes that it logged.
func (r *run) measureCheckpoint(ctx context.Context, create []step) error {
	if err := r.server.Store.Checkpoint(ctx); err != nil {
		return err
	}
	logged := r.server.Store.Logged()
	lives := min(max(1, r.Customers/8), checkpointLives)
	err := r.spread(ctx, "fill the log", fillClients, lives, func(ctx context.Context, _ int) error { return r.send(ctx, r.life().replay(create)) })
	if err != nil {
		return err
	}
	logged = r.server.Store.Logged() - logged
	runtime.GC()
	cpu := cpuTime()
	if err := r.server.Store.Checkpoint(ctx); err != nil {
		return err
	}
	r.carry = float64(cpuTime()-cpu) / float64(max(logged, 1))
	r.report.Checkpoint = time.Duration((cpuTime() - cpu) / time.Duration(lives))
	return nil
}

// replay times the traffic of every act for as many lives as there are acts in a figure.
func (r *run) replay(ctx context.Context, clients int, traffic map[string][]step) error {
	lives := make([]*life, r.Ops)
	for i := range lives {
		lives[i] = r.life()
	}
	for _, name := range recorded {
		prepared := make([][]step, len(lives))
		for i, l := range lives {
			prepared[i] = l.replay(traffic[name])
		}
		figure, err := r.timed(ctx, "floor of "+name, clients, len(lives), func(ctx context.Context, i int) error { return r.send(ctx, prepared[i]) })
		if err != nil {
			return err
		}
		if r.floors.taken[name] == nil {
			r.floors.taken[name] = map[int]Figure{}
		}
		r.floors.taken[name][clients] = figure
	}
	return nil
}
