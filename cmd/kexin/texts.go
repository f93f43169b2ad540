package main

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"kexin/shared/archive"
	"kexin/shared/bench"
	"kexin/shared/boltstore"
	"kexin/shared/evidence"
	"kexin/shared/filekeys"
	"kexin/shared/record"
)

// languageOf returns Chinese when the first of LC_ALL, LC_MESSAGES and LANG that is set asks for it, else English.
func languageOf(getenv func(string) string) record.Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(strings.ToLower(value), "zh") {
				return record.Chinese
			}
			return record.English
		}
	}
	return record.English
}

// reasons are the errors that people may see, in their words. The technical message follows in brackets.
var reasons = []struct {
	err  error
	text record.Text
}{
	{errSealed, record.Text{ZH: "导出文件尚未打开，请先运行 kexin open", EN: "the export is still sealed; run kexin open first"}},
	{archive.ErrKey, record.Text{ZH: "密钥与文件不符", EN: "the key does not fit"}},
	{archive.ErrAltered, record.Text{ZH: "文件已被改动", EN: "the file was altered"}},
	{archive.ErrTruncated, record.Text{ZH: "文件不完整", EN: "the file is not complete"}},
	{archive.ErrFormat, record.Text{ZH: "不是可以识别的文件", EN: "the file is of no kind that this program knows"}},
	{evidence.ErrSignature, record.Text{ZH: "签名不符，文件已被改动", EN: "the signature does not fit: the file was altered"}},
	{evidence.ErrUnknownKey, record.Text{ZH: "签名所用的密钥不在公钥文件中", EN: "signed by a key that is not in the file of public keys"}},
	{evidence.ErrDeployment, record.Text{ZH: "文件属于另一套系统", EN: "the file belongs to another deployment than the public keys"}},
	{evidence.ErrProof, record.Text{ZH: "存在证明不成立，文件已被改动", EN: "the proof of inclusion does not hold: the file was altered"}},
	{evidence.ErrMismatch, record.Text{ZH: "文件内容自相矛盾，已被改动", EN: "the file contradicts itself: it was altered"}},
	{evidence.ErrValidity, record.Text{ZH: "签名密钥不在有效期或用途之内", EN: "the signing key was used outside its time or purpose"}},
	{evidence.ErrFormat, record.Text{ZH: "文件格式不对，或已被改动", EN: "the file is malformed or was altered"}},
	{errNoStore, record.Text{ZH: "这里没有一套系统", EN: "there is no installation here"}},
	{boltstore.ErrLocked, record.Text{ZH: "系统正在运行，请先停止", EN: "the installation is running; stop it first"}},
	{boltstore.ErrDamaged, record.Text{ZH: "存储文件已损坏", EN: "a store file is damaged"}},
	{boltstore.ErrMismatch, record.Text{ZH: "存储文件（main.db、keys.db、日志）不属于同一时刻", EN: "the store files (main.db, keys.db, log) do not belong together"}},
	{filekeys.ErrPassphrase, record.Text{ZH: "口令不符或缺少口令文件", EN: "the passphrase does not fit or is missing"}},
	{bench.ErrStore, record.Text{ZH: "不是演示库：测量会销毁客户", EN: "not a demonstration store: measuring destroys customers"}},
	{fs.ErrNotExist, record.Text{ZH: "文件不存在", EN: "no such file"}},
	{fs.ErrExist, record.Text{ZH: "文件已存在，不会覆盖", EN: "the file exists and is not replaced"}},
	{fs.ErrPermission, record.Text{ZH: "没有访问权限", EN: "access denied"}},
	{context.Canceled, record.Text{ZH: "已中断", EN: "interrupted"}},
}

// explain returns err in the words of language.
func explain(language record.Language, err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.text.In(language) + " [" + err.Error() + "]"
		}
	}
	return err.Error()
}
