package kmskeys

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"kexin/shared/keys"
	"kexin/shared/record"
)

// No emulation checks everything that is sent, so here the request itself is judged.

const (
	dataKey       = "arn:aws:kms:eu-central-1:111122223333:key/11111111-1111-4111-8111-111111111111"
	restrictedKey = "arn:aws:kms:eu-central-1:111122223333:key/22222222-2222-4222-8222-222222222222"
	receiptsKey   = "arn:aws:kms:eu-central-1:111122223333:key/33333333-3333-4333-8333-333333333333"
)

// sent is one request as KMS would read it.
type sent struct {
	Action string
	Body   map[string]any
}

// transport records requests and answers each with what answer says.
type transport struct {
	mu     sync.Mutex
	sent   []sent
	answer func(n int, r *http.Request) (*http.Response, error)
}

func (t *transport) Do(r *http.Request) (*http.Response, error) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.sent = append(t.sent, sent{strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService."), body})
	n := len(t.sent)
	t.mu.Unlock()
	return t.answer(n, r)
}

func (t *transport) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.sent)
}

func reply(status int, body any) (*http.Response, error) {
	raw, err := json.Marshal(body)
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"},
		"X-Amzn-Requestid": {"11111111-2222-4333-8444-555555555555"}}, Body: io.NopCloser(bytes.NewReader(raw))}, err
}

func always(status int, body any) func(int, *http.Request) (*http.Response, error) {
	return func(int, *http.Request) (*http.Response, error) { return reply(status, body) }
}

const leak = "User: arn:aws:iam::111122223333:role/secret-role is not authorized"

func failure(code string) map[string]any {
	return map[string]any{"__type": "com.amazonaws.kms#" + code, "message": leak}
}

func testConfig() Config {
	return Config{Deployment: deployment(1), DataKey: dataKey, RestrictedKey: restrictedKey,
		Signers: map[keys.Signer]string{keys.SignReceipts: receiptsKey}}
}

func over(t testing.TB, tr *transport, c Config) *Keys {
	t.Helper()
	return mustNew(t, newClient(kms.Options{HTTPClient: tr}), c)
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func contextOf(p keys.Purpose) map[string]any {
	return map[string]any{"kexin:deployment": string(deployment(1)), "kexin:purpose": string(p)}
}

func keyOf(p keys.Purpose) string {
	if p == keys.ForRecord {
		return restrictedKey
	}
	return dataKey
}

func expect(t *testing.T, tr *transport, want ...sent) {
	t.Helper()
	if !reflect.DeepEqual(tr.sent, want) {
		t.Errorf("sent %v\nwant %v", tr.sent, want)
	}
}

func TestRequestOfWrap(t *testing.T) {
	for _, p := range keys.Purposes() {
		tr := &transport{answer: always(200, map[string]any{"CiphertextBlob": []byte("blob"), "KeyId": keyOf(p)})}
		wrapped, err := over(t, tr, testConfig()).Wrap(t.Context(), p, []byte("secret"))
		if err != nil || string(wrapped) != "\x01\x02blob" {
			t.Errorf("wrapped %q, %v", wrapped, err)
		}
		expect(t, tr, sent{"Encrypt", map[string]any{"KeyId": keyOf(p), "Plaintext": b64([]byte("secret")),
			"EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "EncryptionContext": contextOf(p)}})
	}
}

func TestRequestOfUnwrap(t *testing.T) {
	for _, p := range keys.Purposes() {
		tr := &transport{answer: always(200, map[string]any{"Plaintext": []byte("secret"), "KeyId": keyOf(p)})}
		secret, err := over(t, tr, testConfig()).Unwrap(t.Context(), p, []byte("\x01\x02blob"))
		if err != nil || string(secret) != "secret" {
			t.Errorf("unwrapped %q, %v", secret, err)
		}
		expect(t, tr, sent{"Decrypt", map[string]any{"KeyId": keyOf(p), "CiphertextBlob": b64([]byte("blob")),
			"EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "EncryptionContext": contextOf(p)}})
	}
}

func TestRequestOfSign(t *testing.T) {
	digest := sha256.Sum256([]byte("receipt"))
	tr := &transport{answer: always(200, map[string]any{"Signature": []byte("signature")})}
	signature, err := over(t, tr, testConfig()).Sign(t.Context(), keys.SignReceipts, digest)
	if err != nil || string(signature) != "signature" {
		t.Errorf("signature %q, %v", signature, err)
	}
	expect(t, tr, sent{"Sign", map[string]any{"KeyId": receiptsKey, "Message": b64(digest[:]), "MessageType": "DIGEST",
		"SigningAlgorithm": "ECDSA_SHA_256"}})
}

func spki(t *testing.T, public any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newECDSA(t *testing.T, curve elliptic.Curve) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func TestPublicIsFetchedOnce(t *testing.T) {
	public := newECDSA(t, elliptic.P256())
	tr := &transport{answer: always(200, map[string]any{"PublicKey": spki(t, public), "KeyId": receiptsKey})}
	k := over(t, tr, testConfig())
	for range 3 {
		got, err := k.Public(t.Context(), keys.SignReceipts)
		if err != nil || !got.Equal(public) {
			t.Fatalf("public key %v, %v", got, err)
		}
		*got = ecdsa.PublicKey{} // the caller's copy
	}
	expect(t, tr, sent{"GetPublicKey", map[string]any{"KeyId": receiptsKey}})
}

func TestPublicOfAnotherKindIsRefused(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"P-384": spki(t, newECDSA(t, elliptic.P384())), "RSA": spki(t, &rsaKey.PublicKey),
		"garbage": {1, 2, 3}} {
		tr := &transport{answer: always(200, map[string]any{"PublicKey": der})}
		k := over(t, tr, testConfig())
		for range 2 {
			if _, err := k.Public(t.Context(), keys.SignReceipts); !errors.Is(err, ErrConfig) {
				t.Errorf("%s: error %v, want ErrConfig", name, err)
			}
		}
		if tr.count() != 2 {
			t.Errorf("%s: a refused key was kept", name)
		}
	}
}

// What a function has no key for, and what Wrap cannot have made, costs no call.
func TestRefusedWithoutACall(t *testing.T) {
	tr := &transport{answer: always(200, map[string]any{})}
	k := over(t, tr, Config{Deployment: deployment(1)})
	ctx, blob := t.Context(), []byte("\x01\x02blob")
	for _, p := range append(keys.Purposes(), "no-purpose") {
		_, wrap := k.Wrap(ctx, p, []byte("secret"))
		_, unwrap := k.Unwrap(ctx, p, blob)
		is(t, "wrap", wrap, keys.ErrNotGranted)
		is(t, "unwrap", unwrap, keys.ErrNotGranted)
	}
	_, sign := k.Sign(ctx, keys.SignManifest, [32]byte{})
	_, public := k.Public(ctx, keys.SignManifest)
	is(t, "sign", sign, keys.ErrNotGranted)
	is(t, "public", public, keys.ErrNotGranted)
	k = over(t, tr, testConfig())
	for _, wrapped := range []string{"", "\x01", "\x01\x02", "\x02\x02blob", "\x01\x01blob", "\x01\x02" + strings.Repeat("x", maxBlob+1)} {
		_, err := k.Unwrap(ctx, keys.ForBranch, []byte(wrapped))
		is(t, "unwrap", err, keys.ErrRefused)
	}
	for _, size := range []int{0, keys.MaxSecret + 1} {
		_, err := k.Wrap(ctx, keys.ForBranch, make([]byte, size))
		is(t, "wrap", err, keys.ErrSecretSize)
	}
	if tr.count() != 0 {
		t.Errorf("%d calls", tr.count())
	}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestConfigIsChecked(t *testing.T) {
	tr := &transport{}
	client := newClient(kms.Options{HTTPClient: tr})
	for name, spoil := range map[string]func(*Config){
		"deployment":  func(c *Config) { c.Deployment = "dep_" },
		"one key":     func(c *Config) { c.RestrictedKey = c.DataKey },
		"no such key": func(c *Config) { c.Signers = map[keys.Signer]string{keys.SignReceipts: ""} },
		"signer":      func(c *Config) { c.Signers = map[keys.Signer]string{"more": receiptsKey} },
		"attempts":    func(c *Config) { c.Attempts = -1 },
		"budget":      func(c *Config) { c.Budget = -1 },
	} {
		c := testConfig()
		spoil(&c)
		_, err := New(client, c)
		is(t, name, err, ErrConfig)
	}
	_, err := New(nil, testConfig())
	is(t, "client", err, ErrConfig)
	_, err = New(client, Config{})
	is(t, "nothing", err, record.ErrID)
}

// BootstrapKeys asks for the specifications that New's keys need.
func TestRequestsOfBootstrap(t *testing.T) {
	tr := &transport{answer: func(n int, _ *http.Request) (*http.Response, error) {
		return reply(200, map[string]any{"KeyMetadata": map[string]any{"KeyId": "k", "Arn": strings.Repeat("a", n)}})
	}}
	c, err := BootstrapKeys(t.Context(), newClient(kms.Options{HTTPClient: tr}))
	if err != nil || c.DataKey != "a" || c.RestrictedKey != "aa" || len(c.Signers) != len(keys.Signers()) {
		t.Errorf("config %+v, %v", c, err)
	}
	symmetric := sent{"CreateKey", map[string]any{"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}}
	signing := sent{"CreateKey", map[string]any{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}}
	expect(t, tr, symmetric, symmetric, signing, signing, signing, signing)
	tr.answer = always(400, failure("LimitExceededException"))
	if _, err := BootstrapKeys(context.Background(), newClient(kms.Options{HTTPClient: tr, RetryMaxAttempts: 1})); err == nil {
		t.Error("no error when a key cannot be created")
	}
}
