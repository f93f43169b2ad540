package dirobjects

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"kexin/shared/objects"
)

// Every file starts with a header of headerSize bytes; the content follows it. Integers are big endian.
//
//	0    "KXOBJ\x00\x00\x01"                       name and version of the format
//	8    size of the content (8)
//	16   digest of the content (32), as of objects.Digest
//	48   locked until, Unix seconds, or 0 (8)
//	56   length of the content type (2)
//	58   content type, then zeros
//	480  SHA-256 of bytes 0 to 479 (32)
const (
	headerSize = 512
	magic      = "KXOBJ\x00\x00\x01"
	typeStart  = 58
	sumStart   = headerSize - sha256.Size
)

func encodeHeader(info objects.Info) ([]byte, error) {
	if len(info.ContentType) > sumStart-typeStart {
		return nil, errors.New("content type too long")
	}
	header := make([]byte, headerSize)
	copy(header, magic)
	binary.BigEndian.PutUint64(header[8:], uint64(info.Size))
	copy(header[16:], info.SHA256[:])
	if !info.LockedUntil.IsZero() {
		binary.BigEndian.PutUint64(header[48:], uint64(info.LockedUntil.Unix()))
	}
	binary.BigEndian.PutUint16(header[56:], uint16(len(info.ContentType)))
	copy(header[typeStart:], info.ContentType)
	sum := sha256.Sum256(header[:sumStart])
	copy(header[sumStart:], sum[:])
	return header, nil
}

// readHeader returns what the header of a file says, or ErrCorrupt when it is damaged.
func readHeader(file io.ReaderAt) (objects.Info, error) {
	header := make([]byte, headerSize)
	if _, err := file.ReadAt(header, 0); err == io.EOF {
		return objects.Info{}, fmt.Errorf("header is cut off: %w", objects.ErrCorrupt)
	} else if err != nil {
		return objects.Info{}, hidePath(err)
	}
	sum := sha256.Sum256(header[:sumStart])
	length := int(binary.BigEndian.Uint16(header[56:]))
	if !bytes.Equal(sum[:], header[sumStart:]) || string(header[:8]) != magic || length > sumStart-typeStart {
		return objects.Info{}, fmt.Errorf("header is damaged: %w", objects.ErrCorrupt)
	}
	info := objects.Info{Size: int64(binary.BigEndian.Uint64(header[8:])), ContentType: string(header[typeStart : typeStart+length])}
	copy(info.SHA256[:], header[16:])
	if locked := int64(binary.BigEndian.Uint64(header[48:])); locked != 0 {
		info.LockedUntil = time.Unix(locked, 0).UTC()
	}
	return info, nil
}
