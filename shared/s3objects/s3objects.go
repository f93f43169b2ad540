// Package s3objects keeps objects in Amazon S3: one bucket of S3 for each bucket of the contract, versioned, encrypted with a KMS key
// (SSE-KMS), locked with Object Lock where the caller asks for it.
//
// Nothing is replaced, because every write is conditional (If-None-Match: *); every byte is checked twice, because S3 verifies the SHA-256
// that is sent with each part and the reader verifies what it gets against the checksum that S3 kept. Memory per upload is one part.
//
// What the functions' roles need: put: s3:PutObject, s3:PutObjectRetention (with locks), s3:AbortMultipartUpload, kms:GenerateDataKey,
// kms:Decrypt (uploads in parts); get and link: s3:GetObject, s3:GetObjectRetention, kms:Decrypt; delete: s3:DeleteObjectVersion,
// s3:ListBucketVersions; list: s3:ListBucket. Without s3:ListBucket S3 answers 403 instead of 404 for what is absent, so a role that
// asks for objects that may be absent needs it too.
package s3objects

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/shared/objects"
)

// API is what this package asks of *s3.Client.
type API interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
}

// Presigner is what this package asks of *s3.PresignClient.
type Presigner interface {
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
}

// Config says where and how objects are kept.
type Config struct {
	Buckets  map[objects.Bucket]string // names in S3, one for each bucket this process uses; asking for another is ErrNotGranted
	KMSKey   string                    // id or ARN of the key for SSE-KMS; required
	LockMode types.ObjectLockMode      // COMPLIANCE (nobody can shorten a lock) or GOVERNANCE; required
	Now      func() time.Time          // the clock that tells locks in the past from others; required
	Rand     io.Reader                 // marks uploads, so that a repeated one recognises itself; nil means crypto/rand
}

// Objects keeps objects in S3. It implements objects.Objects.
type Objects struct {
	client  API
	presign Presigner
	config  Config
}

var _ objects.Objects = (*Objects)(nil)

// New returns the objects that client and presigner reach.
func New(client API, presigner Presigner, config Config) (*Objects, error) {
	lock := config.LockMode == types.ObjectLockModeCompliance || config.LockMode == types.ObjectLockModeGovernance
	if config.KMSKey == "" || !lock || config.Now == nil || len(config.Buckets) == 0 {
		return nil, errors.New("open s3 objects: buckets, a KMS key, a lock mode and a clock are required")
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	return &Objects{client, presigner, config}, nil
}

// bucket returns the name in S3.
func (o *Objects) bucket(bucket objects.Bucket) (*string, error) {
	if err := objects.CheckBucket(bucket); err != nil {
		return nil, err
	}
	name, known := o.config.Buckets[bucket]
	if !known {
		return nil, objects.ErrNotGranted
	}
	return &name, nil
}

// place checks a name and returns the bucket and key in S3.
func (o *Objects) place(name objects.Name) (bucket, key *string, err error) {
	if err := objects.CheckPath(name.Path); err != nil {
		return nil, nil, err
	}
	bucket, err = o.bucket(name.Bucket)
	return bucket, &name.Path, err
}

// Get implements objects.Objects.
func (o *Objects) Get(ctx context.Context, name objects.Name, r objects.Range) (io.ReadCloser, objects.Info, error) {
	bucket, key, err := o.place(name)
	if err != nil {
		return nil, objects.Info{}, err
	}
	in := &s3.GetObjectInput{Bucket: bucket, Key: key}
	if r.Whole() {
		in.ChecksumMode = types.ChecksumModeEnabled
	} else if in.Range, err = header(r); err != nil {
		return nil, objects.Info{}, fmt.Errorf("get object: %w", err)
	}
	out, err := o.client.GetObject(ctx, in)
	if err != nil {
		return nil, objects.Info{}, fmt.Errorf("get object: %w", sentinel(err))
	}
	reader, info, err := opened(out, r)
	if err != nil {
		_ = out.Body.Close()
		return nil, objects.Info{}, fmt.Errorf("get object: %w", err)
	}
	return reader, info, nil
}

// header writes a range in the form of RFC 9110 §14.1.2.
func header(r objects.Range) (*string, error) {
	if r.Offset < 0 || r.Length < 0 {
		return nil, objects.ErrRange
	}
	text := fmt.Sprintf("bytes=%d-", r.Offset)
	if r.Length > 0 {
		text += strconv.FormatInt(r.Offset+r.Length-1, 10)
	}
	return &text, nil
}

// opened makes the reader and description of what S3 answered.
func opened(out *s3.GetObjectOutput, r objects.Range) (io.ReadCloser, objects.Info, error) {
	info := objects.Info{Size: value(out.ContentLength), ContentType: value(out.ContentType)}
	if out.ObjectLockRetainUntilDate != nil {
		info.LockedUntil = out.ObjectLockRetainUntilDate.UTC()
	}
	var err error
	if !r.Whole() {
		info.Size, err = total(value(out.ContentRange))
		return out.Body, info, err
	}
	if info.SHA256, err = checksum(value(out.ChecksumSHA256)); err != nil {
		return nil, objects.Info{}, err
	}
	return &readCloser{objects.Checked(out.Body, info), out.Body}, info, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// total returns the size of the whole object from "bytes 0-4/10". Without it the answer is not the range that was asked for.
func total(contentRange string) (int64, error) {
	_, after, _ := strings.Cut(contentRange, "/")
	size, err := strconv.ParseInt(after, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("answer without a range: %w", objects.ErrRange)
	}
	return size, nil
}

// checksum reads the digest that S3 keeps: base64, and for an upload in parts a hyphen and their number.
func checksum(text string) (sum [32]byte, err error) {
	text, _, _ = strings.Cut(text, "-")
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(decoded) != len(sum) {
		return sum, fmt.Errorf("no SHA-256 is kept with it: %w", objects.ErrCorrupt)
	}
	return [32]byte(decoded), nil
}

// Link implements objects.Objects with a presigned GET. It ends earlier than ttl when the credentials that sign it do.
func (o *Objects) Link(ctx context.Context, name objects.Name, ttl time.Duration) (string, error) {
	bucket, key, err := o.place(name)
	if err = errors.Join(err, objects.CheckTTL(ttl), ctx.Err()); err != nil {
		return "", fmt.Errorf("link object: %w", err)
	}
	noStore, attachment := "no-store", "attachment"
	in := &s3.GetObjectInput{Bucket: bucket, Key: key, ResponseCacheControl: &noStore, ResponseContentDisposition: &attachment}
	request, err := o.presign.PresignGetObject(ctx, in, s3.WithPresignExpires(ttl))
	if err != nil {
		return "", fmt.Errorf("link object: %w", err)
	}
	return request.URL, nil
}

// List implements objects.Objects.
func (o *Objects) List(ctx context.Context, bucket objects.Bucket, prefix, after string) ([]string, error) {
	name, err := o.bucket(bucket)
	if err != nil {
		return nil, err
	}
	in := &s3.ListObjectsV2Input{Bucket: name, Prefix: &prefix}
	if after != "" {
		in.StartAfter = &after
	}
	for {
		out, err := o.client.ListObjectsV2(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list objects: %w", sentinel(err))
		}
		var paths []string
		for _, object := range out.Contents {
			paths = append(paths, value(object.Key))
		}
		if len(paths) > 0 || !value(out.IsTruncated) { // an empty page need not be the last one
			return paths, nil
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func value[T any](pointer *T) (v T) {
	if pointer != nil {
		v = *pointer
	}
	return v
}
