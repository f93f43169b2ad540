// Package audit writes the audit log and seals it. A Log records entries in lanes of its own and commits acts together with their
// entries; a Sealer joins all lanes into one Merkle log of tiles and signed checkpoints, proves that an entry is in it, and checks that
// what is stored is what was written.
//
// A lane is the sequence of entries that one slot of one process writes: each carries the hash of the one before, each is put only if
// its place is free, and the next is sent only when the last is acknowledged. So a lane has no gaps and no forks unless somebody removed
// or replaced rows, and a place that a terminator has taken can never be taken by a write that comes late.
package audit

import (
	"errors"

	"kexin/shared/audit/entry"
)

// What entries are made of; see package entry.
type (
	// Entry is one audit entry.
	Entry = entry.Entry
	// Actor is who acted.
	Actor = entry.Actor
	// Head holds the digests of a customer's head before and after a write.
	Head = entry.Head
	// Facts are counts, moments, codes and digests of an outcome.
	Facts = entry.Facts
	// Digest is a SHA-256.
	Digest = entry.Digest
	// Ref names an entry and its hash.
	Ref = entry.Ref
	// Position is the place of an entry: writer, lane, sequence.
	Position = entry.Position
	// LaneID names a lane.
	LaneID = entry.LaneID
	// Reason is one rule that decided, with where it is written.
	Reason = entry.Reason
	// Verdict says what an entry records.
	Verdict = entry.Verdict
	// ActorKind says what kind of actor acted.
	ActorKind = entry.ActorKind
)

// Verdicts and kinds of actors; see package entry.
const (
	Allow      = entry.Allow
	Deny       = entry.Deny
	Outcome    = entry.Outcome
	Terminator = entry.Terminator

	Staff    = entry.Staff
	Customer = entry.Customer
	System   = entry.System
	Public   = entry.Public
)

// Sentinels of the package.
var (
	// ErrNotHappened: the act and its entry have not been stored and never will be. Repeating the act is safe.
	ErrNotHappened = errors.New("act did not happen")
	// ErrUnresolved: whether the act happened is not known, and could not be found out. Its lane is abandoned, and the sealer settles it.
	ErrUnresolved = errors.New("outcome of the act is unresolved")
	// ErrConfig: a part of a configuration is missing or impossible.
	ErrConfig = errors.New("audit configuration incomplete")
	// ErrTooManyOps: an act has more operations than fit into a transaction beside its entry.
	ErrTooManyOps = errors.New("act has too many operations")
)

// MaxOps is the most operations of one Act; the entry takes the last place of the transaction.
const MaxOps = 99
