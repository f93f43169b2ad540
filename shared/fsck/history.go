package fsck

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"

	"kexin/shared/audit"
	"kexin/shared/audit/entry"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// history is what the audit log says of a customer's head: the digests before and after every change of it, all XORed. In an unbroken
// chain each digest but the last stands twice, as the end of one change and the start of the next, and cancels itself; what is left is
// the digest of the present head, or zero after a destruction. So neither order nor number of the entries must be kept.
type history struct{ digest audit.Digest }

func (k *check) note(id record.CustomerID, digests ...audit.Digest) {
	h := k.history[id]
	if h == nil {
		h = &history{}
		k.history[id] = h
	}
	for _, digest := range digests {
		for i := range digest {
			h.digest[i] ^= digest[i]
		}
	}
}

const prefixLane = "LANE#"

// entries reads the whole audit log for changes of heads.
func (k *check) entries(ctx context.Context) error {
	return k.scan(ctx, store.Audit, func(item store.Item) error {
		if !strings.HasPrefix(item.Key.PK, prefixLane) || !bytes.Contains(item.Body, []byte(`"head":`)) {
			return nil
		}
		e, err := entry.Parse(item.Body)
		if err != nil {
			k.found(AuditLog, item.Key, "entry")
			return nil
		}
		k.follow(&e)
		return nil
	})
}

// follow notes the changes of heads that one entry records. Reads name the head that they saw too; they change nothing.
func (k *check) follow(e *entry.Entry) {
	destroyed := e.Action == entry.ActionDestroy && e.Verdict == entry.Allow && e.Head.After.IsZero()
	if e.Head.After.IsZero() && !destroyed {
		return
	}
	k.note(e.Customer, e.Head.Before, e.Head.After)
	if before, after := digestOf(e.Facts["merged_before"]), digestOf(e.Facts["merged_after"]); !after.IsZero() {
		k.note(record.CustomerID(e.Object), before, after)
	}
}

func digestOf(text string) (digest audit.Digest) {
	raw, err := hex.DecodeString(text)
	if err == nil && len(raw) == len(digest) {
		copy(digest[:], raw)
	}
	return digest
}

// headHistory compares a head with what the log says of it.
func (k *check) headHistory(id record.CustomerID, item store.Item) {
	h := k.history[id]
	switch {
	case h == nil:
		k.found(HistoryBroken, item.Key, "no entry")
	case h.digest.IsZero():
		k.found(HistoryRevived, item.Key, "")
	case h.digest != audit.Digest(rows.Digest(item.Body)):
		k.found(HistoryBroken, item.Key, "digest")
	}
}

// lost finds customers that the log knows as living and that have no head.
func (k *check) lost(context.Context) error {
	for id, h := range k.history {
		if !k.heads[id] && !h.digest.IsZero() {
			k.found(HistoryLost, rows.HeadKey(id), "")
		}
	}
	k.history = nil
	return nil
}
