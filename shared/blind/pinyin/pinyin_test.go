package pinyin_test

import (
	"slices"
	"testing"

	dictionary "github.com/mozillazg/go-pinyin"

	"kexin/shared/blind/pinyin"
)

func TestTableAgreesWithTheDictionary(t *testing.T) {
	args := dictionary.Args{Style: dictionary.FirstLetter, Heteronym: true}
	known := 0
	for character := pinyin.First; character <= pinyin.Last; character++ {
		var want []byte
		for _, letter := range dictionary.SinglePinyin(character, args) {
			if c := letter[0]; c >= 'a' && c <= 'z' && !slices.Contains(want, c) {
				want = append(want, c)
			}
		}
		got := pinyin.Letters(character)
		if character == '欸' { // of its readings ê̄ and ē, the dictionary does not take the marks off the first
			slices.Sort(got)
			slices.Sort(want)
		}
		if !slices.Equal(got, want) {
			t.Errorf("letters of %c: %q, dictionary has %q", character, got, want)
		}
		if len(got) > 0 {
			known++
		}
	}
	if known < 20000 {
		t.Errorf("only %d characters have letters", known)
	}
}

func TestLetters(t *testing.T) {
	for character, want := range map[rune]string{
		'张': "z", '欧': "o", '曾': "cz", '单': "dcs", '龥': "y", '㐀': "q",
		'a': "", '〇': "", ' ': "", '�': "", '\U00020000': "", -1: "",
	} {
		if got := string(pinyin.Letters(character)); got != want {
			t.Errorf("letters of %c: %q, want %q", character, got, want)
		}
	}
}

func TestLettersAreACopy(t *testing.T) {
	pinyin.Letters('张')[0] = '!'
	if got := string(pinyin.Letters('张')); got != "z" {
		t.Errorf("letters changed to %q", got)
	}
}
