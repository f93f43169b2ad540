package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"kexin/shared/store"
)

// Get implements store.Store with a consistent read.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if err := errors.Join(store.CheckKey(key), ctx.Err()); err != nil {
		return store.Item{}, fmt.Errorf("get item: %w", err)
	}
	name, err := s.name(key.Table)
	if err != nil {
		return store.Item{}, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: encodeKey(key), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return store.Item{}, fmt.Errorf("get item: %w", readError(err))
	}
	if len(out.Item) == 0 {
		return store.Item{}, fmt.Errorf("get item: %w", store.ErrNotFound)
	}
	return decodeItem(key.Table, out.Item)
}

// GetMany implements store.Store with consistent reads. What DynamoDB leaves unprocessed, because an answer would be too large or a
// table is busy, is asked for again.
func (s *Store) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	if err := errors.Join(store.CheckKeys(keys), ctx.Err()); err != nil {
		return nil, fmt.Errorf("get items: %w", err)
	}
	wanted, err := s.encodeKeys(keys)
	if err != nil {
		return nil, err
	}
	found := make(map[store.Key]store.Item, len(keys))
	for idle := 0; len(wanted) > 0; {
		before := len(found)
		if wanted, err = s.getSome(ctx, wanted, found); err != nil {
			return nil, err
		}
		if len(wanted) == 0 {
			break
		}
		if idle++; len(found) > before {
			idle = 0
		}
		if err := errors.Join(s.spend(ctx, "unprocessed"), s.pause(ctx, idle)); err != nil {
			return nil, fmt.Errorf("get items: %w: %w", ErrThrottled, err)
		}
	}
	items := make([]store.Item, 0, len(found))
	for _, key := range keys {
		if item, ok := found[key]; ok {
			items = append(items, item)
		}
	}
	return items, nil
}

func (s *Store) encodeKeys(keys []store.Key) (map[string]types.KeysAndAttributes, error) {
	wanted := map[string]types.KeysAndAttributes{}
	for _, key := range keys {
		name, err := s.name(key.Table)
		if err != nil {
			return nil, err
		}
		of := wanted[*name]
		of.ConsistentRead = aws.Bool(true)
		of.Keys = append(of.Keys, encodeKey(key))
		wanted[*name] = of
	}
	return wanted, nil
}

// getSome adds what one request answers to found and returns what is left.
func (s *Store) getSome(ctx context.Context, wanted map[string]types.KeysAndAttributes, found map[store.Key]store.Item) (map[string]types.KeysAndAttributes, error) {
	out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted})
	if err != nil {
		return nil, fmt.Errorf("get items: %w", readError(err))
	}
	for table, name := range s.config.Names {
		for _, row := range out.Responses[name] {
			item, err := decodeItem(table, row)
			if err != nil {
				return nil, err
			}
			found[item.Key] = item
		}
	}
	return out.UnprocessedKeys, nil
}

// Query implements store.Store: consistent on the table, eventual on an index.
func (s *Store) Query(ctx context.Context, q store.Query) (store.Page, error) {
	if err := errors.Join(store.CheckQuery(q), ctx.Err()); err != nil {
		return store.Page{}, fmt.Errorf("query items: %w", err)
	}
	input, err := s.encodeQuery(q)
	if err != nil {
		return store.Page{}, err
	}
	if isEmpty(q) {
		return store.Page{}, nil
	}
	out, err := s.client.Query(ctx, input)
	if err != nil {
		return store.Page{}, fmt.Errorf("query items: %w", readError(err))
	}
	return decodePage(q, out.Items, out.LastEvaluatedKey)
}

// decodePage returns the page of rows that DynamoDB answered to q, and the cursor behind last.
func decodePage(q store.Query, rows []values, last values) (store.Page, error) {
	page := store.Page{Items: make([]store.Item, 0, len(rows))}
	for _, row := range rows {
		item, err := decodeItem(q.Table, row)
		if err != nil {
			return store.Page{}, err
		}
		if isScan(q) || !beyond(q, item) {
			page.Items = append(page.Items, item)
		}
	}
	var err error
	page.Next, err = encodePosition(q, last)
	return page, err
}

// Scan implements store.Scanner with consistent reads.
func (s *Store) Scan(ctx context.Context, table store.Table, segment, of int, cursor string) (store.Page, error) {
	if err := errors.Join(store.CheckScan(table, segment, of), ctx.Err()); err != nil {
		return store.Page{}, fmt.Errorf("scan items: %w", err)
	}
	name, err := s.name(table)
	if err != nil {
		return store.Page{}, err
	}
	q := store.ScanQuery(table, segment, of, cursor)
	start, err := decodePosition(q)
	if err != nil {
		return store.Page{}, err
	}
	out, err := s.client.Scan(ctx, &dynamodb.ScanInput{TableName: name, ConsistentRead: aws.Bool(true), ExclusiveStartKey: start,
		Segment: aws.Int32(int32(segment)), TotalSegments: aws.Int32(int32(of))})
	if err != nil {
		return store.Page{}, fmt.Errorf("scan items: %w", readError(err))
	}
	return decodePage(q, out.Items, out.LastEvaluatedKey)
}

// encodePosition returns the cursor of a last key: pk, sk and, of an index, its partition and order. "" when there is none.
func encodePosition(q store.Query, last values) (string, error) {
	if len(last) == 0 {
		return "", nil
	}
	item, err := decodeItem(q.Table, last)
	if err != nil {
		return "", err
	}
	position := []string{item.Key.PK, item.Key.SK}
	if isIndex(q) {
		_, partition, order := store.IndexAttrs(q.Index)
		position = append(position, item.Str(partition), orderText(item.Attrs[order]))
	}
	return store.EncodeCursor(q, position...), nil
}

// isScan reports whether q stands for a scan (store.ScanQuery), whose bounds are no sort keys.
func isScan(q store.Query) bool { return q.Index != "" && !isIndex(q) }

func isIndex(q store.Query) bool { return q.Index == store.ByDepartment || q.Index == store.ByCustomer }

func orderText(order store.Attr) string {
	if order.IsInt {
		return fmt.Sprint(order.Int)
	}
	return order.Str
}

func decodePosition(q store.Query) (values, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	position, err := store.DecodeCursor(q)
	if err != nil {
		return nil, err
	}
	if len(position) < 2 || isIndex(q) != (len(position) == 4) {
		return nil, fmt.Errorf("decode position: %w", store.ErrCursor)
	}
	start := encodeKey(store.Key{PK: position[0], SK: position[1]})
	if isIndex(q) {
		_, partition, order := store.IndexAttrs(q.Index)
		bound, err := encodeBound(q, position[3])
		if err != nil {
			return nil, fmt.Errorf("decode position: %w", store.ErrCursor)
		}
		maps.Copy(start, values{partition: text(position[2]), order: bound})
	}
	return start, nil
}
