package entry

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// roomOfEntry is what most entries need, in bytes.
const roomOfEntry = 1024

// appendTo appends the JSON object of an entry that Validate has accepted: the members in the order of the struct, those left out that
// json.Marshal leaves out. The classes of kinds.go admit no character that JSON escapes, so texts are written as they are. A test
// holds it to json.Marshal.
func (e *Entry) appendTo(b []byte) []byte {
	b = strconv.AppendInt(append(b, `{"v":`...), int64(e.V), 10)
	b = appendText(b, `,"deployment":`, string(e.Deployment))
	b = appendPlace(append(b, ','), e.Position())
	b = appendDigest(b, `,"prev":`, e.Prev)
	b = e.Time.AppendFormat(append(b, `,"time":"`...), time.RFC3339Nano)
	b = e.Actor.appendTo(append(b, `","actor":`...))
	b = appendText(b, `,"action":`, e.Action)
	b = appendText(b, `,"verdict":`, string(e.Verdict))
	b = appendGiven(b, `,"code":`, e.Code)
	b = appendGiven(b, `,"reason":`, e.Reason)
	b = appendReasons(b, e.Reasons)
	b = appendGiven(b, `,"purpose":`, string(e.Purpose))
	b = appendList(b, `,"purposes":`, e.Purposes)
	b = e.appendObject(b)
	if (e.Head != Head{}) {
		b = e.Head.appendTo(append(b, `,"head":`...))
	}
	if !e.Note.IsZero() {
		b = appendDigest(b, `,"note":`, e.Note)
	}
	b = appendGiven(b, `,"channel":`, string(e.Channel))
	b = appendGiven(b, `,"request":`, e.Request)
	b = e.Facts.appendTo(b)
	if e.Of != nil {
		b = append(appendPlace(append(b, `,"of":{`...), *e.Of), '}')
	}
	return append(b, '}')
}

// appendObject appends what the act was on.
func (e *Entry) appendObject(b []byte) []byte {
	b = appendGiven(b, `,"customer":`, string(e.Customer))
	b = appendList(b, `,"customers":`, e.Customers)
	b = appendList(b, `,"fields":`, e.Fields)
	b = appendList(b, `,"sections":`, e.Sections)
	b = appendGiven(b, `,"pack":`, string(e.Pack))
	b = appendGiven(b, `,"approval":`, string(e.Approval))
	b = appendGiven(b, `,"export":`, string(e.Export))
	b = appendGiven(b, `,"reveal":`, string(e.Reveal))
	b = appendGiven(b, `,"submission":`, string(e.Submission))
	return appendGiven(b, `,"object":`, e.Object)
}

func (a Actor) appendTo(b []byte) []byte {
	b = appendText(b, `{"kind":`, string(a.Kind))
	b = appendGiven(b, `,"id":`, a.ID)
	b = appendGiven(b, `,"role":`, string(a.Role))
	return append(appendGiven(b, `,"department":`, string(a.Department)), '}')
}

func (h Head) appendTo(b []byte) []byte {
	member := `{"before":`
	if !h.Before.IsZero() {
		b, member = appendDigest(b, member, h.Before), `,"after":`
	} else {
		member = `{"after":`
	}
	if !h.After.IsZero() {
		b = appendDigest(b, member, h.After)
	}
	return append(b, '}')
}

// appendTo appends facts in order of their keys, nothing when there are none.
func (f Facts) appendTo(b []byte) []byte {
	if len(f) == 0 {
		return b
	}
	var room [MaxFacts]string
	keys := room[:0]
	for key := range f {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	b = append(b, `,"facts":{`...)
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), key...), '"')
		b = appendText(b, ":", f[key])
	}
	return append(b, '}')
}

func appendPlace(b []byte, p Position) []byte {
	b = appendText(b, `"writer":`, string(p.Writer))
	b = strconv.AppendUint(append(b, `,"lane":`...), uint64(p.Lane), 10)
	return strconv.AppendUint(append(b, `,"seq":`...), p.Seq, 10)
}

func appendReasons(b []byte, reasons []Reason) []byte {
	if len(reasons) == 0 {
		return b
	}
	b = append(b, `,"reasons":[`...)
	for i, r := range reasons {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, `{"policy":`, r.Policy)
		b = appendText(b, `,"file":`, r.File)
		b = append(strconv.AppendInt(append(b, `,"line":`...), int64(r.Line), 10), '}')
	}
	return append(b, ']')
}

func appendList[T ~string](b []byte, member string, list []T) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(b, member...), '[')
	for i, text := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, "", string(text))
	}
	return append(b, ']')
}

// appendGiven appends a member unless its text is empty.
func appendGiven(b []byte, member, text string) []byte {
	if text == "" {
		return b
	}
	return appendText(b, member, text)
}

func appendText(b []byte, member, text string) []byte {
	b = append(append(b, member...), '"')
	return append(append(b, text...), '"')
}

func appendDigest(b []byte, member string, d Digest) []byte {
	b = append(append(b, member...), '"')
	return append(hex.AppendEncode(b, d[:]), '"')
}
