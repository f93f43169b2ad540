package boot

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/packs"
	"kexin/shared/decision"
	"kexin/shared/dynamostore"
	"kexin/shared/keys"
	"kexin/shared/kmskeys"
	"kexin/shared/objects"
	"kexin/shared/policy"
	"kexin/shared/s3objects"
	"kexin/shared/store"
)

// newStore returns the store over the tables whose names are set: those of the function's grants.
func (b *Boot) newStore() *dynamostore.Store {
	client := dynamodb.NewFromConfig(b.aws.config(), func(o *dynamodb.Options) { o.BaseEndpoint = b.aws.endpoint("DYNAMODB") })
	tables := b.Settings.Tables
	names := map[store.Table]string{store.Inbox: tables.Inbox, store.Keys: tables.Keys, store.Records: tables.Records,
		store.Restricted: tables.Restricted, store.Audit: tables.Audit, store.Work: tables.Work}
	for table, name := range names {
		if name == "" {
			delete(names, table)
		}
	}
	return dynamostore.New(client, dynamostore.Config{Names: names})
}

// KMS adds the root keys.
func KMS(b *Boot) error {
	client := kms.NewFromConfig(b.aws.config(), func(o *kms.Options) { o.BaseEndpoint = b.aws.endpoint("KMS") })
	set := b.Settings.KMS
	signers := map[keys.Signer]string{keys.SignManifest: set.Manifest, keys.SignArchives: set.Archives,
		keys.SignCheckpoints: set.Checkpoints, keys.SignReceipts: set.Receipts}
	for signer, key := range signers {
		if key == "" {
			delete(signers, signer)
		}
	}
	var err error
	b.backend.Keys, err = kmskeys.New(client, kmskeys.Config{Deployment: b.Settings.Deployment, DataKey: set.Data,
		RestrictedKey: set.Restricted, Signers: signers})
	return err
}

// S3 adds the objects of the buckets whose names are set.
func S3(b *Boot) error {
	endpoint := b.aws.endpoint("S3")
	client := s3.NewFromConfig(b.aws.config(), func(o *s3.Options) {
		o.BaseEndpoint = endpoint
		o.UsePathStyle = endpoint != nil // a named address answers for all buckets
	})
	buckets := map[objects.Bucket]string{objects.Archives: b.Settings.Buckets.Archives, objects.Evidence: b.Settings.Buckets.Evidence}
	for bucket, name := range buckets {
		if name == "" {
			delete(buckets, bucket)
		}
	}
	var err error
	b.backend.Objects, err = s3objects.New(client, s3.NewPresignClient(client), s3objects.Config{Buckets: buckets,
		KMSKey: b.Settings.KMS.Storage, LockMode: types.ObjectLockModeCompliance, Now: now})
	return err
}

// Pack adds the compiled policy pack.
func Pack(b *Boot) error {
	var err error
	b.backend.Pack, err = policy.Load(packs.FS, b.Settings.Pack)
	return err
}

// Policy adds the compiled policy pack and the engine that decides by it.
func Policy(b *Boot) error {
	err := Pack(b)
	if err == nil {
		b.backend.Engine, err = decision.New(b.backend.Pack)
	}
	return err
}
