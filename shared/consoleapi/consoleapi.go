// Package consoleapi is the staff console over HTTP: the function serve-console. It opens L0 to L2 as decided, edits all levels (L3: encrypt
// only), and hands requests for L3 on to open-restricted together with the raw token.
package consoleapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/audit"
	"kexin/shared/decision"
	"kexin/shared/exports"
	"kexin/shared/httpapi"
	"kexin/shared/policy"
	"kexin/shared/record"
	"kexin/shared/restricted"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
	"kexin/shared/store"
	"kexin/shared/vault"
)

// Opener is open-restricted as the console calls it: with the raw token, which it verifies again itself.
type Opener interface {
	// Open hands a request on. Its errors are problems.
	Open(ctx context.Context, token string, request restricted.Request) (restricted.Reply, error)
}

// Deps are what serve-console holds.
type Deps struct {
	Vault    *vault.Vault
	Engine   *decision.Engine
	Pack     *policy.Pack
	Store    store.Store
	Log      *audit.Log
	Prover   audit.Prover
	Register staff.Register
	Desk     *exports.Desk
	Opener   Opener
	// Cursors seals positions in lists; see NewCursors.
	Cursors *httpapi.Cursors
	Now     func() time.Time
	Random  io.Reader
}

// Register adds the operations of the console; api authenticates.
func Register(api *httpapi.API, d Deps) {
	register(api, "me", http.MethodGet, "/v1/me", "Who I am", d.me)
	register(api, "policy", http.MethodGet, "/v1/policy", "What the pages need of the policy", d.policy)
	httpapi.Register(api, huma.Operation{OperationID: "create-customer", Method: http.MethodPost, Path: "/v1/customers", Summary: "Enter a customer", DefaultStatus: http.StatusCreated}, wrap(d.create))
	register(api, "search-customers", http.MethodPost, "/v1/customers/search", "Search by an indexed value", d.search)
	register(api, "list-customers", http.MethodGet, "/v1/customers", "Cards of a department", d.list)
	register(api, "open-customer", http.MethodGet, "/v1/customers/{id}", "Open a record for a purpose", d.open)
	register(api, "update-customer", http.MethodPatch, "/v1/customers/{id}", "Change fields", d.update)
	register(api, "customer-history", http.MethodGet, "/v1/customers/{id}/history", "Who did what, when, to which fields", d.history)
	register(api, "reveal-field", http.MethodPost, "/v1/customers/{id}/reveals", "See one value for a limited time", d.reveal)
	register(api, "hold-customer", http.MethodPost, "/v1/customers/{id}/holds", "Place or lift a legal hold", d.hold)
	httpapi.Register(api, huma.Operation{OperationID: "destroy-customer", Method: http.MethodPost, Path: "/v1/customers/{id}/destructions", Summary: "Queue a destruction", DefaultStatus: http.StatusAccepted}, wrap(d.destroy))
	register(api, "withdraw-consent", http.MethodPost, "/v1/customers/{id}/withdrawals", "Record a withdrawal of consent", d.withdraw)
	httpapi.Register(api, httpapi.AnswersJSON(huma.Operation{OperationID: "destruction-certificate", Method: http.MethodGet, Path: "/v1/customers/{id}/certificate", Summary: "Certificate of destruction"}), wrap(d.certificate))
	register(api, "list-pending", http.MethodGet, "/v1/pending", "Pending records", d.pending)
	register(api, "merge-pending", http.MethodPost, "/v1/pending/{id}/merge", "Merge a pending record", d.merge)
	register(api, "admit-pending", http.MethodPost, "/v1/pending/{id}/admit", "Make a pending record live whose identifier is free again", d.admit)
	register(api, "refuse-pending", http.MethodPost, "/v1/pending/{id}/refuse", "Refuse a pending record", d.refuse)
	register(api, "preview-export", http.MethodPost, "/v1/exports/preview", "What an export would need", d.preview)
	httpapi.Register(api, huma.Operation{OperationID: "request-export", Method: http.MethodPost, Path: "/v1/exports", Summary: "Request an export", DefaultStatus: http.StatusAccepted}, wrap(d.export))
	register(api, "list-exports", http.MethodGet, "/v1/exports", "My exports", d.exports)
	register(api, "get-export", http.MethodGet, "/v1/exports/{id}", "An export of mine", d.getExport)
	register(api, "revoke-export", http.MethodPost, "/v1/exports/{id}/revocations", "Revoke an export of mine", d.revoke)
	register(api, "read-audit", http.MethodGet, "/v1/audit", "Entries about one customer, for auditors", d.audit)
	register(api, "decide", http.MethodPost, "/v1/policy/decisions", "Would this be allowed, and why", d.decide)
}

func register[I, O any](api *httpapi.API, id, method, path, summary string, handler func(context.Context, *I) (*O, error)) {
	httpapi.Register(api, huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary}, wrap(handler))
}

// wrap turns the domain's errors with details into problems.
func wrap[I, O any](handler func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := handler(ctx, in)
		if err != nil {
			return nil, staffapi.Fail(err)
		}
		return out, nil
	}
}

func (d Deps) actor(ctx context.Context) (vault.Actor, error) {
	actor, _, err := staffapi.Actor(ctx, d.Register, d.Log)
	return actor, err
}

// CustomerPath is embedded in the input of an operation whose path names a customer. It is exported because huma skips embedded structs
// that are not.
type CustomerPath struct {
	ID string `path:"id" pattern:"^cus_[a-z2-7]{25}[aeimquy4]$"`
}

func (c CustomerPath) customer() record.CustomerID { return record.CustomerID(c.ID) }

// exportInput is embedded where a path names an export.
type exportInput struct {
	ID string `path:"id" pattern:"^exp_[a-z2-7]{25}[aeimquy4]$"`
}

// versionOutput answers a change with the new version.
type versionOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		Version int64 `json:"version"`
	}
}

func versioned(version int64, err error) (*versionOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &versionOutput{ETag: httpapi.ETag(version)}
	out.Body.Version = version
	return out, nil
}
