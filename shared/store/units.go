package store

import "strconv"

// The rules are those that AWS publishes for DynamoDB ("Item sizes and formats", "Read and write operations"): an item's size is the
// bytes of its attribute names and values; a write costs one unit for each started KiB, twice that in a transaction; a strong read one
// unit for each started 4 KiB, an eventual one half of it; an index is written apart, in units of its own rows.

// Names of the attributes that hold an item's key and body in DynamoDB.
const (
	attrPK   = "pk"
	attrSK   = "sk"
	attrBody = "b"
)

const (
	writeUnit = 1 << 10
	readUnit  = 4 << 10
)

// Size returns the size of item in DynamoDB in bytes.
func Size(item Item) int {
	size := len(attrPK) + len(item.Key.PK) + len(attrSK) + len(item.Key.SK)
	if len(item.Body) > 0 {
		size += len(attrBody) + len(item.Body)
	}
	for name, attr := range item.Attrs {
		size += len(name) + attrSize(attr)
	}
	return size
}

func attrSize(attr Attr) int {
	if attr.IsInt {
		return numberSize(attr.Int)
	}
	return len(attr.Str)
}

// numberSize is one byte for every two significant digits, counted in pairs from the decimal point, and one more; a sign is a byte.
// Zeros at the ends are not stored. AWS calls the rule approximate.
func numberSize(n int64) int {
	digits := strconv.FormatInt(n, 10)
	sign := 0
	if n < 0 {
		digits, sign = digits[1:], 1
	}
	if n == 0 {
		return 1
	}
	pairs := (len(digits) + 1) / 2
	for end := len(digits); end >= 2 && digits[end-2:end] == "00"; end -= 2 {
		pairs--
	}
	return pairs + 1 + sign
}

// Cost is what a transaction costs in write units: of the tables and, apart, of their indexes.
type Cost struct {
	Base, Index int
}

// Plus returns the sum of c and d.
func (c Cost) Plus(d Cost) Cost { return Cost{c.Base + d.Base, c.Index + d.Index} }

// Transactional reports whether ops with token are written as a DynamoDB transaction, at twice the units. A single put or delete
// without a token is a plain conditional write.
func Transactional(token Token, ops []Op) bool {
	return token != "" || len(ops) != 1 || ops[0].Verb == Check
}

// WriteUnits returns the cost of ops; current[i] is the item at the key of ops[i] before them, nil when there is none.
func WriteUnits(token Token, ops []Op, current []*Item) Cost {
	factor := 1
	if Transactional(token, ops) {
		factor = 2
	}
	var total Cost
	for i, op := range ops {
		cost := OpUnits(op, current[i])
		cost.Base *= factor
		total = total.Plus(cost)
	}
	return total
}

// OpUnits returns the cost of op outside a transaction: for a put the larger of old and new item counts, for a deletion and a check
// the old one, always at least one unit.
func OpUnits(op Op, current *Item) Cost {
	size := 0
	if current != nil {
		size = Size(*current)
	}
	var next *Item
	if op.Verb == Put {
		next = &op.Item
		size = max(size, Size(op.Item))
	}
	if op.Verb == Check {
		return Cost{Base: started(size, writeUnit)}
	}
	return Cost{Base: started(size, writeUnit), Index: indexUnits(op.Item.Key.Table, current, next)}
}

func started(size, unit int) int { return max(1, (size+unit-1)/unit) }

// indexUnits counts the rows that a write puts into and takes out of the indexes of table. An unchanged row costs nothing, because
// indexes hold only keys and their own two attributes.
func indexUnits(table Table, before, after *Item) int {
	units := 0
	for _, index := range []Index{ByDepartment, ByCustomer} {
		if covered, _, _ := IndexAttrs(index); covered != table {
			continue
		}
		out, in := IndexRow(index, before), IndexRow(index, after)
		if out != nil && in != nil && out.sameRow(*in) {
			continue
		}
		for _, row := range []*Item{out, in} {
			if row != nil {
				units += started(Size(*row), writeUnit)
			}
		}
	}
	return units
}

func (i Item) sameRow(other Item) bool {
	for name, attr := range i.Attrs {
		if other.Attrs[name] != attr {
			return false
		}
	}
	return true
}

// IndexRow returns what index holds of item: its key and the index's two attributes; nil when item is nil or lacks one of them.
func IndexRow(index Index, item *Item) *Item {
	if item == nil {
		return nil
	}
	_, partition, order := IndexAttrs(index)
	p, hasPartition := item.Attrs[partition]
	o, hasOrder := item.Attrs[order]
	if !hasPartition || !hasOrder {
		return nil
	}
	return &Item{Key: item.Key, Attrs: map[string]Attr{partition: p, order: o}}
}

// ReadUnits returns the cost of reading size bytes at once: of one item, or of all items of a page together. Reading an absent item
// costs as much as reading a small one.
func ReadUnits(size int, strong bool) float64 {
	units := float64(started(size, readUnit))
	if !strong {
		units /= 2
	}
	return units
}
