package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"
)

// asked counts how often the verifier behind is asked.
type asked struct {
	Verifier
	times int
}

func (a *asked) Verify(ctx context.Context, raw string) (Principal, error) {
	a.times++
	return a.Verifier.Verify(ctx, raw)
}

func TestRemember(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	issuer, err := NewDemoIssuer(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	behind := &asked{Verifier: issuer}
	verifier := Remember(behind, now)
	token, err := issuer.Token("clerk", 90*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, pass time.Duration, raw string, times int, want error) {
		t.Helper()
		at = at.Add(pass)
		principal, err := verifier.Verify(t.Context(), raw)
		if !errors.Is(err, want) || behind.times != times || err == nil && principal.Subject != "clerk" {
			t.Errorf("%s: %v %v, verified %d times, want %d", what, principal, err, behind.times, times)
		}
	}
	check("first", 0, token, 1, nil)
	check("again", 30*time.Second, token, 1, nil)
	check("after a minute", 30*time.Second, token, 2, nil)
	check("before it expires", 29*time.Second, token, 2, nil)
	check("expired, although it was verified less than a minute ago", 2*time.Second, token, 3, ErrToken)
	check("a clock that went back does not help it", -time.Hour, token, 4, nil)
	altered := token[:len(token)-2] + "AA"
	check("altered", 0, altered, 5, ErrToken)
	check("refusals are not kept", 0, altered, 6, ErrToken)
}

func TestRememberIsBounded(t *testing.T) {
	r := &remembering{known: map[[32]byte]believed{}}
	for i := range maxRemembered + 10 {
		r.keep([32]byte{byte(i), byte(i >> 8)}, believed{})
	}
	if len(r.known) > maxRemembered {
		t.Error(len(r.known))
	}
}

func TestExpiryOfWhatIsNoToken(t *testing.T) {
	for _, raw := range []string{"", "a.b", "a.!.c", "a.e30.c", "a.eyJleHAiOi0xfQ.c", "a.eyJleHAiOjFlMzB9.c", "a.eyJleHAiOiJ4In0.c"} {
		if !expiry(raw).IsZero() {
			t.Errorf("%q expires", raw)
		}
	}
}
