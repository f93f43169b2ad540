package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"kexin/shared/audit/entry"
	"kexin/shared/evidence"
	"kexin/shared/objects"
	"kexin/shared/store"
)

// Prover finds the proof that an entry is in the log. It needs no key: checkpoints are signed already. Who wants to believe the proof
// verifies it with evidence.VerifyInclusion.
type Prover struct {
	Store   store.Store     // get and query in table Audit
	Objects objects.Objects // get in bucket Evidence
}

// Prove is Prover.Prove on the store and objects of s.
func (s *Sealer) Prove(ctx context.Context, ref Ref) (evidence.Inclusion, error) {
	return Prover{s.Store, s.Objects}.Prove(ctx, ref)
}

// Prove returns the entry of ref with the proof that the log of the latest checkpoint holds it. A ref without hash names whatever entry
// is at its position. ErrNotSealed: not yet, or never; ErrAltered: the row is not what ref or the log says.
func (p Prover) Prove(ctx context.Context, ref Ref) (evidence.Inclusion, error) {
	index, err := p.locate(ctx, ref.Position)
	if err != nil {
		return evidence.Inclusion{}, err
	}
	item, err := p.Store.Get(ctx, entryKey(ref.Position))
	if err != nil {
		return evidence.Inclusion{}, fmt.Errorf("read sealed entry: %w", err)
	}
	if ref.Hash != (Digest{}) && entry.Hash(item.Body) != ref.Hash {
		return evidence.Inclusion{}, fmt.Errorf("%w: entry differs from its reference", ErrAltered)
	}
	latest, err := loadCheckpoint(ctx, p.Store)
	if err != nil {
		return evidence.Inclusion{}, err
	}
	if index >= latest.Size {
		return evidence.Inclusion{}, ErrNotSealed
	}
	proof, err := p.path(ctx, latest, index, item.Body)
	if err != nil {
		return evidence.Inclusion{}, err
	}
	return evidence.Inclusion{
		Entry: item.Body, Index: index, Size: latest.Size, Proof: proof, Checkpoint: []byte(latest.Note),
	}, nil
}

// path computes the audit path of the leaf at index from tiles that are checked against the root of the checkpoint.
func (p Prover) path(ctx context.Context, latest signed, index int64, data []byte) ([]Digest, error) {
	checkpoint, err := evidence.ReadCheckpoint([]byte(latest.Note))
	if err != nil {
		return nil, err
	}
	root := tlog.Hash(checkpoint.Root)
	reader := tlog.TileHashReader(tlog.Tree{N: checkpoint.Size, Hash: root}, tileReader{ctx: ctx, objects: p.Objects})
	found, err := tlog.ProveRecord(checkpoint.Size, index, reader)
	if err != nil {
		return nil, fmt.Errorf("prove sealed entry: %w", err)
	}
	if tlog.CheckRecord(found, checkpoint.Size, root, index, tlog.RecordHash(data)) != nil {
		return nil, fmt.Errorf("%w: entry differs from its leaf", ErrAltered)
	}
	proof := make([]Digest, len(found))
	for i, hash := range found {
		proof[i] = Digest(hash)
	}
	return proof, nil
}

// locate returns the place in the log of the entry at position.
func (p Prover) locate(ctx context.Context, position Position) (int64, error) {
	page, err := p.Store.Query(ctx, store.Query{
		Table: store.Audit, PK: prefixSealed + position.LaneID().String(), Before: seqText(position.Seq) + " ", Desc: true, Limit: 1,
	})
	if err != nil {
		return 0, fmt.Errorf("locate sealed entry: %w", err)
	}
	if len(page.Items) == 0 {
		return 0, ErrNotSealed
	}
	sealed, err := parseSealed(page.Items[0])
	if err != nil {
		return 0, err
	}
	offset := int64(position.Seq - sealed.First)
	if offset >= sealed.Count {
		return 0, ErrNotSealed
	}
	return sealed.Leaf + offset, nil
}
