package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	smithy "github.com/aws/smithy-go"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"kexin/shared/store"
)

// kind says what may follow an attempt to write.
type kind uint8

const (
	final   kind = iota // the answer to the caller, whatever went before
	refused             // nothing has changed by this attempt, and another would not help
	again               // nothing has changed by this attempt; another may help
	open                // this attempt may have taken effect or may yet
)

// verdict is an attempt's outcome.
type verdict struct {
	kind kind
	err  error
}

// judge tells from the error of a write what has happened. Whatever is not known to have changed nothing is open.
func judge(err error) verdict {
	if err == nil {
		return verdict{kind: final}
	}
	var cancelled *types.TransactionCanceledException
	if errors.As(err, &cancelled) {
		return judgeReasons(cancelled)
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return judgeCode(api, statusOf(err), err)
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return verdict{again, fmt.Errorf("%w: reach DynamoDB: %w", store.ErrUnavailable, err)}
	}
	return verdict{open, err}
}

// judgeCode judges an answer of DynamoDB by its code.
func judgeCode(api smithy.APIError, status int, err error) verdict {
	switch api.ErrorCode() {
	case "ConditionalCheckFailedException":
		return verdict{final, &store.ConditionError{Failed: []int{0}}}
	case "IdempotentParameterMismatchException", "IdempotentParameterMismatch":
		return verdict{final, fmt.Errorf("%w: %w", store.ErrTokenReused, err)}
	case "TransactionInProgressException":
		return verdict{open, err}
	case "TransactionConflictException", "ReplicatedWriteConflictException":
		return verdict{again, fmt.Errorf("%w: %w", store.ErrConflict, err)}
	case "ItemCollectionSizeLimitExceededException", "RequestEntityTooLarge":
		return verdict{refused, fmt.Errorf("%w: %w", store.ErrTooLarge, err)}
	case "ValidationException":
		if tellsSize(api.ErrorMessage()) {
			return verdict{refused, fmt.Errorf("%w: %w", store.ErrTooLarge, err)}
		}
	}
	return judgeAccess(api.ErrorCode(), status, err)
}

func judgeAccess(code string, status int, err error) verdict {
	switch {
	case isThrottle(code):
		return verdict{again, fmt.Errorf("%w: %w", ErrThrottled, err)}
	case code == "AccessDeniedException":
		return verdict{refused, fmt.Errorf("%w: %w", store.ErrNotGranted, err)}
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		return verdict{refused, err}
	}
	return verdict{open, err}
}

func isThrottle(code string) bool {
	switch code {
	case "ThrottlingException", "Throttling", "ThrottlingError", "ProvisionedThroughputExceededException", "ProvisionedThroughputExceeded",
		"RequestLimitExceeded", "LimitExceededException":
		return true
	}
	return false
}

// tellsSize reports whether a validation message is about a size. DynamoDB has no code of its own for that.
func tellsSize(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "size has exceeded") || strings.Contains(message, "size cannot exceed") ||
		strings.Contains(message, "size exceeded") || strings.Contains(message, "aggregate size")
}

// judgeReasons judges a cancelled transaction: nothing has changed. A failed condition is an answer even when other ops met a conflict.
func judgeReasons(cancelled *types.TransactionCanceledException) verdict {
	var failed []int
	worst := verdict{refused, cancelled}
	for i, reason := range cancelled.CancellationReasons {
		code := aws.ToString(reason.Code)
		switch {
		case code == "ConditionalCheckFailed":
			failed = append(failed, i)
		case code == "TransactionConflict":
			worst = verdict{again, fmt.Errorf("%w: %w", store.ErrConflict, cancelled)}
		case isThrottle(code):
			worst = verdict{again, fmt.Errorf("%w: %w", ErrThrottled, cancelled)}
		case code == "ItemCollectionSizeLimitExceeded", code == "ValidationError" && tellsSize(aws.ToString(reason.Message)):
			worst = verdict{refused, fmt.Errorf("%w: %w", store.ErrTooLarge, cancelled)}
		}
	}
	if failed != nil {
		return verdict{final, &store.ConditionError{Failed: failed}}
	}
	return worst
}

func statusOf(err error) int {
	var response interface{ HTTPStatusCode() int }
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// readError names what callers may branch on in the error of a read.
func readError(err error) error {
	var api smithy.APIError
	if errors.Is(err, context.Canceled) {
		return err
	}
	if !errors.As(err, &api) || statusOf(err) >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	switch {
	case isThrottle(api.ErrorCode()):
		return fmt.Errorf("%w: %w", ErrThrottled, err)
	case api.ErrorCode() == "AccessDeniedException":
		return fmt.Errorf("%w: %w", store.ErrNotGranted, err)
	}
	return err
}
