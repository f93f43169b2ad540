package env_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/env"
)

const deployment = "dep_aaaaaaaaaaaaaaaaaaaaaaaaaa"

func pinned(t *testing.T, curve elliptic.Curve) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestDefaults(t *testing.T) {
	s, err := env.Load([]string{"PATH=/bin", "HOME=/root", "KEXIN_TEST_DYNAMODB=x", "KEXIN_FULL=1", "KEXIN_TOOLS=y", "KEXIN_PACK="})
	if err != nil {
		t.Fatal(err)
	}
	if s.Pack != "P06" || s.Embedded.Addr != "127.0.0.1:8080" || s.Embedded.Data != "kexin-data" || s.Embedded.Demo ||
		s.Pages.BaseURL != "http://127.0.0.1:8080" || s.Pages.Forms != nil || s.OIDC.Scopes != nil {
		t.Errorf("defaults: %+v", s)
	}
}

func TestAllOfAWS(t *testing.T) {
	s, err := env.Load([]string{
		"KEXIN_PACK=P13", "KEXIN_DEPLOYMENT=" + deployment, "KEXIN_TABLE_INBOX=i", "KEXIN_TABLE_KEYS=k", "KEXIN_TABLE_RECORDS=r",
		"KEXIN_TABLE_RESTRICTED=x", "KEXIN_TABLE_AUDIT=a", "KEXIN_TABLE_WORK=w", "KEXIN_KMS_DATA=arn:aws-cn:kms:cn-north-1:1:key/1",
		"KEXIN_KMS_RESTRICTED=k2", "KEXIN_KMS_STORAGE=k7", "KEXIN_KMS_MANIFEST=k3", "KEXIN_KMS_ARCHIVES=k4", "KEXIN_KMS_CHECKPOINTS=k5", "KEXIN_KMS_RECEIPTS=k6",
		"KEXIN_MANIFEST_KEY=" + pinned(t, elliptic.P256()), "KEXIN_BUCKET_ARCHIVES=ba", "KEXIN_BUCKET_EVIDENCE=be",
		"KEXIN_QUEUE_EXPORTS=https://sqs.cn-north-1.amazonaws.com.cn/1/q", "KEXIN_OIDC_ISSUER=https://login.example",
		"KEXIN_OIDC_AUDIENCE=kexin", "KEXIN_OPEN_RESTRICTED=open-restricted",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Tables != (env.Tables{"i", "k", "r", "x", "a", "w"}) || s.KMS.ManifestKey == nil || s.Queues.Exports == "" || s.KMS.Storage != "k7" || s.Pack != "P13" {
		t.Errorf("settings: %+v", s)
	}
	if err := s.Require(env.TableInbox, env.OIDCIssuer); err != nil {
		t.Error(err)
	}
	if err := s.Require(env.TableInbox, env.PassphraseFile); !errors.Is(err, env.ErrMissing) || !strings.Contains(err.Error(), "KEXIN_PASSPHRASE_FILE") {
		t.Errorf("missing: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	const secret = "s3cr3t"
	cases := []struct {
		name    string
		environ []string
		want    error
		names   string
	}{
		{"unknown", []string{"KEXIN_TABEL_INBOX=" + secret}, env.ErrUnknown, "KEXIN_TABEL_INBOX"},
		{"unknown case", []string{"KEXIN_pack=" + secret}, env.ErrUnknown, "KEXIN_pack"},
		{"twice", []string{"KEXIN_PACK=P01", "KEXIN_PACK=" + secret}, env.ErrContradiction, "KEXIN_PACK"},
		{"deployment", []string{"KEXIN_DEPLOYMENT=" + secret}, env.ErrValue, "KEXIN_DEPLOYMENT"},
		{"pack", []string{"KEXIN_PACK=../" + secret}, env.ErrValue, "KEXIN_PACK"},
		{"table", []string{"KEXIN_TABLE_KEYS=" + secret + "\n"}, env.ErrValue, "KEXIN_TABLE_KEYS"},
		{"issuer without TLS", []string{"KEXIN_OIDC_ISSUER=http://" + secret + ".example", "KEXIN_OIDC_AUDIENCE=a"}, env.ErrValue, "KEXIN_OIDC_ISSUER"},
		{"issuer with user", []string{"KEXIN_OIDC_ISSUER=https://u:" + secret + "@h", "KEXIN_OIDC_AUDIENCE=a"}, env.ErrValue, "KEXIN_OIDC_ISSUER"},
		{"issuer alone", []string{"KEXIN_OIDC_ISSUER=https://" + secret}, env.ErrContradiction, "KEXIN_OIDC_AUDIENCE"},
		{"audience alone", []string{"KEXIN_OIDC_AUDIENCE=" + secret}, env.ErrContradiction, "KEXIN_OIDC_ISSUER"},
		{"pinned key", []string{"KEXIN_MANIFEST_KEY=" + secret}, env.ErrValue, "KEXIN_MANIFEST_KEY"},
		{"pinned key of another curve", []string{"KEXIN_MANIFEST_KEY=" + pinned(t, elliptic.P384())}, env.ErrValue, "KEXIN_MANIFEST_KEY"},
		{"manifest without pin", []string{"KEXIN_KMS_MANIFEST=" + secret}, env.ErrContradiction, "KEXIN_MANIFEST_KEY"},
		{"one key for data and L3", []string{"KEXIN_KMS_DATA=" + secret, "KEXIN_KMS_RESTRICTED=" + secret}, env.ErrContradiction, "KEXIN_KMS_RESTRICTED"},
		{"one key for two signatures", []string{"KEXIN_KMS_RECEIPTS=" + secret, "KEXIN_KMS_ARCHIVES=" + secret}, env.ErrContradiction, "KEXIN_KMS_RECEIPTS"},
		{"demo", []string{"KEXIN_DEMO=" + secret}, env.ErrValue, "KEXIN_DEMO"},
		{"demo for all", []string{"KEXIN_DEMO=1", "KEXIN_ADDR=0.0.0.0:80"}, env.ErrContradiction, "KEXIN_ADDR"},
		{"demo on every address", []string{"KEXIN_DEMO=1", "KEXIN_ADDR=:80"}, env.ErrContradiction, "KEXIN_ADDR"},
		{"demo with passphrase", []string{"KEXIN_DEMO=1", "KEXIN_PASSPHRASE_FILE=/" + secret}, env.ErrContradiction, "KEXIN_PASSPHRASE_FILE"},
		{"demo on AWS", []string{"KEXIN_DEMO=1", "KEXIN_TABLE_WORK=" + secret}, env.ErrContradiction, "KEXIN_DEMO"},
		{"folder and table", []string{"KEXIN_DATA=" + secret, "KEXIN_BUCKET_EVIDENCE=b"}, env.ErrContradiction, "KEXIN_DATA"},
		{"address", []string{"KEXIN_ADDR=" + secret}, env.ErrValue, "KEXIN_ADDR"},
		{"client alone", []string{"KEXIN_OIDC_CLIENT=" + secret}, env.ErrContradiction, "KEXIN_OIDC_CLIENT"},
		{"scopes", []string{"KEXIN_OIDC_SCOPES=openid \"" + secret}, env.ErrValue, "KEXIN_OIDC_SCOPES"},
		{"every origin", []string{"KEXIN_FORM_ORIGINS=*"}, env.ErrValue, "KEXIN_FORM_ORIGINS"},
		{"origins of a domain", []string{"KEXIN_FORM_ORIGINS=https://*." + secret + ".example"}, env.ErrValue, "KEXIN_FORM_ORIGINS"},
		{"origin with path", []string{"KEXIN_FORM_ORIGINS=https://a.example https://a.example/" + secret}, env.ErrValue, "KEXIN_FORM_ORIGINS"},
		{"origin without TLS", []string{"KEXIN_FORM_ORIGINS=http://" + secret + ".example"}, env.ErrValue, "KEXIN_FORM_ORIGINS"},
		{"origin null", []string{"KEXIN_FORM_ORIGINS=null"}, env.ErrValue, "KEXIN_FORM_ORIGINS"},
		{"more than an origin", []string{"KEXIN_CONNECT_ORIGINS=https://a.example;script-src"}, env.ErrValue, "KEXIN_CONNECT_ORIGINS"},
		{"base URL", []string{"KEXIN_BASE_URL=http://" + secret}, env.ErrValue, "KEXIN_BASE_URL"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := env.Load(c.environ)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.names) {
				t.Errorf("error %v, want %v naming %s", err, c.want, c.names)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds the value: %v", err)
			}
			if s.Pack != "" || s.Embedded.Addr != "" {
				t.Errorf("settings beside an error: %+v", s)
			}
		})
	}
}

func TestSignInOfThePages(t *testing.T) {
	s, err := env.Load([]string{"KEXIN_OIDC_ISSUER=https://login.example/realm", "KEXIN_OIDC_AUDIENCE=kexin"})
	if err != nil || s.OIDC.Client != "kexin" || !slices.Equal(s.OIDC.Scopes, []string{"openid"}) {
		t.Errorf("defaults: %+v, %v", s.OIDC, err)
	}
	s, err = env.Load([]string{"KEXIN_OIDC_ISSUER=https://login.example/realm", "KEXIN_OIDC_AUDIENCE=api://kexin", "KEXIN_OIDC_CLIENT=console",
		"KEXIN_OIDC_SCOPES=api://kexin/.default offline_access", "KEXIN_FORM_ORIGINS=https://shop.example  http://127.0.0.1:9000", "KEXIN_BASE_URL=https://c.example"})
	if err != nil || s.OIDC.Client != "console" || !slices.Equal(s.OIDC.Scopes, []string{"openid", "api://kexin/.default", "offline_access"}) ||
		!slices.Equal(s.Pages.Forms, []string{"https://shop.example", "http://127.0.0.1:9000"}) || s.Pages.BaseURL != "https://c.example" {
		t.Errorf("given: %+v %+v, %v", s.OIDC, s.Pages, err)
	}
}

func TestReportsAllAtOnce(t *testing.T) {
	_, err := env.Load([]string{"KEXIN_A=1", "KEXIN_B=1", "KEXIN_DEMO=2"})
	for _, name := range []string{"KEXIN_A", "KEXIN_B", "KEXIN_DEMO"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

// Whatever the environment holds, an error shows no value.
func TestErrorsHoldNoValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(env.Known()).Draw(t, "name")
		value := "§" + rapid.String().Draw(t, "value")
		if _, err := env.Load([]string{string(name) + "=" + value}); err != nil && strings.Contains(err.Error(), "§") {
			t.Fatalf("error holds the value: %v", err)
		}
	})
}

func TestKnownIsUniqueAndPrefixed(t *testing.T) {
	seen := map[env.Variable]bool{}
	for _, name := range env.Known() {
		if seen[name] || !strings.HasPrefix(string(name), env.Prefix) {
			t.Errorf("variable %s is doubled or has no prefix", name)
		}
		seen[name] = true
	}
}
