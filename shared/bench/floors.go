package bench

import (
	"context"
	"errors"
	"slices"

	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/system"
)

// recorded are the acts whose traffic is recorded and replayed, in the order of a customer's life: the rows that one leaves are those
// that the next finds.
var recorded = []string{actCreate, actRead, actSearch, actList, actUpdate, actQueue, actDestroy, actSubmit}

// measureFloors records the traffic of each act once and replays it on the bare store, as often and with as many clients as the act
// will be measured with.
func (r *run) measureFloors(ctx context.Context) error {
	r.floors.rows, r.floors.taken = map[store.Key]bool{}, map[string]map[int]Figure{}
	tape := &recorder{}
	err := r.open(ctx, func(b *system.Backend) {
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
