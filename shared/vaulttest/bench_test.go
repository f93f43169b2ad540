package vaulttest

import (
	"fmt"
	"testing"

	"kexin/shared/record"
	"kexin/shared/vault"
)

// The door without I/O, over the store in memory: what is left of an act when the disk costs nothing. `kexin bench` sets the same acts
// beside their primitives.

// everybody returns n people, filled in before the time runs.
func everybody(k *Kit, n int) []*record.Filled {
	filled := make([]*record.Filled, n)
	for i := range filled {
		filled[i] = k.Fill(Person{N: i, Channel: "phone", Without: []record.FieldName{"home_address"}})
	}
	return filled
}

// entered enters everybody.
func entered(b *testing.B, k *Kit, v *vault.Vault, people []*record.Filled) []record.CustomerID {
	b.Helper()
	ids := make([]record.CustomerID, len(people))
	for i, filled := range people {
		key := fmt.Sprint("bench-", i)
		made, err := v.Create(b.Context(), k.Actor("R10"), filled, key, []byte(key))
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = made.Customer
	}
	return ids
}

func BenchmarkCreate(b *testing.B) {
	k := New(b, Options{})
	v := k.Vault("serve-console", Everything)
	people := everybody(k, b.N)
	b.ReportAllocs()
	b.ResetTimer()
	entered(b, k, v, people)
}

func BenchmarkRead(b *testing.B) {
	k := New(b, Options{})
	v := k.Vault("serve-console", Everything)
	ids := entered(b, k, v, everybody(k, 200))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := v.Open(b.Context(), k.Actor("R10"), ids[i%len(ids)], "contract_service"); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// The figure is for one customer: a run destroys a hundred.
func BenchmarkDestroy(b *testing.B) {
	const customers = 100
	k := New(b, Options{})
	v, people := k.Vault("serve-console", Everything), everybody(k, customers)
	for b.Loop() {
		b.StopTimer()
		for i, id := range entered(b, k, v, people) {
			if _, err := v.QueueDestruction(b.Context(), k.Actor("R10"), id, 1, "correct_data"); err != nil {
				b.Fatal(i, err)
			}
		}
		purge := k.Purge()
		purge.Since = k.Clock.Now()
		b.StartTimer()
		report, err := purge.Run(b.Context())
		if err != nil || report.Destroyed != customers {
			b.Fatalf("%+v %v", report, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*customers), "µs/customer")
}
