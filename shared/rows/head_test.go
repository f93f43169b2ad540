package rows

import (
	"bytes"
	"testing"

	"kexin/shared/record"
	"kexin/shared/store"
)

func sampleHead() *Head {
	return &Head{Version: 3, State: StateLive, Schema: "P06@0123456789abcdef", Kind: record.KindIndividual, Department: "service",
		Channel: "online_form", Form: "service", Notice: "p06-service/1", Created: 1790000000, Triggers: map[string]int64{"last_contact": 1790000000, "contract_end": 1790000000},
		Consents: map[record.PurposeID]ConsentState{"contract_service": {Notice: "p06-service/1", Given: 1790000000}, "marketing": {Notice: "p06-service/1"}},
		Sections: []SectionState{{ID: "sabcdefghij", Level: record.L1, Shred: bytes.Repeat([]byte{7}, 32), Version: 1, Hash: bytes.Repeat([]byte{8}, 32), Deadline: 1890000000, Indexes: []string{"IDX#phone#abcdefghijklmnopqrstuvwxyz"}},
			{ID: "sbbcdefghij", Level: record.L2, Shred: bytes.Repeat([]byte{7}, 32), Version: 1, Hash: bytes.Repeat([]byte{8}, 32), Deadline: 1890000000}},
		Ledger: 1, Deadline: 1890000000, Due: 1890000000}
}

func TestHeadRoundTrip(t *testing.T) {
	head := sampleHead()
	item, err := head.Item("cus_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeHead(item)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := back.Item("cus_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	if !bytes.Equal(item.Body, again.Body) {
		t.Fatal("re-encoding differs")
	}
	if len(item.Body) > 900 {
		t.Fatalf("a head of two sections takes %d bytes: more than one write unit with its key and attributes", len(item.Body))
	}
	t.Log(len(item.Body))
	if _, err := DecodeHead(append2(item.Body, item)); err == nil {
		t.Fatal("trailing bytes accepted")
	}
}

func BenchmarkHead(b *testing.B) {
	head := sampleHead()
	for b.Loop() {
		item, _ := head.Item("cus_aaaaaaaaaaaaaaaaaaaaaaaaaa")
		_, _ = DecodeHead(item)
	}
}

func append2(body []byte, item store.Item) store.Item {
	item.Body = append(bytes.Clone(body), 0)
	return item
}
