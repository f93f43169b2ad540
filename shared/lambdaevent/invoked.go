package lambdaevent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"kexin/shared/identity"
	"kexin/shared/problem"
	"kexin/shared/telemetry"
)

// invocation is what one function sends to another: the raw token of the person on whose behalf it asks, and the request. The callee
// verifies the token itself, so a caller that was taken over can ask only for what somebody is signed in for.
type invocation struct {
	Token     string         `json:"token"`
	RequestID string         `json:"request_id,omitempty"`
	Request   jsontext.Value `json:"request"`
}

// reply is what comes back: a result or a problem.
type reply struct {
	Result  json.RawMessage  `json:"result,omitempty"`
	Problem *problem.Problem `json:"problem,omitempty"`
}

// Invoked returns the function that other functions call with a raw token. It refuses unknown and doubled members, verifies the token
// with verifier, and puts the principal into the context. What handle returns as an error is answered as the problem that failure
// makes of it.
func Invoked[I, O any](verifier identity.Verifier, failure func(context.Context, error) *problem.Problem, handle func(context.Context, I) (O, error)) Function {
	return func(ctx context.Context, event []byte) ([]byte, error) {
		var call invocation
		if err := strict.Unmarshal(event, &call, strict.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("read invocation: %w", ErrEvent)
		}
		var request I
		if err := strict.Unmarshal(call.Request, &request, strict.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("read invocation's request: %w", ErrEvent)
		}
		if call.RequestID != "" {
			ctx = telemetry.WithRequestID(ctx, call.RequestID)
		}
		principal, err := verifier.Verify(ctx, call.Token)
		if err != nil {
			return answerProblem(tokenProblem(err))
		}
		out, err := handle(identity.With(ctx, principal, call.Token), request)
		if err != nil {
			return answerProblem(failure(ctx, err))
		}
		result, err := json.Marshal(out)
		if err != nil {
			return nil, fmt.Errorf("encode result: %w", err)
		}
		return json.Marshal(reply{Result: result})
	}
}

func tokenProblem(err error) *problem.Problem {
	if errors.Is(err, identity.ErrToken) {
		return problem.Of(problem.Unauthorized)
	}
	return problem.Of(problem.Unavailable).RetryAfter(5)
}

func answerProblem(p *problem.Problem) ([]byte, error) { return json.Marshal(reply{Problem: p}) }

// Call asks the function behind invoke on behalf of the principal of ctx. A problem that comes back is returned as *problem.Problem;
// ErrToken: ctx has no verified token.
func Call[I, O any](ctx context.Context, invoke Function, request I) (O, error) {
	var out O
	token, ok := identity.RawToken(ctx)
	if !ok {
		return out, identity.ErrToken
	}
	encoded, err := json.Marshal(request)
	if err != nil {
		return out, fmt.Errorf("encode request: %w", err)
	}
	event, err := json.Marshal(map[string]any{
		"token": token, "request_id": telemetry.RequestID(ctx), "request": json.RawMessage(encoded),
	})
	if err != nil {
		return out, fmt.Errorf("encode invocation: %w", err)
	}
	payload, err := invoke(ctx, event)
	if err != nil {
		return out, fmt.Errorf("invoke function: %w", err)
	}
	var answer reply
	if err := json.Unmarshal(payload, &answer); err != nil {
		return out, errors.New("read answer of function: malformed")
	}
	if answer.Problem != nil {
		return out, answer.Problem.Restored()
	}
	if err := json.Unmarshal(answer.Result, &out); err != nil {
		return out, errors.New("read result of function: malformed")
	}
	return out, nil
}
