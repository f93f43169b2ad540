package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kexin/shared/filekeys"
	"kexin/shared/record"
)

// diagnose runs the doctor and returns what it said and its exit code.
func diagnose(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	code := run(context.Background(), append([]string{"doctor"}, args...), &environment{stdin: strings.NewReader(""), stdout: &out, stderr: &out,
		language: record.English, random: rand.Reader})
	return out.String(), code
}

// An installation that answers as it must is healthy; one that lets anybody in, or has no manifest, is not.
func TestDoctorAsksARunningInstallation(t *testing.T) {
	for name, c := range map[string]struct {
		statuses map[string]int
		code     int
		says     string
	}{
		"healthy":     {map[string]int{"/v1/keys": 200, "/openapi.json": 200, "/v1/customers": 401, "/dev/clock": 404}, 0, "5 things looked at, 0 wrong"},
		"open":        {map[string]int{"/v1/keys": 200, "/openapi.json": 200, "/v1/customers": 200, "/dev/clock": 404}, 1, "close the entrance"},
		"no manifest": {map[string]int{"/v1/keys": 503, "/openapi.json": 200, "/v1/customers": 401, "/dev/clock": 404}, 1, "invoke RotateKeys"},
		"demo":        {map[string]int{"/v1/keys": 200, "/openapi.json": 200, "/v1/customers": 401, "/dev/clock": 200}, 1, "never for real customers"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(c.statuses[r.URL.Path]) }))
		out, code := diagnose(t, "--url", server.URL+"/")
		server.Close()
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
}

// The identity provider's document is compared with the setting, and its clock with ours.
func TestDoctorAsksTheIdentityProvider(t *testing.T) {
	var issuer, algorithm string
	var off time.Duration
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":"x","id_token_signing_alg_values_supported":[%q],"code_challenge_methods_supported":["S256"]}`, issuer, algorithm)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "env")
	settings := "KEXIN_DATA=" + filepath.Join(t.TempDir(), "none") + "\nKEXIN_OIDC_AUDIENCE=kexin\nKEXIN_OIDC_ISSUER=" + server.URL + "\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		issuer, algorithm string
		off               time.Duration
		code              int
		says              string
	}{
		"good": {server.URL, "ES256", 0, 0, "ok\tclock"}, "slash": {server.URL + "/", "ES256", 0, 1, "a final slash included"},
		"none": {server.URL, "none", 0, 1, "sign with"}, "clock": {server.URL, "RS256", -time.Hour, 1, "set the clock"},
	} {
		issuer, algorithm, off = c.issuer, c.algorithm, c.off
		if out, code := diagnose(t, "--env", file); code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
}

// The key file is opened with the passphrase: the commonest mistake is a wrong one.
func TestDoctorTriesThePassphrase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "kexin.key")
	deployment, err := record.NewID(rand.Reader, record.PrefixDeployment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := filekeys.Create(path, filekeys.CreateOptions{Deployment: record.DeploymentID(deployment), Passphrase: []byte("correct horse battery"),
		Random: rand.Reader, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	try := func(passphrase string) string {
		secret, file := filepath.Join(t.TempDir(), "p"), filepath.Join(t.TempDir(), "env")
		for path, text := range map[string]string{secret: passphrase + "\n", file: "KEXIN_DATA=" + dir + "\nKEXIN_PASSPHRASE_FILE=" + secret + "\n"} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		out, _ := diagnose(t, "--env", file)
		if strings.Contains(out, passphrase) {
			t.Error("the passphrase is printed")
		}
		return out
	}
	if out := try("correct horse battery"); !strings.Contains(out, "ok\tkey file\n") || !strings.Contains(out, "wrong\tstore file keys.db") {
		t.Error(out)
	}
	if out := try("another passphrase"); !strings.Contains(out, "wrong\tkey file") {
		t.Error(out)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if out := try("correct horse battery"); !strings.Contains(out, "wrong\tmode of the key file") {
		t.Error(out)
	}
}
