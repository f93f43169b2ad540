// Package withkms gives a function its root keys. It is apart from boot so that only functions that hold any link KMS.
package withkms

import (
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"kexin/functions/internal/boot"
	"kexin/shared/keys"
	"kexin/shared/kmskeys"
)

// Keys adds the root keys whose ids are set.
func Keys(b *boot.Boot) error {
	client := kms.NewFromConfig(b.Platform.Config(), func(o *kms.Options) { o.BaseEndpoint = b.Platform.Endpoint("KMS") })
	set := b.Settings.KMS
	signers := map[keys.Signer]string{keys.SignManifest: set.Manifest, keys.SignArchives: set.Archives,
		keys.SignCheckpoints: set.Checkpoints, keys.SignReceipts: set.Receipts}
	for signer, key := range signers {
		if key == "" {
			delete(signers, signer)
		}
	}
	var err error
	b.Backend.Keys, err = kmskeys.New(client, kmskeys.Config{Deployment: b.Settings.Deployment, DataKey: set.Data,
		RestrictedKey: set.Restricted, Signers: signers})
	return err
}
