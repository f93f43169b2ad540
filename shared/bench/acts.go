package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"kexin/shared/audit"
	"kexin/shared/grants"
	"kexin/shared/record"
	"kexin/shared/retention"
	"kexin/shared/system/ruled"
)

// Names of the acts.
const (
	actFill     = "fill"
	actCreate   = "create by staff"
	actSubmit   = "submission to live record"
	actRead     = "read, warm"
	actReadCold = "read, first after a start"
	actReadMore = "read, hundred after a start"
	actUpdate   = "update"
	actSearch   = "search by phone"
	actList     = "list of 20 cards"
	actQueue    = "queue a destruction"
	actDestroy  = "destroy"
	actRewrite  = "rewrite of the keys file, once a purge"
	actSeal     = "seal an audit entry into the log"
	actExport   = "row of an archive"
)

// fill enters customers until the store has as many as asked for.
func (r *run) fill(ctx context.Context) error {
	if err := r.people.start(r.Random); err != nil {
		return err
	}
	ids, err := r.present(ctx)
	if err != nil {
		return err
	}
	r.people.ids = ids
	if missing := r.Customers - len(ids); missing > 0 {
		r.report.Fill, err = r.timed(ctx, actFill, fillClients, missing, r.create)
	}
	r.report.Customers, r.report.StoreSize = len(r.people.ids), sizeOf(r.Data)
	return err
}

// fillClients is how many clients fill a store at once.
const fillClients = 32

// create enters one customer as staff do.
func (r *run) create(ctx context.Context, _ int) error {
	phone := r.people.phone()
	var created struct {
		Customer record.CustomerID `json:"customer"`
		State    string            `json:"state"`
	}
	err := r.do(ctx, call{method: http.MethodPost, path: "/v1/customers", key: r.key(), body: staffBody(phone), want: http.StatusCreated, into: &created})
	if err == nil && created.State == "live" {
		r.people.add(person{created.Customer, phone, 1})
	}
	return err
}

// read opens a customer for a purpose that both sections serve; spread apart, so that neighbours in the file are not read in order.
func (r *run) read(ctx context.Context, i int) error {
	id := r.people.ids[i*stride%len(r.people.ids)]
	return r.do(ctx, call{method: http.MethodGet, path: "/v1/customers/" + string(id) + "?purpose=contract_service", want: http.StatusOK})
}

// stride is a prime, so that its multiples visit every customer of any store that is no multiple of it.
const stride = 7919

// search finds a customer of this run by phone.
func (r *run) search(ctx context.Context, i int) error {
	phone := r.people.known[i*stride%len(r.people.known)].phone
	body, _ := json.Marshal(map[string]string{"field": "phone", "kind": "identifier", "text": phone}) // strings always encode
	return r.do(ctx, call{method: http.MethodPost, path: "/v1/customers/search", body: body, want: http.StatusOK})
}

func (r *run) list(ctx context.Context, _ int) error {
	return r.do(ctx, call{method: http.MethodGet, path: "/v1/customers?department=service&limit=20", want: http.StatusOK})
}

// update changes the second section of a customer of this run. Each is changed once in a figure.
func (r *run) update(ctx context.Context, i int) error {
	someone := &r.people.known[i]
	body, _ := json.Marshal(map[string]any{"purpose": "contract_service", // strings always encode
		"fields": map[string]string{"service_request": fmt.Sprintf("%d%s", someone.version, requestText)}})
	err := r.do(ctx, call{method: http.MethodPatch, path: "/v1/customers/" + string(someone.id), match: someone.etag(), body: body, want: http.StatusOK})
	if err == nil {
		someone.version++
	}
	return err
}

func (p person) etag() string { return fmt.Sprintf(`"%d"`, p.version) }

// queue makes a customer of this run due now.
func (r *run) queue(people []person) func(context.Context, int) error {
	return func(ctx context.Context, i int) error {
		return r.do(ctx, call{method: http.MethodPost, path: "/v1/customers/" + string(people[i].id) + "/destructions", match: people[i].etag(),
			body: []byte(`{"reason":"correct_data"}`), want: http.StatusAccepted})
	}
}

// submit sends one public submission and hands it to waiting.
func (r *run) submit(waiting chan<- record.SubmissionID) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		var sent struct {
			Submission record.SubmissionID `json:"submission"`
		}
		err := r.do(ctx, call{method: http.MethodPost, path: "/v1/forms/service/submissions", key: r.key(), public: true,
			body: publicBody(r.people.phone()), want: http.StatusCreated, into: &sent})
		if err == nil {
			waiting <- sent.Submission
		}
		return err
	}
}

// submissions sends ops submissions and accepts each as the stream of the inbox would: as many at once as there are clients.
func (r *run) submissions(ctx context.Context, clients, ops int) (Figure, error) {
	waiting := make(chan record.SubmissionID, ops)
	var group sync.WaitGroup
	var first atomic.Pointer[error]
	for range clients {
		group.Go(func() {
			for id := range waiting {
				if created, err := r.server.Accept(ctx, id); err != nil {
					first.CompareAndSwap(nil, &err)
				} else if created.Customer != "" {
					r.people.add(person{id: created.Customer, version: int(created.Version)})
				}
			}
		})
	}
	began, cpu, logged := r.Now(), cpuTime(), r.server.Store.Logged()
	figure, err := r.timed(ctx, actSubmit, clients, ops, r.submit(waiting))
	close(waiting)
	group.Wait()
	if failed := first.Load(); err == nil && failed != nil {
		err = *failed
	}
	wall := r.Now().Sub(began)
	figure.CPU = (cpuTime() - cpu + r.share(r.server.Store.Logged()-logged)) / time.Duration(ops)
	figure.Wall, figure.PerSecond = wall*time.Duration(clients)/time.Duration(ops), float64(ops)/max(wall.Seconds(), 1e-9)
	return figure, err
}

// timedRewriter times the rewrite of the keys file apart from the destructions.
type timedRewriter struct {
	retention.Rewriter
	run  *run
	cpu  time.Duration
	wall time.Duration
}

// Rewrite rewrites and keeps how long it took.
func (t *timedRewriter) Rewrite(ctx context.Context) (time.Time, error) {
	began, cpu := t.run.Now(), cpuTime()
	at, err := t.Rewriter.Rewrite(ctx)
	t.cpu, t.wall = t.cpu+cpuTime()-cpu, t.wall+t.run.Now().Sub(began)
	return at, err
}

// purger is the purge of the installation with its rewriter replaced, together as on one machine, else as on AWS.
func (r *run) purger(rewriter retention.Rewriter, together bool) (*retention.Purge, error) {
	sys, err := ruled.New(r.server.Backend(), grants.PurgeExpired)
	if err != nil {
		return nil, err
	}
	return &retention.Purge{Store: sys.Store, Log: sys.Log, Pack: sys.Pack, Clock: trusted{}, Rewriter: rewriter, Now: sys.Now,
		Since: r.Now(), Workers: 16, Together: together, Margin: time.Second}, nil
}

// trusted is a clock that is trusted: the bench makes customers due itself.
type trusted struct{}

// Check trusts.
func (trusted) Check(context.Context, time.Time) error { return nil }

// errPurge: a purge did not do what was queued.
var errPurge = errors.New("purge left customers")

// destroy queues the destruction of the customers entered last and purges them. What a purge costs without any is left out of the
// figure; the rewrite of the keys file is a figure of its own.
func (r *run) destroy(ctx context.Context, clients, ops int) error {
	doomed := r.people.take(ops)
	if err := r.figure(r.timed(ctx, actQueue, clients, len(doomed), r.queue(doomed))); err != nil {
		return err
	}
	rewriter := &timedRewriter{Rewriter: r.server.Store, run: r}
	purge, err := r.purger(rewriter, true)
	if err != nil {
		return err
	}
	r.tell(actDestroy, 0, len(doomed))
	figure, err := r.timed(ctx, actDestroy, 1, 1, func(ctx context.Context, _ int) error {
		report, err := purge.Run(ctx)
		if err == nil && report.Destroyed < len(doomed) {
			err = fmt.Errorf("%w: %+v", errPurge, report)
		}
		return err
	})
	if err != nil {
		return err
	}
	n := time.Duration(len(doomed))
	own := figure.Wall - rewriter.wall
	r.add(Figure{Act: actDestroy, Clients: 16, Ops: len(doomed), CPU: (figure.CPU - rewriter.cpu) / n, Wall: own * 16 / n,
		PerSecond: float64(len(doomed)) / max(own.Seconds(), 1e-9), Goal: goals[actDestroy]})
	r.add(Figure{Act: actRewrite, Clients: 1, Ops: 1, CPU: rewriter.cpu, Wall: rewriter.wall, PerSecond: 1 / max(rewriter.wall.Seconds(), 1e-9)})
	r.forget(doomed)
	return nil
}

// forget takes destroyed customers out of those that are read.
func (r *run) forget(gone []person) {
	dead := map[record.CustomerID]bool{}
	for _, someone := range gone {
		dead[someone.id] = true
	}
	kept := r.people.ids[:0]
	for _, id := range r.people.ids {
		if !dead[id] {
			kept = append(kept, id)
		}
	}
	r.people.ids = kept
}

// add keeps a figure beside its floor.
func (r *run) add(f Figure) {
	clients := f.Clients
	if f.Act == actDestroy {
		clients = r.Clients[len(r.Clients)-1]
	}
	if taken, ok := r.floors.taken[f.Act][clients]; ok {
		f.Floor = taken.CPU + r.floors.bare[f.Act]
	}
	r.report.Figures = append(r.report.Figures, f)
}

func (r *run) figure(f Figure, err error) error {
	if err == nil {
		r.add(f)
	}
	return err
}

// measureActs takes every figure with every number of clients.
func (r *run) measureActs(ctx context.Context) error {
	if err := r.spread(ctx, "warm up", 4, 20, r.create); err != nil {
		return err
	}
	for _, clients := range r.Clients {
		if err := r.acts(ctx, clients); err != nil {
			return err
		}
	}
	if err := r.destroy(ctx, r.Clients[len(r.Clients)-1], min(r.Ops, len(r.people.known))); err != nil {
		return err
	}
	return r.sealLog(ctx)
}

func (r *run) acts(ctx context.Context, clients int) error {
	if err := r.figure(r.timed(ctx, actCreate, clients, r.Ops, r.create)); err != nil {
		return err
	}
	entered := len(r.people.known)
	acts := []struct {
		name string
		ops  int
		act  func(context.Context, int) error
	}{{actRead, r.Ops, r.read}, {actSearch, r.Ops, r.search}, {actList, max(1, r.Ops/10), r.list}, {actUpdate, min(r.Ops, entered), r.update}}
	for _, a := range acts {
		if err := r.figure(r.timed(ctx, a.name, clients, a.ops, a.act)); err != nil {
			return err
		}
	}
	known := r.people.known
	err := r.figure(r.submissions(ctx, clients, r.Ops))
	r.people.known = known // those who came through the form have no phone here
	return err
}

// sealLog seals what the audit log has not sealed yet, and gives the figure per entry.
func (r *run) sealLog(ctx context.Context) error {
	r.tell(actSeal, 0, 1)
	var entries int
	figure, err := r.timed(ctx, actSeal, 1, 1, func(ctx context.Context, _ int) error {
		report, err := r.server.RunJob(ctx, string(grants.SealAudit))
		if sealed, ok := report.(audit.Report); ok {
			entries = sealed.Entries
		}
		return err
	})
	if err != nil || entries == 0 {
		return err
	}
	n := time.Duration(entries)
	r.add(Figure{Act: actSeal, Clients: 1, Ops: entries, CPU: figure.CPU / n, Wall: figure.Wall / n, PerSecond: figure.PerSecond * float64(entries)})
	return nil
}

// measureCold opens the installation anew, so that every cache is empty, and reads.
func (r *run) measureCold(ctx context.Context) error {
	if err := r.open(ctx, nil); err != nil {
		return err
	}
	if err := r.figure(r.timed(ctx, actReadCold, 1, 1, r.read)); err != nil {
		return err
	}
	return r.figure(r.timed(ctx, actReadMore, 1, min(100, len(r.people.ids)), r.read))
}
