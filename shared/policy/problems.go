package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file of a pack. Line is 1 or more; a problem of a whole file or folder has line 1.
type Pos struct {
	File string
	Line int
}

// Problem is one thing that keeps a pack from compiling: where it is, what is wrong, what to do.
type Problem struct {
	Pos
	Text string
}

// String returns "file:line: text".
func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// Problems is the error of Load: everything that is wrong with a pack at once, sorted by file, line and text.
type Problems struct{ List []Problem }

// Error returns one problem a line.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, problem := range p.List {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// add notes a problem at pos.
func (p *Problems) add(pos Pos, format string, args ...any) {
	if pos.Line < 1 {
		pos.Line = 1
	}
	p.List = append(p.List, Problem{pos, fmt.Sprintf(format, args...)})
}

// err returns the sorted problems, or nil when there are none.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	slices.SortFunc(p.List, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	p.List = slices.Compact(p.List)
	return p
}
