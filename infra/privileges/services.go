package privileges

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func (o Observer) kms(r *http.Request, body []byte) ([]Call, error) {
	action, err := target(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		KeyID             string `json:"KeyId"`
		EncryptionContext map[string]string
		SigningAlgorithm  string
		MessageType       string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	c := Call{Action: "kms:" + action, Resource: o.Symbol(in.KeyID), Context: map[string][]string{}}
	for key, value := range in.EncryptionContext {
		c.Context["kms:EncryptionContext:"+key] = []string{o.Symbol(value)}
		c.Context["kms:EncryptionContextKeys"] = append(c.Context["kms:EncryptionContextKeys"], key)
	}
	switch action {
	case "Encrypt", "Decrypt":
		c.Context["kms:EncryptionAlgorithm"] = []string{"SYMMETRIC_DEFAULT"}
	case "Sign":
		c.Context["kms:SigningAlgorithm"], c.Context["kms:MessageType"] = []string{in.SigningAlgorithm}, []string{in.MessageType}
	case "GetPublicKey":
	default:
		return nil, fmt.Errorf("%w: kms %s", ErrRequest, action)
	}
	return []Call{c}, nil
}

// s3 names the actions of a REST request; versions of objects and locks on them have actions of their own.
func (o Observer) s3(r *http.Request, _ []byte) ([]Call, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query, arn := r.URL.Query(), o.Symbol(bucket)
	c := Call{Resource: arn, Context: map[string][]string{"s3:authType": {"REST-HEADER"}, "s3:signatureversion": {"AWS4-HMAC-SHA256"}}}
	if query.Has("X-Amz-Signature") {
		c.Context["s3:authType"] = []string{"REST-QUERY-STRING"}
	}
	if key == "" {
		if r.Method != http.MethodGet {
			return nil, fmt.Errorf("%w: %s of a bucket", ErrRequest, r.Method)
		}
		c.Action, c.Context["s3:prefix"] = "s3:ListBucket", []string{query.Get("prefix")}
		if query.Has("versions") {
			c.Action = "s3:ListBucketVersions"
		}
		return []Call{c}, nil
	}
	c.Resource += "/" + key
	return o.object(r, c)
}

func (o Observer) object(r *http.Request, c Call) ([]Call, error) {
	query := r.URL.Query()
	c.Action = map[string]string{http.MethodPut: "s3:PutObject", http.MethodPost: "s3:PutObject", http.MethodGet: "s3:GetObject",
		http.MethodHead: "s3:GetObject", http.MethodDelete: "s3:DeleteObject"}[r.Method]
	switch {
	case c.Action == "":
		return nil, fmt.Errorf("%w: %s of an object", ErrRequest, r.Method)
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		c.Action = "s3:AbortMultipartUpload"
	case query.Has("versionId"):
		c.Action += "Version"
	}
	if c.Action != "s3:PutObject" {
		return []Call{c}, nil
	}
	for header, key := range map[string]string{"X-Amz-Server-Side-Encryption": "s3:x-amz-server-side-encryption",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "s3:x-amz-server-side-encryption-aws-kms-key-id", "If-None-Match": "s3:if-none-match"} {
		if value := r.Header.Get(header); value != "" {
			c.Context[key] = []string{o.Symbol(value)}
		}
	}
	calls := []Call{c}
	if mode := r.Header.Get("X-Amz-Object-Lock-Mode"); mode != "" {
		calls[0].Context["s3:object-lock-mode"] = []string{mode}
		calls = append(calls, Call{Action: "s3:PutObjectRetention", Resource: c.Resource, Context: map[string][]string{"s3:object-lock-mode": {mode}}})
	}
	return calls, nil
}

func (o Observer) sqs(r *http.Request, body []byte) ([]Call, error) {
	action, err := target(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		QueueURL string `json:"QueueUrl"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return []Call{{Action: "sqs:" + action, Resource: o.Symbol(in.QueueURL)}}, nil
}

func (o Observer) lambda(r *http.Request, _ []byte) ([]Call, error) {
	parts := strings.Split(r.URL.Path, "/") // /2015-03-31/functions/NAME/invocations
	if !slices.Contains(parts, "invocations") || len(parts) != 5 {
		return nil, fmt.Errorf("%w: no invocation", ErrRequest)
	}
	return []Call{{Action: "lambda:InvokeFunction", Resource: o.Symbol(parts[3])}}, nil
}
