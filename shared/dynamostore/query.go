package dynamostore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"kexin/shared/store"
)

// encodeQuery returns the request for one page of q.
func (s *Store) encodeQuery(q store.Query) (*dynamodb.QueryInput, error) {
	name, err := s.name(q.Table)
	if err != nil {
		return nil, err
	}
	start, err := decodePosition(q)
	if err != nil {
		return nil, err
	}
	input := &dynamodb.QueryInput{TableName: name, ExclusiveStartKey: start, ScanIndexForward: aws.Bool(!q.Desc)}
	partition, order := attrPK, attrSK
	if q.Index != "" {
		_, partition, order = store.IndexAttrs(q.Index)
		input.IndexName = aws.String(string(q.Index))
	} else {
		input.ConsistentRead = aws.Bool(true)
	}
	if q.Limit > 0 {
		input.Limit = aws.Int32(int32(min(q.Limit, 1<<20)))
	}
	where := newExpression()
	where.add(where.name(partition) + " = " + where.value(text(q.PK)))
	if err := where.between(q, order); err != nil {
		return nil, err
	}
	if q.KeysOnly && q.Index == "" {
		input.ProjectionExpression = aws.String(where.keysAndAttrs())
	}
	input.KeyConditionExpression = where.text()
	input.ExpressionAttributeNames, input.ExpressionAttributeValues = where.names, where.values
	return input, nil
}

// between adds the bounds of q. DynamoDB takes one condition on the order attribute; with two bounds that is BETWEEN, which includes
// its upper end, so that Query has to drop what lies there (beyond).
func (e *expression) between(q store.Query, order string) error {
	var bounds []string
	for _, bound := range []string{q.From, q.Before} {
		if bound == "" {
			continue
		}
		value, err := encodeBound(q, bound)
		if err != nil {
			return err
		}
		bounds = append(bounds, e.value(value))
	}
	switch {
	case len(bounds) == 2:
		e.add(e.name(order) + " BETWEEN " + bounds[0] + " AND " + bounds[1])
	case q.From != "":
		e.add(e.name(order) + " >= " + bounds[0])
	case q.Before != "":
		e.add(e.name(order) + " < " + bounds[0])
	}
	return nil
}

// keysAndAttrs names all that an item has but its body.
func (e *expression) keysAndAttrs() string {
	names := []string{e.name(attrPK), e.name(attrSK)}
	for _, attr := range store.Attrs() {
		names = append(names, e.name(attr))
	}
	return strings.Join(names, ", ")
}

// encodeBound returns a bound of q as a value of the attribute that it bounds.
func encodeBound(q store.Query, bound string) (types.AttributeValue, error) {
	if !isIndex(q) || !store.IndexOrderIsInt(q.Index) {
		return text(bound), nil
	}
	n, err := strconv.ParseInt(bound, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("encode bound of query: %w: no integer", store.ErrMalformed)
	}
	return encodeAttr(store.N(n)), nil
}

// isEmpty reports whether the bounds of q leave nothing between them. DynamoDB refuses such a BETWEEN.
func isEmpty(q store.Query) bool {
	return q.From != "" && q.Before != "" && !less(q, q.From, q.Before)
}

// beyond reports whether item lies at the upper bound of q or behind it.
func beyond(q store.Query, item store.Item) bool {
	if q.Before == "" {
		return false
	}
	at := item.Key.SK
	if isIndex(q) {
		_, _, order := store.IndexAttrs(q.Index)
		at = orderText(item.Attrs[order])
	}
	return !less(q, at, q.Before)
}

// less compares two values of the order attribute of q; bounds that are no integers have been refused before.
func less(q store.Query, a, b string) bool {
	if !isIndex(q) || !store.IndexOrderIsInt(q.Index) {
		return a < b
	}
	m, errA := strconv.ParseInt(a, 10, 64)
	n, errB := strconv.ParseInt(b, 10, 64)
	return errA != nil || errB != nil || m < n
}
