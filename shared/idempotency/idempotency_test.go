package idempotency_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kexin/shared/idempotency"
)

func TestParse(t *testing.T) {
	raw := make([]byte, 32)
	for range 2000 {
		_, _ = rand.Read(raw)
		for _, text := range []string{
			base64.RawURLEncoding.EncodeToString(raw[:16]), base64.RawURLEncoding.EncodeToString(raw), hex.EncodeToString(raw[:16]),
			hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		} {
			if _, err := idempotency.Parse(text); err != nil {
				t.Fatalf("random key %q refused", text)
			}
		}
	}
	for name, text := range map[string]string{
		"empty": "", "21 characters": "q83vEjRWeJCrze8SNFZ4k", "65 characters": strings.Repeat("q83vE", 13), "spaces": "q83vEjRWeJCrze8SNFZ4k ",
		"31 hex digits": "0123456789abcdef0123456789abcde", "UUID": "2f1f0f5c-6f0e-4c39-9d3e-1b0d3c7f1a2b", "one character": strings.Repeat("a", 40),
		"padding": "q83vEjRWeJCrze8SNFZ4kA==", "standard base64": "q83vEjRWeJ+rze/SNFZ4kA", "letters of others": "张三张三张三张三张三张三张三张三",
		"new line": "q83vEjRWeJCrze8SNFZ4kA\n",
	} {
		if _, err := idempotency.Parse(text); err == nil {
			t.Errorf("%s taken", name)
		}
	}
}

func TestDerivations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := idempotency.Key(rapid.StringMatching(`[A-Za-z0-9_-]{22}`).Draw(t, "key"))
		other := idempotency.Key(rapid.StringMatching(`[A-Za-z0-9_-]{22}`).Filter(func(s string) bool { return s != string(key) }).Draw(t, "other"))
		body := []byte(rapid.String().Draw(t, "body"))
		place := func(k idempotency.Key, scope string) [16]byte {
			p, err := k.Place(scope)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		mac := func(k idempotency.Key, body []byte) [32]byte {
			m, err := idempotency.BodyMAC(k, body)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		first, again := place(key, "a"), place(key, "a")
		if first != again || place(key, "a") == place(key, "b") || place(key, "a") == place(other, "a") {
			t.Fatal("places are not one for each key and scope")
		}
		if !idempotency.Same(mac(key, body), mac(key, body)) || idempotency.Same(mac(key, body), mac(other, body)) ||
			idempotency.Same(mac(key, body), mac(key, append(body, 0))) {
			t.Fatal("MACs do not tell bodies and keys apart")
		}
	})
}

// The derivations are stored, so they must not change from one version to the next. Computed with another implementation of HKDF.
func TestVectors(t *testing.T) {
	const key = idempotency.Key("q83vEjRWeJCrze8SNFZ4kA")
	place, err := key.Place("POST /v1/forms/{form}/submissions")
	if got := hex.EncodeToString(place[:]); err != nil || got != "add67d57ae7e64905840ed0b240627e7" {
		t.Errorf("place %s, %v", got, err)
	}
	mac, err := idempotency.BodyMAC(key, []byte(`{"name":"ab"}`))
	if got := hex.EncodeToString(mac[:]); err != nil || got != "99c4cf04e9ed32ea5ec9805a25663aba1af51fc5f474c552275df5444ba9715b" {
		t.Errorf("MAC %s, %v", got, err)
	}
}

func TestKeyDoesNotPrint(t *testing.T) {
	key, err := idempotency.Parse("q83vEjRWeJCrze8SNFZ4kA")
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %s", key, key); strings.Contains(text, "q83") {
		t.Error(text)
	}
}
