package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/keys"
	"kexin/shared/objects"
	"kexin/shared/record"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// Sealer joins the lanes into one Merkle log. Runs may be interrupted anywhere and may overlap: the state of the log is one row that is
// replaced under condition, everything published follows from it, and publishing again writes the same bytes to the same names.
type Sealer struct {
	Store      store.Store     // table Audit
	Objects    objects.Objects // bucket Evidence
	Keys       keys.Keys       // keys.SignCheckpoints
	Deployment record.DeploymentID
	Function   string // name that terminators carry, such as "seal-audit"
	Now        func() time.Time
	IdleAfter  time.Duration // how long a lane may be silent before it is ended; longer than any writer's pause between entries is kindest
	LockFor    time.Duration // how long objects are locked from now; zero: not at all
	Reserve    time.Duration // how long before the deadline of ctx a run takes no more entries, to publish and sign what it has

	// Scanner, which only fsck has, lets Check find lanes that are registered nowhere; nil: Check does not look for them.
	Scanner store.Scanner
	// BatchEntries bounds the entries of one commit; zero means 2,048. Tests make it small.
	BatchEntries int
}

// Bounds of one commit. Four rows for each of 24 lanes and one for the state fit into a transaction of 100.
const (
	batchLanes   = 24
	batchEntries = 2048
	batchBytes   = 8 << 20
)

// Sentinels of sealing.
var (
	// ErrBusy: another run has changed the state meanwhile. Nothing is lost; the other run or the next one goes on.
	ErrBusy = errors.New("another run is sealing the log")
	// ErrAltered: what is stored is not what was written. Sealing stops until somebody has looked.
	ErrAltered = errors.New("sealed log was altered")
	// ErrNotSealed: the entry is not in the log that the latest checkpoint signs. It will be after the next run, or does not exist.
	ErrNotSealed = errors.New("entry is not sealed yet")
)

// AlarmKind says what is wrong with a lane.
type AlarmKind string

// The kinds of alarms. None of them can come from a crash; each means that rows were removed, replaced or forged.
const (
	Gap             AlarmKind = "gap"              // an entry is missing before this one
	Fork            AlarmKind = "fork"             // the entry does not name the one before it
	Malformed       AlarmKind = "malformed"        // the row is no entry, or not that of its place
	AfterTerminator AlarmKind = "after_terminator" // the entry is beyond the end of its lane
)

// Alarm is a lane that cannot be sealed further, and where.
type Alarm struct {
	Kind AlarmKind `json:"kind"`
	Lane LaneID    `json:"lane"`
	Seq  uint64    `json:"seq"`
}

// String returns kind, lane and sequence.
func (a Alarm) String() string { return fmt.Sprintf("%s in %s at %d", a.Kind, a.Lane, a.Seq) }

// Report is what a run did. It is meaningful with an error too.
type Report struct {
	Lanes   int     `json:"lanes"`   // open lanes that were read
	Entries int     `json:"entries"` // entries that were sealed
	Ended   int     `json:"ended"`   // lanes that were sealed to their terminator
	Size    int64   `json:"size"`    // entries of the log
	Signed  bool    `json:"signed"`  // a checkpoint was signed
	Stopped bool    `json:"stopped"` // the deadline came before all lanes were read
	Alarms  []Alarm `json:"alarms,omitempty"`
}

// Run seals what the lanes hold. It returns when everything is sealed and signed, or when the deadline of ctx is near: then what was
// taken is sealed and signed, and Report.Stopped is set.
func (s *Sealer) Run(ctx context.Context) (Report, error) {
	if err := s.check(); err != nil {
		return Report{}, err
	}
	r := &sealing{Sealer: s, tiles: map[string][]byte{}}
	err := r.run(ctx)
	r.report.Size = r.state.Size
	r.measure(ctx, err)
	return r.report, err
}

// measure reports how long entries had been waiting, and what cannot be sealed.
func (r *sealing) measure(ctx context.Context, err error) {
	lag := 0.0
	if !r.oldest.IsZero() {
		lag = max(0, r.Now().Sub(r.oldest).Seconds())
	}
	telemetry.Measure(ctx, telemetry.SealLag, lag, "")
	for _, alarm := range r.report.Alarms {
		telemetry.Measure(ctx, telemetry.SealAlarms, 1, string(alarm.Kind))
	}
	if errors.Is(err, ErrAltered) {
		telemetry.Measure(ctx, telemetry.SealAlarms, 1, "altered")
	}
}

func (s *Sealer) check() error {
	switch {
	case s.Store == nil:
		return fmt.Errorf("%w: Store", ErrConfig)
	case s.Objects == nil:
		return fmt.Errorf("%w: Objects", ErrConfig)
	case s.Keys == nil:
		return fmt.Errorf("%w: Keys", ErrConfig)
	case s.Now == nil:
		return fmt.Errorf("%w: Now", ErrConfig)
	case s.IdleAfter <= 0:
		return fmt.Errorf("%w: IdleAfter", ErrConfig)
	case !entry.IsCode(s.Function):
		return fmt.Errorf("%w: Function", ErrConfig)
	case record.CheckID(record.PrefixDeployment, string(s.Deployment)) != nil:
		return fmt.Errorf("%w: Deployment", ErrConfig)
	}
	return nil
}

// sealing is one run.
type sealing struct {
	*Sealer
	state  state
	batch  batch
	tiles  map[string][]byte // tiles read in this run, see tile.go
	oldest time.Time         // of the entries that this run took
	report Report
}

func (r *sealing) run(ctx context.Context) (err error) {
	if r.state, err = loadState(ctx, r.Store); err != nil {
		return err
	}
	latest, err := loadCheckpoint(ctx, r.Store)
	if err != nil {
		return err
	}
	if r.state.Size > latest.Size {
		if err := r.redo(ctx); err != nil {
			return err
		}
	}
	if err := r.walk(ctx); err != nil {
		return err
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	return r.sign(ctx, latest)
}

// walk reads every open lane in order of shard and key.
func (r *sealing) walk(ctx context.Context) error {
	for shard := range Shards {
		from := ""
		for {
			page, err := r.Store.Query(ctx, store.Query{
				Table: store.Audit, PK: prefixLanes + shardName(shard), From: from, Limit: 100,
			})
			if err != nil {
				return fmt.Errorf("list audit lanes: %w", err)
			}
			if err := r.seal(ctx, page.Items); err != nil || r.report.Stopped {
				return err
			}
			if page.Next == "" || len(page.Items) == 0 {
				break
			}
			from = page.Items[len(page.Items)-1].Key.SK + " " // lanes that end meanwhile do not disturb the walk
		}
	}
	return nil
}

// seal reads the lanes of one page of registrations.
func (r *sealing) seal(ctx context.Context, items []store.Item) error {
	cursors, err := loadCursors(ctx, r.Store, items)
	if err != nil {
		return err
	}
	for i := range cursors {
		if r.late(ctx) {
			r.report.Stopped = true
			return nil
		}
		r.report.Lanes++
		if err := r.lane(ctx, &cursors[i]); err != nil {
			return err
		}
	}
	return nil
}

// late reports whether the deadline of ctx is so near that the run should take no more.
func (r *sealing) late(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && time.Until(deadline) < r.Reserve
}

// lane takes the new entries of one lane, batch by batch, and ends the lane when it has been silent for too long.
func (r *sealing) lane(ctx context.Context, c *cursor) error {
	for {
		more, err := r.take(ctx, c)
		if err != nil {
			return err
		}
		if more {
			if err := r.flush(ctx); err != nil {
				return err
			}
			continue
		}
		if c.fresh || c.ended || c.alarm != nil || r.Now().Sub(c.Last) < r.IdleAfter {
			return nil
		}
		ended, err := r.end(ctx, c)
		if err != nil || !ended {
			return err
		}
	}
}

// take reads entries of c into the batch. more: the batch is full and the lane may have more.
func (r *sealing) take(ctx context.Context, c *cursor) (more bool, err error) {
	query := store.Query{Table: store.Audit, PK: prefixLane + c.id.String(), From: seqText(c.Next), Limit: 256}
	for {
		page, err := r.Store.Query(ctx, query)
		if err != nil {
			return false, fmt.Errorf("read audit lane: %w", err)
		}
		for _, item := range page.Items {
			if r.batch.full(c, r.limit()) {
				return true, nil
			}
			if alarm := c.advance(item, r.Deployment); alarm != nil {
				c.alarm = alarm
				r.report.Alarms = append(r.report.Alarms, *alarm)
				return false, nil
			}
			r.batch.add(c, item.Body)
			if r.oldest.IsZero() || c.Last.Before(r.oldest) {
				r.oldest = c.Last
			}
		}
		if page.Next == "" {
			return false, nil
		}
		query.Cursor = page.Next
	}
}

func (r *sealing) limit() int {
	if r.BatchEntries > 0 {
		return r.BatchEntries
	}
	return batchEntries
}

// end puts a terminator at the end of a silent lane. ended is false when its writer was faster, or when the outcome is not known: the
// next run sees what happened.
func (r *sealing) end(ctx context.Context, c *cursor) (ended bool, err error) {
	at := Entry{Deployment: r.Deployment, Writer: c.id.Writer, Lane: c.id.Lane, Seq: c.Next, Prev: c.Prev}
	terminator := terminate(at, r.Now().UTC().Round(0), r.Function)
	data, err := terminator.Encode()
	if err != nil {
		return false, fmt.Errorf("end audit lane: %w", err)
	}
	err = r.Store.Transact(ctx, "", store.PutIf(entryItem(&terminator, data), store.IfAbsent()))
	if errors.Is(err, store.ErrCondition) || errors.Is(err, store.ErrUnknownOutcome) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("end audit lane: %w", err)
	}
	return true, nil
}

// sign publishes the checkpoint of the state unless latest is it.
func (r *sealing) sign(ctx context.Context, latest signed) error {
	if r.state.Size == latest.Size {
		return nil
	}
	checkpoint := evidence.Checkpoint{Origin: evidence.Origin(r.Deployment), Size: r.state.Size, Root: r.state.Root}
	note, err := evidence.SignCheckpoint(ctx, r.Keys, checkpoint)
	if err != nil {
		return err
	}
	if note, err = r.publishNote(ctx, checkpoint, note); err != nil {
		return err
	}
	if err := saveCheckpoint(ctx, r.Store, latest, signed{Size: checkpoint.Size, Note: string(note)}); err != nil {
		return err
	}
	r.report.Signed = true
	return nil
}

// publishNote stores a checkpoint. Where a run before has stored one of the same size, that one counts: signatures differ each time.
func (r *sealing) publishNote(ctx context.Context, c evidence.Checkpoint, note []byte) ([]byte, error) {
	path := checkpointPath(c.Size)
	err := r.put(ctx, path, note)
	if err == nil || !errors.Is(err, objects.ErrExists) {
		return note, err
	}
	have, err := readObject(ctx, r.Objects, path)
	if err != nil {
		return nil, err
	}
	public, err := r.publicKeys(ctx)
	if err != nil {
		return nil, err
	}
	stored, err := evidence.VerifyCheckpoint(public, have)
	if err != nil || stored != c {
		return nil, fmt.Errorf("%w: checkpoint of this size", ErrAltered)
	}
	return have, nil
}

// publicKeys returns the checkpoints key in the form that evidence is verified with.
func (s *Sealer) publicKeys(ctx context.Context) (evidence.PublicKeys, error) {
	return evidence.CollectKeys(ctx, s.Keys, s.Deployment, keys.SignCheckpoints)
}

// advance moves c past the entry of item, or says why it cannot.
func (c *cursor) advance(item store.Item, deployment record.DeploymentID) *Alarm {
	position, err := parseEntryKey(item.Key)
	if err != nil {
		return &Alarm{Malformed, c.id, c.Next}
	}
	switch {
	case c.ended:
		return &Alarm{AfterTerminator, c.id, position.Seq}
	case position.Seq != c.Next:
		return &Alarm{Gap, c.id, c.Next}
	}
	e, err := entry.Parse(item.Body)
	if err != nil || e.Position() != position || e.Deployment != deployment {
		return &Alarm{Malformed, c.id, c.Next}
	}
	if e.Prev != c.Prev {
		return &Alarm{Fork, c.id, c.Next}
	}
	c.Next, c.Prev, c.Last = c.Next+1, entry.Hash(item.Body), e.Time
	c.ended, c.fresh = e.Verdict == Terminator, true
	return nil
}
