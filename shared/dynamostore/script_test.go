package dynamostore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"kexin/shared/store"
)

// script is a client that answers writes as told, one after the other, and records what was sent.
type script struct {
	API
	answers []error // of writes; nil is success
	row     values  // what a read finds
	readErr error

	puts         []*dynamodb.PutItemInput
	deletes      []*dynamodb.DeleteItemInput
	transactions []*dynamodb.TransactWriteItemsInput
	batches      []*dynamodb.BatchGetItemInput
	batchAnswers []*dynamodb.BatchGetItemOutput
	retryers     []aws.Retryer
	onSend       func()
}

func (s *script) next(options []func(*dynamodb.Options)) error {
	var o dynamodb.Options
	for _, option := range options {
		option(&o)
	}
	s.retryers = append(s.retryers, o.Retryer)
	if s.onSend != nil {
		s.onSend()
	}
	if len(s.answers) == 0 {
		return nil
	}
	err := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	return err
}

func (s *script) GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return &dynamodb.GetItemOutput{Item: s.row}, s.readErr
}

func (s *script) PutItem(_ context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	s.puts = append(s.puts, in)
	return nil, s.next(o)
}

func (s *script) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	s.deletes = append(s.deletes, in)
	return nil, s.next(o)
}

func (s *script) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	s.transactions = append(s.transactions, in)
	return nil, s.next(o)
}

func (s *script) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	s.batches = append(s.batches, in)
	out := s.batchAnswers[0]
	if len(s.batchAnswers) > 1 {
		s.batchAnswers = s.batchAnswers[1:]
	}
	return out, nil
}

func (s *script) sent() int { return len(s.puts) + len(s.deletes) + len(s.transactions) }

// scripted returns a store over s that does not wait, and the pauses that it asked for.
func scripted(s *script) (*Store, *[]time.Duration) {
	pauses := new([]time.Duration)
	names := map[store.Table]string{store.Keys: "keys", store.Records: "records", store.Work: "work"}
	return New(s, Config{Names: names, Attempts: 4, Sleep: func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}}), pauses
}

// answer returns an error of DynamoDB with a status, as the SDK returns it.
func answer(status int, err error) error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "Write", Err: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}}
}

func cancelled(codes ...string) error {
	var reasons []types.CancellationReason
	for _, code := range codes {
		reasons = append(reasons, types.CancellationReason{Code: aws.String(code)})
	}
	return answer(400, &types.TransactionCanceledException{CancellationReasons: reasons})
}

func coded(status int, code, message string) error {
	return answer(status, &smithy.GenericAPIError{Code: code, Message: message})
}

var (
	errDial    = &smithy.OperationError{Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
	errSilence = &smithy.OperationError{Err: errors.New("connection reset")}
	errServer  = answer(500, &types.InternalServerError{})
	errFailed  = answer(400, &types.ConditionalCheckFailedException{})
)

func head(version int64) store.Item {
	return store.Item{Key: store.Key{Table: store.Keys, PK: "CUS#a", SK: store.Only}, Body: []byte("sealed"),
		Attrs: map[string]store.Attr{store.AttrVersion: store.N(version)}}
}

func pair() []store.Op {
	card := store.Item{Key: store.Key{Table: store.Records, PK: "CUS#a", SK: "CARD"}}
	return []store.Op{store.PutIf(head(2), store.IfVersion(1)), store.PutIf(card, store.IfPresent())}
}

// outcome is what a table of answers expects: the sentinel and the number of requests.
type outcome struct {
	name    string
	answers []error
	want    error
	sent    int
}

func (c outcome) check(t *testing.T, s *script, err error) {
	t.Helper()
	if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
		t.Errorf("%s: got %v, want %v", c.name, err, c.want)
	}
	if !errors.Is(c.want, store.ErrUnknownOutcome) && errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("%s: outcome called unknown", c.name)
	}
	if s.sent() != c.sent {
		t.Errorf("%s: %d requests, want %d", c.name, s.sent(), c.sent)
	}
}

func TestTransactionAnswers(t *testing.T) {
	for _, c := range []outcome{
		{"success", []error{nil}, nil, 1},
		{"conditions", []error{cancelled("None", "ConditionalCheckFailed")}, store.ErrCondition, 1},
		{"condition and conflict", []error{cancelled("TransactionConflict", "ConditionalCheckFailed")}, store.ErrCondition, 1},
		{"conflict, then success", []error{cancelled("TransactionConflict", "None"), nil}, nil, 2},
		{"conflict for ever", []error{cancelled("None", "TransactionConflict")}, store.ErrConflict, 4},
		{"throttled reason, then success", []error{cancelled("ThrottlingError", "None"), nil}, nil, 2},
		{"throttled for ever", []error{coded(400, "ThrottlingException", "")}, ErrThrottled, 4},
		{"request limit, then success", []error{answer(400, &types.RequestLimitExceeded{}), nil}, nil, 2},
		{"too large", []error{coded(400, "ValidationException", "Item size has exceeded the maximum allowed size")}, store.ErrTooLarge, 1},
		{"too large by reason", []error{cancelled("ItemCollectionSizeLimitExceeded", "None")}, store.ErrTooLarge, 1},
		{"other token", []error{answer(400, &types.IdempotentParameterMismatchException{})}, store.ErrTokenReused, 1},
		{"no right", []error{coded(400, "AccessDeniedException", "")}, store.ErrNotGranted, 1},
		{"no table", []error{answer(400, &types.ResourceNotFoundException{})}, errAny, 1},
		{"unreachable for ever", []error{errDial}, errAny, 4},
		{"silence, then success", []error{errSilence, nil}, nil, 2},
		{"silence for ever", []error{errSilence}, store.ErrUnknownOutcome, 4},
		{"server error for ever", []error{errServer}, store.ErrUnknownOutcome, 4},
		{"in progress, then success", []error{answer(400, &types.TransactionInProgressException{}), nil}, nil, 2},
		{"in progress for ever", []error{answer(400, &types.TransactionInProgressException{})}, store.ErrUnknownOutcome, 4},
		{"silence, then condition", []error{errSilence, cancelled("ConditionalCheckFailed", "None")}, store.ErrCondition, 2},
		{"silence, then conflicts", []error{errSilence, cancelled("TransactionConflict", "None")}, store.ErrUnknownOutcome, 4},
		{"silence, then unreachable", []error{errSilence, errDial}, store.ErrUnknownOutcome, 4},
		{"silence, then no right", []error{errSilence, coded(400, "AccessDeniedException", "")}, store.ErrUnknownOutcome, 2},
	} {
		s := &script{answers: c.answers}
		db, _ := scripted(s)
		err := db.Transact(t.Context(), "", pair()...)
		if errors.Is(c.want, errAny) && err != nil {
			err = fmt.Errorf("%w: %w", errAny, err)
		}
		c.check(t, s, err)
		for _, request := range s.transactions {
			if *request.ClientRequestToken == "" || *request.ClientRequestToken != *s.transactions[0].ClientRequestToken {
				t.Errorf("%s: token changed between tries", c.name)
			}
		}
	}
}

// errAny stands for a plain error: nothing has changed, and callers do not branch on it.
var errAny = errors.New("any error")

func TestFailedIndexes(t *testing.T) {
	s := &script{answers: []error{cancelled("ConditionalCheckFailed", "ConditionalCheckFailed")}}
	db, _ := scripted(s)
	err := db.Transact(t.Context(), "token", pair()...)
	var failed *store.ConditionError
	if !errors.As(err, &failed) || len(failed.Failed) != 2 || failed.Failed[0] != 0 || failed.Failed[1] != 1 {
		t.Errorf("got %v", err)
	}
	if *s.transactions[0].ClientRequestToken != "token" {
		t.Errorf("sent token %q", *s.transactions[0].ClientRequestToken)
	}
}

func TestSinglePutAnswers(t *testing.T) {
	stale, newer := encodeItem(head(1)), encodeItem(head(3))
	put := store.PutIf(head(2), store.IfVersion(1))
	blindToItself := store.PutIf(head(2), store.IfPresent())
	for _, c := range []struct {
		outcome
		op  store.Op
		row values
	}{
		{outcome{"success", []error{nil}, nil, 1}, put, nil},
		{outcome{"condition", []error{errFailed}, store.ErrCondition, 1}, put, nil},
		{outcome{"silence, then success", []error{errSilence, nil}, nil, 2}, put, nil},
		{outcome{"silence, then ours is there", []error{errSilence, errFailed}, nil, 2}, put, encodeItem(head(2))},
		{outcome{"silence, then another is there", []error{errSilence, errFailed}, store.ErrUnknownOutcome, 2}, put, newer},
		{outcome{"silence, then an older is there", []error{errSilence, errFailed}, store.ErrUnknownOutcome, 2}, put, stale},
		{outcome{"silence, then nothing is there", []error{errSilence, errFailed}, store.ErrUnknownOutcome, 2}, put, nil},
		{outcome{"silence for ever", []error{errSilence}, store.ErrUnknownOutcome, 4}, put, nil},
		{outcome{"unreachable, then condition", []error{errDial, errFailed}, store.ErrCondition, 2}, put, encodeItem(head(2))},
		{outcome{"conflict, then success", []error{answer(400, &types.TransactionConflictException{}), nil}, nil, 2}, put, nil},
		{outcome{"silence is not repeated where a repetition could act twice", []error{errSilence}, store.ErrUnknownOutcome, 1}, blindToItself, nil},
		{outcome{"but conflict is", []error{answer(400, &types.TransactionConflictException{}), nil}, nil, 2}, blindToItself, nil},
	} {
		s := &script{answers: c.answers, row: c.row}
		db, _ := scripted(s)
		c.check(t, s, db.Transact(t.Context(), "", c.op))
		if len(s.transactions) > 0 {
			t.Errorf("%s: sent as a transaction", c.name)
		}
	}
}

func TestSingleDeleteAnswers(t *testing.T) {
	conditional, blind := store.DeleteIf(head(1).Key, store.IfVersion(1)), store.DeleteIf(head(1).Key, store.Blind())
	for _, c := range []struct {
		outcome
		op store.Op
	}{
		{outcome{"condition", []error{errFailed}, store.ErrCondition, 1}, conditional},
		{outcome{"silence, then success", []error{errSilence, nil}, nil, 2}, conditional},
		{outcome{"silence, then condition", []error{errSilence, errFailed}, store.ErrUnknownOutcome, 2}, conditional},
		{outcome{"blind: silence, then success", []error{errSilence, nil}, nil, 2}, blind},
		{outcome{"absent or equal is not repeated", []error{errSilence}, store.ErrUnknownOutcome, 1},
			store.DeleteIf(head(1).Key, store.Condition{Terms: []store.Term{{Test: store.AbsentOrAttr, Name: store.AttrVersion, Operand: store.N(1)}}})},
	} {
		s := &script{answers: c.answers}
		db, _ := scripted(s)
		c.check(t, s, db.Transact(t.Context(), "", c.op))
	}
}

func TestReadBackThatFails(t *testing.T) {
	s := &script{answers: []error{errSilence, errFailed}, readErr: errors.New("no answer")}
	db, _ := scripted(s)
	if err := db.Transact(t.Context(), "", store.PutIf(head(2), store.IfVersion(1))); !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("got %v", err)
	}
}

// TestSDKDoesNotRetryWrites: only this package may repeat a write.
func TestSDKDoesNotRetryWrites(t *testing.T) {
	s := &script{}
	db, _ := scripted(s)
	for _, ops := range [][]store.Op{{store.PutIf(head(1), store.IfAbsent())}, {store.DeleteIf(head(1).Key, store.IfPresent())}, pair()} {
		if err := db.Transact(t.Context(), "", ops...); err != nil {
			t.Error(err)
		}
	}
	for _, retryer := range s.retryers {
		if retryer == nil || retryer.MaxAttempts() != 1 {
			t.Errorf("retryer %T", retryer)
		}
	}
	if len(s.retryers) != 3 {
		t.Errorf("%d writes", len(s.retryers))
	}
}

func TestTokenMakesASingleOpATransaction(t *testing.T) {
	s := &script{}
	db, _ := scripted(s)
	if err := db.Transact(t.Context(), "token", store.PutIf(head(1), store.IfAbsent())); err != nil || len(s.transactions) != 1 {
		t.Errorf("%d transactions, %v", len(s.transactions), err)
	}
}

func TestPausesGrowAndEndWithTheDeadline(t *testing.T) {
	s := &script{answers: []error{cancelled("TransactionConflict", "None")}}
	db, pauses := scripted(s)
	db.config.Rand = bytes.NewReader(bytes.Repeat([]byte{0x01}, 4096))
	if err := db.Transact(t.Context(), "", pair()...); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if len(*pauses) != 3 {
		t.Errorf("pauses %v", *pauses)
	}
	for i, d := range *pauses {
		if d < 0 || d >= firstPause<<i {
			t.Errorf("pause %d is %v", i, d)
		}
	}
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	db.config.Rand, db.config.Now = bytes.NewReader(bytes.Repeat([]byte{0x01}, 4096)), func() time.Time { return now.Add(time.Hour) }
	ctx := deadlineOnly{t.Context(), now.Add(time.Hour)}
	before := s.sent()
	if err := db.Transact(ctx, "", pair()...); !errors.Is(err, store.ErrConflict) || s.sent() != before+1 {
		t.Errorf("without time left: %v after %d tries", err, s.sent()-before)
	}
}

// deadlineOnly names a deadline without ending by itself.
type deadlineOnly struct {
	context.Context
	at time.Time
}

func (d deadlineOnly) Deadline() (time.Time, bool) { return d.at, true }

func TestCancelledWhileSending(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &script{answers: []error{&smithy.OperationError{Err: &smithy.CanceledError{Err: context.Canceled}}}, onSend: cancel}
	db, _ := scripted(s)
	err := db.Transact(ctx, "", pair()...)
	if !errors.Is(err, store.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) || s.sent() != 1 {
		t.Errorf("got %v after %d requests", err, s.sent())
	}
	if err := db.Transact(ctx, "", pair()...); errors.Is(err, store.ErrUnknownOutcome) || !errors.Is(err, context.Canceled) || s.sent() != 1 {
		t.Errorf("cancelled before: %v", err)
	}
}

func TestTableWithoutAName(t *testing.T) {
	s := &script{}
	db, _ := scripted(s)
	k := store.Key{Table: store.Restricted, PK: "P", SK: "S"}
	_, errGet := db.Get(t.Context(), k)
	_, errMany := db.GetMany(t.Context(), []store.Key{k})
	_, errQuery := db.Query(t.Context(), store.Query{Table: store.Restricted, PK: "P"})
	_, errScan := db.Scan(t.Context(), store.Restricted, 0, 1, "")
	errPut := db.Transact(t.Context(), "", store.PutIf(store.Item{Key: k}, store.IfAbsent()))
	errPair := db.Transact(t.Context(), "token", store.PutIf(store.Item{Key: k}, store.IfAbsent()))
	for i, err := range []error{errGet, errMany, errQuery, errScan, errPut, errPair} {
		if !errors.Is(err, store.ErrNotGranted) {
			t.Errorf("call %d: got %v", i, err)
		}
	}
}

// TestUnprocessedKeys: what a busy table leaves out is asked for again, and given up only after several answers without progress.
func TestUnprocessedKeys(t *testing.T) {
	a, b := head(1), store.Item{Key: store.Key{Table: store.Records, PK: "CUS#a", SK: "CARD"}}
	left := map[string]types.KeysAndAttributes{"records": {Keys: []map[string]types.AttributeValue{encodeKey(b.Key)}}}
	s := &script{batchAnswers: []*dynamodb.BatchGetItemOutput{
		{Responses: map[string][]map[string]types.AttributeValue{"keys": {encodeItem(a)}}, UnprocessedKeys: left},
		{Responses: map[string][]map[string]types.AttributeValue{"records": {encodeItem(b)}}},
	}}
	db, _ := scripted(s)
	items, err := db.GetMany(t.Context(), []store.Key{b.Key, a.Key})
	if err != nil || len(items) != 2 || items[0].Key != b.Key || len(s.batches) != 2 || len(s.batches[1].RequestItems) != 1 {
		t.Errorf("%d items after %d requests, %v", len(items), len(s.batches), err)
	}
	for name, keys := range s.batches[0].RequestItems {
		if !aws.ToBool(keys.ConsistentRead) {
			t.Errorf("read of %s is not consistent", name)
		}
	}
	s.batches, s.batchAnswers = nil, []*dynamodb.BatchGetItemOutput{{UnprocessedKeys: left}}
	if _, err := db.GetMany(t.Context(), []store.Key{b.Key}); !errors.Is(err, ErrThrottled) || len(s.batches) != 3 {
		t.Errorf("busy for ever: %v after %d requests", err, len(s.batches))
	}
}
