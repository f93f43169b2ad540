// Package filekeys holds Kexin's root keys in one file: the embedded implementation of keys.Keys. The file has mode 0600 and is sealed
// with a passphrase (Argon2id, then AES-256-GCM); a demonstration's file is not sealed and its first line says so. Whoever has the file
// and its passphrase has every key: keep copies of both, apart from each other and apart from the data.
//
// The same file holds the keys under which the embedded store encrypts its keys file. Replacing such a key is what makes a destruction
// final, so RetireFileKeys rewrites the key file, forces it to the disk and overwrites the old bytes in place. Copies of the file,
// snapshots of its file system and worn flash cells are beyond the reach of this package.
//
// One process at a time may change a key file; a change made by another process is noticed (ErrChanged), not merged.
package filekeys

import (
	"context"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// MinPassphrase is the shortest passphrase that Create takes, in bytes.
const MinPassphrase = 12

// Sentinels of key files.
var (
	// ErrPassphrase: the passphrase is wrong, missing or too short, or the sealed bytes were altered; the seal cannot tell which.
	ErrPassphrase = errors.New("key file does not open with this passphrase")
	// ErrUnsealed: a passphrase was given for a file that is not sealed, so it is not the file that the caller means.
	ErrUnsealed = errors.New("key file is an unsealed demonstration")
	// ErrMode: the file is not a regular file, or its group or others may read, write or execute it.
	ErrMode = errors.New("key file must be a regular file of mode 0600")
	// ErrFormat: not a key file, of an unknown version, incomplete or altered.
	ErrFormat = errors.New("malformed key file")
	// ErrExists: Create never replaces a file.
	ErrExists = errors.New("key file exists already")
	// ErrChanged: the file on disk is not the one that this process read or wrote last; open it again.
	ErrChanged = errors.New("key file was changed by another process")
	// ErrNoFileKey: no file key has this id; it was retired, or never was.
	ErrNoFileKey = errors.New("no such file key")
	// ErrOptions: the options given to Create or Open are incomplete or contradict each other.
	ErrOptions = errors.New("unusable key file options")
)

// CreateOptions says what a new key file is. Random must be a cryptographic source; it need not be safe for concurrent use.
type CreateOptions struct {
	// Deployment is the installation that every wrapped secret is bound to.
	Deployment record.DeploymentID
	// Passphrase seals the file: at least MinPassphrase bytes, none for a demonstration. It is not kept.
	Passphrase []byte
	// Demonstration leaves the file unsealed and marks it for ever.
	Demonstration bool
	// Random gives keys and nonces.
	Random io.Reader
	// Now gives the time of creation.
	Now func() time.Time

	cost cost // zero: defaultCost. Tests lower it.
}

func (o CreateOptions) check() error {
	switch {
	case o.Random == nil || o.Now == nil:
		return fmt.Errorf("%w: no source of randomness or time", ErrOptions)
	case record.CheckID(record.PrefixDeployment, string(o.Deployment)) != nil:
		return fmt.Errorf("%w: deployment: %w", ErrOptions, record.ErrID)
	case o.Demonstration && len(o.Passphrase) != 0:
		return fmt.Errorf("%w: a demonstration is not sealed", ErrOptions)
	case !o.Demonstration && len(o.Passphrase) < MinPassphrase:
		return fmt.Errorf("%w: fewer than %d bytes", ErrPassphrase, MinPassphrase)
	}
	return nil
}

// File is an open key file. It implements keys.Keys; all methods are safe for concurrent use, and none prints a key.
type File struct {
	path   string
	seal   *seal // nil: a demonstration
	random io.Reader
	change sync.Mutex // held while the file is rewritten
	step   func(step) error

	mu    sync.RWMutex // guards what follows
	state *state
	image [sha256.Size]byte // of the bytes that this process read or wrote last
}

var _ keys.Keys = (*File)(nil)

// state is the content made ready for use. It is never changed, only replaced.
type state struct {
	content content
	roots   map[group]map[keyID]cipher.AEAD
	signers map[keys.Signer]*ecdsa.PrivateKey
}

// Create draws all keys and writes them to a new file at path, which is durable when Create returns. Errors: ErrExists, ErrOptions,
// ErrPassphrase, or an error of the file system.
func Create(path string, o CreateOptions) (*File, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	f, err := newFile(path, o)
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	image, err := f.encode(f.state.content)
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	if err := createDurably(path, image, f.step); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	f.image = sha256.Sum256(image)
	return f, nil
}

func newFile(path string, o CreateOptions) (*File, error) {
	random := &lockedReader{reader: o.Random}
	c, err := newContent(random, o)
	if err != nil {
		return nil, err
	}
	s, err := c.ready()
	if err != nil {
		return nil, err
	}
	f := &File{path: path, random: random, state: s, step: noStep}
	if !o.Demonstration {
		f.seal, err = newSeal(random, o.Passphrase, o.cost)
	}
	return f, err
}

// Open reads the key file at path. passphrase must be empty for a demonstration and only then; random gives later keys and nonces.
// Errors: ErrMode, ErrFormat, ErrPassphrase, ErrUnsealed, ErrOptions, or an error of the file system (fs.ErrNotExist).
func Open(path string, passphrase []byte, random io.Reader) (*File, error) {
	if random == nil {
		return nil, fmt.Errorf("open key file: %w: no source of randomness", ErrOptions)
	}
	image, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	c, s, err := decode(image, passphrase)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	ready, err := c.ready()
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	return &File{path: path, seal: s, random: &lockedReader{reader: random}, step: noStep,
		state: ready, image: sha256.Sum256(image)}, nil
}

// Deployment returns the installation that every wrapped secret is bound to.
func (f *File) Deployment() record.DeploymentID { return f.current().content.Deployment }

// Demonstration says whether the file was created as an unsealed demonstration.
func (f *File) Demonstration() bool { return f.current().content.Demonstration }

// Created returns the time of creation in UTC, to the second.
func (f *File) Created() time.Time { return f.current().content.Created }

// String names the kind of value and nothing in it.
func (f *File) String() string { return "filekeys.File(redacted)" }

// Format prints String for every verb, so that no verb reaches the keys.
func (f *File) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// MarshalText gives String, for encoders of logs.
func (f *File) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Rotate adds a new version of both groups of root keys and wraps with it from now on; what older versions wrapped still unwraps. The
// new file is durable when Rotate returns. Errors: ErrChanged, or an error of the file system.
func (f *File) Rotate(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("rotate root keys: %w", err)
	}
	err := f.update(func(c *content) error {
		data, err := newSecretKey(f.random)
		if err != nil {
			return err
		}
		restricted, err := newSecretKey(f.random)
		if err != nil {
			return err
		}
		c.Data, c.Restricted = append(c.Data, data), append(c.Restricted, restricted)
		return nil
	})
	if err != nil {
		return fmt.Errorf("rotate root keys: %w", err)
	}
	return nil
}

func (f *File) current() *state {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.state
}

// update applies change to a copy of the content, makes it durable and then uses it. When the new file took the old one's place but
// could not be forced to the disk, the error is returned and the new content is used, as it is what the file holds.
func (f *File) update(change func(*content) error) error {
	f.change.Lock()
	defer f.change.Unlock()
	next := f.current().content.clone()
	if err := change(&next); err != nil {
		return err
	}
	ready, err := next.ready()
	if err != nil {
		return err
	}
	image, err := f.encode(next)
	if err != nil {
		return err
	}
	replaced, err := f.replace(image)
	if replaced {
		f.mu.Lock()
		f.state, f.image = ready, sha256.Sum256(image)
		f.mu.Unlock()
	}
	return err
}

func (f *File) replace(image []byte) (replaced bool, err error) {
	old, err := readPrivate(f.path)
	if err != nil {
		return false, err
	}
	if sha256.Sum256(old) != f.image {
		return false, ErrChanged
	}
	return replaceDurably(f.path, image, f.step)
}

// lockedReader makes a source of randomness safe for concurrent use.
type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return io.ReadFull(r.reader, p)
}
