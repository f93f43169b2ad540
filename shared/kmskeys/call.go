package kmskeys

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"kexin/shared/keys"
	"kexin/shared/retry"
	"kexin/shared/telemetry"
)

// Waits between attempts: a random part of firstWait, doubled with every attempt up to lastWait.
const (
	firstWait = 50 * time.Millisecond
	lastWait  = time.Second
)

// errOpen: the circuit is open.
var errOpen = fmt.Errorf("kms: %w: not asked again yet", keys.ErrThrottled)

// call sends one request up to config.Attempts times within config.Budget, within what ctx leaves and within what the process may spend on
// retries. It gives up early rather than wait beyond any of them, and sends nothing while the circuit is open. Its deadlines are those of
// contexts, hence of the runtime's clock.
func call[O any](ctx context.Context, k *Keys, act string, send func(context.Context, func(*kms.Options)) (O, error)) (O, error) {
	var none O
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%s: %w", act, err)
	}
	within, cancel := context.WithTimeout(ctx, k.config.Budget)
	defer cancel()
	for attempt := 1; ; attempt++ {
		out, verdict := once(within, k, act, send)
		if verdict.err == nil {
			if attempt == 1 {
				k.config.Retries.Earn()
			}
			return out, nil
		}
		again := verdict.retry && attempt < k.config.Attempts && k.spend(ctx) && k.wait(within, attempt)
		if ended := ctx.Err(); ended != nil {
			return none, fmt.Errorf("%s: %w", act, endedEarly(ended))
		}
		if !again {
			return none, fmt.Errorf("%s: %w", act, verdict.err)
		}
	}
}

// once sends one request, if the circuit lets it, and says what came of it.
func once[O any](ctx context.Context, k *Keys, act string, send func(context.Context, func(*kms.Options)) (O, error)) (O, verdict) {
	if !k.circuit.Enter() {
		telemetry.Measure(ctx, telemetry.KMSCircuit, 1, "refused")
		var none O
		return none, verdict{err: errOpen}
	}
	telemetry.Measure(ctx, telemetry.KMSCalls, 1, strings.ReplaceAll(act, " ", "-"))
	out, err := send(ctx, onlyOnce)
	v := verdict{}
	if err != nil {
		v = judge(err)
		telemetry.Measure(ctx, telemetry.KMSErrors, 1, kindOf(v.err))
	}
	if event := k.circuit.Leave(outcomeOf(v)); event != "" {
		telemetry.Measure(ctx, telemetry.KMSCircuit, 1, string(event))
	}
	return out, v
}

// outcomeOf says what a verdict means to the circuit.
func outcomeOf(v verdict) retry.Outcome {
	switch {
	case errors.Is(v.err, keys.ErrThrottled):
		return retry.Throttled
	case errors.Is(v.err, keys.ErrUnavailable):
		return retry.Unheard
	}
	return retry.Answered
}

// kindOf names the kind of an error for the metric.
func kindOf(err error) string {
	for _, kind := range []struct {
		err  error
		name string
	}{{keys.ErrThrottled, "throttled"}, {keys.ErrUnavailable, "unavailable"}, {keys.ErrRefused, "refused"}, {keys.ErrDisabled, "disabled"},
		{keys.ErrNotGranted, "not-granted"}} {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	return "other"
}

// spend takes one retry of the process's.
func (k *Keys) spend(ctx context.Context) bool {
	if k.config.Retries.Spend() {
		return true
	}
	telemetry.Measure(ctx, telemetry.RetriesSpent, 1, "kms")
	return false
}

// endedEarly says also that the service is to blame when the caller's time ran out, and not when the caller went away.
func endedEarly(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", keys.ErrUnavailable, err)
	}
	return err
}

// wait pauses before the next attempt, and reports false when there is no time for it.
func (k *Keys) wait(ctx context.Context, attempt int) bool {
	pause := k.pause(attempt)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause draws from the upper half of the step, so that callers spread and none comes back at once.
func (k *Keys) pause(attempt int) time.Duration {
	step := lastWait
	if attempt < 6 {
		step = min(lastWait, firstWait<<(attempt-1))
	}
	var raw [4]byte
	if _, err := io.ReadFull(k.config.Random, raw[:]); err != nil {
		return step
	}
	return step/2 + time.Duration(uint64(binary.BigEndian.Uint32(raw[:]))*uint64(step/2)>>32)
}

// verdict is what an error of the SDK means for the caller.
type verdict struct {
	err   error
	retry bool
}

// meanings maps error codes of KMS to the sentinels of the contract. AccessDenied is ErrNotGranted even for Decrypt, where a key policy
// that demands an encryption context answers the same for a wrong one: the caller cannot tell and must not unwrap either way. A key that
// does not exist is ErrDisabled, as deletion is where disabling ends. Expired or unknown credentials are ErrNotGranted.
var meanings = map[string]verdict{
	"InvalidCiphertextException": {err: keys.ErrRefused},
	"IncorrectKeyException":      {err: keys.ErrRefused},

	"DisabledException":        {err: keys.ErrDisabled},
	"KMSInvalidStateException": {err: keys.ErrDisabled},
	"NotFoundException":        {err: keys.ErrDisabled},

	"AccessDeniedException":          {err: keys.ErrNotGranted},
	"AccessDenied":                   {err: keys.ErrNotGranted},
	"UnrecognizedClientException":    {err: keys.ErrNotGranted},
	"InvalidSignatureException":      {err: keys.ErrNotGranted},
	"MissingAuthenticationToken":     {err: keys.ErrNotGranted},
	"IncompleteSignature":            {err: keys.ErrNotGranted},
	"ExpiredTokenException":          {err: keys.ErrNotGranted},
	"InvalidGrantTokenException":     {err: keys.ErrNotGranted},
	"OptInRequired":                  {err: keys.ErrNotGranted},
	"IncompleteSignatureException":   {err: keys.ErrNotGranted},
	"MissingAuthenticationException": {err: keys.ErrNotGranted},

	"ThrottlingException":      {err: keys.ErrThrottled, retry: true},
	"Throttling":               {err: keys.ErrThrottled, retry: true},
	"RequestLimitExceeded":     {err: keys.ErrThrottled, retry: true},
	"TooManyRequestsException": {err: keys.ErrThrottled, retry: true},
	"LimitExceededException":   {err: keys.ErrThrottled, retry: true},

	"KMSInternalException":       {err: keys.ErrUnavailable, retry: true},
	"DependencyTimeoutException": {err: keys.ErrUnavailable, retry: true},
	"KeyUnavailableException":    {err: keys.ErrUnavailable, retry: true},
	"InternalFailure":            {err: keys.ErrUnavailable, retry: true},
	"InternalServerException":    {err: keys.ErrUnavailable, retry: true},
	"ServiceUnavailable":         {err: keys.ErrUnavailable, retry: true},
	"RequestTimeout":             {err: keys.ErrUnavailable, retry: true},
}

// judge returns the meaning of an error. Of the service's own words only the code and the id of the request are kept: its messages name
// accounts and principals.
func judge(err error) verdict {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return verdict{fmt.Errorf("kms: %w%s", keys.ErrUnavailable, requestID(err)), true}
	}
	meaning, known := meanings[api.ErrorCode()]
	if !known {
		meaning = byStatus(err)
	}
	if meaning.err == nil {
		return verdict{err: fmt.Errorf("kms refused the call: %s%s", printable(api.ErrorCode()), requestID(err))}
	}
	return verdict{fmt.Errorf("kms: %w: %s%s", meaning.err, printable(api.ErrorCode()), requestID(err)), meaning.retry}
}

// byStatus judges an answer whose code says nothing.
func byStatus(err error) verdict {
	var response *awshttp.ResponseError
	switch {
	case !errors.As(err, &response):
		return verdict{}
	case response.HTTPStatusCode() == http.StatusTooManyRequests:
		return verdict{keys.ErrThrottled, true}
	case response.HTTPStatusCode() >= 500:
		return verdict{keys.ErrUnavailable, true}
	}
	return verdict{}
}

func requestID(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.ServiceRequestID() != "" {
		return " (request " + printable(response.ServiceRequestID()) + ")"
	}
	return ""
}

// printable keeps what a code or an id can consist of, so that an answer cannot write into a log what it likes.
func printable(s string) string {
	kept := make([]byte, 0, 64)
	for i := 0; i < len(s) && len(kept) < 64; i++ {
		if c := s[i]; c == '-' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			kept = append(kept, c)
		}
	}
	return string(kept)
}
