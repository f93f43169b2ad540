package objectstest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"kexin/shared/objects"
)

func roundTrip(t *testing.T, s Subject) {
	for i, content := range []string{"", "x", "a first object", string(make([]byte, 70_000))} {
		name := archive(fmt.Sprintf("exp_1/part-%d.bin", i))
		info := put(t, s, name, content, objects.PutOptions{ContentType: "application/x-kexin"})
		want := objects.Info{Size: int64(len(content)), SHA256: sha256.Sum256([]byte(content)), ContentType: "application/x-kexin"}
		if info != want {
			t.Errorf("Put = %+v, want %+v", info, want)
		}
		got, info, err := read(t.Context(), s, name, objects.Range{})
		if err != nil || string(got) != content || info != want {
			t.Errorf("Get = %d bytes, %+v, %v; want %d bytes, %+v", len(got), info, err, len(content), want)
		}
	}
	put(t, s, archive("plain"), "x", objects.PutOptions{})
	if _, info, err := read(t.Context(), s, archive("plain"), objects.Range{}); err != nil || info.ContentType != objects.DefaultType {
		t.Errorf("Get = %+v, %v; want the default type", info, err)
	}
	_, _, err := read(t.Context(), s, archive("absent"), objects.Range{})
	wantError(t, "Get of an absent object", err, objects.ErrNotFound)
	_, _, err = read(t.Context(), s, objects.Name{Bucket: objects.Evidence, Path: "plain"}, objects.Range{})
	wantError(t, "Get from the other bucket", err, objects.ErrNotFound)
}

// largeUpload sends more than one part, of unknown length. With KEXIN_FULL the heap may not grow with the content.
func largeUpload(t *testing.T, s Subject) {
	size := int64(9 << 20)
	if Full() {
		size = 64 << 20
	}
	heap := &heapWatch{r: noise(1, size)}
	info, err := s.Put(t.Context(), archive("large"), heap, objects.PutOptions{})
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if Full() && heap.growth() > 40<<20 {
		t.Errorf("heap grew by %d MB during an upload of %d MB", heap.growth()>>20, size>>20)
	}
	reader, got, err := s.Get(t.Context(), archive("large"), objects.Range{})
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	defer reader.Close()
	digest := objects.NewDigest()
	down := &heapWatch{r: io.TeeReader(reader, digest)}
	if sumOf(t, down) != sumOf(t, noise(1, size)) {
		t.Error("the object has other bytes than were put")
	}
	if Full() && down.growth() > 40<<20 {
		t.Errorf("heap grew by %d MB during a download of %d MB", down.growth()>>20, size>>20)
	}
	if got != info || got.Size != size || got.SHA256 != digest.Sum() {
		t.Errorf("Get = %+v, Put = %+v, digest %x", got, info, digest.Sum())
	}
}

// heapWatch measures what lives on the heap while its reader is read, after every 4 MB.
type heapWatch struct {
	r          io.Reader
	read, next int64
	base, peak uint64
}

func (h *heapWatch) Read(p []byte) (int, error) {
	if h.read >= h.next && Full() {
		h.next = h.read + 4<<20
		h.measure()
	}
	n, err := h.r.Read(p)
	h.read += int64(n)
	return n, err
}

func (h *heapWatch) measure() {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if h.base == 0 {
		h.base = memory.HeapAlloc
	}
	h.peak = max(h.peak, memory.HeapAlloc)
}

func (h *heapWatch) growth() uint64 { return h.peak - h.base }

func putNeverReplaces(t *testing.T, s Subject) {
	name := archive("once")
	put(t, s, name, "first", objects.PutOptions{})
	for _, content := range []io.Reader{noise(1, 5), noise(2, 9<<20)} {
		_, err := s.Put(t.Context(), name, content, objects.PutOptions{})
		wantError(t, "second Put", err, objects.ErrExists)
		wantContent(t, s, name, "first")
	}
}

var errContent = errors.New("content failed")

func failing(size int64) io.Reader { return io.MultiReader(noise(3, size), failure{}) }

type failure struct{}

func (failure) Read([]byte) (int, error) { return 0, errContent }

func failedUploadLeavesNothing(t *testing.T, s Subject) {
	for _, size := range []int64{0, 100, 9 << 20} {
		_, err := s.Put(t.Context(), archive("broken"), failing(size), objects.PutOptions{})
		wantError(t, "Put of failing content", err, errContent)
		wantAbsent(t, s, archive("broken"))
	}
	put(t, s, archive("broken"), "whole", objects.PutOptions{}) // the name is still free
	wantContent(t, s, archive("broken"), "whole")
}

func cancelledUploadLeavesNothing(t *testing.T, s Subject) {
	for _, size := range []int64{100, 9 << 20} {
		ctx, cancel := context.WithCancel(t.Context())
		rest := &io.LimitedReader{R: noise(4, 40<<20), N: 40 << 20}
		_, err := s.Put(ctx, archive("cancelled"), io.MultiReader(noise(3, size), call(cancel), rest), objects.PutOptions{})
		wantError(t, "cancelled Put", err, context.Canceled)
		if rest.N == 0 {
			t.Error("Put read all of the content after its context had ended")
		}
		wantAbsent(t, s, archive("cancelled"))
	}
}

// call is a reader without content that calls a function when it is read.
type call func()

func (c call) Read([]byte) (int, error) {
	c()
	return 0, io.EOF
}

func ranges(t *testing.T, s Subject) {
	name := archive("digits")
	put(t, s, name, "0123456789", objects.PutOptions{})
	for _, test := range []struct {
		r    objects.Range
		want string
	}{
		{objects.Range{}, "0123456789"},
		{objects.Range{Offset: 0, Length: 1}, "0"},
		{objects.Range{Offset: 3, Length: 4}, "3456"},
		{objects.Range{Offset: 7}, "789"},
		{objects.Range{Offset: 9, Length: 100}, "9"},
		{objects.Range{Offset: 0, Length: 100}, "0123456789"},
	} {
		content, info, err := read(t.Context(), s, name, test.r)
		if err != nil || string(content) != test.want || info.Size != 10 {
			t.Errorf("Get %+v = %q, size %d, %v; want %q", test.r, content, info.Size, err, test.want)
		}
		if !test.r.Whole() && info.SHA256 != [32]byte{} {
			t.Errorf("Get %+v states a digest that its bytes do not have", test.r)
		}
	}
	put(t, s, archive("empty"), "", objects.PutOptions{})
	for _, r := range []objects.Range{{Offset: 10}, {Offset: 11, Length: 1}, {Offset: -1}, {Length: -1}} {
		_, _, err := read(t.Context(), s, name, r)
		wantError(t, fmt.Sprintf("Get %+v of 10 bytes", r), err, objects.ErrRange)
	}
	_, _, err := read(t.Context(), s, archive("empty"), objects.Range{Length: 1})
	wantError(t, "Get of a range of nothing", err, objects.ErrRange)
	_, _, err = read(t.Context(), s, archive("absent"), objects.Range{Offset: 1})
	wantError(t, "Get of a range of an absent object", err, objects.ErrNotFound)
}

func corruptionIsFound(t *testing.T, s Subject) {
	put(t, s, archive("damaged"), "0123456789", objects.PutOptions{})
	s.Corrupt(t, archive("damaged"))
	_, _, err := read(t.Context(), s, archive("damaged"), objects.Range{})
	wantError(t, "Get of damaged bytes", err, objects.ErrCorrupt)
}

func corruptionOfLargeIsFound(t *testing.T, s Subject) {
	if _, err := s.Put(t.Context(), archive("damaged"), noise(1, 9<<20), objects.PutOptions{}); err != nil {
		t.Fatalf("Put: %v", err)
	}
	s.Corrupt(t, archive("damaged"))
	_, _, err := read(t.Context(), s, archive("damaged"), objects.Range{})
	wantError(t, "Get of damaged bytes", err, objects.ErrCorrupt)
}

// oneWriterWins lets 16 writers meet at one name, two of them with contents of several parts. None gets to the end of its content before
// all have begun, so that every one of them found the name free.
func oneWriterWins(t *testing.T, s Subject) {
	sizes := [16]int64{}
	errs := [16]error{}
	var writers, begun sync.WaitGroup
	begun.Add(len(sizes))
	meet := func() {
		begun.Done()
		begun.Wait()
	}
	for i := range sizes {
		sizes[i] = int64(1000 + i)
		if i%8 == 0 {
			sizes[i] = 8<<20 + int64(i)
		}
		writers.Go(func() {
			content := io.MultiReader(call(sync.OnceFunc(meet)), noise(byte(i), sizes[i]))
			_, errs[i] = s.Put(t.Context(), archive("contested"), content, objects.PutOptions{})
		})
	}
	writers.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Fatalf("writers %d and %d both won", winner, i)
		case !errors.Is(err, objects.ErrExists):
			t.Errorf("writer %d: %v, want ErrExists", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody won")
	}
	reader, _, err := s.Get(t.Context(), archive("contested"), objects.Range{})
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	defer reader.Close()
	if sumOf(t, reader) != sumOf(t, noise(byte(winner), sizes[winner])) {
		t.Errorf("the object is not what its winner %d put", winner)
	}
}

func cancelledContext(t *testing.T, s Subject) {
	put(t, s, archive("there"), "x", objects.PutOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Put(ctx, archive("new"), noise(1, 10), objects.PutOptions{})
	wantError(t, "Put", err, context.Canceled)
	_, _, err = read(ctx, s, archive("there"), objects.Range{})
	wantError(t, "Get", err, context.Canceled)
	wantError(t, "Delete", s.Delete(ctx, archive("there")), context.Canceled)
	_, err = s.List(ctx, objects.Archives, "", "")
	wantError(t, "List", err, context.Canceled)
	_, err = s.Link(ctx, archive("there"), time.Minute)
	wantError(t, "Link", err, context.Canceled)
	wantAbsent(t, s, archive("new"))
	wantContent(t, s, archive("there"), "x")
}
