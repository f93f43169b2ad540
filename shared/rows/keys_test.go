package rows

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/record"
	"kexin/shared/store"
)

// FuzzParseSection: what parses is exactly what Section builds.
func FuzzParseSection(f *testing.F) {
	f.Add("SEC#saaaaaaaaaa#00000001")
	f.Add("SEC#s#ffffffff")
	f.Add("SEC##0000000x")
	f.Add("SEC#a#b#00000002")
	f.Fuzz(func(t *testing.T, sk string) {
		id, version, err := ParseSection(sk)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("error %v", err)
			}
			return
		}
		if again := Section(record.L1, "cus_a", id, version).SK; again != sk {
			t.Errorf("%q parses and builds to %q", sk, again)
		}
	})
}

func TestSectionKeysRoundTripInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		id := record.SectionID(rapid.StringMatching("s[a-z2-7]{10}").Draw(r, "id"))
		a, b := rapid.Uint32().Draw(r, "a"), rapid.Uint32().Draw(r, "b")
		first, second := Section(record.L2, "cus_a", id, a).SK, Section(record.L2, "cus_a", id, b).SK
		if (a < b) != (first < second) {
			r.Fatalf("%d and %d are stored as %s and %s", a, b, first, second)
		}
		if gotID, got, err := ParseSection(first); err != nil || gotID != id || got != a {
			r.Fatalf("%s %d, %v", gotID, got, err)
		}
	})
}

// FuzzDecode: no bytes make a decoder panic, and what decodes encodes to itself and nothing longer.
func FuzzDecode(f *testing.F) {
	item, err := sampleHead().Item("cus_a")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(item.Body)
	for _, v := range []any{CardBody{Format: 1, Parts: []CardPart{{"sa", 1, []byte{1}}}}, DueBody{Format: 1, State: DueResidue, Facts: map[string]string{"a": "b"}},
		SubmissionBody{Format: 1, Envelope: []byte{1}}, StaffBody{Format: 1}, RequestBody{Format: 1}, ApprovalBody{Format: 1}, ExportBody{Format: 1}} {
		body, err := Encode(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		stable(t, body, &Head{})
		stable(t, body, &CardBody{})
		stable(t, body, &DueBody{})
		stable(t, body, &SubmissionBody{})
		stable(t, body, &StaffBody{})
		stable(t, body, &RequestBody{})
		stable(t, body, &ApprovalBody{})
		stable(t, body, &ExportBody{})
	})
}

// stable checks that what decodes from body has one encoding, which decodes to the same.
func stable[T any](t *testing.T, body []byte, v *T) {
	t.Helper()
	if Decode(body, v) != nil {
		return
	}
	once, err := Encode(v)
	if err != nil {
		return // a decoded text that is not UTF-8, for example
	}
	var back T
	if err := Decode(once, &back); err != nil {
		t.Fatalf("%T does not decode from its own encoding: %v", v, err)
	}
	if twice, err := Encode(&back); err != nil || !bytes.Equal(once, twice) {
		t.Fatalf("%T has two encodings: %v", v, err)
	}
}

// TestTruncatedBodiesAreRefused at every length.
func TestTruncatedBodiesAreRefused(t *testing.T) {
	item, err := sampleHead().Item("cus_a")
	if err != nil {
		t.Fatal(err)
	}
	for n := range item.Body {
		cut := item
		cut.Body = item.Body[:n]
		if _, err := DecodeHead(cut); !errors.Is(err, ErrFormat) {
			t.Errorf("%d of %d bytes: %v", n, len(item.Body), err)
		}
	}
	for _, longer := range [][]byte{append(bytes.Clone(item.Body), 0), append(bytes.Clone(item.Body), item.Body...)} {
		bad := item
		bad.Body = longer
		if _, err := DecodeHead(bad); !errors.Is(err, ErrFormat) {
			t.Errorf("%d bytes: %v", len(longer), err)
		}
	}
}

// TestHeadAttributesMustAgree: each of them guards a transaction.
func TestHeadAttributesMustAgree(t *testing.T) {
	for name := range map[string]bool{store.AttrVersion: true, store.AttrDeadline: true, store.AttrHolds: true} {
		item, err := sampleHead().Item("cus_a")
		if err != nil {
			t.Fatal(err)
		}
		item.Attrs[name] = store.N(item.Int(name) + 1)
		if _, err := DecodeHead(item); !errors.Is(err, ErrFormat) {
			t.Errorf("other %s: %v", name, err)
		}
	}
	item, err := sampleHead().Item("cus_a")
	if err != nil {
		t.Fatal(err)
	}
	item.Attrs[store.AttrState] = store.S(StatePending)
	if _, err := DecodeHead(item); !errors.Is(err, ErrFormat) {
		t.Errorf("other state: %v", err)
	}
}

// TestEncodingIsDeterministic: maps of any order give the same bytes.
func TestEncodingIsDeterministic(t *testing.T) {
	want, err := sampleHead().Item("cus_a")
	if err != nil {
		t.Fatal(err)
	}
	for range 50 { // Go walks maps in another order each time
		got, err := sampleHead().Item("cus_a")
		if err != nil || !bytes.Equal(got.Body, want.Body) {
			t.Fatalf("differs: %v", err)
		}
	}
}

// TestEncodersAreNotShared: heads that are encoded at the same moment do not run into each other.
func TestEncodersAreNotShared(t *testing.T) {
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for range 200 {
				head := sampleHead()
				head.Version = int64(n)
				item, err := head.Item("cus_a")
				if err != nil {
					t.Error(err)
					return
				}
				if back, err := DecodeHead(item); err != nil || back.Version != int64(n) {
					t.Errorf("head %d: %v", n, err)
				}
			}
		})
	}
	group.Wait()
}

// TestHeadSize: a head of two sections and one identifier fits into one write unit with key and attributes.
func TestHeadSize(t *testing.T) {
	item, err := sampleHead().Item("cus_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	if err != nil {
		t.Fatal(err)
	}
	if size := store.Size(item); size > 1024 {
		t.Errorf("%d bytes", size)
	}
}

// TestNextDue: never before the earliest deadline while that lies ahead, and never put back to a day that the purge has finished.
func TestNextDue(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		moment := rapid.Int64Range(1, math.MaxInt32)
		lies, earliest, now := moment.Draw(r, "lies"), moment.Draw(r, "earliest"), moment.Draw(r, "now")
		next := NextDue(lies, earliest, now)
		switch {
		case earliest > now && next != earliest:
			r.Fatalf("due at %d although the earliest deadline is %d", next, earliest)
		case earliest <= now && next > now:
			r.Fatalf("overdue, and put off to %d", next)
		case earliest <= now && next < now && next != lies:
			r.Fatalf("put back to %d", next)
		}
	})
}

func TestMoveDue(t *testing.T) {
	day := int64(24 * 60 * 60)
	for _, c := range []struct{ from, to, ops int64 }{{5, 5, 0}, {5, 6, 1}, {5, 5 + day, 2}} {
		ops, err := MoveDue("cus_a", c.from, c.to)
		if err != nil || int64(len(ops)) != c.ops {
			t.Errorf("%d to %d: %d operations, %v", c.from, c.to, len(ops), err)
		}
		if err := store.CheckTransact("", ops); len(ops) > 0 && err != nil {
			t.Errorf("%d to %d: %v", c.from, c.to, err)
		}
	}
}

// TestKeysAreDisjoint: no builder makes the key of another's row.
func TestKeysAreDisjoint(t *testing.T) {
	at := time.Unix(1790000000, 0)
	keys := []store.Key{Submission("sub_a"), Intake(store.Inbox, "int_a"), Intake(store.Keys, "int_a"), ManifestKey(), HeadKey("cus_a"),
		Identifier("phone#a"), Token("two#a", "cus_a"), BranchSecret("L1", 1), IndexKey(1), ArchiveKey("exp_a"), Card("cus_a"),
		Section(record.L1, "cus_a", "sa", 1), Section(record.L3, "cus_a", "sa", 1), Consent("cus_a", 1), Note(record.L2, "cus_a", "sa", "rev_a"),
		Due(at, "cus_a"), Held("cus_a"), Pending("cus_a"), Staff("stf_a"), Subject("a"), RequestKey("apr_a"), ApprovalKey("apr_a", 0),
		ExportKey("exp_a"), Roster("cus_a", "exp_a"), Job("purge-expired", "cursor")}
	seen := map[store.Key]bool{}
	for _, key := range keys {
		if seen[key] || store.CheckKey(key) != nil {
			t.Errorf("%v", key)
		}
		seen[key] = true
	}
}

// TestShards: every identifier has one of the shards, and they are spread.
func TestShards(t *testing.T) {
	names := map[string]int{}
	for _, name := range ShardNames() {
		names[name] = 0
	}
	for n := range 6400 {
		id := record.IDFromBytes(record.PrefixCustomer, [16]byte{byte(n), byte(n >> 8), 3, 5, 7, 11, 13, 17, 19, byte(n * 31), byte(n * 7), byte(n * 13), byte(n * 17), byte(n * 29), byte(n * 37)})
		pk := Due(time.Unix(0, 0), record.CustomerID(id)).PK
		name := pk[strings.LastIndex(pk, "#")+1:]
		if _, ok := names[name]; !ok {
			t.Fatalf("shard %q", name)
		}
		names[name]++
	}
	for name, n := range names {
		if n > 400 {
			t.Errorf("shard %s has %d of 6400", name, n)
		}
	}
}
