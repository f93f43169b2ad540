// Command s3server runs versitygw, an S3 gateway that this project did not write, over a folder, so that the contract suite of objects
// can be run against a server that verifies signatures, presigned links, conditions and object locks. It is a test tool only, and a
// module of its own, so that its dependencies never reach the product.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9000", "loopback address to listen on")
	dir := flag.String("dir", "", "folder to keep objects and versions in")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *dir, os.Getenv("S3SERVER_ACCESS"), os.Getenv("S3SERVER_SECRET")); err != nil {
		fmt.Fprintln(os.Stderr, "s3server:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. Metadata lies in extended attributes, since with versitygw's other way, a side folder, a deleted object still
// counts as there for conditional writes. A file system without them is an error.
func run(ctx context.Context, listen, dir, access, secret string) error {
	folders := map[string]string{}
	for _, name := range []string{"objects", "versions"} {
		path, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
		folders[name] = path
	}
	if err := (meta.XattrMeta{}).Test(folders["objects"]); err != nil {
		return fmt.Errorf("extended attributes in %s: %w", dir, err)
	}
	backend, err := posix.New(folders["objects"], meta.XattrMeta{}, posix.PosixOpts{VersioningDir: folders["versions"]})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
		RootUserAccess: access, RootUserSecret: secret, Region: "eu-central-1", Ports: []string{listen},
		MaxConnections: 1024, MaxRequests: 1024, MultipartMaxParts: 10000, Quiet: true, HealthPath: "/healthz",
	})
}
