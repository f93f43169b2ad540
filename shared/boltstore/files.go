package boltstore

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Names of the files. A file is made under its name with newSuffix and a random end, and renamed when it is whole.
const (
	mainName  = "main.db"
	keysName  = "keys.db"
	newSuffix = ".new"
)

// Rows of the bucket "meta" of both files.
//
//	both      format    0x02; 0x01 before there was a log
//	          store     id of the store, equal in both files
//	          log       the first segment that is not in the file (logMark)
//	keys.db   file-key  id of the file key that seals the values
//
// Files that were of format 1 have a row "batch" or "undo" too (legacy.go), which means nothing any more.
var (
	metaBucket  = []byte("meta")
	metaFormat  = []byte("format")
	metaStore   = []byte("store")
	metaBatch   = []byte("batch")
	metaFileKey = []byte("file-key")
	metaUndo    = []byte("undo")
	metaLog     = []byte("log")
)

const (
	formatVersion = 2
	oldestFormat  = 1
)

// Sizes of address space that are mapped at once, 16 and 4 GiB where there is room: as long as a file fits, it need not be mapped anew,
// for which all readers would have to end.
const (
	mainMap = 1 << (28 + 6*(bits.UintSize/64))
	keysMap = mainMap / 4
)

// mapping is the least that is known to be mapped of a file.
type mapping struct{ bytes int64 }

// fits reports whether a file may grow by so many bytes without being mapped anew.
func (m *mapping) fits(db *bolt.DB, more int64) bool {
	size := int64(0)
	err := db.View(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	m.bytes = max(m.bytes, size)
	return err == nil && size+more < m.bytes
}

// fileName names a file in messages, also when it was renamed since it was opened.
func fileName(db *bolt.DB) string {
	name, _, _ := strings.Cut(filepath.Base(db.Path()), newSuffix)
	return name
}

func mainBuckets() [][]byte {
	return append([][]byte{tokenBucket}, bucketNames[bucketRecords:]...)
}

func keysBuckets() [][]byte { return bucketNames[:bucketRecords] }

// keysFile is an open keys.db with the sealer of its values.
type keysFile struct {
	db      *bolt.DB
	sealer  *sealer
	fileKey string
}

// openFiles opens both files and the log, making them when the store is new, and settles what a crash left behind. The lock on main.db is the store's lock.
func (s *Store) openFiles() error {
	if err := s.makeMain(); err != nil {
		return err
	}
	main, err := s.openBolt(s.path(mainName), mainMap)
	if err != nil {
		return err
	}
	s.main = main
	if err := s.removeUnfinished(); err != nil {
		return err
	}
	id, err := metaOf(main, metaStore)
	if err != nil {
		return err
	}
	if err := s.makeKeys(id); err != nil {
		return err
	}
	if s.keys, err = s.openKeys(s.path(keysName)); err != nil {
		return err
	}
	storeID, err := s.pair(id)
	if err != nil {
		return err
	}
	if err := s.openLog(storeID); err != nil {
		return err
	}
	return s.keepFileKey()
}

// pair checks that both files carry the same store id, and gives a new main.db the id of its keys.db.
func (s *Store) pair(mainID []byte) (string, error) {
	keysID, err := metaOf(s.keys.db, metaStore)
	if err != nil {
		return "", err
	}
	if mainID == nil {
		err := s.update(s.main, func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put(metaStore, keysID) })
		return string(keysID), err
	}
	if string(mainID) != string(keysID) {
		return "", fmt.Errorf("pair files: %w", ErrMismatch)
	}
	return string(mainID), nil
}

// makeMain makes main.db when there is none. It has no store id until keys.db exists, so a crash in between is told from a lost keys.db.
func (s *Store) makeMain() error {
	path := s.path(mainName)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	temp, err := s.makeFile(path, mainBuckets(), nil)
	if err != nil {
		return err
	}
	// A link, not a rename: of two processes that make a store at once, one wins and the other uses its file.
	if err := os.Link(temp, path); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make main.db: %w", err)
	}
	return errors.Join(os.Remove(temp), syncDir(s.dir))
}

// makeKeys makes keys.db when the store has none yet; mainID is the store's id when the store is not new.
func (s *Store) makeKeys(mainID []byte) error {
	path := s.path(keysName)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if mainID != nil {
		return fmt.Errorf("make keys.db: %w: keys.db is missing", ErrMismatch)
	}
	id, err := s.random(16)
	if err != nil {
		return err
	}
	fileKey, _, err := s.opts.FileKeys.CurrentFileKey()
	if err != nil {
		return fmt.Errorf("make keys.db: %w", err)
	}
	temp, err := s.makeFile(path, keysBuckets(), map[string][]byte{
		string(metaStore): []byte(id), string(metaFileKey): []byte(fileKey)})
	if err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("make keys.db: %w", err)
	}
	return syncDir(s.dir)
}

func (s *Store) random(size int) (string, error) {
	raw := make([]byte, size)
	if _, err := io.ReadFull(s.opts.Rand, raw); err != nil {
		return "", fmt.Errorf("draw random bytes: %w", err)
	}
	return hex.EncodeToString(raw), nil
}

func (s *Store) newPair() (pairID, error) {
	var pair pairID
	if _, err := io.ReadFull(s.opts.Rand, pair[:]); err != nil {
		return pair, fmt.Errorf("draw random bytes: %w", err)
	}
	return pair, nil
}

// makeFile makes a file with buckets and meta beside path and returns its temporary name.
func (s *Store) makeFile(path string, buckets [][]byte, meta map[string][]byte) (string, error) {
	end, err := s.random(8)
	if err != nil {
		return "", err
	}
	temp := path + newSuffix + "-" + end
	db, err := s.openBolt(temp, 0)
	if err != nil {
		return "", err
	}
	err = db.Update(func(tx *bolt.Tx) error { return fillFile(tx, buckets, meta) })
	if err = errors.Join(err, db.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("make %s: %w", filepath.Base(path), err), os.Remove(temp))
	}
	return temp, nil
}

func fillFile(tx *bolt.Tx, buckets [][]byte, meta map[string][]byte) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	b, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return err
	}
	if err := b.Put(metaFormat, []byte{formatVersion}); err != nil {
		return err
	}
	for name, value := range meta {
		if err := b.Put([]byte(name), value); err != nil {
			return err
		}
	}
	return nil
}

// openBolt opens path for writing with fsync on each commit. The list of free pages is not written but found again by reading the file.
func (s *Store) openBolt(path string, mapped int) (*bolt.DB, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: s.opts.LockTimeout, NoFreelistSync: true,
		FreelistType: bolt.FreelistMapType, InitialMmapSize: mapped, NoStatistics: true})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrLocked
	}
	for _, damage := range []error{bolterrors.ErrInvalid, bolterrors.ErrVersionMismatch, bolterrors.ErrChecksum} {
		if errors.Is(err, damage) {
			return nil, fmt.Errorf("open %s: %w: %w", filepath.Base(path), ErrDamaged, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	return db, nil
}

// openKeys opens a keys file with the key that it names.
func (s *Store) openKeys(path string) (*keysFile, error) {
	db, err := s.openBolt(path, keysMap)
	if err != nil {
		return nil, err
	}
	id, err := metaOf(db, metaFileKey)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	file, err := s.newKeysFile(db, string(id))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return file, nil
}

func (s *Store) newKeysFile(db *bolt.DB, id string) (*keysFile, error) {
	key, err := s.opts.FileKeys.FileKey(id)
	if err != nil {
		return nil, fmt.Errorf("find file key: %w", err)
	}
	sealer, err := newSealer(key, s.opts.Rand)
	if err != nil {
		return nil, err
	}
	return &keysFile{db: db, sealer: sealer, fileKey: id}, nil
}

// metaOf returns a copy of a row of meta, nil when there is none. It refuses files of another version.
func metaOf(db *bolt.DB, name []byte) ([]byte, error) {
	var value []byte
	err := db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(metaBucket)
		if b == nil {
			return ErrDamaged
		}
		if format := b.Get(metaFormat); len(format) != 1 || format[0] < oldestFormat || format[0] > formatVersion {
			return ErrDamaged
		}
		if found := b.Get(name); found != nil {
			value = append([]byte{}, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", name, fileName(db), err)
	}
	return value, nil
}

// removeUnfinished removes new files that a crash left before they were renamed.
func (s *Store) removeUnfinished() error {
	left, err := filepath.Glob(s.path("*" + newSuffix + "-*"))
	if err != nil {
		return fmt.Errorf("find unfinished files: %w", err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove unfinished file: %w", err)
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
