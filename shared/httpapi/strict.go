package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"kexin/shared/idempotency"
	"kexin/shared/problem"
)

// maxBody is how long a body may be where the operation says nothing else, in bytes.
const maxBody = 1 << 20

// checker refuses what an operation does not declare, before huma looks at the request. Huma ignores doubled and miswritten names;
// what is ignored today is a parser difference that somebody uses tomorrow.
type checker struct {
	registry huma.Registry
	once     sync.Once
	query    map[string]*huma.Param
	headers  []*huma.Param
	schema   *huma.Schema // of the JSON body; nil when there is none
	types    map[string]bool
	limit    int64
	express  func() http.HandlerFunc // makes trusting; nil where there is none
	sketch   *sketch                 // of the JSON body; nil when every body goes the usual way
	trusting http.HandlerFunc
}

func (c *checker) middleware(ctx huma.Context, next func(huma.Context)) {
	c.once.Do(func() { c.learn(ctx.Operation()) })
	r, w := humago.Unwrap(ctx)
	body, right, refusal := c.check(r)
	if refusal != nil {
		problem.Write(w, r, refusal)
		return
	}
	if body != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	inner := context.WithValue(ctx.Context(), bodyKey, body)
	if right {
		c.trusting(w, r.WithContext(inner))
		return
	}
	next(huma.WithContext(ctx, inner))
}

// learn reads once what op declares; by the time of the first request huma has completed it.
func (c *checker) learn(op *huma.Operation) {
	c.query, c.types, c.limit = map[string]*huma.Param{}, map[string]bool{}, op.MaxBodyBytes
	if c.limit <= 0 {
		c.limit = maxBody
	}
	for _, param := range op.Parameters {
		switch param.In {
		case "query":
			c.query[param.Name] = param
		case "header":
			c.headers = append(c.headers, param)
		}
	}
	if op.RequestBody == nil {
		return
	}
	for name, media := range op.RequestBody.Content {
		c.types[name] = true
		if isJSON(name) {
			c.schema = media.Schema
		}
	}
	if c.express == nil || c.schema == nil || len(c.types) != 1 {
		return
	}
	if c.sketch = sketchOf(c.schema, c.registry); c.sketch != nil {
		c.trusting = c.express()
	}
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// check returns the body, and whether it is known to be right in all that its schema says.
func (c *checker) check(r *http.Request) (body []byte, right bool, refusal *problem.Problem) {
	if refusal := c.checkQuery(r.URL.RawQuery); refusal != nil {
		return nil, false, refusal
	}
	if refusal := c.checkHeaders(r.Header); refusal != nil {
		return nil, false, refusal
	}
	if len(c.types) == 0 {
		return nil, false, refuseBody(r)
	}
	return c.checkBody(r)
}

// refuseBody refuses a body where none is declared. It does not trust the length that the client states.
func refuseBody(r *http.Request) *problem.Problem {
	if n, _ := io.ReadFull(r.Body, make([]byte, 1)); n > 0 {
		return problem.Of(problem.UnexpectedBody)
	}
	return nil
}

func (c *checker) checkQuery(raw string) *problem.Problem {
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, encoded, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(encoded)
		if err != nil || !isText(value) || strings.Contains(pair, ";") {
			return problem.Of(problem.MalformedQuery)
		}
		param, ok := c.query[name]
		if !ok {
			return problem.Invalid(problem.At("query."+problem.SafeName(name), problem.CodeUnknownParameter))
		}
		if seen[name] && (param.Explode == nil || !*param.Explode) {
			return problem.Invalid(problem.At("query."+name, problem.CodeDuplicateParameter))
		}
		seen[name] = true
		if value == "" && !mayBeEmpty(param.Schema) {
			return problem.Invalid(problem.At("query."+name, problem.CodeInvalid))
		}
	}
	return nil
}

// mayBeEmpty reports whether "" is a value of schema; huma takes an empty parameter for an absent one.
func mayBeEmpty(schema *huma.Schema) bool {
	return schema != nil && schema.Type == huma.TypeString && (schema.MinLength == nil || *schema.MinLength == 0) &&
		schema.Format == "" && schema.Pattern == "" && len(schema.Enum) == 0
}

func (c *checker) checkHeaders(header http.Header) *problem.Problem {
	for _, param := range c.headers {
		path := "header." + param.Name
		values := header.Values(param.Name)
		if len(values) > 1 {
			return problem.Of(problem.MalformedHeader, problem.At(path, problem.CodeDuplicateParameter))
		}
		if len(values) == 0 || values[0] == "" {
			if !param.Required {
				continue
			}
			return missing(param.Name)
		}
		if !isText(values[0]) || !wellFormed(param.Name, values[0]) {
			return problem.Of(problem.MalformedHeader, problem.At(path, problem.CodeFormat))
		}
	}
	return nil
}

func missing(header string) *problem.Problem {
	field := problem.At("header."+header, problem.CodeRequired)
	if http.CanonicalHeaderKey(header) == "If-Match" {
		return problem.Of(problem.PreconditionRequired, field)
	}
	return problem.Of(problem.MissingHeader, field)
}

// wellFormed checks the headers whose form this package knows.
func wellFormed(header, value string) bool {
	switch http.CanonicalHeaderKey(header) {
	case "If-Match":
		_, err := parseETag(value)
		return err == nil
	case idempotency.Header:
		_, err := idempotency.Parse(value)
		return err == nil
	}
	return true
}

// isText reports whether s is valid UTF-8 without NUL.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

func (c *checker) checkBody(r *http.Request) (body []byte, right bool, refusal *problem.Problem) {
	if r.ContentLength > c.limit {
		return nil, false, problem.Of(problem.BodyTooLarge)
	}
	body, err := readBody(r, c.limit)
	switch {
	case err != nil:
		return nil, false, bodyError(err)
	case int64(len(body)) > c.limit:
		return nil, false, problem.Of(problem.BodyTooLarge)
	case len(body) == 0:
		return nil, false, problem.Of(problem.MissingBody)
	}
	kind, ok := c.contentType(r.Header)
	switch {
	case !ok:
		return nil, false, problem.Of(problem.UnsupportedType)
	case !isJSON(kind):
		return body, false, nil
	case c.sketch != nil && c.sketch.admits(body):
		return body, true, nil
	}
	return body, false, checkJSON(body, c.schema, c.registry)
}

// readBody reads one byte more than limit at most, into room for the length that the client states, if that is not beyond reason.
func readBody(r *http.Request, limit int64) ([]byte, error) {
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= 64<<10 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(io.LimitReader(r.Body, limit+1))
	return body.Bytes(), err
}

// contentType returns the media type of a body, and whether the operation takes it as it is encoded.
func (c *checker) contentType(header http.Header) (string, bool) {
	values := header.Values("Content-Type")
	if len(values) != 1 || header.Get("Content-Encoding") != "" {
		return "", false
	}
	if values[0] == "application/json" { // what nearly everybody says
		return values[0], c.types[values[0]]
	}
	kind, parameters, err := mime.ParseMediaType(values[0])
	return kind, err == nil && c.types[kind] && utf8Charset(parameters["charset"])
}

// bodyError tells a body that net/http cut off for its length from one that did not arrive.
func bodyError(err error) *problem.Problem {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return problem.Of(problem.BodyTooLarge)
	}
	return problem.Of(problem.MalformedBody, problem.At("body", problem.CodeSyntax))
}

func utf8Charset(charset string) bool { return charset == "" || strings.EqualFold(charset, "utf-8") }
