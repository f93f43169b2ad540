package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"kexin/shared/archive"
	"kexin/shared/evidence"
)

// readPublicKeys reads the file of public keys that the company publishes.
func readPublicKeys(path string) (evidence.PublicKeys, error) {
	b, err := readLimited(path, evidence.MaxBytes)
	if err != nil {
		return evidence.PublicKeys{}, fmt.Errorf("read public keys: %w", err)
	}
	p, err := evidence.ParsePublicKeys(bytes.TrimSuffix(b, []byte("\n")))
	if err != nil {
		return evidence.PublicKeys{}, fmt.Errorf("read public keys %s: %w", path, err)
	}
	return p, nil
}

// maxKeyText is more than any key file holds.
const maxKeyText = 4096

// readArchiveKey reads an archive key from the file at path, or from stdin when path is "-". A key is never an argument: arguments can be
// read by every user of the machine and stay in the shell's history.
func readArchiveKey(path string, stdin io.Reader) ([]byte, error) {
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(stdin, maxKeyText))
	} else {
		text, err = readLimited(path, maxKeyText)
	}
	if err != nil {
		return nil, fmt.Errorf("read archive key: %w", err)
	}
	return archive.ParseKey(string(text))
}

// readLimited returns the content of a file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("read %s: longer than %d bytes: %w", path, limit, evidence.ErrFormat)
	}
	return b, nil
}
