package boot

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"kexin/shared/lambdaevent"
	"kexin/shared/record"
	"kexin/shared/retry"
	"kexin/shared/telemetry"
)

// maxAnswer is the longest answer of another function that is read, in bytes: what Lambda lets through.
const maxAnswer = 6 << 20

// errAway: Lambda did not take the call, or has trouble of its own; asking again later may help.
var errAway = retry.Later("function cannot be called for now", 2)

// Invoke returns the function called name on Lambda, invoked and waited for. It signs the one request that it needs itself, which spares
// the process the SDK's client of Lambda. It does not retry: the function behind it may have acted.
func (b *Boot) Invoke(name string) lambdaevent.Function {
	base := "https://lambda." + b.Platform.region + "." + domain(b.Platform.region)
	if endpoint := b.Platform.Endpoint("LAMBDA"); endpoint != nil {
		base = strings.TrimSuffix(*endpoint, "/")
	}
	address := base + "/2015-03-31/functions/" + url.PathEscape(name) + "/invocations"
	return func(ctx context.Context, event []byte) ([]byte, error) {
		request, err := b.signed(ctx, address, event)
		if err != nil {
			return nil, err
		}
		response, err := b.Platform.Client.Do(request)
		if err != nil {
			return nil, fmt.Errorf("call function: %w: %w", errAway, err)
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		switch {
		case err != nil:
			return nil, fmt.Errorf("read answer of function: %w", err)
		case response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError:
			return nil, fmt.Errorf("call function: %w: Lambda answered %d", errAway, response.StatusCode)
		case response.StatusCode != http.StatusOK:
			return nil, fmt.Errorf("call function: Lambda answered %d", response.StatusCode)
		case response.Header.Get("X-Amz-Function-Error") != "":
			return nil, fmt.Errorf("call function: it failed") // why is in its own log
		}
		return answer, nil
	}
}

// domain is where the services of a region are.
func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// signed returns a POST of body to Lambda.
func (b *Boot) signed(ctx context.Context, address string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make call: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if trace := telemetry.Trace(ctx); trace != "" {
		request.Header.Set("X-Amzn-Trace-Id", trace)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, b.Platform.credentials, request, hex.EncodeToString(sum[:]), "lambda", b.Platform.region, now()); err != nil {
		return nil, fmt.Errorf("sign call: %w", err)
	}
	return request, nil
}

// ExportMessage is what build-export is told through its queue.
type ExportMessage struct {
	Export record.ExportID `json:"export"`
}
