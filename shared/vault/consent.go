package vault

import (
	"sort"

	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// ConsentEntry is one entry of a customer's consent ledger: what was asked under which notice, and what the answers were. It holds
// names of the pack and moments, nothing of the person.
type ConsentEntry struct {
	Format   int
	At       int64  // Unix seconds
	Act      string // given or withdrawn
	Notice   record.NoticeVersion
	Language record.Language
	TextHash []byte // SHA-256 of the notice in that language
	Channel  record.Channel
	Staff    record.StaffID // who entered it, when staff did
	Script   string
	Pack     record.PackVersion
	Purposes []Answer
	Fields   []Answer // separate consents
}

// Answer is one answer to one question.
type Answer struct {
	Name  string
	Given bool
}

func (d *draft) addConsent(pack *policy.Pack, filled *record.Filled) error {
	entry := ConsentEntry{Act: "given", At: filled.Given, Notice: filled.Notice, Language: filled.Language, Channel: filled.Channel,
		Staff: filled.Evidence.Staff, Script: filled.Evidence.Script, Pack: pack.Version,
		Purposes: answers(filled.Consents), Fields: answers(filled.Separate)}
	if notice := pack.Notices[filled.Notice]; notice != nil {
		hash := notice.SHA256[filled.Language]
		entry.TextHash = hash[:]
	}
	op, err := consentOp(d.id, d.head.Ledger, entry)
	d.bodies = append(d.bodies, op)
	return err
}

func consentOp(id record.CustomerID, n uint32, entry ConsentEntry) (store.Op, error) {
	entry.Format = rows.Format
	body, err := rows.Encode(entry)
	return store.PutIf(store.Item{Key: rows.Consent(id, n), Body: body}, store.IfAbsent()), err
}

func answers[K ~string](given map[K]bool) []Answer {
	list := make([]Answer, 0, len(given))
	for name, yes := range given {
		list = append(list, Answer{string(name), yes})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}
