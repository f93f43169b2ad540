package boltstore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/shared/store"
)

// childDir names, in the environment of the child process, the directory that it writes into until it is killed.
const childDir = "KEXIN_BOLTSTORE_CHILD"

const (
	childWriters   = 4
	childCustomers = 8 // of each writer
)

// childMain is the child: several writers raise the versions of rows in both files together and report each acknowledged version on
// standard output, while keys.db is rewritten over and over. It reports whether this process is a child.
func childMain() bool {
	dir := os.Getenv(childDir)
	if dir == "" {
		return false
	}
	s, err := openAt(dir)
	if err != nil {
		fmt.Println("failed:", err)
		return true
	}
	var out sync.Mutex
	var group sync.WaitGroup
	for w := range childWriters {
		group.Go(func() { raise(s, w, &out) })
	}
	for {
		if _, err := s.Rewrite(context.Background()); err != nil {
			fmt.Println("failed:", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// pairOf returns the rows of a customer in keys.db and main.db at a version.
func pairOf(customer int, version int64) (store.Item, store.Item) {
	pk := fmt.Sprint("CUS#", customer)
	return row(store.Keys, pk, version, strings.Repeat("h", 900)), row(store.Records, pk, version, strings.Repeat("c", 400))
}

func raise(s *Store, writer int, out *sync.Mutex) {
	for turn := 0; ; turn++ {
		customer := writer*childCustomers + turn%childCustomers
		absent, _ := pairOf(customer, 0)
		current, _ := s.Get(context.Background(), absent.Key)
		v := current.Int(store.AttrVersion)
		head, card := pairOf(customer, v+1)
		audit := row(store.Audit, fmt.Sprint("LANE#", customer, "#", v+1), v+1, "entry")
		index := row(store.Keys, fmt.Sprint("IDX#", customer, "#", v+1), v+1, "index")
		gone := row(store.Keys, fmt.Sprint("IDX#", customer, "#", v), v, "").Key
		err := s.Transact(context.Background(), "", store.PutIf(head, equalOrAbsent(v)), store.PutIf(card, equalOrAbsent(v)),
			store.PutIf(audit, store.IfAbsent()), store.PutIf(index, store.IfAbsent()), store.DeleteIf(gone, store.Blind()))
		out.Lock()
		if err != nil {
			fmt.Println("failed:", err)
		} else {
			fmt.Println(customer, v+1)
		}
		out.Unlock()
	}
}

// TestKill kills a process that writes, again and again, at moments of chance: whatever it acknowledged is there, and rows that were
// written together have the same version. It shows that no order of writes to the files is wrong; it does not cut the power.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 5
	if os.Getenv("KEXIN_FULL") == "1" {
		rounds = 50
	}
	dir := filepath.Join(t.TempDir(), "store")
	acknowledged := map[int]int64{}
	for range rounds {
		runAndKill(t, dir, acknowledged)
		s := mustOpen(t, dir)
		for customer := range childWriters * childCustomers {
			checkCustomer(t, s, customer, acknowledged[customer])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	total := int64(0)
	for _, v := range acknowledged {
		total += v
	}
	if total == 0 {
		t.Error("nothing was ever acknowledged: this test shows nothing")
	}
	t.Logf("%d transactions over %d kills", total, rounds)
}

// runAndKill runs the child for a moment and adds what it acknowledged.
func runAndKill(t *testing.T, dir string, acknowledged map[int]int64) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for limit := 20 + rand.IntN(200); limit > 0 && lines.Scan(); limit-- {
		note(t, acknowledged, lines.Text())
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		note(t, acknowledged, lines.Text())
	}
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait() // always an error: it was killed
}

func note(t *testing.T, acknowledged map[int]int64, line string) {
	t.Helper()
	customer, version, _ := strings.Cut(line, " ")
	c, errC := strconv.Atoi(customer)
	v, errV := strconv.ParseInt(version, 10, 64)
	if errV != nil || errC != nil {
		if strings.HasPrefix(line, "failed:") {
			t.Error(line)
		}
		return // cut off by the kill
	}
	acknowledged[c] = max(acknowledged[c], v)
}

// checkCustomer: both rows have one version, at least the acknowledged one, with its audit entry and index row and no older index row.
func checkCustomer(t *testing.T, s *Store, customer int, least int64) {
	t.Helper()
	head, card := pairOf(customer, 0)
	v := version(t, s, head.Key)
	if v < least || version(t, s, card.Key) != v {
		t.Errorf("customer %d: versions %d and %d, acknowledged %d", customer, v, version(t, s, card.Key), least)
	}
	for i := range v + 2 {
		audit := version(t, s, row(store.Audit, fmt.Sprint("LANE#", customer, "#", i), 0, "").Key)
		index := version(t, s, row(store.Keys, fmt.Sprint("IDX#", customer, "#", i), 0, "").Key)
		if (audit != 0) != (i > 0 && i <= v) || (index != 0) != (i == v && v > 0) {
			t.Errorf("customer %d at %d: audit %d and index %d at %d", customer, v, audit, index, i)
		}
	}
}
