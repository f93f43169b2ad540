package dynamostore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"kexin/shared/store"
)

// A single op without a token is a plain conditional write. When its answer is lost there is no token to ask with, so:
//
//   - It is tried again only if its own effect would make its condition fail (a put with IfAbsent, a put that raises the version that it
//     demands, a deletion that demands presence), or if it is a blind deletion. So at most one try takes effect.
//   - A put whose second try fails its condition is read back. If the item is exactly the one that was put, the put has happened. If
//     not, the item may have been ours and replaced since, or never ours: that is store.ErrUnknownOutcome.
//   - A deletion whose second try fails its condition may have been ours or somebody else's: store.ErrUnknownOutcome.
//
// A caller that cannot live with this gives a token.

func (s *Store) single(ctx context.Context, op store.Op) error {
	send, err := s.encodeSingle(op)
	if err != nil {
		return err
	}
	lost := false // an answer was lost before
	return s.try(ctx, repeatable(op), func(attempt context.Context) verdict {
		v := judge(send(attempt))
		if lost && errors.Is(v.err, store.ErrCondition) {
			return s.resolve(ctx, op, v)
		}
		lost = lost || v.kind == open
		return v
	})
}

func repeatable(op store.Op) bool {
	if op.Verb == store.Delete {
		return op.If.IsBlind() && len(op.If.Terms) == 0 || !op.If.Holds(nil)
	}
	return !op.If.Holds(&op.Item)
}

func (s *Store) encodeSingle(op store.Op) (func(context.Context) error, error) {
	name, err := s.name(op.Item.Key.Table)
	if err != nil {
		return nil, err
	}
	cond := encodeCondition(op.If)
	if op.Verb == store.Delete {
		input := &dynamodb.DeleteItemInput{TableName: name, Key: encodeKey(op.Item.Key), ConditionExpression: cond.text(),
			ExpressionAttributeNames: cond.named(), ExpressionAttributeValues: cond.bound()}
		return func(ctx context.Context) error {
			_, err := s.client.DeleteItem(ctx, input, once)
			return err
		}, nil
	}
	input := &dynamodb.PutItemInput{TableName: name, Item: encodeItem(op.Item), ConditionExpression: cond.text(),
		ExpressionAttributeNames: cond.named(), ExpressionAttributeValues: cond.bound()}
	return func(ctx context.Context) error {
		_, err := s.client.PutItem(ctx, input, once)
		return err
	}, nil
}

// resolve answers a write that fails its condition after an earlier try of it whose answer was lost.
func (s *Store) resolve(ctx context.Context, op store.Op, v verdict) verdict {
	if op.Verb == store.Put {
		current, err := s.Get(ctx, op.Item.Key)
		if err == nil && sameItem(current, op.Item) {
			return verdict{kind: final}
		}
		v.err = errors.Join(v.err, err)
	}
	return verdict{final, fmt.Errorf("%w: an earlier try may have taken effect: %v", store.ErrUnknownOutcome, v.err)}
}

func sameItem(a, b store.Item) bool {
	return a.Key == b.Key && bytes.Equal(a.Body, b.Body) && maps.Equal(a.Attrs, b.Attrs)
}
