// Package boltstore is the store of embedded mode: in one directory two bbolt files, main.db for records, restricted, audit and work,
// keys.db for keys and inbox, and in front of them a log. Values of keys.db are sealed under a file key, in the log too, and the file is
// rewritten under a new one after destructions (Rewrite), because bbolt leaves deleted bytes in its file.
//
// One goroutine writes. It gathers the transactions that wait, evaluates each against the state that the ones before it leave, and
// appends what those that hold change to the log, as one record with one fsync. A record is whole or it is nothing, so rows of both files
// change together. What the log holds and the files do not hold yet lies in memory too, in the overlay, and readers see both as one. When
// the overlay has grown it is carried into the files in the order of its rows, so that many transactions share one rewriting of a page,
// and its part of the log is removed (checkpoint.go). Open carries over what a crash left in the log (recover.go).
//
// When a write fails, nobody knows what is on the disk: the callers of the batch get store.ErrUnknownOutcome and every later call fails
// with ErrBroken until the store is opened again, which settles it.
package boltstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"kexin/shared/store"
)

// FileKeys holds the keys that seal keys.db: 32 random bytes each, named by an id. Package filekeys implements it.
type FileKeys interface {
	// FileKey returns the key named id; an error when it was retired or never was.
	FileKey(id string) ([]byte, error)
	// CurrentFileKey returns the key under which a new file is made.
	CurrentFileKey() (string, []byte, error)
	// AddFileKey makes a further key and returns when it is durable. It does not become current until RetireFileKeys keeps it.
	AddFileKey() (string, []byte, error)
	// RetireFileKeys makes keep the current key and destroys all others; when it returns nil they are beyond recovery from the key file.
	RetireFileKeys(keep string) error
}

// Options configures Open. Zero values are usable except FileKeys.
type Options struct {
	// FileKeys seals keys.db. Required.
	FileKeys FileKeys
	// Now tells the time for the memory of idempotency tokens and the moment of a rewrite; nil means time.Now.
	Now func() time.Time
	// Rand is the source of nonces and of the store's id; nil means crypto/rand.
	Rand         io.Reader
	checkpointAt int                     // bytes of log that begin a checkpoint; zero means the constant of this name
	watch        func(step string) error // of a disk, for tests

	// LockTimeout is how long Open waits for another process to let go of the directory; zero means one second.
	LockTimeout time.Duration
}

// Sentinels of Open and of stores that cannot answer any more.
var (
	// ErrLocked: another process has the store's directory open.
	ErrLocked = errors.New("store directory is in use by another process")
	// ErrMismatch: main.db, keys.db and the log do not belong together, for example because one of them was restored alone.
	ErrMismatch = errors.New("main.db, keys.db and the log do not belong together")
	// ErrDamaged: a file holds what this version did not write, or a sealed value does not open.
	ErrDamaged = errors.New("store file is damaged or of another version")
	// ErrBroken: a commit failed earlier; the store must be opened again. The refused call has changed nothing.
	ErrBroken = errors.New("store must be opened again after a failed commit")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)

// Store implements store.Store and store.Scanner over two files. It is safe for concurrent use.
type Store struct {
	dir  string
	opts Options
	main *bolt.DB

	disk *disk
	seed maphash.Seed // of hashes of rows

	gate   sync.RWMutex // guards keys, active, frozen, trees; held for moments, never over disk writes
	keys   *keysFile
	active *overlay // what was written since the last checkpoint began; the writer's, who holds the gate to change it
	frozen *overlay // what a checkpoint is carrying into the files; nil when none is under way
	trees  *trees   // the files as readers see them; nil while each reader opens them for itself

	queue    chan *request         // unbuffered: a request is either taken by the writer or still the caller's
	jobs     chan func()           // work that needs the writer's place
	quit     chan struct{}         // closed by Close
	done     chan struct{}         // closed when the writer has ended
	closed   sync.Once             // Close happens once
	broken   atomic.Bool           // a write failed
	cause    atomic.Pointer[error] // why, when no caller was told
	log      *segment              // the writer's, and all that follows
	flushing chan struct{}         // closed when the checkpoint under way has ended; nil when there is none
	tokens   tokens                // of the last minutes
	batch    batch                 // for its memory
	gathered []*request            // for its memory

	logged atomic.Int64 // bytes appended

	mainMapped, keysMapped mapping // whoever carries rows into the files
}

var _ store.Store = (*Store)(nil)
var _ store.Scanner = (*Store)(nil)

// Open opens or creates the store in dir (mode 0700) and settles what a crash left behind. It fails with ErrLocked when another process
// has it open, ErrMismatch when the files do not belong together, ErrDamaged when one cannot be read.
func Open(dir string, opts Options) (*Store, error) {
	if opts.FileKeys == nil {
		return nil, errors.New("open store: no file keys")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := newStore(dir, opts)
	if err := s.openFiles(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.closeFiles())
	}
	go s.run()
	return s, nil
}

func newStore(dir string, opts Options) *Store {
	return &Store{dir: dir, opts: withDefaults(opts), disk: &disk{watch: opts.watch}, seed: maphash.MakeSeed(),
		queue: make(chan *request), jobs: make(chan func()), quit: make(chan struct{}), done: make(chan struct{}),
		batch:      batch{latest: map[uint32]int32{}, newTokens: map[tokenKey]remembered{}},
		mainMapped: mapping{mainMap}, keysMapped: mapping{keysMap}}
}

func withDefaults(opts Options) Options {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Rand == nil {
		opts.Rand = rand.Reader
	}
	if opts.LockTimeout == 0 {
		opts.LockTimeout = time.Second
	}
	if opts.checkpointAt == 0 {
		opts.checkpointAt = checkpointAt
	}
	return opts
}

// Close waits for running calls, carries the log into the files and closes them. Later calls fail with ErrClosed.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.quit)
		<-s.done
		err = errors.Join(s.finish(), s.closeFiles())
	})
	return err
}

// finish carries what the log still holds into the files, unless the store is broken: then the next Open does.
func (s *Store) finish() error {
	if s.settleFlush() != nil || s.active.empty() {
		return nil
	}
	if err := s.rotate(); err != nil {
		return err
	}
	return s.settleFlush()
}

func (s *Store) closeFiles() error {
	s.gate.Lock()
	trees := s.trees
	s.trees = nil
	s.gate.Unlock()
	trees.release()
	err := s.log.close()
	if s.keys != nil {
		err = errors.Join(err, s.keys.db.Close())
	}
	if s.main != nil {
		err = errors.Join(err, s.main.Close())
	}
	return err
}

// fail makes every later call fail with err as the cause.
func (s *Store) fail(err error) {
	s.cause.CompareAndSwap(nil, &err)
	s.broken.Store(true)
}

// failure returns ErrBroken with its cause when the store is broken.
func (s *Store) failure() error {
	if !s.broken.Load() {
		return nil
	}
	if cause := s.cause.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrBroken, *cause)
	}
	return ErrBroken
}

// ready returns why the store cannot answer, if so.
func (s *Store) ready(ctx context.Context) error {
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	if err := s.failure(); err != nil {
		return err
	}
	return ctx.Err()
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// run is the writer.
func (s *Store) run() {
	defer close(s.done)
	for {
		select {
		case <-s.quit:
			return
		case job := <-s.jobs:
			job()
		case first := <-s.queue:
			s.serve(s.gather(first))
			s.relieve()
		}
	}
}
