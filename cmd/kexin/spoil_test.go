package main

import (
	"context"
	"path/filepath"

	"crypto/rand"

	"github.com/rogpeppe/go-internal/testscript"

	"kexin/shared/boltstore"
	"kexin/shared/filekeys"
	"kexin/shared/store"
)

// cmdSpoil deletes the first section that it finds in the store of an installation, as nothing in the program would.
func cmdSpoil(ts *testscript.TestScript, _ bool, args []string) {
	data, ctx := ts.MkAbs(args[0]), context.Background()
	file, err := filekeys.Open(filepath.Join(data, "kexin.key"), nil, rand.Reader)
	ts.Check(err)
	s, err := boltstore.Open(filepath.Join(data, "store"), boltstore.Options{FileKeys: file})
	ts.Check(err)
	page, err := s.Scan(ctx, store.Records, 0, 1, "")
	ts.Check(err)
	for _, item := range page.Items {
		if len(item.Key.SK) > 4 && item.Key.SK[:4] == "SEC#" {
			ts.Check(s.Transact(ctx, "", store.DeleteIf(item.Key, store.IfPresent())))
			break
		}
	}
	ts.Check(s.Close())
}
