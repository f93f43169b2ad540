package embedded_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"
)

// forms returns a needle as it might be found: plain, UTF-16, base64 at every alignment, hex, and escaped as in JSON and in URLs.
func forms(needle string) map[string][]byte {
	raw := []byte(needle)
	found := map[string][]byte{"UTF-8": raw, "hex": []byte(hex.EncodeToString(raw)), "HEX": bytes.ToUpper([]byte(hex.EncodeToString(raw))),
		"URL": []byte(url.QueryEscape(needle))}
	little, big := []byte{}, []byte{}
	lower, upper := "", ""
	for _, unit := range utf16.Encode([]rune(needle)) {
		little, big = append(little, byte(unit), byte(unit>>8)), append(big, byte(unit>>8), byte(unit))
		if unit < 0x80 {
			lower, upper = lower+string(rune(unit)), upper+string(rune(unit))
			continue
		}
		lower, upper = lower+fmt.Sprintf(`\u%04x`, unit), upper+fmt.Sprintf(`\u%04X`, unit)
	}
	found["UTF-16LE"], found["UTF-16BE"], found["JSON"], found["JSON upper"] = little, big, []byte(lower), []byte(upper)
	for shift := range 3 {
		// Of the characters of base64, those that hold bits of neighbours are left out.
		padded := append(make([]byte, shift), raw...)
		from, to := (shift*8+5)/6, len(padded)*8/6
		for name, coding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			found[fmt.Sprintf("%s+%d", name, shift)] = []byte(coding.EncodeToString(padded)[from:to])
		}
	}
	return found
}

// needles finds many byte strings at once.
type needles struct {
	first map[[6]byte][]needle
	maybe [1 << 21]byte // bit of every first three bytes of a needle
}

type needle struct {
	name string
	text []byte
}

// looking returns needles for all forms of texts. Texts of less than six bytes would be found by chance.
func looking(t *testing.T, texts map[string]string) *needles {
	t.Helper()
	n := &needles{first: map[[6]byte][]needle{}}
	for name, text := range texts {
		for form, raw := range forms(text) {
			if len(raw) < 8 && form != "UTF-8" || len(raw) < 6 {
				t.Fatalf("%s (%s) is too short to look for", name, form)
			}
			n.first[[6]byte(raw[:6])] = append(n.first[[6]byte(raw[:6])], needle{name + " as " + form, raw})
			at := index3(raw)
			n.maybe[at>>3] |= 1 << (at & 7)
		}
	}
	return n
}

func index3(raw []byte) uint32 { return uint32(raw[0])<<16 | uint32(raw[1])<<8 | uint32(raw[2]) }

// zeros is a page of nothing, in which no needle begins.
var zeros [4096]byte

// in returns the names of what data holds.
func (n *needles) in(data []byte) []string {
	var hits []string
	for i := 0; i+6 <= len(data); i++ {
		if i%len(zeros) == 0 && bytes.HasPrefix(data[i:], zeros[:]) { // most of a young store
			i += len(zeros) - 2 // the first byte of a needle may be zero
			continue
		}
		if at := index3(data[i:]); n.maybe[at>>3]&(1<<(at&7)) == 0 {
			continue
		}
		for _, candidate := range n.first[[6]byte(data[i:i+6])] {
			if bytes.HasPrefix(data[i:], candidate.text) {
				hits = append(hits, candidate.name)
			}
		}
	}
	return hits
}

// sweepFiles reports every hit in the files below dir.
func (n *needles) sweepFiles(t *testing.T, dir string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		n.sweep(t, "file name", []byte(path))
		if entry.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		files++
		n.sweep(t, path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sweep reports every hit in data.
func (n *needles) sweep(t *testing.T, where string, data []byte) {
	t.Helper()
	for _, hit := range n.in(data) {
		t.Errorf("%s holds %s", where, hit)
	}
}

// A sweep that finds nothing proves something only when it would have found it.
func TestSweepFinds(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"name": "欧阳槐序", "phone": "13812345678", "note": "brown fox"}
	n := looking(t, texts)
	for name, text := range texts {
		for form, raw := range forms(text) {
			path := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(path, append(append(bytes.Repeat([]byte("ab"), 5000), raw...), "cd"...), 0o600); err != nil {
				t.Fatal(err)
			}
			data, _ := os.ReadFile(path)
			if hits := n.in(data); len(hits) == 0 {
				t.Errorf("%s as %s is not found", name, form)
			}
		}
		for shift := range 3 {
			hidden := base64.StdEncoding.EncodeToString([]byte("xyz"[:shift] + text + "tail"))
			if len(n.in([]byte(hidden))) == 0 {
				t.Errorf("%s in base64 after %d bytes is not found", name, shift)
			}
		}
	}
	if hits := n.in(bytes.Repeat([]byte("nothing of that, 1381234567, 欧阳"), 100)); len(hits) > 0 {
		t.Errorf("found what is not there: %v", hits)
	}
}
