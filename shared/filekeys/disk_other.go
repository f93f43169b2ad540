//go:build !unix

package filekeys

import "io/fs"

// nameless cannot be known here, so nothing is overwritten.
func nameless(fs.FileInfo) bool { return false }
