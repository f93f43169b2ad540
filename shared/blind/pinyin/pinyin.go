// Package pinyin knows with which letters the readings of Chinese characters begin, and nothing else of them. Its table is generated
// from the dictionary of github.com/mozillazg/go-pinyin, which costs every process that links it 4 ms at start and 1.8 MB; the table
// is 30 KB and is looked at when it is first needed.
package pinyin

import (
	_ "embed"
	"sync"
)

//go:generate go run generate.go

// Characters that the table covers: CJK Extension A and the Unified Ideographs. Characters beyond have no letters.
const (
	First = rune(0x3400)
	Last  = rune(0x9FFF)
)

// table has, for each character from First to Last, the distinct first letters of its readings, the usual reading first, the last
// of them in upper case; a point stands for a character without reading.
//
//go:embed letters.txt
var table string

// starts returns where each character's letters begin in the table.
var starts = sync.OnceValue(func() []uint32 {
	offsets := make([]uint32, 0, Last-First+2)
	offsets = append(offsets, 0)
	for i := range len(table) {
		if c := table[i]; c < 'a' { // upper case or point
			offsets = append(offsets, uint32(i+1))
		}
	}
	return offsets
})

// Letters returns the distinct first letters (a to z) of the readings of a character, that of the usual reading first, or none.
func Letters(character rune) []byte {
	if character < First || character > Last {
		return nil
	}
	at := starts()[character-First:]
	letters := []byte(table[at[0]:at[1]])
	last := &letters[len(letters)-1]
	if *last == '.' {
		return nil
	}
	*last += 'a' - 'A'
	return letters
}
