package boot_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// fault is what goes wrong with every request for one operation.
type fault struct {
	name, about string
	// answer returns what the client gets; done says that the operation took effect all the same, once.
	answer func(r *http.Request, service string) (*http.Response, error)
	done   bool
	cancel bool // the caller goes away
}

func faults() []fault {
	coded := func(status int, code, s3code string) func(*http.Request, string) (*http.Response, error) {
		return func(r *http.Request, service string) (*http.Response, error) {
			return failed(r, service, status, code, s3code), nil
		}
	}
	reset := func(*http.Request, string) (*http.Response, error) {
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	hang := func(r *http.Request, _ string) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return []fault{
		{name: "unreachable", about: "no connection can be made", answer: func(*http.Request, string) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}},
		{name: "timeout", about: "no answer comes in the caller's time", answer: hang},
		{name: "cancelled", about: "the caller goes away", answer: hang, cancel: true},
		{name: "throttled", about: "the service asks for fewer calls", answer: coded(400, "ThrottlingException", "SlowDown")},
		{name: "5xx", about: "the service fails", answer: coded(500, "InternalServerError", "InternalError")},
		{name: "denied", about: "the role may not", answer: coded(403, "AccessDeniedException", "AccessDenied")},
		{name: "condition", about: "the condition does not hold, or the object exists", answer: coded(400, "ConditionalCheckFailedException", "PreconditionFailed")},
		{name: "lost", about: "the first request takes effect, its answer is lost", answer: reset, done: true},
		{name: "malformed", about: "the answer is 200 and no answer", answer: func(r *http.Request, _ string) (*http.Response, error) { return reply(r, 200, "<", nil), nil }},
	}
}

func reply(r *http.Request, status int, body string, header http.Header) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: header, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func failed(r *http.Request, service string, status int, code, s3code string) *http.Response {
	if service != "s3" {
		return reply(r, status, `{"__type":"`+code+`","message":"m"}`, http.Header{"X-Amzn-Errortype": {code}})
	}
	switch s3code {
	case "SlowDown":
		status = 503
	case "PreconditionFailed":
		status = 412
	}
	return reply(r, status, "<Error><Code>"+s3code+"</Code><Message>m</Message></Error>", nil)
}

// wire is the client of all services: one operation fails, the others are answered.
type wire struct {
	target string
	fault  fault
	asked  int    // requests for the target
	row    string // the item that a lost put left
	marker string // of the object that a lost put left
}

// Do implements aws.HTTPClient.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	service, operation := operationOf(r)
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if operation == w.target {
		if w.asked++; !w.fault.done || w.asked == 1 {
			if w.fault.done {
				w.effect(r, operation, body)
			}
			return w.fault.answer(r, service)
		}
	}
	if operation == "PutObject" && w.target == "HeadObject" {
		return failed(r, "s3", 400, "", "IncompleteBody"), nil // only a put that went wrong asks for the head
	}
	return w.good(r, operation), nil
}

// effect is what a request leaves behind.
func (w *wire) effect(r *http.Request, operation string, body []byte) {
	switch operation {
	case "PutItem":
		_, after, _ := strings.Cut(string(body), `"Item":`)
		w.row, _, _ = strings.Cut(after, "}}")
		w.row += "}}"
	case "PutObject", "CompleteMultipartUpload":
		if w.marker == "" {
			w.marker = r.Header.Get("X-Amz-Meta-Kexin-Upload")
		}
	}
}

func (w *wire) good(r *http.Request, operation string) *http.Response {
	again := operation == w.target && w.asked > 1
	condition := func() *http.Response { return failed(r, "dynamodb", 400, "ConditionalCheckFailedException", "") }
	switch operation {
	case "GetItem":
		if w.row != "" {
			return reply(r, 200, `{"Item":`+w.row+`}`, nil)
		}
	case "PutItem", "DeleteItem":
		if again {
			return condition()
		}
	case "CreateMultipartUpload":
		w.marker = r.Header.Get("X-Amz-Meta-Kexin-Upload")
		return reply(r, 200, "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>", nil)
	case "CompleteMultipartUpload":
		if again {
			return reply(r, 404, "<Error><Code>NoSuchUpload</Code></Error>", nil)
		}
		return reply(r, 200, "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>", nil)
	case "UploadPart":
		return reply(r, 200, "", http.Header{"Etag": {"e"}})
	case "PutObject":
		if again {
			return failed(r, "s3", 412, "", "PreconditionFailed")
		}
	case "HeadObject":
		if w.fault.done && w.marker != "" && w.target != "UploadPart" && w.target != "CreateMultipartUpload" {
			return reply(r, 200, "", http.Header{"X-Amz-Meta-Kexin-Upload": {w.marker}})
		}
		return reply(r, 404, "", nil)
	case "ListObjectVersions":
		return reply(r, 200, "<ListVersionsResult><Version><Key>exports/a</Key><VersionId>v</VersionId></Version></ListVersionsResult>", nil)
	case "ListObjectsV2":
		return reply(r, 200, "<ListBucketResult></ListBucketResult>", nil)
	case "AbortMultipartUpload", "DeleteObject":
		return reply(r, 204, "", nil)
	case "Encrypt":
		return reply(r, 200, `{"CiphertextBlob":"AAAA"}`, nil)
	case "Decrypt":
		return reply(r, 200, `{"Plaintext":"AAAA"}`, nil)
	case "GetPublicKey":
		return reply(r, 200, `{"PublicKey":"`+spki+`"}`, nil)
	case "GetObject":
		return reply(r, 200, "x", http.Header{"Content-Range": {"bytes 0-0/1"}})
	case "Sign":
		return reply(r, 200, `{"Signature":"AAAA"}`, nil)
	}
	return reply(r, 200, "{}", nil)
}

// spki is some public key on P-256.
const spki = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="

// operationOf tells which operation of which service a request is.
func operationOf(r *http.Request) (service, operation string) {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, operation, _ := strings.Cut(target, ".")
		return map[string]string{"DynamoDB_20120810": "dynamodb", "TrentService": "kms", "AmazonSQS": "sqs"}[prefix], operation
	}
	query := r.URL.Query()
	switch {
	case strings.HasSuffix(r.URL.Path, "/invocations"):
		return "lambda", "Invoke"
	case r.Method == http.MethodGet && query.Has("versions"):
		return "s3", "ListObjectVersions"
	case r.Method == http.MethodGet && query.Has("list-type"):
		return "s3", "ListObjectsV2"
	case r.Method == http.MethodPost && query.Has("uploads"):
		return "s3", "CreateMultipartUpload"
	case r.Method == http.MethodPost:
		return "s3", "CompleteMultipartUpload"
	case query.Has("partNumber"):
		return "s3", "UploadPart"
	case query.Has("uploadId"):
		return "s3", "AbortMultipartUpload"
	}
	return "s3", map[string]string{"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[r.Method]
}
