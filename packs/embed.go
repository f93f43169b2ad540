// Package packs embeds the policy packs: one folder per policy system, core being the base of all. What a folder holds is described in
// docs/packs.md; package policy compiles it.
package packs

import "embed"

// FS holds the folders of the packs.
//
//go:embed core P06
var FS embed.FS
