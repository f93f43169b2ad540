package archive

import (
	"bytes"
	"context"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"kexin/shared/record"
)

// heap returns the bytes that are reachable now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// The builder and the sealing keep as much after many rows as after few: what is written is gone.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	rows := 20_000
	if os.Getenv("KEXIN_FULL") == "1" {
		rows = 200_000
	}
	for _, format := range []Format{NDJSON, CSV} {
		sealed, err := NewWriter(io.Discard, testKey, testHeader(), &stream{})
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewBuilder(sealed, testOptions(shared(t), format))
		if err != nil {
			t.Fatal(err)
		}
		some := people(500)
		var early, late uint64
		for i := range rows {
			if err := b.Row(record.CustomerID(id("cus_", i)), some[i%len(some)]); err != nil {
				t.Fatal(err)
			}
			if i == rows/10 {
				early = heap()
			}
		}
		late = heap()
		if grown := int64(late) - int64(early); grown > 256<<10 {
			t.Errorf("%s: memory grew by %d bytes over %d rows", format, grown, rows-rows/10)
		}
		if _, err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := sealed.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// allocations that every row would repeat are what makes a long export slow.
func TestRowsAreEncodedWithoutAllocating(t *testing.T) {
	some := people(1)[0]
	for _, format := range []Format{NDJSON, CSV} {
		b, err := NewBuilder(io.Discard, testOptions(shared(t), format))
		if err != nil {
			t.Fatal(err)
		}
		customer := record.CustomerID(id("cus_", 1))
		perRow := testing.AllocsPerRun(2000, func() {
			if err := b.Row(customer, some); err != nil {
				t.Fatal(err)
			}
		})
		if perRow >= 1 { // blocks are handed over with a few, rows with none
			t.Errorf("%s: %.1f allocations a row", format, perRow)
		}
	}
}

// benchmarkRows returns rows of customers with 12 fields, as a manager's export has. 500 rows repeat: more than the compressor's window,
// and as fresh in the processor's cache as rows that were just opened.
func benchmarkRows() ([]record.CustomerID, []map[record.FieldName]string) {
	const rows = 20_000
	few, some, ids := people(500), make([]map[record.FieldName]string, rows), make([]record.CustomerID, rows)
	for i := range some {
		some[i], ids[i] = few[i%len(few)], record.CustomerID(id("cus_", i))
	}
	for _, row := range few {
		for _, name := range []record.FieldName{"city", "kind", "stage", "channel", "address", "email", "created", "industry", "level"} {
			row[name] = string(name) + " " + row["phone"][5:]
		}
	}
	return ids, some
}

func columnsOf(row map[record.FieldName]string) (columns []Column) {
	for name := range row {
		columns = append(columns, Column{Field: name, Title: record.Text{ZH: string(name), EN: string(name)}, Level: record.L1})
	}
	return columns
}

// BenchmarkBuilder compares building an archive with the bare compressor over the same bytes, turn by turn, so that a busy machine
// slows both. Metrics: plain MB/s of both, and the builder's share of the compressor's speed.
func BenchmarkBuilder(b *testing.B) {
	ids, some := benchmarkRows()
	for _, format := range []Format{NDJSON, CSV} {
		o := testOptions(shared(b), format)
		o.Columns = columnsOf(some[0])
		encoded := newEncoder(o)
		plain := encoded.header(nil)
		for i, row := range some {
			plain, _ = encoded.row(plain, ids[i], row)
		}
		b.Run(string(format), func(b *testing.B) {
			var archived, compressed time.Duration
			for b.Loop() {
				start := time.Now()
				buildAll(b, o, ids, some)
				middle := time.Now()
				bare(b, plain)
				archived += middle.Sub(start)
				compressed += time.Since(middle)
			}
			megabytes := float64(len(plain)) * float64(b.N) / 1e6
			b.ReportMetric(megabytes/archived.Seconds(), "archive-MB/s")
			b.ReportMetric(megabytes/compressed.Seconds(), "compressor-MB/s")
			b.ReportMetric(compressed.Seconds()/archived.Seconds(), "share")
		})
	}
}

func buildAll(b *testing.B, o Options, ids []record.CustomerID, rows []map[record.FieldName]string) {
	builder, err := NewBuilder(io.Discard, o)
	if err != nil {
		b.Fatal(err)
	}
	for i, row := range rows {
		if err := builder.Row(ids[i], row); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := builder.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

func bare(b *testing.B, plain []byte) {
	w, err := flate.NewWriter(io.Discard, compression)
	if err != nil {
		b.Fatal(err)
	}
	for rest := bytes.NewBuffer(plain); rest.Len() > 0; {
		if _, err := w.Write(rest.Next(bufferSize)); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSeal is the speed of the container alone.
func BenchmarkSeal(b *testing.B) {
	plain := random("plain", 1<<20)
	b.SetBytes(int64(len(plain)))
	h := testHeader()
	h.ChunkExponent = 0
	for b.Loop() {
		w, _ := NewWriter(io.Discard, testKey, h, &stream{})
		_, _ = w.Write(plain)
		_ = w.Close()
	}
}
