package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"kexin/shared/problem"
	"kexin/shared/retry"
	"kexin/shared/telemetry"
)

// Rule is a row of the one table from errors to problems.
type Rule struct {
	Err     error
	Problem *problem.Problem
}

// FromError returns the problem that err is answered with: itself if it is one, else what the table says, else an opaque 500 whose
// detail goes to the log only. A deadline that has passed is a 503 that may be tried again.
func (a *API) FromError(ctx context.Context, err error) huma.StatusError {
	return a.problemOf(ctx, err)
}

func (c *core) problemOf(ctx context.Context, err error) *problem.Problem {
	var own *problem.Problem
	if errors.As(err, &own) {
		return own
	}
	for _, rule := range c.info.Errors {
		if errors.Is(err, rule.Err) {
			c.info.Log.InfoContext(ctx, "request refused", "problem", rule.Problem.Type, "error", err)
			return rule.Problem
		}
	}
	if wait, ok := retry.After(err); ok {
		c.info.Log.WarnContext(ctx, "request met a busy service", "error", err)
		return problem.Of(problem.Unavailable).RetryAfter(wait)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		c.info.Log.WarnContext(ctx, "request timed out", "error", err)
		return problem.Of(problem.Timeout).RetryAfter(1)
	}
	c.info.Log.ErrorContext(ctx, "request failed", "error", err)
	return problem.Of(problem.Internal)
}

// Fail answers a request of a plain handler (see Handle) with the problem of err.
func (a *API) Fail(w http.ResponseWriter, r *http.Request, err error) {
	problem.Write(w, r, a.problemOf(r.Context(), err))
}

// localize puts the reader's language and the request id into problems that huma writes.
func localize(ctx huma.Context, _ string, body any) (any, error) {
	if p, ok := body.(*problem.Problem); ok {
		return p.Localized(problem.Language(ctx.Header("Accept-Language")), telemetry.RequestID(ctx.Context())), nil
	}
	return body, nil
}

// replaceHumaErrors makes huma build problems of ours: its own messages quote the values they complain about. Huma keeps these in
// package variables, so this happens once in a process, before the first API.
var replaceHumaErrors = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
	huma.NewError = translate
	huma.NewErrorWithContext = func(_ huma.Context, status int, message string, errs ...error) huma.StatusError {
		return translate(status, message, errs...)
	}
})

// translate turns what huma found into codes and paths. It reads huma's messages only to recognize them.
func translate(status int, message string, errs ...error) huma.StatusError {
	var fields []problem.Field
	for _, err := range errs {
		var own *problem.Problem
		if errors.As(err, &own) {
			return own
		}
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) {
			fields = append(fields, fieldOf(detail))
		}
	}
	switch {
	case status == http.StatusBadRequest && len(fields) == 0:
		return problem.Of(problem.MissingBody)
	case status == http.StatusBadRequest:
		return problem.Of(problem.MalformedBody, fields...)
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		return problem.Of(problem.Internal)
	}
	return problem.Of(problem.OfStatus(status), fields...)
}

func fieldOf(detail *huma.ErrorDetail) problem.Field {
	path := safePath(detail.Location)
	code := codeOf(detail.Message)
	if name, ok := between(detail.Message, validation.MsgExpectedRequiredProperty); ok && code == problem.CodeRequired {
		path += "." + problem.SafeName(name)
	}
	return problem.At(path, code)
}

// between returns what stands in message for the %s of a format with one.
func between(message, format string) (string, bool) {
	before, after, _ := strings.Cut(format, "%s")
	rest, ok := strings.CutPrefix(message, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, after)
}

// safePath returns location with every name that a client may have made up replaced.
func safePath(location string) string {
	parts := strings.Split(location, ".")
	for i, part := range parts {
		name, index, _ := strings.Cut(part, "[")
		parts[i] = problem.SafeName(name)
		if digits, ok := strings.CutSuffix(index, "]"); ok && isDigits(digits) {
			parts[i] += "[" + digits + "]"
		}
	}
	return strings.Join(parts, ".")
}

func isDigits(s string) bool {
	return s != "" && len(s) < 7 && strings.Trim(s, "0123456789") == ""
}

// messageCodes recognizes huma's messages by how they begin; longer beginnings stand first.
var messageCodes = []struct {
	begins string
	code   problem.Code
}{
	{"required ", problem.CodeRequired},
	{validation.MsgExpectedRequiredProperty, problem.CodeRequired},
	{validation.MsgExpectedDependentRequiredProperty, problem.CodeRequired},
	{validation.MsgExpectedPropertyNameInObject, problem.CodeRequired},
	{validation.MsgUnexpectedProperty, problem.CodeUnknownMember},
	{"unknown query parameter", problem.CodeUnknownParameter},
	{validation.MsgExpectedMinLength, problem.CodeTooShort},
	{validation.MsgExpectedMaxLength, problem.CodeTooLong},
	{validation.MsgExpectedMinimumNumber, problem.CodeTooSmall},
	{validation.MsgExpectedExclusiveMinimumNumber, problem.CodeTooSmall},
	{validation.MsgExpectedMaximumNumber, problem.CodeTooLarge},
	{validation.MsgExpectedExclusiveMaximumNumber, problem.CodeTooLarge},
	{validation.MsgExpectedMinItems, problem.CodeTooFew},
	{validation.MsgExpectedMinProperties, problem.CodeTooFew},
	{validation.MsgExpectedMaxItems, problem.CodeTooMany},
	{validation.MsgExpectedMaxProperties, problem.CodeTooMany},
	{validation.MsgExpectedArrayItemsUnique, problem.CodeNotUnique},
	{validation.MsgExpectedOneOf, problem.CodeEnum},
	{validation.MsgExpectedNumberBeMultipleOf, problem.CodeFormat},
	{validation.MsgExpectedMatchPattern, problem.CodePattern},
	{"expected string to be RFC", problem.CodeFormat},
	{"expected string to be either", problem.CodeFormat},
	{"expected string to be regex", problem.CodeFormat},
	{validation.MsgExpectedBase64String, problem.CodeFormat},
	{validation.MsgExpectedDuration, problem.CodeFormat},
	{validation.MsgExpectedBePattern, problem.CodePattern},
	{"expected value to", problem.CodeNoMatch},
	{validation.MsgExpectedBoolean, problem.CodeType},
	{validation.MsgExpectedNumber, problem.CodeType},
	{validation.MsgExpectedInteger, problem.CodeType},
	{validation.MsgExpectedString, problem.CodeType},
	{validation.MsgExpectedArray, problem.CodeType},
	{validation.MsgExpectedObject, problem.CodeType},
	{"invalid integer", problem.CodeType},
	{"invalid float", problem.CodeType},
	{"invalid boolean", problem.CodeType},
	{"invalid date", problem.CodeFormat},
}

func codeOf(message string) problem.Code {
	for _, known := range messageCodes {
		begins, _, _ := strings.Cut(known.begins, "%")
		if strings.HasPrefix(message, begins) {
			return known.code
		}
	}
	return problem.CodeInvalid
}
