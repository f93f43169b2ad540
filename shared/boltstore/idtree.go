package boltstore

import (
	"cmp"
	"encoding/binary"
)

// idTree is a B+ tree of the numbers of an overlay's entries in the order of their rows. Nothing is ever removed from it: a deleted row
// is an entry too. Nodes name each other by number, so the garbage collector finds no pointers in them.
type idTree struct {
	overlay *overlay
	leaves  []leaf
	inners  []inner
	root    int32
	height  int // levels of inner nodes above the leaves
}

const fanOut = 64

// head is a bucket and the first bytes of a row, zeros behind short ones. Rows of different heads are in the order of their heads, so
// that most comparisons need not look for the row itself, which is elsewhere in memory.
type head struct{ high, low uint64 }

const headSize = 15

func headOf(bucket bucketID, row []byte) head {
	var raw [1 + headSize]byte
	raw[0] = byte(bucket)
	copy(raw[1:], row)
	return head{binary.BigEndian.Uint64(raw[:]), binary.BigEndian.Uint64(raw[8:])}
}

func (h head) compare(other head) int {
	if h.high != other.high {
		return cmp.Compare(h.high, other.high)
	}
	return cmp.Compare(h.low, other.low)
}

// probe is a row that is looked for.
type probe struct {
	head
	bucket bucketID
	row    []byte
}

func probeFor(bucket bucketID, row []byte) probe { return probe{headOf(bucket, row), bucket, row} }

type leaf struct {
	n          int32
	prev, next int32 // neighbours, -1 for none
	ids        [fanOut]uint32
	heads      [fanOut]head
}

// inner has n kids; least[i] is an entry that is no greater than any below kid i and greater than all below kid i-1. In a leftmost node
// least[0] means nothing; nobody looks at it.
type inner struct {
	n     int32
	kids  [fanOut]int32
	least [fanOut]uint32
	heads [fanOut]head // of least
}

// insertAt puts v at place of list, whose last element is free.
func insertAt[T any](list []T, place int32, v T) {
	copy(list[place+1:], list[place:])
	list[place] = v
}

// insert adds an entry whose row is not in the tree.
func (t *idTree) insert(id uint32) {
	p := probeFor(t.overlay.entries[id].bucket, t.overlay.rowOf(id))
	if len(t.leaves) == 0 {
		t.leaves = append(t.leaves, leaf{n: 1, prev: -1, next: -1, ids: [fanOut]uint32{id}, heads: [fanOut]head{p.head}})
		return
	}
	s := t.insertBelow(t.root, t.height, id, p)
	if s.right < 0 {
		return
	}
	top := inner{n: 2}
	top.kids[0], top.kids[1], top.least[1], top.heads[1] = t.root, s.right, s.least, s.head
	t.inners = append(t.inners, top)
	t.root, t.height = int32(len(t.inners)-1), t.height+1
}

// split is the new right half of a node, with its least entry; right is -1 when the node was not split.
type split struct {
	right int32
	least uint32
	head  head
}

var unsplit = split{right: -1}

// insertBelow adds id below node.
func (t *idTree) insertBelow(node int32, height int, id uint32, p probe) split {
	if height == 0 {
		return t.insertLeaf(node, id, p)
	}
	kid := t.kidOf(&t.inners[node], p)
	s := t.insertBelow(t.inners[node].kids[kid], height-1, id, p)
	if s.right < 0 {
		return unsplit
	}
	return t.insertKid(node, kid+1, s)
}

// compare orders an entry with its head against a row.
func (t *idTree) compare(h head, id uint32, p *probe) int {
	if c := h.compare(p.head); c != 0 {
		return c
	}
	return t.overlay.compare(id, p.bucket, p.row)
}

// kidOf returns which kid a row belongs to.
func (t *idTree) kidOf(n *inner, p probe) int32 {
	low, high := int32(1), n.n
	for low < high {
		middle := (low + high) / 2
		if t.compare(n.heads[middle], n.least[middle], &p) <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low - 1
}

// placeOf returns the first position in a leaf whose row is at or after the given one.
func (t *idTree) placeOf(l *leaf, p probe) int32 {
	low, high := int32(0), l.n
	for low < high {
		middle := (low + high) / 2
		if t.compare(l.heads[middle], l.ids[middle], &p) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

func (t *idTree) insertLeaf(node int32, id uint32, p probe) split {
	l := &t.leaves[node]
	place := t.placeOf(l, p)
	if l.n < fanOut {
		insertAt(l.ids[:l.n+1], place, id)
		insertAt(l.heads[:l.n+1], place, p.head)
		l.n++
		return unsplit
	}
	right := t.splitLeaf(node, place)
	if place <= t.leaves[node].n {
		t.insertLeaf(node, id, p)
	} else {
		t.insertLeaf(right, id, p)
	}
	return split{right, t.leaves[right].ids[0], t.leaves[right].heads[0]}
}

// splitLeaf moves the upper half of a leaf into a new one; only the last entry when rows come in ascending order.
func (t *idTree) splitLeaf(node, place int32) int32 {
	keep := int32(fanOut / 2)
	if place == fanOut {
		keep = fanOut - 1
	}
	right := int32(len(t.leaves))
	t.leaves = append(t.leaves, leaf{n: fanOut - keep, prev: node, next: t.leaves[node].next})
	l, r := &t.leaves[node], &t.leaves[right]
	copy(r.ids[:], l.ids[keep:])
	copy(r.heads[:], l.heads[keep:])
	l.n, l.next = keep, right
	if r.next >= 0 {
		t.leaves[r.next].prev = right
	}
	return right
}

func (t *idTree) insertKid(node, place int32, s split) split {
	n := &t.inners[node]
	if n.n < fanOut {
		insertAt(n.kids[:n.n+1], place, s.right)
		insertAt(n.least[:n.n+1], place, s.least)
		insertAt(n.heads[:n.n+1], place, s.head)
		n.n++
		return unsplit
	}
	const keep = fanOut / 2
	right := int32(len(t.inners))
	t.inners = append(t.inners, inner{n: fanOut - keep})
	n, r := &t.inners[node], &t.inners[right]
	copy(r.kids[:], n.kids[keep:])
	copy(r.least[:], n.least[keep:])
	copy(r.heads[:], n.heads[keep:])
	n.n = keep
	if place <= keep {
		t.insertKid(node, place, s)
	} else {
		t.insertKid(right, place-keep, s)
	}
	return split{right, t.inners[right].least[0], t.inners[right].heads[0]}
}

// idCursor stands at an entry of a tree.
type idCursor struct {
	tree  *idTree
	leaf  int32 // -1: past an end
	place int32
}

// seek returns a cursor at the first entry at or after a row.
func (t *idTree) seek(bucket bucketID, row []byte) idCursor {
	if len(t.leaves) == 0 {
		return idCursor{t, -1, 0}
	}
	node, p := t.root, probeFor(bucket, row)
	for range t.height {
		n := &t.inners[node]
		node = n.kids[t.kidOf(n, p)]
	}
	c := idCursor{t, node, t.placeOf(&t.leaves[node], p)}
	if c.place == t.leaves[node].n {
		c.leaf, c.place = t.leaves[node].next, 0
	}
	return c
}

// before returns a cursor at the last entry before a row.
func (t *idTree) before(bucket bucketID, row []byte) idCursor {
	c := t.seek(bucket, row)
	if c.leaf >= 0 {
		c.step(true)
		return c
	}
	return t.last()
}

func (t *idTree) last() idCursor {
	if len(t.leaves) == 0 {
		return idCursor{t, -1, 0}
	}
	node := t.root
	for range t.height {
		n := &t.inners[node]
		node = n.kids[n.n-1]
	}
	return idCursor{t, node, t.leaves[node].n - 1}
}

// id returns the entry at the cursor, and whether it stands at one.
func (c *idCursor) id() (uint32, bool) {
	if c.leaf < 0 {
		return 0, false
	}
	return c.tree.leaves[c.leaf].ids[c.place], true
}

// step moves to the neighbour, downwards when desc.
func (c *idCursor) step(desc bool) {
	l := &c.tree.leaves[c.leaf]
	if desc {
		if c.place--; c.place < 0 {
			if c.leaf = l.prev; c.leaf >= 0 {
				c.place = c.tree.leaves[c.leaf].n - 1
			}
		}
		return
	}
	if c.place++; c.place == l.n {
		c.leaf, c.place = l.next, 0
	}
}
