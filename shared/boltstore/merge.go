package boltstore

import (
	"bytes"

	bolt "go.etcd.io/bbolt"
)

// found is a row of a source: a nil value says that the row was deleted.
type found struct{ row, value []byte }

// source yields rows in one direction.
type source interface {
	// peek returns the row at which the source stands; its row is nil at the end.
	peek() found
	// advance goes on to the next.
	advance()
}

// merge yields the rows of several sources, the newest first: of equal rows the first source wins, and deleted rows are left out.
type merge struct {
	sources []source
	desc    bool
}

// merged returns the rows of a bucket within a span.
func (v *view) merged(bucket bucketID, rows span, desc bool) *merge {
	m := &merge{desc: desc}
	if v.active != nil {
		m.sources = append(m.sources, newActiveSource(v, bucket, rows, desc))
	}
	if v.frozen != nil && len(v.frozen.entries) > 0 {
		m.sources = append(m.sources, newOverlaySource(v.frozen, bucket, rows, desc))
	}
	m.sources = append(m.sources, newTreeSource(v.trees.buckets[bucket].Cursor(), rows, desc))
	return m
}

// next returns the next row, nil at the end.
func (m *merge) next() (row, value []byte) {
	for {
		best := m.take()
		if best.row == nil || best.value != nil {
			return best.row, best.value
		}
	}
}

// take returns the next row, deleted ones too, and moves every source past it.
func (m *merge) take() found {
	var best found
	for _, s := range m.sources {
		if f := s.peek(); f.row != nil && (best.row == nil || m.earlier(f.row, best.row)) {
			best = f
		}
	}
	if best.row == nil {
		return found{}
	}
	for _, s := range m.sources {
		if f := s.peek(); f.row != nil && bytes.Equal(f.row, best.row) {
			s.advance()
		}
	}
	return best
}

func (m *merge) earlier(a, b []byte) bool {
	c := bytes.Compare(a, b)
	return c < 0 && !m.desc || c > 0 && m.desc
}

// overlaySource reads an overlay that does not change meanwhile.
type overlaySource struct {
	overlay *overlay
	cursor  idCursor
	bucket  bucketID
	rows    span
	desc    bool
}

func newOverlaySource(o *overlay, bucket bucketID, rows span, desc bool) *overlaySource {
	s := &overlaySource{overlay: o, bucket: bucket, rows: rows, desc: desc}
	if desc {
		s.cursor = o.order.before(bucket, rows.before)
	} else {
		s.cursor = o.order.seek(bucket, rows.from)
	}
	return s
}

func (s *overlaySource) peek() found {
	id, ok := s.cursor.id()
	if !ok || s.overlay.entries[id].bucket != s.bucket {
		return found{}
	}
	row := s.overlay.rowOf(id)
	if !s.rows.holds(row) {
		return found{}
	}
	return found{row, s.overlay.valueOf(id)}
}

func (s *overlaySource) advance() { s.cursor.step(s.desc) }

// activeSource reads the active overlay, some rows at a time, holding the gate only for moments.
type activeSource struct {
	view   *view
	bucket bucketID
	rows   span // what has not been taken yet
	desc   bool
	taken  []found
	at     int
	last   bool // nothing follows taken
}

// activeRows is how many rows are taken at once.
const activeRows = 256

func newActiveSource(v *view, bucket bucketID, rows span, desc bool) *activeSource {
	s := &activeSource{view: v, bucket: bucket, rows: rows, desc: desc}
	s.fill()
	return s
}

func (s *activeSource) fill() {
	s.taken, s.at = s.taken[:0], 0
	s.view.gate.RLock()
	defer s.view.gate.RUnlock()
	from := newOverlaySource(s.view.active, s.bucket, s.rows, s.desc)
	for f := from.peek(); f.row != nil; f = from.peek() {
		if len(s.taken) == activeRows {
			s.continueAfter(s.taken[activeRows-1].row)
			return
		}
		s.taken = append(s.taken, f)
		from.advance()
	}
	s.last = true
}

func (s *activeSource) continueAfter(row []byte) {
	if s.desc {
		s.rows.before = row
	} else {
		s.rows.from = append(bytes.Clone(row), 0)
	}
}

func (s *activeSource) peek() found {
	if s.at == len(s.taken) && !s.last {
		s.fill()
	}
	if s.at == len(s.taken) {
		return found{}
	}
	return s.taken[s.at]
}

func (s *activeSource) advance() { s.at++ }

// treeSource reads a bucket of a file.
type treeSource struct {
	cursor *bolt.Cursor
	rows   span
	desc   bool
	at     found
}

func newTreeSource(cursor *bolt.Cursor, rows span, desc bool) *treeSource {
	s := &treeSource{cursor: cursor, rows: rows, desc: desc}
	switch {
	case !desc:
		s.stand(cursor.Seek(rows.from))
	default:
		if row, _ := cursor.Seek(rows.before); row == nil {
			s.stand(cursor.Last())
		} else {
			s.stand(cursor.Prev())
		}
	}
	return s
}

func (s *treeSource) stand(row, value []byte) {
	s.at = found{}
	if row != nil && s.rows.holds(row) {
		if value == nil {
			value = []byte{} // a row of an index
		}
		s.at = found{row, value}
	}
}

func (s *treeSource) peek() found { return s.at }

func (s *treeSource) advance() {
	if s.desc {
		s.stand(s.cursor.Prev())
	} else {
		s.stand(s.cursor.Next())
	}
}
