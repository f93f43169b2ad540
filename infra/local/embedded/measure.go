package embedded

import (
	"context"

	"kexin/shared/record"
	"kexin/shared/system/ruled"
	"kexin/shared/vault"
)

// Backend returns what every function of the installation works on, unlimited: for programs that measure or check an installation.
func (s *Server) Backend() ruled.Backend { return s.backend }

// Accept accepts one submission as the stream of the inbox would have it done.
func (s *Server) Accept(ctx context.Context, id record.SubmissionID) (vault.Created, error) {
	return s.parts.acceptor.Accept(ctx, id)
}
