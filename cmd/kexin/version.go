package main

import (
	"context"
	"runtime/debug"

	"kexin/shared/archive"
	"kexin/shared/record"
)

type versionGrammar struct{}

func versionCommand() command {
	return command{name: "version", help: record.Text{ZH: "显示版本。", EN: "Print the version."}, grammar: &versionGrammar{}}
}

// Run prints what was built from what, and the format of archives that it writes.
func (*versionGrammar) Run(_ context.Context, env *environment) error {
	version, revision, compiler := "devel", "unknown", "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		compiler = info.GoVersion
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	env.say(record.Text{ZH: "kexin %s（修订 %s，%s，%s）", EN: "kexin %s (revision %s, %s, %s)"}, version, revision, compiler, archive.ManifestFormat)
	return nil
}
