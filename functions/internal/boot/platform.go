package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"kexin/shared/env"
	"kexin/shared/retry"
	"kexin/shared/telemetry"
)

// Platform is what Lambda itself tells a process: where it is and with which credentials of its role. The credentials of a process of Go
// do not change while it lives, so that nothing of the SDK's search for credentials (profiles, single sign-on, instance metadata) is
// linked.
type Platform struct {
	region      string
	credentials aws.Credentials
	endpoints   map[string]string // by service, upper case; "" for all
	// Client carries the requests of every service; tests put their own in.
	Client aws.HTTPClient

	// Retries is what all clients of the process may spend on sending calls again.
	Retries *retry.Budget
}

// mostRetries is how many retries a process has before any call has gone well.
const mostRetries = 20

const endpointVariable = "AWS_ENDPOINT_URL"

func platformOf(environ []string) (Platform, error) {
	p := Platform{endpoints: map[string]string{}, Retries: retry.NewBudget(mostRetries)}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case name == "AWS_REGION":
			p.region = value
		case name == "AWS_ACCESS_KEY_ID":
			p.credentials.AccessKeyID = value
		case name == "AWS_SECRET_ACCESS_KEY":
			p.credentials.SecretAccessKey = value
		case name == "AWS_SESSION_TOKEN":
			p.credentials.SessionToken = value
		case strings.HasPrefix(name, endpointVariable) && value != "":
			p.endpoints[strings.TrimPrefix(strings.TrimPrefix(name, endpointVariable), "_")] = value
		}
	}
	if p.region == "" || !p.credentials.HasKeys() {
		return p, fmt.Errorf("%w: AWS_REGION and credentials, which Lambda sets", env.ErrMissing)
	}
	p.credentials.Source = "environment"
	p.Client = awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = 16
	})
	return p, nil
}

// callTimeout bounds one call of a service with its body; contexts bound most calls much earlier.
const callTimeout = 5 * time.Minute

// Within returns the client with at most limit for each attempt and its answer, so that a connection that hangs leaves time for another.
func (p Platform) Within(limit time.Duration) aws.HTTPClient { return within{p.Client, limit} }

type within struct {
	client aws.HTTPClient
	limit  time.Duration
}

// Do implements aws.HTTPClient. The time ends when the answer has been read or closed.
func (w within) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), w.limit)
	response, err := w.client.Do(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = ending{response.Body, cancel}
	return response, nil
}

// ending is a body whose end frees its timer.
type ending struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (e ending) Close() error {
	e.cancel()
	return e.ReadCloser.Close()
}

// Retrieve implements aws.CredentialsProvider.
func (p Platform) Retrieve(context.Context) (aws.Credentials, error) { return p.credentials, nil }

// Config returns the configuration that every client starts from.
func (p Platform) Config() aws.Config {
	retryer := awsretry.NewStandard(func(o *awsretry.StandardOptions) { o.RateLimiter = limiter{p.Retries} })
	return aws.Config{Region: p.region, Credentials: p, HTTPClient: p.Client, Retryer: func() aws.Retryer { return retryer }}
}

// limiter lets the SDK's own retries, those of reads, objects and messages, spend the budget that all share.
type limiter struct{ budget *retry.Budget }

// errSpent: no retry is left.
var errSpent = errors.New("the process has no retries left")

// GetToken takes one retry, whatever the SDK thinks that it costs.
func (l limiter) GetToken(ctx context.Context, _ uint) (release func() error, err error) {
	if !l.budget.Spend() {
		telemetry.Measure(ctx, telemetry.RetriesSpent, 1, "sdk")
		return nil, errSpent
	}
	return func() error { return nil }, nil
}

// AddTokens notes a call that went well.
func (l limiter) AddTokens(uint) error {
	l.budget.Earn()
	return nil
}

// Endpoint returns the address of service that the environment names, nil for the region's own. Tests and private endpoints use it.
func (p Platform) Endpoint(service string) *string {
	for _, name := range []string{service, ""} {
		if address, ok := p.endpoints[name]; ok {
			return &address
		}
	}
	return nil
}
