package evidence

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/audit/entry"
)

// Inclusion is the proof that an entry is in the log that a checkpoint signs.
type Inclusion struct {
	Entry      []byte         // exact bytes of the entry
	Index      int64          // its place in the log, from 0
	Size       int64          // size of the log that the proof is for: that of Checkpoint
	Proof      []entry.Digest // audit path of RFC 6962, from the leaf up
	Checkpoint []byte         // signed note
}

// VerifyInclusion returns the entry of i after checking its form, the signature of the checkpoint, and that the proof leads from one
// to the other.
func VerifyInclusion(p PublicKeys, i Inclusion) (entry.Entry, error) {
	checkpoint, err := VerifyCheckpoint(p, i.Checkpoint)
	if err != nil {
		return entry.Entry{}, err
	}
	if checkpoint.Size != i.Size {
		return entry.Entry{}, fmt.Errorf("%w: size differs from that of the checkpoint", ErrMismatch)
	}
	e, err := entry.Parse(i.Entry)
	if err != nil {
		return entry.Entry{}, fmt.Errorf("%w: entry: %v", ErrFormat, err)
	}
	if e.Deployment != p.Deployment {
		return entry.Entry{}, fmt.Errorf("%w: entry", ErrDeployment)
	}
	if i.Index < 0 || i.Index >= i.Size {
		return entry.Entry{}, fmt.Errorf("%w: index outside the log", ErrProof)
	}
	path := make(tlog.RecordProof, len(i.Proof))
	for n, hash := range i.Proof {
		path[n] = tlog.Hash(hash)
	}
	if err := tlog.CheckRecord(path, i.Size, tlog.Hash(checkpoint.Root), i.Index, tlog.RecordHash(i.Entry)); err != nil {
		return entry.Entry{}, ErrProof
	}
	return e, nil
}
