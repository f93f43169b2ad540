package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kexin/packs"
	"kexin/shared/decision"
	"kexin/shared/env"
	"kexin/shared/filekeys"
	"kexin/shared/policy"
	"kexin/shared/record"
)

// examineMachine looks at an embedded installation: settings, pack, files, identity provider, address.
func examineMachine(ctx context.Context, client *http.Client, environ []string, e *environment, found *findings) {
	settings, ok := loaded(environ, found)
	if !ok {
		return
	}
	examinePack(settings.Pack, found)
	demo := examineFiles(settings, e, found)
	if settings.OIDC.Issuer != "" {
		examineIssuer(ctx, client, settings.OIDC.Issuer, found)
	} else if !demo && !settings.Embedded.Demo {
		found.wrong(record.Text{ZH: "身份提供方", EN: "identity provider"}, "KEXIN_OIDC_ISSUER",
			record.Text{ZH: "产品库需要 KEXIN_OIDC_ISSUER 和 KEXIN_OIDC_AUDIENCE", EN: "a product store needs KEXIN_OIDC_ISSUER and KEXIN_OIDC_AUDIENCE"})
	}
	examineAddress(ctx, settings, found)
}

func examinePack(id string, found *findings) {
	pack, err := policy.Load(packs.FS, id)
	if err == nil {
		_, err = decision.New(pack)
	}
	found.check(err, record.Text{ZH: "制度包 " + id, EN: "policy pack " + id},
		record.Text{ZH: "运行 kexin policy check，改正所列各行", EN: "run kexin policy check and correct the lines it lists"})
}

// examineFiles looks at the folder, the key file and the passphrase, and reports whether the installation is a demonstration.
func examineFiles(settings env.Settings, e *environment, found *findings) bool {
	what := record.Text{ZH: "数据文件夹", EN: "data folder"}
	info, err := os.Stat(settings.Embedded.Data)
	if errors.Is(err, fs.ErrNotExist) {
		found.warn(what, "", record.Text{ZH: "还不存在，第一次启动时建立", EN: "does not exist yet; the first start makes it"})
		examinePassphrase(settings, found)
		return false
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("not a folder")
	}
	if !found.check(err, what, record.Text{ZH: "改正 KEXIN_DATA", EN: "correct KEXIN_DATA"}) {
		return false
	}
	if info.Mode().Perm()&0o077 != 0 {
		found.warn(what, info.Mode().Perm().String(), record.Text{ZH: "收紧权限：chmod 0700", EN: "other users can look into it: chmod 0700"})
	}
	return examineKeyFile(settings, examinePassphrase(settings, found), e, found)
}

// examinePassphrase returns the passphrase, nil when none is set or it cannot be read.
func examinePassphrase(settings env.Settings, found *findings) []byte {
	path := settings.Embedded.PassphraseFile
	if path == "" {
		return nil
	}
	what := record.Text{ZH: "口令文件", EN: "passphrase file"}
	line, err := filekeys.ReadPassphrase(path)
	if err == nil && len(line) < filekeys.MinPassphrase {
		err = fmt.Errorf("first line shorter than %d bytes", filekeys.MinPassphrase)
	}
	if !found.check(err, what, record.Text{ZH: "第一行写至少 12 个字节的口令，运行用户要能读", EN: "its first line must hold 12 bytes or more, readable by the user that runs the server"}) {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		found.warn(what, info.Mode().Perm().String(), record.Text{ZH: "收紧权限：chmod 0400", EN: "other users can read it: chmod 0400"})
	}
	return line
}

func examineKeyFile(settings env.Settings, passphrase []byte, e *environment, found *findings) bool {
	what := record.Text{ZH: "密钥文件", EN: "key file"}
	path := filepath.Join(settings.Embedded.Data, "kexin.key")
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		found.warn(what, "", record.Text{ZH: "还不存在，第一次启动时建立", EN: "does not exist yet; the first start makes it"})
		return false
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("mode %v", info.Mode().Perm())
	}
	if !found.check(err, record.Text{ZH: "密钥文件的权限", EN: "mode of the key file"}, record.Text{ZH: "chmod 0600，并查明谁可能读过", EN: "chmod 0600, and find out who may have read it"}) {
		return false
	}
	file, err := filekeys.Open(path, passphrase, e.random)
	if !found.check(err, what, record.Text{
		ZH: "用建库时的口令文件（KEXIN_PASSPHRASE_FILE）；口令丢失则数据无法恢复",
		EN: "give the passphrase file of the first start (KEXIN_PASSPHRASE_FILE); without that passphrase the data cannot be opened by anybody",
	}) {
		return false
	}
	examineTogether(settings, file.Demonstration(), found)
	return file.Demonstration()
}

// examineTogether looks whether both halves of the store are there.
func examineTogether(settings env.Settings, demo bool, found *findings) {
	for _, name := range []string{"main.db", "keys.db"} {
		_, err := os.Stat(filepath.Join(settings.Embedded.Data, "store", name))
		found.check(err, record.Text{ZH: "存储文件 " + name, EN: "store file " + name},
			record.Text{ZH: "从同一次备份恢复全部存储文件", EN: "restore all files of the store from one backup"})
	}
	if demo && !settings.Embedded.Demo {
		found.warn(record.Text{ZH: "演示库", EN: "demonstration"}, "", record.Text{
			ZH: "此文件夹是演示库，不能用于真实客户；产品库请换一个空文件夹",
			EN: "this folder is a demonstration and never for real customers; give a product store an empty folder",
		})
	}
}

// examineIssuer asks the identity provider what every start asks.
func examineIssuer(ctx context.Context, client *http.Client, issuer string, found *findings) {
	what := record.Text{ZH: "身份提供方", EN: "identity provider"}
	var document struct {
		Issuer     string   `json:"issuer"`
		JWKS       string   `json:"jwks_uri"`
		Algorithms []string `json:"id_token_signing_alg_values_supported"`
		Methods    []string `json:"code_challenge_methods_supported"`
	}
	header, err := getJSON(ctx, client, issuer+"/.well-known/openid-configuration", &document)
	if !found.check(err, what, record.Text{ZH: "核对 KEXIN_OIDC_ISSUER，以及本机能否访问它", EN: "compare KEXIN_OIDC_ISSUER, and whether this machine reaches it"}) {
		return
	}
	if document.Issuer != issuer {
		found.wrong(what, "issuer differs from its own document", record.Text{
			ZH: "KEXIN_OIDC_ISSUER 要与其文档中的 issuer 完全一致，包括末尾的斜杠",
			EN: "KEXIN_OIDC_ISSUER must be exactly the issuer of its document, a final slash included",
		})
	}
	if !slices.ContainsFunc(document.Algorithms, func(a string) bool { return a == "RS256" || a == "ES256" || a == "EdDSA" }) {
		found.wrong(what, "signing algorithms", record.Text{ZH: "让它用 RS256、ES256 或 EdDSA 签名", EN: "make it sign with RS256, ES256 or EdDSA"})
	}
	if len(document.Methods) > 0 && !slices.Contains(document.Methods, "S256") {
		found.wrong(what, "PKCE", record.Text{ZH: "为控制台的客户端启用 PKCE（S256）", EN: "allow PKCE with S256 for the console's client"})
	}
	examineClock(header, found)
}

// examineClock compares the machine's clock with the identity provider's: tokens live for minutes.
func examineClock(header http.Header, found *findings) {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	what := record.Text{ZH: "时钟", EN: "clock"}
	if off := time.Since(theirs).Abs().Round(time.Second); off > time.Minute {
		found.wrong(what, off.String(), record.Text{ZH: "校准本机时钟（NTP）", EN: "set the clock (NTP): tokens and deadlines depend on it"})
		return
	}
	found.ok(what)
}

// examineAddress says whether the address is free or somebody answers there.
func examineAddress(ctx context.Context, settings env.Settings, found *findings) {
	what := record.Text{ZH: "监听地址", EN: "address"}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", settings.Embedded.Addr)
	if err != nil {
		found.ok(what)
		return
	}
	_ = conn.Close()
	found.warn(what, "in use", record.Text{
		ZH: "已有程序在此监听；若不是客信，请改 KEXIN_ADDR",
		EN: "somebody listens there already; unless it is Kexin, choose another KEXIN_ADDR",
	})
}

// getJSON reads a JSON document of at most 1 MB.
func getJSON(ctx context.Context, client *http.Client, url string, into any) (http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("address cannot be used")
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(into); err != nil {
		return nil, fmt.Errorf("no JSON document")
	}
	return response.Header, nil
}
