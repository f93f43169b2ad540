package decision

import (
	"testing"

	"github.com/cedar-policy/cedar-go"
)

// BenchmarkDecide is a decision whose facts have been seen before.
func BenchmarkDecide(b *testing.B) {
	pack, sections := levels(b)
	engine := newEngine(b, pack)
	request := ready(pack, "R2", ActRead, sections[2])
	b.ReportAllocs()
	for b.Loop() {
		if !engine.Decide(request).Allow {
			b.Fatal("denied")
		}
	}
}

// BenchmarkDecideNew is a decision on facts seen for the first time.
func BenchmarkDecideNew(b *testing.B) {
	pack, sections := levels(b)
	engine := newEngine(b, pack)
	f, _ := engine.facts(ready(pack, "R2", ActRead, sections[2]))
	b.ReportAllocs()
	for b.Loop() {
		if !engine.evaluate(f).Allow {
			b.Fatal("denied")
		}
	}
}

// BenchmarkCedar is the bare call of cedar-go over all policies of the pack, its request ready made.
func BenchmarkCedar(b *testing.B) {
	pack, sections := levels(b)
	engine := newEngine(b, pack)
	f, _ := engine.facts(ready(pack, "R2", ActRead, sections[2]))
	request, entities := f.request()
	set := cedar.NewPolicySet()
	for _, file := range pack.Cedar {
		for _, parsed := range file.Policies {
			set.Add(cedar.PolicyID(parsed.ID), parsed.Policy)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if decision, _ := cedar.Authorize(set, entities, request); decision != cedar.Allow {
			b.Fatal("denied")
		}
	}
}
