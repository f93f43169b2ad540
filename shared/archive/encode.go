package archive

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"kexin/shared/record"
)

// Names of the two columns that every export has beside its fields. No field of a pack can have them: "customer" is refused by
// NewBuilder, and names of fields do not begin with "_".
const (
	customerColumn  = "customer"
	watermarkColumn = "_watermark"
)

var (
	customerTitle  = record.Text{ZH: "客户编号", EN: "Customer ID"}
	watermarkTitle = record.Text{ZH: "水印编号", EN: "Watermark ID"}
)

// encoder appends rows to a buffer without reflection.
type encoder interface {
	header(b []byte) []byte
	// row also returns how many of values it has written: all of them, unless one is no column.
	row(b []byte, customer record.CustomerID, values map[record.FieldName]string) ([]byte, int)
}

func newEncoder(o Options) encoder {
	if o.Format == CSV {
		return newCSV(o)
	}
	return newNDJSON(o)
}

// ndjson writes one object a line: "customer", the columns that have a value, "_watermark".
type ndjson struct {
	fields []record.FieldName
	keys   []string // `,"field":"`
	tail   string
}

func newNDJSON(o Options) *ndjson {
	e := &ndjson{tail: fmt.Sprintf(",%q:%q}\n", watermarkColumn, string(o.Facts.Watermark))}
	for _, c := range o.Columns {
		e.fields = append(e.fields, c.Field)
		e.keys = append(e.keys, string(appendJSON([]byte(`,"`), string(c.Field)))+`":"`)
	}
	return e
}

func (*ndjson) header(b []byte) []byte { return b }

func (e *ndjson) row(b []byte, customer record.CustomerID, values map[record.FieldName]string) ([]byte, int) {
	written := 0
	b = append(b, `{"`+customerColumn+`":"`...)
	b = append(b, customer...)
	b = append(b, '"')
	for i, field := range e.fields {
		if value, ok := values[field]; ok {
			b = append(b, e.keys[i]...)
			b = appendJSON(b, value)
			b = append(b, '"')
			written++
		}
	}
	return append(b, e.tail...), written
}

const hexDigits = "0123456789abcdef"

// appendJSON appends the inside of a JSON string that holds valid UTF-8.
func appendJSON(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(b, s[start:]...)
}

// csvRows writes RFC 4180 with a byte order mark and CRLF. Every cell is quoted, so that a spreadsheet that expects another separator
// does not split a value into cells of its own.
type csvRows struct {
	fields []record.FieldName
	head   string
	tail   string
}

func newCSV(o Options) *csvRows {
	e := &csvRows{}
	head := append([]byte("\ufeff\""), customerTitle.In(o.Language)...)
	for _, title := range titles(o) {
		head = append(head, `","`...)
		head = appendCell(head, title)
	}
	head = append(head, `","`...)
	head = append(head, watermarkTitle.In(o.Language)...)
	e.head = string(append(head, "\"\r\n"...))
	e.tail = `","` + string(appendCell(nil, string(o.Facts.Watermark))) + "\"\r\n"
	for _, c := range o.Columns {
		e.fields = append(e.fields, c.Field)
	}
	return e
}

// titles returns the headers of the columns; titles that occur twice, or none, are told apart by the name of the field.
func titles(o Options) []string {
	count := map[string]int{customerTitle.In(o.Language): 1, watermarkTitle.In(o.Language): 1, "": 1}
	for _, c := range o.Columns {
		count[c.Title.In(o.Language)]++
	}
	out := make([]string, len(o.Columns))
	for i, c := range o.Columns {
		out[i] = c.Title.In(o.Language)
		if count[out[i]] > 1 {
			out[i] = strings.TrimSpace(out[i] + " (" + string(c.Field) + ")")
		}
	}
	return out
}

func (e *csvRows) header(b []byte) []byte { return append(b, e.head...) }

func (e *csvRows) row(b []byte, customer record.CustomerID, values map[record.FieldName]string) ([]byte, int) {
	written := 0
	b = append(b, '"')
	b = append(b, customer...)
	for _, field := range e.fields {
		b = append(b, `","`...)
		if value, ok := values[field]; ok {
			b = appendCell(b, value)
			written++
		}
	}
	return append(b, e.tail...), written
}

// appendCell appends the inside of a quoted cell. A cell that a spreadsheet would take for more than text gets an apostrophe in front.
func appendCell(b []byte, s string) []byte {
	if needsApostrophe(s) {
		b = append(b, '\'')
	}
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return append(b, s...)
		}
		b = append(b, s[:i+1]...)
		b = append(b, '"')
		s = s[i+1:]
	}
}

// needsApostrophe reports whether a spreadsheet would run s as a formula (it begins, after blanks, with = + - @ or their full-width
// forms, or with a tab or line end), would lose digits of it (leading zeros, more than 15 digits), or whether s begins with an
// apostrophe itself: so removing one apostrophe always gives the value back.
func needsApostrophe(s string) bool {
	if s == "" {
		return false
	}
	if c := s[0]; c < utf8.RuneSelf && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
		return false
	}
	if strings.HasPrefix(s, "'") || s[0] < ' ' {
		return true
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, blank))
	return startsFormula(first) || losesDigits(s)
}

func startsFormula(first rune) bool {
	switch first {
	case '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫', '−':
		return true
	}
	return false
}

func blank(r rune) bool { return unicode.IsSpace(r) || r < ' ' || r == '\ufeff' || r == '\u200b' }

const exactDigits = 15 // spreadsheets keep numbers as float64

func losesDigits(s string) bool {
	if len(s) < 2 || s[0] != '0' && len(s) <= exactDigits {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// checkValue refuses text that would not be the same after reading the file.
func checkValue(field record.FieldName, value string) error {
	if utf8.ValidString(value) {
		return nil
	}
	return fmt.Errorf("value of field %s is not UTF-8: %w", strconv.Quote(string(field)), ErrRow)
}
