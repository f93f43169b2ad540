package entry

import (
	"encoding/hex"
	"strconv"
	"strings"

	"kexin/shared/record"
)

// Digest is a SHA-256; its text is 64 lower-case hex digits.
type Digest [32]byte

// IsZero reports whether d is the zero digest, which means "none".
func (d Digest) IsZero() bool { return d == Digest{} }

// String returns the hex digits of d.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText encodes d as hex digits.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText decodes 64 lower-case hex digits.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != 2*len(d) || !all(string(text), hexDigit) {
		return malformed("digest")
	}
	if _, err := hex.Decode(d[:], text); err != nil {
		return malformed("digest")
	}
	return nil
}

// LaneID names a lane: a writer and its number.
type LaneID struct {
	Writer record.WriterID `json:"writer"`
	Lane   uint32          `json:"lane"`
}

// String returns writer#lane, as in the keys of rows.
func (l LaneID) String() string {
	return string(l.Writer) + "#" + strconv.FormatUint(uint64(l.Lane), 10)
}

// ParseLaneID returns the lane that text, as String writes it, names.
func ParseLaneID(text string) (LaneID, error) {
	writer, number, ok := strings.Cut(text, "#")
	if !ok || record.CheckID(record.PrefixWriter, writer) != nil {
		return LaneID{}, malformed("lane")
	}
	lane, err := strconv.ParseUint(number, 10, 32)
	if err != nil || strconv.FormatUint(lane, 10) != number {
		return LaneID{}, malformed("lane")
	}
	return LaneID{record.WriterID(writer), uint32(lane)}, nil
}

// Position says where an entry is: the how-manieth of which lane of which writer.
type Position struct {
	Writer record.WriterID `json:"writer"`
	Lane   uint32          `json:"lane"`
	Seq    uint64          `json:"seq"`
}

// LaneID returns the lane of p.
func (p Position) LaneID() LaneID { return LaneID{p.Writer, p.Lane} }

// Ref names an entry and what it says: position and hash.
type Ref struct {
	Position
	Hash Digest
}

// IsZero reports whether r names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns writer:lane:seq:hash.
func (r Ref) String() string {
	return string(r.Writer) + ":" + strconv.FormatUint(uint64(r.Lane), 10) + ":" +
		strconv.FormatUint(r.Seq, 10) + ":" + r.Hash.String()
}

// ParseRef returns the Ref that text, as String writes it, stands for, or ErrMalformed.
func ParseRef(text string) (Ref, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 4 {
		return Ref{}, malformed("reference")
	}
	lane, err := ParseLaneID(parts[0] + "#" + parts[1])
	if err != nil {
		return Ref{}, malformed("reference")
	}
	ref := Ref{Position: Position{Writer: lane.Writer, Lane: lane.Lane}}
	ref.Seq, err = strconv.ParseUint(parts[2], 10, 64)
	if err != nil || ref.Hash.UnmarshalText([]byte(parts[3])) != nil || ref.String() != text {
		return Ref{}, malformed("reference")
	}
	return ref, nil
}

// MarshalText encodes r as String does.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText decodes what MarshalText writes.
func (r *Ref) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRef(string(text))
	return err
}
