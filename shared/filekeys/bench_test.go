package filekeys

import (
	"crypto/rand"
	"testing"

	"kexin/shared/keys"
)

var sizes = []struct {
	name string
	size int
}{{"32B", 32}, {"2KiB", 2400}}

// BenchmarkAESGCM is what Wrap and Unwrap cannot beat: AES-256-GCM with a random nonce and nothing else.
func BenchmarkAESGCM(b *testing.B) {
	for _, c := range sizes {
		aead, err := newAEAD(make([]byte, keySize))
		if err != nil {
			b.Fatal(err)
		}
		secret := make([]byte, c.size)
		b.Run("seal/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				nonce := make([]byte, 12, 12+c.size+16)
				_, _ = rand.Read(nonce)
				aead.Seal(nonce, nonce, secret, nil)
			}
		})
		nonce := make([]byte, 12)
		sealed := aead.Seal(nil, nonce, secret, nil)
		b.Run("open/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := aead.Open(nil, nonce, sealed, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWrap(b *testing.B) {
	file := mustCreate(b, options())
	for _, c := range sizes {
		secret := make([]byte, c.size)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := file.Wrap(b.Context(), keys.ForRecord, secret); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUnwrap(b *testing.B) {
	file := mustCreate(b, options())
	for _, c := range sizes {
		wrapped, err := file.Wrap(b.Context(), keys.ForRecord, make([]byte, c.size))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := file.Unwrap(b.Context(), keys.ForRecord, wrapped); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	file := mustCreate(b, options())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := file.Sign(b.Context(), keys.SignReceipts, [32]byte{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is dominated by Argon2id at its default cost: once per start of the process.
func BenchmarkOpen(b *testing.B) {
	o := options()
	o.cost = cost{}
	file := mustCreate(b, o)
	for b.Loop() {
		mustOpen(b, file.path, passphrase)
	}
}
