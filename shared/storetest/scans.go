package storetest

import (
	"errors"
	"fmt"
	"strings"

	"kexin/shared/store"
)

var scanTests = map[string]func(*suite){"ScanReadsEachItemOnce": scanEachOnce}

// scanEachOnce runs on backends that scan: each item is in exactly one segment, over more than one page.
func scanEachOnce(s *suite) {
	scanner, ok := s.store.(store.Scanner)
	if !ok {
		s.Log("this store does not scan")
		return
	}
	for _, table := range []store.Table{store.Keys, store.Records} {
		for i := range 40 {
			s.write(store.PutIf(versioned(key(table, fmt.Sprint("CUS#", i), "S"), int64(i), strings.Repeat("x", 100<<10)), store.IfAbsent()))
		}
		seen := map[string]int{}
		pages := 0
		for segment := range 3 {
			pages += s.scanSegment(scanner, table, segment, 3, seen)
		}
		if len(seen) != 40 || pages < 4 {
			s.Errorf("%s: %d items in %d pages", table, len(seen), pages)
		}
		for pk, times := range seen {
			if times != 1 {
				s.Errorf("%s was read %d times", pk, times)
			}
		}
	}
	if _, err := scanner.Scan(s.ctx, store.Keys, 3, 3, ""); !errors.Is(err, store.ErrMalformed) {
		s.Errorf("segment that is none: %v", err)
	}
}

func (s *suite) scanSegment(scanner store.Scanner, table store.Table, segment, of int, seen map[string]int) int {
	s.Helper()
	cursor := ""
	for pages := 1; ; pages++ {
		page, err := scanner.Scan(s.ctx, table, segment, of, cursor)
		if err != nil {
			s.Fatal(err)
		}
		for _, item := range page.Items {
			seen[item.Key.PK]++
			if len(item.Body) != 100<<10 || fmt.Sprint("CUS#", item.Int(store.AttrVersion)) != item.Key.PK {
				s.Errorf("item %v was read wrong", item.Key)
			}
		}
		if page.Next == "" {
			return pages
		}
		if _, err := scanner.Scan(s.ctx, table, segment, of+1, page.Next); !errors.Is(err, store.ErrCursor) {
			s.Errorf("cursor of another scan: %v", err)
		}
		cursor = page.Next
	}
}
