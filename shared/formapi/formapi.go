// Package formapi is the public form over HTTP: the function submit-form. It shows forms, checks what is filled in, seals it to the inbox
// and answers with a signed receipt. It looks nothing up, so it answers the same for known and unknown people, and it can open nothing
// but what it sealed itself.
package formapi

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/collect"
	"kexin/shared/evidence"
	"kexin/shared/faults"
	"kexin/shared/httpapi"
	"kexin/shared/policy"
	"kexin/shared/problem"
	"kexin/shared/record"
	"kexin/shared/rows"
	"kexin/shared/seal"
	"kexin/shared/store"
)

// Signer signs receipts.
type Signer interface {
	// Sign returns the receipt as signed evidence.
	Sign(ctx context.Context, r evidence.Receipt) ([]byte, error)
}

// Deps are what submit-form holds.
type Deps struct {
	Deployment record.DeploymentID
	Pack       *policy.Pack
	Store      store.Store
	Writer     *seal.Writer
	Receipts   Signer
	PublicKeys func(ctx context.Context) (evidence.PublicKeys, error)
	Now        func() time.Time
	// Wake tells accept-submissions that something is in the inbox; nil where a stream does.
	Wake func()
	// Origins are those of other sites whose pages may hold the form; none: only the deployment's own pages may.
	Origins []string
}

// Shared returns the operations that pages of Deps.Origins may use: all of the public form, and nothing else of the API.
func Shared() []string {
	return []string{"GET /v1/forms", "GET /v1/forms/{form}", "POST /v1/forms/{form}/submissions", "GET /v1/keys"}
}

// Register adds the operations of the public form.
func Register(api *httpapi.API, d Deps) {
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "list-forms", Method: http.MethodGet, Path: "/v1/forms", Summary: "Forms that accept submissions"}), d.list)
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "get-form", Method: http.MethodGet, Path: "/v1/forms/{form}", Summary: "A form with its notice, purposes and fields"}), d.get)
	httpapi.Register(api, httpapi.Public(huma.Operation{OperationID: "submit-form", Method: http.MethodPost, Path: "/v1/forms/{form}/submissions", Summary: "Submit a filled form", DefaultStatus: http.StatusCreated}), d.submit)
	httpapi.Register(api, httpapi.AnswersJSON(httpapi.Public(huma.Operation{OperationID: "get-keys", Method: http.MethodGet, Path: "/v1/keys", Summary: "Public keys for verifying evidence offline"})), d.keys)
	api.Share(d.Origins, Shared()...)
}

type formInput struct {
	Form string `path:"form" maxLength:"64" pattern:"^[a-z0-9_-]+$"`
}

type formsOutput struct {
	Body struct {
		Forms []Summary `json:"forms"`
	}
}

func (d Deps) list(context.Context, *struct{}) (*formsOutput, error) {
	out := &formsOutput{}
	out.Body.Forms = []Summary{}
	for _, form := range d.Pack.Forms {
		if form.Live && len(PublicChannels(d.Pack, form)) > 0 {
			out.Body.Forms = append(out.Body.Forms, summary(d.Pack, form))
		}
	}
	sort.Slice(out.Body.Forms, func(i, j int) bool { return out.Body.Forms[i].ID < out.Body.Forms[j].ID })
	return out, nil
}

type formOutput struct{ Body Form }

func (d Deps) get(_ context.Context, in *formInput) (*formOutput, error) {
	form := d.Pack.Forms[record.FormID(in.Form)]
	if form == nil || !form.Live {
		return nil, problem.Of(problem.NotFound)
	}
	return &formOutput{View(d.Pack, form)}, nil
}

// Submission is a filled form as it comes over HTTP.
type Submission struct {
	Kind     string            `json:"kind" maxLength:"32" doc:"Kind of customer"`
	Channel  string            `json:"channel" maxLength:"32" doc:"Registered channel through which the form was filled"`
	Notice   string            `json:"notice" maxLength:"64" doc:"Version of the notice that was shown"`
	Language string            `json:"language" enum:"zh,en" doc:"Language of the notice that was shown"`
	Consents map[string]bool   `json:"consents" doc:"Answer for every purpose that asks for consent"`
	Separate map[string]bool   `json:"separate_consents,omitempty" doc:"Answer for every sensitive field that is filled"`
	Fields   map[string]string `json:"fields" doc:"Values by field name"`
}

// Raw returns the submission for collect.Check.
func (s Submission) Raw(form string) collect.Raw {
	return collect.Raw{Form: record.FormID(form), Kind: record.Kind(s.Kind), Channel: record.Channel(s.Channel), Notice: record.NoticeVersion(s.Notice),
		Language: record.Language(s.Language), Consents: convert[record.PurposeID](s.Consents), Separate: convert[record.FieldName](s.Separate),
		Fields: convertText(s.Fields)}
}

func convert[K ~string](from map[string]bool) map[K]bool {
	to := make(map[K]bool, len(from))
	for k, v := range from {
		to[K(k)] = v
	}
	return to
}

func convertText(from map[string]string) map[record.FieldName]string {
	to := make(map[record.FieldName]string, len(from))
	for k, v := range from {
		to[record.FieldName(k)] = v
	}
	return to
}

type submitInput struct {
	httpapi.Repeatable
	Form string `path:"form" maxLength:"64" pattern:"^[a-z0-9_-]+$"`
	Body Submission
}

// Refused is a field that was not stored, and why.
type Refused struct {
	Field string `json:"field"`
	Code  string `json:"code"`
}

// RefusedOf returns faults as they are answered.
func RefusedOf(list []collect.Fault) []Refused {
	refused := make([]Refused, 0, len(list))
	for _, f := range list {
		refused = append(refused, Refused{f.Field, f.Code})
	}
	sort.Slice(refused, func(i, j int) bool { return refused[i].Field < refused[j].Field })
	return refused
}

type submitOutput struct {
	Body struct {
		Submission record.SubmissionID `json:"submission"`
		Received   time.Time           `json:"received"`
		Refused    []Refused           `json:"refused"`
		Receipt    rawJSON             `json:"receipt" doc:"Signed consent receipt"`
	}
}

// rawJSON is JSON that is passed on as it is.
type rawJSON []byte

// MarshalJSON returns the bytes themselves.
func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// Schema describes the JSON as an object.
func (rawJSON) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeObject} }

// submit checks, seals and stores one submission. The row's key is derived from the idempotency key, so a repetition meets its own row.
func (d Deps) submit(ctx context.Context, in *submitInput) (*submitOutput, error) {
	filled, refused, err := collect.Check(d.Pack, in.Body.Raw(in.Form), collect.ByCustomer, d.Now())
	if err != nil {
		return nil, faults.Problem(err)
	}
	id, body, err := d.row(ctx, in, filled)
	if err != nil {
		return nil, err
	}
	received, err := d.put(ctx, id, body)
	if err != nil {
		return nil, err
	}
	if d.Wake != nil {
		d.Wake()
	}
	filled.Given = received
	return d.answer(ctx, id, filled, refused)
}

// row seals a submission into the row that stores it.
func (d Deps) row(ctx context.Context, in *submitInput, filled *record.Filled) (record.SubmissionID, rows.SubmissionBody, error) {
	key, err := in.Key()
	if err != nil {
		return "", rows.SubmissionBody{}, err
	}
	place, err := key.Place("submit/" + in.Form)
	if err != nil {
		return "", rows.SubmissionBody{}, err
	}
	mac, err := in.BodyMAC(ctx)
	if err != nil {
		return "", rows.SubmissionBody{}, err
	}
	id := record.SubmissionID(record.IDFromBytes(record.PrefixSubmission, place))
	plain, err := collect.Encode(filled)
	if err != nil {
		return "", rows.SubmissionBody{}, err
	}
	defer clear(plain)
	envelope, err := d.Writer.SealEnvelope(ctx, seal.EnvelopePlace{Submission: id, Form: filled.Form, Schema: filled.Schema}, plain)
	return id, rows.SubmissionBody{Form: filled.Form, Schema: filled.Schema, Received: filled.Given, BodyMAC: mac[:], Envelope: envelope}, err
}

// put stores the row and returns the time of receipt: that of the first time when the request is a repetition.
func (d Deps) put(ctx context.Context, id record.SubmissionID, body rows.SubmissionBody) (int64, error) {
	item, err := body.Item(id, rows.SubmissionSealed, 0)
	if err != nil {
		return 0, err
	}
	err = d.Store.Transact(ctx, "", store.PutIf(item, store.IfAbsent()))
	if err == nil {
		return body.Received, nil
	}
	if !errors.Is(err, store.ErrCondition) {
		return 0, fmt.Errorf("store submission: %w", err)
	}
	present, err := d.Store.Get(ctx, item.Key)
	if err != nil {
		return 0, fmt.Errorf("read own submission: %w", err)
	}
	var before rows.SubmissionBody
	if err := rows.Decode(present.Body, &before); err != nil {
		return 0, err
	}
	if subtle.ConstantTimeCompare(before.BodyMAC, body.BodyMAC) != 1 {
		return 0, problem.Of(problem.IdempotencyReused)
	}
	return before.Received, nil
}

func (d Deps) answer(ctx context.Context, id record.SubmissionID, filled *record.Filled, refused []collect.Fault) (*submitOutput, error) {
	receipt, err := d.Receipts.Sign(ctx, Receipt(d.Deployment, d.Pack, id, filled))
	if err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	out := &submitOutput{}
	out.Body.Submission, out.Body.Received, out.Body.Receipt = id, time.Unix(filled.Given, 0).UTC(), receipt
	out.Body.Refused = RefusedOf(refused)
	return out, nil
}

// keysOutput is signed or canonical evidence, passed on byte for byte.
type keysOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (d Deps) keys(ctx context.Context, _ *struct{}) (*keysOutput, error) {
	public, err := d.PublicKeys(ctx)
	if err != nil {
		return nil, err
	}
	data, err := public.Marshal()
	return &keysOutput{"application/json", data}, err
}
