//go:build unix

package filekeys

import (
	"io/fs"
	"syscall"
)

// nameless says whether no directory leads to the file any more.
func nameless(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink == 0
}
