// Package withkms gives a function its root keys. It is apart from boot so that only functions that hold any link KMS.
package withkms

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"kexin/functions/internal/boot"
	"kexin/shared/keys"
	"kexin/shared/kmskeys"
)

// keyTimeout bounds one request to KMS, which answers in milliseconds: of the five seconds of a call there is time left for another.
const keyTimeout = 2 * time.Second

// Keys adds the root keys whose ids are set.
func Keys(b *boot.Boot) error {
	client := kms.NewFromConfig(b.Platform.Config(), func(o *kms.Options) {
		o.BaseEndpoint, o.HTTPClient = b.Platform.Endpoint("KMS"), b.Platform.Within(keyTimeout)
	})
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
		RestrictedKey: set.Restricted, Signers: signers, Retries: b.Platform.Retries})
	return err
}
