package kmskeys

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"kexin/shared/keys"
)

// Creator is the part of *kms.Client that BootstrapKeys calls.
type Creator interface {
	CreateKey(context.Context, *kms.CreateKeyInput, ...func(*kms.Options)) (*kms.CreateKeyOutput, error)
}

// BootstrapKeys creates a key for every use on an emulated KMS and returns a Config that names them and lacks a Deployment. It is for
// tests: on AWS the template creates keys, with policies and aliases.
func BootstrapKeys(ctx context.Context, client Creator) (Config, error) {
	config := Config{Signers: map[keys.Signer]string{}}
	for _, to := range []*string{&config.DataKey, &config.RestrictedKey} {
		id, err := createKey(ctx, client, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
		if err != nil {
			return Config{}, err
		}
		*to = id
	}
	for _, signer := range keys.Signers() {
		id, err := createKey(ctx, client, types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify)
		if err != nil {
			return Config{}, err
		}
		config.Signers[signer] = id
	}
	return config, nil
}

func createKey(ctx context.Context, client Creator, spec types.KeySpec, usage types.KeyUsageType) (string, error) {
	out, err := client.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
	if err != nil {
		return "", fmt.Errorf("create %s key: %w", spec, err)
	}
	return aws.ToString(out.KeyMetadata.Arn), nil
}
