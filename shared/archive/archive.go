// Package archive is the format of Kexin's exports: how rows become a signed ZIP (Builder), how the ZIP is sealed for its reader
// (NewWriter, NewReader) and how anyone with the public keys checks it offline (Verify). It knows no store, no vault and no key holder;
// the job that reads customers and asks for signatures is built around it. docs/formats-archive.md describes the bytes for other
// implementations; web/src/archive.js is one.
//
// An export is written in one pass in constant memory:
//
//	sealed, err := archive.NewWriter(object, key, archive.Header{Deployment: …, Export: …}, random)
//	builder, err := archive.NewBuilder(sealed, archive.Options{…})
//	builder.Row(customer, values)   // once for each customer
//	builder.Close(ctx)              // manifest and signature
//	sealed.Close()                  // without this the archive counts as cut off
package archive

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Sentinels of the format.
var (
	// ErrFormat: the bytes are no archive, or one of a version or algorithm that this build does not know.
	ErrFormat = errors.New("not an archive that this version can read")
	// ErrKey: the key is malformed or not the one that the archive was sealed with.
	ErrKey = errors.New("key does not fit the archive")
	// ErrAltered: bytes were changed, moved or added since the archive was sealed or signed.
	ErrAltered = errors.New("archive was altered")
	// ErrTruncated: the end of the archive is missing.
	ErrTruncated = errors.New("archive is cut off")
	// ErrRow: a row holds what the export may not hold (a field that is no column, text that is not UTF-8) or follows Close.
	ErrRow = errors.New("row refused")
	// ErrOptions: the options of a builder contradict each other or lack something.
	ErrOptions = errors.New("export options refused")
)

// KeySize is the length of an archive key in bytes.
const KeySize = 32

const keyPrefix = "kxk1_"

// FormatKey returns the text in which a key is handed to its requester: "kxk1_" and 43 characters of base64url. It fails with ErrKey
// when key is not KeySize bytes long.
func FormatKey(key []byte) (string, error) {
	if len(key) != KeySize {
		return "", fmt.Errorf("format archive key: %w", ErrKey)
	}
	return keyPrefix + base64.RawURLEncoding.EncodeToString(key), nil
}

// ParseKey returns the key that text stands for; blanks and line ends around it do not matter. It fails with ErrKey.
func ParseKey(text string) ([]byte, error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	key, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if !ok || err != nil || len(key) != KeySize || strings.ContainsAny(body, "\r\n") {
		return nil, fmt.Errorf("parse archive key: %w", ErrKey)
	}
	return key, nil
}
