package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"kexin/shared/record"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kexin": main})
}

// TestScripts drives the real program. Scripts may use: fixtures (see fixtures_test.go), flip FILE OFFSET (alters a byte; a negative
// offset counts from the end), cut FILE N (keeps the first N bytes), empty DIR (fails unless DIR has no entry), spoil DIR (takes one row out of
// the store of an installation).
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "en_US.UTF-8")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fixtures": cmdFixtures, "flip": cmdFlip, "cut": cmdCut, "empty": cmdEmpty, "spoil": cmdSpoil},
	})
}

func TestLanguage(t *testing.T) {
	for want, values := range map[record.Language][]map[string]string{
		record.Chinese: {{"LANG": "zh_CN.UTF-8"}, {"LC_ALL": "zh_HK", "LANG": "en_US"}, {"LC_MESSAGES": "ZH_tw", "LANG": "C"}},
		record.English: {{}, {"LANG": "de_DE"}, {"LC_ALL": "C", "LANG": "zh_CN"}, {"LC_ALL": "en_GB", "LC_MESSAGES": "zh_CN"}},
	} {
		for _, v := range values {
			if got := languageOf(func(name string) string { return v[name] }); got != want {
				t.Errorf("%v: %s", v, got)
			}
		}
	}
}

// Every text has both languages, and formats take the same arguments in both.
func TestTextsAreComplete(t *testing.T) {
	var texts []record.Text
	for _, c := range commands() {
		texts = append(texts, c.help)
		for _, text := range c.texts {
			texts = append(texts, text)
		}
	}
	for _, r := range reasons {
		texts = append(texts, r.text)
	}
	for _, text := range append(texts, textProgram, textUsage, textFailed) {
		if text.ZH == "" || text.EN == "" || strings.Count(text.ZH, "%") != strings.Count(text.EN, "%") {
			t.Errorf("%+v", text)
		}
	}
}

// An interrupted open leaves nothing behind.
func TestInterruptLeavesNoFile(t *testing.T) {
	golden, out := filepath.Join("..", "..", "shared", "archive", "testdata"), t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stderr bytes.Buffer
	code := run(ctx, []string{"open", filepath.Join(golden, "golden.kxa"), "--key-file", filepath.Join(golden, "golden.key"), "--out", out},
		&environment{stdin: strings.NewReader(""), stdout: &stderr, stderr: &stderr, language: record.English})
	if code != exitFailed || !strings.Contains(stderr.String(), "interrupted") {
		t.Errorf("exit %d: %s", code, &stderr)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
