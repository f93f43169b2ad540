package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kexin/infra/local/embedded"
	"kexin/packs"
	"kexin/shared/audit"
	"kexin/shared/boltstore"
	"kexin/shared/dirobjects"
	"kexin/shared/filekeys"
	"kexin/shared/fsck"
	"kexin/shared/policy"
	"kexin/shared/record"
)

type fsckGrammar struct {
	Data           string `required:"" placeholder:"DIR" help:"${fsck_data}"`
	PassphraseFile string `placeholder:"FILE" help:"${fsck_passphrase}"`
	Pack           string `default:"P06" help:"${fsck_pack}"`
	JSON           bool   `help:"${fsck_json}"`
}

func fsckCommand() command {
	return command{
		name: "fsck", grammar: &fsckGrammar{},
		help: record.Text{
			ZH: "检查一套停机的嵌入式系统：每一行都由其他行重新推出，不符的逐条列出。不改动任何客户数据。",
			EN: "Check an embedded installation that is not running: derive every row from the others and name what does not fit.",
		},
		texts: map[string]record.Text{
			"fsck_data":       {ZH: "数据目录（KEXIN_DATA）。", EN: "Data folder (KEXIN_DATA)."},
			"fsck_passphrase": {ZH: "口令文件；演示库不需要。", EN: "File with the passphrase of the key file; a demonstration needs none."},
			"fsck_pack":       {ZH: "该系统所用的制度包。", EN: "Policy pack of the installation."},
			"fsck_json":       {ZH: "输出 JSON。", EN: "Print JSON."},
		},
	}
}

// errNoStore: the folder holds no installation, and a check must not make one.
var errNoStore = errors.New("no installation")

// Run checks and prints one finding a line; it fails when there is any.
func (f *fsckGrammar) Run(ctx context.Context, env *environment) error {
	at, err := f.open(env)
	if err != nil {
		return err
	}
	bar := newProgress(env.stderr, time.Now)
	at.config.Progress = func(p fsck.Progress) { bar.count(p.Step, p.Rows) }
	report, err := fsck.Check(ctx, at.config)
	bar.end()
	if err = errors.Join(err, at.store.Close()); err != nil {
		return err
	}
	return f.print(env, report)
}

func (f *fsckGrammar) print(env *environment, report fsck.Report) error {
	if f.JSON {
		encoder := json.NewEncoder(env.stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return err
		}
	} else {
		for _, finding := range report.Findings {
			fmt.Fprintln(env.stdout, finding)
		}
		env.say(record.Text{
			ZH: "客户 %d（待定 %d），分区 %d，导出 %d，提交 %d，销毁中 %d，共 %d 行：发现 %d 处不符",
			EN: "customers: %d (pending: %d), sections: %d, exports: %d, submissions: %d, destructions under way: %d, rows: %d; findings: %d",
		}, report.Customers, report.Pending, report.Sections, report.Exports, report.Submissions, report.Residues, report.Rows, len(report.Findings))
	}
	if !report.Clean() {
		env.complain(record.Text{ZH: "不符之处的含义见 docs/fsck.md", EN: "docs/fsck.md says what the findings mean"})
		return errReported
	}
	return nil
}

// installation is an installation opened for a check.
type installation struct {
	store  *boltstore.Store
	config fsck.Config
}

// open opens the installation as it lies. Opening the store settles what a crash left behind, as a start would.
func (f *fsckGrammar) open(env *environment) (*installation, error) {
	for _, name := range []string{"kexin.key", filepath.Join("store", "main.db"), filepath.Join("store", "keys.db")} {
		if _, err := os.Stat(filepath.Join(f.Data, name)); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w in %s: %s is missing", errNoStore, f.Data, name)
		}
	}
	passphrase, err := filekeys.ReadPassphrase(f.PassphraseFile)
	if err != nil {
		return nil, err
	}
	defer clear(passphrase)
	file, err := filekeys.Open(filepath.Join(f.Data, "kexin.key"), passphrase, env.random)
	if err != nil {
		return nil, err
	}
	clock, err := embedded.OpenClock(filepath.Join(f.Data, "clock"), file.Demonstration())
	if err != nil {
		return nil, err
	}
	pack, err := policy.Load(packs.FS, f.Pack)
	if err != nil {
		return nil, err
	}
	folder, err := dirobjects.Open(filepath.Join(f.Data, "objects"), dirobjects.Options{LinkKey: make([]byte, 32), Now: clock.Now})
	if err != nil {
		return nil, err
	}
	store, err := boltstore.Open(filepath.Join(f.Data, "store"), boltstore.Options{FileKeys: file, Now: clock.Now})
	if err != nil {
		return nil, err
	}
	sealer := audit.Sealer{Store: store, Objects: folder, Keys: file, Deployment: file.Deployment(), Function: "fsck", Now: clock.Now,
		IdleAfter: 24 * time.Hour}
	return &installation{store, fsck.Config{Store: store, Scanner: store, Pack: pack, Objects: folder, Audit: sealer.Check, Now: clock.Now}}, nil
}
