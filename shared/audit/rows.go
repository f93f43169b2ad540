package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/store"
)

// Rows of table audit. Every key of the package is built and parsed in this file.
//
//	LANES#<shard>            / <writer>#<lane>   registration of an open lane
//	ENDED#<shard>            / <writer>#<lane>   registration of a lane that is sealed to its terminator
//	LANE#<writer>#<lane>     / <seq>             entry; body: its bytes
//	CURSOR#<writer>#<lane>   / .                 how far the lane is sealed
//	SEALED#<writer>#<lane>   / <first seq>       where in the log a run of entries of the lane lies
//	LOG#state, LOG#checkpoint / .                the sealed log
const (
	prefixLanes   = "LANES#"
	prefixEnded   = "ENDED#"
	prefixLane    = "LANE#"
	prefixCursor  = "CURSOR#"
	prefixSealed  = "SEALED#"
	keyState      = "LOG#state"
	keyCheckpoint = "LOG#checkpoint"
)

// Shards is the number of partitions that registrations are spread over.
const Shards = 16

func shardOf(id LaneID) string {
	sum := sha256.Sum256([]byte(id.String()))
	return hex.EncodeToString(sum[:1])[:1]
}

func shardName(n int) string { return strconv.FormatInt(int64(n), 16) }

func laneRow(prefix string, id LaneID) store.Key {
	return store.Key{Table: store.Audit, PK: prefix + shardOf(id), SK: id.String()}
}

func entryKey(p Position) store.Key {
	return store.Key{Table: store.Audit, PK: prefixLane + p.LaneID().String(), SK: seqText(p.Seq)}
}

func cursorKey(id LaneID) store.Key {
	return store.Key{Table: store.Audit, PK: prefixCursor + id.String(), SK: store.Only}
}

func sealedKey(id LaneID, first uint64) store.Key {
	return store.Key{Table: store.Audit, PK: prefixSealed + id.String(), SK: seqText(first)}
}

func logKey(pk string) store.Key { return store.Key{Table: store.Audit, PK: pk, SK: store.Only} }

func seqText(seq uint64) string { return fmt.Sprintf("%016x", seq) }

func parseSeq(text string) (uint64, error) {
	seq, err := strconv.ParseUint(text, 16, 64)
	if err != nil || seqText(seq) != text {
		return 0, entry.ErrMalformed
	}
	return seq, nil
}

// parseEntryKey returns the position that the key of an entry's row names.
func parseEntryKey(key store.Key) (Position, error) {
	text, ok := strings.CutPrefix(key.PK, prefixLane)
	if !ok || key.Table != store.Audit {
		return Position{}, fmt.Errorf("parse key of entry: %w", entry.ErrMalformed)
	}
	id, err := entry.ParseLaneID(text)
	if err != nil {
		return Position{}, fmt.Errorf("parse key of entry: %w", err)
	}
	seq, err := parseSeq(key.SK)
	if err != nil {
		return Position{}, fmt.Errorf("parse key of entry: %w", err)
	}
	return Position{Writer: id.Writer, Lane: id.Lane, Seq: seq}, nil
}

// registration is the body of the row of a lane.
type registration struct {
	V        int       `json:"v"`
	Function string    `json:"function"`
	Started  time.Time `json:"started"`
}

func registrationItem(id LaneID, function string, now time.Time) (store.Item, error) {
	body, err := json.Marshal(registration{V: 1, Function: function, Started: now.UTC().Truncate(time.Second)})
	if err != nil {
		return store.Item{}, fmt.Errorf("encode registration of lane: %w", err)
	}
	return store.Item{Key: laneRow(prefixLanes, id), Body: body}, nil
}

// entryItem returns the row of e, whose bytes are data.
func entryItem(e *Entry, data []byte) store.Item {
	item := store.Item{Key: entryKey(e.Position()), Body: data}
	if e.Customer != "" {
		item.Attrs = map[string]store.Attr{
			store.AttrCustomer: store.S(string(e.Customer)),
			store.AttrTime:     store.N(e.Time.UnixNano()),
		}
	}
	return item
}

func customerQuery(customer record.CustomerID, cursor string) store.Query {
	return store.Query{Table: store.Audit, PK: string(customer), Index: store.ByCustomer, Cursor: cursor}
}
