package consoleapi

import (
	"strings"

	"io"
	"kexin/shared/httpapi"
	"kexin/shared/vault"
)

// NewCursors returns what seals the positions of the console's lists, under a key derived from the deployment's index key: every process
// of the function has it, and nobody else does.
func NewCursors(index vault.Indexer, random io.Reader) (*httpapi.Cursors, error) {
	secret := index.MAC("cursors of lists 1", nil)
	return httpapi.NewCursors(secret[:], random)
}

// scope names the list that a cursor belongs to: the operation, who asks, and its filters. No part can hold the separator.
func scope(operation string, actor vault.Actor, filters ...string) string {
	return strings.Join(append([]string{operation, string(actor.Staff)}, filters...), "\x00")
}
