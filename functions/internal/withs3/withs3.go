// Package withs3 gives a function its objects. It is apart from boot so that only functions that hold any link S3.
package withs3

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/functions/internal/boot"
	"kexin/shared/objects"
	"kexin/shared/s3objects"
)

// Objects adds the objects of the buckets whose names are set.
func Objects(b *boot.Boot) error {
	endpoint := b.Platform.Endpoint("S3")
	client := s3.NewFromConfig(b.Platform.Config(), func(o *s3.Options) {
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
	b.Backend.Objects, err = s3objects.New(client, s3.NewPresignClient(client), s3objects.Config{Buckets: buckets,
		KMSKey: b.Settings.KMS.Storage, LockMode: types.ObjectLockModeCompliance, Now: b.Backend.Now})
	return err
}
