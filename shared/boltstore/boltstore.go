// Package boltstore is the store of embedded mode: two bbolt files in one directory, main.db for records, restricted, audit and work,
// keys.db for keys and inbox. Values of keys.db are sealed under a file key, and the file is rewritten under a new one after
// destructions (Rewrite), because bbolt leaves deleted bytes in its file.
//
// One goroutine writes. It gathers the transactions that wait, evaluates each against the state that the ones before it leave, and
// commits all that hold together, so that many writers share one fsync. A batch that changes both files is committed in keys.db first,
// together with what it replaced there, then in main.db with the batch's number. Open finds by these numbers whether the second commit
// happened, and takes the first one back when it did not; until then readers of keys.db are shown what was replaced.
//
// When a commit fails, nobody knows what is on the disk: the callers of the batch get store.ErrUnknownOutcome and every later call
// fails with ErrBroken until the store is opened again, which settles it.
package boltstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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
	Rand io.Reader
	// LockTimeout is how long Open waits for another process to let go of the directory; zero means one second.
	LockTimeout time.Duration
}

// Sentinels of Open and of stores that cannot answer any more.
var (
	// ErrLocked: another process has the store's directory open.
	ErrLocked = errors.New("store directory is in use by another process")
	// ErrMismatch: main.db and keys.db do not belong together, for example because one of them was restored alone.
	ErrMismatch = errors.New("main.db and keys.db do not belong together")
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

	gate    sync.RWMutex // guards keys, overlay, settled; held for moments, never over disk writes
	keys    *keysFile
	overlay map[string][]byte // what a half-committed batch replaced in keys.db (nil: nothing was there); nil when settled
	settled chan struct{}     // closed when overlay goes back to nil
	waiting sync.WaitGroup    // readers that wait for settled; the writer lets them begin before its next batch

	queue  chan *request              // unbuffered: a request is either taken by the writer or still the caller's
	jobs   chan func()                // work that needs the writer's place
	quit   chan struct{}              // closed by Close
	done   chan struct{}              // closed when the writer has ended
	closed sync.Once                  // Close happens once
	broken atomic.Bool                // a commit failed
	batch  uint64                     // number of the last batch over both files; the writer's
	tokens map[store.Token]remembered // of the last minutes; the writer's
	commit func(*bolt.Tx) error       // (*bolt.Tx).Commit, replaced by tests that crash
}

var _ store.Store = (*Store)(nil)
var _ store.Scanner = (*Store)(nil)

// Open opens or creates the store in dir (mode 0700) and settles what a crash left behind. It fails with ErrLocked when another process
// has it open, ErrMismatch when the files do not belong together, ErrDamaged when one cannot be read.
func Open(dir string, opts Options) (*Store, error) {
	if opts.FileKeys == nil {
		return nil, errors.New("open store: no file keys")
	}
	opts = withDefaults(opts)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{dir: dir, opts: opts, commit: (*bolt.Tx).Commit,
		queue: make(chan *request), jobs: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	if err := s.openFiles(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.closeFiles())
	}
	go s.run()
	return s, nil
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
	return opts
}

// Close waits for running calls and closes the files. Later calls fail with ErrClosed.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		close(s.quit)
		<-s.done
		err = s.closeFiles()
	})
	return err
}

func (s *Store) closeFiles() error {
	var err error
	if s.keys != nil {
		err = s.keys.db.Close()
	}
	if s.main != nil {
		err = errors.Join(err, s.main.Close())
	}
	return err
}

// ready returns why the store cannot answer, if so.
func (s *Store) ready(ctx context.Context) error {
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	if s.broken.Load() {
		return ErrBroken
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
		}
	}
}
