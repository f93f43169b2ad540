package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"kexin/shared/archive"
	"kexin/shared/evidence"
	"kexin/shared/keys"
	"kexin/shared/record"
)

type openGrammar struct {
	Archive string `arg:"" help:"${open_archive}"`
	KeyFile string `required:"" placeholder:"F" help:"${open_key_file}"`
	Out     string `default:"." placeholder:"DIR" help:"${open_out}"`
	Keys    string `placeholder:"JSON" help:"${open_keys}"`
}

func openCommand() command {
	return command{
		name: "open", grammar: &openGrammar{},
		help: record.Text{ZH: "用一次性密钥打开导出的加密文件，得到 ZIP。", EN: "Open a sealed export with its one-time key; gives a ZIP."},
		texts: map[string]record.Text{
			"open_archive":  {ZH: "下载的加密文件（.kxa）。", EN: "The sealed file as downloaded (.kxa)."},
			"open_key_file": {ZH: "存有密钥（kxk1_…）的文件，- 表示从标准输入读取。", EN: "File with the key (kxk1_…), or - for standard input."},
			"open_out":      {ZH: "ZIP 放入的文件夹。", EN: "Folder that the ZIP is put into."},
			"open_keys":     {ZH: "公钥文件；给出时同时验证签名。", EN: "File of public keys; with it the signature is verified too."},
		},
	}
}

// Run opens the archive into a file that gets its name only when everything was authentic. When anything fails, no file is left.
func (o *openGrammar) Run(ctx context.Context, env *environment) (err error) {
	key, err := readArchiveKey(o.KeyFile, env.stdin)
	if err != nil {
		return err
	}
	sealed, err := os.Open(o.Archive)
	if err != nil {
		return fmt.Errorf("open archive: %w", err)
	}
	defer sealed.Close()
	plain, header, err := archive.NewReader(sealed, key)
	if err != nil {
		return err
	}
	target := filepath.Join(o.Out, string(header.Export)+".zip")
	draft, err := os.CreateTemp(o.Out, ".kexin-open-*") // mode 0600
	if err != nil {
		return fmt.Errorf("create file for the ZIP: %w", err)
	}
	defer func() {
		draft.Close()
		os.Remove(draft.Name()) // fails when it has got its name, and should
	}()
	if _, err := io.Copy(draft, &interruptible{ctx, plain}); err != nil {
		return err
	}
	if err := o.check(draft, header); err != nil {
		return err
	}
	if err := keep(draft, target); err != nil {
		return err
	}
	o.tell(env, target)
	return nil
}

// check verifies the signature when public keys were given.
func (o *openGrammar) check(zip *os.File, header archive.Header) error {
	if o.Keys == "" {
		return nil
	}
	public, err := readPublicKeys(o.Keys)
	if err != nil {
		return err
	}
	m, err := verifyZip(zip, public)
	if err != nil {
		return err
	}
	if m.Export != header.Export || m.Deployment != header.Deployment {
		return fmt.Errorf("verify archive: sealed as another export than the one inside: %w", archive.ErrAltered)
	}
	return nil
}

func (o *openGrammar) tell(env *environment, target string) {
	env.say(record.Text{ZH: "已打开：%s", EN: "opened: %s"}, target)
	if o.Keys == "" {
		env.say(record.Text{
			ZH: "尚未验证签名，请运行：kexin verify %s --keys keys.json",
			EN: "The signature was not verified. To do so: kexin verify %s --keys keys.json",
		}, target)
		return
	}
	env.say(record.Text{ZH: "签名有效", EN: "signature is valid"})
}

// keep makes draft durable and gives it its name, which must be free.
func keep(draft *os.File, target string) error {
	if err := draft.Sync(); err != nil {
		return fmt.Errorf("write ZIP: %w", err)
	}
	reserved, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("name ZIP: %w", err)
	}
	reserved.Close()
	if err := os.Rename(draft.Name(), target); err != nil {
		os.Remove(target)
		return fmt.Errorf("name ZIP: %w", err)
	}
	return nil
}

// interruptible ends with the context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

// Read reads unless the context has ended.
func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// verifyZip verifies an opened archive and that it is of the deployment of the keys.
func verifyZip(f *os.File, public evidence.PublicKeys) (*archive.Manifest, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("verify archive: not a regular file: %w", archive.ErrFormat)
	}
	m, err := archive.Verify(f, info.Size(), public.Find(keys.SignArchives)...)
	if err != nil {
		return nil, err
	}
	if m.Deployment != public.Deployment {
		return nil, fmt.Errorf("verify archive: %w", evidence.ErrDeployment)
	}
	return m, nil
}
