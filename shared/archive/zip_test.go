package archive

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"pgregory.net/rapid"

	"kexin/shared/record"
)

func unzip(t testing.TB, archive []byte) map[string][]byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(rc); err != nil {
			t.Fatal(f.Name, err)
		}
	}
	return files
}

// archive/zip, encoding/csv and encoding/json read what we wrote, and the values come back.
func TestArchiveIsReadByOthers(t *testing.T) {
	key, rows := newSigner(t), people(40)
	for _, format := range []Format{NDJSON, CSV} {
		var out bytes.Buffer
		m := build(t, &out, testOptions(key, format), rows)
		files := unzip(t, out.Bytes())
		data := files["data-wm-4k2p9x."+string(format)]
		if len(files) != 4 || m.Rows != 40 || m.Files[0] != (File{
			Name: "data-wm-4k2p9x." + string(format), Size: uint64(len(data)), SHA256: describe("", data).SHA256,
			StoredSize: m.Files[0].StoredSize, StoredSHA256: m.Files[0].StoredSHA256,
		}) {
			t.Fatalf("%s: %v", format, m)
		}
		if !bytes.Contains(files[ReadmeName], []byte("kexin verify")) || !bytes.Contains(files[ReadmeName], []byte("离线验证")) {
			t.Error("README.txt does not say how to verify")
		}
		var decoded []map[record.FieldName]string
		if format == CSV {
			decoded = decodeCSV(t, data)
		} else {
			decoded = decodeNDJSON(t, data)
		}
		for i, row := range decoded {
			if row["customer"] != id("cus_", i) || row["_watermark"] != "wm-4k2p9x" {
				t.Fatal(row)
			}
			delete(row, "customer")
			delete(row, "_watermark")
		}
		if !reflect.DeepEqual(decoded, rows) {
			t.Errorf("%s: other rows came back", format)
		}
	}
}

func decodeNDJSON(t testing.TB, data []byte) (rows []map[record.FieldName]string) {
	for line := range bytes.Lines(data) {
		var row map[record.FieldName]string
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func decodeCSV(t testing.TB, data []byte) (rows []map[record.FieldName]string) {
	data, ok := bytes.CutPrefix(data, []byte("\ufeff"))
	cells, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if want := []string{"客户编号", "姓名", "电话", "备注", "水印编号"}; !reflect.DeepEqual(cells[0], want) {
		t.Fatal(cells[0])
	}
	names := []record.FieldName{"customer", "name", "phone", "note", "_watermark"}
	for _, line := range cells[1:] {
		row := map[record.FieldName]string{}
		for i, cell := range line {
			row[names[i]] = strings.TrimPrefix(cell, "'")
		}
		rows = append(rows, row)
	}
	return rows
}

func TestSignatureIsDSSE(t *testing.T) {
	key := newSigner(t)
	var out bytes.Buffer
	build(t, &out, testOptions(key, NDJSON), people(3))
	files := unzip(t, out.Bytes())
	var e dsse.Envelope
	if err := json.Unmarshal(files[SignatureName], &e); err != nil {
		t.Fatal(err)
	}
	keyID, _ := KeyID(&key.PublicKey)
	verifier, err := dsse.NewEnvelopeVerifier(foreignVerifier{keyID, &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(context.Background(), &e); err != nil {
		t.Error(err)
	}
	if payload, err := e.DecodeB64Payload(); err != nil || !bytes.Equal(payload, files[ManifestName]) || e.PayloadType != PayloadType {
		t.Error("payload is not the manifest", err)
	}
}

func TestManifestHoldsTheFacts(t *testing.T) {
	key := newSigner(t)
	var out bytes.Buffer
	o := testOptions(key, CSV)
	build(t, &out, o, people(2))
	m, err := Verify(bytes.NewReader(out.Bytes()), int64(out.Len()), &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if m.Requester != o.Facts.Requester || m.Purpose != "contract_service" || m.Pack != o.Facts.Pack || m.Watermark != "wm-4k2p9x" ||
		m.Export != o.Facts.Export || m.Created.String() != "2026-03-02 01:30:15 +0000 UTC" || len(m.Approvals) != 1 ||
		m.Approvals[0].Approver != o.Facts.Approvals[0].Approver || !reflect.DeepEqual(m.Fields, o.Columns) || m.Rows != 2 {
		t.Errorf("%+v", m)
	}
	again, _ := json.Marshal(m)
	if strings.Contains(string(again), "138") {
		t.Error("manifest holds a value")
	}
}

// Apart from the signature, the same rows give the same bytes.
func TestBuildIsDeterministic(t *testing.T) {
	key := newSigner(t)
	var one, two bytes.Buffer
	build(t, &one, testOptions(key, CSV), people(20))
	build(t, &two, testOptions(key, CSV), people(20))
	a, b := unzip(t, one.Bytes()), unzip(t, two.Bytes())
	delete(a, SignatureName)
	delete(b, SignatureName)
	if n := one.Len() / 2; !reflect.DeepEqual(a, b) || !bytes.Equal(one.Bytes()[:n], two.Bytes()[:n]) {
		t.Error("builds differ")
	}
}

func TestRowsThatAreRefused(t *testing.T) {
	key := newSigner(t)
	good := record.CustomerID(id("cus_", 1))
	for name, row := range map[string]struct {
		customer record.CustomerID
		values   map[record.FieldName]string
	}{
		"field that nobody approved": {good, map[record.FieldName]string{"name": "赵", "id_number": "x"}},
		"broken UTF-8":               {good, map[record.FieldName]string{"name": "\xff"}},
		"no customer":                {"cus_1", map[record.FieldName]string{"name": "赵"}},
	} {
		b, err := NewBuilder(io.Discard, testOptions(key, CSV))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Row(row.customer, row.values); !errors.Is(err, ErrRow) || strings.Contains(err.Error(), "赵") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := b.Close(context.Background()); !errors.Is(err, ErrRow) {
			t.Errorf("%s: closed: %v", name, err)
		}
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	key := newSigner(t)
	for name, change := range map[string]func(*Options){
		"format":    func(o *Options) { o.Format = "xls" },
		"language":  func(o *Options) { o.Language = "" },
		"columns":   func(o *Options) { o.Columns = nil },
		"twice":     func(o *Options) { o.Columns = append(o.Columns, o.Columns[0]) },
		"reserved":  func(o *Options) { o.Columns[0].Field = "customer" },
		"level":     func(o *Options) { o.Columns[0].Level = 0 },
		"signer":    func(o *Options) { o.Sign = nil },
		"public":    func(o *Options) { o.Public = nil },
		"watermark": func(o *Options) { o.Facts.Watermark = "../x" },
		"requester": func(o *Options) { o.Facts.Requester = "boss" },
		"filter":    func(o *Options) { o.Facts.Filter = json.RawMessage(`[1]`) },
		"approval":  func(o *Options) { o.Facts.Approvals[0].ID = "" },
	} {
		o := testOptions(key, CSV)
		change(&o)
		if _, err := NewBuilder(io.Discard, o); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCloseChecksTheSigner(t *testing.T) {
	key, other := newSigner(t), newSigner(t)
	broken := errors.New("key disabled")
	for name, sign := range map[string]func(context.Context, [32]byte) ([]byte, error){
		"fails":       func(context.Context, [32]byte) ([]byte, error) { return nil, broken },
		"another key": testOptions(other, CSV).Sign,
		"garbage":     func(context.Context, [32]byte) ([]byte, error) { return []byte("x"), nil },
	} {
		o := testOptions(key, CSV)
		o.Sign = sign
		b, err := NewBuilder(io.Discard, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Close(context.Background()); err == nil {
			t.Errorf("%s: closed", name)
		}
		if _, err := b.Close(context.Background()); err == nil {
			t.Errorf("%s: closed twice", name)
		}
	}
}

func TestWriterThatFailsAnywhere(t *testing.T) {
	key, broken := newSigner(t), errors.New("disk full")
	var out bytes.Buffer
	build(t, &out, testOptions(key, NDJSON), people(2))
	for n := 0; n < out.Len()-8; n += 37 {
		b, err := NewBuilder(&limited{n: n, err: broken}, testOptions(key, NDJSON))
		if err == nil {
			_ = b.Row(record.CustomerID(id("cus_", 1)), people(1)[0])
			_ = b.Row(record.CustomerID(id("cus_", 2)), people(2)[1])
			_, err = b.Close(context.Background())
		}
		if !errors.Is(err, broken) && n < out.Len()-40 {
			t.Fatalf("room for %d bytes: %v", n, err)
		}
	}
}

func TestZip64(t *testing.T) {
	key := newSigner(t)
	for _, limit := range []uint64{1, 300, 1500, 4000} {
		l := layout{limit: limit}
		var out bytes.Buffer
		b, err := newBuilder(&out, testOptions(key, NDJSON), l)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range people(30) {
			if err := b.Row(record.CustomerID(id("cus_", i)), row); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if rows := decodeNDJSON(t, unzip(t, out.Bytes())["data-wm-4k2p9x.ndjson"]); len(rows) != 30 {
			t.Errorf("limit %d: %d rows", limit, len(rows))
		}
		v := &verifier{zip: bytes.NewReader(out.Bytes()), size: uint64(out.Len()), layout: l}
		if _, err := v.verify([]*ecdsa.PublicKey{&key.PublicKey}); err != nil {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestCells(t *testing.T) {
	for value, want := range map[string]string{
		"": "", "赵春和": "赵春和", "a=1": "a=1", `5" 屏`: `5"" 屏`, "13800001234": "13800001234", "0.5": "0.5", "010-8888": "010-8888",
		"+8613800001234": "'+8613800001234", "=1+1": "'=1+1", "-2": "'-2", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx",
		"＝1": "'＝1", "＋86": "'＋86", "－1": "'－1", "＠x": "'＠x", "  =1": "'  =1", "\u3000＝1": "'\u3000＝1", "\ufeff=1": "'\ufeff=1", "'x": "''x",
		"01234": "'01234", "1234567890123456": "'1234567890123456", "0": "0",
	} {
		if got := string(appendCell(nil, value)); got != want {
			t.Errorf("%q became %q, want %q", value, got, want)
		}
	}
}

func TestCellsComeBackAndNeverAreFormulas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ '=+\-@＝0-9"a,\n]{0,20}`)).Draw(t, "value")
		e := newCSV(Options{Language: record.English, Columns: []Column{{Field: "f"}}, Facts: Facts{Watermark: "=mark"}})
		line, _ := e.row(nil, "cus_x", map[record.FieldName]string{"f": value})
		r := csv.NewReader(bytes.NewReader(line))
		r.LazyQuotes = false
		cells, err := r.Read()
		if err != nil || len(cells) != 3 {
			t.Fatal(string(line), err)
		}
		for _, cell := range cells {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
				t.Fatalf("formula %q", cell)
			}
		}
		// encoding/csv reads \r\n inside a cell as \n.
		if got := strings.TrimPrefix(cells[1], "'"); got != strings.ReplaceAll(value, "\r\n", "\n") {
			t.Fatalf("%q came back as %q", value, got)
		}
	})
}

func TestJSONLinesAreJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		e := newNDJSON(Options{Columns: []Column{{Field: "f"}, {Field: "g"}}, Facts: Facts{Watermark: "mark"}})
		line, _ := e.row(nil, "cus_x", map[record.FieldName]string{"f": value})
		var got map[string]string
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(string(line), err)
		}
		if want := map[string]string{"customer": "cus_x", "f": value, "_watermark": "mark"}; !reflect.DeepEqual(got, want) {
			t.Fatal(got)
		}
		if bytes.Count(line, []byte("\n")) != 1 {
			t.Fatal("a row on more than one line")
		}
	})
}

func TestHeadersThatCollide(t *testing.T) {
	same := record.Text{ZH: "电话", EN: "Phone"}
	got := titles(Options{Language: record.English, Columns: []Column{{Field: "a", Title: same}, {Field: "b", Title: same},
		{Field: "c"}, {Field: "d", Title: record.Text{EN: "Customer ID"}}, {Field: "e", Title: record.Text{EN: "E-mail"}}}})
	if want := []string{"Phone (a)", "Phone (b)", "(c)", "Customer ID (d)", "E-mail"}; !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
}

func TestLowSIsKept(t *testing.T) {
	key := newSigner(t)
	digest := [32]byte{1}
	for range 20 {
		der, _ := ecdsa.SignASN1(&stream{}, key, digest[:])
		low, err := lowS(der)
		if err != nil || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], low) {
			t.Fatal(base64.StdEncoding.EncodeToString(low), err)
		}
		if again, _ := lowS(low); !bytes.Equal(again, low) {
			t.Fatal("not stable")
		}
	}
}
