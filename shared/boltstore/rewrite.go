package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// rewriteRows is how many rows one commit of a rewrite copies.
const rewriteRows = 4096

// Rewrite copies the live rows of keys and inbox into a new keys.db under a new file key, replaces the old file by it, removes the log
// and destroys the old key. It returns the moment after which nothing that was deleted before the call can be read from the store's
// files, however they were copied before, unless the copy includes the key file. Writes wait meanwhile, reads do not. When it fails the
// store goes on under the old key, or under the new one with the old not yet destroyed; calling it again starts from the beginning.
func (s *Store) Rewrite(ctx context.Context) (time.Time, error) {
	var moment time.Time
	err := s.inPlace(ctx, func() error {
		var err error
		moment, err = s.rewrite(ctx)
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("rewrite keys.db: %w", err)
	}
	return moment, nil
}

// rewrite runs in the writer's place, so nothing changes under it. It is a checkpoint too: the new keys.db takes its rows from the trees
// and the overlay. What a crash leaves after each step, and how Open settles it:
//
//	new key made        a key that nothing uses; the next rewrite retires it
//	new file written    the same, and a file beside keys.db, which is removed
//	new segment made    the same, and an empty segment; the one before is read again
//	new file renamed    keys.db names the new key and the new segment; rows of main.db are read from the segment before, those of keys.db,
//	                    under the old key, are passed over; keepFileKey retires the old key
//	main.db marked      a segment that nothing needs, which is removed; the key as above
//	old key retired     nothing
func (s *Store) rewrite(ctx context.Context) (time.Time, error) {
	if err := s.settleFlush(); err != nil {
		return time.Time{}, err
	}
	var id string
	err := s.disk.do("add file key", func() error {
		var err error
		id, _, err = s.opts.FileKeys.AddFileKey()
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("add file key: %w", err)
	}
	if err := s.renew(ctx, id); err != nil {
		return time.Time{}, err
	}
	err = s.disk.do("retire file keys", func() error { return s.opts.FileKeys.RetireFileKeys(id) })
	if err != nil {
		return time.Time{}, fmt.Errorf("retire file keys: %w", err)
	}
	return s.opts.Now(), nil
}

// renew puts a keys.db and a log under the key id in the place of the present ones.
func (s *Store) renew(ctx context.Context, id string) error {
	temp, file, err := s.copyKeys(ctx, id)
	if err != nil {
		return err
	}
	next, err := s.follow(id)
	if err != nil {
		return errors.Join(err, file.db.Close(), os.Remove(temp))
	}
	mark := logMark{next.header.generation, next.header.base, next.header.pair}
	if err := s.update(file.db, mark.begin); err != nil {
		return errors.Join(fmt.Errorf("mark new file: %w", err), next.close(), file.db.Close(), os.Remove(temp))
	}
	err = s.disk.do("rename keys.db", func() error { return os.Rename(temp, s.path(keysName)) })
	if err != nil && !s.renamed(temp) {
		return errors.Join(fmt.Errorf("replace keys.db: %w", err), next.close(), file.db.Close(), os.Remove(temp))
	}
	if err := errors.Join(err, s.settleRewrite(file, next, mark)); err != nil {
		s.fail(err)
		return fmt.Errorf("replace keys.db: %w", err)
	}
	return nil
}

// renamed reports whether a file that was to be renamed is gone from its old place.
func (s *Store) renamed(temp string) bool {
	_, err := os.Stat(temp)
	return errors.Is(err, os.ErrNotExist)
}

// settleRewrite follows the rename, after which there is no way back: when it fails, the store is broken until it is opened again.
func (s *Store) settleRewrite(file *keysFile, next *segment, mark logMark) error {
	if err := s.disk.do("sync directory", func() error { return syncDir(s.dir) }); err != nil {
		return errors.Join(err, next.close(), file.db.Close())
	}
	s.giveWay(s.active)
	if err := s.flushMain(s.active, mark); err != nil {
		return errors.Join(err, next.close(), file.db.Close())
	}
	old, oldLog := s.keys, s.log
	if err := s.show(file, newOverlay()); err != nil {
		return errors.Join(err, next.close(), file.db.Close())
	}
	s.log = next
	return errors.Join(old.db.Close(), oldLog.close(), s.removeSegments(mark.generation), syncDir(s.dir))
}

// copyKeys makes a keys file under the key id beside the old one, with all live rows, on stable storage. It has no mark yet.
func (s *Store) copyKeys(ctx context.Context, id string) (string, *keysFile, error) {
	storeID, err := metaOf(s.keys.db, metaStore)
	if err != nil {
		return "", nil, err
	}
	temp, err := s.makeFile(s.path(keysName), keysBuckets(), map[string][]byte{string(metaStore): storeID, string(metaFileKey): []byte(id)})
	if err != nil {
		return "", nil, err
	}
	file, err := s.openKeys(temp)
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(temp))
	}
	file.db.NoSync = true
	if err := s.copyRows(ctx, file); err != nil {
		return "", nil, errors.Join(err, file.db.Close(), os.Remove(temp))
	}
	file.db.NoSync = false
	if err := s.disk.do("sync new keys.db", file.db.Sync); err != nil {
		return "", nil, errors.Join(fmt.Errorf("sync new file: %w", err), file.db.Close(), os.Remove(temp))
	}
	return temp, file, nil
}

func (s *Store) copyRows(ctx context.Context, to *keysFile) error {
	v, err := s.view()
	if err != nil {
		return err
	}
	defer v.close()
	for bucket := bucketInbox; bucket < bucketRecords; bucket++ {
		c := copier{from: v.trees.sealer, to: to, bucket: bucket, rows: v.merged(bucket, span{nil, []byte{0xff}}, false)}
		c.row, c.raw = c.rows.next()
		for c.row != nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := to.db.Update(c.some); err != nil {
				return fmt.Errorf("copy rows: %w", err)
			}
		}
	}
	return nil
}

// copier copies one bucket, rewriteRows rows at a time.
type copier struct {
	from     *sealer
	to       *keysFile
	bucket   bucketID
	rows     *merge
	row, raw []byte // next to be copied
	room     []byte // where sealed values lie until they are committed
}

func (c *copier) some(tx *bolt.Tx) error {
	table := store.Table(bucketNames[c.bucket])
	bucket := tx.Bucket(bucketNames[c.bucket])
	bucket.FillPercent = 0.8 // rows come in order; some room for those that follow
	c.room = c.room[:0]
	var plain []byte
	for n := 0; n < rewriteRows && c.row != nil; n++ {
		var err error
		if plain, err = c.from.appendOpened(plain[:0], table, c.row, c.raw); err != nil {
			return err
		}
		if len(plain)+sealOverhead > cap(c.room)-len(c.room) {
			c.room = make([]byte, 0, max(chunkSize, len(plain)+sealOverhead)) // the old one lives on in the rows that were put
		}
		from := len(c.room)
		if c.room, err = c.to.sealer.appendSealed(c.room, table, c.row, plain); err != nil {
			return err
		}
		if err := bucket.Put(c.row, c.room[from:len(c.room):len(c.room)]); err != nil {
			return err
		}
		c.row, c.raw = c.rows.next()
	}
	return nil
}

// keepFileKey retires all file keys but the one of keys.db, when a crash has kept a rewrite from doing so.
func (s *Store) keepFileKey() error {
	current, _, err := s.opts.FileKeys.CurrentFileKey()
	if err != nil {
		return fmt.Errorf("find current file key: %w", err)
	}
	if current == s.keys.fileKey {
		return nil
	}
	if err := s.opts.FileKeys.RetireFileKeys(s.keys.fileKey); err != nil {
		return fmt.Errorf("retire file keys: %w", err)
	}
	return nil
}
