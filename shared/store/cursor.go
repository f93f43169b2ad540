package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
)

// A cursor is base64url without padding of
//
//	0       1                       17
//	+-------+-----------------------+------------------------------+
//	| 0x01  | first 16 bytes of     | position: { uvarint length,  |
//	|       | SHA-256(query ‖ pos.) | bytes } for each part        |
//	+-------+-----------------------+------------------------------+
//
// The digest finds altered cursors and cursors of another query. It is no secret: a position reaches nothing that its query does not.
const (
	cursorVersion = 1
	cursorHeader  = 17
)

// EncodeCursor returns the cursor that continues q after position, whose parts only the backend understands. Limit and Cursor of q do
// not bind it, so that a caller may change the size of pages.
func EncodeCursor(q Query, position ...string) string {
	parts := encodeParts(position)
	digest := cursorDigest(q, parts)
	raw := append([]byte{cursorVersion}, digest...)
	return base64.RawURLEncoding.EncodeToString(append(raw, parts...))
}

// DecodeCursor returns the position of q.Cursor, or ErrCursor when it was altered or belongs to another query.
func DecodeCursor(q Query) ([]string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(q.Cursor)
	if err != nil || len(raw) < cursorHeader || raw[0] != cursorVersion {
		return nil, fmt.Errorf("decode cursor: %w", ErrCursor)
	}
	parts := raw[cursorHeader:]
	if !bytes.Equal(raw[1:cursorHeader], cursorDigest(q, parts)) {
		return nil, fmt.Errorf("decode cursor: %w", ErrCursor)
	}
	return decodeParts(parts)
}

// ScanQuery returns the query that stands for one segment of a scan in its cursors.
func ScanQuery(table Table, segment, of int, cursor string) Query {
	return Query{Table: table, Index: "scan", From: strconv.Itoa(segment), Before: strconv.Itoa(of), Cursor: cursor}
}

func cursorDigest(q Query, parts []byte) []byte {
	flags := strconv.FormatBool(q.Desc) + strconv.FormatBool(q.KeysOnly)
	bound := encodeParts([]string{string(q.Table), q.PK, q.From, q.Before, string(q.Index), flags, string(parts)})
	digest := sha256.Sum256(bound)
	return digest[:cursorHeader-1]
}

func encodeParts(parts []string) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}

func decodeParts(raw []byte) ([]string, error) {
	var parts []string
	for len(raw) > 0 {
		size, n := binary.Uvarint(raw)
		if n <= 0 || size > uint64(len(raw)-n) {
			return nil, fmt.Errorf("decode cursor: %w", ErrCursor)
		}
		parts = append(parts, string(raw[n:n+int(size)]))
		raw = raw[n+int(size):]
	}
	return parts, nil
}
