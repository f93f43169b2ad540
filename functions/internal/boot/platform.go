package boot

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"kexin/shared/env"
)

// Platform is what Lambda itself tells a process: where it is and with which credentials of its role. The credentials of a process of Go
// do not change while it lives, so that nothing of the SDK's search for credentials (profiles, single sign-on, instance metadata) is
// linked.
type Platform struct {
	region      string
	credentials aws.Credentials
	endpoints   map[string]string // by service, upper case; "" for all
	client      aws.HTTPClient
}

const endpointVariable = "AWS_ENDPOINT_URL"

func platformOf(environ []string) (Platform, error) {
	p := Platform{endpoints: map[string]string{}}
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
	p.client = awshttp.NewBuildableClient().WithTimeout(callTimeout).WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = 16
	})
	return p, nil
}

// callTimeout bounds one call of a service with its body; contexts bound most calls much earlier.
const callTimeout = 5 * time.Minute

// Retrieve implements aws.CredentialsProvider.
func (p Platform) Retrieve(context.Context) (aws.Credentials, error) { return p.credentials, nil }

// Config returns the configuration that every client starts from.
func (p Platform) Config() aws.Config {
	return aws.Config{Region: p.region, Credentials: p, HTTPClient: p.client}
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
