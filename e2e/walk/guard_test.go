package walk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guard stands between one function and every service, and refuses what the function's role in template.yaml does not allow.
type guard struct {
	t        *testing.T
	stack    *stack
	function string
	role     role
	environ  []string // addresses that the function is given instead of the services' own
}

// newGuard returns the guard of function; lambda is what its invocations go to.
func newGuard(t *testing.T, k *stack, function string, lambda http.Handler) *guard {
	t.Helper()
	g := &guard{t: t, stack: k, function: function, role: roleOf(t, k, function)}
	for service, target := range map[string]struct {
		address string
		calls   func(*http.Request, []byte) ([]call, error)
	}{"DYNAMODB": {k.dynamodb, g.dynamodb}, "KMS": {k.servers.kms, g.kms}, "S3": {k.servers.s3, g.s3}, "SQS": {k.servers.kms, g.sqs}} {
		address, err := url.Parse(target.address)
		if err != nil {
			t.Fatal(err)
		}
		// The Host header stays what the function signed.
		g.listen(service, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address); r.Out.Host = r.In.Host }}, target.calls)
	}
	g.listen("LAMBDA", lambda, g.lambda)
	return g
}

func (g *guard) listen(service string, next http.Handler, calls func(*http.Request, []byte) ([]call, error)) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		asked, err := calls(r, body)
		if err != nil || len(asked) == 0 {
			g.t.Errorf("%s sent %s a request that cannot be judged: %s %s: %v", g.function, service, r.Method, r.URL.Path, err)
		}
		for _, c := range asked {
			if err == nil && !g.role.allows(c) {
				err = fmt.Errorf("not allowed")
				g.t.Errorf("%s: its role does not allow %v", g.function, c)
			}
		}
		if err != nil {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}))
	g.t.Cleanup(server.Close)
	g.environ = append(g.environ, "AWS_ENDPOINT_URL_"+service+"="+server.URL)
}

// logical returns the logical id of what has a physical name.
func (g *guard) logical(name, attribute string) string {
	for id, physical := range g.stack.names {
		if physical == name {
			return "<" + strings.TrimSuffix(id, ".Arn") + "." + attribute + ">"
		}
	}
	return name
}

// row is the part of an item or key that policies look at.
type row struct {
	PK struct{ S string } `json:"pk"`
}

// single is one write or read of DynamoDB.
type single struct {
	TableName, ReturnValues, IndexName, KeyConditionExpression string
	Key, Item                                                  row
	ExpressionAttributeValues                                  map[string]struct{ S string }
}

func (g *guard) single(action string, s single) call {
	c := call{"dynamodb:" + action, g.logical(s.TableName, "Arn"), map[string][]string{"dynamodb:LeadingKeys": {s.Key.PK.S + s.Item.PK.S}}}
	if s.ReturnValues != "" {
		c.context["dynamodb:ReturnValues"] = []string{s.ReturnValues}
	}
	return c
}

var firstValue = regexp.MustCompile(`= ?(:\w+)`)

func (g *guard) dynamodb(r *http.Request, body []byte) ([]call, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		single
		RequestItems  map[string]struct{ Keys []row }
		TransactItems []struct{ Put, Delete, ConditionCheck *single }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	switch action {
	case "Query":
		c := g.single(action, in.single)
		c.context["dynamodb:LeadingKeys"] = []string{in.ExpressionAttributeValues[append(firstValue.FindStringSubmatch(in.KeyConditionExpression), "", "")[1]].S}
		if in.IndexName != "" {
			c.resource += "/index/" + in.IndexName
		}
		return []call{c}, nil
	case "BatchGetItem":
		var calls []call
		for table, items := range in.RequestItems {
			for _, key := range items.Keys {
				calls = append(calls, g.single(action, single{TableName: table, Key: key}))
			}
		}
		return calls, nil
	case "TransactWriteItems":
		var calls []call
		for _, item := range in.TransactItems {
			for name, op := range map[string]*single{"PutItem": item.Put, "DeleteItem": item.Delete, "ConditionCheckItem": item.ConditionCheck} {
				if op != nil {
					calls = append(calls, g.single(name, *op))
				}
			}
		}
		return calls, nil
	}
	return []call{g.single(action, in.single)}, nil
}

func (g *guard) kms(r *http.Request, body []byte) ([]call, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		KeyID             string `json:"KeyId"`
		EncryptionContext map[string]string
		SigningAlgorithm  string
		MessageType       string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	c := call{"kms:" + action, g.logical(in.KeyID, "Arn"), map[string][]string{}}
	for key, value := range in.EncryptionContext {
		c.context["kms:EncryptionContext:"+key] = []string{value}
		c.context["kms:EncryptionContextKeys"] = append(c.context["kms:EncryptionContextKeys"], key)
	}
	if in.SigningAlgorithm != "" {
		c.context["kms:SigningAlgorithm"], c.context["kms:MessageType"] = []string{in.SigningAlgorithm}, []string{in.MessageType}
	}
	return []call{c}, nil
}

// s3 names the action of a REST request.
func (g *guard) s3(r *http.Request, _ []byte) ([]call, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	arn := g.logical(bucket, "Arn")
	if key == "" {
		action := "s3:ListBucket"
		if query.Has("versions") {
			action = "s3:ListBucketVersions"
		}
		return []call{{action, arn, map[string][]string{"s3:prefix": {query.Get("prefix")}}}}, nil
	}
	actions := map[string]string{http.MethodPut: "s3:PutObject", http.MethodPost: "s3:PutObject", http.MethodGet: "s3:GetObject",
		http.MethodHead: "s3:GetObject", http.MethodDelete: "s3:DeleteObject"}
	action := actions[r.Method]
	switch {
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		action = "s3:AbortMultipartUpload"
	case query.Has("versionId"):
		action += "Version"
	}
	calls := []call{{action, arn + "/" + key, nil}}
	if r.Header.Get("X-Amz-Object-Lock-Mode") != "" {
		calls = append(calls, call{"s3:PutObjectRetention", arn + "/" + key, nil})
	}
	return calls, nil
}

func (g *guard) sqs(r *http.Request, body []byte) ([]call, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in struct {
		QueueURL string `json:"QueueUrl"`
	}
	err := json.Unmarshal(body, &in)
	return []call{{"sqs:" + action, g.logical(in.QueueURL, "Arn"), nil}}, err
}

func (g *guard) lambda(r *http.Request, _ []byte) ([]call, error) {
	parts := strings.Split(r.URL.Path, "/") // /2015-03-31/functions/NAME/invocations
	if !slices.Contains(parts, "invocations") || len(parts) != 5 {
		return nil, fmt.Errorf("no invocation")
	}
	return []call{{"lambda:InvokeFunction", g.logical(parts[3], "Arn"), nil}}, nil
}
