package filekeys

import (
	"fmt"
	"slices"
)

// CurrentFileKey returns the id and the 32 bytes of the key under which the embedded store encrypts its keys file.
func (f *File) CurrentFileKey() (id string, key []byte, err error) {
	c := f.current().content
	id = c.CurrentFile.String()
	key, err = f.FileKey(id)
	return id, key, err
}

// FileKey returns the 32 bytes of one file key, or ErrNoFileKey.
func (f *File) FileKey(id string) ([]byte, error) {
	var want keyID
	if err := want.UnmarshalText([]byte(id)); err != nil {
		return nil, fmt.Errorf("file key: %w", ErrNoFileKey)
	}
	key, ok := find(f.current().content.Files, want)
	if !ok {
		return nil, fmt.Errorf("file key: %w", ErrNoFileKey)
	}
	return slices.Clone(key.Key), nil
}

// AddFileKey draws a further file key, which is durable when AddFileKey returns and not yet current. Errors: ErrChanged, or an error
// of the file system.
func (f *File) AddFileKey() (id string, key []byte, err error) {
	added, err := newSecretKey(f.random)
	if err != nil {
		return "", nil, fmt.Errorf("add file key: %w", err)
	}
	err = f.update(func(c *content) error {
		c.Files = append(c.Files, added)
		return nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("add file key: %w", err)
	}
	return added.ID.String(), slices.Clone(added.Key), nil
}

// RetireFileKeys makes keep current and forgets every other file key: what they encrypted cannot be read again. The new file is durable
// when RetireFileKeys returns, and the old one has been overwritten where the file system allows it. Calling it again does no harm.
// Errors: ErrNoFileKey, ErrChanged, or an error of the file system, after which the call is to be repeated.
func (f *File) RetireFileKeys(keep string) error {
	err := f.update(func(c *content) error {
		var id keyID
		if err := id.UnmarshalText([]byte(keep)); err != nil {
			return ErrNoFileKey
		}
		kept, ok := find(c.Files, id)
		if !ok {
			return ErrNoFileKey
		}
		c.Files, c.CurrentFile = []secretKey{kept}, id
		return nil
	})
	if err != nil {
		return fmt.Errorf("retire file keys: %w", err)
	}
	return nil
}
