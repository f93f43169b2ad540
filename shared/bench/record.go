package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
)

// Reference says what the reference record is.
const Reference = "individual of pack P06: name of one character and phone in one section, a request for service in another, 1,010 bytes " +
	"of values in all; one identifier (phone) and two tokens (last four digits, whole name); three consents; card of three masked values"

// requestText fills the second section: 327 Chinese characters of three bytes.
var requestText = strings.Repeat("每周保洁一次并擦玻璃。", 29) + "不用带工具。谢谢"

// submission is a filled form as it is sent.
type submission struct {
	Form     string            `json:"form,omitempty"`
	Kind     string            `json:"kind"`
	Channel  string            `json:"channel"`
	Notice   string            `json:"notice"`
	Language string            `json:"language"`
	Consents map[string]bool   `json:"consents"`
	Fields   map[string]string `json:"fields"`
	Evidence *evidence         `json:"evidence,omitempty"`
}

type evidence struct {
	Script string `json:"script"`
}

func filledForm(phone string) submission {
	return submission{Kind: "individual", Notice: "service/1", Language: "zh", Channel: "online_form",
		Consents: map[string]bool{"contract_service": true, "customer_service": true, "marketing": true},
		Fields:   map[string]string{"name": "王", "phone": phone, "service_request": requestText}}
}

// publicBody is what a customer sends.
func publicBody(phone string) []byte {
	body, _ := json.Marshal(filledForm(phone)) // strings and booleans always encode
	return body
}

// staffBody is what staff send.
func staffBody(phone string) []byte {
	s := filledForm(phone)
	s.Form, s.Channel, s.Evidence = "service", "phone", &evidence{"script-service-1"}
	body, _ := json.Marshal(s) // strings and booleans always encode
	return body
}

// person is a customer whom the bench knows.
type person struct {
	id      record.CustomerID
	phone   string
	version int
}

// people hands out phone numbers and keeps the customers of the store.
type people struct {
	mu    sync.Mutex
	next  uint32
	known []person // entered by this run
	ids   []record.CustomerID
}

// start begins the numbers of a run at a random place, so that runs on one store rarely meet.
func (p *people) start(random io.Reader) error {
	raw := make([]byte, 4)
	if _, err := io.ReadFull(random, raw); err != nil {
		return fmt.Errorf("draw first phone number: %w", err)
	}
	p.next = (uint32(raw[0])<<16 | uint32(raw[1])<<8 | uint32(raw[2])) * 59
	return nil
}

// phone returns an invented mobile number that no other customer of the run has.
func (p *people) phone() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	return fmt.Sprintf("138%08d", p.next%100_000_000)
}

func (p *people) add(someone person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known = append(p.known, someone)
	p.ids = append(p.ids, someone.id)
}

// take removes n customers whom the run entered last.
func (p *people) take(n int) []person {
	p.mu.Lock()
	defer p.mu.Unlock()
	cut := max(0, len(p.known)-n)
	taken := slices.Clone(p.known[cut:])
	p.known = p.known[:cut]
	return taken
}

// customerOf returns the customer whose row a key is.
func customerOf(key store.Key) record.CustomerID {
	return record.CustomerID(strings.TrimPrefix(key.PK, rows.PrefixCustomer))
}
