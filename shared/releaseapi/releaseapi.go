// Package releaseapi is the function release-archive over HTTP: it hands out the key of an archive once, to the requester, and short links
// to the ciphertext. It opens no records.
package releaseapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"kexin/shared/archive"
	"kexin/shared/audit"
	"kexin/shared/exports"
	"kexin/shared/httpapi"
	"kexin/shared/record"
	"kexin/shared/staff"
	"kexin/shared/staffapi"
)

// Deps are what release-archive holds.
type Deps struct {
	Clerk    *exports.Clerk
	Log      *audit.Log
	Register staff.Register
}

// Register adds the operations of release-archive; api authenticates.
func Register(api *httpapi.API, d Deps) {
	httpapi.Register(api, huma.Operation{OperationID: "release-archive", Method: http.MethodPost, Path: "/v1/exports/{id}/release",
		Summary: "Receive the key of one's archive, once"}, d.release)
	httpapi.Register(api, huma.Operation{OperationID: "export-file", Method: http.MethodGet, Path: "/v1/exports/{id}/file",
		Summary: "A short link to the ciphertext of one's archive"}, d.file)
}

type archiveInput struct {
	ID string `path:"id" pattern:"^exp_[a-z2-7]{25}[aeimquy4]$"`
}

type archiveOutput struct {
	Body struct {
		Key     string    `json:"key,omitempty" doc:"Key of the archive: it is not kept and cannot be had again"`
		Link    string    `json:"link" doc:"Where the ciphertext is until expires"`
		Expires time.Time `json:"expires"`
	}
}

func (d Deps) release(ctx context.Context, in *archiveInput) (*archiveOutput, error) {
	actor, _, err := staffapi.Actor(ctx, d.Register, d.Log)
	if err != nil {
		return nil, err
	}
	released, err := d.Clerk.Release(ctx, actor, record.ExportID(in.ID))
	if err != nil {
		return nil, staffapi.Fail(err)
	}
	defer clear(released.Key[:])
	out := answer(released)
	out.Body.Key, err = archive.FormatKey(released.Key[:])
	return out, err
}

func (d Deps) file(ctx context.Context, in *archiveInput) (*archiveOutput, error) {
	actor, _, err := staffapi.Actor(ctx, d.Register, d.Log)
	if err != nil {
		return nil, err
	}
	released, err := d.Clerk.File(ctx, actor, record.ExportID(in.ID))
	if err != nil {
		return nil, staffapi.Fail(err)
	}
	return answer(released), nil
}

func answer(released exports.Released) *archiveOutput {
	out := &archiveOutput{}
	out.Body.Link, out.Body.Expires = released.Link, released.Expires
	return out
}
