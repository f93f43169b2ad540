package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/objects"
)

// Objects of bucket Evidence, in the layout of c2sp.org/tlog-tiles under the prefix "log":
//
//	log/tile/<level>/<n>[.p/<width>]    hashes of 32 bytes
//	log/tile/entries/<n>[.p/<width>]    entries, each after its length in 16 bits, big-endian
//	log/checkpoint/<size>               signed note
//
// <n> is written in groups of three digits, all but the last after an x: x001/x234/067. Every size at which the log was committed has
// its partial tiles.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	logPrefix  = "log/"
)

func tilePath(t tlog.Tile) string {
	return logPrefix + "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
}

func bundlePath(n int64, width int) string {
	path := tilePath(tlog.Tile{H: tileHeight, L: -1, N: n, W: width})
	return strings.Replace(path, "/data/", "/entries/", 1)
}

func checkpointPath(size int64) string {
	return logPrefix + "checkpoint/" + strconv.FormatInt(size, 10)
}

// bundleWidth returns how many entries bundle n has in a log of size entries.
func bundleWidth(n, size int64) int { return int(min(size-n*tileWidth, tileWidth)) }

// put stores an immutable object. objects.ErrExists when the name is taken.
func (s *Sealer) put(ctx context.Context, path string, data []byte) error {
	options := objects.PutOptions{ContentType: "application/octet-stream"}
	if s.LockFor > 0 {
		options.LockUntil = s.Now().Add(s.LockFor)
	}
	if _, err := s.Objects.Put(ctx, evidenceName(path), bytes.NewReader(data), options); err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	return nil
}

// putSame stores an object that may already be there from a run before, with the same bytes.
func (s *Sealer) putSame(ctx context.Context, path string, data []byte) error {
	err := s.put(ctx, path, data)
	if !errors.Is(err, objects.ErrExists) {
		return err
	}
	have, err := readObject(ctx, s.Objects, path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, data) {
		return fmt.Errorf("%w: %s", ErrAltered, path)
	}
	return nil
}

func evidenceName(path string) objects.Name {
	return objects.Name{Bucket: objects.Evidence, Path: path}
}

// maxObject is the longest object of the log: a bundle of entries of the greatest length.
const maxObject = tileWidth * (1<<16 + 2)

func readObject(ctx context.Context, o objects.Objects, path string) ([]byte, error) {
	reader, _, err := o.Get(ctx, evidenceName(path), objects.Range{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxObject))
	if err = errors.Join(err, reader.Close()); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

// tileReader reads tiles for package tlog, which checks them against the root of the tree.
type tileReader struct {
	ctx     context.Context
	objects objects.Objects
	cache   map[string][]byte // by path; nil: none
}

// cachedTiles bounds the cache of one run: 256 tiles of 8 KiB.
const cachedTiles = 256

// Height returns the height of tiles.
func (t tileReader) Height() int { return tileHeight }

// SaveTiles keeps tiles that turned out right.
func (t tileReader) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	if t.cache == nil {
		return
	}
	if len(t.cache)+len(tiles) > cachedTiles {
		clear(t.cache)
	}
	for i, tile := range tiles {
		t.cache[tilePath(tile)] = data[i]
	}
}

// ReadTiles reads tiles from the cache or the bucket.
func (t tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := tilePath(tile)
		if data[i] = t.cache[path]; data[i] != nil {
			continue
		}
		var err error
		if data[i], err = readObject(t.ctx, t.objects, path); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// tree is a log that has grown from a published size: old hashes come from tiles, checked against the old root, new ones from memory.
type tree struct {
	from, to int64
	old      tlog.HashReader
	fresh    map[int64]tlog.Hash
}

// ReadHashes returns stored hashes by index.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	var missing []int64
	var places []int
	for i, index := range indexes {
		hash, ok := t.fresh[index]
		if !ok {
			missing, places = append(missing, index), append(places, i)
		}
		hashes[i] = hash
	}
	if len(missing) == 0 {
		return hashes, nil
	}
	old, err := t.old.ReadHashes(missing)
	if err != nil {
		return nil, fmt.Errorf("read hashes of log: %w", err)
	}
	for i, place := range places {
		hashes[place] = old[i]
	}
	return hashes, nil
}

// grow returns the tree of the log of size from and root, with entries appended.
func (r *sealing) grow(ctx context.Context, from int64, root Digest, entries [][]byte) (*tree, error) {
	reader := tileReader{ctx, r.Objects, r.tiles}
	t := &tree{
		from: from, to: from + int64(len(entries)), fresh: map[int64]tlog.Hash{},
		old: tlog.TileHashReader(tlog.Tree{N: from, Hash: tlog.Hash(root)}, reader),
	}
	for i, data := range entries {
		n := from + int64(i)
		hashes, err := tlog.StoredHashesForRecordHash(n, tlog.RecordHash(data), t)
		if err != nil {
			return nil, fmt.Errorf("hash entry of log: %w", err)
		}
		first := tlog.StoredHashIndex(0, n)
		for j, hash := range hashes {
			t.fresh[first+int64(j)] = hash
		}
	}
	return t, nil
}

// publish stores the bundles and tiles that the growth of t changed.
func (r *sealing) publish(ctx context.Context, t *tree, entries [][]byte) error {
	for n := t.from / tileWidth; n*tileWidth < t.to; n++ {
		bundle, err := r.bundle(ctx, t, n, entries)
		if err != nil {
			return err
		}
		if err := r.putSame(ctx, bundlePath(n, bundleWidth(n, t.to)), bundle); err != nil {
			return err
		}
	}
	for _, tile := range tlog.NewTiles(tileHeight, t.from, t.to) {
		data, err := tlog.ReadTileData(tile, t)
		if err != nil {
			return fmt.Errorf("compute tile of log: %w", err)
		}
		if err := r.putSame(ctx, tilePath(tile), data); err != nil {
			return err
		}
		tileReader{cache: r.tiles}.SaveTiles([]tlog.Tile{tile}, [][]byte{data})
	}
	return nil
}

// bundle returns entry bundle n: what is published of it already, checked against the tree, and then the new entries.
func (r *sealing) bundle(ctx context.Context, t *tree, n int64, entries [][]byte) ([]byte, error) {
	var bundle []byte
	next := n * tileWidth
	if next < t.from {
		old, err := readObject(ctx, r.Objects, bundlePath(n, int(t.from-next)))
		if err != nil {
			return nil, err
		}
		if err := t.checkBundle(n, old); err != nil {
			return nil, err
		}
		bundle, next = old, t.from
	}
	for ; next < t.to && next < (n+1)*tileWidth; next++ {
		data := entries[next-t.from]
		bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(data)))
		bundle = append(bundle, data...)
	}
	return bundle, nil
}

// checkBundle compares a published partial bundle with the leaves of the tree.
func (t *tree) checkBundle(n int64, bundle []byte) error {
	entries, err := splitBundle(bundle)
	if err != nil || int64(len(entries)) != t.from-n*tileWidth {
		return fmt.Errorf("%w: bundle %d", ErrAltered, n)
	}
	indexes := make([]int64, len(entries))
	for i := range entries {
		indexes[i] = tlog.StoredHashIndex(0, n*tileWidth+int64(i))
	}
	leaves, err := t.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, data := range entries {
		if tlog.RecordHash(data) != leaves[i] {
			return fmt.Errorf("%w: bundle %d", ErrAltered, n)
		}
	}
	return nil
}

// splitBundle returns the entries of a bundle.
func splitBundle(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, fmt.Errorf("%w: bundle", ErrAltered)
		}
		length := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; len(bundle) < length {
			return nil, fmt.Errorf("%w: bundle", ErrAltered)
		}
		entries, bundle = append(entries, bundle[:length:length]), bundle[length:]
	}
	return entries, nil
}
