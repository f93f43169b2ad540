package vaulttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/storetest"
	"kexin/shared/vault"
)

// act is one row of the fault matrix: something that a process does in several calls of the store.
type act struct {
	name string
	// prepare brings a deployment to where the act begins, and returns what it acts on.
	prepare func(k *Kit, p *Process) record.CustomerID
	// do does the act as a caller would who does not know whether it has happened already.
	do func(ctx context.Context, p *Process, id record.CustomerID) error
	// done counts how often the act has happened.
	done func(k *Kit, id record.CustomerID) int
	// again: doing it twice is two acts, as for reads.
	again bool
}

func acts() []act {
	return append(append(newcomers(), changes()...), endings()...)
}

// stale turns the answer to a change that has happened already into success.
func stale(err error) error {
	if errors.Is(err, vault.ErrStale) || errors.Is(err, vault.ErrNotFound) {
		return nil
	}
	return err
}

// submission is the id of the submission that prepared left in the inbox.
func submission(k *Kit) record.SubmissionID {
	for key := range k.Base.(*Memory).Items(store.Inbox) {
		if record.CheckID(record.PrefixSubmission, key.SK) == nil {
			return record.SubmissionID(key.SK)
		}
	}
	return ""
}

func newcomers() []act {
	send := func(ctx context.Context, p *Process, _ record.CustomerID) error {
		form := p.Kit.ProcessOn(p.Store, p.Keys, "submit-form", Public)
		return form.SubmitAs(ctx, "sub_aaaaaaaaaaaaaaaaaaaaaaaaaa", p.Kit.Fill(Person{N: 7}))
	}
	submit := func(k *Kit, p *Process) record.CustomerID {
		form := k.Process("submit-form", Public)
		_, err := form.Submit(k.T.Context(), k.Fill(Person{N: 7}))
		k.must(err)
		return ""
	}
	accept := func(ctx context.Context, p *Process, _ record.CustomerID) error {
		_, err := p.Vault.Accept(ctx, submission(p.Kit))
		return err
	}
	accepted := func(state string, others int) func(k *Kit, _ record.CustomerID) int {
		return func(k *Kit, _ record.CustomerID) int {
			item, err := k.Base.Get(k.T.Context(), rows.Submission(submission(k)))
			k.must(err)
			heads := k.heads()
			if (item.Str(store.AttrState) == rows.SubmissionAccepted) != (heads[state]-others == 1) {
				return -1
			}
			return heads[state] - others
		}
	}
	create := func(ctx context.Context, p *Process, _ record.CustomerID) error {
		_, err := p.Vault.Create(ctx, p.Kit.Actor("R10"), p.Kit.Fill(Person{N: 8, Channel: "phone"}), "one key", []byte("one body"))
		return err
	}
	return []act{
		{name: "submit", prepare: func(*Kit, *Process) record.CustomerID { return "" }, do: send, done: func(k *Kit, _ record.CustomerID) int {
			return k.Fsck().Submissions
		}},
		{name: "accept", prepare: submit, do: accept, done: accepted(rows.StateLive, 0)},
		{name: "accept pending", prepare: func(k *Kit, p *Process) record.CustomerID {
			p.Created(Person{N: 7})
			return submit(k, p)
		}, do: accept, done: accepted(rows.StatePending, 0)},
		{name: "create", prepare: func(*Kit, *Process) record.CustomerID { return "" }, do: create,
			done: func(k *Kit, _ record.CustomerID) int { return k.heads()[rows.StateLive] }},
	}
}

// heads counts heads by state.
func (k *Kit) heads() map[string]int {
	count := map[string]int{}
	for key, item := range k.Base.(*Memory).Items(store.Keys) {
		if key.PK != "" && key.PK[:4] == rows.PrefixCustomer {
			count[item.Str(store.AttrState)]++
		}
	}
	return count
}

func (k *Kit) head(id record.CustomerID) *rows.Head {
	item, err := k.Base.Get(k.T.Context(), rows.HeadKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	k.must(err)
	head, err := rows.DecodeHead(item)
	k.must(err)
	return head
}

// logged counts the entries of an action with a verdict.
func (k *Kit) logged(action string, verdict entry.Verdict) int {
	n := 0
	for _, e := range k.Entries() {
		if e.Action == action && e.Verdict == verdict {
			n++
		}
	}
	return n
}

func created(k *Kit, p *Process) record.CustomerID { return p.Created(Person{N: 9}).Customer }

func versions(k *Kit, id record.CustomerID) int { return int(k.head(id).Version) - 1 }

func changes() []act {
	return []act{
		{name: "update", prepare: created, done: versions, do: func(ctx context.Context, p *Process, id record.CustomerID) error {
			_, err := p.Vault.Update(ctx, p.Kit.Actor("R10"), id, 1, "contract_service", record.Fields{
				"phone": record.NewValue(Phone(99)), "contact_address": record.NewValue("杭州市拱墅区春和路1号"), "gender": record.NewValue("")})
			return stale(err)
		}},
		{name: "withdraw", prepare: created, done: versions, do: func(ctx context.Context, p *Process, id record.CustomerID) error {
			_, err := p.Vault.Withdraw(ctx, p.Kit.Actor("R10"), id, 1, []record.PurposeID{"marketing"}, []record.FieldName{"id_number"}, "phone")
			return stale(err)
		}},
		{name: "queue destruction", prepare: created, done: versions, do: func(ctx context.Context, p *Process, id record.CustomerID) error {
			_, err := p.Vault.QueueDestruction(ctx, p.Kit.Actor("R10"), id, 1, "audit")
			return stale(err)
		}},
		{name: "lift hold", done: func(k *Kit, id record.CustomerID) int { return versions(k, id) - 1 },
			prepare: func(k *Kit, p *Process) record.CustomerID {
				id := created(k, p)
				_, err := p.Vault.Hold(k.T.Context(), k.Actor("R10"), id, 1, true, "audit")
				k.must(err)
				k.Clock.Set(rows.At(k.head(id).Due).Add(time.Hour))
				purge := k.Purge()
				purge.Since = k.Clock.Now()
				report, err := purge.Run(k.T.Context())
				k.must(err)
				if report.Held != 1 {
					k.T.Fatalf("purge: %+v", report)
				}
				return id
			}, do: func(ctx context.Context, p *Process, id record.CustomerID) error {
				_, err := p.Vault.Hold(ctx, p.Kit.Actor("R10"), id, 2, false, "audit")
				return stale(err)
			}},
		{name: "reveal", prepare: created, again: true, do: func(ctx context.Context, p *Process, id record.CustomerID) error {
			got, err := p.Vault.Reveal(ctx, p.Kit.Actor("R10"), vault.RevealRequest{Customer: id, Field: "id_number", Purpose: "contract_service",
				Reason: "audit", Note: "核对"})
			if err == nil && got.Value.Reveal() != IDNumber(9) {
				return errors.New("another value")
			}
			return err
		}, done: func(k *Kit, _ record.CustomerID) int { return k.logged("reveal", entry.Allow) }},
		{name: "merge", prepare: pendingTwin, done: func(k *Kit, id record.CustomerID) int { return versions(k, id) },
			do: func(ctx context.Context, p *Process, id record.CustomerID) error {
				_, err := p.Vault.Merge(ctx, p.Kit.Actor("R10"), twinOf(p.Kit), id, 1)
				return stale(err)
			}},
		{name: "refuse", prepare: pendingTwin, done: func(k *Kit, _ record.CustomerID) int { return versions(k, twinOf(k)) },
			do: func(ctx context.Context, p *Process, _ record.CustomerID) error {
				return stale(p.Vault.Refuse(ctx, p.Kit.Actor("R10"), twinOf(p.Kit), "audit"))
			}},
		{name: "admit", done: func(k *Kit, _ record.CustomerID) int { return k.heads()[rows.StateLive] },
			prepare: func(k *Kit, p *Process) record.CustomerID {
				id := pendingTwin(k, p)
				_, err := p.Vault.QueueDestruction(k.T.Context(), k.Actor("R10"), id, 1, "audit")
				k.must(err)
				k.Clock.Pass(time.Hour)
				_, err = k.Purge().Run(k.T.Context())
				k.must(err)
				return id
			}, do: func(ctx context.Context, p *Process, _ record.CustomerID) error {
				_, err := p.Vault.Admit(ctx, p.Kit.Actor("R10"), twinOf(p.Kit), 1)
				return stale(err)
			}},
	}
}

// pendingTwin stores a customer and a pending record of the same person, and returns the first.
func pendingTwin(k *Kit, p *Process) record.CustomerID {
	id := created(k, p)
	k.Clock.Pass(time.Minute)
	if twin := p.Created(Person{N: 9, Change: map[record.FieldName]string{"email": Email(90)}}); twin.State != rows.StatePending {
		k.T.Fatalf("twin is %s", twin.State)
	}
	return id
}

// twinOf finds the pending record, or after Admit the only one.
func twinOf(k *Kit) record.CustomerID {
	var any record.CustomerID
	for key, item := range k.Base.(*Memory).Items(store.Keys) {
		if key.PK[:4] == rows.PrefixCustomer {
			any = record.CustomerID(key.PK[4:])
			if item.Str(store.AttrState) == rows.StatePending {
				return any
			}
		}
	}
	return any
}

// purging does a purge of the present day, deleting bodies one by one as on AWS, or together as on one machine.
func purging(together bool) func(context.Context, *Process, record.CustomerID) error {
	return func(ctx context.Context, p *Process, _ record.CustomerID) error {
		run := p.Kit.Purge()
		run.Together, run.Since = together, p.Kit.Clock.Now()
		report, err := run.Run(ctx)
		if err == nil && !report.Complete {
			err = errors.New("purge: " + report.FirstErr)
		}
		return err
	}
}

func endings() []act {
	alone, together := ends(), ends()
	for i := range 2 {
		alone[i].do, together[i].do = purging(false), purging(true)
		together[i].name += " on one machine"
	}
	return append(alone, together[:2]...)
}

func ends() []act {
	return []act{
		{name: "destroy", prepare: func(k *Kit, p *Process) record.CustomerID {
			id := created(k, p)
			k.must(p.Store.Transact(k.T.Context(), "", readyArchive(k, id, rows.ExportReady)...))
			_, err := p.Vault.QueueDestruction(k.T.Context(), k.Actor("R10"), id, 1, "audit")
			k.must(err)
			k.Clock.Pass(time.Hour)
			return id
		}, done: func(k *Kit, id record.CustomerID) int {
			if (k.head(id) == nil) != (k.logged("destroy", entry.Allow) == 2) { // the first is the request
				return -1
			}
			return k.logged("destroy", entry.Outcome)
		}},
		{name: "end section", prepare: func(k *Kit, p *Process) record.CustomerID {
			id := created(k, p)
			_, err := p.Vault.Withdraw(k.T.Context(), k.Actor("R10"), id, 1, nil, []record.FieldName{"id_number", "home_address"}, "phone")
			k.must(err)
			k.Clock.Pass(time.Hour)
			return id
		}, done: func(k *Kit, id record.CustomerID) int { return versions(k, id) - 2 }},
		{name: "export part", again: true, prepare: func(k *Kit, p *Process) record.CustomerID {
			id := created(k, p)
			building := readyArchive(k, id, rows.ExportBuilding)[0]
			k.must(p.Store.Transact(k.T.Context(), "", building))
			return id
		}, do: func(ctx context.Context, p *Process, id record.CustomerID) error {
			list, err := p.Vault.ReadForExport(ctx, exportPart(p.Kit, id))
			if err == nil && (len(list) != 1 || list[0].Values["name"].Reveal() != Name(9)) {
				err = fmt.Errorf("%d rows", len(list))
			}
			return err
		}, done: func(k *Kit, id record.CustomerID) int { return k.logged("export", entry.Allow) }},
	}
}

func exportID() record.ExportID {
	return record.ExportID(record.IDFromBytes(record.PrefixExport, [16]byte{1}))
}

func exportPart(k *Kit, ids ...record.CustomerID) vault.ExportPart {
	return vault.ExportPart{Export: exportID(), Actor: k.Actor("R10"), Purpose: "contract_service", Reason: "audit", Approved: true,
		Fields: []record.FieldName{"name", "phone"}, Customers: ids}
}

// readyArchive returns the rows of an export in state: its own, its roster row for id, the key of its archive.
func readyArchive(k *Kit, id record.CustomerID, state string) []store.Op {
	item, err := rows.ExportBody{Version: 1, State: state, By: StaffOf("R9"), Purpose: "contract_service"}.Item(exportID())
	k.must(err)
	roster := store.Item{Key: rows.Roster(id, exportID()), Body: []byte("r"), Attrs: map[string]store.Attr{store.AttrState: store.S("r")}}
	return []store.Op{store.PutIf(item, store.IfAbsent()), store.PutIf(roster, store.IfAbsent()),
		store.PutIf(store.Item{Key: rows.ArchiveKey(exportID()), Body: []byte{1}}, store.IfAbsent())}
}

// TestFaultMatrix: every act × every call of the store × every way to fail × going on in the same process or in a new one ends with the
// act done exactly once and nothing for fsck to find.
func TestFaultMatrix(t *testing.T) {
	cells := 0
	for _, a := range acts() {
		t.Run(a.name, func(t *testing.T) {
			k := New(t, Options{})
			id := a.prepare(k, k.Process("prepare", Everything))
			calls := countCalls(t, k, a, id)
			for _, n := range calls {
				for _, fault := range storetest.AllFaults() {
					for _, fresh := range []bool{false, true} {
						if crash := fault == storetest.CrashBefore || fault == storetest.CrashAfter; crash && !fresh {
							continue
						}
						cells++
						cell(t, k, a, id, n, fault, fresh)
					}
				}
			}
		})
	}
	t.Logf("%d cells", cells)
}

// clone returns the deployment over a copy of its store.
func clone(k *Kit) *Kit { return k.On(k.Base.(*Memory).Clone()) }

// countCalls returns the numbers of the calls of an act. Of the reads of due rows only the first one and those of the customer's own shard
// count: the purge reads the 64 shards of a day in the same way.
func countCalls(t *testing.T, k *Kit, a act, id record.CustomerID) (numbers []int) {
	t.Helper()
	c := clone(k)
	if err := a.do(t.Context(), c.bare(), id); err != nil {
		t.Fatalf("without faults: %v", err)
	}
	if n := a.done(c, id); n != 1 {
		t.Fatalf("without faults it is done %d times", n)
	}
	c.Clean()
	own := ""
	if id != "" && k.head(id) != nil {
		own = rows.Due(rows.At(k.head(id).Due), id).PK
	}
	for i, call := range c.Faults.Calls() {
		pk := call.Keys[0].PK
		if i == 0 || call.Method != "Query" || !strings.HasPrefix(pk, rows.PrefixDue) || pk == own {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// bare returns a process that reaches the store through nothing but the faults: counting reads of its own would be calls too.
func (k *Kit) bare() *Process {
	k.Store = k.Faults
	return k.Process("matrix", Everything)
}

func cell(t *testing.T, k *Kit, a act, id record.CustomerID, n int, fault storetest.Fault, fresh bool) {
	t.Helper()
	c := clone(k)
	p := c.bare()
	c.Faults.At(n, fault)
	first := a.do(t.Context(), p, id)
	calls := c.Faults.Calls()
	c.Faults.Reset()
	name := fmt.Sprintf("call %d (%v), %v, new process %v", n, calls[n-1], fault, fresh)
	if fresh {
		p = c.bare()
	}
	before := a.done(c, id)
	if first == nil && before != 1 {
		t.Errorf("%s: claims success and is done %d times", name, before)
	}
	if first != nil || !a.again {
		if err := a.do(t.Context(), p, id); err != nil {
			t.Errorf("%s: first %v, then %v", name, first, err)
		}
	}
	if times := a.done(c, id); times != 1 && !(a.again && times == 2 && before == 1) {
		t.Errorf("%s: done %d times, %d before the second try, which followed %v", name, times, before, first)
	}
	for _, finding := range c.Fsck().Findings {
		t.Errorf("%s: fsck: %v", name, finding)
	}
}
