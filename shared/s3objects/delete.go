package s3objects

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"kexin/shared/objects"
)

// Delete implements objects.Objects: it deletes every version and delete marker, the oldest first, so that an object stays visible until
// the last of it goes.
func (o *Objects) Delete(ctx context.Context, name objects.Name) error {
	bucket, key, err := o.place(name)
	if err != nil {
		return err
	}
	versions, err := o.versions(ctx, bucket, key)
	if err != nil {
		return fmt.Errorf("delete object: %w", err)
	}
	for i := len(versions) - 1; i >= 0; i-- {
		in := &s3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: &versions[i]}
		if _, err := o.client.DeleteObject(ctx, in); err != nil {
			return fmt.Errorf("delete object: %w", o.refusal(ctx, in, err))
		}
	}
	return nil
}

// versions returns the ids of all versions and delete markers of exactly key, the newest first.
func (o *Objects) versions(ctx context.Context, bucket, key *string) ([]string, error) {
	var ids []string
	in := &s3.ListObjectVersionsInput{Bucket: bucket, Prefix: key}
	for {
		out, err := o.client.ListObjectVersions(ctx, in)
		if err != nil {
			return nil, sentinel(err)
		}
		beyond := false // keys are sorted, so those of other objects follow
		for _, version := range out.Versions {
			if beyond = value(version.Key) != *key; !beyond {
				ids = append(ids, value(version.VersionId))
			}
		}
		for _, marker := range out.DeleteMarkers {
			if value(marker.Key) == *key {
				ids = append([]string{value(marker.VersionId)}, ids...)
			}
		}
		if beyond || !value(out.IsTruncated) {
			return ids, nil
		}
		in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
	}
}

// refusal tells a lock from another refusal: S3 answers AccessDenied for both, so the version itself is asked.
func (o *Objects) refusal(ctx context.Context, in *s3.DeleteObjectInput, err error) error {
	if status(err) != http.StatusForbidden {
		return sentinel(err)
	}
	if strings.Contains(strings.ToLower(message(err)), "object lock") {
		return objects.ErrLocked
	}
	out, headErr := o.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key, VersionId: in.VersionId})
	if headErr == nil && out.ObjectLockRetainUntilDate != nil && out.ObjectLockRetainUntilDate.After(o.config.Now()) {
		return objects.ErrLocked
	}
	return sentinel(err)
}

// status returns the status of S3's answer, or 0.
func status(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// sentinel gives an error of the SDK the contract's name. Others keep only their code, since messages of S3 repeat keys and addresses.
func sentinel(err error) error {
	var api smithy.APIError
	var sent *smithy.OperationError
	if !errors.As(err, &api) {
		if errors.As(err, &sent) && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%w: %w", objects.ErrUnavailable, err)
		}
		return err
	}
	if status(err) >= http.StatusInternalServerError {
		return fmt.Errorf("%w: s3 answered %d %s", objects.ErrUnavailable, status(err), api.ErrorCode())
	}
	switch code := api.ErrorCode(); code {
	case "NoSuchKey", "NotFound":
		return objects.ErrNotFound
	case "InvalidRange":
		return objects.ErrRange
	case "PreconditionFailed":
		return objects.ErrExists
	case "XAmzContentChecksumMismatch", "BadDigest":
		return fmt.Errorf("s3 refuses what it received: %w", objects.ErrCorrupt)
	default:
		return fmt.Errorf("s3 answered %d %s", status(err), code)
	}
}
