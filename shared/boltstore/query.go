package boltstore

import (
	"context"
	"fmt"
	"hash/fnv"

	"kexin/shared/store"
)

// pageBytes ends a page, as it does in DynamoDB.
const pageBytes = 1 << 20

// scanRows is how many rows of other segments a page of a scan passes over at most.
const scanRows = 10000

// Query implements store.Store.
func (s *Store) Query(ctx context.Context, q store.Query) (store.Page, error) {
	if err := store.CheckQuery(q); err != nil {
		return store.Page{}, err
	}
	rows, err := querySpan(q)
	if err != nil {
		return store.Page{}, fmt.Errorf("query items: %w", err)
	}
	if q.Cursor != "" {
		if rows, err = continueAt(q, rows); err != nil {
			return store.Page{}, err
		}
	}
	if err := s.ready(ctx); err != nil {
		return store.Page{}, fmt.Errorf("query items: %w", err)
	}
	v, err := s.view()
	if err != nil {
		return store.Page{}, fmt.Errorf("query items: %w", err)
	}
	defer v.close()
	page, err := v.page(q, rows)
	if err != nil {
		return store.Page{}, fmt.Errorf("query items: %w", err)
	}
	return page, nil
}

// continueAt narrows rows to what follows the cursor of q.
func continueAt(q store.Query, rows span) (span, error) {
	position, err := store.DecodeCursor(q)
	if err != nil {
		return span{}, err
	}
	if len(position) != 1 {
		return span{}, fmt.Errorf("continue query: %w", store.ErrCursor)
	}
	return rows.after([]byte(position[0]), q.Desc)
}

// page reads rows in the direction of q until the page is full.
func (v *view) page(q store.Query, rows span) (store.Page, error) {
	bucket := bucketOf(q.Table)
	if q.Index != "" {
		bucket = bucketOfIndex(q.Index)
	}
	var page store.Page
	var last []byte
	size := 0
	m := v.merged(bucket, rows, q.Desc)
	for row, raw := m.next(); row != nil; row, raw = m.next() {
		if size >= pageBytes || q.Limit > 0 && len(page.Items) == q.Limit {
			page.Next = store.EncodeCursor(q, string(last))
			return page, nil
		}
		item, err := v.listed(q, row, raw)
		if err != nil {
			return store.Page{}, err
		}
		page.Items, last, size = append(page.Items, item), row, size+len(raw)
	}
	return page, nil
}

// listed returns the item of one row of a query.
func (v *view) listed(q store.Query, row, raw []byte) (store.Item, error) {
	if q.Index != "" {
		return parseIndexKey(q.Index, row)
	}
	key, err := parseRowKey(q.Table, row)
	if err != nil {
		return store.Item{}, err
	}
	return v.decode(key, row, raw, q.KeysOnly)
}

// Scan implements store.Scanner. Rows belong to segments by a hash of their partition key.
func (s *Store) Scan(ctx context.Context, table store.Table, segment, of int, cursor string) (store.Page, error) {
	q := store.ScanQuery(table, segment, of, cursor)
	if err := store.CheckScan(table, segment, of); err != nil {
		return store.Page{}, err
	}
	rows := span{nil, []byte{0xff}} // no UTF-8 begins with 0xff
	if cursor != "" {
		var err error
		if rows, err = continueAt(q, rows); err != nil {
			return store.Page{}, err
		}
	}
	if err := s.ready(ctx); err != nil {
		return store.Page{}, fmt.Errorf("scan items: %w", err)
	}
	v, err := s.view()
	if err != nil {
		return store.Page{}, fmt.Errorf("scan items: %w", err)
	}
	defer v.close()
	page, err := v.scanPage(q, rows, uint32(segment), uint32(of))
	if err != nil {
		return store.Page{}, fmt.Errorf("scan items: %w", err)
	}
	return page, nil
}

func (v *view) scanPage(q store.Query, rows span, segment, of uint32) (store.Page, error) {
	var page store.Page
	size, seen := 0, 0
	m := v.merged(bucketOf(q.Table), rows, false)
	for row, raw := m.next(); row != nil; row, raw = m.next() {
		key, err := parseRowKey(q.Table, row)
		if err != nil {
			return store.Page{}, err
		}
		if seen++; segmentOf(key.PK, of) == segment {
			item, err := v.decode(key, row, raw, false)
			if err != nil {
				return store.Page{}, err
			}
			page.Items, size = append(page.Items, item), size+len(raw)
		}
		if size >= pageBytes || seen == scanRows {
			page.Next = store.EncodeCursor(q, string(row))
			return page, nil
		}
	}
	return page, nil
}

func segmentOf(pk string, of uint32) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(pk)) // never fails
	return h.Sum32() % of
}
