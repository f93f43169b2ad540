package boltstore

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kexin/shared/store"
)

// benchCustomers is how many customers the store of a benchmark holds.
const benchCustomers = 100_000

// createOps are the ops that make one customer live: head, two identifiers, search token, card, two sections, consent, audit entry and
// due row, with bodies of their usual sizes.
func createOps(n int64) []store.Op {
	pk := "CUS#cus_" + rand.Text()
	put := func(table store.Table, pk, sk string, size int, attrs map[string]store.Attr) store.Op {
		return store.PutIf(store.Item{Key: store.Key{Table: table, PK: pk, SK: sk}, Body: make([]byte, size), Attrs: attrs}, store.IfAbsent())
	}
	return []store.Op{
		put(store.Keys, pk, store.Only, 900, map[string]store.Attr{store.AttrVersion: store.N(1), store.AttrDeadline: store.N(1 << 31),
			store.AttrHolds: store.N(0), store.AttrState: store.S("live")}),
		put(store.Keys, "IDX#phone#"+rand.Text(), store.Only, 30, nil),
		put(store.Keys, "IDX#email#"+rand.Text(), store.Only, 30, nil),
		put(store.Keys, "TOK#last4#"+rand.Text(), pk, 10, nil),
		put(store.Records, pk, "CARD", 400, map[string]store.Attr{store.AttrDepartment: store.S("sales"), store.AttrOwner: store.S("stf_1#" + pk)}),
		put(store.Records, pk, "SEC#a#1", 600, nil),
		put(store.Records, pk, "SEC#b#1", 600, nil),
		put(store.Records, pk, "CONSENT#1", 300, nil),
		put(store.Audit, fmt.Sprint("LANE#w#", n%4), fmt.Sprintf("%016d", n), 450, map[string]store.Attr{
			store.AttrCustomer: store.S(pk), store.AttrTime: store.N(n)}),
		put(store.Work, fmt.Sprint("DUE#20300101#", n%64), pk, 60, nil),
	}
}

// filled opens a store with about n customers.
func filled(b *testing.B, n int) *Store {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "store")
	s, err := Open(dir, Options{FileKeys: newDirFileKeys(filepath.Join(dir, "filekeys"))})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	s.unsynced(true)
	for i := 0; i < n; i += 9 {
		var ops []store.Op
		for j := range 9 {
			ops = append(ops, createOps(int64(i+j))...)
		}
		mustWrite(b, s, ops...)
	}
	s.unsynced(false)
	if err := s.Checkpoint(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// unsynced lets the files of a store be filled without waiting for the disk.
func (s *Store) unsynced(on bool) { s.main.NoSync, s.keys.db.NoSync = on, on }

// reportCPU reports the processor time of the whole process for each op, of the program and of the kernel for it, when the answer is
// called.
func reportCPU(b *testing.B) func() {
	user, system := cpuTimes()
	return func() {
		userNow, systemNow := cpuTimes()
		b.ReportMetric(float64((userNow-user).Microseconds())/float64(b.N), "user-µs/op")
		b.ReportMetric(float64((systemNow-system).Microseconds())/float64(b.N), "system-µs/op")
	}
}

func cpuTimes() (user, system time.Duration) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, 0
	}
	return time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())
}

// BenchmarkCreate makes customers in a store of 100,000, with 1, 8 and 32 clients.
func BenchmarkCreate(b *testing.B) {
	s := filled(b, benchCustomers)
	var next atomic.Int64
	next.Store(1 << 40)
	for _, clients := range []int{1, 8, 32} {
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			b.SetParallelism(max(1, clients/runtime.GOMAXPROCS(0)))
			defer reportCPU(b)()
			if clients == 1 {
				for b.Loop() {
					mustWrite(b, s, createOps(next.Add(1))...)
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Transact(b.Context(), store.Token(rand.Text()), createOps(next.Add(1))...); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkRead gets a head and its rows from a store of 100,000 customers.
func BenchmarkRead(b *testing.B) {
	s := filled(b, benchCustomers)
	ops := createOps(1 << 50)
	mustWrite(b, s, ops...)
	keys := []store.Key{ops[0].Item.Key, ops[4].Item.Key, ops[5].Item.Key, ops[6].Item.Key}
	for b.Loop() {
		if items, err := s.GetMany(b.Context(), keys); err != nil || len(items) != len(keys) {
			b.Fatal(err)
		}
	}
}

// BenchmarkRewrite rewrites keys.db of 100,000 customers.
func BenchmarkRewrite(b *testing.B) {
	s := filled(b, benchCustomers)
	for b.Loop() {
		if _, err := s.Rewrite(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckpoint creates 10,000 customers in a store of 100,000, with 32 clients, and carries them into the trees: the figure is that
// of one customer with its share of the checkpoint, which is shown apart too.
func BenchmarkCheckpoint(b *testing.B) {
	const created = 10_000
	s := filled(b, benchCustomers)
	var next atomic.Int64
	for round := int64(1); b.Loop(); round++ {
		next.Store(round << 40)
		user, system := cpuTimes()
		var group sync.WaitGroup
		for range 32 {
			group.Go(func() {
				for n := next.Add(1); n < round<<40+created; n = next.Add(1) {
					if err := s.Transact(b.Context(), store.Token(rand.Text()), createOps(n)...); err != nil {
						b.Error(err)
					}
				}
			})
		}
		group.Wait()
		middle, systemMiddle := cpuTimes()
		if err := s.Checkpoint(b.Context()); err != nil {
			b.Fatal(err)
		}
		end, systemEnd := cpuTimes()
		b.ReportMetric(float64((middle-user+systemMiddle-system).Microseconds())/created, "write-µs/customer")
		b.ReportMetric(float64((end-middle+systemEnd-systemMiddle).Microseconds())/created, "checkpoint-µs/customer")
	}
}

// BenchmarkFloor appends as many bytes as 16 created customers take and forces them to the disk: the least that a durable batch costs.
func BenchmarkFloor(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	record, at := make([]byte, 16*5000), int64(0)
	defer reportCPU(b)()
	for b.Loop() {
		if _, err := file.WriteAt(record, at); err != nil {
			b.Fatal(err)
		}
		if err := syncData(file); err != nil {
			b.Fatal(err)
		}
		at += int64(len(record))
	}
}
