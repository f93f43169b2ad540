// Package keystest is the contract of keys.Keys as tests, and two wrappers for the tests of others: Counting, to assert how many calls
// an operation costs, and Faulty, to fail a chosen one.
//
// No foreign key service answers every question rightly, so Run takes the list of questions that this one is asked. A question that is
// asked and cannot be put (its hook is missing) fails the test: silence is never taken for an answer.
package keystest

import (
	"context"
	"slices"
	"testing"
	"time"

	"kexin/shared/keys"
)

// Question is one part of the contract.
type Question string

// The questions.
const (
	// RoundTrip: what was wrapped comes back, for every purpose and for secrets of 1 to MaxSecret bytes.
	RoundTrip Question = "round-trip"
	// Fresh: the same secret wrapped twice gives two ciphertexts, and neither contains it.
	Fresh Question = "fresh"
	// WrongPurpose: another purpose is refused.
	WrongPurpose Question = "wrong-purpose"
	// Tampered: a ciphertext with any byte altered, cut or added is refused.
	Tampered Question = "tampered"
	// OtherDeployment: another deployment on the same root keys is refused. Needs Setting.OtherDeployment.
	OtherDeployment Question = "other-deployment"
	// OtherRootKey: the same deployment on other root keys is refused. Needs Setting.OtherRootKey.
	OtherRootKey Question = "other-root-key"
	// SecretSize: empty and oversize secrets are ErrSecretSize.
	SecretSize Question = "secret-size"
	// Unknown: purposes and signers that do not exist are ErrNotGranted.
	Unknown Question = "unknown"
	// Signature: signatures verify with crypto/ecdsa, offline, for their digest and signer only.
	Signature Question = "signature"
	// PublicStable: the public half stays the same, is on P-256 and differs between signers.
	PublicStable Question = "public-stable"
	// Disabled: a disabled root key is ErrDisabled, and works again when enabled. Needs Setting.Disabler.
	Disabled Question = "disabled"
	// Cancelled: a cancelled context ends every call with its error.
	Cancelled Question = "cancelled"
	// Rotation: what was wrapped before a rotation of the root keys unwraps after it. Needs Setting.Rotate.
	Rotation Question = "rotation"
	// Concurrent: 16 callers who wrap and unwrap at once get right answers.
	Concurrent Question = "concurrent"
	// ConcurrentSign: 16 callers who sign at once get signatures that verify.
	ConcurrentSign Question = "concurrent-sign"
)

// AllQuestions returns every question in a fixed order.
func AllQuestions() []Question {
	return []Question{RoundTrip, Fresh, WrongPurpose, Tampered, OtherDeployment, OtherRootKey, SecretSize, Unknown, Signature,
		PublicStable, Disabled, Cancelled, Rotation, Concurrent, ConcurrentSign}
}

// Disabler switches root keys off and on again.
type Disabler interface {
	// Disable makes the root key of purpose unusable.
	Disable(ctx context.Context, purpose keys.Purpose) error
	// DisableSigner makes the signing key unusable.
	DisableSigner(ctx context.Context, signer keys.Signer) error
	// Enable undoes all of that.
	Enable(ctx context.Context) error
}

// Setting is one holder of root keys as the suite sees it. Only Keys is always needed.
type Setting struct {
	Keys            keys.Keys
	OtherDeployment keys.Keys                       // the same root keys, another deployment
	OtherRootKey    keys.Keys                       // the same deployment, other root keys
	Disabler        Disabler                        // switches the root keys of Keys
	Rotate          func(ctx context.Context) error // gives the root keys of Keys a new version
}

// Maker returns a setting of its own for one question. Root keys may be shared between settings; states left behind may not.
type Maker func(t *testing.T) Setting

// Option changes what Run asks.
type Option func(*suite)

// Questions limits the suite to asked; without it everything is asked.
func Questions(asked ...Question) Option { return func(s *suite) { s.asked = asked } }

// TamperStep makes the question Tampered alter every n-th byte only, for services where a call takes milliseconds. The default is 1.
func TamperStep(n int) Option { return func(s *suite) { s.tamperStep = n } }

// TamperSkip makes the question Tampered leave bytes from, from+1, … to-1 alone, for a service that answers wrongly there.
func TamperSkip(from, to int) Option { return func(s *suite) { s.skipFrom, s.skipTo = from, to } }

type suite struct {
	asked            []Question
	tamperStep       int
	skipFrom, skipTo int
}

// alters says whether the question Tampered alters byte i.
func (s *suite) alters(i int) bool {
	return i%s.tamperStep == 0 && (i < s.skipFrom || i >= s.skipTo)
}

// Run asks the questions, each as a subtest of its name, and logs those that it was told not to ask.
func Run(t *testing.T, maker Maker, options ...Option) {
	t.Helper()
	s := &suite{asked: AllQuestions(), tamperStep: 1}
	for _, option := range options {
		option(s)
	}
	for _, q := range s.asked {
		if !slices.Contains(AllQuestions(), q) {
			t.Errorf("unknown question %q", q)
		}
	}
	for _, q := range AllQuestions() {
		if !slices.Contains(s.asked, q) {
			t.Logf("not asked of this key service: %s", q)
			continue
		}
		t.Run(string(q), func(t *testing.T) { s.ask(t, q, maker(t)) })
	}
}

func (s *suite) ask(t *testing.T, q Question, with Setting) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a := &asker{T: t, ctx: ctx, with: with, alters: s.alters}
	map[Question]func(){
		RoundTrip: a.roundTrip, Fresh: a.fresh, WrongPurpose: a.wrongPurpose, Tampered: a.tampered,
		OtherDeployment: a.otherDeployment, OtherRootKey: a.otherRootKey, SecretSize: a.secretSize, Unknown: a.unknown,
		Signature: a.signature, PublicStable: a.publicStable, Disabled: a.disabled, Cancelled: a.cancelled,
		Rotation: a.rotation, Concurrent: a.concurrent, ConcurrentSign: a.concurrentSign,
	}[q]()
}
