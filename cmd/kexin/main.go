// Command kexin is Kexin at the command line. It opens and verifies what Kexin hands out; further commands look after policy packs and
// stores. It exits with 0 when everything asked for was done and found right, 1 when something failed or is not authentic, and 2 when it
// was called wrongly.
//
// Each command lives in a file of its own, which defines its grammar (a struct for kong), its texts in Chinese and English, and a method
// Run(context.Context, *environment) error; commands lists them.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(start()) }

// start gives run the real world. An interrupt ends the context, so that commands can tidy up what they had begun.
func start() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], &environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, language: languageOf(os.Getenv), random: rand.Reader,
		environ: os.Environ(),
	})
}
