// Package boltstore is the store of embedded mode: two bbolt files in one directory, main.db for records, restricted, audit and work,
// keys.db for keys and inbox. Values of keys.db are sealed under a file key, and the file is rewritten under a new one after
// destructions (Rewrite), because bbolt leaves deleted bytes in its file.
package boltstore

import (
	"context"
	"errors"
	"io"
	"time"

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
	// Rand is the source of nonces; nil means crypto/rand.
	Rand io.Reader
	// LockTimeout is how long Open waits for another process to let go of the directory; zero means one second.
	LockTimeout time.Duration
}

// ErrLocked: another process has the store's directory open.
var ErrLocked = errors.New("store directory is in use by another process")

// ErrClosed: the store was closed.
var ErrClosed = errors.New("store is closed")

// Store implements store.Store and store.Scanner.
type Store struct{}

var _ store.Store = (*Store)(nil)
var _ store.Scanner = (*Store)(nil)

// Open opens or creates the store in dir (mode 0700) and settles what a crash left behind. ErrLocked when another process has it open.
func Open(dir string, opts Options) (*Store, error) { return nil, errors.New("not yet written") }

// Close waits for running calls and closes the files. Later calls fail with ErrClosed.
func (s *Store) Close() error { return nil }

// Rewrite copies the live rows of keys.db into a new file under a new file key, replaces the old file and destroys the old key. It
// returns the moment after which nothing that was deleted before the call can be read from the files.
func (s *Store) Rewrite(ctx context.Context) (time.Time, error) { return time.Time{}, nil }

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Item, error) { return store.Item{}, nil }

// GetMany implements store.Store.
func (s *Store) GetMany(ctx context.Context, keys []store.Key) ([]store.Item, error) { return nil, nil }

// Query implements store.Store.
func (s *Store) Query(ctx context.Context, q store.Query) (store.Page, error) {
	return store.Page{}, nil
}

// Transact implements store.Store.
func (s *Store) Transact(ctx context.Context, token store.Token, ops ...store.Op) error { return nil }

// Scan implements store.Scanner.
func (s *Store) Scan(ctx context.Context, table store.Table, segment, of int, cursor string) (store.Page, error) {
	return store.Page{}, nil
}
