//go:build ignore

// Generate writes letters.txt from the dictionary of go-pinyin.
package main

import (
	"bytes"
	"log"
	"os"
	"strings"

	dictionary "github.com/mozillazg/go-pinyin"
	"golang.org/x/text/unicode/norm"

	"kexin/shared/blind/pinyin"
)

func main() {
	var table bytes.Buffer
	for character := pinyin.First; character <= pinyin.Last; character++ {
		table.WriteString(entry(dictionary.PinyinDict[int(character)]))
	}
	if err := os.WriteFile("letters.txt", table.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// entry returns the distinct first letters of readings such as "dān,chán", the last in upper case.
func entry(readings string) string {
	letters := ""
	for reading := range strings.SplitSeq(readings, ",") {
		plain := norm.NFD.String(reading)
		if plain == "" || plain[0] < 'a' || plain[0] > 'z' || strings.Contains(letters, plain[:1]) {
			continue
		}
		letters += plain[:1]
	}
	if letters == "" {
		return "."
	}
	last := len(letters) - 1
	return letters[:last] + strings.ToUpper(letters[last:])
}
