package httpapi_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/httpapi"
	"kexin/shared/problem"
)

func newCursors(t interface{ Fatal(...any) }, fill byte) *httpapi.Cursors {
	cursors, err := httpapi.NewCursors(bytes.Repeat([]byte{fill}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return cursors
}

func TestCursors(t *testing.T) {
	a, b := newCursors(t, 1), newCursors(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		position := rapid.String().Draw(t, "position")
		cursor, err := a.Seal("list/stf_a", position)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Open("list/stf_a", cursor); err != nil || got != position {
			t.Fatalf("opened %q, %v", got, err)
		}
		if position == "" {
			return
		}
		_, wrongScope := a.Open("list/stf_b", cursor)
		_, wrongKey := b.Open("list/stf_a", cursor)
		at := rapid.IntRange(0, len(cursor)-1).Draw(t, "at")
		altered := []byte(cursor)
		altered[at] = map[bool]byte{true: 'B', false: 'A'}[altered[at] == 'A']
		_, changed := a.Open("list/stf_a", string(altered))
		for _, err := range []error{wrongScope, wrongKey, changed} {
			var p *problem.Problem
			if !errors.As(err, &p) || p.Status != 422 || p.Errors[0].Field != "query.cursor" {
				t.Fatalf("opened what it should not: %v", err)
			}
		}
	})
}

func TestCursorsNeedASecret(t *testing.T) {
	if _, err := httpapi.NewCursors([]byte("short"), rand.Reader); err == nil {
		t.Error("a short secret was taken")
	}
	if _, err := newCursors(t, 1).Open("x", "AA"); err == nil {
		t.Error("a short cursor was opened")
	}
}

func TestETagRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Int64Min(0).Draw(t, "version")
		got, err := httpapi.Conditional{IfMatch: httpapi.ETag(version)}.Version()
		if err != nil || got != version {
			t.Fatalf("%d became %d, %v", version, got, err)
		}
		text := rapid.String().Draw(t, "text")
		if v, err := (httpapi.Conditional{IfMatch: text}).Version(); err == nil && httpapi.ETag(v) != text {
			t.Fatalf("%q was taken for %d", text, v)
		}
	})
}
