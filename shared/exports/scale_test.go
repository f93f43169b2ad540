package exports_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"kexin/shared/exports"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/store"
	"kexin/shared/vaulttest"
)

// endless is a store whose department has as many customers as wanted: the index names the same few again and again. What a build would
// leave behind for each part, rosters and audit entries, is dropped, so that the memory measured is the builder's.
type endless struct {
	store.Store
	some []store.Item
	left int
}

// Query pages through the customers.
func (e *endless) Query(ctx context.Context, q store.Query) (store.Page, error) {
	if q.Index != store.ByDepartment {
		return e.Store.Query(ctx, q)
	}
	at, _ := strconv.Atoi(q.Cursor) // "" is the start
	var page store.Page
	for range min(q.Limit, e.left) {
		page.Items = append(page.Items, e.some[at%len(e.some)])
		at++
	}
	if e.left -= len(page.Items); e.left > 0 {
		page.Next = strconv.Itoa(at)
	}
	return page, nil
}

// Transact drops rosters with their entries.
func (e *endless) Transact(ctx context.Context, token store.Token, ops ...store.Op) error {
	if strings.HasPrefix(ops[0].Item.Key.PK, rows.PrefixRoster) {
		return nil
	}
	return e.Store.Transact(ctx, token, ops...)
}

// An export of many customers needs no more memory than one of few.
func TestMemoryDoesNotGrowWithCustomers(t *testing.T) {
	customers := 10_000
	if os.Getenv("KEXIN_FULL") == "1" {
		customers = 1_000_000
	}
	k := vaulttest.New(t, vaulttest.Options{})
	k.Register("R9")
	console := k.Process("serve-console", vaulttest.Everything)
	for i := range 180 {
		console.Created(vaulttest.Person{N: i, Without: []record.FieldName{"id_number", "home_address", "contact_address"}})
	}
	page, err := k.Base.Query(t.Context(), store.Query{Table: store.Records, Index: store.ByDepartment, PK: string(vaulttest.Department), Limit: 200})
	if err != nil || len(page.Items) != 180 {
		t.Fatalf("%d customers, %v", len(page.Items), err)
	}
	e := request(t, k, console)
	many := &endless{Store: k.Base, some: page.Items, left: customers}
	process := k.ProcessOn(many, k.Keys, "build-export", vaulttest.Opens)
	var early, peak uint64
	builder := exports.Builder{Deployment: k.Deployment, Vault: process.Vault, Store: many, Keys: k.Keys, Objects: k.Objects, Register: k.Members(),
		Pack: k.Pack, Now: k.Clock.Now, Random: k.Random, Lease: 24 * time.Hour, Progress: func(_ record.ExportID, n uint64) {
			if n%uint64(customers/10/90*90) != 0 {
				return
			}
			if now := heap(); early == 0 {
				early = now
			} else {
				peak = max(peak, now)
			}
		}}
	state, err := builder.Build(t.Context(), e.ID)
	if err != nil || state != rows.ExportReady {
		t.Fatalf("build: %s %v", state, err)
	}
	built, err := (&exports.Desk{Store: k.Base}).Get(t.Context(), k.Actor("R9"), e.ID)
	if err != nil || built.Rows != int64(customers) {
		t.Fatalf("%d rows, %v", built.Rows, err)
	}
	if grown := int64(peak) - int64(early); early == 0 || peak == 0 || grown > 2<<20 || peak > 64<<20 {
		t.Errorf("memory: %d bytes after a tenth, %d at the most", early, peak)
	}
}

// heap returns the bytes that are reachable now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// request asks for an export of L1 fields, which needs no second person.
func request(t *testing.T, k *vaulttest.Kit, console *vaulttest.Process) exports.Export {
	t.Helper()
	desk := &exports.Desk{Vault: console.Vault, Store: k.Base, Pack: k.Pack, Now: k.Clock.Now, Random: k.Random,
		Wake: func(context.Context, record.ExportID) error { return nil }}
	e, err := desk.Request(t.Context(), k.Actor("R9"), [16]byte{1}, exports.Params{Purpose: "contract_service", Reason: "report",
		Fields: []record.FieldName{"name", "phone", "email", "service_request"}, Format: "ndjson", Language: record.Chinese})
	if err != nil {
		t.Fatal(fmt.Errorf("request export: %w", err))
	}
	return e
}
