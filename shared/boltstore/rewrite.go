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

// Rewrite copies the live rows of keys.db into a new file under a new file key, replaces the old file by it and destroys the old key.
// It returns the moment after which nothing that was deleted before the call can be read from the store's files, however they were
// copied before, unless the copy includes the key file. Writes wait meanwhile, reads do not. When it fails the store goes on under the
// old key, or under the new one with the old not yet destroyed; calling it again starts from the beginning.
func (s *Store) Rewrite(ctx context.Context) (time.Time, error) {
	if err := s.ready(ctx); err != nil {
		return time.Time{}, fmt.Errorf("rewrite keys.db: %w", err)
	}
	type outcome struct {
		moment time.Time
		err    error
	}
	answer := make(chan outcome, 1)
	job := func() {
		moment, err := s.rewrite(ctx)
		answer <- outcome{moment, err}
	}
	select {
	case s.jobs <- job:
	case <-ctx.Done():
		return time.Time{}, fmt.Errorf("rewrite keys.db: %w", ctx.Err())
	case <-s.quit:
		return time.Time{}, fmt.Errorf("rewrite keys.db: %w", ErrClosed)
	}
	done := <-answer
	if done.err != nil {
		return time.Time{}, fmt.Errorf("rewrite keys.db: %w", done.err)
	}
	return done.moment, nil
}

// rewrite runs in the writer's place, so keys.db does not change under it. What a crash leaves after each step, and how Open settles it:
//
//	new key made        a key that nothing uses; the next rewrite retires it
//	new file written    the same, and a file beside keys.db, which is removed
//	new file renamed    keys.db names the new key; keepFileKey retires the old one
//	old key retired     nothing
func (s *Store) rewrite(ctx context.Context) (time.Time, error) {
	if s.broken.Load() {
		return time.Time{}, ErrBroken
	}
	id, _, err := s.opts.FileKeys.AddFileKey()
	if err != nil {
		return time.Time{}, fmt.Errorf("add file key: %w", err)
	}
	temp, file, err := s.copyKeys(ctx, id)
	if err != nil {
		return time.Time{}, err
	}
	if err := s.replaceKeys(temp, file); err != nil {
		return time.Time{}, err
	}
	if err := s.opts.FileKeys.RetireFileKeys(id); err != nil {
		return time.Time{}, fmt.Errorf("retire file keys: %w", err)
	}
	return s.opts.Now(), nil
}

// copyKeys makes a keys file under the key id beside the old one, with all live rows, on stable storage.
func (s *Store) copyKeys(ctx context.Context, id string) (string, *keysFile, error) {
	storeID, err := metaOf(s.keys.db, metaStore)
	if err != nil {
		return "", nil, err
	}
	temp, err := s.makeFile(s.path(keysName), keysBuckets(), map[string][]byte{
		string(metaStore): storeID, string(metaFileKey): []byte(id), string(metaUndo): undoRecord{batch: s.batch}.encode()})
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
	if err := file.db.Sync(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("sync new file: %w", err), file.db.Close(), os.Remove(temp))
	}
	return temp, file, nil
}

func (s *Store) copyRows(ctx context.Context, to *keysFile) error {
	return s.keys.db.View(func(from *bolt.Tx) error {
		for _, name := range keysBuckets() {
			if err := keepSequence(from, to.db, name); err != nil {
				return err
			}
			c := copier{from: s.keys.sealer, to: to, bucket: name, cursor: from.Bucket(name).Cursor()}
			c.row, c.raw = c.cursor.First()
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
	})
}

// keepSequence lets the numbers of a bucket go on where they were.
func keepSequence(from *bolt.Tx, to *bolt.DB, bucket []byte) error {
	return to.Update(func(tx *bolt.Tx) error { return tx.Bucket(bucket).SetSequence(from.Bucket(bucket).Sequence()) })
}

// copier copies one bucket, rewriteRows rows at a time.
type copier struct {
	from     *sealer
	to       *keysFile
	bucket   []byte
	cursor   *bolt.Cursor
	row, raw []byte // next to be copied
}

func (c *copier) some(tx *bolt.Tx) error {
	bucket := tx.Bucket(c.bucket)
	bucket.FillPercent = 0.8 // rows come in order; some room for those that follow
	for n := 0; n < rewriteRows && c.row != nil; n++ {
		value, err := c.reseal()
		if err != nil {
			return err
		}
		if err := bucket.Put(c.row, value); err != nil {
			return err
		}
		c.row, c.raw = c.cursor.Next()
	}
	return nil
}

func (c *copier) reseal() ([]byte, error) {
	if string(c.bucket) == string(tokenBucket) {
		return c.raw, nil
	}
	table := store.Table(c.bucket)
	value, err := c.from.open(table, c.row, c.raw)
	if err != nil {
		return nil, err
	}
	return c.to.sealer.seal(table, c.row, value)
}

// replaceKeys puts file in the place of keys.db. After the rename there is no way back: if the directory cannot be synced, the store
// is broken until it is opened again.
func (s *Store) replaceKeys(temp string, file *keysFile) error {
	if err := os.Rename(temp, s.path(keysName)); err != nil {
		return errors.Join(fmt.Errorf("replace keys.db: %w", err), file.db.Close(), os.Remove(temp))
	}
	s.gate.Lock()
	old := s.keys
	s.keys = file
	s.gate.Unlock()
	if err := errors.Join(old.db.Close(), syncDir(s.dir)); err != nil {
		s.breakDown()
		return fmt.Errorf("replace keys.db: %w", err)
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
