package vault

import (
	"slices"
	"strings"

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

// AppendCBOR implements rows.Appender.
func (c ConsentEntry) AppendCBOR(b []byte) []byte {
	b = rows.AppendInt(rows.AppendInt(rows.AppendArray(b, 12), int64(c.Format)), c.At)
	b = rows.AppendText(rows.AppendText(rows.AppendText(b, c.Act), c.Notice), c.Language)
	b = rows.AppendText(rows.AppendBytes(b, c.TextHash), c.Channel)
	b = rows.AppendText(rows.AppendText(rows.AppendText(b, c.Staff), c.Script), c.Pack)
	return rows.AppendList(rows.AppendList(b, c.Purposes, appendAnswer), c.Fields, appendAnswer)
}

func appendAnswer(b []byte, a *Answer) []byte {
	return rows.AppendBool(rows.AppendText(rows.AppendArray(b, 2), a.Name), a.Given)
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
	slices.SortFunc(list, func(a, b Answer) int { return strings.Compare(a.Name, b.Name) })
	return list
}
