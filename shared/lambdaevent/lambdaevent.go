// Package lambdaevent gives types to the events that start functions without HTTP: changes of a table, messages of a queue, ticks of a
// schedule, and calls from another function with the caller's raw token. It answers batches record by record, in the form that Lambda
// wants, so that one bad record is repeated and not the whole batch. It needs no AWS package.
package lambdaevent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"kexin/shared/telemetry"
)

// Function is what Lambda's runtime client starts: it takes the event's bytes and returns the answer's. It has the method of
// lambda.Handler, so that a main hands it to lambda.Start as it is.
type Function func(ctx context.Context, event []byte) ([]byte, error)

// Invoke calls f. Lambda's runtime client prints the text of an error, and of a panic with its stack, past every log: so a panic becomes
// an error that names its type only, and the text of an error is scrubbed.
func (f Function) Invoke(ctx context.Context, event []byte) (answer []byte, err error) {
	err = guarded(ctx, func(ctx context.Context) (err error) {
		answer, err = f(ctx, event)
		return err
	})
	if err != nil {
		return nil, scrubbed{err}
	}
	return answer, nil
}

// scrubbed is an error whose text has been looked through for what looks personal.
type scrubbed struct{ err error }

// Error returns the scrubbed text.
func (s scrubbed) Error() string { return telemetry.Scrub(s.err.Error()) }

// Unwrap returns the error as it was.
func (s scrubbed) Unwrap() error { return s.err }

// ErrEvent reports an event that is not of the kind that the function is made for.
var ErrEvent = errors.New("event of an unexpected kind")

// reserve is the time kept for answering when the invocation is about to be cut off.
const reserve = 500 * time.Millisecond

// Change is one changed item of a table whose stream shows keys only.
type Change struct {
	Kind   ChangeKind
	PK, SK string
}

// ChangeKind says what happened to an item.
type ChangeKind string

// The kinds of changes.
const (
	Inserted ChangeKind = "INSERT"
	Modified ChangeKind = "MODIFY"
	Removed  ChangeKind = "REMOVE"
)

// Message is one message of a queue.
type Message struct {
	ID   string
	Body []byte
}

// Tick is one tick of a schedule. At is when it was due.
type Tick struct {
	ID string
	At time.Time
}

// batchAnswer lists what to repeat. An empty list is [] and never null: Lambda takes a malformed answer for a failure of everything.
type batchAnswer struct {
	Failures []batchFailure `json:"batchItemFailures"`
}

type batchFailure struct {
	ID string `json:"itemIdentifier"`
}

// item is one record of a batch, ready to be handled; id is what Lambda knows it by.
type item struct {
	id     string
	at     time.Time // when the change happened or the message was sent; zero when the event does not say
	before bool      // it was handed over before
	handle func(context.Context) error
}

// runBatch handles items in order and answers with those that failed. Items that there is no time for count as failed. The log says
// which items failed and why; a panic is a failure of its item.
func runBatch(ctx context.Context, log *slog.Logger, items []item) ([]byte, error) {
	answer := batchAnswer{Failures: []batchFailure{}}
	measureAge(ctx, items)
	for _, item := range items {
		err := errNoTime
		if enoughTime(ctx) {
			err = guarded(ctx, item.handle)
		}
		if err != nil {
			log.ErrorContext(ctx, "record of batch failed", "item", item.id, "error", err)
			answer.Failures = append(answer.Failures, batchFailure{item.id})
			telemetry.Measure(ctx, telemetry.BatchFailures, 1, "")
		}
	}
	return json.Marshal(answer)
}

// measureAge reports the age of the oldest item, and how many were handed over before.
func measureAge(ctx context.Context, items []item) {
	var oldest time.Time
	redelivered := 0
	for _, item := range items {
		if !item.at.IsZero() && (oldest.IsZero() || item.at.Before(oldest)) {
			oldest = item.at
		}
		if item.before {
			redelivered++
		}
	}
	if !oldest.IsZero() {
		telemetry.Measure(ctx, telemetry.EventAge, max(0, time.Since(oldest).Seconds()), "")
	}
	if redelivered > 0 {
		telemetry.Measure(ctx, telemetry.Redelivered, float64(redelivered), "")
	}
}

var errNoTime = errors.New("no time left in this invocation")

func enoughTime(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > reserve)
}

// guarded calls handle and turns a panic into an error that names its type only: its text may hold values.
func guarded(ctx context.Context, handle func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("handle event: panic of type %T", cause)
		}
	}()
	return handle(ctx)
}

// Stream returns the function of a keys-only DynamoDB stream. Every record is handled, in order, even after one failed: Lambda repeats
// from the first failed one on, and handlers are idempotent. A record is named by its sequence number.
func Stream(log *slog.Logger, handle func(context.Context, Change) error) Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var batch struct {
			Records []streamRecord
		}
		if err := json.Unmarshal(event, &batch); err != nil || batch.Records == nil {
			return nil, fmt.Errorf("read stream event: %w", ErrEvent)
		}
		items := make([]item, len(batch.Records))
		for i, r := range batch.Records {
			change, err := r.change()
			if err != nil {
				return nil, err
			}
			items[i] = item{id: r.Data.Sequence, at: unix(r.Data.Created), handle: func(ctx context.Context) error { return handle(ctx, change) }}
		}
		return runBatch(ctx, log, items)
	}
}

type streamRecord struct {
	Source string     `json:"eventSource"`
	Kind   ChangeKind `json:"eventName"`
	Data   struct {
		Sequence string  `json:"SequenceNumber"`
		Created  float64 `json:"ApproximateCreationDateTime"` // seconds since 1970
		Keys     map[string]struct {
			S *string
		}
	} `json:"dynamodb"`
}

func (r streamRecord) change() (Change, error) {
	known := r.Kind == Inserted || r.Kind == Modified || r.Kind == Removed
	pk, sk := r.Data.Keys["pk"].S, r.Data.Keys["sk"].S
	if r.Source != "aws:dynamodb" || !known || r.Data.Sequence == "" || pk == nil || sk == nil || len(r.Data.Keys) != 2 {
		return Change{}, fmt.Errorf("read stream record: %w", ErrEvent)
	}
	return Change{r.Kind, *pk, *sk}, nil
}

// Queue returns the function of an SQS queue. A message is named by its id.
func Queue(log *slog.Logger, handle func(context.Context, Message) error) Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var batch struct {
			Records []struct {
				Source string `json:"eventSource"`
				ID     string `json:"messageId"`
				Body   string `json:"body"`

				Attributes struct {
					Sent     string `json:"SentTimestamp"` // milliseconds since 1970
					Received string `json:"ApproximateReceiveCount"`
				} `json:"attributes"`
			}
		}
		if err := json.Unmarshal(event, &batch); err != nil || batch.Records == nil {
			return nil, fmt.Errorf("read queue event: %w", ErrEvent)
		}
		items := make([]item, len(batch.Records))
		for i, r := range batch.Records {
			if r.Source != "aws:sqs" || r.ID == "" {
				return nil, fmt.Errorf("read queue record: %w", ErrEvent)
			}
			message := Message{r.ID, []byte(r.Body)}
			sent, _ := strconv.ParseFloat(r.Attributes.Sent, 64) // 0, and so not measured, when it is missing
			items[i] = item{id: r.ID, at: unix(sent / 1000), before: r.Attributes.Received > "1",
				handle: func(ctx context.Context) error { return handle(ctx, message) }}
		}
		return runBatch(ctx, log, items)
	}
}

// unix returns the moment of a number of seconds since 1970; zero for 0.
func unix(seconds float64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(seconds * 1000))
}

// Schedule returns the function of an EventBridge schedule. Its answer is what handle returns, as JSON.
func Schedule[O any](handle func(context.Context, Tick) (O, error)) Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var tick struct {
			ID     string    `json:"id"`
			Source string    `json:"source"`
			Type   string    `json:"detail-type"`
			At     time.Time `json:"time"`
		}
		err := json.Unmarshal(event, &tick)
		if err != nil || tick.Type != "Scheduled Event" || tick.At.IsZero() || tick.Source != "aws.events" && tick.Source != "aws.scheduler" {
			return nil, fmt.Errorf("read schedule event: %w", ErrEvent)
		}
		out, err := handle(ctx, Tick{tick.ID, tick.At})
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
}
