package retry_test

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kexin/shared/retry"
)

func TestBudget(t *testing.T) {
	b := retry.NewBudget(3)
	for i := range 3 {
		if !b.Spend() {
			t.Fatalf("retry %d refused", i)
		}
	}
	if b.Spend() {
		t.Error("a fourth retry")
	}
	for range 11 {
		b.Earn()
	}
	if !b.Spend() || b.Spend() {
		t.Error("eleven good calls are not one retry")
	}
	var none *retry.Budget
	if none.Earn(); !none.Spend() {
		t.Error("no budget refuses")
	}
}

// However calls mix, retries are never more than the budget and a tenth of what went well.
func TestBudgetBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 30).Draw(t, "most")
		b := retry.NewBudget(most)
		good, spent := 0, 0
		for _, spend := range rapid.SliceOfN(rapid.Bool(), 0, 500).Draw(t, "calls") {
			if !spend {
				b.Earn()
				good++
			} else if b.Spend() {
				spent++
			}
		}
		if float64(spent) > float64(most)+float64(good)*0.1+0.001 {
			t.Fatalf("%d retries of %d and %d good calls", spent, most, good)
		}
	})
}

func TestCircuit(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := retry.NewCircuit(func() time.Time { return now }, 3, time.Second, 4*time.Second)
	call := func(o retry.Outcome) retry.Event {
		t.Helper()
		if !c.Enter() {
			t.Fatal("refused")
		}
		return c.Leave(o)
	}
	call(retry.Throttled)
	call(retry.Throttled)
	call(retry.Answered) // ends the row
	call(retry.Throttled)
	call(retry.Unheard) // does not
	if call(retry.Throttled) != "" || call(retry.Throttled) != retry.Opened {
		t.Error("three in a row do not open it")
	}
	for i, pause := range []time.Duration{1, 2, 4, 4} {
		now = now.Add(pause*time.Second - 1)
		if c.Enter() {
			t.Fatalf("%d: open and lets through", i)
		}
		now = now.Add(1)
		if !c.Enter() || c.Enter() {
			t.Fatalf("%d: not exactly one probe", i)
		}
		if c.Leave(retry.Throttled) != retry.Opened {
			t.Errorf("%d: a throttled probe does not open it again", i)
		}
	}
	now = now.Add(4 * time.Second)
	if call(retry.Answered) != retry.Closed || call(retry.Throttled) != "" {
		t.Error("an answered probe does not close it")
	}
}

func TestCircuitOfManyLetsOneProbe(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	c := retry.NewCircuit(func() time.Time { return now }, 1, time.Second, time.Second)
	c.Enter()
	c.Leave(retry.Throttled)
	now = now.Add(time.Second)
	var group sync.WaitGroup
	var mu sync.Mutex
	let := 0
	for range 50 {
		group.Go(func() {
			if c.Enter() {
				mu.Lock()
				let++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if let != 1 {
		t.Errorf("%d probes", let)
	}
}
