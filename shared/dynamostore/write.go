package dynamostore

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"kexin/shared/store"
)

// Transact implements store.Store.
func (s *Store) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if err := store.CheckTransact(token, ops); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("write items: %w", err)
	}
	var err error
	if store.Transactional(token, ops) {
		err = s.transact(ctx, token, ops)
	} else {
		err = s.single(ctx, ops[0])
	}
	if err != nil {
		return fmt.Errorf("write items: %w", err)
	}
	return nil
}

// once switches off the SDK's own retries for a write.
func once(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }

// transact writes ops as a DynamoDB transaction, trying again under the same token.
func (s *Store) transact(ctx context.Context, token store.Token, ops []store.Op) error {
	input, err := s.encodeTransaction(token, ops)
	if err != nil {
		return err
	}
	return s.try(ctx, true, func(ctx context.Context) verdict {
		_, err := s.client.TransactWriteItems(ctx, input, once)
		return judge(err)
	})
}

func (s *Store) encodeTransaction(token store.Token, ops []store.Op) (*dynamodb.TransactWriteItemsInput, error) {
	request := string(token)
	if request == "" {
		var err error
		if request, err = s.token(); err != nil {
			return nil, err
		}
	}
	items := make([]types.TransactWriteItem, len(ops))
	for i, op := range ops {
		name, err := s.name(op.Item.Key.Table)
		if err != nil {
			return nil, err
		}
		items[i] = encodeOp(name, op)
	}
	return &dynamodb.TransactWriteItemsInput{ClientRequestToken: &request, TransactItems: items}, nil
}

func encodeOp(name *string, op store.Op) types.TransactWriteItem {
	cond := encodeCondition(op.If)
	switch op.Verb {
	case store.Put:
		return types.TransactWriteItem{Put: &types.Put{TableName: name, Item: encodeItem(op.Item),
			ConditionExpression: cond.text(), ExpressionAttributeNames: cond.named(), ExpressionAttributeValues: cond.bound()}}
	case store.Delete:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: name, Key: encodeKey(op.Item.Key),
			ConditionExpression: cond.text(), ExpressionAttributeNames: cond.named(), ExpressionAttributeValues: cond.bound()}}
	}
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: name, Key: encodeKey(op.Item.Key),
		ConditionExpression: cond.text(), ExpressionAttributeNames: cond.named(), ExpressionAttributeValues: cond.bound()}}
}

// try makes attempts until one is final. repeatable says that an attempt may follow one whose outcome is unknown. Once an outcome was
// unknown, only success or a judgement over the write itself is an answer; any other end leaves it unknown.
func (s *Store) try(ctx context.Context, repeatable bool, attempt func(context.Context) verdict) error {
	unknown := false
	for n := 0; ; n++ {
		v := s.attempt(ctx, attempt)
		if v.kind == final || v.kind == refused {
			if v.kind == refused && unknown {
				return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, v.err)
			}
			if n == 0 {
				s.config.Retries.Earn()
			}
			return v.err
		}
		unknown = unknown || v.kind == open
		if unknown && !repeatable {
			return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, v.err)
		}
		if err := s.again(ctx, n, v); err != nil {
			if unknown {
				return fmt.Errorf("%w: %w: %w", store.ErrUnknownOutcome, v.err, err)
			}
			return fmt.Errorf("%w: %w", v.err, err)
		}
	}
}

// again waits before the next attempt, or returns an error when there is none.
func (s *Store) again(ctx context.Context, n int, v verdict) error {
	cause := "unreached"
	switch {
	case v.kind == open:
		cause = "open"
	case errors.Is(v.err, store.ErrThrottled):
		cause = "throttled"
	case errors.Is(v.err, store.ErrConflict):
		cause = "conflict"
	}
	if n+1 < s.config.Attempts {
		if err := s.spend(ctx, cause); err != nil {
			return err
		}
	}
	return s.pause(ctx, n)
}

func (s *Store) attempt(ctx context.Context, attempt func(context.Context) verdict) verdict {
	ctx, cancel := context.WithTimeout(ctx, s.config.AttemptTimeout)
	defer cancel()
	return attempt(ctx)
}
