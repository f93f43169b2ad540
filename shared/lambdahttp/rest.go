package lambdahttp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// rest is the part of an event of a REST API's proxy integration (payload format 1.0) that requests are made of. REST APIs stand where a
// firewall is wanted, which HTTP APIs cannot have.
type rest struct {
	Method  string              `json:"httpMethod"`
	Path    string              `json:"path"`
	Headers map[string][]string `json:"multiValueHeaders"`
	Query   map[string][]string `json:"multiValueQueryStringParameters"` // decoded by the gateway
	Context struct {
		RequestID string `json:"requestId"`
		Stage     string `json:"stage"`
		Domain    string `json:"domainName"`
		Identity  struct {
			SourceIP string `json:"sourceIp"`
		} `json:"identity"`
	} `json:"requestContext"`
	Body   string `json:"body"`
	Base64 bool   `json:"isBase64Encoded"`
}

// fromREST reads payload as an event of a REST API and returns it as one of an HTTP API.
func fromREST(payload []byte) (Event, error) {
	var r rest
	if err := json.Unmarshal(payload, &r); err != nil || r.Method == "" || r.Context.RequestID == "" || r.Context.Identity.SourceIP == "" {
		return Event{}, fmt.Errorf("read event: %w", ErrEvent)
	}
	e := Event{Version: "2.0", RawPath: r.Path, Query: url.Values(r.Query).Encode(), Headers: map[string]string{}, Body: r.Body, Base64: r.Base64}
	for name, values := range r.Headers {
		if http.CanonicalHeaderKey(name) == "Cookie" {
			e.Cookies = append(e.Cookies, values...)
			continue
		}
		e.Headers[name] = strings.Join(values, ",")
	}
	e.Context.RequestID, e.Context.Stage, e.Context.Domain = r.Context.RequestID, r.Context.Stage, r.Context.Domain
	e.Context.HTTP.Method, e.Context.HTTP.SourceIP = r.Method, r.Context.Identity.SourceIP
	return e, nil
}
