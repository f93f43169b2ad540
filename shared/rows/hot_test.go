package rows

import (
	"crypto/rand"
	"testing"
	"time"

	"kexin/shared/record"
	"kexin/shared/store"
)

// partitionWrites is what DynamoDB gives a partition in a second, whatever the table has.
const partitionWrites = 1000

// A thousand customers a second who all fall due on the same day, for a minute, and as many submissions: no partition key gets a tenth of
// what a partition can take. Each row is written in a transaction, which costs twice its size.
func TestNoHotPartition(t *testing.T) {
	due := time.Date(2029, 3, 2, 0, 0, 0, 0, time.UTC)
	busiest := 0
	for range 60 {
		units := map[string]int{}
		for range 1000 {
			id := drawID(t, record.PrefixCustomer)
			for _, key := range []store.Key{Due(due, record.CustomerID(id)), HeadKey(record.CustomerID(id)), Pending(record.CustomerID(id)),
				Submission(record.SubmissionID(drawID(t, record.PrefixSubmission)))} {
				units[string(key.Table)+key.PK] += 2
			}
		}
		for _, n := range units {
			busiest = max(busiest, n)
		}
	}
	t.Logf("busiest partition key: %d write units a second of %d", busiest, partitionWrites)
	if busiest > partitionWrites/10 {
		t.Errorf("a partition key gets %d write units in a second", busiest)
	}
}

func drawID(t *testing.T, prefix string) string {
	t.Helper()
	id, err := record.NewID(rand.Reader, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
