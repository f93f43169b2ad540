package filekeys

import (
	"bytes"
	"fmt"
	"os"
)

// ReadPassphrase returns the first line of the file at path, without its line break; nil when path is "". The caller clears it.
func ReadPassphrase(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read passphrase file: %w", err)
	}
	line, rest, _ := bytes.Cut(data, []byte("\n"))
	clear(rest)
	return bytes.TrimRight(line, "\r"), nil
}
