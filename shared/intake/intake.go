// Package intake brings submissions from the inbox into the records: the work of accept-submissions. A stream of keys tells what is new,
// and a sweep over all shards finds what the stream lost; accepting twice has one effect.
package intake

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Acceptor accepts submissions. Every member is required.
type Acceptor struct {
	Vault   *vault.Vault
	Store   store.Store
	Now     func() time.Time
	Workers int // submissions under way at once
}

// Report says what a sweep did.
type Report struct {
	Live    int `json:"live"`
	Pending int `json:"pending"`
	Refused int `json:"refused"` // nothing was stored: not valid, or done by somebody else meanwhile
	Failed  int `json:"failed"`  // left for the next sweep because of an error
	Removed int `json:"removed"` // rows of accepted submissions whose time to answer repetitions is over
}

// Accept accepts one submission.
func (a *Acceptor) Accept(ctx context.Context, id record.SubmissionID) (vault.Created, error) {
	return a.Vault.Accept(ctx, id)
}

// Sweep accepts everything that waits in the inbox and removes rows that have answered long enough. It returns the first error beside
// the report; what failed is tried again by the next sweep.
func (a *Acceptor) Sweep(ctx context.Context) (Report, error) {
	s := &sweep{Acceptor: a, work: make(chan store.Item)}
	var group sync.WaitGroup
	for range max(a.Workers, 1) {
		group.Go(func() { s.worker(ctx) })
	}
	err := s.walk(ctx)
	close(s.work)
	group.Wait()
	return s.report, errors.Join(err, s.first)
}

type sweep struct {
	*Acceptor
	work   chan store.Item
	mu     sync.Mutex
	report Report
	first  error
}

// walk hands every row of every shard to the workers.
func (s *sweep) walk(ctx context.Context) error {
	for _, shard := range rows.ShardNames() {
		q := store.Query{Table: store.Inbox, PK: rows.PrefixSubmission + shard, KeysOnly: true}
		err := store.All(ctx, s.Store, q, func(item store.Item) error {
			select {
			case s.work <- item:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		if err != nil {
			return fmt.Errorf("look into the inbox: %w", err)
		}
	}
	return nil
}

func (s *sweep) worker(ctx context.Context) {
	for item := range s.work {
		if item.Str(store.AttrState) != rows.SubmissionSealed {
			s.expire(ctx, item)
			continue
		}
		created, err := s.Accept(ctx, record.SubmissionID(item.Key.SK))
		s.count(created, err)
	}
}

func (s *sweep) count(created vault.Created, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		s.report.Failed++
		if s.first == nil {
			s.first = err
		}
	case created.State == rows.StateLive:
		s.report.Live++
	case created.State == rows.StatePending:
		s.report.Pending++
	default:
		s.report.Refused++
	}
}

// expire removes a row that has answered repetitions long enough. DynamoDB's time to live would do it too, days later.
func (s *sweep) expire(ctx context.Context, item store.Item) {
	at := item.Int(rows.AttrExpiry)
	if at == 0 || at > s.Now().Unix() {
		return
	}
	err := s.Store.Transact(ctx, "", store.DeleteIf(item.Key, store.IfEqual(rows.AttrExpiry, store.N(at))))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.report.Removed++
	}
}
