// Package dynamostore is the store on AWS: one DynamoDB table for each table of the design. All tables have the string keys pk and sk;
// the body is the binary attribute b, attributes stand under their own names. An empty body is left out.
//
// Writes of several ops, and all writes with a token, are transactions with a client request token, so that trying again is safe. A
// single put or delete without a token is a plain conditional write at half the cost; single.go says what that
// means when an answer is lost. The SDK's own retries are switched off for writes, because only this package knows what may be
// repeated; reads keep them.
package dynamostore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/shared/retry"
	"kexin/shared/store"
	"kexin/shared/telemetry"
)

// API is the part of the DynamoDB client that the store uses.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Config configures a Store. Zero values are usable except Names.
type Config struct {
	// Names maps each table to its name in DynamoDB. A call for a table without a name fails with store.ErrNotGranted; functions name
	// only what they may touch.
	Names map[store.Table]string
	// Now tells the time that is left before a deadline; nil means time.Now.
	Now func() time.Time
	// Sleep waits for d or until ctx ends, whose error it returns; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand is the source of request tokens and of jitter; nil means crypto/rand. It must be safe for concurrent use.
	Rand io.Reader
	// Attempts is how often one call is tried at most; zero means 8.
	Attempts int
	// Retries is what the process may spend on tries after the first; nil means as many as Attempts allows. A conflict of transactions
	// spends nothing: it is no sign of trouble.
	Retries *retry.Budget
	// AttemptTimeout bounds one try of a write; zero means 3 seconds.
	AttemptTimeout time.Duration
}

// ErrThrottled is store.ErrThrottled.
var ErrThrottled = store.ErrThrottled

// Store implements store.Store and store.Scanner. It is safe for concurrent use.
type Store struct {
	client API
	config Config
}

var _ store.Store = (*Store)(nil)
var _ store.Scanner = (*Store)(nil)

// New returns a store over client.
func New(client API, config Config) *Store {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Sleep == nil {
		config.Sleep = sleep
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Attempts == 0 {
		config.Attempts = 8
	}
	if config.AttemptTimeout == 0 {
		config.AttemptTimeout = 3 * time.Second
	}
	return &Store{client, config}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// name returns the name of table in DynamoDB.
func (s *Store) name(table store.Table) (*string, error) {
	name, ok := s.config.Names[table]
	if !ok {
		return nil, fmt.Errorf("name table: %w", store.ErrNotGranted)
	}
	return &name, nil
}

// Bounds of the pause between two tries: full jitter below a bound that doubles.
const (
	firstPause = 25 * time.Millisecond
	mostPause  = 800 * time.Millisecond
)

// pause waits before try number attempt+1, or returns an error when there is no try or no time left.
func (s *Store) pause(ctx context.Context, attempt int) error {
	if attempt+1 >= s.config.Attempts {
		return errors.New("no tries left")
	}
	bound := min(firstPause<<attempt, mostPause)
	jitter, err := rand.Int(s.config.Rand, big.NewInt(int64(bound)))
	if err != nil {
		return fmt.Errorf("draw jitter: %w", err)
	}
	wait := time.Duration(jitter.Int64())
	if deadline, ok := ctx.Deadline(); ok && deadline.Sub(s.config.Now()) <= wait {
		return context.DeadlineExceeded
	}
	return s.config.Sleep(ctx, wait)
}

// spend takes one retry of the process's for cause, the label of the metric.
func (s *Store) spend(ctx context.Context, cause string) error {
	if cause != "conflict" && !s.config.Retries.Spend() {
		telemetry.Measure(ctx, telemetry.RetriesSpent, 1, "dynamodb")
		return errors.New("the process has no retries left")
	}
	telemetry.Measure(ctx, telemetry.StoreRetries, 1, cause)
	return nil
}

// token draws a client request token.
func (s *Store) token() (string, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(s.config.Rand, raw); err != nil {
		return "", fmt.Errorf("draw request token: %w", err)
	}
	return hex.EncodeToString(raw), nil
}
