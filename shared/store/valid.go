package store

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits that every backend keeps, so that what one takes the other takes too. They lie inside those of DynamoDB.
const (
	MaxBody        = 350 << 10 // bytes of an item's body
	MaxItem        = 400 << 10 // bytes of an item by Size
	MaxTransaction = 4 << 20   // bytes of all items of a transaction by Size
	MaxOps         = 100       // ops of a transaction
	MaxKeys        = 100       // keys of one GetMany
	MaxPK          = 1024      // bytes of a partition key
	MaxSK          = 1000      // bytes of a sort key
	MaxToken       = 36        // bytes of a token
)

// ErrMalformed: the request breaks a rule of the contract whatever the store holds, for example two ops on one key, an empty key or an
// attribute that the contract does not name. It is an error of the caller's code.
var ErrMalformed = errors.New("malformed request")

// Attrs returns the names of all attributes that items may have, in a fixed order.
func Attrs() []string {
	return []string{AttrVersion, AttrDeadline, AttrHolds, AttrState, AttrDepartment, AttrOwner, AttrCustomer, AttrTime, AttrExpiry}
}

// CheckTransact returns ErrMalformed, ErrUnconditional or ErrTooLarge when ops or token break the contract. Backends call it first.
func CheckTransact(token Token, ops []Op) error {
	if len(ops) == 0 || len(token) > MaxToken {
		return fmt.Errorf("check transaction: %w: %d ops, token of %d bytes", ErrMalformed, len(ops), len(token))
	}
	if len(ops) > MaxOps {
		return fmt.Errorf("check transaction: %w: %d ops", ErrTooLarge, len(ops))
	}
	total := 0
	for i, op := range ops {
		if err := checkOp(op); err != nil {
			return fmt.Errorf("check op %d: %w", i, err)
		}
		if total += Size(op.Item); total > MaxTransaction {
			return fmt.Errorf("check transaction: %w: more than %d bytes", ErrTooLarge, MaxTransaction)
		}
	}
	return checkDistinct(ops)
}

func checkDistinct(ops []Op) error {
	if len(ops) == 1 {
		return nil
	}
	seen := make(map[Key]struct{}, len(ops))
	for _, op := range ops {
		seen[op.Item.Key] = struct{}{}
	}
	if len(seen) != len(ops) {
		return fmt.Errorf("check transaction: %w: two ops on one key", ErrMalformed)
	}
	return nil
}

func checkOp(op Op) error {
	if err := CheckKey(op.Item.Key); err != nil {
		return err
	}
	if err := op.If.check(op.Verb); err != nil {
		return err
	}
	switch op.Verb {
	case Put:
		return checkItem(op.Item)
	case Delete, Check:
		return nil
	}
	return fmt.Errorf("%w: unknown verb", ErrMalformed)
}

// check refuses conditions that mean nothing. Only a deletion may be blind: a blind put overwrites, a blind check does nothing.
func (c Condition) check(verb Verb) error {
	if len(c.Terms) == 0 && (!c.blind || verb != Delete) {
		return ErrUnconditional
	}
	for _, term := range c.Terms {
		switch term.Test {
		case Absent, Present:
			continue
		case Equal, AtMost, AbsentOrAttr:
			if !knownAttr(term.Name) {
				return fmt.Errorf("%w: condition on unknown attribute", ErrMalformed)
			}
		default:
			return fmt.Errorf("%w: unknown test", ErrMalformed)
		}
	}
	return nil
}

// CheckKey returns ErrMalformed when key cannot be stored: unknown table, part empty, too long, not UTF-8 or holding a zero byte.
func CheckKey(key Key) error {
	if !knownTable(key.Table) {
		return fmt.Errorf("%w: unknown table", ErrMalformed)
	}
	if !validPart(key.PK, MaxPK) || !validPart(key.SK, MaxSK) {
		return fmt.Errorf("%w: impossible key", ErrMalformed)
	}
	return nil
}

func validPart(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

func checkItem(item Item) error {
	if len(item.Body) > MaxBody || Size(item) > MaxItem {
		return fmt.Errorf("%w: item of %d bytes", ErrTooLarge, Size(item))
	}
	for name, attr := range item.Attrs {
		if !knownAttr(name) || !utf8.ValidString(attr.Str) || attr.IsInt && attr.Str != "" || !attr.IsInt && attr.Int != 0 {
			return fmt.Errorf("%w: attribute unknown or of two types", ErrMalformed)
		}
	}
	return checkIndexed(item)
}

// checkIndexed refuses index attributes that DynamoDB would refuse: of another type than the index, or empty.
func checkIndexed(item Item) error {
	for _, index := range []Index{ByDepartment, ByCustomer} {
		table, partition, order := IndexAttrs(index)
		if table != item.Key.Table {
			continue
		}
		p, ok := item.Attrs[partition]
		if ok && (p.IsInt || !validPart(p.Str, MaxPK)) {
			return fmt.Errorf("%w: impossible partition of an index", ErrMalformed)
		}
		o, ok := item.Attrs[order]
		if ok && (o.IsInt != IndexOrderIsInt(index) || !o.IsInt && !validPart(o.Str, MaxSK)) {
			return fmt.Errorf("%w: impossible order of an index", ErrMalformed)
		}
	}
	return nil
}

// IndexOrderIsInt reports whether index orders by an integer attribute.
func IndexOrderIsInt(index Index) bool { return index == ByCustomer }

// CheckQuery returns ErrMalformed when q asks for what no store can answer.
func CheckQuery(q Query) error {
	if !knownTable(q.Table) || !validPart(q.PK, MaxPK) || q.Limit < 0 {
		return fmt.Errorf("check query: %w", ErrMalformed)
	}
	if q.Index == "" {
		return nil
	}
	if q.Index != ByDepartment && q.Index != ByCustomer {
		return fmt.Errorf("check query: %w: unknown index", ErrMalformed)
	}
	if table, _, _ := IndexAttrs(q.Index); table != q.Table {
		return fmt.Errorf("check query: %w: index of another table", ErrMalformed)
	}
	return nil
}

// CheckKeys returns ErrMalformed when keys is no list of at most MaxKeys distinct possible keys.
func CheckKeys(keys []Key) error {
	seen := make(map[Key]struct{}, len(keys))
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			return fmt.Errorf("check keys: %w", err)
		}
		seen[key] = struct{}{}
	}
	if len(seen) != len(keys) || len(keys) > MaxKeys {
		return fmt.Errorf("check keys: %w: %d keys, %d distinct", ErrMalformed, len(keys), len(seen))
	}
	return nil
}

func knownTable(table Table) bool {
	switch table {
	case Inbox, Keys, Records, Restricted, Audit, Work:
		return true
	}
	return false
}

func knownAttr(name string) bool {
	switch name {
	case AttrVersion, AttrDeadline, AttrHolds, AttrState, AttrDepartment, AttrOwner, AttrCustomer, AttrTime, AttrExpiry:
		return true
	}
	return false
}

// CheckScan returns ErrMalformed unless segment is one of table's of segments.
func CheckScan(table Table, segment, of int) error {
	if !knownTable(table) || of < 1 || of > 1_000_000 || segment < 0 || segment >= of {
		return fmt.Errorf("check scan: %w", ErrMalformed)
	}
	return nil
}
