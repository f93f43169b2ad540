package kmskeys

import (
	"context"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"kexin/shared/keys"
	"kexin/shared/keystest"
	"kexin/shared/record"
)

// Neither emulation of KMS is right about everything. moto judges encryption contexts and alterations; MiniStack judges states of keys
// and signatures. Neither refuses a ciphertext of another key as KMS does (moto answers AccessDenied, MiniStack opens it), so that
// question is put to the request that is sent and to the mapping of IncorrectKeyException (request_test.go).
var (
	askedOfMoto = []keystest.Question{keystest.RoundTrip, keystest.Fresh, keystest.WrongPurpose, keystest.Tampered,
		keystest.OtherDeployment, keystest.SecretSize, keystest.Unknown, keystest.PublicStable, keystest.Cancelled, keystest.Rotation,
		keystest.Concurrent}
	askedOfMiniStack = []keystest.Question{keystest.RoundTrip, keystest.Fresh, keystest.WrongPurpose, keystest.OtherDeployment,
		keystest.SecretSize, keystest.Unknown, keystest.Signature, keystest.PublicStable, keystest.Disabled, keystest.Cancelled,
		keystest.Concurrent, keystest.ConcurrentSign}
)

// The blobs of moto begin with the id of the key in clear; an altered id is to moto a key that the caller may not use (AccessDenied).
const motoKeyID = 36

func TestForeignMoto(t *testing.T) {
	address := os.Getenv("KEXIN_TEST_KMS_MOTO")
	if address == "" {
		t.Log("not configured: KEXIN_TEST_KMS_MOTO")
		return
	}
	keystest.Run(t, maker(address), keystest.Questions(askedOfMoto...), keystest.TamperStep(3),
		keystest.TamperSkip(wrapHeader, wrapHeader+motoKeyID))
}

func TestForeignMiniStack(t *testing.T) {
	address := os.Getenv("KEXIN_TEST_KMS_MINISTACK")
	if address == "" {
		t.Log("not configured: KEXIN_TEST_KMS_MINISTACK")
		return
	}
	keystest.Run(t, maker(address), keystest.Questions(askedOfMiniStack...))
}

func deployment(n byte) record.DeploymentID {
	return record.DeploymentID(record.IDFromBytes(record.PrefixDeployment, [16]byte{n}))
}

func maker(address string) keystest.Maker {
	return func(t *testing.T) keystest.Setting {
		client := newClient(kms.Options{BaseEndpoint: &address})
		config, err := BootstrapKeys(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		foreign := config
		config.Deployment, foreign.Deployment = deployment(1), deployment(2)
		return keystest.Setting{Keys: mustNew(t, client, config), OtherDeployment: mustNew(t, client, foreign),
			Disabler: &disabler{client, config}, Rotate: func(ctx context.Context) error { return rotate(ctx, client, config) }}
	}
}

func newClient(o kms.Options) *kms.Client {
	o.Region = "eu-central-1"
	o.Credentials = credentials.NewStaticCredentialsProvider("test", "test", "")
	return kms.New(o)
}

func mustNew(t testing.TB, client API, c Config) *Keys {
	t.Helper()
	k, err := New(client, c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func rotate(ctx context.Context, client *kms.Client, c Config) error {
	for _, key := range []string{c.DataKey, c.RestrictedKey} {
		if _, err := client.RotateKeyOnDemand(ctx, &kms.RotateKeyOnDemandInput{KeyId: &key}); err != nil {
			return err
		}
	}
	return nil
}

type disabler struct {
	client *kms.Client
	config Config
}

func (d *disabler) Disable(ctx context.Context, p keys.Purpose) error {
	key := d.config.DataKey
	if p == keys.ForRecord {
		key = d.config.RestrictedKey
	}
	_, err := d.client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(key)})
	return err
}

func (d *disabler) DisableSigner(ctx context.Context, s keys.Signer) error {
	_, err := d.client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(d.config.Signers[s])})
	return err
}

func (d *disabler) Enable(ctx context.Context) error {
	all := []string{d.config.DataKey, d.config.RestrictedKey}
	for _, key := range d.config.Signers {
		all = append(all, key)
	}
	for _, key := range all {
		if _, err := d.client.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key}); err != nil {
			return err
		}
	}
	return nil
}
