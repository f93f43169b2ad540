package audit

import (
	"context"
	"fmt"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/store"
)

// Traced is an entry with its reference.
type Traced struct {
	Ref   Ref
	Entry Entry
}

// Trace returns a page of the entries that name customer alone, oldest first, and the cursor of the next page, "" after the last. The
// index that finds them may lag behind by seconds; each entry itself is read strongly and parsed.
func Trace(ctx context.Context, s store.Store, customer record.CustomerID, cursor string) (entries []Traced, next string, err error) {
	query := customerQuery(customer, cursor)
	query.Limit = 100
	page, err := s.Query(ctx, query)
	if err != nil {
		return nil, "", fmt.Errorf("find audit entries of customer: %w", err)
	}
	keys := make([]store.Key, len(page.Items))
	for i, item := range page.Items {
		keys[i] = item.Key
	}
	if len(keys) == 0 {
		return nil, page.Next, nil
	}
	items, err := s.GetMany(ctx, keys)
	if err != nil {
		return nil, "", fmt.Errorf("read audit entries of customer: %w", err)
	}
	for _, item := range items {
		e, err := entry.Parse(item.Body)
		if err != nil {
			return nil, "", fmt.Errorf("read audit entry %v: %w", item.Key, err)
		}
		entries = append(entries, Traced{Ref{Position: e.Position(), Hash: entry.Hash(item.Body)}, e})
	}
	return entries, page.Next, nil
}

// Trace is the function Trace on the store of l.
func (l *Log) Trace(ctx context.Context, customer record.CustomerID, cursor string) ([]Traced, string, error) {
	return Trace(ctx, l.cfg.Store, customer, cursor)
}

// Read returns the entry that ref names. store.ErrNotFound: there is none; entry.ErrMalformed: its bytes are not those of ref.
func Read(ctx context.Context, s store.Store, ref Ref) (Entry, error) {
	item, err := s.Get(ctx, entryKey(ref.Position))
	if err != nil {
		return Entry{}, fmt.Errorf("read audit entry: %w", err)
	}
	if entry.Hash(item.Body) != ref.Hash {
		return Entry{}, fmt.Errorf("read audit entry: %w: hash", entry.ErrMalformed)
	}
	return entry.Parse(item.Body)
}
