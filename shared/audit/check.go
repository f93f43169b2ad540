package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/objects"
	"kexin/shared/store"
)

// Names of findings.
const (
	FoundCheckpoint   = "checkpoint"   // the latest checkpoint does not verify, or is not the stored object
	FoundUnfinished   = "unfinished"   // the last commit is not signed yet; the next run of the sealer does it
	FoundObject       = "object"       // a bundle or tile is missing or not what the entries make it
	FoundRoot         = "root"         // the entries do not have the root that the checkpoint signs
	FoundEntry        = "entry"        // an entry of the log is malformed or out of the order of its lane
	FoundRow          = "row"          // the row of a sealed entry is missing or differs from the log
	FoundExtent       = "extent"       // the rows that say where entries lie are missing or wrong
	FoundCursor       = "cursor"       // a cursor does not say what the log says
	FoundRegistration = "registration" // a lane of the log is registered nowhere, or in the wrong place
	FoundLane         = "lane"         // the unsealed end of a lane has a gap, a fork or a foreign row
)

// Finding is one thing that is not as it should be. Where holds names of rows, lanes or objects only.
type Finding struct {
	Name  string
	Where string
}

// String returns name and place.
func (f Finding) String() string { return f.Name + ": " + f.Where }

// Check reads the whole log and everything that it was made of, and returns what does not fit. It changes nothing. Memory grows with
// the number of lanes and runs, not with that of entries. The error is for what could not be read for another reason than being absent
// or altered.
func (s *Sealer) Check(ctx context.Context) ([]Finding, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	c := &checking{Sealer: s, lanes: map[LaneID]*checkedLane{}}
	err := c.run(ctx)
	return c.findings, err
}

// checking is one check.
type checking struct {
	*Sealer
	state    state
	latest   signed
	size     int64                   // entries that are published: up to the last commit, or with it when it is signed
	signed   Digest                  // root of the log at the size of the checkpoint
	leaves   int64                   // entries seen so far
	lanes    map[LaneID]*checkedLane // what the log says of each lane
	levels   [][]byte                // hashes of the unfinished tile of each level
	counts   []int64                 // finished tiles of each level
	findings []Finding
}

// checkedLane is what the entries of the log say of a lane.
type checkedLane struct {
	next       uint64
	prev       Digest
	ended      bool
	runs       []run // merged where they touch
	registered string
}

func (c *checking) found(name, where string) { c.findings = append(c.findings, Finding{name, where}) }

func (c *checking) run(ctx context.Context) (err error) {
	if c.state, err = loadState(ctx, c.Store); err != nil {
		return err
	}
	if c.latest, err = loadCheckpoint(ctx, c.Store); err != nil {
		return err
	}
	if c.size = c.state.Size; c.latest.Size != c.state.Size {
		c.size = c.state.Before // every commit publishes the one before it first
		c.found(FoundUnfinished, fmt.Sprintf("size %d, signed %d", c.state.Size, c.latest.Size))
	}
	for _, step := range []func(context.Context) error{c.entries, c.checkpoint, c.pending, c.registrations, c.strays, c.extents, c.tails} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// entries walks the published log bundle by bundle.
func (c *checking) entries(ctx context.Context) error {
	for n := int64(0); n*tileWidth < c.size; n++ {
		path := bundlePath(n, bundleWidth(n, c.size))
		bundle, err := c.object(ctx, path)
		if err != nil {
			return err
		}
		entries, err := splitBundle(bundle)
		if err != nil || len(entries) != bundleWidth(n, c.size) {
			c.found(FoundObject, path)
			return nil
		}
		if err := c.bundle(ctx, n*tileWidth, entries); err != nil {
			return err
		}
	}
	for level := range c.levels {
		if len(c.levels[level]) > 0 {
			width := len(c.levels[level]) / tlog.HashSize
			if err := c.tile(ctx, tlog.Tile{H: tileHeight, L: level, N: c.counts[level], W: width}, c.levels[level]); err != nil {
				return err
			}
		}
	}
	return nil
}

// object reads an object; a missing or corrupt one is a finding and nil.
func (c *checking) object(ctx context.Context, path string) ([]byte, error) {
	data, err := readObject(ctx, c.Objects, path)
	if errors.Is(err, objects.ErrNotFound) || errors.Is(err, objects.ErrCorrupt) {
		c.found(FoundObject, path)
		return nil, nil
	}
	return data, err
}

// bundle checks the entries from leaf first on against their lanes and rows, and adds their hashes to the tiles.
func (c *checking) bundle(ctx context.Context, first int64, entries [][]byte) error {
	rows := make([]store.Key, 0, len(entries))
	want := make(map[store.Key][]byte, len(entries))
	for i, data := range entries {
		position, ok := c.follow(first+int64(i), data)
		if !ok {
			c.found(FoundEntry, fmt.Sprintf("leaf %d", first+int64(i)))
		} else if key := entryKey(position); want[key] == nil {
			rows = append(rows, key)
			want[key] = data
		}
		if err := c.leaf(ctx, tlog.RecordHash(data)); err != nil {
			return err
		}
		c.compareRoots()
	}
	return c.rows(ctx, rows, want)
}

// compareRoots notes or compares the root of the log where one is stated for the leaves seen so far.
func (c *checking) compareRoots() {
	c.leaves++
	if c.leaves == c.latest.Size {
		c.signed = c.root()
	}
	if c.leaves == c.state.Before && c.root() != c.state.BeforeRoot {
		c.found(FoundRoot, logKey(keyState).String())
	}
}

// follow moves the lane of an entry past it.
func (c *checking) follow(leaf int64, data []byte) (Position, bool) {
	e, err := entry.Parse(data)
	if err != nil || e.Deployment != c.Deployment {
		return Position{}, false
	}
	lane := c.lanes[e.Position().LaneID()]
	if lane == nil {
		lane = &checkedLane{}
		c.lanes[e.Position().LaneID()] = lane
	}
	ok := e.Seq == lane.next && e.Prev == lane.prev && !lane.ended
	lane.next, lane.prev, lane.ended = e.Seq+1, entry.Hash(data), lane.ended || e.Verdict == Terminator
	if last := len(lane.runs) - 1; last >= 0 && lane.runs[last].Leaf+lane.runs[last].Count == leaf {
		lane.runs[last].Count++
	} else {
		lane.runs = append(lane.runs, run{First: e.Seq, Leaf: leaf, Count: 1})
	}
	return e.Position(), ok
}

// rows compares the rows of entries with the log.
func (c *checking) rows(ctx context.Context, keys []store.Key, want map[store.Key][]byte) error {
	for chunk := range slices.Chunk(keys, 100) {
		items, err := c.Store.GetMany(ctx, chunk)
		if err != nil {
			return fmt.Errorf("read rows of sealed entries: %w", err)
		}
		for _, item := range items {
			if bytes.Equal(item.Body, want[item.Key]) {
				delete(want, item.Key)
			}
		}
	}
	for _, key := range keys {
		if want[key] != nil {
			c.found(FoundRow, key.String())
		}
	}
	return nil
}

// leaf adds a hash to the tile of level 0, and the hash of each tile that is full to the level above.
func (c *checking) leaf(ctx context.Context, hash tlog.Hash) error {
	for level := 0; ; level++ {
		if level == len(c.levels) {
			c.levels, c.counts = append(c.levels, nil), append(c.counts, 0)
		}
		c.levels[level] = append(c.levels[level], hash[:]...)
		if len(c.levels[level]) < tileWidth*tlog.HashSize {
			return nil
		}
		full := tlog.Tile{H: tileHeight, L: level, N: c.counts[level], W: tileWidth}
		if err := c.tile(ctx, full, c.levels[level]); err != nil {
			return err
		}
		hash = rootOf(c.levels[level])
		c.levels[level], c.counts[level] = c.levels[level][:0], c.counts[level]+1
	}
}

// tile compares a stored tile with its hashes.
func (c *checking) tile(ctx context.Context, tile tlog.Tile, want []byte) error {
	have, err := c.object(ctx, tilePath(tile))
	if err != nil {
		return err
	}
	if have != nil && !bytes.Equal(have, want) {
		c.found(FoundObject, tilePath(tile))
	}
	return nil
}

// rootOf returns the Merkle root of the hashes of a tile, full or not.
func rootOf(hashes []byte) tlog.Hash {
	if len(hashes) == tlog.HashSize {
		return tlog.Hash(hashes)
	}
	half := tlog.HashSize
	for half*2 < len(hashes) {
		half *= 2
	}
	return tlog.NodeHash(rootOf(hashes[:half]), rootOf(hashes[half:]))
}

// root returns the Merkle root of all leaves so far: the unfinished tiles from the highest level down are its right edge.
func (c *checking) root() Digest {
	var root tlog.Hash
	seen := false
	for level := range c.levels {
		hashes := c.levels[level]
		if seen {
			hashes = append(slices.Clone(hashes), root[:]...)
		}
		if len(hashes) > 0 {
			root, seen = rootOf(hashes), true
		}
	}
	if !seen {
		hash, _ := tlog.TreeHash(0, nil)
		return Digest(hash)
	}
	return Digest(root)
}

// checkpoint checks signature, object and root of the latest checkpoint.
func (c *checking) checkpoint(ctx context.Context) error {
	if c.latest.Size == 0 {
		return nil
	}
	public, err := c.publicKeys(ctx)
	if err != nil {
		return err
	}
	checkpoint, err := evidence.VerifyCheckpoint(public, []byte(c.latest.Note))
	if err != nil || checkpoint.Size != c.latest.Size {
		c.found(FoundCheckpoint, logKey(keyCheckpoint).String())
		return nil
	}
	stored, err := c.object(ctx, checkpointPath(c.latest.Size))
	if err != nil {
		return err
	}
	if stored != nil && string(stored) != c.latest.Note {
		c.found(FoundCheckpoint, checkpointPath(c.latest.Size))
	}
	if checkpoint.Root != c.signed || c.state.Size == c.latest.Size && c.state.Root != checkpoint.Root {
		c.found(FoundRoot, checkpointPath(c.latest.Size))
	}
	return nil
}

// pending follows the entries of the last commit where they are not signed, so that what comes after can be checked all the same.
func (c *checking) pending(ctx context.Context) error {
	leaf := c.state.Before
	for _, sealed := range c.state.Runs {
		err := readRun(ctx, c.Store, sealed, func(item store.Item) error {
			if leaf >= c.size {
				if _, ok := c.follow(leaf, item.Body); !ok {
					c.found(FoundEntry, fmt.Sprintf("leaf %d", leaf))
				}
			}
			leaf++
			return nil
		})
		if err != nil {
			return err
		}
	}
	if leaf != c.state.Size {
		c.found(FoundRow, fmt.Sprintf("leaves %d to %d", leaf, c.state.Size))
	}
	return nil
}
