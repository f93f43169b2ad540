package archive

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func sealBytes(t rapid.TB, plain []byte, h Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, testKey, h, &stream{seed: "file id"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func openBytes(sealed, key []byte) ([]byte, error) {
	r, _, err := NewReader(bytes.NewReader(sealed), key)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func random(seed string, n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(&stream{seed: seed}, b)
	return b
}

func TestRoundTripAtChunkBorders(t *testing.T) {
	const chunk = 1 << minExponent
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 2*chunk + 1, 5*chunk + 7} {
		plain := random("plain", n)
		sealed := sealBytes(t, plain, testHeader())
		if want := headerSize + commitSize + n + tagSize*max(1, (n+chunk-1)/chunk); len(sealed) != want {
			t.Errorf("%d bytes sealed into %d, want %d", n, len(sealed), want)
		}
		got, err := openBytes(sealed, testKey)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestRoundTripInAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 3<<minExponent).Draw(t, "plain")
		var out bytes.Buffer
		w, err := NewWriter(&out, testKey, testHeader(), &stream{seed: "file id"})
		if err != nil {
			t.Fatal(err)
		}
		for rest := plain; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if k, err := w.Write(rest[:n]); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), sealBytes(t, plain, testHeader())) {
			t.Fatal("the pieces in which plaintext arrives change the archive")
		}
		r, h, err := NewReader(iotest.HalfReader(&out), testKey)
		if err != nil || h.Export != testHeader().Export {
			t.Fatal(h, err)
		}
		if got, err := io.ReadAll(iotest.OneByteReader(r)); err != nil || !bytes.Equal(got, plain) {
			t.Fatal(err)
		}
	})
}

// Every byte changed: refused, and nothing but whole authentic chunks came out before.
func TestEveryAlteredByteIsRefused(t *testing.T) {
	plain := random("plain", 2<<minExponent+100)
	sealed := sealBytes(t, plain, testHeader())
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1 << (i % 8)
		got, err := openBytes(altered, testKey)
		if err == nil || !bytes.HasPrefix(plain, got) || len(got)%(1<<minExponent) != 0 {
			t.Fatalf("byte %d altered: %d bytes, %v", i, len(got), err)
		}
		if i >= headerSize+commitSize && !errors.Is(err, ErrAltered) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
		if len(got) > max(0, i-headerSize-commitSize) {
			t.Fatalf("byte %d altered: chunk released before it was verified", i)
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	sealed := sealBytes(t, random("plain", 2<<minExponent+100), testHeader())
	for i := range sealed {
		if _, err := openBytes(sealed[:i], testKey); err == nil {
			t.Fatalf("opened when cut to %d bytes", i)
		} else if !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrAltered) && !errors.Is(err, ErrFormat) {
			t.Fatalf("cut to %d: %v", i, err)
		}
	}
	const sealedChunk = 1<<minExponent + tagSize
	cut := sealed[:headerSize+commitSize+sealedChunk]
	if _, err := openBytes(cut, testKey); !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), "after chunk 0 are missing") {
		t.Errorf("cut between chunks: %v", err)
	}
}

func TestReorderedRepeatedAndAddedChunksAreRefused(t *testing.T) {
	const sealedChunk = 1<<minExponent + tagSize
	sealed := sealBytes(t, random("plain", 4<<minExponent), testHeader())
	head, body := sealed[:headerSize+commitSize], sealed[headerSize+commitSize:]
	chunk := func(i int) []byte { return body[i*sealedChunk : (i+1)*sealedChunk] }
	join := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{head}, parts...), nil) }
	foreign := testHeader()
	foreign.Export = "exp_" + foreign.Export[4:29] + "a"
	other := sealBytes(t, random("plain", 4<<minExponent), foreign)[headerSize+commitSize:]
	for name, altered := range map[string][]byte{
		"swapped":          join(chunk(1), chunk(0), chunk(2), chunk(3)),
		"repeated":         join(chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)),
		"left out":         join(chunk(0), chunk(2), chunk(3)),
		"last twice":       join(chunk(0), chunk(1), chunk(2), chunk(3), chunk(3)),
		"a byte added":     join(body, []byte{0}),
		"a chunk added":    join(body, make([]byte, sealedChunk)),
		"of another file":  join(other[:sealedChunk], chunk(1), chunk(2), chunk(3)),
		"only last":        join(chunk(3)),
		"header of others": append(bytes.Clone(sealBytes(t, nil, foreign)[:headerSize+commitSize]), body...),
	} {
		if _, err := openBytes(altered, testKey); !errors.Is(err, ErrAltered) && !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openBytes(join(body, []byte{0}), testKey); err == nil || !strings.Contains(err.Error(), "follow the last chunk") {
		t.Errorf("a byte added: %v", err)
	}
}

func TestWrongKeysAndHeaders(t *testing.T) {
	sealed := sealBytes(t, []byte("secret"), testHeader())
	for _, key := range [][]byte{nil, testKey[:31], bytes.Repeat([]byte{8}, KeySize)} {
		if _, err := openBytes(sealed, key); !errors.Is(err, ErrKey) {
			t.Errorf("key of %d bytes: %v", len(key), err)
		}
	}
	for name, change := range map[string]func(*Header){
		"deployment": func(h *Header) { h.Deployment = "dep_x" },
		"export":     func(h *Header) { h.Export = "exp_" },
		"exponent":   func(h *Header) { h.ChunkExponent = 30 },
	} {
		h := testHeader()
		change(&h)
		if _, err := NewWriter(io.Discard, testKey, h, &stream{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range 8 {
		altered := bytes.Clone(sealed)
		altered[i] = 99
		if _, err := openBytes(altered, testKey); !errors.Is(err, ErrFormat) {
			t.Errorf("header byte %d: %v", i, err)
		}
	}
}

func TestFailingWriterAndUnclosedArchive(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, testKey, testHeader(), &stream{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 3<<minExponent)); err != nil {
		t.Fatal(err)
	}
	if _, err := openBytes(out.Bytes(), testKey); !errors.Is(err, ErrTruncated) {
		t.Errorf("archive without Close: %v", err)
	}
	broken := errors.New("disk full")
	w, err = NewWriter(&limited{n: 200, err: broken}, testKey, testHeader(), &stream{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 3<<minExponent)); !errors.Is(err, broken) {
		t.Errorf("write: %v", err)
	}
	if err := w.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v", err)
	}
	if _, err := NewWriter(io.Discard, testKey, testHeader(), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("random: %v", err)
	}
}

type limited struct {
	n   int
	err error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.n -= len(p); l.n < 0 {
		return 0, l.err
	}
	return len(p), nil
}

func TestKeyText(t *testing.T) {
	text, err := FormatKey(testKey)
	if err != nil || len(text) != 48 {
		t.Fatal(text, err)
	}
	if key, err := ParseKey(" " + text + "\r\n"); err != nil || !bytes.Equal(key, testKey) {
		t.Error(err)
	}
	for _, bad := range []string{"", text[1:], text[:47], text + "A", text[:47] + "*", text[:20] + "\n" + text[20:], text[:47] + "d"} {
		if _, err := ParseKey(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%q accepted", bad)
		}
	}
	if _, err := FormatKey(nil); !errors.Is(err, ErrKey) {
		t.Error(err)
	}
}

func FuzzNewReader(f *testing.F) {
	f.Add(sealBytes(f, []byte("hello"), testHeader()))
	f.Add(sealBytes(f, random("plain", 2<<minExponent), testHeader()))
	f.Fuzz(func(t *testing.T, b []byte) {
		plain, err := openBytes(b, testKey)
		if err != nil {
			return
		}
		// What opens is what NewWriter would have written: there is no second encoding.
		_, h, _ := NewReader(bytes.NewReader(b), testKey)
		var out bytes.Buffer
		w, err := NewWriter(&out, testKey, h, bytes.NewReader(h.FileID[:]))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(plain)
		if err := w.Close(); err != nil || !bytes.Equal(out.Bytes(), b) {
			t.Fatal("two encodings of one archive", err)
		}
	})
}
