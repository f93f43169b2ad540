package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"kexin/shared/archive"
	"kexin/shared/evidence"
	"kexin/shared/record"
)

type verifyGrammar struct {
	Files []string `arg:"" name:"file" help:"${verify_files}"`
	Keys  string   `required:"" placeholder:"JSON" help:"${verify_keys}"`
}

func verifyCommand() command {
	return command{
		name: "verify", grammar: &verifyGrammar{},
		help: record.Text{
			ZH: "离线验证导出的 ZIP、同意回执和销毁证明；任何一个字节被改动都会失败。",
			EN: "Verify opened exports, consent receipts and certificates of destruction offline; any altered byte fails.",
		},
		texts: map[string]record.Text{
			"verify_files": {ZH: "要验证的文件。", EN: "Files to verify."},
			"verify_keys":  {ZH: "从可信渠道取得的公钥文件。", EN: "File of public keys, from a place that you trust."},
		},
	}
}

// Run verifies every file and fails when one of them does.
func (v *verifyGrammar) Run(ctx context.Context, env *environment) error {
	public, err := readPublicKeys(v.Keys)
	if err != nil {
		return err
	}
	var failed error
	for _, path := range v.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := verifyFile(env, path, public); err != nil {
			env.complain(record.Text{ZH: "%s：验证不通过：%s", EN: "%s: NOT VALID: %s"}, path, explain(env.language, err))
			failed = errReported
		}
	}
	return failed
}

// errSealed: verifying needs the opened ZIP.
var errSealed = errors.New("archive is sealed")

// verifyFile finds out what the file is, verifies it and says what it proves.
func verifyFile(env *environment, path string, public evidence.PublicKeys) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read: %w", err)
	}
	switch {
	case string(head) == "KXA1":
		return errSealed
	case n > 0 && head[0] == '{':
		return verifyEvidence(env, path, public)
	}
	m, err := verifyZip(f, public)
	if err != nil {
		return err
	}
	sayArchive(env, path, m)
	return nil
}

// verifyEvidence verifies a receipt or a certificate, which say what they are in their member format.
func verifyEvidence(env *environment, path string, public evidence.PublicKeys) error {
	b, err := readLimited(path, evidence.MaxBytes)
	if err != nil {
		return err
	}
	b = bytes.TrimSuffix(b, []byte("\n")) // the line end that editors and shells add is not part of the evidence
	var kind struct {
		Format string `json:"format"`
	}
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&kind); err != nil {
		return fmt.Errorf("%w: neither an export nor a receipt nor a certificate", evidence.ErrFormat)
	}
	switch kind.Format {
	case evidence.ReceiptFormat:
		return verifyReceipt(env, path, public, b)
	case evidence.CertificateFormat:
		return verifyCertificate(env, path, public, b)
	}
	return fmt.Errorf("%w: unknown format %.60q", evidence.ErrFormat, kind.Format)
}

func verifyReceipt(env *environment, path string, public evidence.PublicKeys, b []byte) error {
	r, err := evidence.VerifyReceipt(public, b)
	if err != nil {
		return err
	}
	env.say(record.Text{
		ZH: "%s：有效的同意回执 %s：%s，告知书 %s，目的 %d 项，签发于 %s",
		EN: "%s: valid consent receipt %s: %s, notice %s, purposes: %d, issued %s",
	}, path, r.ID, r.Controller.Name.In(env.language), r.Notice.Version, len(r.Purposes), stamp(r.Time))
	return nil
}

func verifyCertificate(env *environment, path string, public evidence.PublicKeys, b []byte) error {
	f, err := evidence.VerifyCertificate(public, b)
	if err != nil {
		return err
	}
	env.say(record.Text{
		ZH: "%s：有效的销毁证明：客户 %s，记录于 %s，执行者 %s",
		EN: "%s: valid certificate of destruction: customer %s, recorded %s, by %s",
	}, path, f.Customer, stamp(f.Recorded), f.By)
	if !f.Irrecoverable.IsZero() {
		env.say(record.Text{ZH: "  自 %s 起任何备份都无法恢复", EN: "  beyond recovery from any backup since %s"}, stamp(f.Irrecoverable))
	}
	return nil
}

func sayArchive(env *environment, path string, m *archive.Manifest) {
	env.say(record.Text{
		ZH: "%s：有效的导出 %s：%d 行，目的 %s，申请人 %s，审批 %d 次，制度包 %s，水印 %s，生成于 %s",
		EN: "%s: valid export %s: %d rows, purpose %s, requester %s, approvals: %d, pack %s, watermark %s, created %s",
	}, path, m.Export, m.Rows, m.Purpose, m.Requester, len(m.Approvals), m.Pack, m.Watermark, stamp(m.Created))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
