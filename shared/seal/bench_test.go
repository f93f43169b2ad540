package seal

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"io"
	"testing"
	"time"
)

// BenchmarkSeal compares sealing a section of 1 KiB with the floor: what no implementation of the four layers can leave out, which is
// drawing a key, its id and three nonces, AES-GCM of the key twice and of the payload once, and setting up the ciphers of item and shred
// key. Both are timed in turns, batch by batch, and the quickest batches count, so that a busy machine disturbs both alike. "x-floor"
// must be at most 1.3.
func BenchmarkSeal(b *testing.B) {
	plain := make([]byte, 1024)
	aead, shred, p := benchAEAD(b, Key{1}), Key{2}, place()
	in := &intake{branch: BranchL1, id: [16]byte{1}, aead: aead, expires: time.Now().Add(time.Hour)}
	wrapper := (&Writer{random: rand.Reader, now: time.Now, intakes: map[Branch]*intake{BranchL1: in}}).For(BranchL1)
	floor, item := time.Hour, time.Hour
	for b.Loop() {
		floor = min(floor, batch(func() { floorOf(b, aead, &shred, plain) }))
		item = min(item, batch(func() {
			if _, err := SealItem(b.Context(), rand.Reader, wrapper, &shred, p, plain); err != nil {
				b.Fatal(err)
			}
		}))
		in.uses = 0
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(floor)/batchSize, "ns-floor")
	b.ReportMetric(float64(item)/batchSize, "ns-seal")
	b.ReportMetric(float64(item)/float64(floor), "x-floor")
}

const batchSize = 50

// batch times batchSize calls.
func batch(call func()) time.Duration {
	start := time.Now()
	for range batchSize {
		call()
	}
	return time.Since(start)
}

// BenchmarkOpen opens the same section with its intake key at hand.
func BenchmarkOpen(b *testing.B) {
	wrapper, shred := direct{Key{1}}, Key{2}
	item := mustSeal(b, wrapper, shred, place(), make([]byte, 1024))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := OpenItem(b.Context(), wrapper, &shred, place(), item); err != nil {
			b.Fatal(err)
		}
	}
}

func benchAEAD(b *testing.B, key Key) cipher.AEAD {
	aead, err := newAEAD(&key)
	if err != nil {
		b.Fatal(err)
	}
	return aead
}

func floorOf(b *testing.B, intake cipher.AEAD, shred *Key, plain []byte) {
	var random [KeySize + keyIDSize + 3*nonceSize]byte
	if _, err := io.ReadFull(rand.Reader, random[:]); err != nil {
		b.Fatal(err)
	}
	key := Key(random[:KeySize])
	nonces := random[KeySize+keyIDSize:]
	outer, err := newAEAD(shred)
	if err != nil {
		b.Fatal(err)
	}
	own, err := newAEAD(&key)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]byte, 0, 1400)
	inner := intake.Seal(out, nonces[:12], key[:], nil)
	wrapped := outer.Seal(inner, nonces[12:24], inner, nil)
	if len(own.Seal(wrapped, nonces[24:36], plain, nil)) < len(plain) {
		b.Fatal(fmt.Errorf("nothing was sealed"))
	}
}
