package walk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"kexin/shared/grants"
)

// pump brings events to functions as Lambda's event source mappings and the scheduler do.
type pump struct {
	*lambda
	iterators map[string]*string // by shard of a stream
}

// run does what would wake a function by now, and then one tick of its schedule, whose report it returns.
func (p *pump) run(ctx context.Context, function string) ([]byte, error) {
	var err error
	switch grants.Function(function) {
	case grants.AcceptSubmissions:
		err = p.stream(ctx, "InboxTable", grants.AcceptSubmissions, func(kind streamtypes.OperationType, pk string) bool {
			return kind == streamtypes.OperationTypeInsert && strings.HasPrefix(pk, "SUB#")
		})
	case grants.BuildExport:
		err = p.queue(ctx)
	}
	if err != nil {
		return nil, err
	}
	tick, err := json.Marshal(map[string]any{"version": "0", "id": "cdc73f9d-aea9-11e3-9d5a-835b769c0d9c", "detail-type": "Scheduled Event",
		"source": "aws.scheduler", "account": "123456789012", "time": time.Now().UTC().Format(time.RFC3339), "region": region, "resources": []string{}, "detail": "{}"})
	if err != nil {
		return nil, err
	}
	return p.invoke(ctx, logical(grants.Function(function)), tick)
}

// watch hands what was replaced and removed in table audit to watch-audit, as the template filters it.
func (p *pump) watch(ctx context.Context) error {
	return p.stream(ctx, "AuditTable", grants.WatchAudit, func(kind streamtypes.OperationType, _ string) bool {
		return kind != streamtypes.OperationTypeInsert
	})
}

// stream hands a table's changes to a function, filtered as the template filters them.
func (p *pump) stream(ctx context.Context, table string, f grants.Function, wanted func(streamtypes.OperationType, string) bool) error {
	arn := p.stack.names[table+".StreamArn"]
	out, err := p.stack.streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &arn})
	if err != nil {
		return fmt.Errorf("describe stream: %w", err)
	}
	for _, shard := range out.StreamDescription.Shards {
		if p.iterators[*shard.ShardId] == nil {
			begin, err := p.stack.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: &arn, ShardId: shard.ShardId,
				ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon})
			if err != nil {
				return fmt.Errorf("begin shard: %w", err)
			}
			p.iterators[*shard.ShardId] = begin.ShardIterator
		}
		for more := true; more; {
			if more, err = p.shard(ctx, *shard.ShardId, f, wanted); err != nil {
				return err
			}
		}
	}
	return nil
}

// shard hands over the next records of a shard and reports whether there were any.
func (p *pump) shard(ctx context.Context, id string, f grants.Function, wanted func(streamtypes.OperationType, string) bool) (bool, error) {
	out, err := p.stack.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: p.iterators[id]})
	if err != nil {
		return false, fmt.Errorf("read shard: %w", err)
	}
	p.iterators[id] = out.NextShardIterator
	records := []any{}
	for _, r := range out.Records {
		keys := map[string]any{}
		for name, value := range r.Dynamodb.Keys {
			if text, ok := value.(*streamtypes.AttributeValueMemberS); ok {
				keys[name] = map[string]string{"S": text.Value}
			}
		}
		if pk, ok := r.Dynamodb.Keys["pk"].(*streamtypes.AttributeValueMemberS); !ok || !wanted(r.EventName, pk.Value) {
			continue
		}
		if len(r.Dynamodb.NewImage) > 0 {
			return false, fmt.Errorf("the stream shows more than keys")
		}
		records = append(records, map[string]any{"eventID": r.EventID, "eventName": r.EventName, "eventSource": "aws:dynamodb",
			"dynamodb": map[string]any{"Keys": keys, "SequenceNumber": r.Dynamodb.SequenceNumber, "StreamViewType": r.Dynamodb.StreamViewType}})
	}
	_, err = p.batch(ctx, f, records)
	return len(out.Records) > 0, err
}

// batch hands records to a function and returns the names of those that come again.
func (p *pump) batch(ctx context.Context, f grants.Function, records []any) (map[string]bool, error) {
	again := map[string]bool{}
	if len(records) == 0 {
		return again, nil
	}
	event, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		return nil, err
	}
	answer, err := p.invoke(ctx, logical(f), event)
	if err != nil {
		return nil, err
	}
	var out struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &out); err != nil || out.Failures == nil {
		return nil, fmt.Errorf("%s answered %s", f, answer)
	}
	for _, failure := range out.Failures {
		again[failure.ID] = true
	}
	return again, nil
}

// queue hands what is in the queue to build-export and removes what it has done.
func (p *pump) queue(ctx context.Context) error {
	url := p.stack.names["ExportsQueue"]
	out, err := p.stack.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 0})
	if err != nil {
		return fmt.Errorf("receive messages: %w", err)
	}
	var records []any
	for _, m := range out.Messages {
		records = append(records, map[string]any{"messageId": m.MessageId, "body": m.Body, "eventSource": "aws:sqs"})
	}
	again, err := p.batch(ctx, grants.BuildExport, records)
	if err != nil {
		return err
	}
	return p.done(ctx, url, out.Messages, again)
}

func (p *pump) done(ctx context.Context, url string, messages []sqstypes.Message, again map[string]bool) error {
	for _, m := range messages {
		if again[aws.ToString(m.MessageId)] {
			return fmt.Errorf("build-export wants message %s again", aws.ToString(m.Body))
		}
		if _, err := p.stack.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			return fmt.Errorf("remove message: %w", err)
		}
	}
	return nil
}
