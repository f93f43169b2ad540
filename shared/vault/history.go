package vault

import (
	"context"
	"sort"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/record"
)

// HistoryEntry is one act on a customer, without values.
type HistoryEntry struct {
	At       int64 // Unix seconds
	Action   string
	Verdict  string
	Code     string
	Actor    audit.Actor
	Purpose  record.PurposeID
	Reason   string
	Fields   []record.FieldName
	Approval record.ApprovalID
	Ref      string
}

// History answers who did what to a customer, when, and to which fields, oldest first.
func (v *Vault) History(ctx context.Context, actor Actor, id record.CustomerID, cursor string) ([]HistoryEntry, string, error) {
	c, err := v.load(ctx, id)
	if err != nil {
		return nil, "", v.missing(ctx, actor, decision.ActHistory, id, "", err)
	}
	resource := v.resource(c, nil, "")
	_, e, err := v.decide(ctx, actor, decision.Request{Action: decision.ActHistory, Resource: resource})
	if err != nil {
		return nil, "", err
	}
	if _, err := v.Log.Record(ctx, e); err != nil {
		return nil, "", err
	}
	return v.trace(ctx, id, cursor)
}

func historyEntry(t audit.Traced) HistoryEntry {
	e := t.Entry
	fields := append([]record.FieldName(nil), e.Fields...)
	sort.Slice(fields, func(i, j int) bool { return fields[i] < fields[j] })
	return HistoryEntry{At: e.Time.Unix(), Action: e.Action, Verdict: string(e.Verdict), Code: e.Code, Actor: e.Actor, Purpose: e.Purpose,
		Reason: e.Reason, Fields: fields, Approval: e.Approval, Ref: t.Ref.String()}
}
