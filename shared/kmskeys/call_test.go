package kmskeys

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"kexin/shared/keys"
)

func unwrap(ctx context.Context, k *Keys) error {
	_, err := k.Unwrap(ctx, keys.ForBranch, []byte("\x01\x02blob"))
	return err
}

// All waits here are on the clock of the bubble, so they are exact and take no time.

func TestErrorsOfKMS(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   error
		calls  int
	}{
		{400, "InvalidCiphertextException", keys.ErrRefused, 1},
		{400, "IncorrectKeyException", keys.ErrRefused, 1},
		{400, "DisabledException", keys.ErrDisabled, 1},
		{400, "KMSInvalidStateException", keys.ErrDisabled, 1},
		{400, "NotFoundException", keys.ErrDisabled, 1},
		{400, "AccessDeniedException", keys.ErrNotGranted, 1},
		{400, "UnrecognizedClientException", keys.ErrNotGranted, 1},
		{400, "ExpiredTokenException", keys.ErrNotGranted, 1},
		{400, "ThrottlingException", keys.ErrThrottled, DefaultAttempts},
		{400, "LimitExceededException", keys.ErrThrottled, DefaultAttempts},
		{429, "Other", keys.ErrThrottled, DefaultAttempts},
		{500, "KMSInternalException", keys.ErrUnavailable, DefaultAttempts},
		{500, "DependencyTimeoutException", keys.ErrUnavailable, DefaultAttempts},
		{500, "KeyUnavailableException", keys.ErrUnavailable, DefaultAttempts},
		{503, "Other", keys.ErrUnavailable, DefaultAttempts},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := &transport{answer: always(c.status, failure(c.code))}
			err := unwrap(t.Context(), over(t, tr, testConfig()))
			only(t, c.code, err, c.want)
			if tr.count() != c.calls {
				t.Errorf("%s: %d calls, want %d", c.code, tr.count(), c.calls)
			}
			if !strings.Contains(err.Error(), c.code) || !strings.Contains(err.Error(), "555555555555") ||
				strings.Contains(err.Error(), "role") {
				t.Errorf("%s: error shows too little or too much: %v", c.code, err)
			}
		})
	}
}

var sentinels = []error{keys.ErrRefused, keys.ErrDisabled, keys.ErrNotGranted, keys.ErrThrottled, keys.ErrUnavailable, keys.ErrSecretSize}

// only asserts that err is want and no other sentinel; want nil means none.
func only(t *testing.T, what string, err, want error) {
	t.Helper()
	if err == nil {
		t.Fatalf("%s: no error", what)
	}
	for _, sentinel := range sentinels {
		if errors.Is(err, sentinel) != (sentinel == want) {
			t.Errorf("%s: error %v, want %v", what, err, want)
		}
	}
}

func TestUnknownErrorIsNoSentinel(t *testing.T) {
	for _, code := range []string{"ValidationException", "InvalidKeyUsageException", "a\nforged line"} {
		tr := &transport{answer: always(400, failure(code))}
		err := unwrap(t.Context(), over(t, tr, testConfig()))
		only(t, code, err, nil)
		if tr.count() != 1 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d calls, %q", tr.count(), err)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, answer := range map[string]func(int, *http.Request) (*http.Response, error){
		"network": func(int, *http.Request) (*http.Response, error) { return nil, errors.New("connection refused") },
		"empty":   always(200, map[string]any{}),
		"garbage": func(int, *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("<html>"))}, nil
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := &transport{answer: answer}
			only(t, name, unwrap(t.Context(), over(t, tr, testConfig())), keys.ErrUnavailable)
			if tr.count() != DefaultAttempts {
				t.Errorf("%s: %d calls", name, tr.count())
			}
		})
	}
}

func TestRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &transport{answer: func(n int, _ *http.Request) (*http.Response, error) {
			if n < DefaultAttempts {
				return reply(400, failure("ThrottlingException"))
			}
			return reply(200, map[string]any{"Plaintext": []byte("secret")})
		}}
		if err := unwrap(t.Context(), over(t, tr, testConfig())); err != nil {
			t.Error(err)
		}
	})
}

// Waits double from 50 ms, each drawn from its upper half.
func TestWaits(t *testing.T) {
	for _, c := range []struct {
		random byte
		want   time.Duration
	}{{0, 25 + 50 + 100}, {0xff, 50 + 100 + 200}} {
		synctest.Test(t, func(t *testing.T) {
			config := testConfig()
			config.Random = repeated(c.random)
			start := time.Now()
			err := unwrap(t.Context(), over(t, &transport{answer: always(400, failure("ThrottlingException"))}, config))
			only(t, "throttled", err, keys.ErrThrottled)
			if took := time.Since(start).Round(time.Millisecond); took != c.want*time.Millisecond {
				t.Errorf("waited %s, want %s", took, c.want*time.Millisecond)
			}
		})
	}
}

type repeated byte

func (r repeated) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte{byte(r)}, len(p))), nil
}

func TestPauseStaysInBounds(t *testing.T) {
	for attempt := 1; attempt < 70; attempt++ {
		for _, r := range []io.Reader{repeated(0), repeated(0xff), iotest.ErrReader(errors.New("dry"))} {
			k := &Keys{config: Config{Random: r}}
			if p := k.pause(attempt); p < firstWait/2 || p > lastWait {
				t.Fatalf("attempt %d: %s", attempt, p)
			}
		}
	}
}

func hang(_ int, r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestBudgetEndsASilentService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, start := &transport{answer: hang}, time.Now()
		err := unwrap(t.Context(), over(t, tr, testConfig()))
		only(t, "silent", err, keys.ErrUnavailable)
		if took := time.Since(start); took != DefaultBudget || tr.count() != 1 {
			t.Errorf("took %s and %d calls, budget %s", took, tr.count(), DefaultBudget)
		}
	})
}

// When the caller's time does not suffice for the wait, the call ends at once with what the service said.
func TestNoWaitBeyondTheCallersTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), firstWait/2)
		defer cancel()
		tr, start := &transport{answer: always(400, failure("ThrottlingException"))}, time.Now()
		only(t, "throttled", unwrap(ctx, over(t, tr, testConfig())), keys.ErrThrottled)
		if took := time.Since(start); took != 0 || tr.count() != 1 {
			t.Errorf("took %s and %d calls", took, tr.count())
		}
	})
}

func TestCallerEndsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		k := over(t, &transport{answer: hang}, testConfig())
		err := unwrap(ctx, k)
		only(t, "deadline", err, keys.ErrUnavailable)
		is(t, "deadline", err, context.DeadlineExceeded)
		ctx, leave := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); leave() }()
		err = unwrap(ctx, k)
		only(t, "cancelled", err, nil)
		is(t, "cancelled", err, context.Canceled)
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		tr := &transport{answer: always(400, failure("ThrottlingException"))}
		go func() { time.Sleep(time.Millisecond); leave() }()
		err := unwrap(ctx, over(t, tr, testConfig()))
		is(t, "cancelled", err, context.Canceled)
		if tr.count() != 1 {
			t.Errorf("%d calls", tr.count())
		}
	})
}

// The retries of a client that was configured otherwise do not multiply with ours.
func TestSDKDoesNotRetryToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &transport{answer: always(500, failure("KMSInternalException"))}
		client := newClient(kms.Options{HTTPClient: tr, RetryMaxAttempts: 10, RetryMode: aws.RetryModeStandard})
		config := testConfig()
		config.Attempts = 2
		only(t, "internal", unwrap(t.Context(), mustNew(t, client, config)), keys.ErrUnavailable)
		if tr.count() != 2 {
			t.Errorf("%d calls, want 2", tr.count())
		}
	})
}

func TestEveryMethodSaysWhatFailed(t *testing.T) {
	tr := &transport{answer: always(400, failure("DisabledException"))}
	k, ctx := over(t, tr, testConfig()), t.Context()
	_, wrap := k.Wrap(ctx, keys.ForRecord, []byte("topsecret"))
	_, sign := k.Sign(ctx, keys.SignReceipts, [32]byte{})
	_, public := k.Public(ctx, keys.SignReceipts)
	for act, err := range map[string]error{"wrap": wrap, "unwrap": unwrap(ctx, k), "sign": sign, "public key": public} {
		only(t, act, err, keys.ErrDisabled)
		if !strings.HasPrefix(err.Error(), act+": ") || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: %v", act, err)
		}
	}
}
