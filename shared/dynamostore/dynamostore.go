// Package dynamostore is the store on AWS: one DynamoDB table for each table of the design.
package dynamostore

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/shared/store"
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
	// Names maps each table to its name in DynamoDB. A table without a name answers errors; functions name only what they may touch.
	Names map[store.Table]string
	// Sleep waits for d or until ctx ends; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand is the source of request tokens and jitter; nil means crypto/rand.
	Rand io.Reader
	// Attempts is how often one call is tried at most; zero means 6.
	Attempts int
	// AttemptTimeout bounds one try; zero means 3 seconds.
	AttemptTimeout time.Duration
}

// Store implements store.Store and store.Scanner.
type Store struct {
	store.Store
	client API
	config Config
}

// New returns a store over client.
func New(client API, config Config) *Store { return &Store{client: client, config: config} }
