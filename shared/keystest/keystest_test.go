package keystest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kexin/shared/filekeys"
	"kexin/shared/keys"
	"kexin/shared/keystest"
	"kexin/shared/record"
)

func newKeys(t *testing.T) *filekeys.File {
	t.Helper()
	f, err := filekeys.Create(filepath.Join(t.TempDir(), "keys"), filekeys.CreateOptions{
		Deployment:    record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{1})),
		Demonstration: true, Random: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// spoilt is a Keys that is right but for the functions that are set.
type spoilt struct {
	keys.Keys
	wrap   func(context.Context, keys.Purpose, []byte) ([]byte, error)
	unwrap func(context.Context, keys.Purpose, []byte) ([]byte, error)
	sign   func(context.Context, keys.Signer, [32]byte) ([]byte, error)
	public func(context.Context, keys.Signer) (*ecdsa.PublicKey, error)
}

func (s *spoilt) Wrap(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
	if s.wrap != nil {
		return s.wrap(ctx, p, secret)
	}
	return s.Keys.Wrap(ctx, p, secret)
}

func (s *spoilt) Unwrap(ctx context.Context, p keys.Purpose, wrapped []byte) ([]byte, error) {
	if s.unwrap != nil {
		return s.unwrap(ctx, p, wrapped)
	}
	return s.Keys.Unwrap(ctx, p, wrapped)
}

func (s *spoilt) Sign(ctx context.Context, by keys.Signer, digest [32]byte) ([]byte, error) {
	if s.sign != nil {
		return s.sign(ctx, by, digest)
	}
	return s.Keys.Sign(ctx, by, digest)
}

func (s *spoilt) Public(ctx context.Context, by keys.Signer) (*ecdsa.PublicKey, error) {
	if s.public != nil {
		return s.public(ctx, by)
	}
	return s.Keys.Public(ctx, by)
}

// spoil names a way to break the contract; the question before the first dot of the name must notice it.
var spoil = map[string]func(f *filekeys.File, s *spoilt, with *keystest.Setting){
	"round-trip.truncates": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.unwrap = func(ctx context.Context, p keys.Purpose, wrapped []byte) ([]byte, error) {
			secret, err := f.Unwrap(ctx, p, wrapped)
			return secret[:min(len(secret), 2048)], err
		}
	},
	"fresh.remembers": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		known := map[string][]byte{}
		s.wrap = func(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
			if known[string(secret)] == nil {
				known[string(secret)], _ = f.Wrap(ctx, p, secret)
			}
			return known[string(secret)], nil
		}
	},
	"fresh.in-clear": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.wrap = func(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
			wrapped, err := f.Wrap(ctx, p, secret)
			return append(wrapped, secret...), err
		}
	},
	"wrong-purpose.ignores": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.wrap = func(ctx context.Context, _ keys.Purpose, secret []byte) ([]byte, error) {
			return f.Wrap(ctx, keys.ForIndex, secret)
		}
		s.unwrap = func(ctx context.Context, _ keys.Purpose, w []byte) ([]byte, error) {
			return f.Unwrap(ctx, keys.ForIndex, w)
		}
	},
	"tampered.ignores-a-byte": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.wrap = func(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
			wrapped, err := f.Wrap(ctx, p, secret)
			return append([]byte{7}, wrapped...), err
		}
		s.unwrap = func(ctx context.Context, p keys.Purpose, w []byte) ([]byte, error) {
			return f.Unwrap(ctx, p, w[min(1, len(w)):])
		}
	},
	"other-deployment.opens": func(f *filekeys.File, _ *spoilt, with *keystest.Setting) { with.OtherDeployment = f },
	"other-deployment.nothing-to-ask": func(_ *filekeys.File, _ *spoilt, with *keystest.Setting) {
		with.OtherDeployment = nil
	},
	"other-root-key.opens": func(f *filekeys.File, _ *spoilt, with *keystest.Setting) { with.OtherRootKey = f },
	"secret-size.takes-none": func(_ *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.wrap = func(context.Context, keys.Purpose, []byte) ([]byte, error) { return nil, nil }
	},
	"unknown.takes-any": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.sign = func(ctx context.Context, _ keys.Signer, d [32]byte) ([]byte, error) {
			return f.Sign(ctx, keys.SignReceipts, d)
		}
	},
	"signature.one-key-for-all": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.sign = func(ctx context.Context, _ keys.Signer, d [32]byte) ([]byte, error) {
			return f.Sign(ctx, keys.SignReceipts, d)
		}
	},
	"public-stable.another-each-time": func(_ *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.public = func(context.Context, keys.Signer) (*ecdsa.PublicKey, error) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			return &key.PublicKey, err
		}
	},
	"public-stable.shared": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.public = func(ctx context.Context, _ keys.Signer) (*ecdsa.PublicKey, error) {
			return f.Public(ctx, keys.SignReceipts)
		}
	},
	"disabled.works-on": func(_ *filekeys.File, _ *spoilt, with *keystest.Setting) { with.Disabler = nothing{} },
	"cancelled.goes-on": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.public = func(_ context.Context, by keys.Signer) (*ecdsa.PublicKey, error) {
			return f.Public(context.Background(), by)
		}
	},
	"rotation.forgets": func(_ *filekeys.File, s *spoilt, with *keystest.Setting) {
		other := with.OtherRootKey
		with.Rotate = func(context.Context) error { s.Keys = other; return nil }
	},
	"concurrent.mixes": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		var mu sync.Mutex
		var last []byte
		s.wrap = func(ctx context.Context, p keys.Purpose, secret []byte) ([]byte, error) {
			mu.Lock()
			last = bytes.Clone(secret)
			mu.Unlock()
			return f.Wrap(ctx, p, secret)
		}
		s.unwrap = func(context.Context, keys.Purpose, []byte) ([]byte, error) {
			time.Sleep(time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			return last, nil
		}
	},
	"concurrent-sign.wrong-digest": func(f *filekeys.File, s *spoilt, _ *keystest.Setting) {
		s.sign = func(ctx context.Context, by keys.Signer, _ [32]byte) ([]byte, error) {
			return f.Sign(ctx, by, [32]byte{})
		}
	},
}

type nothing struct{}

func (nothing) Disable(context.Context, keys.Purpose) error      { return nil }
func (nothing) DisableSigner(context.Context, keys.Signer) error { return nil }
func (nothing) Enable(context.Context) error                     { return nil }

func settingOf(t *testing.T, name string) keystest.Setting {
	f, other := newKeys(t), newKeys(t)
	s := &spoilt{Keys: f}
	with := keystest.Setting{Keys: s, OtherDeployment: other, OtherRootKey: other, Rotate: f.Rotate, Disabler: nothing{}}
	if change := spoil[name]; change != nil {
		change(f, s, &with)
	}
	return with
}

// askedOf is the environment variable by which TestSuiteNotices runs TestSpoilt in a process of its own.
const askedOf = "KEXIN_TEST_SPOILT_KEYS"

// TestSpoilt asks one question of one spoilt holder of keys. Without the variable it asks everything of a right one.
func TestSpoilt(t *testing.T) {
	name := os.Getenv(askedOf)
	if question, _, ok := strings.Cut(name, "."); ok {
		keystest.Run(t, func(t *testing.T) keystest.Setting { return settingOf(t, name) },
			keystest.Questions(keystest.Question(question)))
		return
	}
	right := slices.DeleteFunc(keystest.AllQuestions(), func(q keystest.Question) bool { return q == keystest.Disabled })
	keystest.Run(t, func(t *testing.T) keystest.Setting { return settingOf(t, "") }, keystest.Questions(right...))
}

// TestSuiteNotices: the suite fails for every way to break the contract, and every question has one.
func TestSuiteNotices(t *testing.T) {
	questions := map[keystest.Question]bool{}
	for _, name := range slices.Sorted(maps.Keys(spoil)) {
		question, _, _ := strings.Cut(name, ".")
		questions[keystest.Question(question)] = true
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSpoilt$")
		cmd.Env = append(os.Environ(), askedOf+"="+name)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !bytes.Contains(out, []byte("--- FAIL: TestSpoilt/"+question+" ")) {
			t.Errorf("%s is not noticed: %v\n%s", name, err, out)
		}
	}
	for _, q := range keystest.AllQuestions() {
		if !questions[q] {
			t.Errorf("nothing shows that the question %s can fail", q)
		}
	}
}

func TestCounting(t *testing.T) {
	c := keystest.Counting(newKeys(t))
	ctx := t.Context()
	wrapped, _ := c.Wrap(ctx, keys.ForRecord, []byte("secret"))
	_, _ = c.Unwrap(ctx, keys.ForRecord, wrapped)
	_, _ = c.Unwrap(ctx, keys.ForBranch, wrapped) // refused, and counted
	_, _ = c.Sign(ctx, keys.SignArchives, [32]byte{})
	_, _ = c.Public(ctx, keys.SignArchives)
	got := []int{c.Wraps(keys.ForRecord), c.Unwraps(keys.ForRecord), c.Unwraps(keys.ForBranch), c.Wraps(keys.ForBranch),
		c.Signs(keys.SignArchives), c.Publics(keys.SignArchives), c.Signs(keys.SignReceipts), c.Total()}
	if want := []int{1, 1, 1, 0, 1, 1, 0, 5}; !slices.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if c.Reset(); c.Total() != 0 || c.Wraps(keys.ForRecord) != 0 {
		t.Errorf("after reset: %d", c.Total())
	}
}

func TestFaulty(t *testing.T) {
	counter := keystest.Counting(newKeys(t))
	f, broken := keystest.Faulty(counter), errors.New("broken")
	f.FailAt(2, broken)
	if got := fourCalls(t, f); got != "ok broken ok ok" || f.Calls() != 4 || counter.Total() != 3 {
		t.Errorf("fail at 2: %s, %d calls, %d reached the keys", got, f.Calls(), counter.Total())
	}
	f.FailFrom(3, broken)
	if got := fourCalls(t, f); got != "ok ok broken broken" {
		t.Errorf("fail from 3: %s", got)
	}
	if f.Heal(); fourCalls(t, f) != "ok ok ok ok" || f.Calls() != 4 {
		t.Error("not healed")
	}
}

// fourCalls calls each method once and tells which failed.
func fourCalls(t *testing.T, f *keystest.Faults) string {
	ctx := t.Context()
	wrapped, wrap := f.Wrap(ctx, keys.ForRecord, []byte("secret"))
	_, sign := f.Sign(ctx, keys.SignArchives, [32]byte{})
	_, public := f.Public(ctx, keys.SignArchives)
	_, unwrap := f.Unwrap(ctx, keys.ForRecord, wrapped)
	words := []string{}
	for _, err := range []error{wrap, sign, public, unwrap} {
		if err == nil {
			words = append(words, "ok")
		} else {
			words = append(words, err.Error())
		}
	}
	return strings.Join(words, " ")
}
