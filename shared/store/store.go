// Package store is the contract between Kexin and the databases that keep its rows. A store holds items in six tables; every write
// states the condition under which it may happen, and several writes happen together or not at all. Two backends keep the contract:
// boltstore (files) and dynamostore (DynamoDB); package storetest is the contract as a test suite that both pass.
//
// What an item's body means is not the store's business: it sees bytes. Attributes are the few values that conditions and indexes
// need, and never hold anything personal.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"kexin/shared/retry"
)

// Table is one of the six tables of the design.
type Table string

// The tables. Keys and Inbox hold what makes everything else readable, so backends keep them apart: in a file of their own that is
// rewritten after destructions, or with the shortest recovery window.
const (
	Inbox      Table = "inbox"
	Keys       Table = "keys"
	Records    Table = "records"
	Restricted Table = "restricted"
	Audit      Table = "audit"
	Work       Table = "work"
)

// Tables returns every table in a fixed order.
func Tables() []Table { return []Table{Inbox, Keys, Records, Restricted, Audit, Work} }

// Index is a secondary index over items that carry its two attributes. Indexes are eventually consistent: what they answer is a hint
// to be confirmed by a strong read.
type Index string

// The indexes. Each lists items by the attribute named first, ordered by the second.
const (
	// ByDepartment lists cards (table Records) by AttrDepartment, ordered by AttrOwner.
	ByDepartment Index = "by-department"
	// ByCustomer lists audit entries (table Audit) by AttrCustomer, ordered by AttrTime.
	ByCustomer Index = "by-customer"
)

// Names of attributes. They are short because DynamoDB bills their bytes.
const (
	AttrVersion    = "v"  // Int: optimistic version of the item
	AttrDeadline   = "dl" // Int: Unix seconds after which the customer may be destroyed
	AttrHolds      = "h"  // Int: number of legal holds
	AttrState      = "st" // Str: state of a head, an export, an approval …
	AttrDepartment = "d"  // Str: partition of ByDepartment
	AttrOwner      = "o"  // Str: order of ByDepartment: owner, "#", customer
	AttrCustomer   = "c"  // Str: partition of ByCustomer
	AttrTime       = "t"  // Int: order of ByCustomer: Unix nanoseconds
	AttrExpiry     = "x"  // Int: Unix seconds after which the item may vanish (time to live); a backend may keep it for ever
)

// IndexAttrs returns the table that index covers and its partition and order attributes. The order attribute of ByDepartment is a
// Str, that of ByCustomer an Int.
func IndexAttrs(index Index) (table Table, partition, order string) {
	if index == ByCustomer {
		return Audit, AttrCustomer, AttrTime
	}
	return Records, AttrDepartment, AttrOwner
}

// Key addresses an item. PK and SK are never empty; an item that is alone in its partition has the sort key Only.
type Key struct {
	Table  Table
	PK, SK string
}

// Only is the sort key of an item that is alone in its partition.
const Only = "."

// String returns table/PK/SK for messages; keys hold only random identifiers, hashes and names of the design.
func (k Key) String() string { return string(k.Table) + "/" + k.PK + "/" + k.SK }

// Attr is a typed attribute value: a string or an integer.
type Attr struct {
	Str   string
	Int   int64
	IsInt bool
}

// S returns a string attribute.
func S(s string) Attr { return Attr{Str: s} }

// N returns an integer attribute.
func N(n int64) Attr { return Attr{Int: n, IsInt: true} }

// Item is what a store keeps: a key, a body of at most 350 KiB, and attributes.
type Item struct {
	Key   Key
	Body  []byte
	Attrs map[string]Attr
}

// Int returns the integer attribute name, or zero.
func (i Item) Int(name string) int64 { return i.Attrs[name].Int }

// Str returns the string attribute name, or "".
func (i Item) Str(name string) string { return i.Attrs[name].Str }

// Test is one term of a condition.
type Test uint8

// The tests. Absent and Present look at the item as a whole; the others at one attribute of a present item, and fail when the
// attribute is missing or of the other type.
const (
	Absent       Test = iota + 1 // no item has the key
	Present                      // an item has the key
	Equal                        // attribute = operand
	AtMost                       // attribute ≤ operand (Int)
	AbsentOrAttr                 // no item has the key, or attribute = operand
)

// Term is one test with its attribute and operand.
type Term struct {
	Test    Test
	Name    string
	Operand Attr
}

// Condition is what must hold of the item at the key for the write to happen: all terms. The zero Condition is refused by every
// backend with ErrUnconditional, so that nobody overwrites by omission; Blind states that any state will do.
type Condition struct {
	Terms []Term
	blind bool
}

// IfAbsent is the condition of a creation.
func IfAbsent() Condition { return Condition{Terms: []Term{{Test: Absent}}} }

// IfPresent is the condition that an item exists.
func IfPresent() Condition { return Condition{Terms: []Term{{Test: Present}}} }

// IfEqual is the condition that attribute name equals operand.
func IfEqual(name string, operand Attr) Condition {
	return Condition{Terms: []Term{{Test: Equal, Name: name, Operand: operand}}}
}

// IfVersion is the condition of an optimistic update: AttrVersion equals version.
func IfVersion(version int64) Condition { return IfEqual(AttrVersion, N(version)) }

// Blind is the condition that always holds. It is for deletions that are repeated until done; a put may not use it.
func Blind() Condition { return Condition{blind: true} }

// And returns the condition that c and the tests of more all hold.
func (c Condition) And(more ...Condition) Condition {
	joined := Condition{Terms: append([]Term(nil), c.Terms...), blind: c.blind}
	for _, m := range more {
		joined.Terms = append(joined.Terms, m.Terms...)
	}
	return joined
}

// AtMostInt returns the condition that integer attribute name is at most limit.
func AtMostInt(name string, limit int64) Condition {
	return Condition{Terms: []Term{{Test: AtMost, Name: name, Operand: N(limit)}}}
}

// IsBlind reports whether c is Blind.
func (c Condition) IsBlind() bool { return c.blind }

// Holds evaluates c against the current item, nil when there is none. It is the meaning of conditions; backends that cannot delegate
// to a database call it.
func (c Condition) Holds(current *Item) bool {
	for _, term := range c.Terms {
		if !term.holds(current) {
			return false
		}
	}
	return true
}

func (t Term) holds(current *Item) bool {
	switch t.Test {
	case Absent:
		return current == nil
	case Present:
		return current != nil
	case AbsentOrAttr:
		return current == nil || t.equals(current)
	case Equal:
		return current != nil && t.equals(current)
	case AtMost:
		if current == nil {
			return false
		}
		attr, ok := current.Attrs[t.Name]
		return ok && attr.IsInt && attr.Int <= t.Operand.Int
	}
	return false
}

func (t Term) equals(current *Item) bool {
	attr, ok := current.Attrs[t.Name]
	return ok && attr == t.Operand
}

// Verb says what an Op does.
type Verb uint8

// The verbs.
const (
	Put    Verb = iota + 1 // replace the whole item
	Delete                 // remove the item; removing nothing is no error unless the condition says so
	Check                  // only evaluate the condition
)

// Op is one conditional act on one item.
type Op struct {
	Verb Verb
	Item Item // Delete and Check use only Item.Key
	If   Condition
}

// PutIf returns the op that stores item under cond.
func PutIf(item Item, cond Condition) Op { return Op{Verb: Put, Item: item, If: cond} }

// DeleteIf returns the op that removes key under cond.
func DeleteIf(key Key, cond Condition) Op {
	return Op{Verb: Delete, Item: Item{Key: key}, If: cond}
}

// CheckIf returns the op that only requires cond of key.
func CheckIf(key Key, cond Condition) Op { return Op{Verb: Check, Item: Item{Key: key}, If: cond} }

// Token makes a transaction idempotent: the same token with the same ops within ten minutes has one effect and one answer. 128 random
// bits as text, 1 to 36 bytes; the empty token lets the backend draw one per call.
type Token string

// Query asks for the items of one partition in order of their sort keys.
type Query struct {
	Table  Table
	PK     string
	From   string // first sort key wanted; "" from the start
	Before string // first sort key no longer wanted; "" to the end
	Index  Index  // "" reads the table itself, strongly; else PK is the index partition and From/Before bound its order attribute (decimal for Int)
	Desc   bool
	Limit  int    // most items of one page; 0 lets the backend choose
	Cursor string // Page.Next of the page before, "" for the first; opaque, valid only for the same query
	// KeysOnly asks for keys and attributes without bodies where the backend can leave them out.
	KeysOnly bool
}

// Page is one page of an answer. Next is "" on the last page; a page may be empty and still have a Next.
type Page struct {
	Items []Item
	Next  string
}

// Store keeps items durably. All methods are safe for concurrent use, honour ctx, and retry within themselves what is safe to retry.
// When a call returns nil the effect is on stable storage and seen by every later Get, GetMany and table Query (strong reads); index
// queries may lag.
type Store interface {
	// Get returns the item at key, or ErrNotFound.
	Get(ctx context.Context, key Key) (Item, error)
	// GetMany returns the items at up to 100 distinct keys, in the order of keys, leaving out absent ones. Each is read strongly, but the
	// set is not one snapshot.
	GetMany(ctx context.Context, keys []Key) ([]Item, error)
	// Query returns one page of a partition or of an index partition. Index items carry their key and the two attributes of the index only.
	Query(ctx context.Context, q Query) (Page, error)
	// Transact applies ops together or not at all: 1 to 100 ops on distinct keys, at most 4 MiB. A failed condition is a *ConditionError
	// and nothing has changed. ErrUnknownOutcome means it may have happened or may yet happen; repeating the call with the same token
	// within ten minutes is safe and finds out. Any other error means that nothing has changed.
	Transact(ctx context.Context, token Token, ops ...Op) error
}

// Scanner reads whole tables, for fsck and migration. No function holds it.
type Scanner interface {
	// Scan returns a page of segment (0 ≤ segment < of) of table, in undefined order; cursor is as in Query.
	Scan(ctx context.Context, table Table, segment, of int, cursor string) (Page, error)
}

// Sentinels of the contract. Backends wrap them with the failed act.
var (
	ErrNotFound       = errors.New("item not found")
	ErrCondition      = errors.New("condition failed")
	ErrConflict       = errors.New("item is being written by another transaction")
	ErrUnknownOutcome = retry.Later("outcome of the write is unknown", 2)
	ErrUnavailable    = retry.Later("store unavailable", 2) // the backend did not answer and was asked again; nothing has changed
	ErrThrottled      = retry.Later("store throttled", 2)   // the backend takes no more for now and has tried again; nothing has changed
	ErrTooLarge       = errors.New("item or transaction too large")
	ErrUnconditional  = errors.New("write without a condition")
	ErrTokenReused    = errors.New("idempotency token reused with other operations")
	ErrNotGranted     = errors.New("store access not granted to this function")
	ErrCursor         = errors.New("malformed cursor")
)

// ConditionError says which ops of a transaction failed their condition. It wraps ErrCondition.
type ConditionError struct {
	// Failed holds the indexes of the ops whose condition failed, ascending; at least one. Backends may stop at the first.
	Failed []int
}

// Error names the failed ops by index.
func (e *ConditionError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%v of op %v", ErrCondition, e.Failed))
}

// Unwrap returns ErrCondition.
func (e *ConditionError) Unwrap() error { return ErrCondition }

// FailedOp reports whether err is a ConditionError that names op i.
func FailedOp(err error, i int) bool {
	var cond *ConditionError
	if !errors.As(err, &cond) {
		return false
	}
	for _, failed := range cond.Failed {
		if failed == i {
			return true
		}
	}
	return false
}

// All walks every page of q and calls visit for each item, until visit returns an error.
func All(ctx context.Context, s Store, q Query, visit func(Item) error) error {
	for {
		page, err := s.Query(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := visit(item); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Cursor = page.Next
	}
}
