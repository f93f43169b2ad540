package store

import (
	"context"
	"errors"
	"sync"
)

// Use is what was asked of a table. Calls that touch several tables count once in each, and once in the total.
type Use struct {
	Gets, Queries, Transactions int // calls
	Puts, Deletes, Checks       int // ops
	ReadUnits                   float64
	WriteUnits                  int // of the table
	IndexUnits                  int // of its indexes
}

// Counter is a store that counts what it is asked, for the bench and for tests of exact costs. Before each write it reads the current
// items without counting that, so the units are exact as long as nobody else writes the same items meanwhile. Wrap the whole store and
// restrict the counter: a write whose items it may not read goes uncounted.
type Counter struct {
	store Store

	mu    sync.Mutex
	total Use
	table map[Table]Use
}

// Counted wraps s with counts of zero.
func Counted(s Store) *Counter { return &Counter{store: s, table: map[Table]Use{}} }

// Total returns the use of all tables together since the start or Reset.
func (c *Counter) Total() Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// Of returns the use of table since the start or Reset.
func (c *Counter) Of(table Table) Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table[table]
}

// Reset sets all counts to zero.
func (c *Counter) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total, c.table = Use{}, map[Table]Use{}
}

// add adds the uses by table of one call; call marks the kind of call in a Use.
func (c *Counter) add(uses map[Table]Use, call func(*Use)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call(&c.total)
	for table, use := range uses {
		c.total = c.total.plus(use)
		call(&use)
		c.table[table] = c.table[table].plus(use)
	}
}

func (u Use) plus(v Use) Use {
	return Use{u.Gets + v.Gets, u.Queries + v.Queries, u.Transactions + v.Transactions, u.Puts + v.Puts, u.Deletes + v.Deletes,
		u.Checks + v.Checks, u.ReadUnits + v.ReadUnits, u.WriteUnits + v.WriteUnits, u.IndexUnits + v.IndexUnits}
}

// Get implements Store.
func (c *Counter) Get(ctx context.Context, key Key) (Item, error) {
	item, err := c.store.Get(ctx, key)
	if err == nil || errors.Is(err, ErrNotFound) {
		c.add(map[Table]Use{key.Table: {ReadUnits: ReadUnits(Size(item), true)}}, countGet)
	}
	return item, err
}

// GetMany implements Store.
func (c *Counter) GetMany(ctx context.Context, keys []Key) ([]Item, error) {
	items, err := c.store.GetMany(ctx, keys)
	if err != nil || len(keys) == 0 {
		return items, err
	}
	sizes := make(map[Key]int, len(items))
	for _, item := range items {
		sizes[item.Key] = Size(item)
	}
	uses := map[Table]Use{}
	for _, key := range keys {
		uses[key.Table] = uses[key.Table].plus(Use{ReadUnits: ReadUnits(sizes[key], true)})
	}
	c.add(uses, countGet)
	return items, nil
}

// Query implements Store. With KeysOnly the bodies that DynamoDB reads and leaves out are not known, so the units are too low.
func (c *Counter) Query(ctx context.Context, q Query) (Page, error) {
	page, err := c.store.Query(ctx, q)
	if err != nil {
		return page, err
	}
	size := 0
	for _, item := range page.Items {
		size += Size(item)
	}
	c.add(map[Table]Use{q.Table: {ReadUnits: ReadUnits(size, q.Index == "")}}, func(u *Use) { u.Queries++ })
	return page, nil
}

// Transact implements Store. Refused writes are counted too, as DynamoDB bills them, at the size of the current items.
func (c *Counter) Transact(ctx context.Context, token Token, ops ...Op) error {
	current, err := c.current(ctx, ops)
	if err != nil {
		return c.store.Transact(ctx, token, ops...)
	}
	err = c.store.Transact(ctx, token, ops...)
	if err != nil && !errors.Is(err, ErrCondition) {
		return err
	}
	factor := 1
	if Transactional(token, ops) {
		factor = 2
	}
	uses := map[Table]Use{}
	for i, op := range ops {
		cost := OpUnits(op, current[i])
		if err != nil {
			cost = OpUnits(CheckIf(op.Item.Key, op.If), current[i])
		}
		use := Use{WriteUnits: factor * cost.Base, IndexUnits: cost.Index}
		use.countOp(op.Verb)
		uses[op.Item.Key.Table] = uses[op.Item.Key.Table].plus(use)
	}
	c.add(uses, func(u *Use) { u.Transactions++ })
	return err
}

func (u *Use) countOp(verb Verb) {
	switch verb {
	case Put:
		u.Puts++
	case Delete:
		u.Deletes++
	case Check:
		u.Checks++
	}
}

func countGet(u *Use) { u.Gets++ }

// current returns the items at the keys of ops, nil for absent ones.
func (c *Counter) current(ctx context.Context, ops []Op) ([]*Item, error) {
	keys := make([]Key, len(ops))
	for i, op := range ops {
		keys[i] = op.Item.Key
	}
	items, err := c.store.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[Key]*Item, len(items))
	for i := range items {
		found[items[i].Key] = &items[i]
	}
	current := make([]*Item, len(ops))
	for i, key := range keys {
		current[i] = found[key]
	}
	return current, nil
}
