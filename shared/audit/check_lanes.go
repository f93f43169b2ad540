package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kexin/shared/store"
)

// registrations checks that every lane of the log is registered as open or ended, as it is. Lanes that are registered only are open and
// empty so far.
func (c *checking) registrations(ctx context.Context) error {
	for _, prefix := range []string{prefixLanes, prefixEnded} {
		for shard := range Shards {
			query := store.Query{Table: store.Audit, PK: prefix + shardName(shard)}
			err := store.All(ctx, c.Store, query, func(item store.Item) error { return c.registration(item, prefix) })
			if err != nil {
				return fmt.Errorf("list audit lanes: %w", err)
			}
		}
	}
	for id, lane := range c.lanes {
		want := prefixLanes
		if lane.ended {
			want = prefixEnded
		}
		if lane.registered != want {
			c.found(FoundRegistration, id.String())
		}
	}
	return nil
}

func (c *checking) registration(item store.Item, prefix string) error {
	start, err := newCursor(item)
	if err != nil || item.Key != laneRow(prefix, start.id) {
		c.found(FoundRegistration, item.Key.String())
		return nil
	}
	id := start.id
	lane := c.lanes[id]
	if lane == nil {
		lane = &checkedLane{}
		c.lanes[id] = lane
	}
	if lane.registered != "" {
		c.found(FoundRegistration, item.Key.String())
	}
	lane.registered = prefix
	return nil
}

// strays looks through the whole table for entries of lanes that nobody would read: registered nowhere and not in the log.
func (c *checking) strays(ctx context.Context) error {
	if c.Scanner == nil {
		return nil
	}
	strays := map[string]bool{}
	for cursor := ""; ; {
		page, err := c.Scanner.Scan(ctx, store.Audit, 0, 1, cursor)
		if err != nil {
			return fmt.Errorf("scan audit table: %w", err)
		}
		for _, item := range page.Items {
			if !strings.HasPrefix(item.Key.PK, prefixLane) || strays[item.Key.PK] {
				continue
			}
			position, err := parseEntryKey(item.Key)
			if err != nil || c.lanes[position.LaneID()] == nil {
				strays[item.Key.PK] = true
				c.found(FoundRegistration, item.Key.PK)
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// extents checks the rows that say where the entries of each lane lie, their chained digest, and the cursors.
func (c *checking) extents(ctx context.Context) error {
	var all []run
	for id, lane := range c.lanes {
		runs, err := c.laneExtents(ctx, id, lane)
		if err != nil {
			return err
		}
		all = append(all, runs...)
		if err := c.cursor(ctx, id, lane); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b run) int { return int(a.Leaf - b.Leaf) })
	var digest Digest
	for _, sealed := range all {
		digest = chain(digest, sealed)
	}
	last := all[max(0, len(all)-len(c.state.Runs)):]
	if digest != c.state.Extents || !slices.Equal(last, c.state.Runs) || len(last) > 0 && last[0].Leaf != c.state.Before {
		c.found(FoundExtent, logKey(keyState).String())
	}
	return nil
}

// laneExtents reads the extents of a lane; together they must cover what the log holds of it.
func (c *checking) laneExtents(ctx context.Context, id LaneID, lane *checkedLane) ([]run, error) {
	var runs []run
	next := uint64(0)
	err := store.All(ctx, c.Store, store.Query{Table: store.Audit, PK: prefixSealed + id.String()}, func(item store.Item) error {
		sealed, err := parseSealed(item)
		if err != nil || sealed.First != next || !lane.holds(sealed) {
			c.found(FoundExtent, item.Key.String())
			return nil
		}
		next = sealed.First + uint64(sealed.Count)
		runs = append(runs, sealed)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read extents of lane: %w", err)
	}
	if next != lane.next {
		c.found(FoundExtent, id.String())
	}
	return runs, nil
}

// holds reports whether the log has the entries of sealed where it says.
func (l *checkedLane) holds(sealed run) bool {
	for _, have := range l.runs {
		offset := sealed.Leaf - have.Leaf
		if offset >= 0 && offset+sealed.Count <= have.Count && sealed.First == have.First+uint64(offset) {
			return true
		}
	}
	return false
}

// cursor compares the cursor of a lane with the log.
func (c *checking) cursor(ctx context.Context, id LaneID, lane *checkedLane) error {
	var have cursor
	_, found, err := fetch(ctx, c.Store, cursorKey(id), &have)
	if err != nil {
		return err
	}
	if found != (lane.next > 0) || have.Next != lane.next || have.Prev != lane.prev {
		c.found(FoundCursor, id.String())
	}
	return nil
}

// tails follows what the lanes hold beyond the log.
func (c *checking) tails(ctx context.Context) error {
	ids := make([]LaneID, 0, len(c.lanes))
	for id := range c.lanes {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b LaneID) int { return strings.Compare(a.String(), b.String()) })
	for _, id := range ids {
		lane := c.lanes[id]
		at := &cursor{Next: lane.next, Prev: lane.prev, id: id, ended: lane.ended}
		query := store.Query{Table: store.Audit, PK: prefixLane + id.String(), From: seqText(lane.next)}
		err := store.All(ctx, c.Store, query, func(item store.Item) error {
			if at.alarm == nil {
				at.alarm = at.advance(item, c.Deployment)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read audit lane: %w", err)
		}
		if at.alarm != nil {
			c.found(FoundLane, at.alarm.String())
		}
	}
	return nil
}
